/* Objects of one size from large blocks, without a header for each: what there are a million of. */
#ifndef TRUNKGUARD_CORE_POOL_H
#define TRUNKGUARD_CORE_POOL_H

#include <stddef.h>

struct pool_block;

struct pool {
	size_t object_size;
	size_t bytes; /* asked from the allocator */
	struct pool_block *block;
	void *free; /* given back, chained through their first word */
	size_t unused; /* objects of the newest block that were never taken */
};

/* object_size at least that of a pointer, and a multiple of it. Takes no memory yet. */
void pool_init(struct pool *p, size_t object_size);
/* Frees every object, taken or not. */
void pool_fini(struct pool *p);

/* Zeroed; NULL when there is no memory. */
void *pool_take(struct pool *p);
/* NULL is ignored. */
void pool_give(struct pool *p, void *object);

#endif
