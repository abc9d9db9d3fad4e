/* RFC 4028 section 8, row by row. */
#include <stdio.h>
#include <stdlib.h>

#include "message.h"
#include "sip/session_timer.h"

static struct session_offer offer;
static char lines[512];

static enum session_verdict request(const char *headers)
{
	char text[2048];
	struct sip_msg m;
	struct sip_build b;

	snprintf(text, sizeof(text), "%s%sContent-Length: 0\r\n\r\n", INVITE_HEAD, headers);
	message_scan(&m, text);
	sip_build_init(&b, lines, sizeof(lines) - 1);
	enum session_verdict v = session_request(&m, SESSION_DEFAULT, &offer, &b);
	ck_assert_int_eq(b.err, 0);
	lines[b.len] = '\0';
	return v;
}

static uint32_t response(const struct session_offer *o, const char *headers)
{
	char text[2048];
	struct sip_msg m;
	struct sip_build b;
	uint32_t interval = 12345;

	snprintf(text, sizeof(text),
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\n"
		"%sContent-Length: 0\r\n\r\n",
		headers);
	message_scan(&m, text);
	sip_build_init(&b, lines, sizeof(lines) - 1);
	session_response(&m, o, &interval, &b);
	ck_assert_int_eq(b.err, 0);
	lines[b.len] = '\0';
	return interval;
}

START_TEST(a_request_without_a_timer_gets_one)
{
	ck_assert_int_eq(request(""), SESSION_EDIT);
	ck_assert_str_eq(lines, "Session-Expires: 1800\r\n");
	ck_assert_uint_eq(offer.interval, 1800);
	ck_assert(!offer.uac_supports);
}
END_TEST

START_TEST(a_larger_minimum_is_respected)
{
	ck_assert_int_eq(request("Min-SE: 3600\r\nSupported: 100rel, timer\r\n"), SESSION_EDIT);
	ck_assert_str_eq(lines, "Session-Expires: 3600\r\nMin-SE: 3600\r\n");
	ck_assert(offer.uac_supports);
}
END_TEST

START_TEST(a_good_timer_passes)
{
	ck_assert_int_eq(request("Session-Expires: 90;refresher=uas\r\n"), SESSION_PASS);
	ck_assert_uint_eq(offer.interval, 90);
	ck_assert_str_eq(lines, "");
}
END_TEST

START_TEST(one_too_small_is_refused_when_the_caller_understands)
{
	ck_assert_int_eq(request("Session-Expires: 89\r\nSupported: timer\r\n"), SESSION_TOO_SMALL);
}
END_TEST

START_TEST(one_too_small_is_raised_when_it_does_not)
{
	ck_assert_int_eq(request("x: 10\r\n"), SESSION_EDIT);
	ck_assert_str_eq(lines, "Session-Expires: 90\r\nMin-SE: 90\r\n");
}
END_TEST

START_TEST(nonsense_is_bad)
{
	ck_assert_int_eq(request("Session-Expires: soon\r\n"), SESSION_BAD);
	ck_assert_int_eq(request("Session-Expires: 90x\r\n"), SESSION_BAD);
	ck_assert_int_eq(request("Session-Expires: 99999999999\r\n"), SESSION_BAD);
	ck_assert_int_eq(request("Min-SE: -1\r\n"), SESSION_BAD);
}
END_TEST

START_TEST(the_callees_timer_counts)
{
	struct session_offer o = {1800, true};

	ck_assert_uint_eq(response(&o, "Session-Expires: 600;refresher=uas\r\n"), 600);
	ck_assert_str_eq(lines, "");
}
END_TEST

START_TEST(a_caller_alone_with_timers_refreshes)
{
	struct session_offer o = {1800, true};

	ck_assert_uint_eq(response(&o, ""), 1800);
	ck_assert_str_eq(lines, "Session-Expires: 1800;refresher=uac\r\nRequire: timer\r\n");
	ck_assert_uint_eq(response(&o, "Require: timer\r\n"), 1800);
	ck_assert_str_eq(lines, "Session-Expires: 1800;refresher=uac\r\n");
}
END_TEST

START_TEST(nobody_with_timers_means_none)
{
	struct session_offer o = {1800, false};

	ck_assert_uint_eq(response(&o, ""), 0);
	ck_assert_str_eq(lines, "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("session_timer");
	TCase *t = tcase_create("rfc4028");
	tcase_add_test(t, a_request_without_a_timer_gets_one);
	tcase_add_test(t, a_larger_minimum_is_respected);
	tcase_add_test(t, a_good_timer_passes);
	tcase_add_test(t, one_too_small_is_refused_when_the_caller_understands);
	tcase_add_test(t, one_too_small_is_raised_when_it_does_not);
	tcase_add_test(t, nonsense_is_bad);
	tcase_add_test(t, the_callees_timer_counts);
	tcase_add_test(t, a_caller_alone_with_timers_refreshes);
	tcase_add_test(t, nobody_with_timers_means_none);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
