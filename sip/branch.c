#include "sip/branch.h"

#include <errno.h>
#include <stdlib.h>

#include "sip/digest_client.h"
#include "sip/diversion.h"
#include "sip/forward.h"
#include "sip/loop.h"
#include "sip/mask.h"
#include "sip/net.h"
#include "sip/own_request.h"
#include "sip/prober.h"
#include "sip/shown.h"
#include "sip/trunk_watch.h"
#include "sip/worker.h"

/* As long as it may ring, and Timer B. */
enum { BRANCH_EXPECT_MS = 600 * 1000 };

struct branch *branch_of(const struct call_setup *s, unsigned index)
{
	struct branch *b = s->branches;

	while (b && b->index != index)
		b = b->next;
	return b;
}

static void branch_free(struct branch *b)
{
	free(b->to_tag);
	free(b->response);
	free(b->mask);
	free(b->target.ruri);
	free(b->target.route);
	free(b->challenge);
	free(b);
}

void branch_cancel(struct branch *b, bool answered_elsewhere)
{
	/* RFC 3326: phones then do not list the call as missed. */
	struct str reason = answered_elsewhere
				    ? str_lit("Reason: SIP;cause=200;text=\"Call completed "
					      "elsewhere\"\r\n")
				    : str_lit("");
	b->cancelled = true;
	if (b->ct)
		txn_client_cancel(b->ct, reason, loop_now(b->w->loop));
}

void branch_orphan(struct branch *b)
{
	b->call = NULL;
	if (!b->ct)
		branch_free(b);
}

void branch_end_late(struct branch *b, const struct sip_msg *ok)
{
	own_request_ack(b->w, ok, &b->peer);
	if (!b->late_ended)
		own_request_bye_late(b->w, ok, &b->peer);
	b->late_ended = true;
}

/* Keeps what the set-up may need again: the tag of an early dialog, a final response. */
static void remember(struct branch *b, const struct sip_msg *m, const struct flow *from)
{
	if (!b->bound)
		b->peer = *from;
	if (m->status > 100 && m->status < 300 && !str_empty(m->to.tag) &&
		(!b->to_tag || !str_eq(str_of(b->to_tag), m->to.tag))) {
		free(b->to_tag);
		b->to_tag = strndup(m->to.tag.p, m->to.tag.len);
	}
	if (m->status < 300)
		return;
	free(b->response);
	b->response = malloc(m->len);
	b->response_len = b->response ? m->len : 0;
	if (b->response)
		memcpy(b->response, m->buf, m->len);
}

void branch_silent(struct branch *b)
{
	const struct attempt *a = &b->call->setup->plan.attempt[b->attempt];

	if (b->heard ||
		failover_outcome(b->call->setup->fo, b->attempt)->trigger != TRIGGER_NO_RESPONSE)
		return;
	b->heard = true;
	if (a->kind == ATTEMPT_SIP_ACCOUNT && a->auth_mode == AUTH_REGISTRATION)
		trunk_watch_call(b->w->trunk_watch, &a->sip_account_id, false);
}

/* What a call sees of a provisioned address is evidence of its health. */
static void evidence(struct branch *b, bool ok)
{
	const struct attempt *a = &b->call->setup->plan.attempt[b->attempt];

	if (a->kind == ATTEMPT_SIP_ACCOUNT && a->auth_mode == AUTH_REGISTRATION &&
		(ok || !b->heard))
		trunk_watch_call(b->w->trunk_watch, &a->sip_account_id, ok);
	b->heard = true;
	if (a->address.host)
		prober_evidence(b->w->prober, a->address.host, a->address.port,
			(enum transport)a->address.transport, ok);
}

static bool authorize(struct branch *b, const struct sip_msg *m);

static void branch_response(struct branch *b, const struct sip_msg *m, const struct flow *from)
{
	struct failover_event ev = {
		.kind = FAILOVER_RESPONSE, .branch = b->index, .status = m->status};

	if (!b->call || !b->call->setup) {
		if (m->status >= 200 && m->status < 300)
			branch_end_late(b, m);
		return;
	}
	evidence(b, m->status != 503 && m->status != 408);
	if (authorize(b, m))
		return;
	remember(b, m, from);
	setup_event(b->call, &ev, m);
}

