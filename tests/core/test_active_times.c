/* Days and hours by the wall clock of a zone, over a whole year of virtual time. */
#include <time.h>

#include "core/active_times.h"
#include "tests/core/suite.h"

enum { MON = 1, TUE = 2, WED = 4, THU = 8, FRI = 16, SAT = 32, SUN = 64, ALL = 127, WORK = 31 };

static struct tz_rule berlin, sydney, utc;

static void setup(void)
{
	ck_assert_int_eq(tz_rule_parse("CET-1CEST,M3.5.0,M10.5.0/3", &berlin), 0);
	ck_assert_int_eq(tz_rule_parse("AEST-10AEDT,M10.1.0,M4.1.0/3", &sydney), 0);
	tz_rule_init(&utc);
}

/* UTC, in milliseconds. */
static int64_t at(int year, int month, int day, int hour, int minute)
{
	struct tm tm = {.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute};

	return timegm(&tm) * 1000;
}

static bool active(struct active_time span, const struct tz_rule *zone, int64_t now_ms)
{
	struct active_times times = {&span, 1};

	return active_times_at(&times, zone, now_ms);
}

/* From the first millisecond on; no longer at the end. */
static void assert_span(
	struct active_time span, const struct tz_rule *zone, int64_t begin, int64_t end)
{
	ck_assert(!active(span, zone, begin - 1));
	ck_assert(active(span, zone, begin));
	ck_assert(active(span, zone, end - 1));
	ck_assert(!active(span, zone, end));
}

START_TEST(none_is_always)
{
	ck_assert(active_times_at(&(struct active_times){0}, &utc, 0));
	ck_assert(active_times_at(&(struct active_times){0}, &berlin, at(2026, 7, 1, 3, 0)));
}
END_TEST

START_TEST(hours_of_a_day)
{
	struct active_time span = {MON, 8 * 60, 18 * 60};

	/* 23 November 2026 is a Monday. */
	assert_span(span, &utc, at(2026, 11, 23, 8, 0), at(2026, 11, 23, 18, 0));
	assert_span(span, &berlin, at(2026, 11, 23, 7, 0), at(2026, 11, 23, 17, 0));
	assert_span(span, &berlin, at(2026, 7, 6, 6, 0), at(2026, 7, 6, 16, 0));
	/* Monday in Sydney begins when it is Sunday here. */
	assert_span(span, &sydney, at(2026, 11, 22, 21, 0), at(2026, 11, 23, 7, 0));
	assert_span(span, &sydney, at(2026, 7, 5, 22, 0), at(2026, 7, 6, 8, 0));
}
END_TEST

START_TEST(over_midnight_belongs_to_the_day_it_begins)
{
	struct active_time span = {FRI, 22 * 60, 6 * 60}, weekend = {SUN, 12 * 60, 12 * 60 - 1};

	assert_span(span, &utc, at(2026, 11, 27, 22, 0), at(2026, 11, 28, 6, 0));
	ck_assert(!active(span, &utc, at(2026, 11, 27, 5, 0)));
	ck_assert(!active(span, &utc, at(2026, 11, 28, 22, 0)));
	/* From Sunday into the next week. */
	assert_span(weekend, &utc, at(2026, 11, 29, 12, 0), at(2026, 11, 30, 11, 59));
}
END_TEST

START_TEST(a_whole_day_and_until_midnight)
{
	struct active_time day = {WED, 0, 1440}, evening = {WED, 18 * 60, 1440};

	assert_span(day, &utc, at(2026, 11, 25, 0, 0), at(2026, 11, 26, 0, 0));
	assert_span(evening, &utc, at(2026, 11, 25, 18, 0), at(2026, 11, 26, 0, 0));
	assert_span(day, &berlin, at(2026, 11, 24, 23, 0), at(2026, 11, 25, 23, 0));
}
END_TEST

START_TEST(the_nights_when_the_clock_is_changed)
{
	struct active_time span = {SUN, 2 * 60, 4 * 60}, night = {SAT, 23 * 60, 2 * 60 + 30};

	/* 29 March: two o'clock is three o'clock; 25 October: two o'clock comes twice. */
	assert_span(span, &berlin, at(2026, 3, 29, 1, 0), at(2026, 3, 29, 2, 0));
	assert_span(span, &berlin, at(2026, 10, 25, 0, 0), at(2026, 10, 25, 3, 0));
	assert_span(night, &berlin, at(2026, 3, 28, 22, 0), at(2026, 3, 29, 1, 0));
	/* Half past two, the first time; then the hour comes again, until half past two. */
	assert_span(night, &berlin, at(2026, 10, 24, 21, 0), at(2026, 10, 25, 0, 30));
	assert_span(night, &berlin, at(2026, 10, 25, 1, 0), at(2026, 10, 25, 1, 30));
}
END_TEST

/* Every minute of a year: 8 to 18 on workdays is 10 hours of 261 days, whatever the clocks do, because
 * they do it in the night; and the days are the C library's. */
START_TEST(a_year_minute_by_minute)
{
	static const struct {
		const char *tz;
		struct tz_rule *rule;
	} zone[] = {{"CET-1CEST,M3.5.0,M10.5.0/3", &berlin},
		{"AEST-10AEDT,M10.1.0,M4.1.0/3", &sydney}, {"UTC0", &utc}};
	struct active_time span[] = {{WORK, 8 * 60, 12 * 60}, {WORK, 12 * 60, 18 * 60}};
	struct active_times times = {span, 2};

	for (size_t z = 0; z < 3; z++) {
		unsigned minutes = 0;

		ck_assert_int_eq(setenv("TZ", zone[z].tz, 1), 0);
		tzset();
		for (int64_t t = at(2026, 1, 1, 0, 0); t < at(2027, 1, 1, 0, 0); t += 60000) {
			time_t when = (time_t)(t / 1000);
			struct tm tm;
			bool want, is = active_times_at(&times, zone[z].rule, t);

			localtime_r(&when, &tm);
			want = tm.tm_wday >= 1 && tm.tm_wday <= 5 && tm.tm_hour >= 8 &&
			       tm.tm_hour < 18;
			if (is != want)
				ck_abort_msg("%s at %lld", zone[z].tz, (long long)when);
			minutes += is;
		}
		ck_assert_uint_eq(minutes, 261 * 600);
	}
}
END_TEST

START_TEST(before_the_epoch)
{
	/* 31 December 1969 was a Wednesday. */
	assert_span((struct active_time){WED, 0, 1440}, &utc, at(1969, 12, 31, 0, 0), 0);
}
END_TEST

int main(void)
{
	return SUITE_RUN("active_times", setup, none_is_always, hours_of_a_day,
		over_midnight_belongs_to_the_day_it_begins, a_whole_day_and_until_midnight,
		the_nights_when_the_clock_is_changed, a_year_minute_by_minute, before_the_epoch);
}
