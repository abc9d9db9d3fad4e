/* UUIDs: both text forms, version 7, and what is refused. */
#include <errno.h>
#include <string.h>

#include "core/uuid.h"
#include "tests/core/suite.h"

#define TEXT "0190163d-8694-739b-aea5-966c26f8ad91"

START_TEST(text_goes_in_and_comes_out)
{
	char text[UUID_TEXT_SIZE], id[UUID_ID_SIZE];
	struct uuid u, v;

	ck_assert_int_eq(uuid_parse(TEXT, strlen(TEXT), &u), 0);
	ck_assert_uint_eq(u.b[0], 0x01);
	ck_assert_uint_eq(u.b[15], 0x91);
	uuid_format(&u, text);
	ck_assert_str_eq(text, TEXT);
	ck_assert_int_eq(uuid_parse("0190163D-8694-739B-AEA5-966C26F8AD91", 36, &v), 0);
	ck_assert(uuid_equal(&u, &v));
	uuid_format_id("trk", &u, id);
	ck_assert_str_eq(id, "trk_" TEXT);
	memset(&v, 0, sizeof(v));
	ck_assert_int_eq(uuid_parse_id("trk", id, strlen(id), &v), 0);
	ck_assert(uuid_equal(&u, &v));
}
END_TEST

START_TEST(what_is_no_uuid_is_refused_and_changes_nothing)
{
	static const char *const bad[] = {"", "0190163d", TEXT "0",
		"0190163d-8694-739b-aea5-966c26f8ad9", "0190163d-8694-739b-aea5-966c26f8ad9g",
		"0190163d_8694-739b-aea5-966c26f8ad91", "0190163d86-94-739b-aea5-966c26f8ad91",
		"{190163d-8694-739b-aea5-966c26f8ad9}", " 190163d-8694-739b-aea5-966c26f8ad91",
		"0190163d-8694-739b-aea5-966c26f8ad9-"};
	static const char *const bad_id[] = {"trk_", "trk", "", "_" TEXT, TEXT, "acc_" TEXT,
		"TRK_" TEXT, "trk-" TEXT, "trk__" TEXT, "trk_" TEXT " ", "trk_trk_" TEXT};
	struct uuid u = {{7}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(uuid_parse(bad[i], strlen(bad[i]), &u) == EINVAL, "%s", bad[i]);
	for (size_t i = 0; i < sizeof(bad_id) / sizeof(bad_id[0]); i++)
		ck_assert_msg(uuid_parse_id("trk", bad_id[i], strlen(bad_id[i]), &u) == EINVAL,
			"%s", bad_id[i]);
	ck_assert_uint_eq(u.b[0], 7);
	/* The end of the text is where len says. */
	ck_assert_int_eq(uuid_parse(TEXT TEXT, 36, &u), 0);
	ck_assert_int_eq(uuid_parse(TEXT, 35, &u), EINVAL);
}
END_TEST

START_TEST(version_7_begins_with_its_time_and_sorts_by_it)
{
	static const uint8_t random[10] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t zero[10];
	char text[UUID_TEXT_SIZE];
	struct uuid a, b;

	/* The example of RFC 9562, appendix A.6. */
	uuid_v7(&a, 1645557742000,
		(const uint8_t[]){0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f});
	uuid_format(&a, text);
	ck_assert_str_eq(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
	uuid_v7(&a, 1000, random);
	uuid_v7(&b, 1001, zero);
	ck_assert_int_lt(uuid_compare(&a, &b), 0);
	uuid_format(&a, text);
	ck_assert_str_eq(text, "00000000-03e8-7fff-bfff-ffffffffffff");
}
END_TEST

START_TEST(zero_and_equality)
{
	struct uuid a = {{0}}, b = {{0}};

	ck_assert(uuid_is_zero(&a));
	ck_assert(uuid_equal(&a, &b));
	b.b[15] = 1;
	ck_assert(!uuid_is_zero(&b));
	ck_assert(!uuid_equal(&a, &b));
	ck_assert_int_gt(uuid_compare(&b, &a), 0);
}
END_TEST

int main(void)
{
	return SUITE_RUN("uuid", NULL, text_goes_in_and_comes_out,
		what_is_no_uuid_is_refused_and_changes_nothing,
		version_7_begins_with_its_time_and_sorts_by_it, zero_and_equality);
}
