#include "sip/register_request.h"

#include <errno.h>
#include <string.h>

#include "sip/contact.h"
#include "sip/sip_build.h"

static unsigned refuse(unsigned code, const char *why, struct str *reason)
{
	*reason = str_of(why);
	return code;
}

/* Is this option among the values of all headers of that id? */
static bool lists_option(const struct sip_msg *m, enum sip_hdr id, struct str option)
{
	struct str value;

	for (int i = sip_msg_first(m, id); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);

		while (!sip_list_next(&rest, &value)) {
			if (str_caseeq(value, option))
				return true;
		}
	}
	return false;
}

static bool is_option_tag(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '.' || c == '_'))
			return false;
	}
	return s.len > 0;
}

/* RFC 3261 8.2.2.3: what is understood here. */
static bool is_known_option(struct str option)
{
	return str_caseeq(option, str_lit("path")) || str_caseeq(option, str_lit("gin"));
}

static unsigned require_read(
	struct register_request *q, const struct sip_msg *m, struct str *reason)
{
	struct sip_build list;
	struct str value;

	sip_build_init(&list, q->unsupported, sizeof(q->unsupported));
	for (int i = sip_msg_first(m, SIP_HDR_REQUIRE); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);
		int err;

		while (!(err = sip_list_next(&rest, &value))) {
			if (!is_option_tag(value))
				return refuse(400, "Bad Require", reason);
			if (is_known_option(value))
				continue;
			if (list.len)
				sip_build_lit(&list, ", ");
			sip_build_str(&list, value);
		}
		if (str_empty(sip_msg_value(m, i)) || list.err || !str_empty(rest))
			return refuse(400, "Bad Require", reason);
	}
	q->unsupported_len = list.len;
	return list.len ? refuse(420, "Bad Extension", reason) : 0;
}

/* RFC 3327: written anew, bare, so that what goes into Route headers later is what was understood. */
static unsigned path_read(struct register_request *q, const struct sip_msg *m, struct str *reason)
{
	struct sip_build list;
	struct sip_addr hop;
	unsigned hops = 0;
	struct str value;

	sip_build_init(&list, q->path, sizeof(q->path));
	for (int i = sip_msg_first(m, SIP_HDR_PATH); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);

		while (!sip_addr_next(&rest, &hop)) {
			if (!hop.bracketed || hop.uri.scheme != SIP_SCHEME_SIP ||
				!sip_uri_param(&hop.uri, str_lit("lr"), &value) ||
				++hops > REGISTER_PATHS_MAX)
				return refuse(400, "Bad Path", reason);
			sip_build_str(&list, list.len ? str_lit(",<") : str_lit("<"));
			sip_build_str(&list, hop.uri.all);
			sip_build_lit(&list, ">");
		}
		if (!str_empty(rest))
			return refuse(400, "Bad Path", reason);
	}
	if (list.err)
		return refuse(400, "Path Too Long", reason);
	q->path_len = list.len;
	if (hops && !lists_option(m, SIP_HDR_SUPPORTED, str_lit("path")) &&
		!lists_option(m, SIP_HDR_REQUIRE, str_lit("path"))) {
		memcpy(q->unsupported, "path", 4);
		q->unsupported_len = 4;
		return refuse(420, "Bad Extension", reason);
	}
	return 0;
}

/* "1", "0", "0.5", "0.123": thousandths. */
static int q_parse(struct str s, uint16_t *q)
{
	unsigned n, digit = 100;

	if (!s.len || s.len > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.len > 1 && s.p[1] != '.'))
		return -1;
	n = s.p[0] == '1' ? 1000 : 0;
	for (size_t i = 2; i < s.len; i++, digit /= 10) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		n += (unsigned)(s.p[i] - '0') * digit;
	}
	if (n > 1000)
		return -1;
	*q = (uint16_t)n;
	return 0;
}

/* What is no number is taken for the default (RFC 3261 10.2.1.1 says 3600 for malformed values). */
static uint32_t expires_of(
	const struct sip_msg *m, const struct sip_addr *a, const struct register_limits *limits)
{
	uint32_t asked = m->has_expires ? m->expires : limits->expires_default;
	struct sip_param p;
	int err;

	if (sip_param_get(a->params, str_lit("expires"), &p)) {
		err = str_u32(p.value, UINT32_MAX, &asked);
		if (err)
			asked = err == ERANGE ? UINT32_MAX : limits->expires_default;
	}
	return asked > limits->expires_max ? limits->expires_max : asked;
}

/* Not behind NAT: the sender knows its own address. */
static bool knows_itself(const struct sip_msg *m, const union net_addr *source)
{
	union net_addr via;
	uint8_t a[16], b[16];

	if (net_addr_parse(&via, m->via.host, 0))
		return false;
	net_addr_octets(&via, a);
	net_addr_octets(source, b);
	return memcmp(a, b, sizeof(a)) == 0;
}

