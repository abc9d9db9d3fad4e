#include "tests/sip/txn_rig.h"
#include "tests/core/suite.h"
#include "tests/fakes/mem.c"
#include "tests/fakes/net.c"

#include <errno.h>

static const struct rig_request invite = {.method = "INVITE"};
static const struct rig_request ack = {.method = "ACK"};
static const struct rig_request cancel = {.method = "CANCEL"};
static const struct rig_request options = {.method = "OPTIONS"};

/* RFC 3261 17.2.1: the last provisional response is repeated when the INVITE comes again. */
START_TEST(invite_proceeding)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_request(&invite); /* nothing to repeat yet */
	rig_answer(100);
	rig_request(&invite);
	rig_answer(180);
	rig_request(&invite);
	rig_advance(300000);
	RIG_LOG("0 request INVITE; 0 >100; 0 >100; 0 >180; 0 >180");
	ck_assert_uint_eq(txn_stats(rig.layer)->retransmissions_in, 3);
	rig_close();
}
END_TEST

/* G doubles up to T2, H ends it. */
START_TEST(invite_refused_without_ack)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_answer(486);
	rig_advance(40000);
	RIG_LOG("0 request INVITE; 0 >486; 500 >486; 1500 >486; 3500 >486; 7500 >486; 11500 >486; "
		"15500 >486; 19500 >486; 23500 >486; 27500 >486; 31500 >486; 32000 s.timeout; "
		"32000 s.end");
	rig_close();
}
END_TEST

START_TEST(invite_refused_without_ack_stream)
{
	rig_open(TRANSPORT_TCP);
	rig_request(&invite);
	rig_answer(486);
	rig_advance(40000);
	RIG_LOG("0 request INVITE; 0 >486; 32000 s.timeout; 32000 s.end");
	rig_close();
}
END_TEST

/* Confirmed absorbs ACKs and INVITEs for I. */
START_TEST(invite_confirmed)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_answer(486);
	rig_advance(100);
	rig_request(&invite);
	rig_request(&ack);
	rig_request(&ack);
	rig_request(&invite);
	rig_advance(4999);
	RIG_LOG("0 request INVITE; 0 >486; 100 >486");
	rig_advance(1);
	RIG_LOG("5100 s.end");
	rig_request(&ack);
	RIG_LOG("5100 ack");
	rig_close();
}
END_TEST

START_TEST(invite_confirmed_stream)
{
	rig_open(TRANSPORT_TCP);
	rig_request(&invite);
	rig_answer(486);
	rig_request(&ack);
	RIG_LOG("0 request INVITE; 0 >486; 0 s.end");
	rig_close();
}
END_TEST

/* RFC 6026: a retransmitted INVITE is absorbed after the 2xx, the user may send it again, L. */
START_TEST(invite_accepted)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_answer(180);
	ck_assert_int_eq(rig_answer(200), 0);
	rig_request(&invite);
	ck_assert_int_eq(rig_answer(200), 0);
	ck_assert_int_eq(rig_answer(486), EALREADY);
	ck_assert_int_eq(rig_answer(180), EALREADY);
	rig_request(&ack); /* with the INVITE's branch: some send it so */
	rig_request(&(struct rig_request){.method = "ACK", .branch = "z9hG4bK-b"});
	rig_advance(31999);
	RIG_LOG("0 request INVITE; 0 >180; 0 >200; 0 >200; 0 ack; 0 ack");
	rig_advance(1);
	RIG_LOG("32000 s.end");
	rig_close();
}
END_TEST

START_TEST(invite_accepted_stream)
{
	rig_open(TRANSPORT_TCP);
	rig_request(&invite);
	rig_answer(200);
	rig_advance(31999);
	RIG_LOG("0 request INVITE; 0 >200");
	rig_advance(1);
	RIG_LOG("32000 s.end");
	rig_close();
}
END_TEST

/* An ACK for nothing, while there is no final response yet. */
START_TEST(ack_too_early)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_request(&ack);
	rig_answer(404);
	RIG_LOG("0 request INVITE; 0 >404");
	rig_close();
}
END_TEST

/* 17.2.2 with J. */
START_TEST(other)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&options);
	rig_request(&options);
	rig_answer(183);
	rig_request(&options);
	rig_answer(200);
	ck_assert_int_eq(rig_answer(200), EALREADY);
	rig_advance(31999);
	rig_request(&options);
	RIG_LOG("0 request OPTIONS; 0 >183; 0 >183; 0 >200; 31999 >200");
	rig_advance(1);
	rig_request(&options);
	RIG_LOG("32000 s.end; 32000 request OPTIONS");
	rig_close();
}
END_TEST

