/* Timers in milliseconds: a wheel of one turn, for thousands of timers that are mostly stopped before they fire. */
#ifndef BENCH_WHEEL_H
#define BENCH_WHEEL_H

#include <stdint.h>

struct timer;

typedef void timer_h(struct timer *timer, int64_t now_ms);

/* Lives inside what it times; all zero is a stopped timer. */
struct timer {
	struct timer *next;
	struct timer **link;
	int64_t at_ms;
	timer_h *fire;
};

enum { WHEEL_SLOTS = 4096 };

struct wheel {
	struct timer *slots[WHEEL_SLOTS];
	int64_t now_ms;
};

void wheel_init(struct wheel *wheel, int64_t now_ms);
/* Starts or restarts; at least one millisecond ahead. */
void timer_start(struct wheel *wheel, struct timer *timer, int64_t delay_ms, timer_h *fire);
void timer_stop(struct timer *timer);
/* Fires all that is due; timers may be started and stopped meanwhile. */
void wheel_advance(struct wheel *wheel, int64_t now_ms);

#endif
