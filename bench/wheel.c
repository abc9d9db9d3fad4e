#include "bench/wheel.h"

#include <stddef.h>
#include <string.h>

void wheel_init(struct wheel *wheel, int64_t now_ms)
{
	memset(wheel, 0, sizeof(*wheel));
	wheel->now_ms = now_ms;
}

static void slot_insert(struct timer **slot, struct timer *timer)
{
	timer->next = *slot;
	timer->link = slot;
	if (timer->next)
		timer->next->link = &timer->next;
	*slot = timer;
}

void timer_stop(struct timer *timer)
{
	if (!timer->link)
		return;
	*timer->link = timer->next;
	if (timer->next)
		timer->next->link = timer->link;
	timer->next = NULL;
	timer->link = NULL;
}

void timer_start(struct wheel *wheel, struct timer *timer, int64_t delay_ms, timer_h *fire)
{
	timer_stop(timer);
	timer->at_ms = wheel->now_ms + (delay_ms > 0 ? delay_ms : 1);
	timer->fire = fire;
	slot_insert(&wheel->slots[timer->at_ms % WHEEL_SLOTS], timer);
}

/* The slot is emptied first: what fires may stop its neighbours or start new timers in the same slot. */
static void slot_fire(struct wheel *wheel, int64_t tick_ms)
{
	struct timer **slot = &wheel->slots[tick_ms % WHEEL_SLOTS];
	struct timer *due = *slot;

	*slot = NULL;
	if (due)
		due->link = &due;
	while (due) {
		struct timer *timer = due;

		timer_stop(timer);
		if (timer->at_ms > tick_ms)
			slot_insert(slot, timer);
		else
			timer->fire(timer, tick_ms);
	}
}

void wheel_advance(struct wheel *wheel, int64_t now_ms)
{
	while (wheel->now_ms < now_ms) {
		wheel->now_ms++;
		slot_fire(wheel, wheel->now_ms);
	}
}