/* RFC 4320: after 64*T1 an answer is of no use to anybody. */
START_TEST(other_unanswered)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&options);
	rig_advance(31000);
	rig_answer(100);
	rig_advance(1000);
	RIG_LOG("0 request OPTIONS; 31000 >100; 32000 s.timeout; 32000 s.end");
	rig_close();
}
END_TEST

START_TEST(other_stream)
{
	rig_open(TRANSPORT_TCP);
	rig_request(&options);
	rig_answer(200);
	RIG_LOG("0 request OPTIONS; 0 >200"); /* not from inside of the user's call */
	rig_advance(0);
	RIG_LOG("0 s.end");
	rig_close();
}
END_TEST

/* 9.2: answered by the layer, told once. */
START_TEST(cancel_pending)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_answer(180);
	rig_request(&cancel);
	ck_assert_ptr_nonnull(strstr(rig.last, "CSeq: 1 CANCEL\r\n"));
	ck_assert_ptr_nonnull(strstr(rig.last, "To: <sip:100@example.com>;tag="));
	rig_request(&cancel);
	RIG_LOG("0 request INVITE; 0 >180; 0 >200; 0 cancel; 0 >200");
	rig_answer(487);
	rig_request(&cancel);
	rig_request(&ack);
	RIG_LOG("0 >487; 0 >200");
	rig_close();
}
END_TEST

START_TEST(cancel_too_late)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_answer(200);
	rig_request(&cancel);
	RIG_LOG("0 request INVITE; 0 >200; 0 >200");
	rig_close();
}
END_TEST

START_TEST(cancel_of_nothing)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&cancel);
	RIG_LOG("0 >481");
	rig_request(&options);
	rig_request(&cancel);
	RIG_LOG("0 request OPTIONS; 0 >481");
	rig_request(&(struct rig_request){.method = "INVITE", .cseq = 2});
	rig_request(&cancel); /* another CSeq number */
	rig_request(&(struct rig_request){.method = "CANCEL", .via = "192.0.2.11:5070;rport"});
	RIG_LOG("0 request INVITE; 0 >481; 0 >481");
	rig_close();
}
END_TEST

/* All is right but the address it comes from: the call goes on. Another port is fine. */
START_TEST(cancel_from_elsewhere)
{
	struct flow spoof = fake_flow(TRANSPORT_UDP, "192.0.2.66", 5070);
	struct flow port = fake_flow(TRANSPORT_UDP, "192.0.2.10", 40000);

	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_input_from(rig_text(&cancel), &spoof);
	RIG_LOG("0 request INVITE; 0 >481");
	ck_assert(net_addr_eq(&rig.last_to.peer, &spoof.peer));
	rig_input_from(rig_text(&cancel), &port);
	RIG_LOG("0 >200; 0 cancel");
	rig_close();
}
END_TEST

/* RFC 3581, and RFC 3261 18.2.2 without rport. */
START_TEST(replies_go_back)
{
	struct rig_request r = {.method = "OPTIONS", .via = "10.0.0.1:5099"};

	rig_open(TRANSPORT_UDP);
	rig_request(&options);
	rig_answer(200);
	ck_assert(net_addr_eq(&rig.last_to.peer, &rig.source.peer));
	r.branch = "z9hG4bK-1";
	rig_request(&r);
	rig_answer(200);
	ck_assert_uint_eq(net_addr_port(&rig.last_to.peer), 5099);
	ck_assert_uint_eq(rig.last_to.peer.in.sin_addr.s_addr, rig.source.peer.in.sin_addr.s_addr);
	r.via = "pbx.example.com";
	rig_request(&r);
	rig_answer(200);
	ck_assert_uint_eq(net_addr_port(&rig.last_to.peer), 5060);
	rig_close();
	rig_open(TRANSPORT_TCP);
	r.via = "10.0.0.1:5099";
	rig_request(&r);
	rig_answer(200);
	ck_assert_uint_eq(rig.last_to.conn, rig.source.conn);
	ck_assert(net_addr_eq(&rig.last_to.peer, &rig.source.peer));
	ck_assert_uint_eq(rig.last_to.return_port, 5099);
	rig_close();
}
END_TEST

START_TEST(reply_fails)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	fake_net_fail(EHOSTUNREACH);
	ck_assert_int_eq(rig_answer(180), EHOSTUNREACH);
	ck_assert_int_eq(rig_answer(486), EALREADY);
	RIG_LOG("0 request INVITE");
	rig_advance(0);
	RIG_LOG("0 s.transport; 0 s.end");
	rig_close();
}
END_TEST

