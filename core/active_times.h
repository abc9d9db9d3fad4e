/* When something is in force: days and hours by the wall clock of the account's time zone, daylight
 * saving included. A span whose end is not later than its beginning ends on the next day and belongs to
 * the day on which it begins. */
#ifndef TRUNKGUARD_CORE_ACTIVE_TIMES_H
#define TRUNKGUARD_CORE_ACTIVE_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/tz_rule.h"

struct active_time {
	uint8_t days; /* bit 0: Monday … bit 6: Sunday */
	uint16_t from_minute, to_minute; /* of the day; 0..1439, to 1..1440 */
};

struct active_times {
	struct active_time *item; /* owned */
	uint16_t count; /* 0: always */
};

/* now_ms: Unix time. */
bool active_times_at(const struct active_times *times, const struct tz_rule *zone, int64_t now_ms);
void active_times_fini(struct active_times *times);

#endif
