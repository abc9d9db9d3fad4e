#include "sip/relay.h"

#include <stdlib.h>

#include "sip/answer.h"
#include "sip/dialog.h"
#include "sip/forward.h"
#include "sip/loop.h"
#include "sip/mask.h"
#include "sip/session_timer.h"
#include "sip/watch.h"
#include "sip/worker.h"

/* Timer B or F, and a little. */
enum { RELAY_EXPECT_MS = 40000 };

struct relay {
	struct relay *next;
	struct worker *w;
	struct call *call; /* NULL: over */
	struct txn_server *st; /* NULL: it has its final response */
	struct txn_client *ct;
	enum leg_side from_side;
	char *request; /* for a reply of our own */
	size_t request_len;
	struct flow from;
	bool refreshes; /* INVITE or UPDATE */
	struct session_offer offer; /* all zero: no session timer was asked for */
	struct call_mask *mask; /* the call's, left to the BYE that ended it */
};

static void unlink_relay(struct relay *r)
{
	struct relay **at = r->call ? &r->call->relays : NULL;

	while (at && *at && *at != r)
		at = &(*at)->next;
	if (at && *at)
		*at = r->next;
	r->call = NULL;
}

static void relay_free(struct relay *r)
{
	unlink_relay(r);
	if (r->st)
		txn_server_listen(r->st, NULL, NULL);
	free(r->request);
	free(r->mask);
	free(r);
}

static void server_h(struct txn_server *st, enum txn_event ev, void *arg)
{
	struct relay *r = arg;

	(void)st;
	if (ev == TXN_TERMINATED)
		r->st = NULL;
}

static void reply_own(struct relay *r, unsigned code, const char *reason)
{
	struct sip_verdict v;
	struct sip_msg m;

	if (!r->st)
		return;
	sip_scan_kept(&m, r->request, r->request_len, &v);
	if (v.kind == SIP_SCAN_OK)
		answer(r->w, r->st, &m, &r->from, code, reason, NULL);
	txn_server_listen(r->st, NULL, NULL);
	r->st = NULL;
}

/* A target and session refresh (RFC 3261 12.2.1.2, RFC 4028 section 8). */
static void refreshed(
	struct relay *r, const struct sip_msg *m, const struct flow *from, struct sip_build *b)
{
	uint32_t interval;

	session_response(m, &r->offer, &interval, b);
	if (!r->call)
		return;
	dialog_retarget(r->call, (enum leg_side) !r->from_side, m, from);
	watch_refreshed(r->call, interval);
}

static void pass_response(struct relay *r, const struct sip_msg *m, const struct flow *from)
{
	struct worker *w = r->w;
	struct forward f = {.drop = NULL};
	char lines[128];
	struct sip_build b;
	size_t len;

	if (m->status == 100)
		return;
	sip_build_init(&b, lines, sizeof(lines));
	mask_apply(r->call ? r->call->mask : r->mask, r->from_side == LEG_CALLEE,
		r->from_side == LEG_CALLER, &f);
	if (r->refreshes && m->status >= 200 && m->status < 300)
		refreshed(r, m, from, &b);
	f.end = sip_build_since(&b, 0);
	if (!r->st || forward_response(m, &f, w->out, FORWARD_MAX, &len))
		return;
	txn_server_reply(r->st, m->status, w->out, len, loop_now(w->loop));
	/* A 2xx to a re-INVITE may come again until its ACK gets through; others are final. */
	if (m->status >= 300 || (m->status >= 200 && m->method != SIP_INVITE)) {
		txn_server_listen(r->st, NULL, NULL);
		r->st = NULL;
	}
}

static void client_h(struct txn_client *ct, enum txn_event ev, const struct sip_msg *m,
	const struct flow *from, void *arg)
{
	struct relay *r = arg;

	(void)ct;
	switch (ev) {
	case TXN_RESPONSE:
		pass_response(r, m, from);
		break;
	case TXN_TIMEOUT:
		reply_own(r, 408, "Request Timeout");
		break;
	case TXN_TRANSPORT:
		reply_own(r, 503, "Service Unavailable");
		break;
	case TXN_TIMER_C:
		txn_client_cancel(r->ct, str_lit(""), loop_now(r->w->loop));
		break;
	case TXN_TERMINATED:
		relay_free(r);
		break;
	}
}

static int send_on(
	struct relay *r, const struct sip_msg *m, const struct flow *from, const struct flow *to)
{
	struct worker *w = r->w;
	char branch_text[BRANCH_MAX];
	struct forward f = {.branch = worker_branch(w, 0, branch_text)};
	size_t len;

	mask_apply(r->call->mask, r->from_side == LEG_CALLER, r->from_side == LEG_CALLER, &f);
	/* Dialogs keep their route set, but a target refresh re-records it for what restarts. */
	f.record_route = m->method == SIP_INVITE;
	int err = forward_request(w->net, m, from, to, &f, w->out, FORWARD_MAX, &len);
	if (err)
		return err;
	return txn_client_new(&r->ct, w->txn, to, m->method, f.branch, w->out, len, client_h, r,
		loop_now(w->loop));
}

void relay_start(struct call *call, enum leg_side from_side, struct txn_server *st,
	const struct sip_msg *m, const struct flow *from, const struct flow *to)
{
	struct worker *w = call->w;
	struct relay *r = calloc(1, sizeof(*r));

	if (r)
		r->request = malloc(m->len);
	if (!r || !r->request) {
		free(r);
		answer(w, st, m, from, 503, "Service Unavailable", NULL);
		return;
	}
	memcpy(r->request, m->buf, m->len);
	r->request_len = m->len;
	r->w = w;
	r->call = call;
	r->from = *from;
	r->from_side = from_side;
	r->st = st;
	r->refreshes = m->method == SIP_INVITE || m->method == SIP_UPDATE;
	if (r->refreshes && sip_msg_first(m, SIP_HDR_SESSION_EXPIRES) >= 0)
		session_offered(m, &r->offer);
	if (r->refreshes)
		dialog_retarget(call, from_side, m, from);
	txn_server_listen(st, server_h, r);
	r->next = call->relays;
	call->relays = r;
	if (m->method == SIP_INVITE)
		answer(w, st, m, from, 100, "Trying", NULL);
	guard_expect(w->guard, &to->peer, loop_now(w->loop), RELAY_EXPECT_MS);
	if (send_on(r, m, from, to)) {
		reply_own(r, 503, "Service Unavailable");
		relay_free(r);
	}
}

bool relay_cancel(struct call *call, struct txn_server *st)
{
	struct relay *r = call->relays;

	while (r && r->st != st)
		r = r->next;
	if (r && r->ct)
		txn_client_cancel(r->ct, str_lit(""), loop_now(r->w->loop));
	return r != NULL;
}

void relay_orphan(struct call *call)
{
	/* The newest is the BYE, if there is one: its response still needs the caller's addresses. */
	if (call->relays) {
		call->relays->mask = call->mask;
		call->mask = NULL;
	}
	while (call->relays) {
		struct relay *r = call->relays;
		call->relays = r->next;
		r->call = NULL;
	}
}
