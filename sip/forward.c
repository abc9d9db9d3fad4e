#include "sip/forward.h"

#include <errno.h>

#include "sip/net.h"
#include "sip/sip_build.h"
#include "sip/splice.h"

static struct str via_transport(const struct flow *flow)
{
	switch ((enum transport)flow->transport) {
	case TRANSPORT_TCP:
		return str_lit("TCP");
	case TRANSPORT_TLS:
		return str_lit("TLS");
	case TRANSPORT_UDP:
	case TRANSPORT_COUNT:
		break;
	}
	return str_lit("UDP");
}

struct str forward_transport_param(uint8_t transport)
{
	switch ((enum transport)transport) {
	case TRANSPORT_TCP:
		return str_lit(";transport=tcp");
	case TRANSPORT_TLS:
		return str_lit(";transport=tls");
	case TRANSPORT_UDP:
	case TRANSPORT_COUNT:
		break;
	}
	return str_lit("");
}

void forward_via(struct sip_build *b, const struct flow *to, struct str self, struct str branch)
{
	sip_build_lit(b, "Via: SIP/2.0/");
	sip_build_str(b, via_transport(to));
	sip_build_lit(b, " ");
	sip_build_str(b, self);
	sip_build_lit(b, ";branch=");
	sip_build_str(b, branch);
	sip_build_lit(b, ";rport\r\n");
}

/* A dialog that was begun with a sips URI stays one (RFC 3261 16.6 item 4). */
static void write_record_route(
	struct sip_build *b, const struct net *net, const struct flow *side, bool sips)
{
	sips = sips && side->transport == TRANSPORT_TLS;
	sip_build_lit(b, "Record-Route: <");
	sip_build_str(b, sips ? str_lit("sips:") : str_lit("sip:"));
	sip_build_str(b, net_advertise(net, side));
	if (!sips)
		sip_build_str(b, forward_transport_param(side->transport));
	sip_build_lit(b, ";lr>\r\n");
}

/* One value serves both sides when both are reached by the same listener; else each side gets
 * the one that it can reach, the callee's on top (RFC 5658). */
static void write_record_routes(struct sip_build *b, const struct net *net, const struct flow *from,
	const struct flow *to, bool sips)
{
	write_record_route(b, net, to, sips);
	if (from->transport != to->transport ||
		!str_eq(net_advertise(net, from), net_advertise(net, to)))
		write_record_route(b, net, from, sips);
}

static bool is_sips(struct str uri)
{
	return uri.len > 5 && str_caseeq((struct str){uri.p, 5}, str_lit("sips:"));
}

/* Walks Route values from the top; the handler's answer says whether to go on. */
struct route_walk {
	const struct sip_msg *m;
	int line;
	struct str rest;
};

static int route_next(struct route_walk *w, struct sip_addr *a)
{
	while (w->line >= 0) {
		int err = sip_addr_next(&w->rest, a);
		if (err != ENOENT)
			return err;
		w->line = sip_msg_next(w->m, w->line);
		if (w->line >= 0)
			w->rest = sip_msg_value(w->m, w->line);
	}
	return ENOENT;
}

static struct route_walk route_walk(const struct sip_msg *m)
{
	struct route_walk w = {m, sip_msg_first(m, SIP_HDR_ROUTE), {NULL, 0}};

	if (w.line >= 0)
		w.rest = sip_msg_value(m, w.line);
	return w;
}

unsigned forward_own_routes(const struct net *net, const struct sip_msg *m)
{
	struct route_walk w = route_walk(m);
	struct sip_addr a;
	unsigned n = 0;

	while (route_next(&w, &a) == 0 && net_is_own(net, a.uri.host, a.uri.port))
		n++;
	return n;
}

int forward_next_route(const struct net *net, const struct sip_msg *m, struct sip_addr *route)
{
	struct route_walk w = route_walk(m);
	int err;

	do
		err = route_next(&w, route);
	while (err == 0 && net_is_own(net, route->uri.host, route->uri.port));
	return err;
}

