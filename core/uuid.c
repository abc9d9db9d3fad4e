#include "core/uuid.h"

#include <errno.h>
#include <string.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool hyphen_before(size_t octet)
{
	return octet == 4 || octet == 6 || octet == 8 || octet == 10;
}

int uuid_parse(const char *text, size_t len, struct uuid *u)
{
	struct uuid parsed;

	if (len != UUID_TEXT_LEN)
		return EINVAL;
	for (size_t i = 0; i < sizeof(parsed.b); i++) {
		int high, low;

		if (hyphen_before(i) && *text++ != '-')
			return EINVAL;
		high = hex_value(*text++);
		low = hex_value(*text++);
		if (high < 0 || low < 0)
			return EINVAL;
		parsed.b[i] = (uint8_t)(high << 4 | low);
	}
	*u = parsed;
	return 0;
}

void uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE])
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(u->b); i++) {
		if (hyphen_before(i))
			*out++ = '-';
		*out++ = digit[u->b[i] >> 4];
		*out++ = digit[u->b[i] & 15];
	}
	*out = '\0';
}

int uuid_parse_id(const char *prefix, const char *text, size_t len, struct uuid *u)
{
	size_t skip = strlen(prefix);

	if (len < skip + 1 || memcmp(text, prefix, skip) || text[skip] != '_')
		return EINVAL;
	return uuid_parse(text + skip + 1, len - skip - 1, u);
}

void uuid_format_id(const char *prefix, const struct uuid *u, char out[UUID_ID_SIZE])
{
	size_t len = strnlen(prefix, UUID_PREFIX_MAX);

	memcpy(out, prefix, len);
	out[len] = '_';
	uuid_format(u, out + len + 1);
}

void uuid_v7(struct uuid *u, int64_t unix_ms, const uint8_t random[10])
{
	uint64_t ms = (uint64_t)unix_ms;

	for (unsigned i = 0; i < 6; i++)
		u->b[i] = (uint8_t)(ms >> (40 - 8 * i));
	memcpy(u->b + 6, random, 10);
	u->b[6] = (uint8_t)(0x70 | (u->b[6] & 0x0f));
	u->b[8] = (uint8_t)(0x80 | (u->b[8] & 0x3f));
}

bool uuid_is_zero(const struct uuid *u)
{
	static const struct uuid zero;

	return uuid_equal(u, &zero);
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}
