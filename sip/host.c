/* Hosts and ports, sliced and strictly checked. */
#include "sip/host.h"

#include <arpa/inet.h>
#include <errno.h>

#include "sip/lex.h"

#define NAME_MAX_LEN 253
#define LABEL_MAX_LEN 63

/* Dotted decimal; a leading zero could be read as octal by others and is refused. */
static bool ipv4_valid(const char *p, const char *end)
{
	for (int group = 0; group < 4; group++) {
		unsigned value = 0;
		const char *start;

		if (group > 0 && (p == end || *p++ != '.'))
			return false;
		for (start = p; p < end && lex_is(*p, LEX_DIGIT) && p - start < 3; p++)
			value = value * 10 + (unsigned)(*p - '0');
		if (p == start || value > 255 || (*start == '0' && p - start > 1))
			return false;
	}
	return p == end;
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
	const char *start = p, *label, *stop;

	*ipv6 = p < end && *p == '[';
	if (*ipv6)
		return bracketed_scan(p, end, host);
	for (;;) {
		label = p;
		p = lex_skip(p, end, LEX_LABEL);
		if (p == label || p - label > LABEL_MAX_LEN || *label == '-' || p[-1] == '-')
			return NULL;
		stop = p;
		if (p == end || *p != '.')
			break;
		p++;
		if (p == end || !lex_is(*p, LEX_LABEL))
			break;
	}
	if (p - start > NAME_MAX_LEN)
		return NULL;
	if (lex_is(*label, LEX_DIGIT) && (stop != p || !ipv4_valid(start, p)))
		return NULL;
	*host = str_span(start, p);
	return p;
}

const char *sip_port_scan(const char *p, const char *end, uint16_t *port)
{
	const char *stop = lex_skip(p, end, LEX_DIGIT);
	uint32_t value;

	if (str_u32(str_span(p, stop), UINT16_MAX, &value) != 0 || value == 0)
		return NULL;
	*port = (uint16_t)value;
	return stop;
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
	return ipv4_valid(s.p, str_end(s)) || ipv6_value(s, &addr);
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
