/* Appends to a buffer of fixed size; what does not fit is cut and noted once, so callers check at the end. */
#ifndef BENCH_WRITER_H
#define BENCH_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	const char *at;
	size_t len;
};

struct writer {
	char *at;
	size_t size;
	size_t len;
	bool full;
};

static inline void put(struct writer *out, const char *at, size_t len)
{
	if (len > out->size - out->len) {
		out->full = true;
		return;
	}
	memcpy(out->at + out->len, at, len);
	out->len += len;
}

static inline void put_text(struct writer *out, struct text text)
{
	put(out, text.at, text.len);
}

static inline void put_str(struct writer *out, const char *str)
{
	put(out, str, strlen(str));
}

static inline void put_number(struct writer *out, uint64_t number)
{
	char digits[20];
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	put(out, digits + first, sizeof(digits) - first);
}

/* Eight hexadecimal digits. */
static inline void put_hex(struct writer *out, uint32_t number)
{
	char digits[8];

	for (int i = 7; i >= 0; i--) {
		digits[i] = "0123456789abcdef"[number & 15];
		number >>= 4;
	}
	put(out, digits, sizeof(digits));
}

#endif
