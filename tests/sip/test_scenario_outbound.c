/* Calls of a PBX in virtual time: the PBX is the caller, "out" its gateway, "backup" that one's failover
 * address or the next gateway. */
#include "scenario_rig.h"

#include "tests/core/suite.h"
#include "tests/fakes/loop.c"
#include "tests/fakes/net.c"
#include "tests/fakes/worker_edges.c"

#define FROM_OWN "\"Bob\" <sip:+14155550100@203.0.113.3>;tag=p"
#define FROM_FOREIGN "\"Eve\" <sip:+12125550111@203.0.113.3>;tag=p"

static unsigned pbx_calls;

static void begin(const char *trunk_calls, const char *failover, const char *registration)
{
	char record[512];

	rig_config(DID_PLAIN, trunk_calls);
	snprintf(record, sizeof(record),
		"G\t" OUTBOUND "\tout\tt\t203.0.113.5|5060|udp\t%s\t5\t1\t10\tf\t%s", failover,
		registration);
	fake_config(record);
	rig_start();
	rig_take();
}

static void pbx_sends(const char *method, const char *uri, const char *from, const char *to,
	const char *via, unsigned cseq, const char *extra)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.3:5060;branch=z9hG4bK%s\r\n"
		"Max-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: out%u@203.0.113.3\r\n"
		"CSeq: %u %s\r\nContact: <sip:203.0.113.3:5060>\r\n%sContent-Length: 0\r\n\r\n",
		method, uri, via, from, to, pbx_calls, cseq, method, extra);
	rig_deliver(PBX, text);
}

static void pbx_dials(const char *number, const char *from)
{
	char uri[128], to[160], via[32];

	snprintf(uri, sizeof(uri), "sip:%s@192.0.2.1", number);
	snprintf(to, sizeof(to), "<%s>", uri);
	snprintf(via, sizeof(via), "pbx%u", ++pbx_calls);
	pbx_sends("INVITE", uri, from, to, via, 1, "");
}

/* In the dialog that the newest answer to the PBX made. */
static void pbx_in_dialog(const char *method, unsigned cseq, const char *extra)
{
	char lines[256], via[32], from[256], to[256];
	static unsigned n;

	snprintf(lines, sizeof(lines), "Route: <sip:192.0.2.1:5060;lr>\r\n%s", extra);
	snprintf(via, sizeof(via), "in%u", n++);
	snprintf(from, sizeof(from), "%s", rig_header(rig.answer[PBX], "From"));
	snprintf(to, sizeof(to), "%s", rig_header(rig.answer[PBX], "To"));
	pbx_sends(method, "sip:203.0.113.5:5060", from, to, via, cseq, lines);
}

START_TEST(a_call_from_its_first_to_its_last_message)
{
	begin("2", "\\N", "");
	pbx_dials("+12125550199", FROM_OWN);
	rig_expect("0 pbx<100; 0 out<INVITE");
	ck_assert_uint_eq(rig_slots(), 1);
	ck_assert_ptr_nonnull(
		strstr(rig.got[OUT], "INVITE sip:+12125550199@203.0.113.5:5060;user=phone"));
	ck_assert_str_eq(rig_header(rig.got[OUT], "From"),
		"\"Bob\" <sip:+14155550100@192.0.2.1:5060;user=phone>;tag=p");
	ck_assert_str_eq(rig_header(rig.got[OUT], "P-Asserted-Identity"),
		"<sip:+14155550100@192.0.2.1:5060;user=phone>");
	rig_reply(OUT, 183);
	rig_reply(OUT, 200);
	rig_expect("0 pbx<183; 0 pbx<200");
	ck_assert_str_eq(rig_header(rig.answer[PBX], "From"), FROM_OWN);
	pbx_in_dialog("ACK", 1, "");
	pbx_in_dialog("BYE", 2, "");
	rig_reply(OUT, 200);
	rig_expect("0 out<ACK; 0 out<BYE; 0 pbx<200");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("ANSWERED/NORMAL 200 caller; gateway 200 - NORMAL answered\n");
	rig_stop();
}
END_TEST

