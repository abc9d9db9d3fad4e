#include "sip/turns.h"

#include "core/hash.h"
#include "core/mem.h"

/* As many trunks as are kept before the first look for those that are gone. */
enum { SWEEP_FIRST = 256 };

struct turn {
	struct hash_link link;
	struct uuid trunk;
	uint32_t taken;
};

struct turns {
	struct hash by_trunk;
	size_t sweep_at;
};

struct turns *turns_new(const uint8_t key[16])
{
	struct turns *t = mem_zalloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->sweep_at = SWEEP_FIRST;
	if (hash_init(&t->by_trunk, key, 0) != 0) {
		mem_free(t);
		return NULL;
	}
	return t;
}

struct sweep {
	struct hash *by_trunk;
	const struct cfg *cfg; /* NULL: all go */
};

static int turn_drop(struct hash_link *link, void *arg)
{
	struct turn *turn = HASH_OBJECT(link, struct turn, link);
	const struct sweep *s = arg;

	if (s->cfg && cfg_trunk(s->cfg, &turn->trunk))
		return 0;
	hash_remove(s->by_trunk, link);
	mem_free(turn);
	return 0;
}

void turns_free(struct turns *t)
{
	struct sweep all = {0};

	if (!t)
		return;
	all.by_trunk = &t->by_trunk;
	hash_each(&t->by_trunk, turn_drop, &all);
	hash_fini(&t->by_trunk);
	mem_free(t);
}

static struct turn *turn_find(const struct turns *t, const struct uuid *trunk)
{
	struct hash_link *l =
		hash_first(&t->by_trunk, hash_key(&t->by_trunk, trunk->b, sizeof(trunk->b)));

	while (l && !uuid_equal(&HASH_OBJECT(l, struct turn, link)->trunk, trunk))
		l = hash_next(l);
	return l ? HASH_OBJECT(l, struct turn, link) : NULL;
}

uint32_t turns_now(const struct turns *t, const struct uuid *trunk)
{
	const struct turn *turn = turn_find(t, trunk);

	return turn ? turn->taken : 0;
}

/* The next look comes when as many again have been added, so its cost is spread over them. */
static void sweep(struct turns *t, const struct cfg *cfg)
{
	struct sweep s = {&t->by_trunk, cfg};

	if (t->by_trunk.count < t->sweep_at)
		return;
	hash_each(&t->by_trunk, turn_drop, &s);
	t->sweep_at = 2 * t->by_trunk.count;
	if (t->sweep_at < SWEEP_FIRST)
		t->sweep_at = SWEEP_FIRST;
}

void turns_take(struct turns *t, const struct uuid *trunk, const struct cfg *cfg)
{
	struct turn *turn = turn_find(t, trunk);

	if (!turn) {
		sweep(t, cfg);
		turn = mem_zalloc(1, sizeof(*turn));
		if (!turn)
			return;
		turn->trunk = *trunk;
		hash_insert(&t->by_trunk, &turn->link,
			hash_key(&t->by_trunk, trunk->b, sizeof(trunk->b)));
	}
	turn->taken++;
}