START_TEST(repeated_reply_fails)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_answer(486);
	fake_net_fail(EHOSTUNREACH);
	rig_advance(500);
	RIG_LOG("0 request INVITE; 0 >486; 500 s.transport; 500 s.end");
	fake_net_fail(0);
	rig_request(&invite);
	rig_answer(180);
	fake_net_fail(EHOSTUNREACH);
	rig_request(&invite);
	RIG_LOG("500 request INVITE; 500 >180; 500 s.transport; 500 s.end");
	rig_close();
}
END_TEST

/* Dropped without an answer: silent for the moment, then as if it had never come. */
START_TEST(dropped)
{
	rig_open(TRANSPORT_UDP);
	rig.drop_next = true;
	rig_request(&options);
	rig_request(&options);
	rig_advance(0);
	RIG_LOG("0 request OPTIONS");
	ck_assert_uint_eq(txn_stats(rig.layer)->servers, 0);
	rig_close();
}
END_TEST

START_TEST(dropped_after_the_answer)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_answer(486);
	txn_server_drop(rig.st, rig.now);
	rig_advance(500);
	rig_request(&ack);
	rig_advance(5000);
	RIG_LOG("0 request INVITE; 0 >486; 500 >486");
	ck_assert_uint_eq(txn_stats(rig.layer)->servers, 0);
	rig_close();
}
END_TEST

/* 17.2.3: branch, sent-by and method; and the CSeq number, for clients that forget to make a new
 * branch after a 401. */
START_TEST(matching)
{
	rig_open(TRANSPORT_UDP);
	rig_request(&invite);
	rig_request(&(struct rig_request){.method = "INVITE", .branch = "z9hG4bK-b"});
	rig_request(&(struct rig_request){.method = "INVITE", .via = "192.0.2.10:5071;rport"});
	rig_request(&(struct rig_request){.method = "INVITE", .via = "192.0.2.11:5070;rport"});
	rig_request(&(struct rig_request){.method = "INVITE", .cseq = 2});
	rig_request(&(struct rig_request){.method = "BYE"});
	rig_request(&options);
	RIG_LOG("0 request INVITE; 0 request INVITE; 0 request INVITE; 0 request INVITE; "
		"0 request INVITE; 0 request BYE; 0 request OPTIONS");
	/* The same by the rule, though all else differs. */
	rig_request(&(struct rig_request){.method = "INVITE",
		.ruri = "sip:300@example.com",
		.call_id = "call-2",
		.via = "192.0.2.10:5070"});
	RIG_LOG("");
	rig_close();
}
END_TEST

/* Without the magic cookie: Request-URI, From tag, Call-ID, CSeq and top Via. */
START_TEST(matching_rfc2543)
{
	struct rig_request r = {.method = "INVITE", .branch = "1"};
	struct rig_request a = {.method = "ACK", .branch = "1", .to_tag = "t1"};

	rig_open(TRANSPORT_UDP);
	rig_request(&r);
	rig_request(&r);
	RIG_LOG("0 request INVITE");
	r.call_id = "call-2";
	rig_request(&r);
	r.ruri = "sip:300@example.com";
	rig_request(&r);
	r.cseq = 2;
	rig_request(&r);
	RIG_LOG("0 request INVITE; 0 request INVITE; 0 request INVITE");
	rig_answer(486);
	a.call_id = "call-2";
	a.cseq = 2;
	rig_request(&a);
	RIG_LOG("0 >486; 0 ack"); /* of another Request-URI */
	a.ruri = "sip:300@example.com";
	rig_request(&a);
	rig_advance(5000);
	RIG_LOG("5000 s.end");
	rig_close();
}
END_TEST

/* Long branches and hosts are folded, not cut. */
START_TEST(matching_long)
{
	char one[900], two[900];
	struct rig_request r = {.method = "OPTIONS"};

	memset(one, 'x', sizeof(one));
	memcpy(one, "z9hG4bK", 7);
	one[sizeof(one) - 1] = '\0';
	memcpy(two, one, sizeof(two));
	two[sizeof(two) - 2] = 'y';
	rig_open(TRANSPORT_UDP);
	r.branch = one;
	rig_request(&r);
	rig_request(&r);
	r.branch = two;
	rig_request(&r);
	RIG_LOG("0 request OPTIONS; 0 request OPTIONS");
	rig_close();
}
END_TEST

