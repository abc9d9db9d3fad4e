#include "core/pool.h"

#include <string.h>

#include "core/mem.h"

enum { BLOCK_OBJECTS = 1024 };

struct pool_block {
	struct pool_block *next;
	void *object[]; /* sized and aligned as pointers, which is all our objects need */
};

void pool_init(struct pool *p, size_t object_size)
{
	memset(p, 0, sizeof(*p));
	p->object_size = object_size;
}

void pool_fini(struct pool *p)
{
	while (p->block) {
		struct pool_block *next = p->block->next;

		mem_free(p->block);
		p->block = next;
	}
	pool_init(p, p->object_size);
}

static int add_block(struct pool *p)
{
	size_t size = sizeof(*p->block) + BLOCK_OBJECTS * p->object_size;
	struct pool_block *b = mem_alloc(size);

	if (!b)
		return -1;
	b->next = p->block;
	p->block = b;
	p->unused = BLOCK_OBJECTS;
	p->bytes += size;
	return 0;
}

void *pool_take(struct pool *p)
{
	void *object = p->free;

	if (object) {
		memcpy(&p->free, object, sizeof(p->free));
	} else {
		if (!p->unused && add_block(p))
			return NULL;
		p->unused--;
		object = (char *)p->block->object + p->unused * p->object_size;
	}
	memset(object, 0, p->object_size);
	return object;
}

void pool_give(struct pool *p, void *object)
{
	if (!object)
		return;
	memcpy(object, &p->free, sizeof(p->free));
	p->free = object;
}
