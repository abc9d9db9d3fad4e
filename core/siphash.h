/* SipHash-1-3, the keyed hash for tables whose keys a stranger chooses: without the key nobody can
 * make them collide. (Aumasson and Bernstein; the reduced rounds are those of Python and Rust.) */
#ifndef TRUNKGUARD_CORE_SIPHASH_H
#define TRUNKGUARD_CORE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

enum { SIPHASH_KEY_LEN = 16 };

uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], const void *data, size_t len);

#endif