START_TEST(no_memory)
{
	rig_open(TRANSPORT_UDP);
	fake_mem_fail_at(1);
	rig_request(&invite);
	RIG_LOG("0 >503");
	ck_assert_ptr_nonnull(strstr(rig.last, "Retry-After: 10\r\n"));
	rig_request(&invite);
	fake_mem_fail_at(1);
	rig_answer(486); /* sent, but not kept */
	rig_advance(600);
	rig_request(&invite);
	rig_request(&ack);
	rig_advance(5000);
	RIG_LOG("0 request INVITE; 0 >486; 5600 s.end");
	rig_close();
}
END_TEST

START_TEST(layer_without_memory)
{
	struct txn_layer *layer;
	struct wheel wheel;

	wheel_init(&wheel, 0);
	for (unsigned n = 1; n <= 3; n++) {
		fake_mem_fail_at(n);
		ck_assert_int_eq(
			txn_layer_new(&layer, NULL, &wheel, NULL, &rig_handlers, NULL), ENOMEM);
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
	fake_mem_fail_at(4);
	ck_assert_int_eq(txn_layer_new(&layer, NULL, &wheel, NULL, &rig_handlers, NULL), 0);
	fake_mem_fail_at(0);
	txn_layer_free(layer);
	txn_layer_free(NULL);
}
END_TEST

START_TEST(limit)
{
	struct txn_config cfg = {.transactions_max = 2};

	rig_open_config(TRANSPORT_UDP, &cfg);
	rig_request(&invite);
	rig_client("OPTIONS");
	rig_request(&options);
	rig_request(&(struct rig_request){.method = "ACK", .branch = "z9hG4bK-b"});
	RIG_LOG("0 request INVITE; 0 >OPTIONS; 0 >503; 0 ack");
	ck_assert_uint_eq(txn_stats(rig.layer)->refused, 1);
	rig_close();
}
END_TEST

static int stateless(const struct rig_request *r, unsigned code, size_t max)
{
	static char text[1500];
	struct sip_reply reply = {.code = code, .reason = str_lit("No")};
	struct sip_msg m;
	struct sip_verdict v;
	int err;

	snprintf(text, sizeof(text), "%s", rig_text(r));
	sip_scan(&m, text, strlen(text), &v);
	err = txn_reply_stateless(rig.layer, &m, &rig.source, &reply, max);
	rig_drain();
	return err;
}

START_TEST(stateless_replies)
{
	char first[sizeof(rig.last)];

	rig_open(TRANSPORT_UDP);
	ck_assert_int_eq(stateless(&invite, 403, 0), 0);
	ck_assert_ptr_nonnull(strstr(rig.last, ";received=192.0.2.10"));
	memcpy(first, rig.last, sizeof(first));
	ck_assert_int_eq(stateless(&invite, 403, 0), 0);
	ck_assert_str_eq(rig.last, first); /* the same tag */
	ck_assert_int_eq(
		stateless(&(struct rig_request){.method = "INVITE", .branch = "z9hG4bK-b"}, 403, 0),
		0);
	ck_assert_str_ne(strstr(rig.last, "To:"), strstr(first, "To:"));
	ck_assert_int_eq(stateless(&invite, 100, 0), 0);
	ck_assert_ptr_nonnull(strstr(rig.last, "To: <sip:100@example.com>\r\n"));
	RIG_LOG("0 >403; 0 >403; 0 >403; 0 >100");
	ck_assert_int_eq(stateless(&invite, 403, strlen(first) - 1), 0); /* tight */
	ck_assert_ptr_nonnull(strstr(rig.last, "\r\nt:<sip:100@example.com>;tag="));
	ck_assert_uint_lt(strlen(rig.last), strlen(first));
	RIG_LOG("0 >403");
	ck_assert_int_eq(stateless(&invite, 403, 100), EMSGSIZE);
	ck_assert_int_eq(stateless(&ack, 403, 0), EINVAL);
	RIG_LOG("");
	ck_assert_uint_eq(txn_stats(rig.layer)->servers, 0);
	rig_close();
}
END_TEST

int main(void)
{
	return SUITE_RUN("txn_server", NULL, invite_proceeding, invite_refused_without_ack,
		invite_refused_without_ack_stream, invite_confirmed, invite_confirmed_stream,
		invite_accepted, invite_accepted_stream, ack_too_early, other, other_unanswered,
		other_stream, cancel_pending, cancel_too_late, cancel_of_nothing,
		cancel_from_elsewhere, replies_go_back, reply_fails, repeated_reply_fails, dropped,
		dropped_after_the_answer, matching, matching_rfc2543, matching_long, no_memory,
		layer_without_memory, limit, stateless_replies);
}
