/* A transaction layer between a network in memory and a user that writes down what it is told,
 * in virtual time. Everything that happens becomes one line of a log:
 *
 *   "<ms> >INVITE"  was sent        "<ms> <180"      told to the client's user
 *   "<ms> timeout"  "transport"  "timer_c"  "end"    of a client transaction
 *   "<ms> request BYE"  "ack"  "cancel"  "stray 200" of the layer
 *   "<ms> s.timeout"  "s.transport"  "s.end"         of a server transaction */
#ifndef TESTS_SIP_TXN_RIG_H
#define TESTS_SIP_TXN_RIG_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wheel.h"
#include "sip/reply.h"
#include "sip/scan.h"
#include "sip/txn.h"
#include "tests/fakes/mem.h"
#include "tests/fakes/net.h"

struct rig {
	int64_t now;
	int64_t start;
	struct net *net;
	struct wheel wheel;
	struct txn_layer *layer;
	struct flow peer; /* where clients send to and responses come from */
	struct flow source; /* where requests come from */
	struct txn_server *st; /* the newest */
	struct txn_client *ct; /* the one of client() */
	char last[4096]; /* what was sent last */
	struct flow last_to;
	bool drop_next; /* the user drops the next request while it is told of it */
	bool cancel_on_180; /* the client's user cancels from its handler */
	bool quiet; /* nothing is written down */
	bool retry_on_error; /* ... sends its request again, to the same peer */
	size_t log_len;
	char log[8192];
};

static struct rig rig;

__attribute__((format(printf, 1, 2))) static inline void rig_log(const char *fmt, ...)
{
	va_list ap;
	int n;

	if (rig.quiet)
		return;
	n = snprintf(rig.log + rig.log_len, sizeof(rig.log) - rig.log_len, "%s%lld ",
		rig.log_len ? "; " : "", (long long)(rig.now - rig.start));

	rig.log_len += (size_t)n;
	va_start(ap, fmt);
	n = vsnprintf(rig.log + rig.log_len, sizeof(rig.log) - rig.log_len, fmt, ap);
	va_end(ap);
	rig.log_len += (size_t)n;
	ck_assert_uint_lt(rig.log_len, sizeof(rig.log));
}

/* Writes down what was sent since the last time. */
static inline void rig_drain(void)
{
	struct fake_sent sent;

	while (fake_net_take(&sent)) {
		const char *p = sent.buf;

		snprintf(rig.last, sizeof(rig.last), "%s", sent.buf);
		rig.last_to = sent.to;
		if (strncmp(p, "SIP/2.0 ", 8) == 0)
			p += 8;
		rig_log(">%.*s", (int)strcspn(p, " "), p);
	}
}

/* The log since the last call, and a new one begins. */
static inline const char *rig_take(void)
{
	static char text[sizeof(rig.log)];

	rig_drain();
	memcpy(text, rig.log, rig.log_len + 1);
	rig.log_len = 0;
	rig.log[0] = '\0';
	return text;
}

static inline void rig_advance(int64_t ms)
{
	int64_t end = rig.now + ms, next;

	while ((next = wheel_next(&rig.wheel)) >= 0 && next <= end) {
		if (next > rig.now)
			rig.now = next;
		wheel_run(&rig.wheel, rig.now);
		rig_drain();
	}
	rig.now = end;
	wheel_run(&rig.wheel, rig.now);
	rig_drain();
}

static inline int rig_send_invite(struct txn_client **ct);

static inline void rig_client_h(struct txn_client *ct, enum txn_event ev, const struct sip_msg *m,
	const struct flow *from, void *arg)
{
	static const char *const word[] = {"", "timeout", "transport", "timer_c", "end"};

	ck_assert_ptr_eq(arg, &rig);
	rig_drain();
	if (ev == TXN_RESPONSE) {
		ck_assert_ptr_nonnull(from);
		rig_log("<%u", m->status);
	} else {
		ck_assert_ptr_null(m);
		rig_log("%s", word[ev]);
	}
	if (ev == TXN_RESPONSE && m->status == 180 && rig.cancel_on_180)
		txn_client_cancel(ct, str_lit(""), rig.now);
	if (ev == TXN_TRANSPORT && rig.retry_on_error) {
		rig.retry_on_error = false;
		ck_assert_int_eq(rig_send_invite(NULL), 0);
	}
	if (ev == TXN_TERMINATED && ct == rig.ct)
		rig.ct = NULL;
}

