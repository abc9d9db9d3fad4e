#include "core/tz_rule.h"

#include <errno.h>
#include <string.h>

enum {
	HOUR = 3600,
	DAY = 86400,
	OFFSET_HOURS_MAX = 24, /* POSIX */
	TIME_HOURS_MAX = 167, /* RFC 8536 section 3.3.1 */
	CHANGE_SECONDS = 2 * HOUR, /* when a rule names no time */
};

void tz_rule_init(struct tz_rule *rule)
{
	memset(rule, 0, sizeof(*rule));
}

/* ---- the string ---------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static bool take_uint(const char **at, unsigned min, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (!is_digit(**at))
		return false;
	for (; is_digit(**at); ++*at) {
		n = n * 10 + (unsigned)(**at - '0');
		if (n > max)
			return false;
	}
	*out = n;
	return n >= min;
}

/* "EST" or "<-03>". */
static bool take_name(const char **at)
{
	bool quoted = take(at, '<');
	unsigned len = 0;

	for (; is_letter(**at) || (quoted && (is_digit(**at) || **at == '+' || **at == '-')); ++*at)
		len++;
	return len >= 3 && (!quoted || take(at, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **at, unsigned hours_max, int32_t *seconds)
{
	int sign = take(at, '-') ? -1 : 1;
	unsigned h, m = 0, s = 0;

	if (sign > 0)
		take(at, '+');
	if (!take_uint(at, 0, hours_max, &h))
		return false;
	if (take(at, ':')) {
		if (!take_uint(at, 0, 59, &m))
			return false;
		if (take(at, ':') && !take_uint(at, 0, 59, &s))
			return false;
	}
	*seconds = sign * (int32_t)(h * HOUR + m * 60 + s);
	return true;
}

static bool take_date(const char **at, struct tz_change *c)
{
	unsigned month, week, weekday, day;

	if (take(at, 'M')) {
		if (!take_uint(at, 1, 12, &month) || !take(at, '.') ||
			!take_uint(at, 1, 5, &week) || !take(at, '.') ||
			!take_uint(at, 0, 6, &weekday))
			return false;
		c->kind = 'M';
		c->month = (uint8_t)month;
		c->week = (uint8_t)week;
		c->weekday = (uint8_t)weekday;
		return true;
	}
	c->kind = take(at, 'J') ? 'J' : '0';
	if (!take_uint(at, c->kind == 'J', 365, &day))
		return false;
	c->day = (uint16_t)day;
	return true;
}

static bool take_change(const char **at, struct tz_change *c)
{
	c->seconds = CHANGE_SECONDS;
	return take(at, ',') && take_date(at, c) &&
	       (!take(at, '/') || take_time(at, TIME_HOURS_MAX, &c->seconds));
}

static bool take_rule(const char *at, struct tz_rule *r)
{
	int32_t west;

	if (!take_name(&at) || !take_time(&at, OFFSET_HOURS_MAX, &west))
		return false;
	r->standard_seconds = -west;
	if (!*at)
		return true;
	r->has_daylight = true;
	r->daylight_seconds = r->standard_seconds + HOUR;
	if (!take_name(&at))
		return false;
	if (*at != ',') {
		if (!take_time(&at, OFFSET_HOURS_MAX, &west))
			return false;
		r->daylight_seconds = -west;
	}
	return take_change(&at, &r->to_daylight) && take_change(&at, &r->to_standard) && !*at;
}

int tz_rule_parse(const char *text, struct tz_rule *rule)
{
	tz_rule_init(rule);
	if (take_rule(text, rule))
		return 0;
	tz_rule_init(rule);
	return EINVAL;
}

/* ---- the calendar, by days since 1970-01-01 -------------------------------------------------- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* 1 January of a year. */
static int64_t year_begin(int64_t year)
{
	int64_t before = year - 1;

	return (year - 1970) * 365 + floor_div(before, 4) - floor_div(before, 100) +
	       floor_div(before, 400) - 477; /* leap days up to 1969 */
}

static int64_t year_of(int64_t day)
{
	int64_t year = 1970 + floor_div(day * 400, 146097);

	while (year_begin(year) > day)
		year--;
	while (year_begin(year + 1) <= day)
		year++;
	return year;
}

static int64_t month_begin(int64_t year, unsigned month)
{
	static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

	return year_begin(year) + before[month - 1] + (month > 2 && is_leap(year));
}

static unsigned month_days(int64_t year, unsigned month)
{
	return (unsigned)((month == 12 ? year_begin(year + 1) : month_begin(year, month + 1)) -
			  month_begin(year, month));
}

/* 0: Sunday. */
static unsigned weekday_of(int64_t day)
{
	return (unsigned)(day + 4 - floor_div(day + 4, 7) * 7);
}

static int64_t change_day(const struct tz_change *c, int64_t year)
{
	int64_t first;
	unsigned day;

	if (c->kind == 'J')
		return year_begin(year) + c->day - 1 + (c->day >= 60 && is_leap(year));
	if (c->kind != 'M')
		return year_begin(year) + c->day;
	first = month_begin(year, c->month);
	day = (c->weekday + 7 - weekday_of(first)) % 7 + 7 * (c->week - 1u);
	while (day >= month_days(year, c->month))
		day -= 7;
	return first + day;
}

/* offset: in force until then. */
static int64_t change_at(const struct tz_change *c, int64_t year, int32_t offset)
{
	return change_day(c, year) * DAY + c->seconds - offset;
}

/* The last change decides. A change may belong to another year than it falls into, so the years around
 * are looked at too; when both come at once, as in the rule of a zone that never leaves daylight saving
 * time ("EST5EDT,0/0,J365/25"), the one to daylight saving time is the last. */
int32_t tz_rule_offset(const struct tz_rule *rule, int64_t unix_seconds)
{
	int64_t year, last = INT64_MIN;
	bool daylight = false;

	if (!rule->has_daylight)
		return rule->standard_seconds;
	year = year_of(floor_div(unix_seconds + rule->standard_seconds, DAY));
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t begin = change_at(&rule->to_daylight, y, rule->standard_seconds);
		int64_t end = change_at(&rule->to_standard, y, rule->daylight_seconds);

		if (end <= unix_seconds && end > last) {
			last = end;
			daylight = false;
		}
		if (begin <= unix_seconds && begin >= last) {
			last = begin;
			daylight = true;
		}
	}
	return daylight ? rule->daylight_seconds : rule->standard_seconds;
}
