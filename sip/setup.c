#include "sip/setup.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/slots.h"
#include "sip/answer.h"
#include "sip/branch.h"
#include "sip/call_journal.h"
#include "sip/call_record.h"
#include "sip/dialog.h"
#include "sip/diversion.h"
#include "sip/failover_leg.h"
#include "sip/forward.h"
#include "sip/live_call.h"
#include "sip/loop.h"
#include "sip/mask.h"
#include "sip/setup_target.h"
#include "sip/turns.h"
#include "sip/watch.h"
#include "sip/worker.h"
#include "sip/worker_event.h"

static void tick(void *arg, int64_t now_ms)
{
	struct failover_event ev = {.kind = FAILOVER_TICK};

	(void)now_ms;
	setup_event(arg, &ev, NULL);
}

static void rearm(struct call *call)
{
	struct wheel *wheel = loop_wheel(call->w->loop);
	int64_t at = failover_deadline(call->setup->fo);

	wheel_cancel(wheel, &call->timer);
	if (at < 0)
		return;
	call->timer.h = tick;
	call->timer.arg = call;
	wheel_set(wheel, &call->timer, at);
}

static void queue_event(struct call_setup *s, const struct failover_event *ev)
{
	/* Each queued event answers one action of a step before, and an attempt has one at a time. */
	if (s->queued < SETUP_EVENTS_MAX)
		s->queue[(s->queue_first + s->queued++) % SETUP_EVENTS_MAX] = *ev;
}

static bool next_event(struct call_setup *s, struct failover_event *ev)
{
	if (!s->queued)
		return false;
	*ev = s->queue[s->queue_first];
	s->queue_first = (s->queue_first + 1) % SETUP_EVENTS_MAX;
	s->queued--;
	return true;
}

static void try_next(struct call *call, unsigned attempt, unsigned branch)
{
	struct call_setup *s = call->setup;
	const struct attempt *a = &s->plan.attempt[attempt];
	const struct setup_target *target;
	struct failover_event ev = {.kind = FAILOVER_EXHAUSTED, .branch = branch};
	int err;

	/* Before anything that may take time, and at this moment, whatever the plan saw. */
	if (a->holds_slot && call_take_slot(call, &a->trunk_id, a->max_concurrent_calls)) {
		ev.trigger = TRIGGER_CAPACITY;
		queue_event(s, &ev);
		return;
	}
	s->attempt = attempt;
	live_call_changed(call);
	if (!failover_leg_take(call, a)) {
		ev.trigger = TRIGGER_CAPACITY;
		queue_event(s, &ev);
		return;
	}
	err = setup_target_next(call, attempt, branch, &target, &ev.trigger);
	if (err == EAGAIN)
		return;
	if (err == 0) {
		err = branch_send(call, attempt, branch, target);
		ev.kind = FAILOVER_NETWORK;
		ev.trigger = TRIGGER_UNREACHABLE;
	}
	if (err)
		queue_event(s, &ev);
}

void setup_resume(struct call *call, unsigned attempt, unsigned branch)
{
	struct call_setup *s = call->setup;
	struct failover_event ev;

	try_next(call, attempt, branch);
	if (next_event(s, &ev))
		setup_event(call, &ev, NULL);
}

/* The response in hand goes to the caller; a 2xx makes it a call. */
static void forward_to_caller(struct call *call, const struct branch *b, const struct sip_msg *m)
{
	struct call_setup *s = call->setup;
	struct forward f = {.drop = NULL};
	char lines[128];
	struct sip_build build;
	uint32_t interval = 0;
	size_t len;

	if (!s->st)
		return;
	sip_build_init(&build, lines, sizeof(lines));
	if (m->status >= 200 && m->status < 300)
		session_response(m, &s->session, &interval, &build);
	f.end = sip_build_since(&build, 0);
	mask_apply(b->mask, false, true, &f);
	if (forward_response(m, &f, call->w->out, FORWARD_MAX, &len))
		return;
	txn_server_reply(s->st, m->status, call->w->out, len, loop_now(call->w->loop));
}

