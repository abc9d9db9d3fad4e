/* The DIDs by number: open addressing over pointers, so that a million of them stay small and one
 * look-up touches two or three cache lines. It is cut into parts that grow each on its own: no
 * insertion moves more than a small part of the table. */
#ifndef TRUNKGUARD_CORE_DID_TABLE_H
#define TRUNKGUARD_CORE_DID_TABLE_H

#include "core/cfg.h"
#include "core/pool.h"

enum { DID_TABLE_PARTS = 256 };

struct did_part {
	struct cfg_did **slot; /* NULL: free */
	size_t size; /* a power of two, 0 before the first DID */
	size_t count;
};

struct did_table {
	size_t count;
	struct pool dids;
	struct did_part part[DID_TABLE_PARTS];
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
