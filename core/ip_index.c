#include "core/ip_index.h"

#include <string.h>

int ip_index_init(struct ip_index *ix, const uint8_t key[SIPHASH_KEY_LEN])
{
	memset(ix, 0, sizeof(*ix));
	return hash_init(&ix->blocks, key, 0);
}

void ip_index_fini(struct ip_index *ix)
{
	hash_fini(&ix->blocks);
}

static uint64_t block_hash(const struct ip_index *ix, const struct cidr *block)
{
	uint8_t key[17];

	memcpy(key, block->addr, sizeof(block->addr));
	key[16] = block->bits;
	return hash_key(&ix->blocks, key, sizeof(key));
}

void ip_index_add(struct ip_index *ix, struct ip_entry *e)
{
	hash_insert(&ix->blocks, &e->link, block_hash(ix, &e->block));
	if (ix->by_length[e->block.bits]++ == 0)
		ix->lengths[e->block.bits / 64] |= UINT64_C(1) << e->block.bits % 64;
}

void ip_index_remove(struct ip_index *ix, struct ip_entry *e)
{
	hash_remove(&ix->blocks, &e->link);
	if (--ix->by_length[e->block.bits] == 0)
		ix->lengths[e->block.bits / 64] &= ~(UINT64_C(1) << e->block.bits % 64);
}

static bool same_block(const struct cidr *a, const struct cidr *b)
{
	return a->bits == b->bits && !memcmp(a->addr, b->addr, sizeof(a->addr));
}

static struct ip_entry *find_block(const struct ip_index *ix, const struct cidr *block)
{
	struct hash_link *l = hash_first(&ix->blocks, block_hash(ix, block));

	for (; l; l = hash_next(l)) {
		struct ip_entry *e = HASH_OBJECT(l, struct ip_entry, link);

		if (same_block(&e->block, block))
			return e;
	}
	return NULL;
}

/* The greatest length in use that is less than bits; -1: none. */
static int longest_below(const struct ip_index *ix, unsigned bits)
{
	for (unsigned word = bits / 64 + 1; word-- > 0;) {
		unsigned over = word * 64 + 64;
		uint64_t set = ix->lengths[word];

		if (bits < over)
			set &= (UINT64_C(1) << bits % 64) - 1;
		if (set)
			return (int)(word * 64 + 63 - (unsigned)__builtin_clzll(set));
	}
	return -1;
}

/* The newest entry of the longest block that holds the address. */
static struct ip_entry *find_longest(const struct ip_index *ix, const uint8_t addr[16])
{
	struct cidr block;

	memcpy(block.addr, addr, sizeof(block.addr));
	for (int bits = longest_below(ix, 129); bits >= 0;
		bits = longest_below(ix, (unsigned)bits)) {
		struct ip_entry *e;

		block.bits = (uint8_t)bits;
		cidr_mask(block.addr, (unsigned)bits);
		e = find_block(ix, &block);
		if (e)
			return e;
	}
	return NULL;
}

void *ip_index_find(const struct ip_index *ix, const uint8_t addr[16])
{
	const struct ip_entry *e = find_longest(ix, addr);

	return e ? e->owner : NULL;
}

int ip_index_each(const struct ip_index *ix, const uint8_t addr[16], ip_index_h *h, void *arg)
{
	const struct ip_entry *first = find_longest(ix, addr);
	int stop = 0;

	for (const struct hash_link *l = first ? &first->link : NULL; l && !stop;
		l = hash_next(l)) {
		const struct ip_entry *e = HASH_OBJECT(l, const struct ip_entry, link);

		if (same_block(&e->block, &first->block))
			stop = h(e->owner, arg);
	}
	return stop;
}
