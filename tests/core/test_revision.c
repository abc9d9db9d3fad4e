/* Revision tokens: one text each. */
#include <errno.h>
#include <string.h>

#include "core/revision.h"
#include "tests/core/suite.h"

START_TEST(text_goes_in_and_comes_out)
{
	static const char *const good[] = {
		"0-0", "1-742", "18446744073709551615-18446744073709551615"};
	char text[REVISION_TEXT_SIZE];
	struct revision r;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_int_eq(revision_parse(good[i], strlen(good[i]), &r), 0);
		revision_format(&r, text);
		ck_assert_str_eq(text, good[i]);
	}
	ck_assert_int_eq(revision_parse("7-35 ", 4, &r), 0);
	ck_assert_uint_eq(r.epoch, 7);
	ck_assert_uint_eq(r.xid, 35);
}
END_TEST

START_TEST(what_is_no_token_is_refused)
{
	static const char *const bad[] = {"", "-", "1", "1-", "-1", "1-2-3", "1--2", "01-2", "1-02",
		"+1-2", " 1-2", "1-2 ", "1 -2", "1-x", "x-1", "1\xe2\x80\x93 2",
		"18446744073709551616-1", "1-18446744073709551616", "99999999999999999999999-1"};
	struct revision r = {7, 8};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(revision_parse(bad[i], strlen(bad[i]), &r) == EINVAL, "%s", bad[i]);
	ck_assert_int_eq(revision_parse("1-2\0", 4, &r), EINVAL);
	ck_assert_uint_eq(r.epoch, 7);
	ck_assert_uint_eq(r.xid, 8);
}
END_TEST

int main(void)
{
	return SUITE_RUN("revision", NULL, text_goes_in_and_comes_out, what_is_no_token_is_refused);
}
