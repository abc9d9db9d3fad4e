#include "core/time_text.h"

#include <errno.h>

#define DAY_MS INT64_C(86400000)
#define TIME_MIN_MS INT64_C(-62167219200000) /* 0000-01-01T00:00:00.000Z */
#define TIME_MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

struct day {
	int year, month, day;
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days since 1970 to the Gregorian calendar. A year that begins in March ends with its leap day, so months are
 * counted from there; gmtime_r(), which knows leap seconds and locks, takes ten times as long. */
static struct day day_of(int64_t since_1970)
{
	int64_t days = since_1970 + 719468; /* since 0000-03-01 */
	int64_t era = floor_div(days, 146097); /* of 400 years */
	int in_era = (int)(days - era * 146097);
	int year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int in_year = in_era - (365 * year + year / 4 - year / 100);
	int month = (5 * in_year + 2) / 153; /* 0: March */
	struct day day = {.month = month < 10 ? month + 3 : month - 9,
		.day = in_year - (153 * month + 2) / 5 + 1};

	day.year = (int)(era * 400) + year + (day.month <= 2);
	return day;
}

/* Without printf: each call record has several times. */
static char *put(char *at, int value, int digits, char behind)
{
	for (int i = digits - 1; i >= 0; i--, value /= 10)
		at[i] = (char)('0' + value % 10);
	at[digits] = behind;
	return at + digits + 1;
}

int time_format(int64_t unix_ms, char out[TIME_TEXT_SIZE])
{
	int64_t days = floor_div(unix_ms, DAY_MS);
	int ms = (int)(unix_ms - days * DAY_MS);
	struct day day;

	if (unix_ms < TIME_MIN_MS || unix_ms > TIME_MAX_MS)
		return ERANGE;
	day = day_of(days);
	out = put(out, day.year, 4, '-');
	out = put(out, day.month, 2, '-');
	out = put(out, day.day, 2, 'T');
	out = put(out, ms / 3600000, 2, ':');
	out = put(out, ms / 60000 % 60, 2, ':');
	out = put(out, ms / 1000 % 60, 2, '.');
	out = put(out, ms % 1000, 3, 'Z');
	*out = '\0';
	return 0;
}