static void branch_failed(struct branch *b, enum trigger trigger)
{
	struct failover_event ev = {
		.kind = FAILOVER_NETWORK, .branch = b->index, .trigger = trigger};

	if (!b->call || !b->call->setup)
		return;
	if (trigger != TRIGGER_NO_ANSWER)
		evidence(b, false);
	setup_event(b->call, &ev, NULL);
}

static void branch_ended(struct branch *b)
{
	b->ct = NULL;
	if (!b->call)
		branch_free(b);
}

static void branch_h(struct txn_client *ct, enum txn_event ev, const struct sip_msg *m,
	const struct flow *from, void *arg)
{
	struct branch *b = arg;

	(void)ct;
	switch (ev) {
	case TXN_RESPONSE:
		branch_response(b, m, from);
		break;
	case TXN_TIMEOUT:
		branch_failed(b, TRIGGER_NO_RESPONSE);
		break;
	case TXN_TRANSPORT:
		branch_failed(b, TRIGGER_UNREACHABLE);
		break;
	case TXN_TIMER_C:
		branch_cancel(b, false);
		branch_failed(b, TRIGGER_NO_ANSWER);
		break;
	case TXN_TERMINATED:
		branch_ended(b);
		break;
	}
}

/* Identities that contradict what the callee shall see; Identity signs the old From. */
static const enum sip_hdr masked_identities[] = {SIP_HDR_P_ASSERTED_IDENTITY,
	SIP_HDR_P_PREFERRED_IDENTITY, SIP_HDR_REMOTE_PARTY_ID, SIP_HDR_IDENTITY,
	SIP_HDR_IDENTITY_INFO, SIP_HDR_COUNT};
static const enum sip_hdr session_headers[] = {
	SIP_HDR_SESSION_EXPIRES, SIP_HDR_MIN_SE, SIP_HDR_COUNT};

/* Scratch for the texts of one INVITE. */
struct invite_texts {
	char top[2048], end[2048], from[SIP_LINE_MAX + 128], to[160];
	enum sip_hdr drop[16];
	unsigned drops;
};

static void drop_headers(struct invite_texts *x, const enum sip_hdr *list)
{
	while (*list != SIP_HDR_COUNT)
		x->drop[x->drops++] = *list++;
	x->drop[x->drops] = SIP_HDR_COUNT;
}

/* Why the call left the DID: the trigger of the last attempt before this one. */
static enum trigger left_because(const struct call_setup *s, unsigned attempt)
{
	enum trigger why = TRIGGER_NONE;

	for (unsigned i = 0; i < attempt; i++) {
		const struct attempt_outcome *o = failover_outcome(s->fo, i);
		if (o && !s->plan.attempt[i].diverts && o->trigger != TRIGGER_NONE)
			why = (enum trigger)o->trigger;
	}
	return why;
}

/* An internal number that a PBX called is no number to be diverted from. */
static void divert(struct call *call, unsigned attempt, const struct sip_msg *m,
	const struct setup_target *t, struct invite_texts *x, struct forward *f)
{
	const struct attempt *a = &call->setup->plan.attempt[attempt];
	struct str host = net_advertise(call->w->net, &t->flow);
	struct diversion d = {.did = call->did,
		.host = host,
		.target = str_of(t->ruri),
		.trigger = left_because(call->setup, attempt)};
	struct sip_build b;

	if (call->did) {
		sip_build_init(&b, x->top, sizeof(x->top));
		if (t->route)
			sip_build_str(&b, str_of(t->route));
		diversion_line(&b, &d);
		f->top = sip_build_since(&b, 0);
		sip_build_init(&b, x->end, sizeof(x->end));
		diversion_history(&b, m, &d);
		f->end = sip_build_since(&b, 0);
	}
	sip_build_init(&b, x->from, sizeof(x->from));
	f->from = calling_party(&b, m, (enum calling_party_display)a->display,
		a->display == DISPLAY_CALLED_NUMBER ? call->did : a->display_number, host);
}

