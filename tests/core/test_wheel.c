/* The timer wheel: order, re-arming and cancelling from handlers, clock jumps, many timers. */
#include <check.h>
#include <stdlib.h>

#include "core/wheel.h"
#include "tests/core/suite.h"

enum { FIRED_MAX = 64 };

static struct wheel w;
static int fired[FIRED_MAX];
static unsigned fired_count;

struct item {
	struct wheel_timer timer;
	int id;
	struct wheel_timer *cancels;
	struct wheel_timer *sets;
	int64_t set_after;
};

static void on_timer(void *arg, int64_t now_ms)
{
	struct item *it = arg;

	ck_assert_uint_lt(fired_count, FIRED_MAX);
	fired[fired_count++] = it->id;
	ck_assert(!wheel_timer_is_set(&it->timer));
	if (it->cancels)
		wheel_cancel(&w, it->cancels);
	if (it->sets)
		wheel_set(&w, it->sets, now_ms + it->set_after);
}

static void item_init(struct item *it, int id)
{
	*it = (struct item){.id = id};
	wheel_timer_init(&it->timer, on_timer, it);
}

static void setup(void)
{
	wheel_init(&w, 1000);
	fired_count = 0;
}

START_TEST(fires_at_its_time_and_not_before)
{
	static const int64_t after[] = {1, 63, 64, 65, 4095, 4096, 262144, 16777217, 86400000};
	struct item it;

	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		setup();
		item_init(&it, 1);
		wheel_set(&w, &it.timer, 1000 + after[i]);
		wheel_run(&w, 1000 + after[i] - 1);
		ck_assert_uint_eq(fired_count, 0);
		ck_assert_int_gt(wheel_next(&w), 1000);
		ck_assert_int_le(wheel_next(&w), 1000 + after[i]);
		wheel_run(&w, 1000 + after[i]);
		ck_assert_uint_eq(fired_count, 1);
		ck_assert_int_eq(wheel_next(&w), -1);
	}
}
END_TEST

START_TEST(fires_in_order_of_time_then_of_setting)
{
	struct item it[5];
	static const int64_t at[] = {5000, 2000, 5000, 1001, 2000};

	for (int i = 0; i < 5; i++) {
		item_init(&it[i], i);
		wheel_set(&w, &it[i].timer, at[i]);
	}
	wheel_run(&w, 10000);
	ck_assert_uint_eq(fired_count, 5);
	ck_assert_int_eq(fired[0], 3);
	ck_assert_int_eq(fired[1], 1);
	ck_assert_int_eq(fired[2], 4);
	ck_assert_int_eq(fired[3], 0);
	ck_assert_int_eq(fired[4], 2);
}
END_TEST

START_TEST(a_time_that_has_passed_fires_in_the_next_run)
{
	struct item it;

	item_init(&it, 1);
	wheel_set(&w, &it.timer, 3);
	ck_assert_int_eq(wheel_next(&w), 1000);
	wheel_run(&w, 1000);
	ck_assert_uint_eq(fired_count, 1);
}
END_TEST

START_TEST(a_handler_that_sets_itself_to_now_does_not_loop)
{
	struct item it;

	item_init(&it, 1);
	it.sets = &it.timer;
	wheel_set(&w, &it.timer, 1010);
	wheel_run(&w, 5000);
	ck_assert_uint_eq(fired_count, 1);
	ck_assert_int_eq(wheel_next(&w), 5000);
	wheel_run(&w, 5000);
	ck_assert_uint_eq(fired_count, 2);
}
END_TEST

START_TEST(a_handler_cancels_a_timer_due_in_the_same_millisecond)
{
	struct item a, b;

	item_init(&a, 1);
	item_init(&b, 2);
	a.cancels = &b.timer;
	wheel_set(&w, &a.timer, 1500);
	wheel_set(&w, &b.timer, 1500);
	wheel_run(&w, 2000);
	ck_assert_uint_eq(fired_count, 1);
	ck_assert(!wheel_timer_is_set(&b.timer));
	ck_assert_uint_eq(w.count, 0);
}
END_TEST

START_TEST(a_handler_cancels_and_moves_later_timers)
{
	struct item a, b, c;

	item_init(&a, 1);
	item_init(&b, 2);
	item_init(&c, 3);
	a.cancels = &b.timer;
	a.sets = &c.timer;
	a.set_after = 700;
	wheel_set(&w, &a.timer, 1500);
	wheel_set(&w, &b.timer, 1600);
	wheel_set(&w, &c.timer, 90000);
	wheel_run(&w, 1700); /* c moves to 1700 + 700 */
	ck_assert_uint_eq(fired_count, 1);
	wheel_run(&w, 2399);
	ck_assert_uint_eq(fired_count, 1);
	wheel_run(&w, 2400);
	ck_assert_uint_eq(fired_count, 2);
	ck_assert_int_eq(fired[1], 3);
}
END_TEST

