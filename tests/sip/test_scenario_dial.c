/* Dial plans and forwardings, call by call: who gets an INVITE when, whose slot is held, what stands in the
 * messages. "backup" is the PBX of a second trunk here, "out" the gateway that numbers are reached by. */
#include "sip/call_journal.h"
#include "sip/diversion.h"
#include "sip/recorder.h"
#include "scenario_rig.h"

#include "tests/fakes/loop.c"
#include "tests/fakes/net.c"
#include "tests/fakes/worker_edges.c"

#define TRUNK_2 "00000000-0000-7000-8000-000000000012"
#define PBX_2 "00000000-0000-7000-8000-000000000013"
#define PLAN "00000000-0000-7000-8000-000000000021"

#define MEDIA "(media - ssip:vm@203.0.113.5:5080;transport=udp)"
#define NUMBER "e14155550199"
/* What rings for so long. */
#define RING(seconds, targets) "(ring - sequential " seconds " " targets ")"
#define RING_ALL(seconds, targets) "(ring - simultaneous " seconds " " targets ")"

static void second_trunk(const char *calls)
{
	char record[512];

	snprintf(record, sizeof(record),
		"T\t" TRUNK_2 "\t" ACCOUNT
		"\tt\t%s\t15\t180\t3600\t\trequest_uri\tonly_primary\tf\t\\N\t\\N",
		calls);
	fake_config(record);
	fake_config("S\t" PBX_2 "\t" TRUNK_2
		    "\tprimary\t\tip\t\\N\t\\N\t\\N\t203.0.113.4\t203.0.113.4|5060|udp");
}

static void plan(const char *steps)
{
	char record[1024];

	snprintf(record, sizeof(record), "P\t" PLAN "\t" ACCOUNT "\tplan\t801\t%s", steps);
	fake_config(record);
}

/* The DID's trunk fails over to the dial plan. */
static void begin(const char *steps, const char *calls_2)
{
	rig_config(DID_PLAIN, "2");
	plan(steps);
	fake_config("T\t" TRUNK "\t" ACCOUNT
		    "\tt\t2\t15\t180\t3600\t\trequest_uri\tonly_primary\tt\t" PLAN "\t\\N");
	second_trunk(calls_2);
	rig_start();
}

/* The DID leads to the dial plan, without a trunk. */
static void begin_with_plan(const char *steps, const char *calls_2)
{
	rig_config(DID_PLAIN, "2");
	plan(steps);
	second_trunk(calls_2);
	fake_config(
		"D\t14155550100\t" ACCOUNT "\t\\N\t" PLAN "\tt\tring\t\\N\t\\N\t\\N\t\t\\N\t\\N\t");
	rig_start();
}

static uint32_t slots_2(void)
{
	struct uuid trunk;

	ck_assert_int_eq(uuid_parse(TRUNK_2, strlen(TRUNK_2), &trunk), 0);
	return slots_count(rig.w->slots, &trunk);
}

static void expect_slots(uint32_t first, uint32_t second)
{
	ck_assert_uint_eq(rig_slots(), first);
	ck_assert_uint_eq(slots_2(), second);
}

/* "INVITE sip:…" */
static const char *request_uri(enum party party)
{
	static char uri[256];

	snprintf(uri, sizeof(uri), "%.*s", (int)strcspn(rig.got[party] + 7, " "),
		rig.got[party] + 7);
	return uri;
}

START_TEST(a_silent_pbx_hands_over_to_the_media_server)
{
	begin(MEDIA, "1");
	rig_invite();
	rig_expect("0 pbx<INVITE");
	expect_slots(1, 0);
	rig_wait(15000);
	rig_expect("15000 out<INVITE");
	expect_slots(0, 0);
	ck_assert_str_eq(request_uri(OUT), "sip:vm@203.0.113.5:5080");
	/* Which number was called, and who calls, is there to be seen. */
	ck_assert_ptr_nonnull(strstr(rig_header(rig.got[OUT], "To"), "+14155550100"));
	ck_assert_str_eq(rig_header(rig.got[OUT], "Diversion"),
		"<sip:+14155550100@192.0.2.1:5060;user=phone>;reason=unavailable;counter=1");
	ck_assert_ptr_nonnull(strstr(rig_header(rig.got[OUT], "From"), "\"Alice\""));
	rig_reply(OUT, 200);
	rig_expect("15000 carrier<200");
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_reply(OUT, 200);
	rig_records("ANSWERED/NORMAL 200 caller failed_over; only_primary 408 no_response "
		    "FAREND_CONNECTION_ERROR; trunk_dial_plan 200 - NORMAL answered\n");
	rig_stop();
}
END_TEST