static inline void rig_server_h(struct txn_server *st, enum txn_event ev, void *arg)
{
	static const char *const word[] = {"", "s.timeout", "s.transport", "", "s.end"};

	ck_assert_ptr_eq(arg, &rig);
	rig_drain();
	rig_log("%s", word[ev]);
	if (ev == TXN_TERMINATED && st == rig.st)
		rig.st = NULL;
}

static inline void rig_request_h(
	struct txn_server *st, const struct sip_msg *m, const struct flow *from, void *arg)
{
	(void)from;
	ck_assert_ptr_eq(arg, &rig);
	rig_drain();
	rig_log("request %.*s", (int)m->method_name.len, m->method_name.p);
	rig.st = st;
	txn_server_listen(st, rig_server_h, &rig);
	if (rig.drop_next)
		txn_server_drop(st, rig.now);
}

static inline void rig_ack_h(const struct sip_msg *m, const struct flow *from, void *arg)
{
	(void)m, (void)from, (void)arg;
	rig_drain();
	rig_log("ack");
}

static inline void rig_cancel_h(
	struct txn_server *st, const struct sip_msg *m, const struct flow *from, void *arg)
{
	(void)from, (void)arg;
	ck_assert_ptr_eq(st, rig.st);
	ck_assert_int_eq(m->method, SIP_CANCEL);
	rig_drain();
	rig_log("cancel");
}

static inline void rig_response_h(const struct sip_msg *m, const struct flow *from, void *arg)
{
	(void)from, (void)arg;
	rig_drain();
	rig_log("stray %u", m->status);
}

static const struct txn_handlers rig_handlers = {
	.request_h = rig_request_h,
	.ack_h = rig_ack_h,
	.cancel_h = rig_cancel_h,
	.response_h = rig_response_h,
};

static inline void rig_open_config(enum transport transport, const struct txn_config *cfg)
{
	static char why[NET_WHY_MAX];

	memset(&rig, 0, sizeof(rig));
	fake_net_reset();
	fake_mem_fail_at(0);
	rig.start = rig.now = 1000000;
	wheel_init(&rig.wheel, rig.now);
	rig.peer = fake_flow(transport, "192.0.2.20", 5060);
	rig.source = fake_flow(transport, "192.0.2.10", 5070);
	ck_assert_int_eq(net_new(&rig.net, NULL, NULL, NULL, NULL, NULL, why), 0);
	ck_assert_int_eq(
		txn_layer_new(&rig.layer, rig.net, &rig.wheel, cfg, &rig_handlers, &rig), 0);
}

static inline void rig_open(enum transport transport)
{
	rig_open_config(transport, NULL);
}

static inline void rig_close(void)
{
	rig.quiet = true; /* the users of what is left are told */
	txn_layer_free(rig.layer);
	net_free(rig.net);
	fake_net_reset();
	ck_assert_uint_eq(fake_mem_held(), 0);
	ck_assert_uint_eq(rig.wheel.count, 0);
}

static inline void rig_input_from(const char *text, const struct flow *from)
{
	struct sip_msg m;
	struct sip_verdict v;

	sip_scan(&m, text, strlen(text), &v);
	ck_assert_msg(v.kind == SIP_SCAN_OK, "%s: %s", v.word, text);
	txn_input(rig.layer, &m, from, rig.now);
	rig_drain();
}

/* A request as it comes from rig.source. */
struct rig_request {
	const char *method;
	const char *branch; /* NULL: "z9hG4bK-a" */
	const char *ruri; /* NULL: "sip:100@example.com" */
	const char *via; /* sent-by; NULL: "192.0.2.10:5070;rport" */
	const char *to_tag; /* NULL: none */
	const char *call_id; /* NULL: "call-1" */
	unsigned cseq; /* 0: 1 */
};

static inline const char *rig_text(const struct rig_request *r)
{
	static char text[1500];

	snprintf(text, sizeof(text),
		"%s %s SIP/2.0\r\n"
		"Via: SIP/2.0/UDP %s;branch=%s\r\n"
		"From: <sip:caller@example.net>;tag=f1\r\n"
		"To: <sip:100@example.com>%s%s\r\n"
		"Call-ID: %s\r\n"
		"CSeq: %u %s\r\n"
		"Max-Forwards: 70\r\n"
		"Content-Length: 0\r\n\r\n",
		r->method, r->ruri ? r->ruri : "sip:100@example.com",
		r->via ? r->via : "192.0.2.10:5070;rport", r->branch ? r->branch : "z9hG4bK-a",
		r->to_tag ? ";tag=" : "", r->to_tag ? r->to_tag : "",
		r->call_id ? r->call_id : "call-1", r->cseq ? r->cseq : 1, r->method);
	return text;
}