const struct sip_msg *setup_invite(const struct call_setup *s, struct sip_msg *kept)
{
	struct sip_verdict v;

	if (s->received)
		return s->received;
	sip_scan_kept(kept, s->invite, s->invite_len, &v);
	return v.kind == SIP_SCAN_OK ? kept : NULL;
}

void setup_reply(struct call *call, unsigned code, const char *reason)
{
	struct call_setup *s = call->setup;
	struct sip_msg kept;
	const struct sip_msg *m = setup_invite(s, &kept);

	if (m)
		answer(call->w, s->st, m, &s->from, code, reason, NULL);
}

/* The best response of the attempts, as it came, or one of our own. */
static void reply(struct call *call, const struct failover_action *a)
{
	struct call_setup *s = call->setup;
	struct branch *b = a->branch == FAILOVER_NO_BRANCH ? NULL : branch_of(s, a->branch);
	const struct attempt *whose = &s->plan.attempt[a->attempt];
	const char *reason = answer_reason(a->status);
	struct sip_verdict v;
	struct sip_msg m;

	if (!s->st)
		return;
	if (b && b->response) {
		sip_scan_kept(&m, b->response, b->response_len, &v);
		if (v.kind == SIP_SCAN_OK && m.status == a->status) {
			forward_to_caller(call, b, &m);
			return;
		}
	}
	if (whose->kind == ATTEMPT_REJECT && whose->status == a->status && whose->text)
		reason = whose->text;
	setup_reply(call, a->status, reason);
}

static void carry_out(struct call *call, const struct failover_action *a, const struct sip_msg *m)
{
	struct call_setup *s = call->setup;
	struct branch *b = branch_of(s, a->branch);

	switch (a->kind) {
	case FAILOVER_TRY:
		try_next(call, a->attempt, a->branch);
		break;
	case FAILOVER_CANCEL_BRANCH:
		if (b)
			branch_silent(b);
		if (b)
			branch_cancel(b, failover_answered(s->fo, &(unsigned){0}, &(unsigned){0}));
		else
			setup_target_cancel(s, a->branch);
		break;
	case FAILOVER_FORWARD:
		if (b && m)
			forward_to_caller(call, b, m);
		break;
	case FAILOVER_END_LATE:
		if (b && m)
			branch_end_late(b, m);
		break;
	case FAILOVER_REPLY:
		reply(call, a);
		break;
	case FAILOVER_RELEASE_SLOT:
		call_release_slot(call, &s->plan.attempt[a->attempt].trunk_id);
		break;
	case FAILOVER_RETAKE_SLOT:
		/* That call is up. */
		(void)call_take_slot(call, &s->plan.attempt[a->attempt].trunk_id, UINT32_MAX);
		break;
	case FAILOVER_DONE:
		s->done = true;
		break;
	}
}

/* The shorter time of the DID's trunk and of the one that took the call. */
static uint32_t longest_call(const struct plan *plan, unsigned attempt)
{
	uint32_t own = plan->attempt[attempt].max_call_seconds;

	return own && (!plan->max_call_seconds || own < plan->max_call_seconds)
		       ? own
		       : plan->max_call_seconds;
}

/* The branch that won: its 2xx is in hand. */
static void answered(struct call *call, unsigned branch, const struct sip_msg *m)
{
	struct call_setup *s = call->setup;
	struct branch *b = branch_of(s, branch);
	struct sip_build unused;
	uint32_t interval;

	sip_build_init(&unused, NULL, 0);
	session_response(m, &s->session, &interval, &unused);
	call->answered_ms = loop_now(call->w->loop);
	call->answered_wall_ms = loop_wall_ms(call->w->loop);
	call->max_call_seconds = longest_call(&s->plan, b->attempt);
	failover_leg_answered(call, &s->plan.attempt[b->attempt]);
	call_record_answered(call);
	if (dialog_open(call, b, m)) {
		branch_end_late(b, m);
		call_record_ended(call, END_SYSTEM);
		call_free(call);
		return;
	}
	call->mask = b->mask;
	b->mask = NULL;
	/* From now on a 2xx that comes again is passed on by its dialog. */
	txn_client_detach(b->ct);
	b->ct = NULL;
	call_keep_slot(call, &s->plan.attempt[b->attempt].trunk_id);
	setup_free(s);
	call->setup = NULL;
	call->w->calls.answered++;
	live_call_changed(call);
	watch_start(call, interval);
	call_journal_put(call);
}

