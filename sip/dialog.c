#include "sip/dialog.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cidr.h"
#include "sip/answer.h"
#include "sip/forward.h"
#include "sip/loop.h"
#include "sip/mask.h"
#include "sip/net.h"
#include "sip/own_request.h"
#include "sip/relay.h"
#include "sip/sip_build.h"
#include "sip/watch.h"
#include "sip/worker.h"

/* Record-Route values of a message, from the top. */
static unsigned record_routes(const struct sip_msg *m, struct str value[SIP_VIAS_MAX])
{
	unsigned n = 0;

	for (int i = sip_msg_first(m, SIP_HDR_RECORD_ROUTE); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);
		while (n < SIP_VIAS_MAX && sip_list_next(&rest, &value[n]) == 0)
			n++;
	}
	return n;
}

static bool is_own(const struct worker *w, struct str value)
{
	struct sip_addr a;

	return sip_addr_parse(&a, value) == 0 && net_is_own(w->net, a.uri.host, a.uri.port);
}

static void add_value(struct sip_build *b, struct str value)
{
	if (b->len)
		sip_build_lit(b, ", ");
	sip_build_str(b, value);
}

struct str dialog_route_of_response(
	const struct worker *w, const struct sip_msg *ok, char text[DIALOG_ROUTE_MAX])
{
	struct str value[SIP_VIAS_MAX];
	unsigned n = record_routes(ok, value);
	unsigned own = 0;
	struct sip_build b;

	sip_build_init(&b, text, DIALOG_ROUTE_MAX);
	while (own < n && !is_own(w, value[own]))
		own++;
	/* Without our own value the callee dropped the list: nothing is known of what lies behind. */
	for (unsigned i = own < n ? own : 0; i > 0; i--)
		add_value(&b, value[i - 1]);
	return sip_build_since(&b, 0);
}

static struct str route_of_invite(const struct sip_msg *m, char text[DIALOG_ROUTE_MAX])
{
	struct str value[SIP_VIAS_MAX];
	unsigned n = record_routes(m, value);
	struct sip_build b;

	sip_build_init(&b, text, DIALOG_ROUTE_MAX);
	for (unsigned i = 0; i < n; i++)
		add_value(&b, value[i]);
	return sip_build_since(&b, 0);
}

/* Where a literal URI leads, when we may send there and it is not just the peer behind its NAT. */
static bool flow_of_uri(
	struct worker *w, const struct sip_uri *uri, const struct flow *peer, struct flow *flow)
{
	uint8_t octets[16];
	union net_addr addr;

	if (net_addr_parse(
		    &addr, uri->host, uri->port ? uri->port : flow_default_port(peer->transport)))
		return false;
	net_addr_octets(&addr, octets);
	if (!cidr_permitted(octets, &w->private_targets))
		return false;
	return net_flow_to(w->net, (enum transport)peer->transport, &addr, flow) == 0;
}

/* The connection may be lost in mid-call: then a new one leads to where the peer says it listens, when
 * that is at its own address, and not to the port that it happened to call from. */
static void aim_return(struct flow *flow, const struct sip_uri *contact)
{
	union net_addr addr;
	uint8_t its[16], named[16];

	if (!contact || net_addr_parse(&addr, contact->host, 0))
		return;
	net_addr_octets(&addr, named);
	net_addr_octets(&flow->peer, its);
	if (memcmp(its, named, sizeof(its)) == 0)
		flow->return_port =
			contact->port ? contact->port : flow_default_port(flow->transport);
}

/* Where requests to a side go: its first Route, else its Contact, when these are addresses that can
 * be sent to; else, and for streams and registered PBXs, back to where its messages come from. */
static void leg_aim(
	struct worker *w, struct leg *leg, const struct flow *peer, const struct sip_uri *contact)
{
	struct str rest = str_of(leg->route);
	struct sip_addr route;
	struct flow flow;

