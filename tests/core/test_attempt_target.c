#include "core/attempt_target.h"

#include <check.h>
#include <string.h>

static char text[ATTEMPT_TARGET_SIZE];

static void is(const struct attempt *a, const char *expected)
{
	attempt_target(a, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(test_sip_account)
{
	static const char id[] = "0190163d-8694-739b-aea5-966c26f8ad91";

	struct attempt a = {.kind = ATTEMPT_SIP_ACCOUNT};

	ck_assert_int_eq(uuid_parse(id, strlen(id), &a.trunk_id), 0);
	is(&a, "trk_0190163d-8694-739b-aea5-966c26f8ad91/primary");
	a.role = ROLE_SECONDARY;
	is(&a, "trk_0190163d-8694-739b-aea5-966c26f8ad91/secondary");
}
END_TEST

START_TEST(test_backup_pbx)
{
	struct attempt a = {.kind = ATTEMPT_BACKUP_PBX, .address.transport = TRANSPORT_TCP};
	char longest[PLAN_HOST_MAX];

	a.address.host = (char[]){"192.0.2.1"};
	a.address.port = 5060;
	is(&a, "sip:192.0.2.1:5060;transport=tcp");
	a.address.host = (char[]){"2001:db8::1"};
	is(&a, "sip:[2001:db8::1]:5060;transport=tcp");
	a.address.host = (char[]){"backup.example"};
	a.address.port = 0;
	is(&a, "sip:backup.example;transport=tcp");
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	a.address.host = longest;
	a.address.port = 65535;
	attempt_target(&a, text);
	ck_assert_ptr_nonnull(strstr(text, ":65535;transport=tcp"));
}
END_TEST

START_TEST(test_number)
{
	is(&(struct attempt){.kind = ATTEMPT_NUMBER, .number = 14155550100}, "+14155550100");
}
END_TEST

START_TEST(test_sip_uris)
{
	struct attempt a = {.kind = ATTEMPT_MEDIA, .address = {5060, TRANSPORT_UDP, NULL}};

	a.address.host = (char[]){"media.example"};
	is(&a, "sip:media.example:5060;transport=udp");
	a.text = (char[]){"ivr"};
	is(&a, "sip:ivr@media.example:5060;transport=udp");
	a.kind = ATTEMPT_SIP_URI;
	is(&a, "sip:ivr@media.example:5060;transport=udp");
}
END_TEST

START_TEST(test_what_sends_nothing)
{
	struct attempt a = {.kind = ATTEMPT_REJECT, .status = 486};

	is(&a, "486");
	a.text = (char[]){"Closed for the day"};
	is(&a, "486 Closed for the day");
	a = (struct attempt){.kind = ATTEMPT_LOOP, .status = 482, .number = 14155550100};
	is(&a, "+14155550100");
	a.number = 0;
	a.text = (char[]){"801"};
	is(&a, "801");
}
END_TEST

/* A call that got to a number of somebody else: whose trunks and numbers are behind it is not told. */
START_TEST(test_strangers)
{
	is(&(struct attempt){.kind = ATTEMPT_SIP_ACCOUNT, .stranger = 14155550199}, "+14155550199");
	is(&(struct attempt){.kind = ATTEMPT_NUMBER, .number = 491234567, .stranger = 14155550199},
		"+14155550199");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attempt_target");
	TCase *tc = tcase_create("attempt_target");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_test(tc, test_sip_account);
	tcase_add_test(tc, test_backup_pbx);
	tcase_add_test(tc, test_number);
	tcase_add_test(tc, test_sip_uris);
	tcase_add_test(tc, test_what_sends_nothing);
	tcase_add_test(tc, test_strangers);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
