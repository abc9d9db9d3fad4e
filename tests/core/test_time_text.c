/* Times as text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

/* Days of ten thousand years, all those of four centuries among them, against the C library's calendar. */
START_TEST(days_are_those_of_the_calendar)
{
	char text[TIME_TEXT_SIZE], expected[80];
	struct tm tm;

	for (time_t day = -719528; day <= 2932896; day += day >= 0 && day < 109573 ? 1 : 97) {
		time_t seconds = day * 86400 + (day % 86400 + 86400) % 86400;

		ck_assert_int_eq(time_format((int64_t)seconds * 1000 + 7, text), 0);
		ck_assert_ptr_nonnull(gmtime_r(&seconds, &tm));
		snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.007Z",
			tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			tm.tm_sec);
		if (strcmp(text, expected) != 0)
			ck_abort_msg("%s is not %s", text, expected);
	}
	ck_assert_int_eq(time_format(INT64_C(-62167219200000), text), 0);
	ck_assert_str_eq(text, "0000-01-01T00:00:00.000Z");
	ck_assert_int_eq(time_format(INT64_C(-62167219200001), text), ERANGE);
}
END_TEST

int main(void)
{
	return SUITE_RUN("time_text", NULL, times_are_rfc_3339, days_are_those_of_the_calendar);
}
