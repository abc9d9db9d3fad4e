/* Token buckets: how much of something may happen a second, and how much at once. One bucket is the
 * time at which it will be full again (GCRA, ITU-T I.371), eight octets; no timer fills it. A set
 * holds one for each key, in memory that never grows, whoever sends how many keys. */
#ifndef TRUNKGUARD_CORE_BUCKET_H
#define TRUNKGUARD_CORE_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/siphash.h"

struct bucket_limit {
	uint32_t rate; /* a second, 1 to 1,000,000 */
	uint32_t burst; /* at once, at least 1 */
};

/* All zero: full. */
struct bucket {
	int64_t full_us;
};

/* True, and they are gone, when `amount` tokens are there. More than the burst never are. */
bool bucket_take(
	struct bucket *b, const struct bucket_limit *limit, uint32_t amount, int64_t now_ms);

/* What a bucket has left, for those who want to know before they ask. */
struct bucket_state {
	uint32_t left; /* tokens */
	int64_t next_ms; /* until there is one; 0: there is */
	int64_t full_ms; /* until it is full */
};
void bucket_look(const struct bucket *b, const struct bucket_limit *limit, int64_t now_ms,
	struct bucket_state *state);

struct bucket_set;

/* slots: keys remembered, rounded up to a power of two. When there are more, the one that comes closest to
 * being full is forgotten, which lets it have a little more than its due. ENOMEM. */
int bucket_set_new(struct bucket_set **set, size_t slots, const struct bucket_limit *limit,
	const uint8_t key[SIPHASH_KEY_LEN]);
void bucket_set_free(struct bucket_set *set);
bool bucket_set_take(
	struct bucket_set *set, const void *key, size_t len, uint32_t amount, int64_t now_ms);
/* The state of a key's bucket; one that is not remembered is full. */
void bucket_set_look(const struct bucket_set *set, const void *key, size_t len, int64_t now_ms,
	struct bucket_state *state);

#endif
