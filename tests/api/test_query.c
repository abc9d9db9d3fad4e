#include "api/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/base64url.h"
#include "tests/api/suite.h"

static const struct {
	const char *text;
	int64_t ms; /* -1: refused */
} times[] = {
	{"1970-01-01", 0},
	{"1970-01-01T00:00:01Z", 1000},
	{"1970-01-01t00:00:01z", 1000},
	{"1970-01-01T00:00:01.5Z", 1500},
	{"1970-01-01T00:00:01.123456Z", 1123},
	{"1970-01-01T02:00:00+02:00", 0},
	{"1970-01-01T02:00:00 02:00", 0},
	{"1969-12-31T22:30:00-01:30", 0},
	{"1970-01-01T00:00:01", 1000},
	{"2026-11-23T08:15:30.123Z", 1795421730123},
	{"2024-02-29", 1709164800000},
	{"2023-02-29", -1},
	{"2023-02-31T00:00:00Z", -1},
	{"", -1},
	{"yesterday", -1},
	{"2026-13-01", -1},
	{"2026-1-1", -1},
	{"2026-11-23T", -1},
	{"2026-11-23T08:15", -1},
	{"2026-11-23T25:00:00Z", -1},
	{"2026-11-23T08:15:30Zx", -1},
	{"2026-11-23T08:15:30+2", -1},
	{"2026-11-23T08:15:30+02:60", -1},
	{"2026-11-23T08:15:30+24:00", -1},
	{"2026-11-23x", -1},
};

START_TEST(test_time)
{
	int64_t ms = -1;
	int rc = query_time(times[_i].text, &ms);

	ck_assert_msg((rc == 0) == (times[_i].ms != -1), "%s", times[_i].text);
	if (rc == 0)
		ck_assert_msg(ms == times[_i].ms, "%s: %lld", times[_i].text, (long long)ms);
}
END_TEST

START_TEST(test_number)
{
	e164_t n;

	ck_assert_int_eq(query_number("+14155550100", &n), 0);
	ck_assert_uint_eq(n, 14155550100);
	ck_assert_int_eq(query_number(" 14155550100", &n), 0);
	ck_assert_int_eq(query_number("14155550100", &n), 0);
	ck_assert_int_ne(query_number("++14155550100", &n), 0);
	ck_assert_int_ne(query_number("", &n), 0);
	ck_assert_int_ne(query_number("+1415555010012345", &n), 0);
	ck_assert_int_ne(query_number("x", &n), 0);
}
END_TEST

START_TEST(test_base64url)
{
	static const char *const texts[] = {"", "a", "ab", "abc", "abcd", "\xff\xfe\x1f>?"};

	for (int i = 0; i < ROWS(texts); i++) {
		char *there = base64url_encode(texts[i], strlen(texts[i])), *back;
		size_t len;

		ck_assert_ptr_nonnull(there);
		ck_assert_uint_eq(
			strspn(there, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_"),
			strlen(there));
		back = base64url_decode(there, &len);
		ck_assert_uint_eq(len, strlen(texts[i]));
		ck_assert_str_eq(back, texts[i]);
		free(there);
		free(back);
	}
	for (int i = 0; i < 3; i++) {
		static const char *const bad[] = {"YQ==", "a b", "a+b/"};
		size_t len;

		ck_assert_ptr_null(base64url_decode(bad[i], &len));
	}
}
END_TEST

SUITE_MAIN("query", tcase_add_loop_test(tc, test_time, 0, ROWS(times));
	   tcase_add_test(tc, test_number); tcase_add_test(tc, test_base64url))
