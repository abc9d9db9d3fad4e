#include "core/slots.h"

#include <errno.h>

#include "core/hash.h"
#include "core/mem.h"

struct slot {
	struct hash_link link; /* by trunk and call */
	struct uuid trunk, call;
};

/* Of which trunk how many: follows the set, which alone is changed. */
struct trunk_slots {
	struct hash_link link;
	struct uuid trunk;
	uint32_t count;
};

struct slots {
	struct hash by_call, by_trunk;
};

struct slots *slots_new(const uint8_t key[16])
{
	struct slots *s = mem_zalloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (hash_init(&s->by_call, key, 256) != 0 || hash_init(&s->by_trunk, key, 64) != 0) {
		hash_fini(&s->by_call);
		mem_free(s);
		return NULL;
	}
	return s;
}

static int slot_drop(struct hash_link *link, void *arg)
{
	hash_remove(arg, link);
	mem_free(HASH_OBJECT(link, struct slot, link));
	return 0;
}

static int trunk_drop(struct hash_link *link, void *arg)
{
	hash_remove(arg, link);
	mem_free(HASH_OBJECT(link, struct trunk_slots, link));
	return 0;
}

void slots_free(struct slots *s)
{
	if (!s)
		return;
	hash_each(&s->by_call, slot_drop, &s->by_call);
	hash_each(&s->by_trunk, trunk_drop, &s->by_trunk);
	hash_fini(&s->by_call);
	hash_fini(&s->by_trunk);
	mem_free(s);
}

static struct trunk_slots *trunk_find(const struct slots *s, const struct uuid *trunk)
{
	uint64_t hash = hash_key(&s->by_trunk, trunk->b, sizeof(trunk->b));
	struct hash_link *l = hash_first(&s->by_trunk, hash);

	for (; l; l = hash_next(l)) {
		struct trunk_slots *t = HASH_OBJECT(l, struct trunk_slots, link);
		if (uuid_equal(&t->trunk, trunk))
			return t;
	}
	return NULL;
}

static struct trunk_slots *trunk_get(struct slots *s, const struct uuid *trunk)
{
	struct trunk_slots *t = trunk_find(s, trunk);

	if (t)
		return t;
	t = mem_zalloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->trunk = *trunk;
	hash_insert(&s->by_trunk, &t->link, hash_key(&s->by_trunk, trunk->b, sizeof(trunk->b)));
	return t;
}

/* NULL is ignored. */
static void trunk_drop_unused(struct slots *s, struct trunk_slots *t)
{
	if (!t || t->count)
		return;
	hash_remove(&s->by_trunk, &t->link);
	mem_free(t);
}

static uint64_t slot_hash(const struct slots *s, const struct uuid *trunk, const struct uuid *call)
{
	const struct uuid key[2] = {*trunk, *call};

	return hash_key(&s->by_call, key, sizeof(key));
}

static struct slot *slot_find(
	const struct slots *s, uint64_t hash, const struct uuid *trunk, const struct uuid *call)
{
	struct hash_link *l = hash_first(&s->by_call, hash);

	for (; l; l = hash_next(l)) {
		struct slot *slot = HASH_OBJECT(l, struct slot, link);
		if (uuid_equal(&slot->call, call) && uuid_equal(&slot->trunk, trunk))
			return slot;
	}
	return NULL;
}

int slots_take(struct slots *s, const struct uuid *trunk, const struct uuid *call, uint32_t limit)
{
	uint64_t hash = slot_hash(s, trunk, call);
	struct trunk_slots *t;
	struct slot *slot;

	if (slot_find(s, hash, trunk, call))
		return 0;
	if (slots_count(s, trunk) >= limit)
		return EBUSY;
	t = trunk_get(s, trunk);
	slot = t ? mem_alloc(sizeof(*slot)) : NULL;
	if (!slot) {
		trunk_drop_unused(s, t);
		return ENOMEM;
	}
	slot->trunk = *trunk;
	slot->call = *call;
	hash_insert(&s->by_call, &slot->link, hash);
	t->count++;
	return 0;
}

void slots_release(struct slots *s, const struct uuid *trunk, const struct uuid *call)
{
	struct slot *slot = slot_find(s, slot_hash(s, trunk, call), trunk, call);
	struct trunk_slots *t;

	if (!slot)
		return;
	hash_remove(&s->by_call, &slot->link);
	mem_free(slot);
	t = trunk_find(s, trunk);
	t->count--;
	trunk_drop_unused(s, t);
}

uint32_t slots_count(const struct slots *s, const struct uuid *trunk)
{
	const struct trunk_slots *t = trunk_find(s, trunk);

	return t ? t->count : 0;
}

struct each {
	slots_each_h *h;
	void *arg;
};

static int each_trunk(struct hash_link *link, void *arg)
{
	const struct trunk_slots *t = HASH_OBJECT(link, struct trunk_slots, link);
	const struct each *e = arg;

	e->h(&t->trunk, t->count, e->arg);
	return 0;
}

void slots_each(const struct slots *s, slots_each_h *h, void *arg)
{
	struct each e = {h, arg};

	hash_each(&s->by_trunk, each_trunk, &e);
}
