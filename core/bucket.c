#include "core/bucket.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

enum { US_PER_S = 1000000, WAYS = 4 };

/* A key may be in any of the WAYS places that its hash leads to. */
struct place {
	uint64_t hash;
	struct bucket bucket;
};

struct bucket_set {
	struct bucket_limit limit;
	uint8_t key[SIPHASH_KEY_LEN];
	size_t groups; /* a power of two */
	struct place place[];
};

bool bucket_take(
	struct bucket *b, const struct bucket_limit *limit, uint32_t amount, int64_t now_ms)
{
	int64_t now_us = now_ms * 1000;
	int64_t token_us = US_PER_S / limit->rate;
	int64_t full_us = b->full_us > now_us ? b->full_us : now_us;

	full_us += amount * token_us;
	if (full_us - now_us > limit->burst * token_us)
		return false;
	b->full_us = full_us;
	return true;
}

void bucket_look(const struct bucket *b, const struct bucket_limit *limit, int64_t now_ms,
	struct bucket_state *state)
{
	int64_t token_us = US_PER_S / limit->rate;
	int64_t missing_us = b->full_us - now_ms * 1000; /* until it is full */
	int64_t room_us;

	if (missing_us < 0)
		missing_us = 0;
	room_us = limit->burst * token_us - missing_us;
	state->left = room_us < 0 ? 0 : (uint32_t)(room_us / token_us);
	state->next_ms = state->left ? 0 : (token_us - room_us + 999) / 1000;
	state->full_ms = (missing_us + 999) / 1000;
}

int bucket_set_new(struct bucket_set **set, size_t slots, const struct bucket_limit *limit,
	const uint8_t key[SIPHASH_KEY_LEN])
{
	struct bucket_set *s;
	size_t groups = 1;

	while (groups * WAYS < slots && groups < SIZE_MAX / 2 / WAYS)
		groups *= 2;
	if (groups > (SIZE_MAX - sizeof(*s)) / sizeof(s->place[0]) / WAYS)
		return ENOMEM;
	s = mem_zalloc(1, sizeof(*s) + groups * WAYS * sizeof(s->place[0]));
	if (!s)
		return ENOMEM;
	s->limit = *limit;
	s->groups = groups;
	memcpy(s->key, key, sizeof(s->key));
	*set = s;
	return 0;
}

void bucket_set_free(struct bucket_set *set)
{
	mem_free(set);
}

bool bucket_set_take(
	struct bucket_set *set, const void *key, size_t len, uint32_t amount, int64_t now_ms)
{
	uint64_t hash = siphash(set->key, key, len);
	struct place *group = &set->place[(size_t)hash % set->groups * WAYS];
	struct place *at = group;

	for (struct place *p = group; p < group + WAYS; p++) {
		if (p->hash == hash) {
			at = p;
			break;
		}
		if (p->bucket.full_us < at->bucket.full_us)
			at = p;
	}
	if (at->hash != hash)
		*at = (struct place){.hash = hash};
	return bucket_take(&at->bucket, &set->limit, amount, now_ms);
}

void bucket_set_look(const struct bucket_set *set, const void *key, size_t len, int64_t now_ms,
	struct bucket_state *state)
{
	static const struct bucket full;
	uint64_t hash = siphash(set->key, key, len);
	const struct place *group = &set->place[(size_t)hash % set->groups * WAYS];
	const struct bucket *b = &full;

	for (const struct place *p = group; p < group + WAYS; p++) {
		if (p->hash == hash)
			b = &p->bucket;
	}
	bucket_look(b, &set->limit, now_ms, state);
}
