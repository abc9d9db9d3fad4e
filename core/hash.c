#include "core/hash.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

enum { SIZE_MIN = 16, MOVES_PER_INSERT = 2 };

int hash_init(struct hash *h, const uint8_t key[SIPHASH_KEY_LEN], size_t expected)
{
	size_t size = SIZE_MIN;

	memset(h, 0, sizeof(*h));
	while (size < expected && size <= SIZE_MAX / 2 / sizeof(*h->bucket))
		size *= 2;
	h->bucket = mem_zalloc(size, sizeof(*h->bucket));
	if (!h->bucket)
		return ENOMEM;
	h->size = size;
	memcpy(h->key, key, sizeof(h->key));
	return 0;
}

void hash_fini(struct hash *h)
{
	mem_free(h->bucket);
	mem_free(h->old);
	memset(h, 0, sizeof(*h));
}

uint64_t hash_key(const struct hash *h, const void *key, size_t len)
{
	return siphash(h->key, key, len);
}

static struct hash_link **bucket_of(const struct hash *h, uint64_t hash)
{
	if (h->old) {
		size_t i = (size_t)hash & (h->old_size - 1);

		if (i >= h->moved)
			return &h->old[i];
	}
	return &h->bucket[(size_t)hash & (h->size - 1)];
}

/* Puts a chain's links into their new buckets from the last to the first, so that of two with the
 * same key the newer one stays in front. */
static void move_chain(struct hash *h, struct hash_link *chain)
{
	struct hash_link *reversed = NULL;

	while (chain) {
		struct hash_link *next = chain->next;

		chain->next = reversed;
		reversed = chain;
		chain = next;
	}
	while (reversed) {
		struct hash_link *next = reversed->next;
		struct hash_link **b = &h->bucket[(size_t)reversed->hash & (h->size - 1)];

		reversed->next = *b;
		*b = reversed;
		reversed = next;
	}
}

static void grow_step(struct hash *h)
{
	for (int i = 0; i < MOVES_PER_INSERT; i++) {
		struct hash_link *chain = h->old[h->moved];

		h->old[h->moved++] = NULL;
		move_chain(h, chain);
		if (h->moved == h->old_size) {
			mem_free(h->old);
			h->old = NULL;
			return;
		}
	}
}

static void grow_start(struct hash *h)
{
	struct hash_link **bucket = mem_zalloc(h->size * 2, sizeof(*bucket));

	if (!bucket)
		return; /* longer chains for now; the next insertion asks again */
	h->old = h->bucket;
	h->old_size = h->size;
	h->moved = 0;
	h->bucket = bucket;
	h->size *= 2;
}

void hash_insert(struct hash *h, struct hash_link *link, uint64_t hash)
{
	struct hash_link **b;

	if (h->old)
		grow_step(h);
	else if (h->count >= h->size)
		grow_start(h);
	b = bucket_of(h, hash);
	link->hash = hash;
	link->next = *b;
	*b = link;
	h->count++;
}

void hash_remove(struct hash *h, struct hash_link *link)
{
	struct hash_link **at = bucket_of(h, link->hash);

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	link->next = NULL;
	h->count--;
}

static struct hash_link *same(struct hash_link *link, uint64_t hash)
{
	while (link && link->hash != hash)
		link = link->next;
	return link;
}

struct hash_link *hash_first(const struct hash *h, uint64_t hash)
{
	return same(*bucket_of(h, hash), hash);
}

struct hash_link *hash_next(const struct hash_link *link)
{
	return same(link->next, link->hash);
}

static int each_chain(struct hash_link *link, hash_each_h *each, void *arg)
{
	while (link) {
		struct hash_link *next = link->next;
		int err = each(link, arg);

		if (err)
			return err;
		link = next;
	}
	return 0;
}

int hash_each(const struct hash *h, hash_each_h *each, void *arg)
{
	int err = 0;

	for (size_t i = 0; !err && h->old && i < h->old_size; i++)
		err = each_chain(h->old[i], each, arg);
	for (size_t i = 0; !err && i < h->size; i++)
		err = each_chain(h->bucket[i], each, arg);
	return err;
}
