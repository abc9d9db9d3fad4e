/* UUIDs (RFC 9562): bare in the database and in feed records, with a prefix ("trk_…") in the API. */
#ifndef TRUNKGUARD_CORE_UUID_H
#define TRUNKGUARD_CORE_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uuid {
	uint8_t b[16];
};

enum {
	UUID_TEXT_LEN = 36,
	UUID_PREFIX_MAX = 8,
	UUID_TEXT_SIZE = UUID_TEXT_LEN + 1, /* with the NUL */
	UUID_ID_SIZE = UUID_PREFIX_MAX + 1 + UUID_TEXT_SIZE, /* "trk_" and the rest */
};

/* "0190163d-8694-739b-aea5-966c26f8ad91" in either case, nothing around it. EINVAL. */
int uuid_parse(const char *text, size_t len, struct uuid *u);
void uuid_format(const struct uuid *u, char out[UUID_TEXT_SIZE]);

/* "trk_0190163d-…"; prefix without the underscore, at most UUID_PREFIX_MAX long. EINVAL for
 * another prefix or a bad UUID. */
int uuid_parse_id(const char *prefix, const char *text, size_t len, struct uuid *u);
void uuid_format_id(const char *prefix, const struct uuid *u, char out[UUID_ID_SIZE]);

/* Version 7: unix_ms in front, so that ids sort by the time of their making. */
void uuid_v7(struct uuid *u, int64_t unix_ms, const uint8_t random[10]);

bool uuid_is_zero(const struct uuid *u);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
int uuid_compare(const struct uuid *a, const struct uuid *b);

#endif
