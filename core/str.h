/*
 * A slice of octets that belongs to somebody else. It is not terminated by NUL and, when it
 * comes from a quoted string in a SIP message, may even hold one: never hand .p to a libc string
 * function; str_copy() makes a C string or says why not.
 */
#ifndef CORE_STR_H
#define CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t len;
};

/* A string literal as a slice; usable in static initialisers. */
#define STR(literal)                                                                               \
	{                                                                                          \
		("" literal), sizeof(literal) - 1                                                  \
	}
#define str_lit(literal) ((struct str)STR(literal))

static inline struct str str_of(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline struct str str_span(const char *p, const char *end)
{
	return (struct str){p, (size_t)(end - p)};
}

static inline const char *str_end(struct str s)
{
	return s.len ? s.p + s.len : s.p;
}

static inline bool str_empty(struct str s)
{
	return s.len == 0;
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool str_caseeq_n(const char *a, const char *b, size_t len);

/* ASCII letters only, whatever the locale. Most texts are spelled alike, which memcmp() sees
 * soonest, and without a call when one of them is a literal. */
static inline bool str_caseeq(struct str a, struct str b)
{
	return a.len == b.len &&
	       (b.len == 0 || memcmp(a.p, b.p, b.len) == 0 || str_caseeq_n(a.p, b.p, b.len));
}

/* Strict decimal, digits only: EINVAL when empty or anything else, ERANGE above max. */
int str_u32(struct str s, uint32_t max, uint32_t *n);

/* A C string in dst: EINVAL when s holds a NUL, ENAMETOOLONG when it does not fit. */
int str_copy(char *dst, size_t cap, struct str s);

#endif
