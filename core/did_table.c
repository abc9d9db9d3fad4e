#include "core/did_table.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

enum { SIZE_MIN = 8 };

void did_table_init(struct did_table *t)
{
	memset(t, 0, sizeof(*t));
	pool_init(&t->dids, sizeof(struct cfg_did));
}

void did_table_fini(struct did_table *t)
{
	for (unsigned i = 0; i < DID_TABLE_PARTS; i++)
		mem_free(t->part[i].slot);
	pool_fini(&t->dids);
	did_table_init(t);
}

/* Numbers come in runs; the multiplication by 2^64/phi and the folding spread them. The numbers
 * are ours, provisioned one by one: no need for a keyed hash. */
static uint64_t hash_of(e164_t number)
{
	uint64_t h = number * UINT64_C(0x9e3779b97f4a7c15);

	return h ^ h >> 32;
}

/* The high bits choose the part, the low ones the slot in it. */
static size_t part_of(e164_t number)
{
	return (size_t)(hash_of(number) >> 56) % DID_TABLE_PARTS;
}

static size_t home(const struct did_part *p, e164_t number)
{
	return (size_t)hash_of(number) & (p->size - 1);
}

/* The slot that holds the number, or the free one where it belongs. */
static size_t probe(const struct did_part *p, e164_t number)
{
	size_t i = home(p, number);

	while (p->slot[i] && p->slot[i]->number != number)
		i = (i + 1) & (p->size - 1);
	return i;
}

struct cfg_did *did_table_find(const struct did_table *t, e164_t number)
{
	const struct did_part *p = &t->part[part_of(number)];

	return p->size ? p->slot[probe(p, number)] : NULL;
}

static int grow(struct did_part *p)
{
	struct did_part bigger = *p;

	bigger.size = p->size ? p->size * 2 : SIZE_MIN;
	bigger.slot = mem_zalloc(bigger.size, sizeof(*bigger.slot));
	if (!bigger.slot)
		return ENOMEM;
	for (size_t i = 0; i < p->size; i++)
		if (p->slot[i])
			bigger.slot[probe(&bigger, p->slot[i]->number)] = p->slot[i];
	mem_free(p->slot);
	*p = bigger;
	return 0;
}

int did_table_get(struct did_table *t, e164_t number, struct cfg_did **did)
{
	struct did_part *p = &t->part[part_of(number)];
	struct cfg_did *found = did_table_find(t, number);

	if (!found) {
		/* At most five eighths full: short probes. */
		if (p->count + 1 > p->size / 8 * 5 && grow(p))
			return ENOMEM;
		found = pool_take(&t->dids);
		if (!found)
			return ENOMEM;
		found->number = number;
		p->slot[probe(p, number)] = found;
		p->count++;
		t->count++;
	}
	*did = found;
	return 0;
}

/* True when an entry whose home is `from` may move from `at` back into the hole: when the hole is not
 * before its home on the way round. */
static bool may_move(const struct did_part *p, size_t from, size_t hole, size_t at)
{
	size_t mask = p->size - 1;

	return ((at - from) & mask) >= ((at - hole) & mask);
}

void did_table_remove(struct did_table *t, struct cfg_did *did)
{
	struct did_part *p = &t->part[part_of(did->number)];
	size_t hole = probe(p, did->number);
	size_t i = hole;

	for (;;) {
		i = (i + 1) & (p->size - 1);
		if (!p->slot[i])
			break;
		if (may_move(p, home(p, p->slot[i]->number), hole, i)) {
			p->slot[hole] = p->slot[i];
			hole = i;
		}
	}
	p->slot[hole] = NULL;
	p->count--;
	t->count--;
	pool_give(&t->dids, did);
}

void did_table_each(const struct did_table *t, did_table_h *h, void *arg)
{
	for (unsigned n = 0; n < DID_TABLE_PARTS; n++) {
		const struct did_part *p = &t->part[n];

		for (size_t i = 0; i < p->size; i++)
			if (p->slot[i])
				h(p->slot[i], arg);
	}
}

size_t did_table_bytes(const struct did_table *t)
{
	size_t slots = 0;

	for (unsigned n = 0; n < DID_TABLE_PARTS; n++)
		slots += t->part[n].size;
	return slots * sizeof(t->part[0].slot[0]) + t->dids.bytes;
}
