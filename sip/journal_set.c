#include "sip/journal_set.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/hash.h"

struct entry {
	struct hash_link link;
	uint64_t at; /* of the record in the file, when its value is not here */
	uint32_t chain;
	uint32_t value_len;
	uint16_t key_len;
	uint8_t kind;
	bool kept;
	uint8_t data[]; /* key; value, if kept */
};

struct journal_set {
	struct hash hash;
	uint64_t bytes;
};

enum { EXPECTED = 1024 };

int journal_set_new(struct journal_set **setp)
{
	uint8_t key[SIPHASH_KEY_LEN];
	struct journal_set *set;
	int err;

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return EIO;
	set = calloc(1, sizeof(*set));
	if (!set)
		return ENOMEM;
	err = hash_init(&set->hash, key, EXPECTED);
	if (err)
		free(set);
	else
		*setp = set;
	return err;
}

static struct entry *entry_of(struct hash_link *link)
{
	return HASH_OBJECT(link, struct entry, link);
}

static int entry_free_h(struct hash_link *link, void *arg)
{
	struct journal_set *set = arg;

	hash_remove(&set->hash, link);
	free(entry_of(link));
	return 0;
}

void journal_set_free(struct journal_set *set)
{
	if (!set)
		return;
	(void)hash_each(&set->hash, entry_free_h, set);
	hash_fini(&set->hash);
	free(set);
}

static uint64_t entry_bytes(const struct entry *e)
{
	return journal_record_size(e->key_len, e->value_len);
}

static struct entry *entry_find(
	const struct journal_set *set, uint64_t hash, uint8_t kind, const void *key, size_t key_len)
{
	for (struct hash_link *l = hash_first(&set->hash, hash); l; l = hash_next(l)) {
		struct entry *e = entry_of(l);

		if (e->kind == kind && e->key_len == key_len && !memcmp(e->data, key, key_len))
			return e;
	}
	return NULL;
}

static void entry_drop(struct journal_set *set, struct entry *e)
{
	hash_remove(&set->hash, &e->link);
	set->bytes -= entry_bytes(e);
	free(e);
}

static struct entry *entry_new(const struct journal_item *item)
{
	size_t len = item->key_len + (item->value ? item->value_len : 0);
	struct entry *e = malloc(offsetof(struct entry, data) + len);

	if (!e)
		return NULL;
	e->kind = item->kind;
	e->key_len = (uint16_t)item->key_len;
	e->kept = item->value != NULL;
	memcpy(e->data, item->key, item->key_len);
	return e;
}

static bool has_room(const struct entry *e, const struct journal_item *item)
{
	return item->value ? e->kept && e->value_len == item->value_len : !e->kept;
}

int journal_set_put(struct journal_set *set, const struct journal_item *item)
{
	uint64_t hash = hash_key(&set->hash, item->key, item->key_len);
	struct entry *old = entry_find(set, hash, item->kind, item->key, item->key_len);
	struct entry *e = old;

	if (!old || !has_room(old, item)) {
		e = entry_new(item);
		if (!e)
			return ENOMEM;
		if (old)
			entry_drop(set, old);
		hash_insert(&set->hash, &e->link, hash);
	} else {
		set->bytes -= entry_bytes(e);
	}
	e->value_len = (uint32_t)item->value_len;
	e->at = item->place.at;
	e->chain = item->place.chain;
	set->bytes += entry_bytes(e);
	if (item->value && item->value_len)
		memcpy(e->data + e->key_len, item->value, item->value_len);
	return 0;
}

int journal_set_delete(struct journal_set *set, uint8_t kind, const void *key, size_t key_len)
{
	uint64_t hash = hash_key(&set->hash, key, key_len);
	struct entry *e = entry_find(set, hash, kind, key, key_len);

	if (!e)
		return ENOENT;
	entry_drop(set, e);
	return 0;
}

struct walk {
	struct journal_set *set;
	journal_item_h *h;
	void *arg;
};

static int entry_walk_h(struct hash_link *link, void *arg)
{
	struct entry *e = entry_of(link);
	const struct walk *w = arg;
	const struct journal_item item = {.kind = e->kind,
		.key = e->data,
		.value = e->kept ? e->data + e->key_len : NULL,
		.key_len = e->key_len,
		.value_len = e->value_len,
		.place = {e->at, e->chain}};

	if (w->h(&item, w->arg))
		entry_drop(w->set, e);
	return 0;
}

void journal_set_each(struct journal_set *set, journal_item_h *h, void *arg)
{
	struct walk w = {set, h, arg};

	(void)hash_each(&set->hash, entry_walk_h, &w);
}

bool journal_set_move(
	struct journal_set *set, const struct journal_record *r, uint64_t from, uint64_t to)
{
	uint64_t hash = hash_key(&set->hash, r->key, r->key_len);
	struct entry *e = entry_find(set, hash, r->kind, r->key, r->key_len);

	if (!e || e->kept || e->at != from)
		return false;
	e->at = to;
	return true;
}

struct settling {
	uint64_t at;
	const uint32_t *chain;
};

static int entry_settle_h(struct hash_link *link, void *arg)
{
	struct entry *e = entry_of(link);
	struct settling *s = arg;

	e->at = s->at;
	e->chain = *s->chain++;
	s->at += entry_bytes(e);
	return 0;
}

void journal_set_settle(struct journal_set *set, uint64_t at, const uint32_t *chain)
{
	struct settling s = {at, chain};

	(void)hash_each(&set->hash, entry_settle_h, &s);
}

size_t journal_set_count(const struct journal_set *set)
{
	return set->hash.count;
}

uint64_t journal_set_bytes(const struct journal_set *set)
{
	return set->bytes;
}
