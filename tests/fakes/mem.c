#include "tests/fakes/mem.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/mem.h"

static unsigned fake_mem_countdown;
static size_t fake_mem_octets;

void fake_mem_fail_at(unsigned n)
{
	fake_mem_countdown = n;
}

size_t fake_mem_held(void)
{
	return fake_mem_octets;
}

static bool fake_mem_fails(void)
{
	return fake_mem_countdown && --fake_mem_countdown == 0;
}

/* malloc keeps one word before each block. */
static void *fake_mem_count(void *p)
{
	if (p)
		fake_mem_octets += malloc_usable_size(p) + sizeof(size_t);
	return p;
}

static void fake_mem_uncount(void *p)
{
	if (p)
		fake_mem_octets -= malloc_usable_size(p) + sizeof(size_t);
}

void *mem_alloc(size_t size)
{
	return fake_mem_fails() ? NULL : fake_mem_count(malloc(size));
}

void *mem_zalloc(size_t n, size_t size)
{
	return fake_mem_fails() ? NULL : fake_mem_count(calloc(n, size));
}

void *mem_realloc(void *p, size_t size)
{
	if (fake_mem_fails())
		return NULL;
	fake_mem_uncount(p);
	return fake_mem_count(realloc(p, size));
}

void mem_free(void *p)
{
	fake_mem_uncount(p);
	free(p);
}
