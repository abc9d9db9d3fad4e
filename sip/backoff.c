#include "sip/backoff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/siphash.h"

enum { WAYS = 4 };

/* One table for both kinds: of a source and username, or of a username (source all zero). */
struct slot {
	uint64_t id; /* 0: empty */
	int64_t window_ms; /* when the window of `failures` began */
	int64_t silent_until_ms;
	int64_t known_until_ms;
	uint32_t failures;
};

struct backoff {
	uint8_t key[SIPHASH_KEY_LEN];
	size_t row_mask;
	struct slot slot[];
};

int backoff_new(struct backoff **bp, unsigned slots)
{
	struct backoff *b;
	size_t rows = 1;

	while (rows * WAYS < slots)
		rows *= 2;
	b = calloc(1, sizeof(*b) + rows * WAYS * sizeof(struct slot));
	if (!b)
		return ENOMEM;
	b->row_mask = rows - 1;
	if (getrandom(b->key, sizeof(b->key), 0) != sizeof(b->key)) {
		free(b);
		return EIO;
	}
	*bp = b;
	return 0;
}

void backoff_free(struct backoff *b)
{
	free(b);
}

static uint64_t id_of(const struct backoff *b, const struct backoff_try *t, const uint8_t *source)
{
	uint64_t part[3] = {siphash(b->key, t->username.p, t->username.len),
		siphash(b->key, t->ha1, strlen(t->ha1)), siphash(b->key, source, 16)};
	uint64_t id = siphash(b->key, part, sizeof(part));

	return id ? id : 1;
}

static struct slot *slot_find(struct backoff *b, uint64_t id)
{
	struct slot *row = &b->slot[(id & b->row_mask) * WAYS];

	for (int i = 0; i < WAYS; i++) {
		if (row[i].id == id)
			return &row[i];
	}
	return NULL;
}

/* Until when the entry matters: silence before knowledge before counting. */
static int64_t worth(const struct slot *s)
{
	if (!s->id)
		return INT64_MIN;
	return s->silent_until_ms > s->known_until_ms ? s->silent_until_ms
	       : s->known_until_ms                    ? s->known_until_ms
						      : s->window_ms + BACKOFF_WINDOW_MS;
}

static struct slot *slot_make(struct backoff *b, uint64_t id)
{
	struct slot *row = &b->slot[(id & b->row_mask) * WAYS], *least = slot_find(b, id);

	if (least)
		return least;
	least = row;
	for (int i = 1; i < WAYS; i++) {
		if (worth(&row[i]) < worth(least))
			least = &row[i];
	}
	*least = (struct slot){.id = id, .window_ms = INT64_MIN / 2};
	return least;
}

static uint32_t failures_of(const struct slot *s, int64_t now_ms)
{
	return now_ms - s->window_ms < BACKOFF_WINDOW_MS ? s->failures : 0;
}

static const uint8_t anybody[16];

bool backoff_silent(struct backoff *b, const struct backoff_try *t, int64_t now_ms)
{
	const struct slot *mine = slot_find(b, id_of(b, t, t->source)), *user;

	if (mine && now_ms < mine->silent_until_ms)
		return true;
	if (mine && now_ms < mine->known_until_ms)
		return false;
	user = slot_find(b, id_of(b, t, anybody));
	return user && failures_of(user, now_ms) >= BACKOFF_USER_FAILURES;
}

static void count(struct slot *s, int64_t now_ms)
{
	uint32_t failures = failures_of(s, now_ms);

	if (!failures)
		s->window_ms = now_ms;
	s->failures = failures + 1;
}

bool backoff_failed(struct backoff *b, const struct backoff_try *t, int64_t now_ms)
{
	struct slot *mine = slot_make(b, id_of(b, t, t->source));

	bool silenced;

	count(mine, now_ms);
	silenced = mine->failures >= BACKOFF_SOURCE_FAILURES;
	if (silenced) {
		mine->silent_until_ms = now_ms + BACKOFF_SILENCE_MS;
		mine->failures = 0;
	}
	count(slot_make(b, id_of(b, t, anybody)), now_ms);
	return silenced;
}

void backoff_proved(struct backoff *b, const struct backoff_try *t, int64_t now_ms)
{
	struct slot *mine = slot_make(b, id_of(b, t, t->source));

	mine->known_until_ms = now_ms + BACKOFF_KNOWN_MS;
	mine->failures = 0;
}
