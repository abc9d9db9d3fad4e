/* High Availability, call by call. The secondary account is reached at "backup"'s address. */
#include "scenario_rig.h"

#include "tests/fakes/loop.c"
#include "tests/fakes/net.c"
#include "tests/fakes/worker_edges.c"

#define SECONDARY "00000000-0000-7000-8000-000000000006"

static void begin(const char *mode, const char *trunk_calls, const char *did)
{
	char record[512];

	rig_config(did, trunk_calls);
	fake_config("A\t" ACCOUNT "\tt\t\tUTC\tt\t\\N\t\tcaller\t\\N");
	snprintf(record, sizeof(record),
		"T\t" TRUNK "\t" ACCOUNT "\tt\t%s\t15\t180\t3600\t\trequest_uri\t%s\tf\t\\N\t\\N",
		trunk_calls, mode);
	fake_config(record);
	fake_config("S\t" SECONDARY "\t" TRUNK
		    "\tsecondary\t\tip\t\\N\t\\N\t\\N\t203.0.113.4\t203.0.113.4|5060|udp");
	rig_start();
}

START_TEST(load_balancing_takes_turns_and_holds_one_slot)
{
	begin("load_balancing", "2", DID_PLAIN);
	for (unsigned i = 0; i < 4; i++) {
		enum party by = i % 2 ? BACKUP : PBX;

		rig_invite();
		rig_expect(i % 2 ? "0 backup<INVITE" : "0 pbx<INVITE");
		ck_assert_uint_eq(rig_slots(), 1);
		rig_reply(by, 200);
		rig_in_dialog(CARRIER, "ACK", 1, "");
		rig_in_dialog(CARRIER, "BYE", 2, "");
		rig_reply(by, 200);
		rig_take();
		ck_assert_uint_eq(rig_slots(), 0);
	}
	rig_records("ANSWERED/NORMAL 200 caller; load_balancing 200 - NORMAL answered\n"
		    "ANSWERED/NORMAL 200 caller; load_balancing 200 - NORMAL answered\n"
		    "ANSWERED/NORMAL 200 caller; load_balancing 200 - NORMAL answered\n"
		    "ANSWERED/NORMAL 200 caller; load_balancing 200 - NORMAL answered\n");
	rig_stop();
}
END_TEST

START_TEST(load_balancing_does_not_try_the_other_one)
{
	begin("load_balancing", "2", DID_PLAIN);
	rig_invite();
	rig_reply(PBX, 500);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 carrier<500");
	rig_records("CONGESTION/FAREND_RESPONSE 500 callee; "
		    "load_balancing 500 server_error FAREND_RESPONSE\n");
	rig_invite();
	rig_expect("0 backup<INVITE");
	rig_stop();
}
END_TEST

START_TEST(a_full_trunk_spends_no_turn)
{
	char answer[sizeof(rig.answer[CARRIER])];

	begin("load_balancing", "1", DID_PLAIN);
	rig_call_up(PBX);
	memcpy(answer, rig.answer[CARRIER], sizeof(answer));
	for (unsigned i = 0; i < 3; i++) {
		rig_invite();
		rig_expect("0 carrier<503");
	}
	ck_assert_uint_eq(rig_slots(), 1);
	memcpy(rig.answer[CARRIER], answer, sizeof(answer));
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_reply(PBX, 200);
	rig_take();
	ck_assert_uint_eq(rig_slots(), 0);
	rig_invite();
	rig_expect("0 backup<INVITE");
	rig_stop();
}
END_TEST

START_TEST(auto_failover_keeps_the_slot_on_its_way_to_the_secondary)
{
	begin("auto_failover", "1", DID_PLAIN);
	rig_invite();
	rig_expect("0 pbx<INVITE");
	rig_reply(PBX, 401);
	rig_expect("0 pbx<ACK; 0 backup<INVITE");
	ck_assert_uint_eq(rig_slots(), 1);
	rig_reply(BACKUP, 200);
	rig_expect("0 carrier<200");
	ck_assert_uint_eq(rig_slots(), 1);
	/* The one call fills the trunk, on whichever account it is. */
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_reply(BACKUP, 200);
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("ANSWERED/NORMAL 200 caller failed_over; auto_failover 401 auth_required "
		    "FAREND_REQUIRE_AUTH; auto_failover 200 - NORMAL answered\n");
	rig_stop();
}
END_TEST

START_TEST(auto_failover_waits_for_silence_once)
{
	begin("auto_failover", "1", DID_PLAIN);
	rig_invite();
	rig_take();
	rig_wait(15000);
	rig_expect("15000 backup<INVITE");
	ck_assert_uint_eq(rig_slots(), 1);
	rig_reply(BACKUP, 486);
	rig_expect("15000 backup<ACK; 15000 carrier<486");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_stop();
}
END_TEST

START_TEST(both_accounts_fail_and_the_number_is_called_without_a_slot)
{
	begin("auto_failover", "1", DID_NUMBER);
	rig_invite();
	rig_reply(PBX, 404);
	rig_reply(BACKUP, 407);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 backup<INVITE; 0 backup<ACK; 0 out<INVITE");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_reply(OUT, 200);
	rig_expect("0 carrier<200");
	rig_stop();
}
END_TEST

START_TEST(load_balancing_healthy_retries_on_the_other_one)
{
	begin("load_balancing_healthy", "1", DID_PLAIN);
	rig_invite();
	rig_reply(PBX, 500);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 backup<INVITE");
	rig_reply(BACKUP, 500);
	rig_take();
	rig_invite();
	rig_reply(BACKUP, 500);
	rig_expect("0 backup<INVITE; 0 backup<ACK; 0 pbx<INVITE");
	rig_stop();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenario_ha");
	TCase *tc = tcase_create("scenario_ha");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, load_balancing_takes_turns_and_holds_one_slot);
	tcase_add_test(tc, load_balancing_does_not_try_the_other_one);
	tcase_add_test(tc, a_full_trunk_spends_no_turn);
	tcase_add_test(tc, auto_failover_keeps_the_slot_on_its_way_to_the_secondary);
	tcase_add_test(tc, auto_failover_waits_for_silence_once);
	tcase_add_test(tc, both_accounts_fail_and_the_number_is_called_without_a_slot);
	tcase_add_test(tc, load_balancing_healthy_retries_on_the_other_one);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
