#include "core/utf8.h"

#include <check.h>
#include <string.h>

static const struct {
	const char *text;
	bool valid;
	size_t points;
} rows[] = {
	{"", true, 0},
	{"plain", true, 5},
	{"\xc3\xa9", true, 1},
	{"\xe2\x82\xac\xf0\x9f\x98\x80", true, 2},
	{"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", true, 3},
	{"\x80", false, 0},
	{"\xc0\xaf", false, 0},
	{"\xc1\xbf", false, 0},
	{"\xe0\x9f\xbf", false, 0},
	{"\xed\xa0\x80", false, 0},
	{"\xf0\x8f\xbf\xbf", false, 0},
	{"\xf4\x90\x80\x80", false, 0},
	{"\xf5\x80\x80\x80", false, 0},
	{"\xc3", false, 0},
	{"\xe2\x82", false, 0},
	{"\xe2\x28\xa1", false, 0},
	{"a\xff", false, 0},
};

START_TEST(test_rows)
{
	size_t len = strlen(rows[_i].text);

	ck_assert_int_eq(utf8_valid(rows[_i].text, len), rows[_i].valid);
	if (rows[_i].valid)
		ck_assert_uint_eq(utf8_length(rows[_i].text, len), rows[_i].points);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("utf8");
	TCase *tc = tcase_create("utf8");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, tc);
	tcase_add_loop_test(tc, test_rows, 0, sizeof(rows) / sizeof(rows[0]));
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