/* Delivery by To: the carrier's To may name who was called first, not the DID. */
static void deliver_to(struct call *call, e164_t did, const struct setup_target *t,
	struct invite_texts *x, struct forward *f)
{
	struct sip_build b;

	sip_build_init(&b, x->to, sizeof(x->to));
	own_request_number(&b, did, net_advertise(call->w->net, &t->flow));
	f->to = sip_build_since(&b, 0);
}

/* A builder that goes on behind what is in `end` already. */
static struct sip_build more_at_end(struct invite_texts *x, const struct forward *f)
{
	struct sip_build b;

	sip_build_init(&b, x->end, sizeof(x->end));
	b.len = f->end.len;
	return b;
}

static bool by_pbx(const struct call *call)
{
	return !uuid_is_zero(&call->origin.trunk_id);
}

/* Who the called party shall see instead of the caller, by the rules of what diverted the call. */
static bool shows_another(const struct attempt *a)
{
	return a->diverts && (a->display == DISPLAY_CALLED_NUMBER || a->display == DISPLAY_FIXED);
}

/* What a PBX shows of itself. An error keeps the INVITE here: it must not go out with what it came with. A
 * caller inside of the account may have no number to show; what leaves it by a gateway is then anonymous. */
static int show_caller(struct branch *b, const struct sip_msg *m, const struct setup_target *t,
	struct invite_texts *x, struct forward *f)
{
	const struct call_setup *s = b->call->setup;
	const struct attempt *a = &s->plan.attempt[b->attempt];
	struct str host = net_advertise(b->w->net, &t->flow);
	bool to_gateway = a->kind == ATTEMPT_NUMBER, another = shows_another(a);
	struct caller_id shown = s->shown;
	struct sip_build from, end;

	if (!by_pbx(b->call))
		return 0;
	if (!s->shows)
		shown = (struct caller_id){.replaced = true, .anonymous = true};
	shown.replaced |= a->diverts && a->display == DISPLAY_CALLER_NUMBER;
	drop_headers(x, shown_drops(another || shown.replaced || shown.anonymous));
	if (another || (!s->shows && (!to_gateway || a->text)))
		return 0;
	sip_build_init(&from, x->from, sizeof(x->from));
	f->from = shown_from(&from, m, &shown, host);
	if (!s->shows)
		return from.err;
	end = more_at_end(x, f);
	shown_lines(&end, m, &shown, host, to_gateway);
	f->end = sip_build_since(&end, 0);
	return from.err ? from.err : end.err;
}

/* The session timer's lines. */
static void offer_session(
	struct call_setup *s, const struct sip_msg *m, struct invite_texts *x, struct forward *f)
{
	struct sip_build b = more_at_end(x, f);

	if (session_request(m, SESSION_DEFAULT, &s->session, &b) == SESSION_EDIT) {
		f->end = sip_build_since(&b, 0);
		drop_headers(x, session_headers);
	}
}

/* The answer to the gateway's challenge. Our INVITE is then another one than the caller's, and so are the
 * numbers of all requests that follow it (RFC 3261 22.2). */
static int add_credentials(
	struct branch *b, struct str uri, struct invite_texts *x, struct forward *f)
{
	const struct attempt *a = &b->call->setup->plan.attempt[b->attempt];
	const struct cfg_gateway *gw = cfg_gateway(b->w->cfg, &a->gateway_id);
	struct sip_build end = more_at_end(x, f);
	struct digest_identity who;
	int err;

	if (!b->challenge)
		return 0;
	if (!gw || !gw->registration.username)
		return EPERM;
	who = (struct digest_identity){
		str_of(gw->registration.username), str_of(gw->registration.password)};
	err = digest_challenge_answer(
		b->w->digest, b->challenge, &who, str_lit("INVITE"), uri, &end);
	f->end = sip_build_since(&end, 0);
	f->cseq_add = 1;
	return err ? err : end.err;
}