static void finish(struct call *call, const struct sip_msg *m)
{
	struct call_setup *s = call->setup;
	unsigned attempt, branch;

	wheel_cancel(loop_wheel(call->w->loop), &call->timer);
	if (failover_failed_over(s->fo))
		call->w->calls.failed_over++;
	if (failover_failed_over(s->fo))
		worker_event_failed_over(call);
	if (m && failover_answered(s->fo, &attempt, &branch)) {
		answered(call, branch, m);
		return;
	}
	call->w->calls.failed++;
	call_record_failed(call);
	call_free(call);
}

/* Attempts that were reached spend the turn of their trunk, but not on a call that it has no room for. */
static void take_turns(struct call *call)
{
	struct call_setup *s = call->setup;

	for (unsigned i = 0; i < s->plan.count; i++) {
		const struct attempt *a = &s->plan.attempt[i];
		const struct attempt_outcome *o = failover_outcome(s->fo, i);

		if (!a->takes_turn || !o->started_ms || s->turned & UINT32_C(1) << i)
			continue;
		s->turned |= UINT32_C(1) << i;
		if (o->trigger != TRIGGER_CAPACITY)
			turns_take(call->w->turns, &a->trunk_id, call->w->cfg);
	}
}

void setup_event(struct call *call, const struct failover_event *event, const struct sip_msg *m)
{
	struct call_setup *s = call->setup;
	struct failover_actions actions;
	struct failover_event ev = *event;

	if (s->running) {
		queue_event(s, event);
		return;
	}
	s->running = true;
	do {
		actions.count = 0;
		failover_step(s->fo, &ev, loop_now(call->w->loop), &actions);
		for (unsigned i = 0; i < actions.count; i++)
			carry_out(call, &actions.item[i], m);
	} while (!s->done && next_event(s, &ev));
	s->running = false;
	s->queued = 0;
	s->received = NULL;
	failover_leg_settle(call);
	take_turns(call);
	if (s->done)
		finish(call, m);
	else
		rearm(call);
}

bool setup_cancel(struct worker *w, struct txn_server *st, const struct sip_msg *cancel)
{
	struct failover_event ev = {.kind = FAILOVER_CANCEL};
	struct call *call = call_find(w, cancel->call_id, cancel->from.tag);

	if (!call || !call->setup || call->setup->st != st)
		return false;
	setup_event(call, &ev, NULL);
	return true;
}

void setup_hang_up(struct call *call)
{
	struct failover_event ev = {.kind = FAILOVER_CANCEL};

	call->hung_up = true;
	if (call->setup->st)
		setup_reply(call, 480, answer_reason(480));
	/* As if the caller had given up; the machine's own answer comes too late to be sent. */
	setup_event(call, &ev, NULL);
}

const struct flow *setup_early_peer(const struct call *call, struct str to_tag)
{
	for (const struct branch *b = call->setup->branches; b; b = b->next) {
		if (b->to_tag && str_eq(str_of(b->to_tag), to_tag))
			return &b->peer;
	}
	return NULL;
}

void setup_free(struct call_setup *s)
{
	if (!s)
		return;
	if (s->st)
		txn_server_listen(s->st, NULL, NULL);
	while (s->branches) {
		struct branch *b = s->branches;
		s->branches = b->next;
		branch_orphan(b);
	}
	setup_target_clear(s);
	failover_free(s->fo);
	plan_fini(&s->plan);
	free(s->invite);
	free(s);
}
