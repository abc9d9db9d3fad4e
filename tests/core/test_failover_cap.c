/* Caps on paid failover legs: exact at the same time and within any minute, alarms that do not flood. */
#include <errno.h>

#include "core/failover_cap.h"
#include "tests/core/suite.h"

static const uint8_t key[16] = "failover caps";
static struct failover_caps *caps;
static const struct uuid acc1 = {{1}}, acc2 = {{2}};

static void setup(void)
{
	caps = failover_caps_new(key);
	ck_assert_ptr_nonnull(caps);
}

static void teardown(void)
{
	failover_caps_free(caps);
}

static struct uuid leg(unsigned n)
{
	return (struct uuid){{9, (uint8_t)(n >> 8), (uint8_t)n}};
}

static int take(
	const struct uuid *account, unsigned n, const struct destination_rules *r, int64_t ms)
{
	struct uuid id = leg(n);

	return failover_cap_take(caps, account, &id, r, ms);
}

static void release(const struct uuid *account, unsigned n)
{
	struct uuid id = leg(n);

	failover_cap_release(caps, account, &id);
}

START_TEST(no_limit_counts_and_refuses_nobody)
{
	static const struct destination_rules none = {0};

	for (unsigned i = 0; i < 1000; i++)
		ck_assert_int_eq(take(&acc1, i, &none, 5), 0);
	ck_assert_uint_eq(failover_cap_count(caps, &acc1), 1000);
	ck_assert_uint_eq(failover_cap_count(caps, &acc2), 0);
}
END_TEST

START_TEST(exactly_the_cap_at_the_same_time)
{
	static const struct destination_rules ten = {.has_max = true, .max_failover_calls = 10};
	unsigned given = 0;

	for (unsigned i = 0; i < 1000; i++)
		given += take(&acc1, i, &ten, 5) == 0;
	ck_assert_uint_eq(given, 10);
	ck_assert_int_eq(take(&acc1, 2000, &ten, 5), EBUSY);
	/* One that is up may ask again, and another account is another account. */
	ck_assert_int_eq(take(&acc1, 3, &ten, 5), 0);
	ck_assert_int_eq(take(&acc2, 3, &ten, 5), 0);
	release(&acc1, 3);
	release(&acc1, 3);
	ck_assert_uint_eq(failover_cap_count(caps, &acc1), 9);
	ck_assert_int_eq(take(&acc1, 2000, &ten, 5), 0);
	ck_assert_int_eq(take(&acc1, 2001, &ten, 5), EBUSY);
}
END_TEST

START_TEST(a_cap_of_none_lets_nobody_out)
{
	static const struct destination_rules none = {.has_max = true};

	ck_assert_int_eq(take(&acc1, 1, &none, 5), EBUSY);
	ck_assert_uint_eq(failover_cap_count(caps, &acc1), 0);
}
END_TEST

START_TEST(never_more_in_any_minute)
{
	static const struct destination_rules r = {.max_failover_calls_per_minute = 20};
	static int64_t at[2000];
	unsigned given = 0;

	/* A thousand calls a minute for five minutes, each over at once. */
	for (unsigned i = 0; i < 5000; i++) {
		int64_t now = i * INT64_C(60);

		if (take(&acc1, i, &r, now) == 0)
			at[given++] = now;
		release(&acc1, i);
	}
	ck_assert_uint_eq(given, 5 * 20);
	for (unsigned i = 20; i < given; i++)
		ck_assert_int_ge(at[i] - at[i - 20], FAILOVER_CAP_MINUTE_MS);
}
END_TEST

