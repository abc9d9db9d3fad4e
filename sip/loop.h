/*
 * The event loop of the SIP thread: epoll, one timer wheel, one clock reading a turn. A turn is:
 * wait, read the clock, serve the ready descriptors, run the timers that are due, call the hook.
 * Everything but loop_stop() belongs to the thread that runs the loop.
 */
#ifndef SIP_LOOP_H
#define SIP_LOOP_H

#include <stdint.h>
#include <sys/epoll.h>

struct loop;
struct wheel;

/* events: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, level-triggered. */
typedef void loop_fd_h(uint32_t events, void *arg);
typedef void loop_hook_h(void *arg);

/* Part of its owner, who closes the descriptor after loop_del(). */
struct loop_fd {
	int fd;
	uint32_t events;
	loop_fd_h *h;
	void *arg;
};

int loop_new(struct loop **loop);
void loop_free(struct loop *loop);

/* Milliseconds since an unknown start, never going back, as read at the start of this turn. */
int64_t loop_now(const struct loop *loop);
/* Milliseconds since 1970 (UTC), read once a turn; may jump. */
int64_t loop_wall_ms(const struct loop *loop);

/* Its timers are in loop_now() time. */
struct wheel *loop_wheel(struct loop *loop);

/* 0 or the errno of epoll_ctl(). */
int loop_add(
	struct loop *loop, struct loop_fd *lf, int fd, uint32_t events, loop_fd_h *h, void *arg);
int loop_mod(struct loop *loop, struct loop_fd *lf, uint32_t events);
/* The handler is not called any more, also when the descriptor is ready in this very turn. */
void loop_del(struct loop *loop, struct loop_fd *lf);

/* Called at the end of each turn, after descriptors and timers; NULL: none. */
void loop_set_hook(struct loop *loop, loop_hook_h *h, void *arg);

/* One turn that waits at most max_wait_ms (-1: until something happens): 0 or errno. */
int loop_turn(struct loop *loop, int max_wait_ms);
/* Turns until loop_stop(): 0 or errno. */
int loop_run(struct loop *loop);
/* Ends loop_run() after the current turn. From any thread, and from a signal handler. */
void loop_stop(struct loop *loop);

#endif
