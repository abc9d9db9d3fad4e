#include "sip/dispatch.h"

#include <errno.h>
#include <stdio.h>

#include "core/log.h"
#include "sip/answer.h"
#include "sip/auth.h"
#include "sip/caller.h"
#include "sip/dialog.h"
#include "sip/forward.h"
#include "sip/guard.h"
#include "sip/inbound.h"
#include "sip/loop.h"
#include "sip/outbound.h"
#include "sip/registrar.h"
#include "sip/relay.h"
#include "sip/reply.h"
#include "sip/setup.h"
#include "sip/sip_build.h"
#include "sip/worker.h"

#define ALLOW                                                                                      \
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, INFO, REFER, "         \
	"NOTIFY\r\n"

enum { CONFIG_EXPECTED_MS = 3000, CHALLENGE_MAX = 1536 };

static void reply_stateless(struct worker *w, const struct sip_msg *m, const struct flow *from,
	size_t max, const struct sip_reply *r)
{
	if (txn_reply_stateless(w->txn, m, from, r, max))
		w->stats.unanswered++;
}

static void refused(struct worker *w, const struct sip_msg *m, const struct flow *from,
	enum guard_class class, const struct sip_verdict *v)
{
	static struct log_kind kind = LOG_KIND("sip_refused", LOG_LEVEL_INFO);
	char ip[FLOW_IP_TEXT_MAX];
	struct str source = net_addr_ip(&from->peer, ip);
	struct sip_reply r = {.code = v->code, .reason = str_of(v->reason)};

	w->stats.faults[v->fault]++;
	log_limited(&kind, "%s from %.*s", v->word, (int)source.len, source.p);
	if (v->kind == SIP_SCAN_REPLY)
		reply_stateless(w, m, from, guard_reply_max(class, m, from), &r);
}

static bool in_call(struct worker *w, const struct sip_msg *m, const struct flow *from)
{
	enum leg_side side;
	struct call *call = call_of(w, m, &side);

	return call && dialog_source_ok(call, side, from);
}

/* True: the stranger's request has been dealt with. No transaction is made for it: that would send
 * its answer again and again. */
static bool stop_stranger(struct worker *w, const struct sip_msg *m, const struct flow *from)
{
	static const struct sip_reply forbidden = {.code = 403, .reason = STR("Forbidden")};
	static const struct sip_reply no_call = {
		.code = 481, .reason = STR("Call/Transaction Does Not Exist")};
	size_t max = flow_is_stream(from) ? 0 : m->len;

	switch (guard_request(w->guard, m, from, in_call(w, m, from))) {
	case GUARD_OK:
		return false;
	case GUARD_UNKNOWN_SOURCE:
		reply_stateless(w, m, from, max, &forbidden);
		return true;
	case GUARD_NO_CALL:
		reply_stateless(w, m, from, max, &no_call);
		return true;
	default:
		return true;
	}
}

static bool stop_register(
	struct worker *w, const struct sip_msg *m, const struct flow *from, enum guard_class class)
{
	struct registrar_answer *a = &w->registrar_answer;
	size_t max = guard_reply_max(class, m, from);

	if (!registrar_front(w->registrar, w->cfg, m, from, max, loop_now(w->loop), a))
		return false;
	if (a->code) {
		struct sip_reply r = registrar_reply(a);
		reply_stateless(w, m, from, max, &r);
	}
	return true;
}

/* The answer to one whose password is missing or wrong. room: octets that the challenges may have. */
static struct sip_reply challenge(struct worker *w, const struct sip_msg *m,
	const struct flow *from, enum auth_verdict v, size_t room, char lines[CHALLENGE_MAX])
{
	struct sip_reply r = {.code = 407, .reason = STR("Proxy Authentication Required")};
	uint8_t source[16];
	struct sip_build b;

	if (v == AUTH_MALFORMED)
		return (struct sip_reply){.code = 400, .reason = STR("Bad Credentials")};
	if (v == AUTH_REFUSED)
		return (struct sip_reply){.code = 403, .reason = STR("Forbidden")};
	net_addr_octets(&from->peer, source);
	sip_build_init(&b, lines, CHALLENGE_MAX);
	auth_challenge(w->auth, m, source, v, room, loop_now(w->loop), &b);
	r.extra = sip_build_since(&b, 0);
	return r;
}

/*
 * Nobody is known by this INVITE, and it must say whose it is: asked without a transaction, as with
 * REGISTER. One that has a transaction was asked, and answered, before.
 */
static bool stop_invite(
	struct worker *w, const struct sip_msg *m, const struct flow *from, enum guard_class class)
{
	size_t max = guard_reply_max(class, m, from);
	char lines[CHALLENGE_MAX];
	enum auth_verdict v;
	struct sip_reply r;
	uint8_t source[16];

