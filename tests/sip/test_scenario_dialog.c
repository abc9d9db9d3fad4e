/* Answered calls: how they end, what keeps them honest, and who may touch them. */
#include "scenario_rig.h"

#include "tests/fakes/loop.c"
#include "tests/fakes/net.c"
#include "tests/fakes/worker_edges.c"

static void begin(void)
{
	rig_config(DID_BACKUP, "2");
	rig_start();
}

/* The newest OPTIONS or BYE that a party got is answered. */
static void live(enum party p)
{
	if (strncmp(rig.got[p], "OPTIONS", 7) == 0)
		rig_reply(p, 200);
}

START_TEST(the_pbx_hangs_up)
{
	begin();
	rig_call_up(PBX);
	rig_in_dialog(PBX, "BYE", 1, "");
	rig_expect("0 carrier<BYE");
	rig_reply(CARRIER, 200);
	rig_expect("0 pbx<200");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("ANSWERED/NORMAL 200 callee; only_primary 200 - NORMAL answered\n");
	rig_stop();
}
END_TEST

START_TEST(both_sides_answer_their_probes)
{
	begin();
	rig_call_up(PBX);
	for (int i = 0; i < 5; i++) {
		rig_wait(60000);
		rig_take();
		ck_assert_ptr_nonnull(strstr(rig.got[PBX], "OPTIONS "));
		/* In the name of the caller, with its number: the caller's next request is in order. */
		ck_assert_str_eq(rig_header(rig.got[PBX], "CSeq"), "1 OPTIONS");
		ck_assert_str_eq(rig_header(rig.got[CARRIER], "CSeq"), "0 OPTIONS");
		live(PBX);
		live(CARRIER);
	}
	ck_assert_uint_eq(rig_slots(), 1);
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_expect("300000 pbx<BYE");
	rig_stop();
}
END_TEST

START_TEST(a_pbx_that_is_gone_frees_its_slot)
{
	begin();
	rig_call_up(PBX);
	for (int s = 0; s < 180; s++) {
		rig_wait(1000);
		live(CARRIER);
	}
	ck_assert_uint_eq(rig_slots(), 0);
	ck_assert_ptr_nonnull(strstr(rig.got[CARRIER], "BYE "));
	ck_assert_str_eq(
		rig_header(rig.got[CARRIER], "Reason"), "SIP;cause=408;text=\"Peer is gone\"");
	rig_records("ANSWERED/NORMAL 200 worker; only_primary 200 - NORMAL answered\n");
	ck_assert_uint_eq(fake_journal_count(JOURNAL_CALL), 0);
	rig_stop();
}
END_TEST

START_TEST(a_side_that_knows_no_such_call_ends_it_at_once)
{
	begin();
	rig_call_up(PBX);
	rig_wait(60000);
	rig_reply(PBX, 481);
	ck_assert_uint_eq(rig_slots(), 0);
	ck_assert_ptr_nonnull(strstr(rig.got[CARRIER], "BYE "));
	ck_assert_ptr_nonnull(strstr(rig.got[PBX], "BYE "));
	ck_assert_str_eq(rig_header(rig.got[PBX], "CSeq"), "2 BYE");
	rig_stop();
}
END_TEST

START_TEST(any_other_answer_to_a_probe_is_life)
{
	begin();
	rig_call_up(PBX);
	for (int i = 0; i < 6; i++) {
		rig_wait(60000);
		rig_reply(PBX, 405);
		rig_reply(CARRIER, 500);
	}
	ck_assert_uint_eq(rig_slots(), 1);
	rig_stop();
}
END_TEST

START_TEST(the_longest_call_time_ends_it)
{
	begin();
	rig_call_up(PBX);
	for (int s = 0; s < 3600; s++) {
		rig_wait(1000);
		live(PBX);
		live(CARRIER);
	}
	rig_wait(1000);
	ck_assert_uint_eq(rig_slots(), 0);
	ck_assert_ptr_nonnull(strstr(rig.got[PBX], "BYE "));
	rig_stop();
}
END_TEST

START_TEST(a_session_that_is_not_refreshed_ends)
{
	begin();
	rig_invite_to("+14155550100", "Supported: timer\r\nSession-Expires: 90\r\n");
	rig_reply(PBX, 200);
	ck_assert_str_eq(rig_header(rig.answer[CARRIER], "Session-Expires"), "90;refresher=uac");
	ck_assert_str_eq(rig_header(rig.answer[CARRIER], "Require"), "timer");
	for (int s = 0; s < 121; s++) {
		rig_wait(1000);
		live(PBX);
		live(CARRIER);
	}
	ck_assert_uint_eq(rig_slots(), 1);
	rig_wait(2000);
	ck_assert_uint_eq(rig_slots(), 0);
	rig_stop();
}
END_TEST

