#include "core/utf8.h"

#include <stdint.h>

size_t utf8_sequence(const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;
	/* The second octet's range closes out overlong forms and surrogates (RFC 3629, 4). */
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (n > len || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

bool utf8_valid(const char *s, size_t len)
{
	while (len > 0) {
		size_t n = utf8_sequence(s, len);

		if (n == 0)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

size_t utf8_length(const char *s, size_t len)
{
	size_t points = 0;

	for (size_t i = 0; i < len; i++)
		points += ((uint8_t)s[i] & 0xc0) != 0x80;
	return points;
}
