/* A hash table of intrusive links, keyed by SipHash, so keys may be what a stranger sends.
 *
 * It grows by moving two buckets with each insertion, so no single insertion is slow, and an
 * insertion cannot fail: when there is no memory to grow, chains get longer. Several links may have
 * the same key; the one inserted last is found first. The caller compares keys:
 *
 *	uint64_t h = hash_key(&t, id, len);
 *	for (struct hash_link *l = hash_first(&t, h); l; l = hash_next(l))
 *		if (is_it(container(l), id, len)) ...
 */
#ifndef TRUNKGUARD_CORE_HASH_H
#define TRUNKGUARD_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "core/siphash.h"

struct hash_link {
	struct hash_link *next;
	uint64_t hash;
};

struct hash {
	struct hash_link **bucket;
	struct hash_link **old; /* while growing: the buckets from `moved` on still live here */
	size_t size, old_size; /* powers of two */
	size_t moved;
	size_t count;
	uint8_t key[SIPHASH_KEY_LEN];
};

/* The object that holds a link. */
#define HASH_OBJECT(link, type, member) ((type *)((char *)(link)-offsetof(type, member)))

/* expected: room for about that many without growing. ENOMEM. */
int hash_init(struct hash *h, const uint8_t key[SIPHASH_KEY_LEN], size_t expected);
/* Frees the table; the links are the caller's. */
void hash_fini(struct hash *h);

uint64_t hash_key(const struct hash *h, const void *key, size_t len);
void hash_insert(struct hash *h, struct hash_link *link, uint64_t hash);
/* The link must be in the table. */
void hash_remove(struct hash *h, struct hash_link *link);

struct hash_link *hash_first(const struct hash *h, uint64_t hash);
struct hash_link *hash_next(const struct hash_link *link); /* with the same hash */

/* Visits every link; the handler may remove the one it was given, and no other; it inserts none.
 * A non-zero answer stops the walk and is returned. */
typedef int hash_each_h(struct hash_link *link, void *arg);
int hash_each(const struct hash *h, hash_each_h *each, void *arg);

#endif