START_TEST(silence_leads_to_the_failover_address)
{
	begin("2", "203.0.113.4|5060|udp", "");
	pbx_dials("+12125550199", FROM_OWN);
	rig_wait(5000);
	rig_expect("0 pbx<100; 0 out<INVITE; 5000 backup<INVITE");
	rig_reply(BACKUP, 486);
	rig_expect("5000 backup<ACK; 5000 pbx<486");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("BUSY/FAREND_BUSY 486 callee failed_over; gateway 408 no_response "
		    "FAREND_CONNECTION_ERROR; gateway 486 busy FAREND_BUSY\n");
	rig_stop();
}
END_TEST

START_TEST(a_full_trunk_is_told_at_once)
{
	begin("1", "\\N", "");
	pbx_dials("+12125550199", FROM_OWN);
	rig_reply(OUT, 180);
	rig_take();
	pbx_dials("+12125550198", FROM_OWN);
	rig_expect("0 pbx<503");
	rig_records("CONGESTION/CAPACITY 503 callee\n");
	ck_assert_uint_eq(rig_slots(), 1);
	/* A call from outside finds it full, too. */
	rig_invite();
	rig_expect("0 carrier<503");
	rig_stop();
}
END_TEST

START_TEST(an_emergency_call_goes_over_the_limit)
{
	begin("0", "\\N", "");
	fake_config("G\t" OUTBOUND "\tout\tt\t203.0.113.5|5060|udp\t\\N\t5\t911\t10\tf\t");
	pbx_dials("911", FROM_FOREIGN);
	rig_expect("0 pbx<100; 0 out<INVITE");
	ck_assert_ptr_nonnull(strstr(rig.got[OUT], "INVITE sip:911@203.0.113.5:5060 SIP/2.0"));
	ck_assert_uint_eq(rig_slots(), 1);
	rig_stop();
}
END_TEST

START_TEST(a_draining_worker_takes_emergency_calls_only)
{
	begin("1", "\\N", "");
	fake_config("G\t" OUTBOUND "\tout\tt\t203.0.113.5|5060|udp\t\\N\t5\t911\t10\tf\t");
	fake_drain(1);
	pbx_dials("+12125550199", FROM_OWN);
	rig_expect("0 pbx<503");
	ck_assert_str_eq(rig_header(rig.answer[PBX], "Retry-After"), "30");
	pbx_dials("911", FROM_OWN);
	rig_expect("0 pbx<100; 0 out<INVITE");
	ck_assert_uint_eq(rig_slots(), 1);
	fake_drain(0);
	rig_stop();
}
END_TEST

START_TEST(the_caller_gives_up)
{
	char via[32];

	begin("1", "\\N", "");
	pbx_dials("+12125550199", FROM_OWN);
	rig_reply(OUT, 180);
	rig_take();
	snprintf(via, sizeof(via), "pbx%u", pbx_calls);
	pbx_sends("CANCEL", "sip:+12125550199@192.0.2.1", FROM_OWN, "<sip:+12125550199@192.0.2.1>",
		via, 1, "");
	rig_expect("0 pbx<200; 0 out<CANCEL; 0 pbx<487");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("CANCELLED/CALLER 487 caller; gateway 487 - CALLER\n");
	rig_stop();
}
END_TEST

START_TEST(a_foreign_number_is_not_shown)
{
	begin("1", "\\N", "");
	pbx_dials("+12125550199", FROM_FOREIGN);
	rig_expect("0 pbx<403");
	rig_records("");
	rig_stop();
}
END_TEST

#define CHALLENGE "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\",qop=\"auth\"\r\n"
#define PASSWORD "\tline1\tsecret\t203.0.113.4|5060|udp\t\\N\t3600\t5"