/* sip/registrar.h says where and why. */
static struct flow flow_of(const struct sip_msg *m, const struct sip_uri *contact,
	const struct flow *from, const struct register_limits *limits)
{
	uint16_t port = contact->port ? contact->port : flow_default_port(from->transport);
	struct flow flow = *from;
	union net_addr named;
	uint8_t its[16], source[16];

	if (m->first[SIP_HDR_PATH] >= 0 || !knows_itself(m, &from->peer) ||
		net_addr_parse(&named, contact->host, port) ||
		named.sa.sa_family != from->peer.sa.sa_family)
		return flow;
	net_addr_octets(&named, its);
	net_addr_octets(&from->peer, source);
	if (!memcmp(its, source, sizeof(its))) {
		if (flow_is_stream(&flow))
			flow.return_port = port;
		else
			net_addr_set_port(&flow.peer, port);
	} else if (cidr_permitted(its, limits->private_targets)) {
		flow.peer = named;
		flow.conn = 0;
		flow.return_port = flow_is_stream(&flow) ? port : 0;
	}
	return flow;
}

/* RFC 6140 5.2: a contact for all numbers names none, and its sender must know what it asks for. */
static unsigned bulk_refusal(
	const struct sip_msg *m, const struct sip_uri *contact, struct str *reason)
{
	if (!contact_is_bulk(contact))
		return 0;
	if (!str_empty(contact->user))
		return refuse(400, "bnc Contact With A User", reason);
	if (!lists_option(m, SIP_HDR_REQUIRE, str_lit("gin")))
		return refuse(421, "Extension Required", reason);
	return 0;
}

static unsigned scheme_refusal(
	const struct sip_uri *contact, const struct flow *from, struct str *reason)
{
	if (contact->scheme == SIP_SCHEME_SIP)
		return 0;
	if (contact->scheme != SIP_SCHEME_SIPS)
		return refuse(400, "Contact Is No sip URI", reason);
	if (from->transport != TRANSPORT_TLS)
		return refuse(400, "sips Contact Not Over TLS", reason);
	return 0;
}

static unsigned contact_read(struct binding_contact *c, const struct sip_msg *m,
	const struct sip_addr *a, const struct flow *from, const struct register_limits *limits,
	struct str *reason)
{
	struct sip_param q;
	unsigned code = scheme_refusal(&a->uri, from, reason);

	if (!code)
		code = bulk_refusal(m, &a->uri, reason);
	if (code)
		return code;
	c->uri = a->uri.all;
	if (a->uri.headers.p)
		c->uri.len = (size_t)(a->uri.headers.p - 1 - a->uri.all.p);
	if (c->uri.len > BINDING_CONTACT_MAX)
		return refuse(400, "Contact Too Long", reason);
	c->q = 1000;
	if (sip_param_get(a->params, str_lit("q"), &q) && q_parse(q.value, &c->q))
		return refuse(400, "Bad Contact q", reason);
	c->expires_seconds = expires_of(m, a, limits);
	if (c->expires_seconds && c->expires_seconds < limits->expires_min)
		return refuse(423, "Interval Too Brief", reason);
	c->flow = flow_of(m, &a->uri, from, limits);
	return 0;
}

static unsigned contacts_read(struct register_request *q, const struct sip_msg *m,
	const struct flow *from, const struct register_limits *limits, struct str *reason)
{
	struct sip_addr a;
	unsigned code;

	if (m->contact_star)
		return 0;
	for (int i = sip_msg_first(m, SIP_HDR_CONTACT); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);

		while (!sip_addr_next(&rest, &a)) {
			if (q->count == SIP_CONTACTS_MAX)
				return refuse(400, "Too Many Contacts", reason);
			code = contact_read(&q->contact[q->count++], m, &a, from, limits, reason);
			if (code)
				return code;
		}
	}
	return 0;
}

/* For the eyes of operators only: what could end a line anywhere is not kept. */
static void user_agent_read(struct register_request *q, const struct sip_msg *m)
{
	struct str agent = sip_msg_get(m, SIP_HDR_USER_AGENT);

	q->user_agent_len = agent.len < sizeof(q->user_agent) ? agent.len : sizeof(q->user_agent);
	for (size_t i = 0; i < q->user_agent_len; i++) {
		char c = agent.p[i];

		q->user_agent[i] = (char)((uint8_t)c < 0x20 || c == 0x7f ? ' ' : c);
	}
}

unsigned register_request_read(struct register_request *q, const struct sip_msg *m,
	const struct flow *from, const struct register_limits *limits, struct str *reason)
{
	unsigned code;

	q->count = 0;
	q->path_len = 0;
	q->unsupported_len = 0;
	if (m->call_id.len > BINDING_CALL_ID_MAX)
		return refuse(400, "Call-ID Too Long", reason);
	code = require_read(q, m, reason);
	if (!code)
		code = path_read(q, m, reason);
	if (!code)
		code = contacts_read(q, m, from, limits, reason);
	user_agent_read(q, m);
	return code;
}
