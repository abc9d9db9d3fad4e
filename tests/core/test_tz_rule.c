/* Time zones: the POSIX string, its rule held against the C library's over whole years of virtual time,
 * and the system's database. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "core/tz_rule.h"
#include "core/zoneinfo.h"
#include "tests/core/suite.h"

enum { HOUR = 3600, QUARTER = 900, YEAR = 366 * 86400 };

static struct tz_rule rule_of(const char *text)
{
	struct tz_rule rule;

	ck_assert_msg(tz_rule_parse(text, &rule) == 0, "%s", text);
	return rule;
}

static int64_t at(int year, int month, int day, int hour, int minute, int second)
{
	struct tm tm = {.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute,
		.tm_sec = second};

	return timegm(&tm);
}

/* The last second before a change and its first one. */
static void assert_change(const struct tz_rule *rule, int64_t when, int before, int after)
{
	ck_assert_int_eq(tz_rule_offset(rule, when - 1), before);
	ck_assert_int_eq(tz_rule_offset(rule, when), after);
}

START_TEST(the_north_the_south_and_the_lands_without)
{
	struct tz_rule berlin = rule_of("CET-1CEST,M3.5.0,M10.5.0/3");
	struct tz_rule sydney = rule_of("AEST-10AEDT,M10.1.0,M4.1.0/3");
	struct tz_rule kolkata = rule_of("IST-5:30");
	struct tz_rule new_york = rule_of("EST5EDT,M3.2.0,M11.1.0");

	assert_change(&berlin, at(2026, 3, 29, 1, 0, 0), HOUR, 2 * HOUR);
	assert_change(&berlin, at(2026, 10, 25, 1, 0, 0), 2 * HOUR, HOUR);
	assert_change(&sydney, at(2026, 4, 4, 16, 0, 0), 11 * HOUR, 10 * HOUR);
	assert_change(&sydney, at(2026, 10, 3, 16, 0, 0), 10 * HOUR, 11 * HOUR);
	ck_assert_int_eq(tz_rule_offset(&sydney, at(2026, 12, 31, 23, 59, 59)), 11 * HOUR);
	ck_assert_int_eq(tz_rule_offset(&sydney, at(2027, 1, 1, 0, 0, 0)), 11 * HOUR);
	ck_assert_int_eq(tz_rule_offset(&kolkata, at(2026, 7, 1, 0, 0, 0)), 5 * HOUR + 1800);
	assert_change(&new_york, at(2026, 3, 8, 7, 0, 0), -5 * HOUR, -4 * HOUR);
	assert_change(&new_york, at(2026, 11, 1, 6, 0, 0), -4 * HOUR, -5 * HOUR);
}
END_TEST

