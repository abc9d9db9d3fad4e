/* The few operations on slices that are too long to be inline. */
#include "core/str.h"

#include <errno.h>

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

bool str_caseeq_n(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

int str_u32(struct str s, uint32_t max, uint32_t *n)
{
	uint64_t value = 0;

	if (s.len == 0)
		return EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned char)s.p[i] - (unsigned)'0';

		if (digit > 9)
			return EINVAL;
		/* Saturates, so that a later octet which is no digit is still found. */
		if (value <= max)
			value = value * 10 + digit;
	}
	if (value > max)
		return ERANGE;
	*n = (uint32_t)value;
	return 0;
}

int str_copy(char *dst, size_t cap, struct str s)
{
	if (s.len >= cap)
		return ENAMETOOLONG;
	if (s.len && memchr(s.p, '\0', s.len))
		return EINVAL;
	if (s.len)
		memcpy(dst, s.p, s.len);
	dst[s.len] = '\0';
	return 0;
}
