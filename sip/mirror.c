#include "sip/mirror.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "core/hash.h"
#include "core/mem.h"

struct row {
	struct hash_link link;
	struct row *next, *before; /* in the list of rows that wait, of its kind */
	int64_t taken_ms; /* of the last upload */
	uint64_t facts, taken_facts; /* hashes: all that matters is whether they differ */
	char *json;
	size_t json_len;
	uint16_t key_len;
	uint8_t kind; /* enum db_observed */
	bool waits;
	bool gone;
	bool uploaded;
	char key[];
};

struct mirror {
	pthread_mutex_t lock;
	struct hash rows;
	struct row waiting[DB_OBSERVED_COUNT]; /* rings, oldest first */
	atomic_bool calls_lost;
};

/* Of a row that is not kept only what waits for PostgreSQL is here. */
static bool is_kept(enum db_observed kind)
{
	return kind != DB_OBSERVED_CALL;
}

int mirror_new(struct mirror **op)
{
	struct mirror *o = mem_zalloc(1, sizeof(*o));
	uint8_t key[SIPHASH_KEY_LEN];
	int err;

	if (!o)
		return ENOMEM;
	err = getrandom(key, sizeof(key), 0) == sizeof(key) ? hash_init(&o->rows, key, 0) : EIO;
	if (err) {
		mem_free(o);
		return err;
	}
	for (int i = 0; i < DB_OBSERVED_COUNT; i++)
		o->waiting[i].next = o->waiting[i].before = &o->waiting[i];
	pthread_mutex_init(&o->lock, NULL);
	*op = o;
	return 0;
}

static void row_free(struct row *r)
{
	mem_free(r->json);
	mem_free(r);
}

static int free_link(struct hash_link *link, void *arg)
{
	struct mirror *o = arg;

	hash_remove(&o->rows, link);
	row_free(HASH_OBJECT(link, struct row, link));
	return 0;
}

void mirror_free(struct mirror *o)
{
	if (!o)
		return;
	hash_each(&o->rows, free_link, o);
	hash_fini(&o->rows);
	pthread_mutex_destroy(&o->lock);
	mem_free(o);
}

static struct row *find(
	struct mirror *o, enum db_observed kind, const void *key, size_t key_len, uint64_t hash)
{
	for (struct hash_link *l = hash_first(&o->rows, hash); l; l = hash_next(l)) {
		struct row *r = HASH_OBJECT(l, struct row, link);

		if (r->kind == kind && r->key_len == key_len && !memcmp(r->key, key, key_len))
			return r;
	}
	return NULL;
}

static struct row *find_or_add(
	struct mirror *o, enum db_observed kind, const void *key, size_t key_len, bool told)
{
	uint64_t hash = hash_key(&o->rows, key, key_len);
	struct row *r = find(o, kind, key, key_len, hash);

	if (r)
		return r;
	r = mem_zalloc(1, sizeof(*r) + key_len);
	if (!r)
		return NULL;
	r->kind = (uint8_t)kind;
	r->key_len = (uint16_t)key_len;
	r->uploaded = told && !is_kept(kind);
	memcpy(r->key, key, key_len);
	hash_insert(&o->rows, &r->link, hash);
	return r;
}

static void wait_on(struct mirror *o, struct row *r)
{
	struct row *ring = &o->waiting[r->kind];

	if (r->waits)
		return;
	r->waits = true;
	r->next = ring;
	r->before = ring->before;
	r->before->next = r;
	ring->before = r;
}

static void wait_off(struct row *r)
{
	r->before->next = r->next;
	r->next->before = r->before;
	r->waits = false;
}

static char *copy(const char *text, size_t len)
{
	char *p = mem_alloc(len + 1);

	if (p) {
		memcpy(p, text, len);
		p[len] = '\0';
	}
	return p;
}

