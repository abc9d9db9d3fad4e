#include "core/time_text.h"

#include <errno.h>
#include <time.h>

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
	time_t seconds = (time_t)(unix_ms / 1000);
	int64_t ms = unix_ms % 1000;
	struct tm tm;

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
		return ERANGE;
	out = put(out, tm.tm_year + 1900, 4, '-');
	out = put(out, tm.tm_mon + 1, 2, '-');
	out = put(out, tm.tm_mday, 2, 'T');
	out = put(out, tm.tm_hour, 2, ':');
	out = put(out, tm.tm_min, 2, ':');
	out = put(out, tm.tm_sec, 2, '.');
	out = put(out, (int)ms, 3, 'Z');
	*out = '\0';
	return 0;
}
