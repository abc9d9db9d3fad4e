#include "core/attempt_target.h"

#include <check.h>
#include <string.h>

static struct plan plan;
static char text[ATTEMPT_TARGET_SIZE];

static void is(const struct attempt *a, const char *expected)
{
	attempt_target(&plan, a, text);
	ck_assert_str_eq(text, expected);
}

START_TEST(test_sip_account)
{
	static const char id[] = "0190163d-8694-739b-aea5-966c26f8ad91";

	ck_assert_int_eq(uuid_parse(id, strlen(id), &plan.trunk_id), 0);
	is(&(struct attempt){.kind = ATTEMPT_SIP_ACCOUNT},
		"trk_0190163d-8694-739b-aea5-966c26f8ad91/primary");
	is(&(struct attempt){.kind = ATTEMPT_SIP_ACCOUNT, .role = ROLE_SECONDARY},
		"trk_0190163d-8694-739b-aea5-966c26f8ad91/secondary");
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
	attempt_target(&plan, &a, text);
	ck_assert_ptr_nonnull(strstr(text, ":65535;transport=tcp"));
}
END_TEST

START_TEST(test_number)
{
	is(&(struct attempt){.kind = ATTEMPT_NUMBER, .number = 14155550100}, "+14155550100");
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
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
