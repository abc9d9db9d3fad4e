/* Times as text. */
#include <errno.h>

#include "core/time_text.h"
#include "tests/core/suite.h"

START_TEST(times_are_rfc_3339)
{
	static const struct {
		int64_t ms;
		const char *text;
	} row[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{1, "1970-01-01T00:00:00.001Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{951782399999, "2000-02-28T23:59:59.999Z"},
		{1795421730123, "2026-11-23T08:15:30.123Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
	};
	char text[TIME_TEXT_SIZE];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ck_assert_int_eq(time_format(row[i].ms, text), 0);
		ck_assert_str_eq(text, row[i].text);
	}
	ck_assert_int_eq(time_format(253402300800000, text), ERANGE);
	ck_assert_int_eq(time_format(INT64_MAX, text), ERANGE);
	ck_assert_int_eq(time_format(INT64_MIN, text), ERANGE);
}
END_TEST

int main(void)
{
	return SUITE_RUN("time_text", NULL, times_are_rfc_3339);
}
