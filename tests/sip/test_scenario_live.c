/* Calls in progress as others see them, and hanging them up. */
#include "scenario_rig.h"

#include "tests/fakes/loop.c"
#include "tests/fakes/net.c"
#include "tests/fakes/worker_edges.c"

static void begin(void)
{
	rig_config(DID_BOTH, "2");
	rig_start();
}

#define live_expect(text) ck_assert_str_eq(fake_live_calls(), text)

START_TEST(a_call_is_shown_while_it_lasts)
{
	begin();
	rig_invite();
	live_expect("");
	rig_wait(300);
	live_expect("inbound ringing 1 sip_account");
	rig_reply(PBX, 500);
	rig_wait(300);
	live_expect("inbound ringing 2 backup_pbx");
	rig_reply(BACKUP, 200);
	rig_wait(300);
	live_expect("inbound answered 2 backup_pbx");
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_in_dialog(CARRIER, "BYE", 2, "");
	live_expect("");
	rig_stop();
}
END_TEST

START_TEST(a_short_call_is_never_told_of)
{
	begin();
	rig_invite();
	rig_wait(100);
	rig_cancel();
	rig_wait(1000);
	live_expect("");
	rig_records("CANCELLED/CALLER 487 caller; only_primary 487 - CALLER\n");
	rig_stop();
}
END_TEST

START_TEST(many_calls_are_told_of_in_slices)
{
	rig_config(DID_PLAIN, "100000");
	rig_start();
	/* More than the fake holds would abort it: all are gone again when the look comes. */
	for (int i = 0; i < 60; i++)
		rig_invite();
	rig_wait(300);
	ck_assert_uint_eq(fake_live_count, 60);
	rig_stop();
}
END_TEST

START_TEST(calls_of_before_a_restart_are_shown_again)
{
	begin();
	rig_call_up(PBX);
	rig_stop();
	fake_live_count = 0;
	rig_start();
	rig_wait(300);
	live_expect("inbound answered 1 sip_account");
	rig_stop();
}
END_TEST

START_TEST(calls_are_told_of_again_when_the_rows_were_lost)
{
	begin();
	rig_call_up(PBX);
	rig_wait(300);
	for (int round = 0; round < 3; round++) {
		fake_live_count = 0;
		rig_wait(2000);
		live_expect("");
		fake_calls_lost = true;
		rig_wait(1300);
		live_expect("inbound answered 1 sip_account");
	}
	fake_live_count = 0;
	fake_kept_count = 0;
	fake_entries_lost = true;
	rig_wait(1300);
	live_expect("inbound answered 1 sip_account");
	ck_assert_uint_eq(fake_journal_count(JOURNAL_CALL), 1);
	/* One that waits already is told of once, and one that ended in between not at all. */
	rig_in_dialog(CARRIER, "ACK", 1, "");
	fake_live_count = 0;
	fake_calls_lost = true;
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_wait(1300);
	live_expect("");
	rig_stop();
}
END_TEST

START_TEST(an_answered_call_is_hung_up_on_both_sides)
{
	begin();
	rig_call_up(PBX);
	rig_wait(300);
	rig_take();
	ck_assert_str_eq(fake_command(rig.w, "hang_up", fake_hang_up_argument()), "hung_up");
	rig_expect("300 carrier<BYE; 300 pbx<BYE");
	ck_assert_str_eq(
		rig_header(rig.got[PBX], "Reason"), "Q.850;cause=16;text=\"Ended by operator\"");
	ck_assert_uint_eq(rig_slots(), 0);
	live_expect("");
	ck_assert_uint_eq(fake_journal_count(JOURNAL_CALL), 0);
	rig_records("ANSWERED/NORMAL 200 operator; only_primary 200 - NORMAL answered\n");
	rig_stop();
}
END_TEST

START_TEST(a_call_in_set_up_is_cancelled_and_refused)
{
	begin();
	rig_invite();
	rig_reply(PBX, 180);
	rig_wait(300);
	rig_take();
	ck_assert_str_eq(fake_command(rig.w, "hang_up", fake_hang_up_argument()), "hung_up");
	rig_expect("300 carrier<480; 300 pbx<CANCEL");
	ck_assert_uint_eq(rig_slots(), 0);
	live_expect("");
	rig_records("CANCELLED/NORMAL 480 operator; only_primary 487 - NORMAL\n");
	rig_stop();
}
END_TEST

START_TEST(an_answer_that_crosses_the_hanging_up_is_ended)
{
	char invite[4096];

	begin();
	rig_invite();
	rig_reply(PBX, 180);
	rig_wait(300);
	snprintf(invite, sizeof(invite), "%s", rig.got[PBX]);
	ck_assert_str_eq(fake_command(rig.w, "hang_up", fake_hang_up_argument()), "hung_up");
	rig_take();
	strcpy(rig.got[PBX], invite);
	rig_reply(PBX, 200);
	rig_expect("300 pbx<ACK; 300 pbx<BYE");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_stop();
}
END_TEST