	leg->flow = *peer;
	if (flow_is_stream(peer) && !leg->bound && str_empty(rest))
		aim_return(&leg->flow, contact);
	if (leg->bound || flow_is_stream(peer))
		return;
	if (!str_empty(rest)) {
		if (sip_addr_next(&rest, &route) == 0 && flow_of_uri(w, &route.uri, peer, &flow))
			leg->flow = flow;
		return;
	}
	if (contact && flow_of_uri(w, contact, peer, &flow))
		leg->flow = flow;
}

static struct str contact_text(const struct sip_msg *m, struct str fallback)
{
	return str_empty(m->contact.all) ? fallback : m->contact.uri.all;
}

void dialog_retarget(
	struct call *call, enum leg_side side, const struct sip_msg *m, const struct flow *from)
{
	struct leg *leg = &call->leg[side];

	if (call->setup || str_empty(m->contact.all) ||
		str_eq(m->contact.uri.all, str_of(leg->contact)))
		return;
	/* Without memory the old target stays, which most peers still answer at. */
	if (leg_set(leg, str_of(leg->tag), str_of(leg->address), m->contact.uri.all,
		    str_of(leg->route)) == 0)
		leg_aim(call->w, leg, from, &m->contact.uri);
}

int dialog_begin(struct call *call, const struct sip_msg *invite)
{
	struct leg *leg = &call->leg[LEG_CALLER];
	char route[DIALOG_ROUTE_MAX];

	leg->cseq = invite->cseq;
	return leg_set(leg, invite->from.tag, str_lit(""), contact_text(invite, str_lit("")),
		route_of_invite(invite, route));
}

/* As the callee knows the addresses: that is what requests of our own to it must show, and to the
 * caller the difference is only in the address, which no dialog is matched by. */
static int open_caller(struct call *call, const struct sip_msg *ok)
{
	struct leg *leg = &call->leg[LEG_CALLER];
	bool named = *leg->contact != '\0';
	struct sip_uri contact;
	int err = leg_set(leg, ok->from.tag, sip_addr_part(&ok->from),
		named ? str_of(leg->contact) : ok->from.uri.all, str_of(leg->route));

	leg->bound = call->setup->caller_bound;
	if (err)
		return err;
	named = named && sip_uri_parse(&contact, str_of(leg->contact)) == 0;
	leg_aim(call->w, leg, &call->setup->from, named ? &contact : NULL);
	return 0;
}

static int open_callee(struct call *call, const struct branch *b, const struct sip_msg *ok)
{
	struct leg *leg = &call->leg[LEG_CALLEE];
	char route[DIALOG_ROUTE_MAX];
	int err = leg_set(leg, ok->to.tag, sip_addr_part(&ok->to), contact_text(ok, ok->to.uri.all),
		dialog_route_of_response(call->w, ok, route));

	leg->bound = b->bound;
	if (!err)
		leg_aim(call->w, leg, &b->peer,
			str_empty(ok->contact.all) ? NULL : &ok->contact.uri);
	return err;
}

int dialog_open(struct call *call, const struct branch *b, const struct sip_msg *ok)
{
	int err = open_caller(call, ok);

	return err ? err : open_callee(call, b, ok);
}

static bool same_ip(const union net_addr *a, const union net_addr *b)
{
	uint8_t x[16], y[16];

	net_addr_octets(a, x);
	net_addr_octets(b, y);
	return memcmp(x, y, sizeof(x)) == 0;
}

/* Of a PBX's call the caller is one, and the called party is when the DID is ours. */
static bool is_pbx(const struct call *call, enum leg_side side)
{
	if (side == LEG_CALLER)
		return !uuid_is_zero(&call->origin.trunk_id);
	return call->direction == CALL_INBOUND || call->origin.inside;
}

bool dialog_source_ok(const struct call *call, enum leg_side side, const struct flow *from)
{
	uint8_t octets[16];

	if (!call->setup && same_ip(&from->peer, &call->leg[side].flow.peer))
		return true;
	if (call->setup && side == LEG_CALLER && same_ip(&from->peer, &call->setup->from.peer))
		return true;
	/* A carrier may send from any of its addresses, and so may a PBX with several. */
	if (worker_gateway(call->w, from))
		return true;
	net_addr_octets(&from->peer, octets);
	return is_pbx(call, side) && (cfg_sip_account_by_ip(call->w->cfg, octets) ||
					     worker_binding_source(call->w, from));
}

