/* The request target (RFC 9112, 3.2; origin form only), split and decoded by us and once:
 * libmicrohttpd would decode "%2e%2e" and "%00" before a handler saw them. Whatever another
 * parser on the way could read differently is refused: encoded slashes, dots, control
 * characters, empty and dot segments. */
#ifndef TRUNKGUARD_API_TARGET_H
#define TRUNKGUARD_API_TARGET_H

#include <stddef.h>

enum { TARGET_MAX = 2048, TARGET_SEGMENTS_MAX = 8, TARGET_PARAMS_MAX = 24 };

struct target_param {
	const char *name;
	const char *value;
};

struct target {
	char text[TARGET_MAX + 1]; /* decoded; the pointers below point into it */
	const char *segment[TARGET_SEGMENTS_MAX];
	unsigned segments; /* TARGET_SEGMENTS_MAX + 1: too many, nothing of ours lies there */
	struct target_param param[TARGET_PARAMS_MAX];
	unsigned params;
};

/* EINVAL with why (a sentence), ENAMETOOLONG above TARGET_MAX octets. In the query "+" and "%20"
 * are spaces; readers of numbers and times take a space for the "+" it was (api/query.h). */
int target_parse(const char *raw, struct target *t, const char **why);

#endif
