#include "tests/sip/txn_rig.h"
#include "tests/core/suite.h"
#include "tests/fakes/mem.c"
#include "tests/fakes/net.c"

#include <errno.h>

/* RFC 3261 17.1.1.2: A doubles without a limit, B ends it at 64*T1. */
START_TEST(invite_udp_silence)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_advance(40000);
	RIG_LOG("0 >INVITE; 500 >INVITE; 1500 >INVITE; 3500 >INVITE; 7500 >INVITE; "
		"15500 >INVITE; 31500 >INVITE; 32000 timeout; 32000 end");
	rig_close();
}
END_TEST

START_TEST(invite_stream_silence)
{
	rig_open(TRANSPORT_TCP);
	rig_client("INVITE");
	rig_advance(40000);
	RIG_LOG("0 >INVITE; 32000 timeout; 32000 end");
	rig_close();
}
END_TEST

/* 17.1.2.2: E doubles up to T2, F ends it. */
START_TEST(other_udp_silence)
{
	rig_open(TRANSPORT_UDP);
	rig_client("OPTIONS");
	rig_advance(40000);
	RIG_LOG("0 >OPTIONS; 500 >OPTIONS; 1500 >OPTIONS; 3500 >OPTIONS; 7500 >OPTIONS; "
		"11500 >OPTIONS; 15500 >OPTIONS; 19500 >OPTIONS; 23500 >OPTIONS; 27500 >OPTIONS; "
		"31500 >OPTIONS; 32000 timeout; 32000 end");
	rig_close();
}
END_TEST

START_TEST(other_stream_silence)
{
	rig_open(TRANSPORT_TCP);
	rig_client("OPTIONS");
	rig_advance(40000);
	RIG_LOG("0 >OPTIONS; 32000 timeout; 32000 end");
	rig_close();
}
END_TEST

/* In Proceeding E is T2. */
START_TEST(other_udp_provisional)
{
	rig_open(TRANSPORT_UDP);
	rig_client("OPTIONS");
	rig_advance(600);
	rig_response("OPTIONS", 100);
	rig_advance(10000);
	rig_response("OPTIONS", 200);
	rig_response("OPTIONS", 200); /* absorbed */
	rig_response("OPTIONS", 100); /* absorbed */
	rig_advance(10000);
	RIG_LOG("0 >OPTIONS; 500 >OPTIONS; 600 <100; 1500 >OPTIONS; 5500 >OPTIONS; 9500 >OPTIONS; "
		"10600 <200; 15600 end"); /* K */
	rig_close();
}
END_TEST

START_TEST(other_udp_provisional_then_silence)
{
	rig_open(TRANSPORT_UDP);
	rig_client("OPTIONS");
	rig_response("OPTIONS", 100);
	rig_advance(29000);
	rig_take();
	rig_advance(10000);
	RIG_LOG("32000 timeout; 32000 end");
	rig_close();
}
END_TEST

/* K is 0. */
START_TEST(other_stream_final)
{
	rig_open(TRANSPORT_TCP);
	rig_client("BYE");
	rig_response("BYE", 481);
	RIG_LOG("0 >BYE; 0 <481; 0 end");
	rig_response("BYE", 481);
	RIG_LOG("0 stray 481");
	rig_close();
}
END_TEST

/* No retransmission once there is a response; all 1xx are told. */
START_TEST(invite_ringing)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_response("INVITE", 100);
	rig_advance(3000);
	rig_response("INVITE", 180);
	rig_response("INVITE", 180);
	rig_response("INVITE", 183);
	rig_advance(60000);
	RIG_LOG("0 >INVITE; 0 <100; 3000 <180; 3000 <180; 3000 <183");
	rig_close();
}
END_TEST

/* RFC 6026: Accepted for 64*T1, every 2xx is told, the rest absorbed. */
START_TEST(invite_accepted)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_response("INVITE", 180);
	rig_response("INVITE", 200);
	rig_advance(31999);
	rig_response("INVITE", 180);
	rig_response("INVITE", 486);
	rig_response("INVITE", 200);
	RIG_LOG("0 >INVITE; 0 <180; 0 <200; 31999 <200");
	rig_advance(1);
	rig_response("INVITE", 200);
	RIG_LOG("32000 end; 32000 stray 200");
	rig_close();
}
END_TEST

START_TEST(invite_accepted_stream)
{
	rig_open(TRANSPORT_TCP);
	rig_client("INVITE");
	rig_response("INVITE", 202);
	rig_advance(31999);
	RIG_LOG("0 >INVITE; 0 <202");
	rig_advance(1);
	RIG_LOG("32000 end");
	rig_close();
}
END_TEST

