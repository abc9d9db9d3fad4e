/* Virtual time in place of sip/loop.c: a test includes this file and moves the clock by hand. */
#include <stdlib.h>

#include "core/wheel.h"
#include "sip/loop.h"
#include "tests/fakes/loop.h"

struct loop {
	int64_t now;
	struct wheel wheel;
	loop_hook_h *hook;
	void *hook_arg;
};

enum { FAKE_START_MS = 1000, FAKE_WALL_MS = 1700000000 };

int loop_new(struct loop **loop)
{
	*loop = calloc(1, sizeof(**loop));
	(*loop)->now = FAKE_START_MS;
	wheel_init(&(*loop)->wheel, FAKE_START_MS);
	return 0;
}

void loop_free(struct loop *loop)
{
	free(loop);
}

int64_t loop_now(const struct loop *loop)
{
	return loop->now;
}

int64_t loop_wall_ms(const struct loop *loop)
{
	return (int64_t)FAKE_WALL_MS * 1000 + loop->now;
}

struct wheel *loop_wheel(struct loop *loop)
{
	return &loop->wheel;
}

int loop_add(
	struct loop *loop, struct loop_fd *lf, int fd, uint32_t events, loop_fd_h *h, void *arg)
{
	(void)loop;
	*lf = (struct loop_fd){.fd = fd, .events = events, .h = h, .arg = arg};
	return 0;
}

int loop_mod(struct loop *loop, struct loop_fd *lf, uint32_t events)
{
	(void)loop;
	lf->events = events;
	return 0;
}

void loop_del(struct loop *loop, struct loop_fd *lf)
{
	(void)loop;
	lf->h = NULL;
}

void loop_set_hook(struct loop *loop, loop_hook_h *h, void *arg)
{
	loop->hook = h;
	loop->hook_arg = arg;
}

int loop_turn(struct loop *loop, int max_wait_ms)
{
	(void)loop, (void)max_wait_ms;
	return 0;
}

int loop_run(struct loop *loop)
{
	(void)loop;
	return 0;
}

void loop_stop(struct loop *loop)
{
	(void)loop;
}

void fake_loop_wait(struct loop *loop, int64_t ms)
{
	int64_t end = loop->now + ms;

	for (;;) {
		int64_t next = wheel_next(&loop->wheel);
		if (next < 0 || next > end)
			break;
		loop->now = next > loop->now ? next : loop->now;
		wheel_run(&loop->wheel, loop->now);
		if (loop->hook)
			loop->hook(loop->hook_arg);
	}
	loop->now = end;
	wheel_run(&loop->wheel, end);
}
