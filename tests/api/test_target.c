#include "api/target.h"

#include <errno.h>
#include <string.h>

#include "tests/api/suite.h"

static struct target t;
static const char *why;

START_TEST(test_split_and_decoded)
{
	ck_assert_int_eq(
		target_parse("/v1/dids/%2B14155550100/failover?limit=5&q=a+b%20c&x", &t, &why), 0);
	ck_assert_uint_eq(t.segments, 4);
	ck_assert_str_eq(t.segment[0], "v1");
	ck_assert_str_eq(t.segment[2], "+14155550100");
	ck_assert_str_eq(t.segment[3], "failover");
	ck_assert_uint_eq(t.params, 3);
	ck_assert_str_eq(t.param[0].name, "limit");
	ck_assert_str_eq(t.param[0].value, "5");
	ck_assert_str_eq(t.param[1].value, "a b c");
	ck_assert_str_eq(t.param[2].name, "x");
	ck_assert_str_eq(t.param[2].value, "");
}
END_TEST

START_TEST(test_plus_stays_in_the_path)
{
	ck_assert_int_eq(target_parse("/v1/dids/+14155550100", &t, &why), 0);
	ck_assert_str_eq(t.segment[2], "+14155550100");
	ck_assert_uint_eq(t.params, 0);
}
END_TEST

START_TEST(test_last_segment_may_be_empty)
{
	ck_assert_int_eq(target_parse("/", &t, &why), 0);
	ck_assert_uint_eq(t.segments, 1);
	ck_assert_int_eq(target_parse("/v1/", &t, &why), 0);
	ck_assert_uint_eq(t.segments, 2);
	ck_assert_str_eq(t.segment[1], "");
}
END_TEST

START_TEST(test_too_many_segments_are_counted)
{
	ck_assert_int_eq(target_parse("/1/2/3/4/5/6/7/8/9/10/11", &t, &why), 0);
	ck_assert_uint_eq(t.segments, TARGET_SEGMENTS_MAX + 1);
}
END_TEST

static const char *const refused[] = {
	"",
	"v1",
	"*",
	"http://host/v1",
	"//v1",
	"/v1//dids",
	"/v1/../admin",
	"/v1/./dids",
	"/..",
	"/.",
	"/v1/%2e%2e/admin",
	"/v1/%2E",
	"/v1/a%2eb",
	"/v1%2fdids",
	"/v1%2Fdids",
	"/v1%5cdids",
	"/v1\\dids",
	"/v1/%00",
	"/v1/%0d%0aX:1",
	"/v1/%7f",
	"/v1/%",
	"/v1/%2",
	"/v1/%zz",
	"/v1/%c3",
	"/v1/%ff",
	"/v1/%ed%a0%80",
	"/v1/a b",
	"/v1/\x01",
	"/v1/\x80",
	"/v1#x",
	"/v1?q=%00",
	"/v1?q=%0a",
	"/v1?q=%g1",
	"/v1?q=%fe",
	"/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r&s&t&u&v&w&x&y",
};

START_TEST(test_refused)
{
	why = NULL;
	ck_assert_msg(target_parse(refused[_i], &t, &why) == EINVAL, "%s", refused[_i]);
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(test_dots_are_fine_in_a_query)
{
	ck_assert_int_eq(target_parse("/v1?q=%2e%2e%2f..//", &t, &why), 0);
	ck_assert_str_eq(t.param[0].value, "../..//");
}
END_TEST

START_TEST(test_length)
{
	char text[TARGET_MAX + 2];

	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[TARGET_MAX] = '\0';
	ck_assert_int_eq(target_parse(text, &t, &why), 0);
	text[TARGET_MAX] = 'a';
	text[TARGET_MAX + 1] = '\0';
	ck_assert_int_eq(target_parse(text, &t, &why), ENAMETOOLONG);
}
END_TEST

SUITE_MAIN("target", tcase_add_test(tc, test_split_and_decoded);
	   tcase_add_test(tc, test_plus_stays_in_the_path);
	   tcase_add_test(tc, test_last_segment_may_be_empty);
	   tcase_add_test(tc, test_too_many_segments_are_counted);
	   tcase_add_loop_test(tc, test_refused, 0, ROWS(refused));
	   tcase_add_test(tc, test_dots_are_fine_in_a_query); tcase_add_test(tc, test_length))