static const char ack[] = "ACK sip:200@192.0.2.20 SIP/2.0\r\n"
			  "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-c\r\n"
			  "Route: <sip:192.0.2.30;lr>\r\n"
			  "route: <sip:192.0.2.31;lr>,\r\n <sip:192.0.2.32;lr>\r\n"
			  "From: \"A\" <sip:caller@example.net>;tag=f1\r\n"
			  "To: <sip:100@example.com>;tag=t486\r\n"
			  "Call-ID: call-1\r\n"
			  "CSeq: 41 ACK\r\n"
			  "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n";

/* 17.1.1.3, the ACK made of the whole INVITE; D. */
START_TEST(invite_refused)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_response("INVITE", 486);
	ck_assert_str_eq(rig.last, ack);
	RIG_LOG("0 >INVITE; 0 >ACK; 0 <486");
	rig_advance(31999);
	rig_response("INVITE", 486);
	ck_assert_str_eq(rig.last, ack);
	rig_response("INVITE", 180);
	RIG_LOG("31999 >ACK");
	rig_advance(1);
	RIG_LOG("32000 end");
	rig_close();
}
END_TEST

/* The same ACK from what is left of the INVITE while it rings. */
START_TEST(invite_refused_after_ringing)
{
	size_t before;

	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	before = fake_mem_held();
	rig_response("INVITE", 180);
	rig_advance(1999);
	ck_assert_uint_eq(fake_mem_held(), before);
	rig_advance(1);
	ck_assert_uint_lt(fake_mem_held(), before);
	rig_response("INVITE", 486);
	ck_assert_str_eq(rig.last, ack);
	rig_close();
}
END_TEST

START_TEST(invite_refused_stream)
{
	rig_open(TRANSPORT_TCP);
	rig_client("INVITE");
	rig_response("INVITE", 503);
	RIG_LOG("0 >INVITE; 0 >ACK; 0 <503; 0 end");
	rig_close();
}
END_TEST

/* Two forks: one refused, another one answered after all. */
START_TEST(invite_accepted_after_refused)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_response("INVITE", 503);
	rig_response("INVITE", 200);
	RIG_LOG("0 >INVITE; 0 >ACK; 0 <503; 0 stray 200");
	rig_close();
}
END_TEST

/* RFC 3261 16.6 item 11, 16.7 item 2: refreshed by 101-199, not by 100. */
START_TEST(timer_c)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_response("INVITE", 100);
	rig_advance(100000);
	rig_response("INVITE", 100);
	rig_advance(84999);
	RIG_LOG("0 >INVITE; 0 <100; 100000 <100");
	rig_advance(1);
	RIG_LOG("185000 timer_c");
	rig_response("INVITE", 183);
	rig_advance(184999);
	RIG_LOG("185000 <183");
	rig_advance(185001);
	RIG_LOG("370000 timer_c; 555000 timer_c");
	rig_close();
}
END_TEST

static const char cancel[] = "CANCEL sip:200@192.0.2.20 SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-c\r\n"
			     "Route: <sip:192.0.2.30;lr>\r\n"
			     "route: <sip:192.0.2.31;lr>,\r\n <sip:192.0.2.32;lr>\r\n"
			     "From: \"A\" <sip:caller@example.net>;tag=f1\r\n"
			     "To : <sip:100@example.com>\r\n"
			     "Call-ID: call-1\r\n"
			     "CSeq: 41 CANCEL\r\n"
			     "Reason: SIP;cause=200\r\n"
			     "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n";

START_TEST(cancel_ringing)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_response("INVITE", 180);
	rig_advance(5000);
	txn_client_cancel(rig.ct, str_lit("Reason: SIP;cause=200\r\n"), rig.now);
	rig_drain();
	ck_assert_str_eq(rig.last, cancel);
	txn_client_cancel(rig.ct, str_lit(""), rig.now); /* once is enough */
	rig_advance(500);
	ck_assert_str_eq(rig.last, cancel); /* a transaction of its own: it is repeated */
	rig_response("CANCEL", 200);
	rig_response("INVITE", 487);
	rig_advance(40000);
	RIG_LOG("0 >INVITE; 0 <180; 5000 >CANCEL; 5500 >CANCEL; 5500 >ACK; 5500 <487; 37500 end");
	ck_assert_uint_eq(txn_stats(rig.layer)->clients, 0);
	rig_close();
}
END_TEST

/* 9.1: not before there is a provisional response. */
START_TEST(cancel_waits)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	txn_client_cancel(rig.ct, str_lit("Reason: SIP;cause=200\r\n"), rig.now);
	rig_advance(500);
	RIG_LOG("0 >INVITE; 500 >INVITE");
	rig_response("INVITE", 100);
	ck_assert_str_eq(rig.last, cancel);
	RIG_LOG("500 >CANCEL; 500 <100");
	rig_close();
}
END_TEST

