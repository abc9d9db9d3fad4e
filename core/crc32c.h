/* CRC-32C (Castagnoli, reflected 0x82f63b78), as RFC 3720 B.4 gives test vectors for. */
#ifndef TRUNKGUARD_CORE_CRC32C_H
#define TRUNKGUARD_CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc; begin with 0. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
/* The same on any processor; for tests. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t len);

#endif