	if (!str_empty(m->to.tag) || txn_knows(w->txn, m) || !caller_must_prove(w, m, from))
		return false;
	net_addr_octets(&from->peer, source);
	v = auth_front(w->auth, w->cfg, m, source, loop_now(w->loop));
	if (v == AUTH_PROVED)
		return false;
	if (v == AUTH_SILENT)
		return true;
	r = challenge(w, m, from, v, SIZE_MAX, lines);
	if (txn_reply_stateless(w->txn, m, from, &r, max) != EMSGSIZE)
		return true;
	r = challenge(w, m, from, v, 0, lines); /* MD5 alone */
	reply_stateless(w, m, from, max, &r);
	return true;
}

/*
 * Before the first configuration nobody is known, so nobody may be refused as a stranger. It comes
 * from disk in less than a second, which retransmissions bridge; 503 when it is not there. Calls
 * from before a restart need none.
 */
static bool stop_unready(
	struct worker *w, const struct sip_msg *m, const struct flow *from, enum guard_class class)
{
	static const struct sip_reply unavailable = {.code = 503,
		.reason = STR("Service Unavailable"),
		.extra = STR("Retry-After: 5\r\n")};
	int64_t now = loop_now(w->loop);

	if (w->cfg != w->no_cfg || m->method == SIP_ACK || m->method == SIP_CANCEL ||
		!str_empty(m->to.tag))
		return false;
	if (now - w->started_ms >= CONFIG_EXPECTED_MS)
		reply_stateless(w, m, from, guard_reply_max(class, m, from), &unavailable);
	return true;
}

void dispatch_recv(const char *buf, size_t len, const struct flow *from, void *arg)
{
	struct worker *w = arg;
	enum guard_class class;
	struct sip_verdict v;
	struct sip_msg m;

	if (guard_admit(w->guard, from, loop_now(w->loop), &class) != GUARD_OK)
		return;
	if (flow_is_stream(from))
		sip_scan_stream(&m, buf, len, &v);
	else
		sip_scan(&m, buf, len, &v);
	if (v.kind == SIP_SCAN_KEEPALIVE)
		return;
	if (v.kind != SIP_SCAN_OK) {
		refused(w, &m, from, class, &v);
		return;
	}
	if (m.request) {
		if (stop_unready(w, &m, from, class))
			return;
		if (class == GUARD_STRANGER && stop_stranger(w, &m, from))
			return;
		if (m.method == SIP_INVITE && stop_invite(w, &m, from, class))
			return;
		if (m.method == SIP_REGISTER && stop_register(w, &m, from, class))
			return;
	}
	txn_input(w->txn, &m, from, loop_now(w->loop));
}

void dispatch_error(const struct flow *peer, int err, void *arg)
{
	struct worker *w = arg;

	(void)err;
	txn_net_error(w->txn, peer);
	if (peer->conn)
		binding_conn_gone(w->bindings, peer->conn);
}

/* We need no extension to proxy, but what asks for bulk registration passes proxies (RFC 6140 5.1). */
static bool is_supported(const struct sip_msg *m, struct str option)
{
	return m->method == SIP_REGISTER && str_caseeq(option, str_lit("gin"));
}

/* An Unsupported line for each such option; true when there is any, also when its text is too odd to be
 * written. */
static bool unsupported_write(struct sip_build *b, const struct sip_msg *m, enum sip_hdr id)
{
	struct str option;
	bool any = false;

	for (int i = sip_msg_first(m, id); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);

		while (!sip_list_next(&rest, &option)) {
			if (is_supported(m, option))
				continue;
			sip_build_header(b, str_lit("Unsupported"), option);
			any = true;
		}
		any = any || !str_empty(rest) || str_empty(sip_msg_value(m, i));
	}
	return any;
}

/* RFC 3261 16.3 item 5. */
static bool bad_extension(
	struct worker *w, struct txn_server *st, const struct sip_msg *m, const struct flow *from)
{
	char lines[SIP_LINE_MAX];
	struct sip_build b;
	bool ours = m->method == SIP_OPTIONS; /* of a REGISTER the registrar knows more */
	bool bad;

	sip_build_init(&b, lines, sizeof(lines) - 1);
	bad = unsupported_write(&b, m, SIP_HDR_PROXY_REQUIRE);
	if (ours)
		bad = unsupported_write(&b, m, SIP_HDR_REQUIRE) || bad;
	if (!bad)
		return false;
	lines[b.err ? 0 : b.len] = '\0';
	answer(w, st, m, from, 420, "Bad Extension", lines);
	return true;
}

