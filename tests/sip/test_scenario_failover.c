/* Behaviour, call by call: what the carrier, the PBX and those behind it see. */
#include "scenario_rig.h"

#include "tests/fakes/loop.c"
#include "tests/fakes/net.c"
#include "tests/fakes/worker_edges.c"

static void begin(const char *did)
{
	rig_config(did, "2");
	rig_start();
}

START_TEST(an_answered_call)
{
	begin(DID_PLAIN);
	rig_invite();
	rig_expect("0 pbx<INVITE");
	ck_assert_ptr_nonnull(
		strstr(rig.got[PBX], "INVITE sip:+14155550100@203.0.113.3:5060 SIP/2.0\r\n"));
	ck_assert_uint_eq(rig_slots(), 1);
	rig_reply(PBX, 180);
	rig_expect("0 carrier<180");
	rig_wait(3000);
	rig_reply(PBX, 200);
	rig_expect("3000 carrier<200");
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_expect("3000 pbx<ACK");
	ck_assert_uint_eq(fake_journal_count(JOURNAL_CALL), 1);
	rig_wait(5000);
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_expect("8000 pbx<BYE");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_reply(PBX, 200);
	rig_expect("8000 carrier<200");
	rig_records("ANSWERED/NORMAL 200 caller; only_primary 200 - NORMAL answered\n");
	ck_assert_uint_eq(fake_journal_count(JOURNAL_CALL), 0);
	rig_stop();
}
END_TEST

/* Triggers by response: moved on at once. */
static const struct {
	unsigned code;
	const char *trigger, *cause;
} moves_on[] = {
	{401, "auth_required", "FAREND_REQUIRE_AUTH"},
	{404, "not_found", "FAREND_RESPONSE"},
	{407, "auth_required", "FAREND_REQUIRE_AUTH"},
	{408, "timeout", "FAREND_RESPONSE"},
	{410, "not_found", "FAREND_RESPONSE"},
	{500, "server_error", "FAREND_RESPONSE"},
	{503, "server_error", "FAREND_RESPONSE"},
	{604, "not_found", "FAREND_RESPONSE"},
};

START_TEST(a_refusal_moves_the_call_to_the_backup_pbx)
{
	char expected[256];

	begin(DID_BACKUP);
	rig_invite();
	rig_expect("0 pbx<INVITE");
	rig_reply(PBX, moves_on[_i].code);
	rig_expect("0 pbx<ACK; 0 backup<INVITE");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_reply(BACKUP, 200);
	rig_expect("0 carrier<200");
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_expect("0 backup<ACK; 0 backup<BYE");
	snprintf(expected, sizeof(expected),
		"ANSWERED/NORMAL 200 caller failed_over; only_primary %u %s %s; "
		"did_backup_pbx 200 - NORMAL answered\n",
		moves_on[_i].code, moves_on[_i].trigger, moves_on[_i].cause);
	rig_records(expected);
	rig_stop();
}
END_TEST

/* These go to the caller, and nothing else rings. */
static const struct {
	unsigned code;
	const char *record;
} ends[] = {
	{486, "BUSY/FAREND_BUSY 486 callee; only_primary 486 busy FAREND_BUSY"},
	{600, "BUSY/FAREND_BUSY 600 callee; only_primary 600 busy FAREND_BUSY"},
	{603, "REJECTED/FAREND_REJECTED 603 callee; only_primary 603 rejected FAREND_REJECTED"},
	{607, "REJECTED/FAREND_REJECTED 607 callee; only_primary 607 - FAREND_REJECTED"},
};

START_TEST(busy_and_decline_go_to_the_caller)
{
	char expected[64];

	begin(DID_BOTH);
	rig_invite();
	rig_take();
	rig_reply(PBX, ends[_i].code);
	snprintf(expected, sizeof(expected), "0 pbx<ACK; 0 carrier<%u", ends[_i].code);
	rig_expect(expected);
	ck_assert_msg(strncmp(fake_records(), ends[_i].record, strlen(ends[_i].record)) == 0, "%s",
		fake_records());
	rig_wait(60000);
	rig_stop();
}
END_TEST

