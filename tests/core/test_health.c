/* Health: thresholds, and that flapping targets and bursts of failures change little. */
#include <string.h>

#include "core/health.h"
#include "tests/core/suite.h"

static struct health h;

static void setup(void)
{
	memset(&h, 0, sizeof(h));
}

/* A script: '+' success, '-' failure, each `gap` ms after the one before; answers the states after
 * each in letters. */
static const char *play(const char *events, int64_t start_ms, int64_t gap_ms)
{
	static char states[64];
	size_t n = 0;

	for (; events[n]; n++) {
		int64_t now_ms = start_ms + (int64_t)n * gap_ms;
		uint8_t before = h.state;
		bool changed = events[n] == '+' ? health_ok(&h, now_ms) : health_failed(&h, now_ms);

		ck_assert_int_eq(changed, before != h.state);
		states[n] = "?ud"[h.state];
	}
	states[n] = '\0';
	return states;
}

START_TEST(one_success_makes_an_unknown_target_up)
{
	ck_assert_str_eq(play("+", 1000, 1000), "u");
}
END_TEST

START_TEST(three_failures_make_an_unknown_target_down)
{
	ck_assert_str_eq(play("---", 1000, 1000), "??d");
}
END_TEST

START_TEST(three_failures_in_a_row_bring_a_target_down)
{
	ck_assert_str_eq(play("+--+--+---", 1000, 30000), "uuuuuuuuud");
}
END_TEST

START_TEST(two_successes_in_a_row_bring_it_up)
{
	ck_assert_str_eq(play("---+-+-++", 1000, 30000), "??ddddddu");
}
END_TEST

START_TEST(failures_within_a_second_count_as_one)
{
	ck_assert_str_eq(play("----------", 1000, 10), "??????????");
	ck_assert_str_eq(play("--", 3000, 1000), "?d");
}
END_TEST

START_TEST(a_state_lasts_thirty_seconds)
{
	ck_assert_str_eq(play("+", 1000, 0), "u");
	ck_assert_str_eq(play("---", 2000, 1000), "uuu");
	/* The evidence is kept: the next failure after the half minute decides. */
	ck_assert_str_eq(play("-", 30999, 0), "u");
	ck_assert_str_eq(play("-", 32000, 0), "d");
	ck_assert_str_eq(play("+++", 33000, 1000), "ddd");
	ck_assert_str_eq(play("+", 62000, 0), "u");
}
END_TEST

/* D17: up for a second, down for a second, probed twice a second for half an hour. */
START_TEST(a_flapping_target_changes_at_most_every_thirty_seconds)
{
	unsigned changes = 0;

	for (int64_t now_ms = 1000; now_ms < 1801000; now_ms += 500)
		changes += now_ms / 1000 % 2 ? health_ok(&h, now_ms) : health_failed(&h, now_ms);
	ck_assert_uint_le(changes, 60);
}
END_TEST

START_TEST(retry_after_is_respected)
{
	ck_assert_str_eq(play("+", 1000, 0), "u");
	ck_assert(health_retry_after(&h, 60, 2000));
	ck_assert_int_eq(h.state, HEALTH_DOWN);
	ck_assert_str_eq(play("++++", 40000, 5000), "dddd");
	ck_assert_str_eq(play("+", 62000, 0), "u");
	/* Not for longer than half an hour, whatever it asks for. */
	ck_assert(health_retry_after(&h, UINT32_MAX, 100000));
	ck_assert_str_eq(play("++", 100000 + 1800 * 1000 - 2, 1), "dd");
	ck_assert_str_eq(play("+", 100000 + 1800 * 1000, 0), "u");
}
END_TEST

int main(void)
{
	return SUITE_RUN("health", setup, one_success_makes_an_unknown_target_up,
		three_failures_make_an_unknown_target_down,
		three_failures_in_a_row_bring_a_target_down, two_successes_in_a_row_bring_it_up,
		failures_within_a_second_count_as_one, a_state_lasts_thirty_seconds,
		a_flapping_target_changes_at_most_every_thirty_seconds, retry_after_is_respected);
}
