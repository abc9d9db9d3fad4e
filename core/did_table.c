#include "core/did_table.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

enum { SIZE_MIN = 64 };

void did_table_init(struct did_table *t)
{
	memset(t, 0, sizeof(*t));
	pool_init(&t->dids, sizeof(struct cfg_did));
}

void did_table_fini(struct did_table *t)
{
	mem_free(t->slot);
	pool_fini(&t->dids);
	did_table_init(t);
}

/* Numbers come in runs; the multiplication by 2^64/phi and the folding spread them. The numbers
 * are ours, provisioned one by one: no need for a keyed hash. */
static size_t home(const struct did_table *t, e164_t number)
{
	uint64_t h = number * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(h ^ h >> 32) & (t->size - 1);
}

/* The slot that holds the number, or the free one where it belongs. */
static size_t probe(const struct did_table *t, e164_t number)
{
	size_t i = home(t, number);

	while (t->slot[i] && t->slot[i]->number != number)
		i = (i + 1) & (t->size - 1);
	return i;
}

struct cfg_did *did_table_find(const struct did_table *t, e164_t number)
{
	return t->size ? t->slot[probe(t, number)] : NULL;
}

static int grow(struct did_table *t)
{
	struct did_table bigger = *t;

	bigger.size = t->size ? t->size * 2 : SIZE_MIN;
	bigger.slot = mem_zalloc(bigger.size, sizeof(*bigger.slot));
	if (!bigger.slot)
		return ENOMEM;
	for (size_t i = 0; i < t->size; i++)
		if (t->slot[i])
			bigger.slot[probe(&bigger, t->slot[i]->number)] = t->slot[i];
	mem_free(t->slot);
	*t = bigger;
	return 0;
}

int did_table_get(struct did_table *t, e164_t number, struct cfg_did **did)
{
	struct cfg_did *found = did_table_find(t, number);

	if (!found) {
		/* At most five eighths full: short probes. */
		if (t->count + 1 > t->size / 8 * 5 && grow(t))
			return ENOMEM;
		found = pool_take(&t->dids);
		if (!found)
			return ENOMEM;
		found->number = number;
		t->slot[probe(t, number)] = found;
		t->count++;
	}
	*did = found;
	return 0;
}

/* True when an entry whose home is `from` may live in `to`, the hole being before `at`: when the
 * hole is not before its home on the way round. */
static bool may_move(const struct did_table *t, size_t from, size_t hole, size_t at)
{
	size_t mask = t->size - 1;

	return ((at - from) & mask) >= ((at - hole) & mask);
}

void did_table_remove(struct did_table *t, struct cfg_did *did)
{
	size_t hole = probe(t, did->number);
	size_t i = hole;

	for (;;) {
		i = (i + 1) & (t->size - 1);
		if (!t->slot[i])
			break;
		if (may_move(t, home(t, t->slot[i]->number), hole, i)) {
			t->slot[hole] = t->slot[i];
			hole = i;
		}
	}
	t->slot[hole] = NULL;
	t->count--;
	pool_give(&t->dids, did);
}

void did_table_each(const struct did_table *t, did_table_h *h, void *arg)
{
	for (size_t i = 0; i < t->size; i++)
		if (t->slot[i])
			h(t->slot[i], arg);
}

size_t did_table_bytes(const struct did_table *t)
{
	return t->size * sizeof(*t->slot) + t->dids.bytes;
}
