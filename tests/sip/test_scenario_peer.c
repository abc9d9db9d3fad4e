/* Two trunking servers, call by call, in virtual time: "backup"'s address is the other server, and the
 * worker under test is the one that is called first, or the one that a call is handed to. */
#include "scenario_rig.h"

#include "tests/fakes/loop.c"
#include "tests/fakes/net.c"
#include "tests/fakes/worker_edges.c"

static void begin(const char *did, const char *trunk_calls)
{
	char why[SETTING_WHY_MAX];

	rig_config(did, trunk_calls);
	ck_assert_int_eq(setting_peers("203.0.113.4", &rig.peers, why), 0);
	rig_start();
}

START_TEST(handed_over_when_the_pbx_fails)
{
	begin(DID_PLAIN, "2");
	rig_invite();
	rig_expect("0 pbx<INVITE");
	ck_assert_uint_eq(rig_slots(), 1);
	rig_reply(PBX, 503);
	rig_expect("0 pbx<ACK; 0 backup<INVITE");
	ck_assert_uint_eq(rig_slots(), 0);
	ck_assert_ptr_nonnull(strstr(rig.got[BACKUP], "INVITE sip:+14155550100@203.0.113.4:5060"));
	ck_assert_ptr_null(strstr(rig.got[BACKUP], "Diversion"));
	ck_assert_ptr_null(strstr(rig.got[BACKUP], "History-Info"));
	ck_assert_str_eq(rig_header(rig.got[BACKUP], "To"), "<sip:+14155550100@192.0.2.1>");
	rig_reply(BACKUP, 100);
	rig_reply(BACKUP, 180);
	rig_reply(BACKUP, 200);
	rig_expect("0 carrier<180; 0 carrier<200");
	rig_in_dialog(CARRIER, "ACK", 1, "");
	rig_expect("0 backup<ACK");
	rig_in_dialog(CARRIER, "BYE", 2, "");
	rig_reply(BACKUP, 200);
	rig_expect("0 backup<BYE; 0 carrier<200");
	rig_records("ANSWERED/NORMAL 200 caller failed_over; only_primary 503 server_error "
		    "FAREND_RESPONSE; peer_server 200 - NORMAL answered\n");
	rig_stop();
}
END_TEST

START_TEST(handed_over_when_the_pbx_is_silent)
{
	begin(DID_PLAIN, "2");
	rig_invite();
	rig_wait(15000);
	rig_expect("0 pbx<INVITE; 15000 backup<INVITE");
	rig_reply(BACKUP, 404);
	rig_expect("15000 backup<ACK; 15000 carrier<404");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_stop();
}
END_TEST

/* The peer's own first response time runs from here on, then the ring time. */
START_TEST(a_peer_that_is_silent)
{
	begin(DID_PLAIN, "2");
	rig_invite();
	rig_reply(PBX, 500);
	rig_wait(15000);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 backup<INVITE; 15000 carrier<408");
	rig_stop();
}
END_TEST

START_TEST(not_handed_over_for_what_people_said)
{
	begin(DID_PLAIN, "2");
	rig_invite();
	rig_reply(PBX, 486);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 carrier<486");
	rig_stop();
}
END_TEST

START_TEST(not_handed_over_where_failover_is_configured)
{
	begin(DID_NUMBER, "2");
	rig_invite();
	rig_reply(PBX, 503);
	rig_expect("0 pbx<INVITE; 0 pbx<ACK; 0 out<INVITE");
	rig_stop();
}
END_TEST

START_TEST(not_handed_over_when_the_trunk_is_full)
{
	begin(DID_PLAIN, "1");
	rig_call_up(PBX);
	rig_invite();
	rig_expect("0 carrier<503");
	rig_stop();
}
END_TEST

/* The other way: an INVITE from the peer is a call like a carrier's, but for one thing. */
START_TEST(never_handed_back)
{
	char invite[1024];

	begin(DID_PLAIN, "2");
	snprintf(invite, sizeof(invite),
		"INVITE sip:+14155550100@192.0.2.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 203.0.113.4:5060;branch=z9hG4bKpeer1\r\n"
		"Max-Forwards: 69\r\nFrom: <sip:+12125550111@198.51.100.7>;tag=p1\r\n"
		"To: <sip:+14155550100@203.0.113.4>\r\nCall-ID: p1@198.51.100.7\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:198.51.100.7:5060>\r\n"
		"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n");
	rig_deliver(BACKUP, invite);
	rig_expect("0 backup<100; 0 pbx<INVITE");
	ck_assert_uint_eq(rig_slots(), 1);
	rig_reply(PBX, 503);
	rig_expect("0 pbx<ACK; 0 backup<500");
	ck_assert_uint_eq(rig_slots(), 0);
	rig_stop();
}
END_TEST

START_TEST(a_peer_calls_our_numbers_only)
{
	begin(DID_PLAIN, "2");
	rig_deliver(BACKUP,
		"INVITE sip:+14155550999@192.0.2.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 203.0.113.4:5060;branch=z9hG4bKpeer2\r\n"
		"Max-Forwards: 69\r\nFrom: <sip:+12125550111@198.51.100.7>;tag=p2\r\n"
		"To: <sip:+14155550999@203.0.113.4>\r\nCall-ID: p2@198.51.100.7\r\n"
		"CSeq: 1 INVITE\r\nContact: <sip:198.51.100.7:5060>\r\nContent-Length: 0\r\n\r\n");
	rig_expect("0 backup<404");
	rig_stop();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scenario_peer");
	TCase *tc = tcase_create("scenario_peer");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(tc, handed_over_when_the_pbx_fails);
	tcase_add_test(tc, handed_over_when_the_pbx_is_silent);
	tcase_add_test(tc, a_peer_that_is_silent);
	tcase_add_test(tc, not_handed_over_for_what_people_said);
	tcase_add_test(tc, not_handed_over_where_failover_is_configured);
	tcase_add_test(tc, not_handed_over_when_the_trunk_is_full);
	tcase_add_test(tc, never_handed_back);
	tcase_add_test(tc, a_peer_calls_our_numbers_only);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