START_TEST(all_ring_at_once_and_the_first_answer_wins)
{
	begin_with_plan(RING_ALL("20", "t" TRUNK_2 " " NUMBER) MEDIA, "1");
	rig_invite();
	rig_expect("0 backup<INVITE; 0 out<INVITE");
	expect_slots(0, 1);
	rig_reply(BACKUP, 180);
	rig_reply(OUT, 183);
	rig_expect("0 carrier<180; 0 carrier<183");
	rig_reply(OUT, 200);
	/* The other one is told that it was not missed. */
	rig_expect("0 carrier<200; 0 backup<CANCEL");
	ck_assert_ptr_nonnull(strstr(rig_header(rig.got[BACKUP], "Reason"), "elsewhere"));
	expect_slots(0, 0);
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_reply(OUT, 200);
	rig_records("ANSWERED/NORMAL 200 caller; did_dial_plan 487 - NORMAL; "
		    "did_dial_plan 200 - NORMAL answered\n");
	rig_stop();
}
END_TEST

START_TEST(who_answers_in_spite_of_the_cancel_is_hung_up)
{
	char invite[sizeof(rig.got[0])];

	begin_with_plan(RING_ALL("20", "t" TRUNK_2 " " NUMBER), "1");
	rig_invite();
	rig_reply(BACKUP, 180);
	memcpy(invite, rig.got[BACKUP], sizeof(invite));
	rig_reply(OUT, 200);
	rig_expect("0 backup<INVITE; 0 out<INVITE; 0 carrier<180; 0 carrier<200; 0 backup<CANCEL");
	rig_reply(BACKUP, 200); /* to the CANCEL */
	memcpy(rig.got[BACKUP], invite, sizeof(invite));
	rig_reply(BACKUP, 200); /* and to the INVITE */
	rig_expect("0 backup<ACK; 0 backup<BYE");
	expect_slots(0, 0);
	rig_stop();
}
END_TEST

START_TEST(the_answer_of_a_trunk_in_a_group_keeps_its_slot_across_a_restart)
{
	begin_with_plan(RING_ALL("20", NUMBER " t" TRUNK_2), "1");
	rig_invite();
	rig_reply(OUT, 100);
	rig_reply(BACKUP, 200);
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_expect("0 out<INVITE; 0 backup<INVITE; 0 carrier<200; 0 out<CANCEL; 0 backup<ACK");
	expect_slots(0, 1);
	ck_assert_uint_eq(fake_journal_count(JOURNAL_CALL), 1);
	/* The process ends without a word and comes back. */
	rig_stop();
	rig_start();
	expect_slots(0, 1);
	/* The next one finds the trunk full. */
	rig_invite();
	rig_expect("0 out<INVITE");
	expect_slots(0, 1);
	rig_stop();
}
END_TEST

START_TEST(all_refuse_and_the_plan_goes_on)
{
	begin_with_plan(
		RING_ALL("20", "t" TRUNK_2 " " NUMBER) "(reject - 503 Nobody%20is%20here)", "1");
	rig_invite();
	rig_reply(OUT, 486);
	rig_expect("0 backup<INVITE; 0 out<INVITE; 0 out<ACK");
	rig_reply(BACKUP, 603);
	rig_expect("0 backup<ACK; 0 carrier<503");
	ck_assert_ptr_nonnull(strstr(rig.answer[CARRIER], "SIP/2.0 503 Nobody is here\r\n"));
	expect_slots(0, 0);
	rig_records("CONGESTION/FAREND_RESPONSE 503 callee failed_over; did_dial_plan 603 rejected "
		    "FAREND_REJECTED; did_dial_plan 486 busy FAREND_BUSY; did_dial_plan 503 "
		    "server_error FAREND_RESPONSE\n");
	rig_stop();
}
END_TEST

