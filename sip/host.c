/* Hosts and ports, sliced and strictly checked. */
#include "sip/host.h"

#include <arpa/inet.h>
#include <errno.h>

#include "sip/lex.h"

#define NAME_MAX_LEN 253
#define LABEL_MAX_LEN 63

static inline unsigned digit(const char *p, const char *end)
{
	return p < end ? (unsigned)(unsigned char)*p - '0' : 10;
}

/* Dotted decimal at p; a leading zero could be read as octal by others and is refused. */
static const char *ipv4_scan(const char *p, const char *end)
{
	for (int group = 0;; group++) {
		unsigned value = digit(p, end), next;

		if (value > 9)
			return NULL;
		next = digit(++p, end);
		if (next <= 9) {
			if (value == 0)
				return NULL;
			value = value * 10 + next;
			next = digit(++p, end);
			if (next <= 9) {
				value = value * 10 + next;
				p++;
			}
		}
		if (value > 255)
			return NULL;
		if (group == 3)
			return p;
		if (p == end || *p++ != '.')
			return NULL;
	}
}

static bool ends_name(const char *p, const char *end)
{
	return p == end || !(lex_is(*p, LEX_LABEL) || *p == '.');
}

/*
 * RFC 5118 4.10: the grammar of RFC 3261 lets an implementation write "2001:db8:::192.0.2.1";
 * the third colon is dropped before the address is looked at.
 */
static bool ipv6_value(struct str s, struct in6_addr *addr)
{
	char text[INET6_ADDRSTRLEN];
	char *extra;

	if (s.len < 2 || str_copy(text, sizeof(text), s) != 0)
		return false;
	extra = strstr(text, ":::");
	if (extra && strchr(extra, '.'))
		memmove(extra, extra + 1, strlen(extra));
	return inet_pton(AF_INET6, text, addr) == 1;
}

static const char *bracketed_scan(const char *p, const char *end, struct str *host)
{
	const char *close = memchr(p, ']', (size_t)(end - p));
	struct in6_addr addr;

	if (!close)
		return NULL;
	*host = str_span(p + 1, close);
	return ipv6_value(*host, &addr) ? close + 1 : NULL;
}

const char *sip_host_scan(const char *p, const char *end, struct str *host, bool *ipv6)
{
	const char *start = p, *label;

	*ipv6 = false;
	if (p == end)
		return NULL;
	if (lex_is(*p, LEX_DIGIT)) {
		p = ipv4_scan(start, end);
		if (p && ends_name(p, end)) {
			*host = str_span(start, p);
			return p;
		}
		p = start;
	}
	if (*p == '[') {
		*ipv6 = true;
		return bracketed_scan(p, end, host);
	}
	for (;;) {
		label = p;
		p = lex_skip(p, end, LEX_LABEL);
		if (p == label || p - label > LABEL_MAX_LEN || *label == '-' || p[-1] == '-')
			return NULL;
		if (p == end || *p != '.')
			break;
		p++;
		if (p == end || !lex_is(*p, LEX_LABEL))
			break;
	}
	if (p - start > NAME_MAX_LEN || lex_is(*label, LEX_DIGIT))
		return NULL;
	*host = str_span(start, p);
	return p;
}

const char *sip_port_scan(const char *p, const char *end, uint16_t *port)
{
	uint32_t value = 0;

	for (; p < end && lex_is(*p, LEX_DIGIT); p++) {
		value = value * 10 + (uint32_t)(*p - '0');
		if (value > UINT16_MAX)
			return NULL;
	}
	*port = (uint16_t)value;
	return value ? p : NULL;
}

int sip_host_parse(struct str s, struct str *host, bool *ipv6)
{
	const char *end = str_end(s);

	return !str_empty(s) && sip_host_scan(s.p, end, host, ipv6) == end ? 0 : EINVAL;
}

bool sip_host_is_ip(struct str s)
{
	struct in6_addr addr;

	if (s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
		return ipv6_value((struct str){s.p + 1, s.len - 2}, &addr);
	return (!str_empty(s) && ipv4_scan(s.p, str_end(s)) == str_end(s)) || ipv6_value(s, &addr);
}

bool sip_host_eq(struct str a, struct str b)
{
	struct in6_addr x, y;

	if (str_caseeq(a, b))
		return true;
	if (a.len && memchr(a.p, ':', a.len))
		return ipv6_value(a, &x) && ipv6_value(b, &y) && memcmp(&x, &y, sizeof(x)) == 0;
	if (a.len && a.p[a.len - 1] == '.')
		a.len--;
	if (b.len && b.p[b.len - 1] == '.')
		b.len--;
	return a.len && str_caseeq(a, b);
}