static void register_request(
	struct worker *w, struct txn_server *st, const struct sip_msg *m, const struct flow *from)
{
	struct registrar_answer *a = &w->registrar_answer;

	registrar_request(
		w->registrar, w->cfg, m, from, loop_now(w->loop), loop_wall_ms(w->loop), a);
	if (!a->code) {
		txn_server_drop(st, loop_now(w->loop));
		return;
	}
	answer_with(w, st, m, from, registrar_reply(a));
}

/* A password was asked for and is right, or asked for again. */
static bool proved(struct worker *w, struct txn_server *st, const struct sip_msg *m,
	const struct flow *from, const struct cfg_sip_account **account)
{
	char lines[CHALLENGE_MAX];
	enum auth_verdict v;
	uint8_t source[16];

	net_addr_octets(&from->peer, source);
	v = auth_check(w->auth, w->cfg, m, source, loop_now(w->loop), account);
	if (v == AUTH_PROVED)
		return true;
	if (v == AUTH_SILENT)
		txn_server_drop(st, loop_now(w->loop));
	else
		answer_with(w, st, m, from, challenge(w, m, from, v, SIZE_MAX, lines));
	return false;
}

/* An INVITE that starts a call: of a gateway or another trunking server to one of our DIDs,
 * or of a PBX. */
static void invite_request(
	struct worker *w, struct txn_server *st, const struct sip_msg *m, const struct flow *from)
{
	struct admission a = {.w = w, .st = st, .m = m, .from = from};
	const struct cfg_sip_account *account = NULL;
	struct sip_addr route;
	bool by_address = !caller_must_prove(w, m, from);

	/* A Route that leads on from us asks for a relay. */
	if (forward_next_route(w->net, m, &route) == 0) {
		w->stats.forbidden++;
		answer(w, st, m, from, 403, "No Relaying", NULL);
		return;
	}
	if (caller_is_gateway(w, m, from)) {
		if (worker_draining(w))
			answer_draining(w, st, m, from);
		else
			inbound_start(&a);
		return;
	}
	if (!by_address && !proved(w, st, m, from, &account))
		return;
	if (by_address && caller_by_address(w, m, from, &account)) {
		w->stats.forbidden++;
		answer(w, st, m, from, 403, "Ambiguous Caller", NULL);
		return;
	}
	outbound_start(&a, account, by_address && !flow_is_stream(from));
}

static void request_h(
	struct txn_server *st, const struct sip_msg *m, const struct flow *from, void *arg)
{
	struct worker *w = arg;

	if (m->method == SIP_REGISTER && bad_extension(w, st, m, from))
		return;
	if (m->method == SIP_REGISTER) {
		register_request(w, st, m, from);
		return;
	}
	if (m->max_forwards == 0 && m->method != SIP_OPTIONS) {
		answer(w, st, m, from, 483, "Too Many Hops", NULL);
		return;
	}
	if (bad_extension(w, st, m, from))
		return;
	if (!str_empty(m->to.tag)) {
		dialog_request(w, st, m, from);
		return;
	}
	switch (m->method) {
	case SIP_INVITE:
		invite_request(w, st, m, from);
		break;
	case SIP_OPTIONS:
		if (worker_draining(w)) {
			answer_draining(w, st, m, from);
			break;
		}
		answer(w, st, m, from, 200, "OK", ALLOW "Accept: application/sdp\r\n");
		break;
	case SIP_METHOD_OTHER:
		answer(w, st, m, from, 501, "Not Implemented", ALLOW);
		break;
	case SIP_BYE:
	case SIP_PRACK:
	case SIP_UPDATE:
	case SIP_INFO:
		answer(w, st, m, from, 481, "Call/Transaction Does Not Exist", NULL);
		break;
	default:
		answer(w, st, m, from, 405, "Method Not Allowed", ALLOW);
		break;
	}
}

static void ack_h(const struct sip_msg *m, const struct flow *from, void *arg)
{
	dialog_ack(arg, m, from);
}

static void cancel_h(
	struct txn_server *st, const struct sip_msg *cancel, const struct flow *from, void *arg)
{
	struct worker *w = arg;
	enum leg_side side;

	(void)from;
	if (setup_cancel(w, st, cancel))
		return;
	struct call *call = call_of(w, cancel, &side);
	if (call)
		relay_cancel(call, st);
}

static void response_h(const struct sip_msg *m, const struct flow *from, void *arg)
{
	dialog_response(arg, m, from);
}

const struct txn_handlers dispatch_handlers = {
	.request_h = request_h,
	.ack_h = ack_h,
	.cancel_h = cancel_h,
	.response_h = response_h,
};