START_TEST(nobody_answers_and_one_time_is_for_all)
{
	begin_with_plan(RING_ALL("20", "t" TRUNK_2 " " NUMBER)
				RING("10", "ssip:desk@203.0.113.3:5060;transport=udp"),
		"1");
	rig_invite();
	rig_reply(OUT, 180);
	rig_take();
	rig_wait(5000);
	rig_reply(BACKUP, 180);
	rig_expect("5000 carrier<180");
	rig_wait(15000);
	rig_expect("20000 backup<CANCEL; 20000 out<CANCEL; 20000 pbx<INVITE");
	expect_slots(0, 0);
	ck_assert_str_eq(request_uri(PBX), "sip:desk@203.0.113.3:5060");
	rig_stop();
}
END_TEST

START_TEST(the_caller_leaves_and_all_are_cancelled)
{
	begin_with_plan(RING_ALL("20", "t" TRUNK_2 " " NUMBER) MEDIA, "1");
	rig_invite();
	rig_reply(OUT, 180);
	rig_reply(BACKUP, 180);
	rig_take();
	rig_cancel();
	rig_expect("0 carrier<200; 0 backup<CANCEL; 0 out<CANCEL; 0 carrier<487");
	expect_slots(0, 0);
	rig_wait(60000);
	rig_records("CANCELLED/CALLER 487 caller; did_dial_plan 487 - CALLER; did_dial_plan 487 - "
		    "CALLER\n");
	rig_stop();
}
END_TEST

START_TEST(each_trunk_counts_its_own_calls)
{
	begin(RING("20", "t" TRUNK_2) MEDIA, "1");
	rig_invite();
	rig_reply(PBX, 500);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 backup<INVITE");
	expect_slots(0, 1);
	ck_assert_str_eq(request_uri(BACKUP), "sip:+14155550100@203.0.113.4:5060");
	rig_reply(BACKUP, 200);
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_take();
	/* The second trunk is full now; the first one is not. */
	rig_invite();
	rig_reply(PBX, 500);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 out<INVITE");
	expect_slots(0, 1);
	rig_reply(OUT, 486);
	rig_expect("0 out<ACK; 0 carrier<486");
	rig_records(
		"BUSY/FAREND_BUSY 486 callee failed_over; only_primary 500 server_error "
		"FAREND_RESPONSE; trunk_dial_plan 503 capacity CAPACITY; trunk_dial_plan 486 busy "
		"FAREND_BUSY\n");
	rig_stop();
}
END_TEST

/* What was free when the call came in has to be free when it is tried. */
START_TEST(capacity_is_asked_for_when_an_attempt_is_made)
{
	begin(RING("20", "t" TRUNK_2) MEDIA, "1");
	rig_invite();
	rig_reply(PBX, 100);
	rig_expect("0 pbx<INVITE");
	/* While the first PBX takes its time, another call takes the only place of the second trunk. */
	rig_invite();
	rig_reply(PBX, 500);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 backup<INVITE");
	rig_reply(BACKUP, 180);
	rig_take();
	expect_slots(1, 1);
	/* The third call: full when it comes in, free when it gets there. */
	rig_wait(10000);
	rig_invite();
	rig_reply(PBX, 100);
	rig_expect("10000 pbx<INVITE");
	rig_wait(10000);
	rig_expect("20000 backup<CANCEL; 20000 out<INVITE");
	expect_slots(2, 0);
	rig_reply(PBX, 500);
	rig_expect("20000 pbx<ACK; 20000 backup<INVITE");
	expect_slots(1, 1);
	rig_stop();
}
END_TEST

