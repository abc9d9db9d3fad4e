/* When a trunk counts as down and up again: patience both ways, and no storms. */
#include "core/trunk_health.h"
#include "tests/core/suite.h"

static struct trunk_health h;

static void setup(void)
{
	h = (struct trunk_health){0};
}

static void seen(enum trunk_sight sight, int64_t ms, enum trunk_change change)
{
	ck_assert_int_eq(trunk_health_see(&h, sight, ms), change);
}

START_TEST(the_beginning_is_nobodys_news)
{
	seen(SIGHT_BAD, 0, TRUNK_SAME);
	seen(SIGHT_BAD, 600000, TRUNK_SAME);
	ck_assert_int_eq(h.state, TRUNK_UNKNOWN);
	seen(SIGHT_GOOD, 600001, TRUNK_SAME);
	ck_assert_int_eq(h.state, TRUNK_UP);
}
END_TEST

START_TEST(down_after_five_seconds_and_up_after_one)
{
	seen(SIGHT_GOOD, 0, TRUNK_SAME);
	seen(SIGHT_BAD, 1000, TRUNK_SAME);
	seen(SIGHT_BAD, 5999, TRUNK_SAME);
	seen(SIGHT_BAD, 6000, TRUNK_WENT_DOWN);
	seen(SIGHT_BAD, 7000, TRUNK_SAME);
	seen(SIGHT_GOOD, 8000, TRUNK_SAME);
	seen(SIGHT_GOOD, 8999, TRUNK_SAME);
	seen(SIGHT_GOOD, 9000, TRUNK_CAME_UP);
	seen(SIGHT_GOOD, 9001, TRUNK_SAME);
}
END_TEST

START_TEST(a_restart_of_the_pbx_is_no_news)
{
	seen(SIGHT_GOOD, 0, TRUNK_SAME);
	for (int64_t ms = 1000; ms < 600000; ms += 5000) {
		seen(SIGHT_BAD, ms, TRUNK_SAME);
		seen(SIGHT_GOOD, ms + 4999, TRUNK_SAME);
	}
	ck_assert_int_eq(h.state, TRUNK_UP);
}
END_TEST

/* Ten seconds away, ten seconds there: one down a minute, and each has its up. */
START_TEST(a_flapping_pbx_goes_down_once_a_minute)
{
	unsigned downs = 0, ups = 0;

	seen(SIGHT_GOOD, 0, TRUNK_SAME);
	for (int64_t ms = 0; ms < 1800000; ms += 1000) {
		enum trunk_change c =
			trunk_health_see(&h, ms / 10000 % 2 ? SIGHT_GOOD : SIGHT_BAD, ms);

		downs += c == TRUNK_WENT_DOWN;
		ups += c == TRUNK_CAME_UP;
	}
	ck_assert_uint_ge(downs, 25);
	ck_assert_uint_le(downs, 30);
	ck_assert_uint_eq(ups, downs);
}
END_TEST

START_TEST(what_is_not_known_changes_nothing)
{
	h.state = TRUNK_DOWN;
	seen(SIGHT_UNKNOWN, 0, TRUNK_SAME);
	seen(SIGHT_UNKNOWN, 600000, TRUNK_SAME);
	ck_assert_int_eq(h.state, TRUNK_DOWN);
	seen(SIGHT_GOOD, 600000, TRUNK_SAME);
	seen(SIGHT_UNKNOWN, 600500, TRUNK_SAME);
	seen(SIGHT_GOOD, 601000, TRUNK_CAME_UP);
}
END_TEST

int main(void)
{
	return SUITE_RUN("trunk_health", setup, the_beginning_is_nobodys_news,
		down_after_five_seconds_and_up_after_one, a_restart_of_the_pbx_is_no_news,
		a_flapping_pbx_goes_down_once_a_minute, what_is_not_known_changes_nothing);
}