START_TEST(a_leg_that_is_refused_holds_nothing)
{
	static const struct destination_rules r = {
		.has_max = true, .max_failover_calls = 5, .max_failover_calls_per_minute = 2};

	ck_assert_int_eq(take(&acc1, 1, &r, 5), 0);
	ck_assert_int_eq(take(&acc1, 2, &r, 5), 0);
	ck_assert_int_eq(take(&acc1, 3, &r, 5), EAGAIN);
	ck_assert_uint_eq(failover_cap_count(caps, &acc1), 2);
	ck_assert_int_eq(take(&acc1, 1, &r, 5), 0); /* no new leg: not counted again */
	ck_assert_int_eq(take(&acc1, 3, &r, 60004), EAGAIN);
	ck_assert_int_eq(take(&acc1, 3, &r, 60005), 0);
}
END_TEST

START_TEST(a_limit_that_changes_keeps_what_it_knows)
{
	struct destination_rules r = {.max_failover_calls_per_minute = 3};

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(take(&acc1, i, &r, i), 0);
	r.max_failover_calls_per_minute = 5;
	ck_assert_int_eq(take(&acc1, 3, &r, 10), 0);
	ck_assert_int_eq(take(&acc1, 4, &r, 10), 0);
	ck_assert_int_eq(take(&acc1, 5, &r, 10), EAGAIN);
	r.max_failover_calls_per_minute = 2;
	ck_assert_int_eq(take(&acc1, 5, &r, 60001), EAGAIN); /* three are still in the window */
	ck_assert_int_eq(take(&acc1, 5, &r, 60010), 0);
}
END_TEST

START_TEST(what_came_back_after_a_restart_counts)
{
	static const struct destination_rules two = {.has_max = true, .max_failover_calls = 2};
	struct uuid a = leg(1), b = leg(2), c = leg(3);

	failover_cap_restore(caps, &acc1, &a);
	failover_cap_restore(caps, &acc1, &b);
	failover_cap_restore(caps, &acc1, &c); /* the cap was higher then */
	ck_assert_uint_eq(failover_cap_count(caps, &acc1), 3);
	ck_assert_int_eq(take(&acc1, 9, &two, 5), EBUSY);
	release(&acc1, 1);
	release(&acc1, 2);
	ck_assert_int_eq(take(&acc1, 9, &two, 5), 0);
}
END_TEST

START_TEST(an_alarm_at_once_and_then_once_a_minute)
{
	uint32_t refused;

	ck_assert(failover_cap_alarm(caps, &acc1, 0, &refused));
	ck_assert_uint_eq(refused, 1);
	for (int i = 1; i <= 50; i++)
		ck_assert(!failover_cap_alarm(caps, &acc1, i, &refused));
	ck_assert(failover_cap_alarm(caps, &acc2, 10, &refused));
	ck_assert(failover_cap_alarm(caps, &acc1, 60000, &refused));
	ck_assert_uint_eq(refused, 51);
}
END_TEST

START_TEST(expiry_forgets_only_what_is_over)
{
	static const struct destination_rules r = {.max_failover_calls_per_minute = 1};
	uint32_t refused;

	ck_assert_int_eq(take(&acc1, 1, &r, 0), 0);
	ck_assert(failover_cap_alarm(caps, &acc2, 0, &refused));
	failover_caps_expire(caps, 59999);
	ck_assert_int_eq(take(&acc1, 2, &r, 59999), EAGAIN);
	ck_assert(!failover_cap_alarm(caps, &acc2, 59999, &refused));
	failover_caps_expire(caps, 60000);
	ck_assert_int_eq(take(&acc1, 2, &r, 60000), 0);
	ck_assert(failover_cap_alarm(caps, &acc2, 60001, &refused));
	ck_assert_uint_eq(refused, 1);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("failover_cap", setup, teardown, no_limit_counts_and_refuses_nobody,
		exactly_the_cap_at_the_same_time, a_cap_of_none_lets_nobody_out,
		never_more_in_any_minute, a_leg_that_is_refused_holds_nothing,
		a_limit_that_changes_keeps_what_it_knows, what_came_back_after_a_restart_counts,
		an_alarm_at_once_and_then_once_a_minute, expiry_forgets_only_what_is_over);
}
