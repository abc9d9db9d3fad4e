#include "core/active_times.h"

#include "core/mem.h"

enum { DAY_MINUTES = 1440 };

/* The minute of local time since Thursday, 1 January 1970, 0:00. */
static int64_t local_minute(const struct tz_rule *zone, int64_t now_ms)
{
	int64_t seconds = now_ms / 1000 - (now_ms % 1000 < 0);
	int64_t local = seconds + tz_rule_offset(zone, seconds);

	return local / 60 - (local % 60 < 0);
}

static bool on_day(const struct active_time *t, unsigned day)
{
	return t->days >> (day % 7) & 1;
}

/* day 0: Monday. */
static bool holds(const struct active_time *t, unsigned day, unsigned minute)
{
	if (t->to_minute > t->from_minute)
		return on_day(t, day) && minute >= t->from_minute && minute < t->to_minute;
	return (on_day(t, day) && minute >= t->from_minute) ||
	       (on_day(t, day + 6) && minute < t->to_minute);
}

bool active_times_at(const struct active_times *times, const struct tz_rule *zone, int64_t now_ms)
{
	int64_t minute, day;

	if (times->count == 0)
		return true;
	minute = local_minute(zone, now_ms);
	day = minute / DAY_MINUTES - (minute % DAY_MINUTES < 0);
	minute -= day * DAY_MINUTES;
	day = ((day + 3) % 7 + 7) % 7;
	for (unsigned i = 0; i < times->count; i++)
		if (holds(&times->item[i], (unsigned)day, (unsigned)minute))
			return true;
	return false;
}

void active_times_fini(struct active_times *times)
{
	mem_free(times->item);
	*times = (struct active_times){0};
}