START_TEST(silence_moves_on_after_the_first_response_time)
{
	begin(DID_BACKUP);
	rig_invite();
	rig_wait(14900);
	rig_expect("0 pbx<INVITE");
	rig_wait(200);
	rig_expect("15000 backup<INVITE");
	rig_reply(BACKUP, 200);
	rig_take();
	rig_stop();
}
END_TEST

START_TEST(a_number_is_called_with_diversion)
{
	begin(DID_BOTH);
	rig_invite();
	rig_reply(PBX, 503);
	rig_reply(BACKUP, 500);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 backup<INVITE; 0 backup<ACK; 0 out<INVITE");
	ck_assert_ptr_nonnull(strstr(
		rig.got[OUT], "INVITE sip:+14155550199@203.0.113.5:5060;user=phone SIP/2.0\r\n"));
	ck_assert_str_eq(rig_header(rig.got[OUT], "Diversion"),
		"<sip:+14155550100@192.0.2.1:5060;user=phone>;reason=unavailable;counter=1");
	ck_assert_str_eq(rig_header(rig.got[OUT], "History-Info"),
		"<sip:+14155550100@192.0.2.1:5060;user=phone>;index=1");
	ck_assert_str_eq(rig_header(rig.got[OUT], "From"), rig_header(rig.got[PBX], "From"));
	rig_reply(OUT, 200);
	rig_expect("0 carrier<200");
	rig_stop();
}
END_TEST

START_TEST(the_number_may_be_shown_as_the_caller)
{
	rig_config("\\N\t14155550199\t\tcalled_number\t\\N", "2");
	rig_start();
	rig_invite();
	rig_reply(PBX, 404);
	ck_assert_ptr_nonnull(strstr(rig_header(rig.got[OUT], "From"),
		"<sip:+14155550100@192.0.2.1:5060;user=phone>;tag=a"));
	rig_reply(OUT, 180);
	/* The caller gets back what it sent. */
	ck_assert_ptr_nonnull(strstr(rig_header(rig.answer[CARRIER], "From"),
		"\"Alice\" <sip:+12125550111@198.51.100.7>;tag=a"));
	rig_reply(OUT, 200);
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_in_dialog(CARRIER, "BYE", 2, "");
	ck_assert_ptr_nonnull(strstr(rig_header(rig.got[OUT], "From"), "<sip:+14155550100@"));
	rig_reply(OUT, 200);
	ck_assert_ptr_nonnull(strstr(rig_header(rig.answer[CARRIER], "From"), "\"Alice\""));
	rig_stop();
}
END_TEST

START_TEST(nothing_left_is_a_response_of_our_own_or_the_best)
{
	begin(DID_PLAIN);
	rig_invite();
	rig_reply(PBX, 401);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 carrier<480");
	rig_invite();
	rig_reply(PBX, 404);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 carrier<404");
	rig_stop();
}
END_TEST

START_TEST(capacity_moves_on_without_asking_the_pbx)
{
	rig_config(DID_BACKUP, "1");
	rig_start();
	rig_invite();
	rig_reply(PBX, 180);
	rig_take();
	rig_invite();
	rig_expect("0 backup<INVITE");
	ck_assert_uint_eq(rig_slots(), 1);
	rig_stop();
}
END_TEST

START_TEST(capacity_with_nothing_left_is_503_at_once)
{
	rig_config(DID_PLAIN, "0");
	rig_start();
	rig_invite();
	rig_expect("0 carrier<503");
	rig_records("CONGESTION/CAPACITY 503 callee; only_primary 503 capacity CAPACITY\n");
	rig_stop();
}
END_TEST

START_TEST(the_caller_hangs_up_while_it_rings)
{
	begin(DID_BOTH);
	rig_invite();
	rig_reply(PBX, 180);
	rig_take();
	rig_cancel();
	rig_expect("0 carrier<200; 0 pbx<CANCEL; 0 carrier<487");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("CANCELLED/CALLER 487 caller; only_primary 487 - CALLER\n");
	rig_wait(40000);
	rig_stop();
}
END_TEST

