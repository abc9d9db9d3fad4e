/* Whose is this address: blocks of addresses with an owner each, longest match. One hash look-up
 * for each prefix length in use, of which there are few; adding and removing is O(1). */
#ifndef TRUNKGUARD_CORE_IP_INDEX_H
#define TRUNKGUARD_CORE_IP_INDEX_H

#include "core/cidr.h"
#include "core/hash.h"

/* Lives with its owner. */
struct ip_entry {
	struct hash_link link;
	struct cidr block;
	void *owner;
};

struct ip_index {
	struct hash blocks;
	size_t by_length[129]; /* how many blocks of each prefix length */
	uint64_t lengths[3]; /* the set of those in use */
};

int ip_index_init(struct ip_index *ix, const uint8_t key[SIPHASH_KEY_LEN]); /* ENOMEM */
void ip_index_fini(struct ip_index *ix);

void ip_index_add(struct ip_index *ix, struct ip_entry *e);
void ip_index_remove(struct ip_index *ix, struct ip_entry *e);
/* NULL when no block holds it; of two owners of the very same block the newer. */
void *ip_index_find(const struct ip_index *ix, const uint8_t addr[16]);
/* Every owner of the longest block that holds it, the newest first. Non-zero stops and is returned. */
typedef int ip_index_h(void *owner, void *arg);
int ip_index_each(const struct ip_index *ix, const uint8_t addr[16], ip_index_h *h, void *arg);

#endif
