#include "core/mem.h"

#include <stdlib.h>

void *mem_alloc(size_t size)
{
	return malloc(size);
}

void *mem_zalloc(size_t n, size_t size)
{
	return calloc(n, size);
}

void *mem_realloc(void *p, size_t size)
{
	return realloc(p, size);
}

void mem_free(void *p)
{
	free(p);
}