/* A trunk that is the DID's own, and a target of its dial plan, too. */
START_TEST(the_same_trunk_twice_is_one_slot)
{
	begin(RING_ALL("20", "t" TRUNK " t" TRUNK_2), "1");
	rig_invite();
	rig_reply(PBX, 500);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 pbx<INVITE; 0 backup<INVITE");
	expect_slots(1, 1);
	rig_reply(PBX, 100);
	rig_reply(BACKUP, 200);
	rig_expect("0 carrier<200; 0 pbx<CANCEL");
	expect_slots(0, 1);
	rig_stop();
}
END_TEST

START_TEST(a_media_server_that_is_gone_is_not_the_end)
{
	begin_with_plan(MEDIA RING("10", "t" TRUNK_2), "1");
	rig_invite();
	rig_expect("0 out<INVITE");
	rig_wait(15000);
	rig_expect("15000 backup<INVITE");
	rig_reply(BACKUP, 200);
	rig_expect("15000 carrier<200");
	rig_stop();
}
END_TEST

/* ---- forwardings ---------------------------------------------------------------------------- */

static void begin_forwarding(const char *action, const char *forwardings)
{
	char record[1024];

	rig_config(DID_PLAIN, "2");
	second_trunk("1");
	fake_config("D\t14155550200\t" ACCOUNT "\t" TRUNK_2
		    "\t\\N\tt\tring\t\\N\t\\N\t\\N\t\t\\N\t\\N\t");
	snprintf(record, sizeof(record),
		"D\t14155550100\t" ACCOUNT "\t" TRUNK "\t\\N\tt\t%s\t\\N\t\\N\t\t\\N\t\\N\t%s",
		action, forwardings);
	fake_config(record);
	rig_start();
}

START_TEST(ring_then_forward_rings_for_its_time)
{
	begin_forwarding("ring_then_forward\t30", "(t - 7 called_number - " NUMBER " Cell)");
	rig_invite();
	rig_reply(PBX, 180);
	rig_expect("0 pbx<INVITE; 0 carrier<180");
	rig_wait(30000);
	rig_expect("30000 pbx<CANCEL; 30000 out<INVITE");
	expect_slots(0, 0);
	ck_assert_str_eq(rig_header(rig.got[OUT], "Diversion"),
		"<sip:+14155550100@192.0.2.1:5060;user=phone>;reason=no-answer;counter=1");
	ck_assert_ptr_nonnull(strstr(rig_header(rig.got[OUT], "From"), "<sip:+14155550100@"));
	rig_reply(OUT, 180);
	rig_take();
	rig_wait(7000);
	rig_expect("37000 out<CANCEL");
	rig_stop();
}
END_TEST

START_TEST(busy_and_rejected_forward_at_once)
{
	static const unsigned code[] = {486, 600, 603, 403, 480};

	begin_forwarding("ring\t\\N", "(t - 7 - - " NUMBER " Cell)");
	for (unsigned i = 0; i < 5; i++) {
		rig_invite();
		rig_reply(PBX, code[i]);
		rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 out<INVITE");
		rig_reply(OUT, 404);
		rig_take();
	}
	rig_stop();
}
END_TEST

START_TEST(to_another_did_its_pbx_is_called_for_that_did)
{
	begin_forwarding("ring\t\\N", "(t - 7 caller_number - i+14155550200 Desk)");
	rig_invite();
	rig_reply(PBX, 486);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 backup<INVITE");
	ck_assert_str_eq(request_uri(BACKUP), "sip:+14155550200@203.0.113.4:5060");
	ck_assert_str_eq(rig_header(rig.got[BACKUP], "Diversion"),
		"<sip:+14155550100@192.0.2.1:5060;user=phone>;reason=user-busy;counter=1");
	ck_assert_ptr_null(strstr(rig_header(rig.got[BACKUP], "From"), "Alice"));
	expect_slots(0, 1);
	rig_reply(BACKUP, 180);
	rig_take();
	rig_wait(7000);
	rig_expect("7000 backup<CANCEL");
	rig_reply(BACKUP, 200);
	rig_stop();
}
END_TEST

/* ---- round and round ------------------------------------------------------------------------ */