/* Where this request goes: the next Route behind ours, else the other side. */
static bool next_hop(
	struct call *call, enum leg_side side, const struct sip_msg *m, struct flow *to)
{
	struct sip_addr route;
	const struct flow *peer = NULL;

	if (!call->setup)
		peer = &call->leg[!side].flow;
	else
		peer = side == LEG_CALLER ? setup_early_peer(call, m->to.tag) : &call->setup->from;
	if (!peer)
		return false;
	*to = *peer;
	if (call->setup && forward_next_route(call->w->net, m, &route) == 0)
		flow_of_uri(call->w, &route.uri, peer, to);
	return true;
}

/* Tags and CSeq: RFC 3261 12.2.2. */
static bool in_dialog(const struct call *call, enum leg_side side, const struct sip_msg *m)
{
	if (call->setup)
		return true;
	return str_eq(m->from.tag, str_of(call->leg[side].tag)) &&
	       str_eq(m->to.tag, str_of(call->leg[!side].tag));
}

void dialog_request(
	struct worker *w, struct txn_server *st, const struct sip_msg *m, const struct flow *from)
{
	enum leg_side side;
	struct call *call = call_of(w, m, &side);
	struct flow to;

	if (!call || call->ended || !in_dialog(call, side, m) ||
		!dialog_source_ok(call, side, from) || !next_hop(call, side, m, &to)) {
		answer(w, st, m, from, 481, "Call/Transaction Does Not Exist", NULL);
		return;
	}
	if (m->cseq < call->leg[side].cseq) {
		answer(w, st, m, from, 500, "CSeq Out Of Order", NULL);
		return;
	}
	if (m->max_forwards == 0) {
		answer(w, st, m, from, 483, "Too Many Hops", NULL);
		return;
	}
	call->leg[side].cseq = m->cseq;
	call->leg[side].misses = 0;
	relay_start(call, side, st, m, from, &to);
	if (m->method == SIP_BYE && !call->setup)
		watch_end(call, side == LEG_CALLER ? END_CALLER : END_CALLEE);
}

void dialog_ack(struct worker *w, const struct sip_msg *m, const struct flow *from)
{
	enum leg_side side;
	struct call *call = call_of(w, m, &side);
	char branch_text[BRANCH_MAX];
	struct forward f = {.drop = NULL};
	size_t len;

	if (!call || call->setup || !in_dialog(call, side, m) ||
		!dialog_source_ok(call, side, from) || m->max_forwards == 0)
		return;
	struct flow to = call->leg[!side].flow;
	f.branch = worker_branch(w, 0, branch_text);
	mask_apply(call->mask, side == LEG_CALLER, side == LEG_CALLER, &f);
	if (forward_request(w->net, m, from, &to, &f, w->out, FORWARD_MAX, &len) == 0)
		net_send(w->net, &to, w->out, len);
}

void dialog_response(struct worker *w, const struct sip_msg *m, const struct flow *from)
{
	struct call *call = call_find(w, m->call_id, m->from.tag);
	struct forward f = {.drop = NULL};
	size_t len;

	if (m->method != SIP_INVITE || m->status < 200 || m->status > 299 || m->via_count < 2 ||
		!call || call->setup || !dialog_source_ok(call, LEG_CALLEE, from))
		return;
	if (!str_eq(m->to.tag, str_of(call->leg[LEG_CALLEE].tag))) {
		/* The INVITE forked behind us and a second phone answered. */
		own_request_ack(w, m, from);
		own_request_bye_late(w, m, from);
		return;
	}
	struct flow to = call->leg[LEG_CALLER].flow;
	mask_apply(call->mask, false, true, &f);
	if (forward_response(m, &f, w->out, FORWARD_MAX, &len) == 0)
		net_send(w->net, &to, w->out, len);
}
