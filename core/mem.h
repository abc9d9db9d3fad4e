/* Allocation. The one place where core asks for memory, so that a test can link its own file of
 * these names and let the n-th block fail. */
#ifndef TRUNKGUARD_CORE_MEM_H
#define TRUNKGUARD_CORE_MEM_H

#include <stddef.h>

/* NULL when there is none left, or when n * size does not fit into a size_t. */
void *mem_alloc(size_t size) __attribute__((malloc, warn_unused_result));
void *mem_zalloc(size_t n, size_t size) __attribute__((malloc, warn_unused_result));
void *mem_realloc(void *p, size_t size) __attribute__((warn_unused_result));
void mem_free(void *p);

#endif