/* A carrier that takes the INVITE for an outside number and calls one of our DIDs for it: a call of its
 * own, of which only Diversion stays. */
static void comes_back(const char *did)
{
	char lines[2048] = "";

	rig_copy(lines, sizeof(lines), rig.got[OUT], "Diversion");
	rig_invite_to(did, lines);
}

START_TEST(a_ring_of_numbers_outside_leaves_five_times_at_most)
{
	for (unsigned length = 1; length <= 6; length++) {
		unsigned left = 0;
		char record[512];

		rig_config(DID_PLAIN, "20");
		for (unsigned i = 0; i < length; i++) {
			/* DID i forwards to an outside number, which the carrier sends to the next DID. */
			snprintf(record, sizeof(record),
				"D\t1415555010%u\t" ACCOUNT
				"\t\\N\t\\N\tt\tring\t\\N\t\\N\t1415555019%u\t\t\\N\t\\N",
				i, i);
			fake_config(record);
		}
		rig_start();
		rig_invite();
		while (strcmp(rig_take(), "0 out<INVITE") == 0 && left < 20) {
			char next[16];

			left++;
			snprintf(next, sizeof(next), "+1415555010%u", left % length);
			comes_back(next);
		}
		ck_assert_uint_eq(left, DIVERSIONS_MAX);
		ck_assert_ptr_nonnull(strstr(rig.answer[CARRIER], "SIP/2.0 482 Loop Detected"));
		rig_stop();
	}
}
END_TEST

/* Four numbers at once, each of which comes back: no wave that grows. */
START_TEST(what_rings_at_once_and_comes_back_does_not_multiply)
{
	enum { CALLS_MAX = 200 };
	unsigned left = 0, waves = 0, in_wave = 1;

	begin_with_plan(RING_ALL("20", "e14155550191 e14155550192 e14155550193 e14155550194"), "1");
	rig_invite();
	while (in_wave && left < CALLS_MAX) {
		unsigned out = 0;

		for (const char *at = rig_take(); (at = strstr(at, "out<INVITE")); at++)
			out++;
		left += out;
		waves++;
		/* Each of them would come back; one stands for all of a wave, as they are alike. */
		for (unsigned i = 0; i < (out ? 1 : 0); i++)
			comes_back("+14155550100");
		in_wave = out;
	}
	/* 4, 4 of each that came back once, then one at a time. */
	ck_assert_uint_eq(left, 4 + 4 + 1 + 1 + 1);
	ck_assert_uint_eq(waves, DIVERSIONS_MAX + 1);
	rig_stop();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenario_dial");
	TCase *tc = tcase_create("scenario_dial");
	SRunner *r = srunner_create(s);

	tcase_add_test(tc, a_silent_pbx_hands_over_to_the_media_server);
	tcase_add_test(tc, all_ring_at_once_and_the_first_answer_wins);
	tcase_add_test(tc, who_answers_in_spite_of_the_cancel_is_hung_up);
	tcase_add_test(tc, the_answer_of_a_trunk_in_a_group_keeps_its_slot_across_a_restart);
	tcase_add_test(tc, all_refuse_and_the_plan_goes_on);
	tcase_add_test(tc, nobody_answers_and_one_time_is_for_all);
	tcase_add_test(tc, the_caller_leaves_and_all_are_cancelled);
	tcase_add_test(tc, each_trunk_counts_its_own_calls);
	tcase_add_test(tc, capacity_is_asked_for_when_an_attempt_is_made);
	tcase_add_test(tc, the_same_trunk_twice_is_one_slot);
	tcase_add_test(tc, a_media_server_that_is_gone_is_not_the_end);
	tcase_add_test(tc, ring_then_forward_rings_for_its_time);
	tcase_add_test(tc, busy_and_rejected_forward_at_once);
	tcase_add_test(tc, to_another_did_its_pbx_is_called_for_that_did);
	tcase_add_test(tc, a_ring_of_numbers_outside_leaves_five_times_at_most);
	tcase_add_test(tc, what_rings_at_once_and_comes_back_does_not_multiply);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