START_TEST(a_refresh_keeps_the_session)
{
	begin();
	rig_invite_to("+14155550100", "Supported: timer\r\nSession-Expires: 90\r\n");
	rig_reply(PBX, 200);
	for (int i = 0; i < 4; i++) {
		rig_wait(60000);
		live(PBX);
		live(CARRIER);
		rig_in_dialog(CARRIER, "UPDATE", 2 + (unsigned)i,
			"Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n");
		ck_assert_ptr_nonnull(strstr(rig.got[PBX], "UPDATE "));
		rig_reply(PBX, 200);
		ck_assert_str_eq(
			rig_header(rig.answer[CARRIER], "Session-Expires"), "90;refresher=uac");
	}
	ck_assert_uint_eq(rig_slots(), 1);
	rig_stop();
}
END_TEST

START_TEST(strangers_do_not_end_calls)
{
	begin();
	rig_call_up(PBX);
	/* From the address of another party of the world, with all the right tags. */
	rig_in_dialog(OUT, "BYE", 9, "");
	ck_assert_uint_eq(rig_slots(), 1);
	rig_take();
	/* An old number. */
	rig_in_dialog(CARRIER, "UPDATE", 5, "");
	rig_reply(PBX, 200);
	rig_take();
	rig_in_dialog(CARRIER, "BYE", 3, "");
	rig_expect("0 carrier<500");
	ck_assert_uint_eq(rig_slots(), 1);
	rig_stop();
}
END_TEST

static unsigned answers_to(const char *request, const char *ip)
{
	struct flow stranger = fake_flow(TRANSPORT_UDP, ip, 5060);
	struct fake_sent sent;
	unsigned n = 0;

	fake_net_deliver(rig.w->net, request, strlen(request), &stranger);
	fake_loop_wait(rig.w->loop, 2000);
	while (fake_net_take(&sent)) {
		char text[FLOW_IP_TEXT_MAX];

		if (!str_eq(net_addr_ip(&sent.to.peer, text), str_of(ip)))
			continue;
		ck_assert_uint_le(sent.len, strlen(request));
		n++;
	}
	return n;
}

#define STRANGER_IP "192.0.2.9"
#define STRANGERS(method, to)                                                                      \
	method " sip:x@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP " STRANGER_IP                      \
	       ";branch=z9hG4bK" method "\r\nMax-Forwards: 70\r\nFrom: <sip:a@" STRANGER_IP        \
	       ">;tag=1\r\nTo: " to "\r\nCall-ID: none\r\nCSeq: 1 " method                         \
	       "\r\nContact: <sip:a@" STRANGER_IP ">\r\nUser-Agent: somebody\r\n"                  \
	       "Content-Length: 0\r\n\r\n"

/* An answer that is sent again, or is longer than what it answers, hits whoever is forged. */
START_TEST(a_stranger_gets_one_answer_and_no_longer_one)
{
	begin();
	ck_assert_uint_eq(answers_to(STRANGERS("INVITE", "<sip:x@y>;tag=2"), STRANGER_IP), 1);
	ck_assert_uint_eq(answers_to(STRANGERS("BYE", "<sip:x@y>;tag=2"), STRANGER_IP), 1);
	ck_assert_uint_eq(answers_to(STRANGERS("CANCEL", "<sip:x@y>"), STRANGER_IP), 1);
	rig_stop();
}
END_TEST

START_TEST(a_request_for_no_call_is_481)
{
	begin();
	rig_call_up(PBX);
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_reply(PBX, 200);
	rig_take();
	rig_in_dialog(CARRIER, "BYE", 3, "");
	rig_expect("0 carrier<481");
	rig_stop();
}
END_TEST

START_TEST(a_2xx_that_comes_again_is_passed_on)
{
	static char invite[4096];

	begin();
	rig_invite();
	memcpy(invite, rig.got[PBX], sizeof(invite));
	rig_reply(PBX, 200);
	rig_expect("0 pbx<INVITE; 0 carrier<200");
	memcpy(rig.got[PBX], invite, sizeof(invite));
	rig_reply(PBX, 200);
	rig_expect("0 carrier<200");
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_expect("0 pbx<ACK");
	rig_stop();
}
END_TEST