/* The gateway sees numbers that are one higher, also after a restart. */
START_TEST(a_challenge_is_answered_and_the_numbers_stay_apart)
{
	begin("1", "\\N", PASSWORD);
	pbx_dials("+12125550199", FROM_OWN);
	rig_expect("0 pbx<100; 0 out<INVITE");
	rig_reply_with(OUT, 401, CHALLENGE);
	rig_expect("0 out<ACK; 0 out<INVITE");
	ck_assert_str_eq(rig_header(rig.got[OUT], "CSeq"), "2 INVITE");
	ck_assert_ptr_nonnull(strstr(rig.got[OUT], "Authorization: Digest username=\"line1\""));
	rig_reply(OUT, 200);
	rig_expect("0 pbx<200");
	ck_assert_str_eq(rig_header(rig.answer[PBX], "CSeq"), "1 INVITE");
	pbx_in_dialog("ACK", 1, "");
	ck_assert_str_eq(rig_header(rig.got[OUT], "CSeq"), "2 ACK");
	pbx_in_dialog("PRACK", 2, "RAck: 7 1 INVITE\r\n");
	ck_assert_str_eq(rig_header(rig.got[OUT], "CSeq"), "3 PRACK");
	ck_assert_str_eq(rig_header(rig.got[OUT], "RAck"), "7 2 INVITE");
	rig_reply(OUT, 200);
	ck_assert_str_eq(rig_header(rig.answer[PBX], "CSeq"), "2 PRACK");
	rig_stop();
	rig_start();
	ck_assert_uint_eq(rig_slots(), 1);
	pbx_in_dialog("BYE", 3, "");
	ck_assert_str_eq(rig_header(rig.got[OUT], "CSeq"), "4 BYE");
	rig_reply(OUT, 200);
	ck_assert_str_eq(rig_header(rig.answer[PBX], "CSeq"), "3 BYE");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_stop();
}
END_TEST

START_TEST(a_second_challenge_is_a_failure)
{
	begin("1", "\\N", PASSWORD);
	pbx_dials("+12125550199", FROM_OWN);
	rig_reply_with(OUT, 401, CHALLENGE);
	rig_reply_with(OUT, 401, CHALLENGE);
	rig_expect("0 pbx<100; 0 out<INVITE; 0 out<ACK; 0 out<INVITE; 0 out<ACK; 0 pbx<480");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("CONGESTION/FAREND_REQUIRE_AUTH 480 callee; gateway 401 auth_required "
		    "FAREND_REQUIRE_AUTH\n");
	rig_stop();
}
END_TEST

/* The PBX whose address it carries knows nothing of it. */
START_TEST(a_forged_call_is_ended_after_two_seconds)
{
	begin("1", "\\N", "");
	pbx_dials("+12125550199", FROM_OWN);
	rig_reply(OUT, 200);
	rig_take();
	rig_wait(2000);
	rig_expect("2000 pbx<OPTIONS; 2000 out<OPTIONS");
	rig_reply(PBX, 481);
	rig_expect("2000 pbx<BYE; 2000 out<BYE");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_stop();
}
END_TEST

/* From the trunk to one of its own DIDs: two of its calls. */
START_TEST(a_call_to_itself_counts_twice)
{
	begin("3", "\\N", "");
	pbx_dials("+14155550100", FROM_OWN);
	rig_expect("0 pbx<100; 0 pbx<INVITE");
	ck_assert_uint_eq(rig_slots(), 2);
	rig_reply(PBX, 486);
	ck_assert_uint_eq(rig_slots(), 0);
	rig_records("BUSY/FAREND_BUSY 486 callee; only_primary 486 busy FAREND_BUSY\n"
		    "BUSY/FAREND_BUSY 486 callee; own_did 486 - FAREND_BUSY\n");
	rig_stop();
}
END_TEST

int main(void)
{
	return SUITE_RUN("scenario_outbound", NULL, a_call_from_its_first_to_its_last_message,
		silence_leads_to_the_failover_address, a_full_trunk_is_told_at_once,
		an_emergency_call_goes_over_the_limit, a_draining_worker_takes_emergency_calls_only,
		the_caller_gives_up, a_foreign_number_is_not_shown,
		a_challenge_is_answered_and_the_numbers_stay_apart, a_second_challenge_is_a_failure,
		a_forged_call_is_ended_after_two_seconds, a_call_to_itself_counts_twice);
}
