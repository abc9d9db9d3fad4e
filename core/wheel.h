/* A hierarchical timer wheel in milliseconds. Setting, cancelling and firing are O(1); a jump of
 * the clock costs no more than the timers it makes due. Not for several threads at once.
 *
 * Timers live inside the objects they belong to. Times are any clock's milliseconds, not negative. */
#ifndef TRUNKGUARD_CORE_WHEEL_H
#define TRUNKGUARD_CORE_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* now_ms is the time that wheel_run() was given. The timer is no longer set; the handler may set it
 * again, set and cancel any other, and free the object. */
typedef void wheel_h(void *arg, int64_t now_ms);

struct wheel_link {
	struct wheel_link *next, *prev;
};

struct wheel_timer {
	struct wheel_link link; /* all zero: not set */
	int64_t at_ms;
	wheel_h *h;
	void *arg;
};

/* Slots of level n are 64^n ms wide; a timer lives on the level of the highest bits in which its
 * time differs from now. */
enum { WHEEL_LEVELS = 11, WHEEL_SLOTS = 64 };

struct wheel {
	int64_t now_ms;
	size_t count;
	bool running;
	int64_t run_ms; /* the time of the wheel_run() in progress */
	struct wheel_link due; /* was due when it was set: fires in the next run */
	struct wheel_link firing; /* being fired */
	uint64_t pending[WHEEL_LEVELS];
	struct wheel_link slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, int64_t now_ms);

void wheel_timer_init(struct wheel_timer *t, wheel_h *h, void *arg);
bool wheel_timer_is_set(const struct wheel_timer *t);

/* Sets the timer, or moves it when it is set. A time that has passed fires in the next run; set by
 * a handler, not in the run in progress, so that a run always ends. */
void wheel_set(struct wheel *w, struct wheel_timer *t, int64_t at_ms);
/* Does nothing to a timer that is not set. */
void wheel_cancel(struct wheel *w, struct wheel_timer *t);

/* Fires what is due in the order of time, and of setting within a millisecond. A clock that went
 * backwards fires nothing new. Not to be called from a handler. */
void wheel_run(struct wheel *w, int64_t now_ms);

/* When wheel_run() is wanted next, -1: no timer is set. Never later than the next timer's time,
 * sometimes earlier: far-off timers are first sorted into finer slots. */
int64_t wheel_next(const struct wheel *w);

#endif
