/* SIP, SIPS and tel URIs. */
#include "sip/uri.h"

#include <errno.h>

#include "sip/lex.h"

#define HEADERS_MAX 32

/* "scheme:"; returns after the colon. */
static const char *scheme_scan(const char *p, const char *end, enum sip_scheme *scheme)
{
	const char *start = p;
	struct str name;

	if (end - p > 4 && memcmp(p, "sip:", 4) == 0) {
		*scheme = SIP_SCHEME_SIP;
		return p + 4;
	}
	if (p == end || !lex_is(*p, LEX_ALPHA))
		return NULL;
	while (p < end &&
		(lex_is(*p, LEX_ALPHA | LEX_DIGIT) || *p == '+' || *p == '-' || *p == '.'))
		p++;
	if (p == end || *p != ':')
		return NULL;
	name = str_span(start, p);
	if (str_caseeq(name, str_lit("sip")))
		*scheme = SIP_SCHEME_SIP;
	else if (str_caseeq(name, str_lit("tel")))
		*scheme = SIP_SCHEME_TEL;
	else if (str_caseeq(name, str_lit("sips")))
		*scheme = SIP_SCHEME_SIPS;
	else
		*scheme = SIP_SCHEME_OTHER;
	return p + 1;
}

/* at is the "@" that ends it. */
static bool userinfo_parse(struct sip_uri *u, const char *p, const char *at)
{
	const char *stop = lex_escaped(p, at, LEX_USER);

	u->user = str_span(p, stop);
	if (stop == p)
		return false;
	if (stop == at)
		return true;
	if (*stop != ':')
		return false;
	u->password = str_span(stop + 1, at);
	return lex_escaped(stop + 1, at, LEX_PASSWORD) == at;
}

/* *(";" name ["=" value]), no name twice. */
static const char *params_scan(struct sip_uri *u, const char *p, const char *end)
{
	const char *start = p, *name;
	struct lex_names names;

	names.count = 0;
	while (p < end && *p == ';') {
		name = p + 1;
		p = lex_escaped(name, end, LEX_PARAM);
		if (p == name || !lex_names_add(&names, str_span(name, p)))
			return NULL;
		if (p < end && *p == '=') {
			const char *value = p + 1;

			p = lex_escaped(value, end, LEX_PARAM);
			if (p == value)
				return NULL;
		}
	}
	u->params = str_span(start, p);
	return p;
}

/* name "=" [value] *("&" name "=" [value]) */
static const char *headers_scan(struct sip_uri *u, const char *p, const char *end)
{
	const char *start = p, *name;
	unsigned count = 0;

	do {
		if (count++ == HEADERS_MAX)
			return NULL;
		name = p == start ? p : p + 1;
		p = lex_escaped(name, end, LEX_HNV);
		if (p == name || p == end || *p != '=')
			return NULL;
		p = lex_escaped(p + 1, end, LEX_HNV);
	} while (p < end && *p == '&');
	u->headers = str_span(start, p);
	return p;
}

static int sip_parse(struct sip_uri *u, const char *p, const char *end)
{
	const char *at = memchr(p, '@', (size_t)(end - p));

	if (at) {
		if (!userinfo_parse(u, p, at))
			return EINVAL;
		p = at + 1;
	}
	p = sip_host_scan(p, end, &u->host, &u->host_ipv6);
	if (p && p < end && *p == ':')
		p = sip_port_scan(p + 1, end, &u->port);
	if (p && p < end && *p == ';')
		p = params_scan(u, p, end);
	if (p && p < end && *p == '?')
		p = headers_scan(u, p + 1, end);
	return p == end ? 0 : EINVAL;
}

/* RFC 3966: "+" digits, or a local number; visual separators are part of .user. */
static int tel_parse(struct sip_uri *u, const char *p, const char *end)
{
	const char *start = p;
	unsigned digits = 0, class = LEX_PHONE;

	if (p < end && *p == '+') {
		class = LEX_DIGIT;
		p++;
	}
	for (; p < end; p++) {
		if (lex_is(*p, class))
			digits++;
		else if (*p != '-' && *p != '.' && *p != '(' && *p != ')')
			break;
	}
	u->user = str_span(start, p);
	if (digits == 0)
		return EINVAL;
	p = params_scan(u, p, end);
	return p == end ? 0 : EINVAL;
}

int sip_uri_parse(struct sip_uri *u, struct str s)
{
	const char *end = str_end(s), *p;

	*u = (struct sip_uri){.all = s};
	p = scheme_scan(s.p, end, &u->scheme);
	if (!p || p == end)
		return EINVAL;
	switch (u->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		return sip_parse(u, p, end);
	case SIP_SCHEME_TEL:
		return tel_parse(u, p, end);
	case SIP_SCHEME_OTHER:
		break;
	}
	return lex_escaped(p, end, LEX_URIC) == end ? 0 : EINVAL;
}

bool sip_uri_param(const struct sip_uri *u, struct str name, struct str *value)
{
	const char *p = u->params.p, *end = str_end(u->params);

	while (p < end) {
		const char *start = p + 1, *equals;

		p = lex_escaped(start, end, LEX_PARAM);
		equals = p;
		if (p < end && *p == '=')
			p = lex_escaped(p + 1, end, LEX_PARAM);
		if (str_caseeq(str_span(start, equals), name)) {
			*value = str_span(equals == p ? p : equals + 1, p);
			return true;
		}
	}
	return false;
}

int sip_unescape(char *dst, size_t cap, struct str s, size_t *len)
{
	const char *p = s.p, *end = str_end(s);
	size_t n = 0;

	while (p < end) {
		char c = *p;

		if (n == cap)
			return ENAMETOOLONG;
		if (c == '%') {
			if (end - p < 3 || !lex_is(p[1], LEX_HEX) || !lex_is(p[2], LEX_HEX))
				return EINVAL;
			c = (char)(lex_hex(p[1]) * 16 + lex_hex(p[2]));
			p += 2;
		}
		if (lex_is(c, LEX_CONTROL) || c == '\t')
			return EINVAL;
		dst[n++] = c;
		p++;
	}
	*len = n;
	return 0;
}