START_TEST(the_odd_ones)
{
	/* The hour before midnight of the day before, a Saturday night by a rule about Sunday. */
	struct tz_rule nuuk = rule_of("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
	/* Friday before the last Sunday: the fourth Thursday and 26 hours. */
	struct tz_rule jerusalem = rule_of("IST-2IDT,M3.4.4/26,M10.5.0");
	/* Winter time is what is "saved": summer's is the standard. */
	struct tz_rule dublin = rule_of("IST-1GMT0,M10.5.0,M3.5.0/1");
	struct tz_rule lord_howe = rule_of("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
	struct tz_rule always = rule_of("EST5EDT,0/0,J365/25");
	struct tz_rule julian = rule_of("AAA0BBB,J60/0,300/24:00:30");

	assert_change(&nuuk, at(2026, 3, 29, 1, 0, 0), -2 * HOUR, -HOUR);
	assert_change(&jerusalem, at(2026, 3, 27, 0, 0, 0), 2 * HOUR, 3 * HOUR);
	assert_change(&dublin, at(2026, 3, 29, 1, 0, 0), 0, HOUR);
	assert_change(&dublin, at(2026, 10, 25, 1, 0, 0), HOUR, 0);
	assert_change(&lord_howe, at(2026, 4, 4, 15, 0, 0), 11 * HOUR, 10 * HOUR + 1800);
	for (int64_t t = at(2027, 12, 25, 0, 0, 0); t < at(2028, 1, 8, 0, 0, 0); t += QUARTER)
		ck_assert_int_eq(tz_rule_offset(&always, t), -4 * HOUR);
	/* J60 is 1 March in every year; day 300, from 0, is a day later in the year after a leap day. */
	assert_change(&julian, at(2027, 3, 1, 0, 0, 0), 0, HOUR);
	assert_change(&julian, at(2028, 3, 1, 0, 0, 0), 0, HOUR);
	assert_change(&julian, at(2027, 10, 28, 23, 0, 30), HOUR, 0);
	assert_change(&julian, at(2028, 10, 27, 23, 0, 30), HOUR, 0);
}
END_TEST

START_TEST(what_is_no_rule_is_utc)
{
	static const char *const wrong[] = {"", "E5", "EST", "EST5EDT", "EST25", "EST5:60", "<EST5",
		"<E>5", "EST5EDT,M3.2.0", "EST5EDT,M3.2.0,", "EST5EDT,M13.2.0,M11.1.0",
		"EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.0.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0",
		"EST5EDT,J0,J365", "EST5EDT,366,J365", "EST5EDT,M3.2.0/168,M11.1.0",
		"EST5EDT,M3.2.0,M11.1.0x", "EST5EDT;M3.2.0,M11.1.0", "5EST", "E ST5",
		"EST99999999999", "EST5EDT,M3.2.0/-,M11.1.0", "EST5EDT,M3.2,M11.1.0", "EST--5"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct tz_rule rule = {.standard_seconds = 1, .has_daylight = true};

		ck_assert_msg(tz_rule_parse(wrong[i], &rule) == EINVAL, "%s", wrong[i]);
		ck_assert_int_eq(tz_rule_offset(&rule, at(2026, 7, 1, 0, 0, 0)), 0);
	}
}
END_TEST

/* Every quarter of an hour of a common and a leap year, in zones of all kinds, and a second before. */
START_TEST(two_years_as_the_c_library_has_them)
{
	static const char *const zones[] = {"Europe/Berlin", "Europe/Dublin", "America/New_York",
		"America/St_Johns", "America/Nuuk", "America/Santiago", "America/Sao_Paulo",
		"America/Asuncion", "Africa/Cairo", "Asia/Jerusalem", "Asia/Beirut",
		"Asia/Kathmandu", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland",
		"Pacific/Chatham", "Pacific/Easter", "Antarctica/Troll", "Etc/GMT+11", "UTC"};
	unsigned changes = 0;

	for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
		int64_t begin = at(2039, 12, 1, 0, 0, 0);
		struct tz_rule rule;
		int32_t last;

		ck_assert_int_eq(zoneinfo_rule(zones[z], &rule), 0);
		ck_assert_int_eq(setenv("TZ", zones[z], 1), 0);
		tzset();
		last = tz_rule_offset(&rule, begin);
		for (int64_t t = begin; t < begin + 2 * YEAR; t += QUARTER) {
			for (int64_t s = t - 1; s <= t; s++) {
				time_t when = (time_t)s;
				int32_t offset = tz_rule_offset(&rule, s);
				struct tm tm;

				localtime_r(&when, &tm);
				if (tm.tm_gmtoff != offset)
					ck_abort_msg("%s at %lld: %ld, not %d", zones[z],
						(long long)s, tm.tm_gmtoff, offset);
				changes += offset != last;
				last = offset;
			}
		}
	}
	ck_assert_uint_ge(changes, 4 * 14);
}
END_TEST

START_TEST(long_ago_and_far_away)
{
	struct tz_rule berlin = rule_of("CET-1CEST,M3.5.0,M10.5.0/3");

	ck_assert_int_eq(tz_rule_offset(&berlin, 0), HOUR);
	ck_assert_int_eq(tz_rule_offset(&berlin, -1), HOUR);
	ck_assert_int_eq(tz_rule_offset(&berlin, at(1969, 7, 1, 0, 0, 0)), 2 * HOUR);
	ck_assert_int_eq(tz_rule_offset(&berlin, at(1600, 2, 29, 0, 0, 0)), HOUR);
	ck_assert_int_eq(tz_rule_offset(&berlin, at(9999, 7, 1, 0, 0, 0)), 2 * HOUR);
}
END_TEST

START_TEST(names_of_zones)
{
	static const struct {
		const char *name;
		int err;
	} row[] = {{"UTC", 0}, {"Europe/Zurich", 0}, {"America/Argentina/Buenos_Aires", 0},
		{"", EINVAL}, {"Mars/Olympus", ENOENT}, {"America", ENOENT},
		{"/etc/passwd", EINVAL}, {"../../../etc/passwd", EINVAL},
		{"Europe/Zurich ", EINVAL}, {"leapseconds", EBADMSG},
		{"EuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEurope", EINVAL}};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct tz_rule rule = {.standard_seconds = 1};

		ck_assert_msg(zoneinfo_rule(row[i].name, &rule) == row[i].err, "%s", row[i].name);
		if (row[i].err)
			ck_assert_int_eq(rule.standard_seconds, 0);
	}
	ck_assert(zoneinfo_installed());
}
END_TEST

int main(void)
{
	return SUITE_RUN("tz_rule", NULL, the_north_the_south_and_the_lands_without, the_odd_ones,
		what_is_no_rule_is_utc, two_years_as_the_c_library_has_them, long_ago_and_far_away,
		names_of_zones);
}