START_TEST(cancel_without_any_response)
{
	rig_open(TRANSPORT_TCP);
	rig_client("INVITE");
	txn_client_cancel(rig.ct, str_lit(""), rig.now);
	rig_advance(40000);
	RIG_LOG("0 >INVITE; 32000 timeout; 32000 end");
	rig_close();
}
END_TEST

START_TEST(cancel_comes_too_late)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	txn_client_cancel(rig.ct, str_lit(""), rig.now);
	rig_response("INVITE", 200);
	txn_client_cancel(rig.ct, str_lit(""), rig.now);
	RIG_LOG("0 >INVITE; 0 <200");
	rig_close();
	rig_open(TRANSPORT_UDP);
	rig_client("OPTIONS");
	rig_response("OPTIONS", 100);
	txn_client_cancel(rig.ct, str_lit(""), rig.now); /* no INVITE */
	RIG_LOG("0 >OPTIONS; 0 <100");
	rig_close();
}
END_TEST

/* 9.1: 64*T1 after the CANCEL the INVITE is over without a final response; a 180 that comes late
 * is told and changes nothing. */
START_TEST(cancel_ignored)
{
	rig_open(TRANSPORT_TCP);
	rig.cancel_on_180 = true;
	rig_client("INVITE");
	rig_response("INVITE", 180);
	rig_response("CANCEL", 200);
	rig_advance(20000);
	rig_response("INVITE", 180);
	rig_advance(20000);
	RIG_LOG("0 >INVITE; 0 <180; 0 >CANCEL; 20000 <180; 32000 timeout; 32000 end");
	rig_close();
}
END_TEST

START_TEST(cancel_then_answered)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_response("INVITE", 180);
	txn_client_cancel(rig.ct, str_lit(""), rig.now);
	rig_response("INVITE", 200);
	rig_response("CANCEL", 481);
	rig_advance(40000);
	RIG_LOG("0 >INVITE; 0 <180; 0 >CANCEL; 0 <200; 32000 end");
	rig_close();
}
END_TEST

/* Nobody listens any more: the machine still acknowledges, and ends ringing at Timer C. */
START_TEST(detached)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	txn_client_detach(rig.ct);
	rig_response("INVITE", 180);
	rig_advance(185000);
	rig_response("INVITE", 487);
	rig_advance(40000);
	RIG_LOG("0 >INVITE; 185000 >CANCEL; 185000 >ACK; 185500 >CANCEL; 186500 >CANCEL; "
		"188500 >CANCEL; 192500 >CANCEL; 196500 >CANCEL; 200500 >CANCEL; 204500 >CANCEL; "
		"208500 >CANCEL; 212500 >CANCEL; 216500 >CANCEL");
	ck_assert_uint_eq(txn_stats(rig.layer)->clients, 0);
	rig_close();
}
END_TEST

START_TEST(detached_then_answered)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	txn_client_detach(rig.ct);
	rig_response("INVITE", 200);
	rig_response("INVITE", 200);
	RIG_LOG("0 >INVITE; 0 stray 200; 0 stray 200");
	rig_close();
}
END_TEST

START_TEST(unreachable_at_once)
{
	rig_open(TRANSPORT_UDP);
	fake_net_fail(ENETUNREACH);
	ck_assert_int_eq(rig_send_invite(&rig.ct), ENETUNREACH);
	ck_assert_uint_eq(txn_stats(rig.layer)->clients, 0);
	RIG_LOG("");
	rig_close();
}
END_TEST

START_TEST(unreachable_on_retransmission)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	fake_net_fail(EPERM);
	rig_advance(500);
	RIG_LOG("0 >INVITE; 500 transport; 500 end");
	rig_close();
}
END_TEST

/* An ICMP error tells of a peer: all that wait for a first response of it fail, others do not. */
START_TEST(icmp_error)
{
	struct flow other = fake_flow(TRANSPORT_UDP, "192.0.2.21", 5060);
	struct flow port = fake_flow(TRANSPORT_UDP, "192.0.2.20", 5061);

	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_client("OPTIONS");
	txn_net_error(rig.layer, &other);
	txn_net_error(rig.layer, &port);
	RIG_LOG("0 >INVITE; 0 >OPTIONS");
	txn_net_error(rig.layer, &rig.peer);
	RIG_LOG("0 transport; 0 end; 0 transport; 0 end");
	txn_net_error(rig.layer, &rig.peer);
	RIG_LOG("");
	rig_close();
}
END_TEST

START_TEST(icmp_error_while_ringing)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_response("INVITE", 180);
	txn_net_error(rig.layer, &rig.peer);
	RIG_LOG("0 >INVITE; 0 <180");
	rig_close();
}
END_TEST

