/* What the scanner checks in the values of single headers. */
#include "sip/lex.h"
#include "sip/scan_parts.h"

#include <arpa/inet.h>
#include <errno.h>

#define BIT(id) (UINT64_C(1) << (id))

_Static_assert(SIP_HDR_COUNT <= 64, "a set of header ids is a 64-bit word");

/* Headers that may come once only; two of one are two opinions of what the message says. */
static const uint64_t single =
	BIT(SIP_HDR_FROM) | BIT(SIP_HDR_TO) | BIT(SIP_HDR_CALL_ID) | BIT(SIP_HDR_CSEQ) |
	BIT(SIP_HDR_MAX_FORWARDS) | BIT(SIP_HDR_CONTENT_LENGTH) | BIT(SIP_HDR_CONTENT_TYPE) |
	BIT(SIP_HDR_EXPIRES) | BIT(SIP_HDR_MIN_EXPIRES) | BIT(SIP_HDR_SESSION_EXPIRES) |
	BIT(SIP_HDR_MIN_SE) | BIT(SIP_HDR_RSEQ) | BIT(SIP_HDR_RACK) | BIT(SIP_HDR_MAX_BREADTH) |
	BIT(SIP_HDR_REPLACES) | BIT(SIP_HDR_REFER_TO) | BIT(SIP_HDR_EVENT) | BIT(SIP_HDR_TIMESTAMP);

/* RFC 4475 3.3.10: a response is never led to a broadcast or multicast address. */
static bool is_unicast(struct str host)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr addr;

	if (host.p[0] != '2' || str_copy(text, sizeof(text), host) != 0)
		return true;
	return inet_pton(AF_INET, text, &addr) != 1 || ntohl(addr.s_addr) < 0xe0000000u;
}

static void via_value(struct scan *s, struct str rest)
{
	struct sip_msg *m = s->m;
	struct sip_via *via = &m->via, other;
	int err;

	if (m->via_count > 0)
		via = &other;
	if (str_empty(rest))
		scan_refuse(s, SIP_FAULT_VIA);
	while ((err = sip_via_next(&rest, via)) == 0) {
		if (m->via_count++ == 0)
			m->via_ok = true;
		if (!m->request && !is_unicast(via->host))
			scan_refuse(s, SIP_FAULT_VIA_ADDRESS);
		via = &other;
	}
	/* RFC 4475 3.2.1: the cookie alone identifies no transaction. */
	if (m->via_ok && str_eq(m->via.branch, str_lit("z9hG4bK")))
		scan_refuse(s, SIP_FAULT_BRANCH);
	if (err != ENOENT)
		scan_refuse(s, SIP_FAULT_VIA);
	if (m->via_count > SIP_VIAS_MAX)
		scan_refuse(s, SIP_FAULT_TOO_MANY_VALUES);
	/* A second line after a first one that failed must not become the top. */
	if (m->via_count == 0)
		m->via_count = 1;
}

/* From and To: no header part in the URI (RFC 3261 19.1.1, table 1). */
static bool party_value(struct str value, struct sip_addr *addr)
{
	return sip_addr_parse(addr, value) == 0 && str_empty(addr->uri.headers);
}

static void from_value(struct scan *s, struct str value)
{
	s->m->from_ok = party_value(value, &s->m->from);
	if (!s->m->from_ok)
		scan_refuse(s, SIP_FAULT_FROM);
}

static void to_value(struct scan *s, struct str value)
{
	s->m->to_ok = party_value(value, &s->m->to);
	if (!s->m->to_ok)
		scan_refuse(s, SIP_FAULT_TO);
}

/* More than RFC 3261's words: "=" and ";" are seen in the field, and nothing is to be parsed in it. */
static void call_id_value(struct scan *s, struct str value)
{
	const char *end = str_end(value), *p = lex_skip(value.p, end, LEX_WORD);

	if (p > value.p && p < end && *p == '@' && p + 1 < end)
		p = lex_skip(p + 1, end, LEX_WORD);
	if (str_empty(value) || p != end)
		scan_refuse(s, SIP_FAULT_CALL_ID);
	else
		s->m->call_id = value;
}

static void cseq_value(struct scan *s, struct str value)
{
	const char *end = str_end(value), *digits = lex_skip(value.p, end, LEX_DIGIT);
	const char *method = lex_lws(digits, end);

	s->cseq_method = str_span(method, end);
	if (str_u32(str_span(value.p, digits), INT32_MAX, &s->m->cseq) != 0 || method == digits ||
		method == end || lex_skip(method, end, LEX_TOKEN) != end)
		scan_refuse(s, SIP_FAULT_CSEQ);
}

static void max_forwards_value(struct scan *s, struct str value)
{
	uint32_t hops;

	if (str_u32(value, 255, &hops) != 0)
		scan_refuse(s, SIP_FAULT_MAX_FORWARDS);
	else
		s->m->max_forwards = (int)hops;
}

