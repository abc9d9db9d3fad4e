/* Times as text: RFC 3339 in UTC with milliseconds. */
#ifndef TRUNKGUARD_CORE_TIME_TEXT_H
#define TRUNKGUARD_CORE_TIME_TEXT_H

#include <stdint.h>

enum { TIME_TEXT_SIZE = 25 }; /* "2026-11-23T08:15:30.123Z" and a NUL */

/* ERANGE for what is not in the years 0 to 9999. */
int time_format(int64_t unix_ms, char out[TIME_TEXT_SIZE]);

#endif
