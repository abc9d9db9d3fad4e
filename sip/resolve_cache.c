#include <errno.h>

#include "core/mem.h"
#include "sip/resolve_impl.h"

enum { QUESTIONS_MAX = 16384, RETRY_MS = 5000 };

static void lru_remove(struct question *q)
{
	struct resolve *r = q->r;

	*(q->older ? &q->older->newer : &r->oldest) = q->newer;
	*(q->newer ? &q->newer->older : &r->newest) = q->older;
}

static void lru_add(struct question *q)
{
	struct resolve *r = q->r;

	q->newer = NULL;
	q->older = r->newest;
	*(q->older ? &q->older->newer : &r->oldest) = q;
	r->newest = q;
}

static void question_free(struct question *q)
{
	while (q->waiting)
		query_free(q->waiting);
	wheel_cancel(loop_wheel(q->r->loop), &q->timer);
	hash_remove(&q->r->questions, &q->link);
	lru_remove(q);
	q->r->stats.names--;
	mem_free(q->data);
	mem_free(q);
}

/* The one that was not used for the longest time, nobody waits for and nobody looks at. */
static void make_room(struct resolve *r)
{
	struct question *q = r->oldest;

	while (q && (q->waiting || q->asking != ASKING_NOT || q->stamp == r->stamp))
		q = q->newer;
	if (q)
		question_free(q);
}

static uint64_t hash_of(const struct resolve *r, const char *name, uint16_t type)
{
	char key[DNS_NAME_MAX + 16];
	size_t len = strlen(name);

	memcpy(key, name, len);
	memcpy(key + len, &type, sizeof(type));
	return hash_key(&r->questions, key, len + sizeof(type));
}

static struct question *question_new(
	struct resolve *r, const char *name, uint16_t type, uint64_t hash)
{
	size_t size = strlen(name) + 1;
	struct question *q;

	if (r->stats.names >= QUESTIONS_MAX)
		make_room(r);
	q = mem_zalloc(1, sizeof(*q) + size);
	if (!q)
		return NULL;
	q->r = r;
	q->type = type;
	memcpy(q->name, name, size);
	hash_insert(&r->questions, &q->link, hash);
	lru_add(q);
	q->stamp = r->stamp;
	r->stats.names++;
	return q;
}

struct question *question_of(struct resolve *r, const char *name, uint16_t type)
{
	uint64_t hash = hash_of(r, name, type);
	struct hash_link *link = hash_first(&r->questions, hash);

	for (; link; link = hash_next(link)) {
		struct question *q = HASH_OBJECT(link, struct question, link);

		if (q->type != type || strcmp(q->name, name) != 0)
			continue;
		lru_remove(q);
		lru_add(q);
		q->stamp = r->stamp;
		return q;
	}
	return question_new(r, name, type, hash);
}

void questions_free(struct resolve *r)
{
	while (r->oldest)
		question_free(r->oldest);
}

bool question_is_stale(const struct question *q, int64_t now_ms)
{
	return q->answer == ANSWER_FOUND && now_ms < q->stale_until;
}

bool question_is_known(const struct question *q, int64_t now_ms)
{
	return now_ms < q->fresh_until || (q->failure && question_is_stale(q, now_ms));
}

bool question_has_failed(const struct question *q, int64_t now_ms)
{
	return !question_is_known(q, now_ms) && q->failure && now_ms < q->retry_at;
}

void question_answer(struct question *q, enum answer answer, void *data, unsigned count,
	int64_t fresh_ms, int64_t now_ms)
{
	mem_free(q->data);
	q->data = data;
	q->count = (uint8_t)count;
	q->answer = (uint8_t)answer;
	q->failure = 0;
	q->fresh_until = now_ms + fresh_ms;
	q->stale_until = q->fresh_until + q->r->cfg.stale_ms;
}

void question_fail(struct question *q, int err, int64_t now_ms)
{
	q->failure = err;
	q->retry_at = now_ms + RETRY_MS;
}
