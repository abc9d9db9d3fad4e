#include "sip/own_request.h"

#include "sip/dialog.h"
#include "sip/forward.h"
#include "sip/loop.h"
#include "sip/mask.h"
#include "sip/net.h"
#include "sip/worker.h"

enum {
	OWN_REQUEST_MAX = 4096,
	OWN_REQUEST_EXPECT_MS = 40000, /* Timer F, and a little */
};

/* All that a request of ours consists of. */
struct own_request {
	enum sip_method method;
	struct str target;
	struct str route; /* Route value list; empty: none */
	struct str from, from_tag, to, to_tag; /* addresses without parameters */
	struct str call_id;
	uint32_t cseq;
	struct str extra; /* header lines */
};

void own_request_number(struct sip_build *b, e164_t number, struct str host)
{
	sip_build_lit(b, "<sip:");
	sip_build_number(b, number);
	sip_build_lit(b, "@");
	sip_build_str(b, host);
	sip_build_lit(b, ";user=phone>");
}

static void write_party(struct sip_build *b, struct str name, struct str address, struct str tag)
{
	sip_build_str(b, name);
	sip_build_lit(b, ": ");
	sip_build_str(b, address);
	if (!str_empty(tag)) {
		sip_build_lit(b, ";tag=");
		sip_build_str(b, tag);
	}
	sip_build_lit(b, "\r\n");
}

static int write_request(const struct worker *w, const struct flow *to, const struct own_request *r,
	struct str branch, char *out, size_t cap, size_t *len)
{
	struct sip_build b;

	sip_build_init(&b, out, cap);
	sip_build_str(&b, sip_method_name(r->method));
	sip_build_lit(&b, " ");
	sip_build_str(&b, r->target);
	sip_build_lit(&b, " SIP/2.0\r\n");
	forward_via(&b, to, net_advertise(w->net, to), branch);
	sip_build_lit(&b, "Max-Forwards: 70\r\n");
	if (!str_empty(r->route))
		sip_build_header(&b, str_lit("Route"), r->route);
	write_party(&b, str_lit("From"), r->from, r->from_tag);
	write_party(&b, str_lit("To"), r->to, r->to_tag);
	sip_build_header(&b, str_lit("Call-ID"), r->call_id);
	sip_build_lit(&b, "CSeq: ");
	sip_build_u32(&b, r->cseq);
	sip_build_lit(&b, " ");
	sip_build_str(&b, sip_method_name(r->method));
	sip_build_lit(&b, "\r\n");
	sip_build_str(&b, r->extra);
	sip_build_lit(&b, "Content-Length: 0\r\n\r\n");
	*len = b.len;
	return b.err;
}

/* Sends it with a transaction of its own; h NULL: nobody waits for the answer. */
static int send_request(struct worker *w, const struct flow *to, const struct own_request *r,
	txn_client_h *h, void *arg)
{
	char out[OWN_REQUEST_MAX];
	char branch_text[BRANCH_MAX];
	struct str branch = worker_branch(w, 0, branch_text);
	struct txn_client *ct;
	size_t len;
	int err = write_request(w, to, r, branch, out, sizeof(out), &len);

	if (!err)
		err = txn_client_new(
			&ct, w->txn, to, r->method, branch, out, len, h, arg, loop_now(w->loop));
	if (!err)
		guard_expect(w->guard, &to->peer, loop_now(w->loop), OWN_REQUEST_EXPECT_MS);
	if (!err && !h)
		txn_client_detach(ct);
	return err;
}

/* The same parties, target and route as the ACK of this 2xx. */
static void of_response(struct own_request *r, const struct sip_msg *ok, struct str route)
{
	r->target = str_empty(ok->contact.all) ? ok->to.uri.all : ok->contact.uri.all;
	r->route = route;
	r->from = sip_addr_part(&ok->from);
	r->from_tag = ok->from.tag;
	r->to = sip_addr_part(&ok->to);
	r->to_tag = ok->to.tag;
	r->call_id = ok->call_id;
}

void own_request_ack(struct worker *w, const struct sip_msg *ok, const struct flow *peer)
{
	struct own_request r = {.method = SIP_ACK, .cseq = ok->cseq};
	char out[OWN_REQUEST_MAX], route[DIALOG_ROUTE_MAX], branch_text[BRANCH_MAX];
	struct flow to = *peer;
	size_t len;

	of_response(&r, ok, dialog_route_of_response(w, ok, route));
	struct str branch = worker_branch(w, 0, branch_text);
	if (write_request(w, &to, &r, branch, out, sizeof(out), &len) == 0)
		net_send(w->net, &to, out, len);
}

void own_request_bye_late(struct worker *w, const struct sip_msg *ok, const struct flow *peer)
{
	struct own_request r = {.method = SIP_BYE, .cseq = ok->cseq + 1};
	char route[DIALOG_ROUTE_MAX];

	r.extra = str_lit("Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
	of_response(&r, ok, dialog_route_of_response(w, ok, route));
	send_request(w, peer, &r, NULL, NULL);
}

static void of_call(struct own_request *r, const struct call *call, enum leg_side to)
{
	const struct leg *peer = &call->leg[to];
	const struct leg *self = &call->leg[!to];

	r->target = str_of(peer->contact);
	r->route = str_of(peer->route);
	r->from = str_of(self->address);
	r->from_tag = str_of(self->tag);
	r->to = str_of(peer->address);
	r->to_tag = str_of(peer->tag);
	r->call_id = (struct str){call->call_id, call->call_id_len};
	/* In the caller's name, as the callee counts. */
	if (to == LEG_CALLEE && call->mask)
		r->cseq += (uint32_t)call->mask->cseq_add;
}

void own_request_bye(struct call *call, enum leg_side to, struct str reason)
{
	struct own_request r = {
		.method = SIP_BYE, .cseq = call->leg[!to].cseq + 1, .extra = reason};

	of_call(&r, call, to);
	send_request(call->w, &call->leg[to].flow, &r, NULL, NULL);
}

int own_request_options(struct call *call, enum leg_side to, txn_client_h *h, void *arg)
{
	/* The number last seen from the side we speak for: its own next request stays in order. */
	struct own_request r = {.method = SIP_OPTIONS, .cseq = call->leg[!to].cseq};

	of_call(&r, call, to);
	return send_request(call->w, &call->leg[to].flow, &r, h, arg);
}
