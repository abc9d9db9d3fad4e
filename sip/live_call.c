#include "sip/live_call.h"

#include "core/attempt_target.h"
#include "sip/call_journal.h"
#include "sip/call_record.h"
#include "sip/loop.h"
#include "sip/recorder.h"
#include "sip/setup.h"
#include "sip/worker.h"

static void take_out(struct live_call *l)
{
	l->before->next = l->next;
	l->next->before = l->before;
	l->next = NULL;
}

static void put_in(struct live_call *ring, struct live_call *l)
{
	l->next = ring;
	l->before = ring->before;
	l->before->next = l;
	ring->before = l;
}

/* The attempt that rings or was answered. */
static void attempt_of(
	const struct call *call, struct observed_call *row, char text[ATTEMPT_TARGET_SIZE])
{
	const struct call_setup *s = call->setup;
	const struct call_record *r = call->record;

	if (s && s->attempt < s->plan.count) {
		const struct attempt *a = &s->plan.attempt[s->attempt];

		attempt_target(a, text);
		row->attempt_position = s->attempt + 1;
		row->attempt_kind = attempt_kind_word((enum attempt_kind)a->kind);
		row->attempt_target = text;
	} else if (!s && r && r->answered_by >= 0) {
		const struct call_record_attempt *a = &r->attempt[r->answered_by];

		row->attempt_position = (unsigned)r->answered_by + 1;
		row->attempt_kind = attempt_kind_word((enum attempt_kind)a->kind);
		row->attempt_target = (const char *)r + a->target;
	}
}

static void report(struct call *call)
{
	char called[E164_TEXT_SIZE], target[ATTEMPT_TARGET_SIZE];
	struct observed_call row = {.id = call->id,
		.account_id = call->account_id,
		.trunk_id = call->trunk_id,
		.did = call->did,
		.outbound = call->direction == CALL_OUTBOUND,
		.told = call->live.reported,
		.caller = call->caller,
		.called = call->called ? call->called : called,
		.sip_call_id = call->call_id,
		.caller_tag = call->leg[LEG_CALLER].tag,
		.started_ms = call->started_wall_ms,
		.answered_ms = call->answered_wall_ms};

	e164_format(call->did, called);
	attempt_of(call, &row, target);
	/* A full queue costs this row until the call changes again; the recorder counts it. */
	if (recorder_call(call->w->recorder, &row) == 0)
		call->live.reported = true;
}

static void look(void *arg, int64_t now_ms)
{
	struct worker *w = arg;
	struct live_call *ring = &w->calls.changed;

	for (unsigned n = 0; n < LIVE_CALL_A_LOOK && ring->next != ring; n++) {
		struct call *call = HASH_OBJECT(ring->next, struct call, live);

		take_out(&call->live);
		put_in(&w->calls.told, &call->live);
		call->live.round = w->calls.round;
		report(call);
		if (w->calls.journal_again && !call->setup)
			call_journal_put(call);
	}
	if (ring->next != ring)
		wheel_set(loop_wheel(w->loop), &w->calls.live_timer, now_ms + LIVE_CALL_TURN_MS);
	else
		w->calls.journal_again = false;
}

static void look_later(struct worker *w)
{
	if (wheel_timer_is_set(&w->calls.live_timer))
		return;
	w->calls.live_timer.h = look;
	w->calls.live_timer.arg = w;
	wheel_set(loop_wheel(w->loop), &w->calls.live_timer, loop_now(w->loop) + LIVE_CALL_LOOK_MS);
}

void live_call_changed(struct call *call)
{
	struct worker *w = call->w;
	struct live_call *l = &call->live;

	if (l->next && l->round != w->calls.round)
		return;
	if (l->next)
		take_out(l);
	l->round = 0;
	put_in(&w->calls.changed, l);
	look_later(w);
}

/* However many there are, it is one operation: they change the ring together, and it is the round by which each
 * is known to wait. */
void live_call_all_changed(struct worker *w)
{
	struct live_call *told = &w->calls.told, *changed = &w->calls.changed;

	if (told->next == told)
		return;
	changed->before->next = told->next;
	told->next->before = changed->before;
	told->before->next = changed;
	changed->before = told->before;
	told->next = told->before = told;
	if (++w->calls.round == 0)
		w->calls.round = 1;
	look_later(w);
}

void live_call_all_lost(struct worker *w)
{
	w->calls.journal_again = true;
	live_call_all_changed(w);
}

void live_call_gone(struct call *call)
{
	if (call->live.next)
		take_out(&call->live);
	if (call->live.reported)
		(void)recorder_call_gone(call->w->recorder, &call->id);
}
