#include "sip/journal_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/hash.h"
#include "sip/journal_record.h"

struct entry {
	struct hash_link link;
	uint32_t value_len;
	uint16_t key_len;
	uint8_t kind;
	uint8_t data[]; /* key, value */
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

int journal_set_put(struct journal_set *set, uint8_t kind, const void *key, size_t key_len,
	const void *value, size_t value_len)
{
	uint64_t hash = hash_key(&set->hash, key, key_len);
	struct entry *old = entry_find(set, hash, kind, key, key_len);
	struct entry *e = old;

	if (!old || old->value_len != value_len) {
		e = malloc(sizeof(*e) + key_len + value_len);
		if (!e)
			return ENOMEM;
		e->kind = kind;
		e->key_len = (uint16_t)key_len;
		e->value_len = (uint32_t)value_len;
		memcpy(e->data, key, key_len);
		if (old)
			entry_drop(set, old);
		hash_insert(&set->hash, &e->link, hash);
		set->bytes += entry_bytes(e);
	}
	if (value_len)
		memcpy(e->data + key_len, value, value_len);
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
	journal_load_h *h;
	void *arg;
};

static int entry_walk_h(struct hash_link *link, void *arg)
{
	const struct entry *e = entry_of(link);
	const struct walk *w = arg;

	w->h(e->kind, e->data, e->key_len, e->data + e->key_len, e->value_len, w->arg);
	return 0;
}

void journal_set_each(const struct journal_set *set, journal_load_h *h, void *arg)
{
	struct walk w = {h, arg};

	(void)hash_each(&set->hash, entry_walk_h, &w);
}

size_t journal_set_count(const struct journal_set *set)
{
	return set->hash.count;
}

uint64_t journal_set_bytes(const struct journal_set *set)
{
	return set->bytes;
}
