#include "api/webhook_secret.h"

#include <errno.h>
#include <string.h>

#include "tests/api/suite.h"

/* The example of the Standard Webhooks specification. */
START_TEST(the_specifications_example)
{
	static const char body[] = "{\"event_type\":\"ping\",\"data\":{\"success\":true}}";
	char signature[WEBHOOK_SIGNATURE_SIZE];

	ck_assert_int_eq(webhook_sign("whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxNNG", 1731705121,
				 body, strlen(body), signature),
		EINVAL);
	ck_assert_int_eq(
		webhook_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
			"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}",
			strlen("{\"test\": 2432232314}"), signature),
		0);
	ck_assert_str_eq(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}
END_TEST

START_TEST(each_new_one_is_good_and_another)
{
	char one[WEBHOOK_SECRET_SIZE], two[WEBHOOK_SECRET_SIZE];

	ck_assert_int_eq(webhook_secret_make(one), 0);
	ck_assert_int_eq(webhook_secret_make(two), 0);
	ck_assert(webhook_secret_good(one) && webhook_secret_good(two));
	ck_assert_str_ne(one, two);
	ck_assert_uint_eq(strlen(one), 6 + 44);
}
END_TEST

START_TEST(lengths_and_letters)
{
	static const struct {
		const char *secret;
		bool good;
	} table[] = {
		{"", false},
		{"whsec_", false},
		{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", true}, /* 24 octets */
		{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", false}, /* 23 */
		{"WHSEC_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
		{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
		{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-", false},
		{"whsec_AAAAAAAAAAAAAAAA=AAAAAAAAAAAAAAA", false},
		{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", true},
		{"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA===", false},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		ck_assert_msg(webhook_secret_good(table[i].secret) == table[i].good, "%s",
			table[i].secret);
}
END_TEST

START_TEST(the_longest)
{
	char secret[WEBHOOK_SECRET_SIZE + 4] = "whsec_";

	memset(secret + 6, 'A', 88);
	memcpy(secret + 6 + 86, "==", 3);
	ck_assert(webhook_secret_good(secret)); /* 64 octets */
	memcpy(secret + 6 + 86, "A=", 3);
	ck_assert(!webhook_secret_good(secret));
	memcpy(secret + 6 + 86, "AAAAAA", 7);
	ck_assert(!webhook_secret_good(secret));
}
END_TEST

SUITE_MAIN("webhook_secret", tcase_add_test(tc, the_specifications_example);
	   tcase_add_test(tc, each_new_one_is_good_and_another);
	   tcase_add_test(tc, lengths_and_letters); tcase_add_test(tc, the_longest))