static void expires_value(struct scan *s, struct str value)
{
	int err = str_u32(value, UINT32_MAX, &s->m->expires);

	if (err == ERANGE)
		s->m->expires = UINT32_MAX;
	else if (err)
		scan_refuse(s, SIP_FAULT_EXPIRES);
	s->m->has_expires = true;
}

static void content_length_value(struct scan *s, struct str value)
{
	if (str_u32(value, SIP_STREAM_MAX, &s->content_length) != 0)
		scan_refuse(s, SIP_FAULT_CONTENT_LENGTH);
	s->has_content_length = true;
}

/* type "/" subtype *(";" parameter) */
static void content_type_value(struct scan *s, struct str rest)
{
	const char *end = str_end(rest), *p = lex_skip(rest.p, end, LEX_TOKEN), *slash, *subtype;
	struct sip_param param;
	int err = EINVAL;

	slash = lex_lws(p, end);
	if (p > rest.p && slash < end && *slash == '/') {
		subtype = lex_lws(slash + 1, end);
		p = lex_skip(subtype, end, LEX_TOKEN);
		rest = str_span(p, end);
		while (p > subtype && (err = sip_param_next(&rest, &param)) == 0)
			;
	}
	if (err != ENOENT)
		scan_refuse(s, SIP_FAULT_CONTENT_TYPE);
}

static void contact_value(struct scan *s, struct str rest)
{
	struct sip_msg *m = s->m;
	struct sip_addr *addr = &m->contact, other;
	int err;

	if (m->contact_count > 0)
		addr = &other;
	if (str_eq(rest, str_lit("*"))) {
		m->contact_star = true;
		m->contact_count++;
		return;
	}
	if (str_empty(rest))
		scan_refuse(s, SIP_FAULT_CONTACT);
	while ((err = sip_addr_next(&rest, addr)) == 0) {
		m->contact_count++;
		addr = &other;
	}
	if (err != ENOENT)
		scan_refuse(s, SIP_FAULT_CONTACT);
	if (m->contact_count > SIP_CONTACTS_MAX)
		scan_refuse(s, SIP_FAULT_TOO_MANY_VALUES);
}

/* Route, Record-Route, Path: <URI> without a header part; returns the number of values. */
static unsigned routes_value(struct scan *s, struct str rest)
{
	struct sip_addr addr;
	unsigned count = 0;
	int err;

	if (str_empty(rest))
		scan_refuse(s, SIP_FAULT_ROUTE);
	while ((err = sip_addr_next(&rest, &addr)) == 0) {
		if (!addr.bracketed || !str_empty(addr.uri.headers))
			scan_refuse(s, SIP_FAULT_ROUTE);
		count++;
	}
	if (err != ENOENT)
		scan_refuse(s, SIP_FAULT_ROUTE);
	return count;
}

static void routes_add(struct scan *s, struct str value, unsigned *count)
{
	*count += routes_value(s, value);
	if (*count > SIP_VIAS_MAX)
		scan_refuse(s, SIP_FAULT_TOO_MANY_VALUES);
}

static void route_value(struct scan *s, struct str value)
{
	routes_add(s, value, &s->m->route_count);
}

static void record_route_value(struct scan *s, struct str value)
{
	routes_add(s, value, &s->m->record_route_count);
}

static void path_value(struct scan *s, struct str value)
{
	routes_add(s, value, &s->m->path_count);
}

typedef void check_h(struct scan *s, struct str value);

static check_h *const checks[SIP_HDR_COUNT] = {
	[SIP_HDR_VIA] = via_value,
	[SIP_HDR_FROM] = from_value,
	[SIP_HDR_TO] = to_value,
	[SIP_HDR_CALL_ID] = call_id_value,
	[SIP_HDR_CSEQ] = cseq_value,
	[SIP_HDR_MAX_FORWARDS] = max_forwards_value,
	[SIP_HDR_EXPIRES] = expires_value,
	[SIP_HDR_CONTENT_LENGTH] = content_length_value,
	[SIP_HDR_CONTENT_TYPE] = content_type_value,
	[SIP_HDR_CONTACT] = contact_value,
	[SIP_HDR_ROUTE] = route_value,
	[SIP_HDR_RECORD_ROUTE] = record_route_value,
	[SIP_HDR_PATH] = path_value,
};

void scan_value(struct scan *s, int i)
{
	struct sip_msg *m = s->m;
	enum sip_hdr id = (enum sip_hdr)m->header[i].id;

	if (id == SIP_HDR_OTHER)
		return;
	if (m->first[id] < 0) {
		m->first[id] = (int8_t)i;
	} else if (single & BIT(id)) {
		scan_refuse(s, SIP_FAULT_DUPLICATE);
		return;
	}
	if (checks[id])
		checks[id](s, sip_msg_value(m, i));
}
