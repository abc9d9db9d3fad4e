#include "core/time_text.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

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
	snprintf(out, TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		(unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)(tm.tm_mon + 1) % 100u,
		(unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u,
		(unsigned)tm.tm_min % 100u, (unsigned)tm.tm_sec % 100u, (unsigned)ms % 1000u);
	return 0;
}