START_TEST(a_second_phone_that_answers_is_let_go)
{
	static char invite[4096];
	char *tag;

	begin();
	rig_invite();
	memcpy(invite, rig.got[PBX], sizeof(invite));
	rig_reply(PBX, 200);
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_take();
	/* The PBX forked: the same INVITE, answered with another tag. */
	memcpy(rig.got[PBX], invite, sizeof(invite));
	tag = strstr(rig.got[PBX], "To: <sip:+14155550100@192.0.2.1>");
	ck_assert_ptr_nonnull(tag);
	memmove(tag + 42, tag + 32, strlen(tag + 32) + 1);
	memcpy(tag + 32, ";tag=other", 10);
	rig_reply(PBX, 200);
	rig_expect("0 pbx<ACK; 0 pbx<BYE");
	ck_assert_ptr_nonnull(strstr(rig_header(rig.got[PBX], "To"), ";tag=other"));
	ck_assert_uint_eq(rig_slots(), 1);
	rig_stop();
}
END_TEST

START_TEST(a_reinvite_goes_through_and_can_be_cancelled)
{
	begin();
	rig_call_up(PBX);
	rig_in_dialog(PBX, "INVITE", 1, "Contact: <sip:203.0.113.3:5060>\r\n");
	rig_expect("0 pbx<100; 0 carrier<INVITE");
	rig_reply(CARRIER, 488);
	rig_expect("0 carrier<ACK; 0 pbx<488");
	ck_assert_uint_eq(rig_slots(), 1);
	rig_stop();
}
END_TEST

START_TEST(a_restart_keeps_the_call)
{
	begin();
	rig_call_up(PBX);
	rig_wait(10000);
	rig_stop();
	rig_start();
	ck_assert_uint_eq(rig_slots(), 1);
	ck_assert_uint_eq(fake_trunk_calls(), 1);
	ck_assert_uint_eq(fake_journal_count(JOURNAL_CALL), 1);
	rig_wait(60000);
	rig_take();
	live(PBX);
	live(CARRIER);
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_expect("60000 pbx<BYE");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("ANSWERED/NORMAL 200 caller; only_primary 200 - NORMAL answered\n");
	ck_assert_uint_eq(fake_journal_count(JOURNAL_CALL), 0);
	rig_stop();
}
END_TEST

/* Nobody is known before the first configuration: silence, which a retransmission bridges, then 503,
 * but never a 403 to a carrier. A call from before the restart needs none. */
START_TEST(a_restart_without_a_configuration)
{
	begin();
	rig_call_up(PBX);
	rig_wait(1000);
	rig_stop();
	fake_config_forget();
	rig_start();
	rig_invite();
	rig_expect("");
	rig_wait(3000);
	rig_invite();
	rig_expect("3000 carrier<503");
	rig_stop();

	begin();
	rig_invite();
	rig_expect("0 pbx<INVITE");
	rig_stop();
}
END_TEST

START_TEST(a_call_from_before_needs_no_configuration)
{
	begin();
	rig_call_up(PBX);
	rig_wait(1000);
	rig_stop();
	fake_config_forget();
	rig_start();
	rig_take();
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_expect("0 pbx<BYE");
	rig_stop();
}
END_TEST

START_TEST(an_early_dialog_carries_requests)
{
	begin();
	rig_invite();
	rig_reply_with(PBX, 183, "Require: 100rel\r\nRSeq: 1\r\n");
	rig_expect("0 pbx<INVITE; 0 carrier<183");
	rig_in_dialog(CARRIER, "PRACK", 2, "RAck: 1 1 INVITE\r\n");
	rig_expect("0 pbx<PRACK");
	rig_reply(PBX, 200);
	rig_expect("0 carrier<200");
	rig_stop();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenario_dialog");
	TCase *t = tcase_create("calls");
	tcase_add_test(t, the_pbx_hangs_up);
	tcase_add_test(t, both_sides_answer_their_probes);
	tcase_add_test(t, a_pbx_that_is_gone_frees_its_slot);
	tcase_add_test(t, a_side_that_knows_no_such_call_ends_it_at_once);
	tcase_add_test(t, any_other_answer_to_a_probe_is_life);
	tcase_add_test(t, the_longest_call_time_ends_it);
	tcase_add_test(t, a_session_that_is_not_refreshed_ends);
	tcase_add_test(t, a_refresh_keeps_the_session);
	tcase_add_test(t, strangers_do_not_end_calls);
	tcase_add_test(t, a_stranger_gets_one_answer_and_no_longer_one);
	tcase_add_test(t, a_request_for_no_call_is_481);
	tcase_add_test(t, a_2xx_that_comes_again_is_passed_on);
	tcase_add_test(t, a_second_phone_that_answers_is_let_go);
	tcase_add_test(t, a_reinvite_goes_through_and_can_be_cancelled);
	tcase_add_test(t, a_restart_keeps_the_call);
	tcase_add_test(t, a_restart_without_a_configuration);
	tcase_add_test(t, a_call_from_before_needs_no_configuration);
	tcase_add_test(t, an_early_dialog_carries_requests);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
