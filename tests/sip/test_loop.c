#include "tests/core/suite.h"
#include "tests/fakes/clock.c"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/wheel.h"
#include "sip/loop.h"

static char order[64];
static struct loop *loop;

static void note(char c)
{
	size_t n = strlen(order);

	ck_assert_uint_lt(n + 1, sizeof(order));
	order[n] = c;
	order[n + 1] = '\0';
}

static void setup(void)
{
	ck_assert_int_eq(loop_new(&loop), 0);
}

static void on_fd(uint32_t events, void *arg)
{
	ck_assert(events & EPOLLIN);
	note(*(char *)arg);
}

static void on_timer(void *arg, int64_t now_ms)
{
	ck_assert_int_eq(now_ms, loop_now(loop));
	note(*(char *)arg);
}

static void on_hook(void *arg)
{
	note(*(char *)arg);
}

START_TEST(a_turn)
{
	struct wheel_timer t;
	struct loop_fd lf;
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(loop_add(loop, &lf, p[0], EPOLLIN, on_fd, "f"), 0);
	wheel_timer_init(&t, on_timer, "t");
	wheel_set(loop_wheel(loop), &t, loop_now(loop) + 10);
	loop_set_hook(loop, on_hook, "h");
	ck_assert_int_eq(loop_turn(loop, 0), 0);
	ck_assert_str_eq(order, "h");
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	fake_clock_advance(10);
	ck_assert_int_eq(loop_turn(loop, -1), 0);
	ck_assert_str_eq(order, "hfth");
	loop_set_hook(loop, NULL, NULL);
	/* Level-triggered: nobody has read it. */
	ck_assert_int_eq(loop_turn(loop, -1), 0);
	ck_assert_str_eq(order, "hfthf");
	ck_assert_int_eq(loop_mod(loop, &lf, 0), 0);
	ck_assert_int_eq(loop_turn(loop, 0), 0);
	ck_assert_int_eq(loop_mod(loop, &lf, EPOLLIN), 0);
	ck_assert_int_eq(loop_turn(loop, 0), 0);
	ck_assert_str_eq(order, "hfthff");
	loop_del(loop, &lf);
	ck_assert_int_eq(loop_turn(loop, 0), 0);
	ck_assert_str_eq(order, "hfthff");
	close(p[0]);
	close(p[1]);
	loop_free(loop);
}
END_TEST

START_TEST(clocks)
{
	int64_t now = loop_now(loop), wall = loop_wall_ms(loop);

	fake_clock_advance(1234);
	ck_assert_int_eq(loop_now(loop), now); /* the same for all of a turn */
	ck_assert_int_eq(loop_turn(loop, 0), 0);
	ck_assert_int_eq(loop_now(loop), now + 1234);
	ck_assert_int_eq(loop_wall_ms(loop), wall + 1234);
	loop_free(loop);
}
END_TEST

static struct loop_fd first, second;

static void on_rival(uint32_t events, void *arg)
{
	(void)events;
	note(*(char *)arg);
	loop_del(loop, &first);
	loop_del(loop, &second);
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
}

/* Both are ready; whichever comes first removes the other. */
START_TEST(removed_in_the_same_turn)
{
	int p[2], q[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(pipe(q), 0);
	ck_assert_int_eq(loop_add(loop, &first, p[0], EPOLLIN, on_rival, "r"), 0);
	ck_assert_int_eq(loop_add(loop, &second, q[0], EPOLLIN, on_rival, "r"), 0);
	ck_assert_int_eq(write(p[1], "x", 1), 1);
	ck_assert_int_eq(write(q[1], "x", 1), 1);
	ck_assert_int_eq(loop_turn(loop, 0), 0);
	ck_assert_str_eq(order, "r");
	loop_free(loop);
}
END_TEST

static void on_stop(void *arg, int64_t now_ms)
{
	(void)arg, (void)now_ms;
	note('s');
	loop_stop(loop);
}

START_TEST(stopped_from_inside)
{
	struct wheel_timer t;

	wheel_timer_init(&t, on_stop, NULL);
	for (int i = 0; i < 2; i++) { /* and it can run again */
		wheel_set(loop_wheel(loop), &t, loop_now(loop));
		ck_assert_int_eq(loop_run(loop), 0);
	}
	ck_assert_str_eq(order, "ss");
	loop_free(loop);
}
END_TEST

static void *stopper(void *arg)
{
	loop_stop(arg);
	return NULL;
}

START_TEST(stopped_from_another_thread)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, stopper, loop), 0);
	ck_assert_int_eq(loop_run(loop), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	loop_free(loop);
}
END_TEST

START_TEST(bad_descriptor)
{
	struct loop_fd lf;

	ck_assert_int_ne(loop_add(loop, &lf, -1, EPOLLIN, on_fd, "f"), 0);
	loop_free(loop);
	loop_free(NULL);
}
END_TEST

int main(void)
{
	return SUITE_RUN("loop", setup, a_turn, clocks, removed_in_the_same_turn,
		stopped_from_inside, stopped_from_another_thread, bad_descriptor);
}
