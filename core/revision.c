#include "core/revision.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int parse_u64(const char *text, size_t len, uint64_t *value)
{
	uint64_t v = 0;

	if (len == 0 || (len > 1 && text[0] == '0'))
		return EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v))
			return EINVAL;
	}
	*value = v;
	return 0;
}

int revision_parse(const char *text, size_t len, struct revision *r)
{
	const char *hyphen = len ? memchr(text, '-', len) : NULL;
	struct revision parsed;

	if (!hyphen || parse_u64(text, (size_t)(hyphen - text), &parsed.epoch) ||
		parse_u64(hyphen + 1, (size_t)(text + len - hyphen - 1), &parsed.xid))
		return EINVAL;
	*r = parsed;
	return 0;
}

void revision_format(const struct revision *r, char out[REVISION_TEXT_SIZE])
{
	snprintf(out, REVISION_TEXT_SIZE, "%" PRIu64 "-%" PRIu64, r->epoch, r->xid);
}
