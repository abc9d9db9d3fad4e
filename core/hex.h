/* Fixed-width lower-case hexadecimal, for the names that a call makes many of. */
#ifndef TRUNKGUARD_CORE_HEX_H
#define TRUNKGUARD_CORE_HEX_H

#include <stdint.h>

/* digits of n, the low ones, into out; no NUL. The position behind them. */
static inline char *hex_write(char *out, uint64_t n, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--) {
		out[i - 1] = "0123456789abcdef"[n & 15];
		n >>= 4;
	}
	return out + digits;
}

#endif