/* The user tries the same peer again from its handler: the new one is not told of the old error. */
START_TEST(icmp_error_and_again)
{
	rig_open(TRANSPORT_UDP);
	rig.retry_on_error = true;
	rig_client("INVITE");
	txn_net_error(rig.layer, &rig.peer);
	RIG_LOG("0 >INVITE; 0 transport; 0 >INVITE; 0 end");
	ck_assert_uint_eq(txn_stats(rig.layer)->clients, 1);
	rig_close();
}
END_TEST

START_TEST(broken_connection)
{
	struct flow broken;

	rig_open(TRANSPORT_TCP);
	rig_client("INVITE");
	broken = *txn_client_flow(rig.ct);
	broken.conn++;
	txn_net_error(rig.layer, &broken);
	RIG_LOG("0 >INVITE");
	txn_net_error(rig.layer, txn_client_flow(rig.ct));
	RIG_LOG("0 transport; 0 end");
	rig_close();
}
END_TEST

START_TEST(other_branch_or_method_is_stray)
{
	rig_open(TRANSPORT_UDP);
	rig_client("INVITE");
	rig_response_to("INVITE", "z9hG4bK-d", 180);
	rig_response("OPTIONS", 200);
	rig_response("CANCEL", 200);
	RIG_LOG("0 >INVITE; 0 stray 180; 0 stray 200; 0 stray 200");
	rig_close();
}
END_TEST

START_TEST(bad_requests_are_refused)
{
	rig_open(TRANSPORT_UDP);
	ck_assert_int_eq(rig_send(NULL, SIP_ACK, "z9hG4bK-c", RIG_INVITE), EINVAL);
	ck_assert_int_eq(rig_send(NULL, SIP_INVITE, "", RIG_INVITE), EINVAL);
	ck_assert_int_eq(rig_send(NULL, SIP_INVITE, "z9hG4bK-c", "INVITE"), EINVAL);
	RIG_LOG("");
	rig_close();
}
END_TEST

START_TEST(timers_can_be_set)
{
	struct txn_config cfg = {.t1_ms = 100, .t2_ms = 200, .t4_ms = 300, .timer_c_ms = 200000};

	rig_open_config(TRANSPORT_UDP, &cfg);
	rig_client("OPTIONS");
	rig_advance(700);
	rig_response("OPTIONS", 200);
	rig_advance(1000);
	RIG_LOG("0 >OPTIONS; 100 >OPTIONS; 300 >OPTIONS; 500 >OPTIONS; 700 >OPTIONS; 700 <200; "
		"1000 end");
	rig_client("INVITE");
	rig_response("INVITE", 180);
	rig_advance(200000);
	rig_response("INVITE", 500);
	rig_advance(6400);
	RIG_LOG("1700 >INVITE; 1700 <180; 201700 timer_c; 201700 >ACK; 201700 <500; 208100 end");
	rig_close();
}
END_TEST

/* Without memory at any place: an error at once, or the call goes on with less comfort. */
START_TEST(no_memory)
{
	unsigned n;

	for (n = 1;; n++) {
		rig_open(TRANSPORT_UDP);
		fake_mem_fail_at(n);
		if (rig_send_invite(&rig.ct) == 0)
			break;
		ck_assert_uint_eq(txn_stats(rig.layer)->clients, 0);
		RIG_LOG("");
		fake_mem_fail_at(0);
		rig_close();
	}
	ck_assert_uint_eq(n, 3);
	fake_mem_fail_at(0);
	rig_close();
	for (n = 1; n <= 6; n++) {
		rig_open(TRANSPORT_UDP);
		rig_client("INVITE");
		fake_mem_fail_at(n);
		rig_response("INVITE", 180);
		rig_advance(2000);
		txn_client_cancel(rig.ct, str_lit("Reason: SIP;cause=200\r\n"), rig.now);
		rig_response("INVITE", 487);
		fake_mem_fail_at(0);
		ck_assert_str_ne(rig_take(), "");
		rig_advance(32000);
		ck_assert_ptr_null(rig.ct);
		rig_close();
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("txn_client", NULL, invite_udp_silence, invite_stream_silence,
		other_udp_silence, other_stream_silence, other_udp_provisional,
		other_udp_provisional_then_silence, other_stream_final, invite_ringing,
		invite_accepted, invite_accepted_stream, invite_refused,
		invite_refused_after_ringing, invite_refused_stream, invite_accepted_after_refused,
		timer_c, cancel_ringing, cancel_waits, cancel_without_any_response,
		cancel_comes_too_late, cancel_ignored, cancel_then_answered, detached,
		detached_then_answered, unreachable_at_once, unreachable_on_retransmission,
		icmp_error, icmp_error_while_ringing, icmp_error_and_again, broken_connection,
		other_branch_or_method_is_stray, bad_requests_are_refused, timers_can_be_set,
		no_memory);
}