static int write_invite(
	struct branch *b, const struct setup_target *t, struct str branch, char *out, size_t *len)
{
	struct call *call = b->call;
	struct call_setup *s = call->setup;
	const struct attempt *a = &s->plan.attempt[b->attempt];
	struct invite_texts x = {.drop = {SIP_HDR_COUNT}};
	struct forward f = {
		.branch = branch, .ruri = str_of(t->ruri), .record_route = true, .drop = x.drop};
	struct sip_msg kept;
	const struct sip_msg *m = setup_invite(s, &kept);

	if (!m)
		return EINVAL;
	e164_t called = a->number ? a->number : call->did;
	if (t->route)
		f.top = str_of(t->route);
	if (a->diverts)
		divert(call, b->attempt, m, t, &x, &f);
	if (a->did_delivery == DELIVER_TO && called)
		deliver_to(call, called, t, &x, &f);
	int err = show_caller(b, m, t, &x, &f);
	if (err)
		return err;
	offer_session(s, m, &x, &f);
	err = add_credentials(b, str_of(t->ruri), &x, &f);
	if (err)
		return err;
	if (!str_empty(f.from) && !by_pbx(call))
		drop_headers(&x, masked_identities);
	if (!str_empty(f.from) || !str_empty(f.to) || f.cseq_add) {
		free(b->mask);
		b->mask = NULL;
		err = mask_new(&b->mask, m, f.from, f.to, f.cseq_add);
		if (err)
			return err;
	}
	return forward_request(call->w->net, m, &s->from, &t->flow, &f, out, FORWARD_MAX, len);
}

static int target_keep(struct setup_target *to, const struct setup_target *from)
{
	*to = *from;
	to->ruri = strdup(from->ruri);
	to->route = from->route ? strdup(from->route) : NULL;
	return to->ruri && (to->route || !from->route) ? 0 : ENOMEM;
}

static int send_invite(struct branch *b)
{
	struct worker *w = b->w;
	char branch_text[BRANCH_MAX];
	struct str branch = worker_branch(w, b->call->did, branch_text);
	size_t len = 0;
	int err = write_invite(b, &b->target, branch, w->out, &len);

	if (!err)
		err = txn_client_new(&b->ct, w->txn, &b->target.flow, SIP_INVITE, branch, w->out,
			len, branch_h, b, loop_now(w->loop));
	if (err)
		return err;
	b->peer = *txn_client_flow(b->ct);
	guard_expect(w->guard, &b->peer.peer, loop_now(w->loop), BRANCH_EXPECT_MS);
	return 0;
}

/* A gateway asks who we are: once, and only one that we have a password for. */
static bool authorize(struct branch *b, const struct sip_msg *m)
{
	const struct attempt *a = &b->call->setup->plan.attempt[b->attempt];
	const struct cfg_gateway *gw = cfg_gateway(b->w->cfg, &a->gateway_id);
	struct txn_client *old = b->ct;

	if ((m->status != 401 && m->status != 407) || b->challenge || b->cancelled || !old ||
		a->kind != ATTEMPT_NUMBER || !gw || !gw->registration.username)
		return false;
	b->challenge = malloc(sizeof(*b->challenge));
	if (!b->challenge || digest_challenge_read(b->challenge, m) || send_invite(b)) {
		b->ct = old;
		return false;
	}
	/* It acknowledges by itself what it got. */
	txn_client_detach(old);
	return true;
}

int branch_send(
	struct call *call, unsigned attempt, unsigned index, const struct setup_target *target)
{
	struct branch *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return ENOMEM;
	b->w = call->w;
	b->call = call;
	b->attempt = attempt;
	b->index = index;
	b->peer = target->flow;
	b->bound = target->bound;
	err = target_keep(&b->target, target);
	if (!err)
		err = send_invite(b);
	if (err) {
		branch_free(b);
		return err;
	}
	b->next = call->setup->branches;
	call->setup->branches = b;
	return 0;
}