static int change(struct mirror *o, enum db_observed kind, const void *key, size_t key_len,
	const char *facts, const char *json, bool told, bool gone)
{
	size_t json_len = strlen(json);
	char *new_json = key_len <= UINT16_MAX ? copy(json, json_len) : NULL;
	struct row *r = NULL;

	pthread_mutex_lock(&o->lock);
	if (new_json)
		r = find_or_add(o, kind, key, key_len, told);
	if (r) {
		mem_free(r->json);
		r->facts = hash_key(&o->rows, facts, strlen(facts));
		r->json = new_json;
		r->json_len = json_len;
		r->gone = gone;
		wait_on(o, r);
	}
	pthread_mutex_unlock(&o->lock);
	if (!r)
		mem_free(new_json);
	return r ? 0 : ENOMEM;
}

int mirror_set(struct mirror *o, enum db_observed kind, const void *key, size_t key_len,
	const char *facts, const char *json, bool told)
{
	return change(o, kind, key, key_len, facts, json, told, false);
}

/* PostgreSQL has only what was taken since it was cleared (mirror_all_due()). A row that was taken and not kept
 * may be there. */
static bool forget_at_once(struct mirror *o, enum db_observed kind, const void *key, size_t key_len)
{
	struct row *r;
	bool unknown;

	pthread_mutex_lock(&o->lock);
	r = find(o, kind, key, key_len, hash_key(&o->rows, key, key_len));
	unknown = r ? !r->uploaded : is_kept(kind);
	if (r && unknown) {
		if (r->waits)
			wait_off(r);
		hash_remove(&o->rows, &r->link);
		row_free(r);
	}
	pthread_mutex_unlock(&o->lock);
	return unknown;
}

int mirror_forget(
	struct mirror *o, enum db_observed kind, const void *key, size_t key_len, const char *json)
{
	if (forget_at_once(o, kind, key, key_len))
		return 0;
	return change(o, kind, key, key_len, "", json, true, true);
}

static bool due(const struct row *r, int64_t now_ms)
{
	return r->gone || !r->uploaded || !is_kept(r->kind) || r->facts != r->taken_facts ||
	       now_ms - r->taken_ms >= MIRROR_LAZY_MS;
}

static void take(struct mirror *o, struct row *r, int64_t now_ms)
{
	wait_off(r);
	if (r->gone || !is_kept(r->kind)) {
		hash_remove(&o->rows, &r->link);
		row_free(r);
		return;
	}
	r->uploaded = true;
	r->taken_ms = now_ms;
	r->taken_facts = r->facts;
}

bool mirror_take(struct mirror *o, enum db_observed kind, int64_t now_ms, size_t max,
	struct json_rows *puts, struct json_rows *deletes)
{
	struct row *ring = &o->waiting[kind], *r, *next;
	size_t taken = 0;

	pthread_mutex_lock(&o->lock);
	for (r = ring->next; r != ring && taken < max; r = next) {
		next = r->next;
		if (!due(r, now_ms))
			continue;
		if (json_rows_add(r->gone ? deletes : puts, r->json, r->json_len))
			break;
		take(o, r, now_ms);
		taken++;
	}
	pthread_mutex_unlock(&o->lock);
	return taken > 0;
}

static int due_link(struct hash_link *link, void *arg)
{
	struct row *r = HASH_OBJECT(link, struct row, link);

	r->uploaded = false;
	wait_on(arg, r);
	return 0;
}

void mirror_all_due(struct mirror *o)
{
	pthread_mutex_lock(&o->lock);
	hash_each(&o->rows, due_link, o);
	pthread_mutex_unlock(&o->lock);
	atomic_store(&o->calls_lost, true);
}

bool mirror_calls_lost(struct mirror *o)
{
	return atomic_exchange(&o->calls_lost, false);
}

size_t mirror_count(struct mirror *o)
{
	size_t count;

	pthread_mutex_lock(&o->lock);
	count = o->rows.count;
	pthread_mutex_unlock(&o->lock);
	return count;
}