static inline void rig_request(const struct rig_request *r)
{
	rig_input_from(rig_text(r), &rig.source);
}

/* The user answers the newest request. */
static inline int rig_answer(unsigned status)
{
	char text[400];
	int n = snprintf(text, sizeof(text),
		"SIP/2.0 %u Whatever\r\n"
		"Via: SIP/2.0/UDP 192.0.2.10:5070;rport;branch=z9hG4bK-a\r\n"
		"From: <sip:caller@example.net>;tag=f1\r\n"
		"To: <sip:100@example.com>;tag=t1\r\n"
		"Call-ID: call-1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
		status);
	int err = txn_server_reply(rig.st, status, text, (size_t)n, rig.now);

	rig_drain();
	return err;
}

#define RIG_INVITE                                                                                 \
	"INVITE sip:200@192.0.2.20 SIP/2.0\r\n"                                                    \
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-c\r\n"                                     \
	"v: SIP/2.0/UDP 192.0.2.10:5070;branch=z9hG4bK-a\r\n"                                      \
	"Record-Route: <sip:192.0.2.1;lr>\r\n"                                                     \
	"Route: <sip:192.0.2.30;lr>\r\n"                                                           \
	"route: <sip:192.0.2.31;lr>,\r\n <sip:192.0.2.32;lr>\r\n"                                  \
	"From: \"A\" <sip:caller@example.net>;tag=f1\r\n"                                          \
	"To : <sip:100@example.com>\r\n"                                                           \
	"Call-ID: call-1\r\n"                                                                      \
	"CSeq:  41 INVITE\r\n"                                                                     \
	"Contact: <sip:caller@192.0.2.10:5070>\r\n"                                                \
	"Max-Forwards: 69\r\n"                                                                     \
	"Content-Type: application/sdp\r\n"                                                        \
	"Content-Length: 5\r\n\r\nv=0\r\n"

static inline int rig_send(
	struct txn_client **ct, enum sip_method method, const char *branch, const char *text)
{
	return txn_client_new(ct, rig.layer, &rig.peer, method, str_of(branch), text, strlen(text),
		rig_client_h, &rig, rig.now);
}

static inline int rig_send_invite(struct txn_client **ct)
{
	return rig_send(ct, SIP_INVITE, "z9hG4bK-c", RIG_INVITE);
}

static inline void rig_client(const char *method)
{
	char text[600];

	if (strcmp(method, "INVITE") == 0) {
		ck_assert_int_eq(rig_send_invite(&rig.ct), 0);
	} else {
		snprintf(text, sizeof(text),
			"%s sip:200@192.0.2.20 SIP/2.0\r\n"
			"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-c\r\n"
			"From: <sip:caller@example.net>;tag=f1\r\nTo: <sip:100@example.com>\r\n"
			"Call-ID: call-1\r\nCSeq: 41 %s\r\nMax-Forwards: 70\r\n"
			"Content-Length: 0\r\n\r\n",
			method, method);
		ck_assert_int_eq(
			rig_send(&rig.ct, sip_method_of(str_of(method)), "z9hG4bK-c", text), 0);
	}
	rig_drain();
}

static inline void rig_response_to(const char *method, const char *branch, unsigned status)
{
	char text[600];

	snprintf(text, sizeof(text),
		"SIP/2.0 %u Whatever\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=%s\r\n"
		"From: \"A\" <sip:caller@example.net>;tag=f1\r\n"
		"To: <sip:100@example.com>;tag=t%u\r\n"
		"Call-ID: call-1\r\nCSeq: 41 %s\r\nContent-Length: 0\r\n\r\n",
		status, branch, status, method);
	rig_input_from(text, &rig.peer);
}

static inline void rig_response(const char *method, unsigned status)
{
	rig_response_to(method, "z9hG4bK-c", status);
}

#define RIG_LOG(expected) ck_assert_str_eq(rig_take(), (expected))

#endif
