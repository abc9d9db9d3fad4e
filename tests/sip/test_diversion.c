/* Diversion (RFC 5806), History-Info (RFC 7044) and the calling party display. */
#include <stdio.h>
#include <stdlib.h>

#include "message.h"
#include "sip/diversion.h"

static const struct diversion no_answer = {.did = 14155550100,
	.host = STR("192.0.2.1:5060"),
	.target = STR("sip:+14155550199@203.0.113.5:5060;user=phone"),
	.trigger = TRIGGER_NO_ANSWER};

static char text[2048];
static char out[1024];

static struct sip_msg invite(const char *headers)
{
	struct sip_msg m;

	snprintf(text, sizeof(text), "%s%sContent-Length: 0\r\n\r\n", INVITE_HEAD, headers);
	message_scan(&m, text);
	return m;
}

START_TEST(diversion_names_the_did_and_why)
{
	struct diversion d = no_answer;
	static const struct {
		enum trigger trigger;
		const char *reason;
	} row[] = {
		{TRIGGER_NO_ANSWER, "no-answer"},
		{TRIGGER_BUSY, "user-busy"},
		{TRIGGER_REJECTED, "deflection"},
		{TRIGGER_NOT_REGISTERED, "unavailable"},
		{TRIGGER_CAPACITY, "unavailable"},
		{TRIGGER_NONE, "unconditional"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char expected[256];
		struct sip_build b;
		d.trigger = row[i].trigger;
		sip_build_init(&b, out, sizeof(out) - 1);
		diversion_line(&b, &d);
		out[b.len] = '\0';
		snprintf(expected, sizeof(expected),
			"Diversion: <sip:+14155550100@192.0.2.1:5060;user=phone>;reason=%s;"
			"counter=1\r\n",
			row[i].reason);
		ck_assert_str_eq(out, expected);
	}
}
END_TEST

static const char *history(const char *headers)
{
	struct sip_msg m = invite(headers);
	struct sip_build b;

	sip_build_init(&b, out, sizeof(out) - 1);
	diversion_history(&b, &m, &no_answer);
	ck_assert_int_eq(b.err, 0);
	out[b.len] = '\0';
	return out;
}

START_TEST(history_starts_with_the_did)
{
	ck_assert_str_eq(history(""),
		"History-Info: <sip:+14155550100@192.0.2.1:5060;user=phone>;index=1\r\n"
		"History-Info: <sip:+14155550199@203.0.113.5:5060;user=phone;cause=408>;"
		"index=1.1;mp=1\r\n");
}
END_TEST

START_TEST(history_goes_on_where_it_was)
{
	ck_assert_str_eq(history("History-Info: <sip:a@b>;index=1, <sip:c@d>;index=1.1\r\n"),
		"History-Info: <sip:+14155550100@192.0.2.1:5060;user=phone>;index=1.1.1\r\n"
		"History-Info: <sip:+14155550199@203.0.113.5:5060;user=phone;cause=408>;"
		"index=1.1.1.1;mp=1.1.1\r\n");
}
END_TEST

START_TEST(diversions_are_counted_over_lines_and_commas)
{
	struct sip_msg m = invite("");
	ck_assert_uint_eq(diversion_count(&m), 0);
	m = invite("Diversion: <sip:1@a>;reason=unknown, <sip:2@a>\r\nDiversion: <sip:3@a>\r\n");
	ck_assert_uint_eq(diversion_count(&m), 3);
}
END_TEST

static const char *party(enum calling_party_display display, e164_t number)
{
	struct sip_msg m = invite("");
	struct sip_build b;

	sip_build_init(&b, out, sizeof(out) - 1);
	struct str s = calling_party(&b, &m, display, number, str_lit("192.0.2.1:5060"));
	memmove(out, s.len ? s.p : "", s.len);
	out[s.len] = '\0';
	return out;
}

START_TEST(calling_party_displays)
{
	ck_assert_str_eq(party(DISPLAY_CALLER, 0), "");
	ck_assert_str_eq(party(DISPLAY_CALLER_NUMBER, 0), "<sip:+12125550111@198.51.100.7>");
	ck_assert_str_eq(party(DISPLAY_CALLED_NUMBER, 14155550100),
		"<sip:+14155550100@192.0.2.1:5060;user=phone>");
	ck_assert_str_eq(party(DISPLAY_FIXED, 442079460000),
		"<sip:+442079460000@192.0.2.1:5060;user=phone>");
	ck_assert_str_eq(party(DISPLAY_FIXED, 0), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("diversion");
	TCase *t = tcase_create("headers");
	tcase_add_test(t, diversion_names_the_did_and_why);
	tcase_add_test(t, history_starts_with_the_did);
	tcase_add_test(t, history_goes_on_where_it_was);
	tcase_add_test(t, diversions_are_counted_over_lines_and_commas);
	tcase_add_test(t, calling_party_displays);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
