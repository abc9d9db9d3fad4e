#include "core/wheel.h"

#include <string.h>

enum { SLOT_BITS = 6 };

static void list_init(struct wheel_link *head)
{
	head->next = head->prev = head;
}

static bool list_empty(const struct wheel_link *head)
{
	return head->next == head;
}

static void list_append(struct wheel_link *head, struct wheel_link *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

/* Moves all links of one list to the end of another. */
static void list_splice(struct wheel_link *to, struct wheel_link *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

void wheel_init(struct wheel *w, int64_t now_ms)
{
	memset(w, 0, sizeof(*w));
	w->now_ms = now_ms;
	list_init(&w->due);
	list_init(&w->firing);
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
			list_init(&w->slot[level][slot]);
}

void wheel_timer_init(struct wheel_timer *t, wheel_h *h, void *arg)
{
	memset(t, 0, sizeof(*t));
	t->h = h;
	t->arg = arg;
}

bool wheel_timer_is_set(const struct wheel_timer *t)
{
	return t->link.next != NULL;
}

/* Into the slot of a time to come. */
static void place(struct wheel *w, struct wheel_timer *t)
{
	uint64_t differs = (uint64_t)t->at_ms ^ (uint64_t)w->now_ms;
	unsigned level, slot;

	level = (63 - (unsigned)__builtin_clzll(differs)) / SLOT_BITS;
	slot = (unsigned)((uint64_t)t->at_ms >> (SLOT_BITS * level)) & (WHEEL_SLOTS - 1);
	list_append(&w->slot[level][slot], &t->link);
	w->pending[level] |= UINT64_C(1) << slot;
}

void wheel_set(struct wheel *w, struct wheel_timer *t, int64_t at_ms)
{
	wheel_cancel(w, t);
	t->at_ms = at_ms;
	if (at_ms <= (w->running ? w->run_ms : w->now_ms))
		list_append(&w->due, &t->link);
	else
		place(w, t);
	w->count++;
}

/* After the last link of a slot left, only the slot's head is around it. */
static void slot_emptied(struct wheel *w, const struct wheel_link *head)
{
	const struct wheel_link *first = &w->slot[0][0];
	size_t index;

	if (head < first || head >= first + WHEEL_LEVELS * WHEEL_SLOTS)
		return;
	index = (size_t)(head - first);
	w->pending[index / WHEEL_SLOTS] &= ~(UINT64_C(1) << (index % WHEEL_SLOTS));
}

void wheel_cancel(struct wheel *w, struct wheel_timer *t)
{
	struct wheel_link *next = t->link.next, *prev = t->link.prev;

	if (!next)
		return;
	next->prev = prev;
	prev->next = next;
	t->link.next = t->link.prev = NULL;
	w->count--;
	if (next == prev)
		slot_emptied(w, next);
}

static void fire(struct wheel *w, int64_t now_ms)
{
	while (!list_empty(&w->firing)) {
		/* The link is the first member. */
		struct wheel_timer *t = (struct wheel_timer *)w->firing.next;

		wheel_cancel(w, t);
		t->h(t->arg, now_ms);
	}
}

/* The first slot in time that holds a timer: the lowest level's, since all of a level's timers
 * come before those of the levels above. Answers when it begins. */
static bool first_slot(const struct wheel *w, unsigned *level, unsigned *slot, int64_t *begin)
{
	for (unsigned l = 0; l < WHEEL_LEVELS; l++) {
		unsigned shift = SLOT_BITS * l;
		uint64_t above;

		if (!w->pending[l])
			continue;
		*level = l;
		*slot = (unsigned)__builtin_ctzll(w->pending[l]);
		above = shift + SLOT_BITS < 64 ? UINT64_MAX << (shift + SLOT_BITS) : 0;
		*begin = (int64_t)(((uint64_t)w->now_ms & above) | (uint64_t)*slot << shift);
		return true;
	}
	return false;
}

/* Takes the timers out of a slot that has begun: due ones to the firing list, the others to finer
 * slots. */
static void open_slot(struct wheel *w, unsigned level, unsigned slot)
{
	struct wheel_link list;

	list_init(&list);
	list_splice(&list, &w->slot[level][slot]);
	w->pending[level] &= ~(UINT64_C(1) << slot);
	while (!list_empty(&list)) {
		struct wheel_timer *t = (struct wheel_timer *)list.next;

		list.next = t->link.next;
		t->link.next->prev = &list;
		if (t->at_ms <= w->now_ms)
			list_append(&w->firing, &t->link);
		else
			place(w, t);
	}
}

void wheel_run(struct wheel *w, int64_t now_ms)
{
	unsigned level, slot;
	int64_t begin;

	if (now_ms < w->now_ms)
		now_ms = w->now_ms;
	w->running = true;
	w->run_ms = now_ms;
	list_splice(&w->firing, &w->due);
	fire(w, now_ms);
	while (first_slot(w, &level, &slot, &begin) && begin <= now_ms) {
		w->now_ms = begin;
		open_slot(w, level, slot);
		fire(w, now_ms);
	}
	w->now_ms = now_ms;
	w->running = false;
}

int64_t wheel_next(const struct wheel *w)
{
	unsigned level, slot;
	int64_t begin;

	if (!list_empty(&w->due))
		return w->now_ms;
	return first_slot(w, &level, &slot, &begin) ? begin : -1;
}
