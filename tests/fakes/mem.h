/* An allocator that stands in for core/mem.c: it counts, and fails when it is told to. A test
 * includes tests/fakes/mem.c. */
#ifndef TESTS_FAKES_MEM_H
#define TESTS_FAKES_MEM_H

#include <stddef.h>

/* Lets the n-th allocation from now fail (1: the next one), and those after it work. 0: none. */
void fake_mem_fail_at(unsigned n);
/* Octets held now, with what malloc adds. */
size_t fake_mem_held(void);

#endif