START_TEST(what_is_no_call_cannot_be_hung_up)
{
	char argument[512];

	begin();
	rig_call_up(PBX);
	rig_wait(300);
	snprintf(argument, sizeof(argument), "%s", fake_hang_up_argument());
	ck_assert_str_eq(fake_command(rig.w, "hang_up", ""), "no_such_call");
	ck_assert_str_eq(fake_command(rig.w, "hang_up", "\n\n\n"), "no_such_call");
	/* Another call of the same dialog's name. */
	argument[0] = argument[0] == '0' ? '1' : '0';
	ck_assert_str_eq(fake_command(rig.w, "hang_up", argument), "no_such_call");
	ck_assert_str_eq(fake_command(rig.w, "dance", "x"), "unknown_kind");
	ck_assert_uint_eq(rig_slots(), 1);
	ck_assert_str_eq(fake_command(rig.w, "hang_up", fake_hang_up_argument()), "hung_up");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_stop();
}
END_TEST

#define RECORD_DRAINING                                                                            \
	"T\t" TRUNK "\t" ACCOUNT                                                                   \
	"\tt\t5\t15\t180\t3600\t\trequest_uri\tonly_primary\tf\t\\N\t\\N\tt"

START_TEST(a_draining_trunk_keeps_its_calls_and_gets_no_new_ones)
{
	begin();
	rig_call_up(PBX);
	fake_config(RECORD_DRAINING);
	rig.w->feed_fd.h(EPOLLIN, rig.w->feed_fd.arg);
	rig_invite();
	rig_expect("0 backup<INVITE");
	rig_reply(BACKUP, 200);
	rig_take();
	ck_assert_uint_eq(rig_slots(), 1);
	rig_records("");
	rig_stop();
}
END_TEST

START_TEST(a_draining_worker_refuses_new_calls_only)
{
	begin();
	rig_call_up(PBX);
	fake_drain(1);
	rig_invite();
	rig_expect("0 carrier<503");
	ck_assert_str_eq(rig_header(rig.answer[CARRIER], "Retry-After"), "30");
	ck_assert_uint_eq(fake_journal_count(JOURNAL_DRAINING), 1);
	/* What PostgreSQL does not say now is as it was, across a restart. */
	rig_stop();
	fake_drain(-1);
	rig_start();
	rig_invite();
	rig_expect("0 carrier<503");
	ck_assert_uint_eq(rig_slots(), 1);
	fake_drain(0);
	rig_invite();
	rig_expect("0 pbx<INVITE");
	ck_assert_uint_eq(fake_journal_count(JOURNAL_DRAINING), 0);
	rig_stop();
}
END_TEST

START_TEST(a_draining_worker_carries_its_calls_to_their_end)
{
	begin();
	rig_call_up(PBX);
	fake_drain(1);
	rig_in_dialog(CARRIER, "OPTIONS", 2, "");
	rig_expect("0 pbx<OPTIONS");
	rig_reply(PBX, 200);
	rig_in_dialog(CARRIER, "BYE", 3, "");
	rig_expect("0 carrier<200; 0 pbx<BYE");
	rig_reply(PBX, 200);
	rig_expect("0 carrier<200");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("ANSWERED/NORMAL 200 caller; only_primary 200 - NORMAL answered\n");
	rig_stop();
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("live");

	tcase_add_test(tc, a_call_is_shown_while_it_lasts);
	tcase_add_test(tc, a_short_call_is_never_told_of);
	tcase_add_test(tc, many_calls_are_told_of_in_slices);
	tcase_add_test(tc, calls_of_before_a_restart_are_shown_again);
	tcase_add_test(tc, calls_are_told_of_again_when_the_rows_were_lost);
	tcase_add_test(tc, an_answered_call_is_hung_up_on_both_sides);
	tcase_add_test(tc, a_call_in_set_up_is_cancelled_and_refused);
	tcase_add_test(tc, an_answer_that_crosses_the_hanging_up_is_ended);
	tcase_add_test(tc, what_is_no_call_cannot_be_hung_up);
	tcase_add_test(tc, a_draining_trunk_keeps_its_calls_and_gets_no_new_ones);
	tcase_add_test(tc, a_draining_worker_refuses_new_calls_only);
	tcase_add_test(tc, a_draining_worker_carries_its_calls_to_their_end);
	Suite *s = suite_create("scenario_live");
	suite_add_tcase(s, tc);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