START_TEST(an_answer_that_crosses_the_cancel_is_ended)
{
	static char invite[4096];

	begin(DID_PLAIN);
	rig_invite();
	rig_reply(PBX, 180);
	memcpy(invite, rig.got[PBX], sizeof(invite));
	rig_cancel();
	rig_take();
	memcpy(rig.got[PBX], invite, sizeof(invite));
	rig_reply(PBX, 200);
	rig_expect("0 pbx<ACK; 0 pbx<BYE");
	/* It comes again: the ACK does too, the BYE does not. */
	memcpy(rig.got[PBX], invite, sizeof(invite));
	rig_reply(PBX, 200);
	rig_expect("0 pbx<ACK");
	rig_stop();
}
END_TEST

START_TEST(a_late_answer_wins_over_the_next_attempt)
{
	static char invite[4096];

	begin(DID_BACKUP);
	rig_invite();
	memcpy(invite, rig.got[PBX], sizeof(invite));
	rig_wait(15100);
	rig_expect("0 pbx<INVITE; 15000 backup<INVITE");
	rig_reply(BACKUP, 180);
	rig_take();
	memcpy(rig.got[PBX], invite, sizeof(invite));
	rig_reply(PBX, 200);
	rig_expect("15100 carrier<200; 15100 backup<CANCEL");
	ck_assert_uint_eq(rig_slots(), 1);
	rig_stop();
}
END_TEST

START_TEST(the_next_call_goes_to_the_pbx_again)
{
	begin(DID_BACKUP);
	rig_invite();
	rig_reply(PBX, 503);
	rig_reply(BACKUP, 200);
	rig_take();
	rig_invite();
	rig_expect("0 pbx<INVITE");
	rig_stop();
}
END_TEST

START_TEST(the_same_invite_by_two_ways_is_a_loop)
{
	begin(DID_PLAIN);
	rig_invite();
	rig_take();
	rig.calls--;
	rig_invite_to("+14155550100", "Via: SIP/2.0/UDP other;branch=z9hG4bKother\r\n");
	rig_take();
	rig_invite_to("+14155550100",
		"Diversion: <sip:1@a>, <sip:2@a>, <sip:3@a>, <sip:4@a>, <sip:5@a>\r\n");
	rig_expect("0 carrier<482");
	rig_stop();
}
END_TEST

START_TEST(an_unknown_number_is_404)
{
	begin(DID_PLAIN);
	rig_invite_to("+14155550999", "");
	rig_expect("0 carrier<404");
	rig_invite_to("nobody", "");
	rig_expect("0 carrier<404");
	rig_records("");
	rig_stop();
}
END_TEST

START_TEST(a_session_timer_too_small_is_422)
{
	begin(DID_PLAIN);
	rig_invite_to("+14155550100", "Session-Expires: 10\r\nSupported: timer\r\n");
	rig_expect("0 carrier<422");
	ck_assert_str_eq(rig_header(rig.answer[CARRIER], "Min-SE"), "90");
	rig_stop();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenario_failover");
	TCase *t = tcase_create("calls");
	tcase_add_test(t, an_answered_call);
	tcase_add_loop_test(t, a_refusal_moves_the_call_to_the_backup_pbx, 0,
		sizeof(moves_on) / sizeof(moves_on[0]));
	tcase_add_loop_test(
		t, busy_and_decline_go_to_the_caller, 0, sizeof(ends) / sizeof(ends[0]));
	tcase_add_test(t, silence_moves_on_after_the_first_response_time);
	tcase_add_test(t, a_number_is_called_with_diversion);
	tcase_add_test(t, the_number_may_be_shown_as_the_caller);
	tcase_add_test(t, nothing_left_is_a_response_of_our_own_or_the_best);
	tcase_add_test(t, capacity_moves_on_without_asking_the_pbx);
	tcase_add_test(t, capacity_with_nothing_left_is_503_at_once);
	tcase_add_test(t, the_caller_hangs_up_while_it_rings);
	tcase_add_test(t, an_answer_that_crosses_the_cancel_is_ended);
	tcase_add_test(t, a_late_answer_wins_over_the_next_attempt);
	tcase_add_test(t, the_next_call_goes_to_the_pbx_again);
	tcase_add_test(t, the_same_invite_by_two_ways_is_a_loop);
	tcase_add_test(t, an_unknown_number_is_404);
	tcase_add_test(t, a_session_timer_too_small_is_422);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