/* Takes the first n values off. They may share lines with each other and with those behind. */
static void cut_routes(struct sip_splice *s, const struct sip_msg *m, unsigned n)
{
	for (int i = sip_msg_first(m, SIP_HDR_ROUTE); i >= 0 && n > 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);
		struct str value;
		const char *start = rest.p;

		while (n > 0 && sip_list_next(&rest, &value) == 0)
			n--;
		while (rest.len > 0 && (*rest.p == ' ' || *rest.p == '\t')) {
			rest.p++;
			rest.len--;
		}
		if (str_empty(rest))
			sip_splice_delete(s, i);
		else
			sip_splice_replace(s, str_span(start, rest.p), (struct str){NULL, 0});
	}
}

/* Texts that must live until the message is written. */
struct cseq_texts {
	char cseq[12], rack[12];
};

static void replace_number(struct sip_splice *s, struct str old, int64_t number, char text[12])
{
	struct sip_build b;

	sip_build_init(&b, text, 12);
	sip_build_u32(&b, (uint32_t)number);
	sip_splice_replace(s, old, sip_build_since(&b, 0));
}

static struct str digits_at(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return str_span(start, p);
}

/* "776656 1 INVITE": the second number is a CSeq (RFC 3262 section 7.2). */
static struct str rack_cseq(struct str rack)
{
	const char *end = str_end(rack), *p = str_end(digits_at(rack.p, end));

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return digits_at(p, end);
}

static void cseq_edits(
	struct sip_splice *s, const struct sip_msg *m, int32_t add, struct cseq_texts *x)
{
	struct str value = sip_msg_get(m, SIP_HDR_CSEQ), rack = sip_msg_get(m, SIP_HDR_RACK);
	uint32_t number;

	if (!add)
		return;
	replace_number(s, digits_at(value.p, str_end(value)), (int64_t)m->cseq + add, x->cseq);
	if (str_empty(rack))
		return;
	rack = rack_cseq(rack);
	if (str_u32(rack, INT32_MAX, &number) == 0)
		replace_number(s, rack, (int64_t)number + add, x->rack);
}

static void common_edits(struct sip_splice *s, const struct sip_msg *m, const struct forward *f,
	struct cseq_texts *x)
{
	cseq_edits(s, m, f->cseq_add, x);
	if (!str_empty(f->from))
		sip_splice_replace(s, sip_addr_part(&m->from), f->from);
	if (!str_empty(f->to))
		sip_splice_replace(s, sip_addr_part(&m->to), f->to);
	if (!str_empty(f->end))
		sip_splice_append(s, f->end);
	sip_splice_content_length(s);
	for (const enum sip_hdr *d = f->drop; d && *d != SIP_HDR_COUNT; d++)
		sip_splice_delete_all(s, *d);
}

int forward_request(const struct net *net, const struct sip_msg *m, const struct flow *from,
	const struct flow *to, const struct forward *f, char *out, size_t cap, size_t *len)
{
	struct sip_splice s;
	char top[512];
	char ip[FLOW_IP_TEXT_MAX];
	struct cseq_texts x;
	struct sip_build b;

	sip_build_init(&b, top, sizeof(top));
	forward_via(&b, to, net_advertise(net, to), f->branch);
	if (f->record_route)
		write_record_routes(
			&b, net, from, to, is_sips(str_empty(f->ruri) ? m->ruri.all : f->ruri));
	if (b.err)
		return b.err;
	sip_splice_init(&s, m);
	sip_splice_prepend(&s, sip_build_since(&b, 0));
	if (!str_empty(f->top))
		sip_splice_prepend(&s, f->top);
	sip_splice_received(&s, net_addr_ip(&from->peer, ip), net_addr_port(&from->peer));
	sip_splice_max_forwards(&s, 70);
	if (!str_empty(f->ruri))
		sip_splice_replace(&s, m->ruri.all, f->ruri);
	cut_routes(&s, m, forward_own_routes(net, m));
	common_edits(&s, m, f, &x);
	return sip_splice_write(&s, out, cap, len);
}

int forward_response(
	const struct sip_msg *m, const struct forward *f, char *out, size_t cap, size_t *len)
{
	struct cseq_texts x;
	struct sip_splice s;

	sip_splice_init(&s, m);
	sip_splice_delete_first_value(&s, sip_msg_first(m, SIP_HDR_VIA));
	common_edits(&s, m, f, &x);
	return sip_splice_write(&s, out, cap, len);
}
