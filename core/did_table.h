/* The DIDs by number: open addressing over pointers, so that a million of them stay small and one
 * look-up touches two or three cache lines. */
#ifndef TRUNKGUARD_CORE_DID_TABLE_H
#define TRUNKGUARD_CORE_DID_TABLE_H

#include "core/cfg.h"
#include "core/pool.h"

struct did_table {
	struct cfg_did **slot; /* NULL: free */
	size_t size; /* a power of two, 0 before the first DID */
	size_t count;
	struct pool dids;
};

void did_table_init(struct did_table *t);
void did_table_fini(struct did_table *t);

struct cfg_did *did_table_find(const struct did_table *t, e164_t number);
/* The DID of that number, made (all zero but the number) when there is none. ENOMEM. */
int did_table_get(struct did_table *t, e164_t number, struct cfg_did **did);
void did_table_remove(struct did_table *t, struct cfg_did *did);

typedef void did_table_h(struct cfg_did *did, void *arg);
void did_table_each(const struct did_table *t, did_table_h *h, void *arg);

size_t did_table_bytes(const struct did_table *t);

#endif
