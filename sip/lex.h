/*
 * Octet classes of RFC 3261 section 25.1 and the small steps that every parser here takes: each
 * takes a cursor and the end, and returns the new cursor, or NULL when the text is malformed.
 */
#ifndef SIP_LEX_H
#define SIP_LEX_H

#include "core/str.h"

enum {
	LEX_DIGIT = 1 << 0,
	LEX_ALPHA = 1 << 1,
	LEX_HEX = 1 << 2,
	LEX_TOKEN = 1 << 3,
	LEX_WORD = 1 << 4, /* Call-ID: what is visible, without "@" */
	LEX_LABEL = 1 << 5, /* host name label, "_" included */
	LEX_USER = 1 << 6, /* this and the next four: without "%" */
	LEX_PASSWORD = 1 << 7,
	LEX_PARAM = 1 << 8, /* URI parameter */
	LEX_HNV = 1 << 9, /* URI header */
	LEX_URIC = 1 << 10, /* any absoluteURI */
	LEX_VALUE = 1 << 11, /* header parameter value: token, or a host with brackets and colons */
	LEX_DISPLAY = 1 << 12, /* unquoted display name: token, white space, and 0x80 to 0xff */
	LEX_WSP = 1 << 13, /* SP, HTAB, and the CR LF of a fold */
	LEX_CONTROL = 1 << 14, /* 0x00 to 0x1f but HTAB, and 0x7f */
	LEX_PHONE = 1 << 15, /* RFC 3966 phonedigit-hex */
};

extern const uint16_t lex_class[256];

static inline bool lex_is(char c, unsigned class)
{
	return (lex_class[(unsigned char)c] & class) != 0;
}

/* Over octets of the class. Four at a time spares most of the checks for the end. */
static inline const char *lex_skip(const char *p, const char *end, unsigned class)
{
	while (end - p >= 4) {
		if (!lex_is(p[0], class))
			return p;
		if (!lex_is(p[1], class))
			return p + 1;
		if (!lex_is(p[2], class))
			return p + 2;
		if (!lex_is(p[3], class))
			return p + 3;
		p += 4;
	}
	while (p < end && lex_is(*p, class))
		p++;
	return p;
}

/* Over white space, of which there is little. */
static inline const char *lex_lws(const char *p, const char *end)
{
	while (p < end && lex_is(*p, LEX_WSP))
		p++;
	return p;
}

/* Steps back over white space. */
static inline const char *lex_trim(const char *start, const char *p)
{
	while (p > start && lex_is(p[-1], LEX_WSP))
		p--;
	return p;
}

const char *lex_escapes(const char *p, const char *end, unsigned class);

/* Octets of the class and %-escapes; stops in front of an escape that is malformed or hides a
 * control octet, which no caller then accepts. */
static inline const char *lex_escaped(const char *p, const char *end, unsigned class)
{
	p = lex_skip(p, end, class);
	return p < end && *p == '%' ? lex_escapes(p, end, class) : p;
}

/* p is at the opening quote; returns after the closing one. */
const char *lex_quoted(const char *p, const char *end);

static inline int lex_hex(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Names seen so far, to find one that comes twice (RFC 3261 7.3.1, 19.1.1). */
#define LEX_NAMES_MAX 32

struct lex_names {
	unsigned count;
	struct str name[LEX_NAMES_MAX];
};

/* False when the name is there already (in any case) or there are too many. */
static inline bool lex_names_add(struct lex_names *names, struct str name)
{
	for (unsigned i = 0; i < names->count; i++) {
		if (str_caseeq(names->name[i], name))
			return false;
	}
	if (names->count == LEX_NAMES_MAX)
		return false;
	names->name[names->count++] = name;
	return true;
}

#endif
