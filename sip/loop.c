#include "sip/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/wheel.h"

enum { LOOP_EVENTS = 64 };

struct loop {
	int epoll_fd;
	struct loop_fd wake; /* an eventfd: loop_stop() from elsewhere */
	atomic_bool stopped;
	int64_t now_ms;
	int64_t wall_ms;
	loop_hook_h *hook;
	void *hook_arg;
	int ready; /* of this turn */
	struct epoll_event event[LOOP_EVENTS];
	struct wheel wheel;
};

static void read_clocks(struct loop *loop)
{
	loop->now_ms = clock_ms();
	loop->wall_ms = clock_wall_ms();
}

static void on_wake(uint32_t events, void *arg)
{
	struct loop *loop = arg;
	eventfd_t ignored;

	(void)events;
	(void)eventfd_read(loop->wake.fd, &ignored);
}

int loop_new(struct loop **loopp)
{
	struct loop *loop = mem_zalloc(1, sizeof(*loop));
	int err = 0;

	if (!loop)
		return ENOMEM;
	loop->wake.fd = -1;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		err = errno;
		goto out;
	}
	loop->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake.fd < 0) {
		err = errno;
		goto out;
	}
	err = loop_add(loop, &loop->wake, loop->wake.fd, EPOLLIN, on_wake, loop);
	if (err)
		goto out;
	read_clocks(loop);
	wheel_init(&loop->wheel, loop->now_ms);
out:
	if (err)
		loop_free(loop);
	else
		*loopp = loop;
	return err;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->wake.fd >= 0)
		close(loop->wake.fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	mem_free(loop);
}

int64_t loop_now(const struct loop *loop)
{
	return loop->now_ms;
}

int64_t loop_wall_ms(const struct loop *loop)
{
	return loop->wall_ms;
}

struct wheel *loop_wheel(struct loop *loop)
{
	return &loop->wheel;
}

static int control(struct loop *loop, int op, struct loop_fd *lf)
{
	struct epoll_event ev = {.events = lf->events, .data.ptr = lf};

	return epoll_ctl(loop->epoll_fd, op, lf->fd, &ev) ? errno : 0;
}

int loop_add(
	struct loop *loop, struct loop_fd *lf, int fd, uint32_t events, loop_fd_h *h, void *arg)
{
	*lf = (struct loop_fd){.fd = fd, .events = events, .h = h, .arg = arg};
	return control(loop, EPOLL_CTL_ADD, lf);
}

int loop_mod(struct loop *loop, struct loop_fd *lf, uint32_t events)
{
	if (lf->events == events)
		return 0;
	lf->events = events;
	return control(loop, EPOLL_CTL_MOD, lf);
}

void loop_del(struct loop *loop, struct loop_fd *lf)
{
	(void)control(loop, EPOLL_CTL_DEL, lf);
	/* Its owner may be freed next, and this turn may still have an event for it. */
	for (int i = 0; i < loop->ready; i++)
		if (loop->event[i].data.ptr == lf)
			loop->event[i].data.ptr = NULL;
}

void loop_set_hook(struct loop *loop, loop_hook_h *h, void *arg)
{
	loop->hook = h;
	loop->hook_arg = arg;
}

/* How long to wait for descriptors: not beyond the next timer. */
static int wait_ms(const struct loop *loop, int max_wait_ms)
{
	int64_t next = wheel_next(&loop->wheel);
	int64_t wait;

	if (next < 0)
		return max_wait_ms;
	wait = next - clock_ms();
	if (wait < 0)
		wait = 0;
	if (max_wait_ms >= 0 && wait > max_wait_ms)
		wait = max_wait_ms;
	return wait > INT32_MAX ? INT32_MAX : (int)wait;
}

/* Descriptors before timers: after a pause of the machine, answers that have arrived in time are
 * seen before their deadlines. */
int loop_turn(struct loop *loop, int max_wait_ms)
{
	int n = epoll_wait(loop->epoll_fd, loop->event, LOOP_EVENTS, wait_ms(loop, max_wait_ms));

	if (n < 0 && errno != EINTR)
		return errno;
	loop->ready = n < 0 ? 0 : n;
	read_clocks(loop);
	for (int i = 0; i < loop->ready; i++) {
		struct loop_fd *lf = loop->event[i].data.ptr;

		if (lf)
			lf->h(loop->event[i].events, lf->arg);
	}
	loop->ready = 0;
	wheel_run(&loop->wheel, loop->now_ms);
	if (loop->hook)
		loop->hook(loop->hook_arg);
	return 0;
}

int loop_run(struct loop *loop)
{
	int err = 0;

	while (!err && !atomic_load(&loop->stopped))
		err = loop_turn(loop, -1);
	atomic_store(&loop->stopped, false);
	return err;
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stopped, true);
	(void)eventfd_write(loop->wake.fd, 1);
}
