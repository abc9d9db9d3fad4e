/* Slices: comparison, strict numbers, C strings. */
#include <errno.h>

#include "core/str.h"
#include "tests/core/suite.h"

START_TEST(case_is_ascii_case)
{
	ck_assert(str_caseeq(str_lit("Call-ID"), str_lit("cALL-id")));
	ck_assert(!str_caseeq(str_lit("Call-ID"), str_lit("Call-I")));
	ck_assert(!str_caseeq(str_lit("a@"), str_lit("a`")));
	ck_assert(!str_caseeq(str_lit("\xc4"), str_lit("\xe4")));
	ck_assert(str_caseeq(str_of(NULL), str_lit("")));
	ck_assert(str_eq(str_lit("a\0b"), str_lit("a\0b")));
	ck_assert(!str_eq(str_lit("a\0b"), str_lit("a\0c")));
}
END_TEST

START_TEST(numbers_are_digits_only)
{
	static const struct {
		struct str text;
		uint32_t max;
		int err;
		uint32_t value;
	} rows[] = {
		{STR("0"), 10, 0, 0},
		{STR("0010"), 10, 0, 10},
		{STR("11"), 10, ERANGE, 7},
		{STR("4294967295"), UINT32_MAX, 0, UINT32_MAX},
		{STR("4294967296"), UINT32_MAX, ERANGE, 7},
		{STR("18446744073709551617"), UINT32_MAX, ERANGE, 7},
		{STR("99999999999999999999999999999999999999999x"), UINT32_MAX, EINVAL, 7},
		{STR(""), 10, EINVAL, 7},
		{STR(" 1"), 10, EINVAL, 7},
		{STR("1 "), 10, EINVAL, 7},
		{STR("+1"), 10, EINVAL, 7},
		{STR("-1"), 10, EINVAL, 7},
		{STR("0x1"), 10, EINVAL, 7},
		{STR("1\0"), 10, EINVAL, 7},
		{STR("\xd9\xa3"), 10, EINVAL, 7},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t value = 7;

		ck_assert_int_eq(str_u32(rows[i].text, rows[i].max, &value), rows[i].err);
		ck_assert_uint_eq(value, rows[i].value);
	}
}
END_TEST

START_TEST(a_c_string_fits_or_is_refused)
{
	char dst[4];

	ck_assert_int_eq(str_copy(dst, sizeof(dst), str_lit("abc")), 0);
	ck_assert_str_eq(dst, "abc");
	ck_assert_int_eq(str_copy(dst, sizeof(dst), str_lit("abcd")), ENAMETOOLONG);
	ck_assert_int_eq(str_copy(dst, sizeof(dst), str_lit("a\0b")), EINVAL);
	ck_assert_int_eq(str_copy(dst, sizeof(dst), (struct str){NULL, 0}), 0);
	ck_assert_str_eq(dst, "");
}
END_TEST

int main(void)
{
	return SUITE_RUN("str", NULL, case_is_ascii_case, numbers_are_digits_only,
		a_c_string_fits_or_is_refused);
}