START_TEST(set_again_moves_the_timer)
{
	struct item it;

	item_init(&it, 1);
	wheel_set(&w, &it.timer, 1100);
	wheel_set(&w, &it.timer, 9000);
	ck_assert_uint_eq(w.count, 1);
	wheel_run(&w, 8999);
	ck_assert_uint_eq(fired_count, 0);
	wheel_set(&w, &it.timer, 9001);
	wheel_run(&w, 9001);
	ck_assert_uint_eq(fired_count, 1);
}
END_TEST

START_TEST(cancel_empties_the_wheel_and_may_be_repeated)
{
	struct item it;

	item_init(&it, 1);
	wheel_cancel(&w, &it.timer);
	wheel_set(&w, &it.timer, 70000);
	wheel_cancel(&w, &it.timer);
	wheel_cancel(&w, &it.timer);
	ck_assert_int_eq(wheel_next(&w), -1);
	wheel_run(&w, 100000);
	ck_assert_uint_eq(fired_count, 0);
}
END_TEST

START_TEST(a_clock_that_goes_backwards_fires_nothing_and_loses_nothing)
{
	struct item it;

	item_init(&it, 1);
	wheel_set(&w, &it.timer, 2000);
	wheel_run(&w, 10);
	ck_assert_uint_eq(fired_count, 0);
	wheel_run(&w, 2000);
	ck_assert_uint_eq(fired_count, 1);
}
END_TEST

static unsigned periodic_runs;

static void periodic(void *arg, int64_t now_ms)
{
	periodic_runs++;
	wheel_set(&w, arg, now_ms + 1000);
}

START_TEST(a_jump_of_ten_years_fires_a_periodic_timer_once)
{
	const int64_t ten_years = INT64_C(10) * 365 * 86400 * 1000;
	struct wheel_timer t;

	periodic_runs = 0;
	wheel_timer_init(&t, periodic, &t);
	wheel_set(&w, &t, 2000);
	wheel_run(&w, 1000 + ten_years);
	ck_assert_uint_eq(periodic_runs, 1);
	ck_assert_int_eq(wheel_next(&w) > 1000 + ten_years, 1);
	wheel_run(&w, 2000 + ten_years);
	ck_assert_uint_eq(periodic_runs, 2);
}
END_TEST

START_TEST(the_farthest_time_is_kept)
{
	struct item it;

	item_init(&it, 1);
	wheel_set(&w, &it.timer, INT64_MAX);
	wheel_run(&w, INT64_MAX - 1);
	ck_assert_uint_eq(fired_count, 0);
	wheel_run(&w, INT64_MAX);
	ck_assert_uint_eq(fired_count, 1);
}
END_TEST

/* A million timers against what a plain array of times would do. */
enum { MANY = 1000000 };
static int64_t last_fired_ms;
static size_t many_fired;
static bool in_order; /* a million assertions would take longer than the timers */

static void on_many(void *arg, int64_t now_ms)
{
	const struct wheel_timer *t = arg;

	in_order = in_order && t->at_ms <= now_ms && t->at_ms >= last_fired_ms;
	last_fired_ms = t->at_ms;
	many_fired++;
}

START_TEST(a_million_timers_fire_once_each_in_order)
{
	struct wheel_timer *t = calloc(MANY, sizeof(*t));
	uint32_t seed = 12345;
	size_t cancelled = 0;

	ck_assert_ptr_nonnull(t);
	many_fired = 0;
	in_order = true;
	last_fired_ms = 0;
	for (size_t i = 0; i < MANY; i++) {
		seed = seed * 1664525u + 1013904223u;
		wheel_timer_init(&t[i], on_many, &t[i]);
		wheel_set(&w, &t[i], 1001 + seed % 200000);
	}
	for (size_t i = 0; i < MANY; i += 10, cancelled++)
		wheel_cancel(&w, &t[i]);
	while (wheel_next(&w) >= 0) {
		int64_t next = wheel_next(&w);

		in_order = in_order && next > w.now_ms;
		wheel_run(&w, next);
	}
	ck_assert(in_order);
	ck_assert_uint_eq(many_fired, MANY - cancelled);
	ck_assert_uint_eq(w.count, 0);
	free(t);
}
END_TEST

int main(void)
{
	return SUITE_RUN("wheel", setup, fires_at_its_time_and_not_before,
		fires_in_order_of_time_then_of_setting,
		a_time_that_has_passed_fires_in_the_next_run,
		a_handler_that_sets_itself_to_now_does_not_loop,
		a_handler_cancels_a_timer_due_in_the_same_millisecond,
		a_handler_cancels_and_moves_later_timers, set_again_moves_the_timer,
		cancel_empties_the_wheel_and_may_be_repeated,
		a_clock_that_goes_backwards_fires_nothing_and_loses_nothing,
		a_jump_of_ten_years_fires_a_periodic_timer_once, the_farthest_time_is_kept,
		a_million_timers_fire_once_each_in_order);
}
