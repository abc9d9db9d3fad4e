/* A time zone as the POSIX TZ string says it ("CET-1CEST,M3.5.0,M10.5.0/3"): the present rule of a zone,
 * which holds for all calls to come. No I/O; core/zoneinfo.h finds the string of an IANA name. */
#ifndef TRUNKGUARD_CORE_TZ_RULE_H
#define TRUNKGUARD_CORE_TZ_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct tz_change {
	uint8_t kind; /* 'M' month.week.day, 'J' day 1..365 without 29 February, '0' day 0..365 */
	uint8_t month, week, weekday; /* 'M'; week 5: the last; weekday 0: Sunday */
	uint16_t day;
	int32_t seconds; /* local time of the change; may be below 0 or over a day (RFC 8536 3.3.1) */
};

struct tz_rule {
	int32_t standard_seconds, daylight_seconds; /* east of UTC */
	bool has_daylight;
	struct tz_change to_daylight, to_standard;
};

/* UTC. */
void tz_rule_init(struct tz_rule *rule);
/* EINVAL, and UTC, for what is no POSIX TZ string. */
int tz_rule_parse(const char *text, struct tz_rule *rule);
/* Seconds east of UTC at that moment of Unix time. */
int32_t tz_rule_offset(const struct tz_rule *rule, int64_t unix_seconds);

#endif
