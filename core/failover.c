#include "core/failover.h"

#include <errno.h>
#include <string.h>

#include "core/failover_walk.h"
#include "core/mem.h"

int failover_new(struct failover **fo, const struct plan *plan)
{
	struct failover *f;

	if (!plan->count)
		return EINVAL;
	f = mem_zalloc(1, sizeof(*f) + plan->count * sizeof(f->end[0]));
	if (!f)
		return ENOMEM;
	f->plan = plan;
	f->winner = FAILOVER_NO_BRANCH;
	f->ring_ms = -1;
	for (unsigned i = 0; i < plan->count; i++)
		attempt_end_init(&f->end[i]);
	*fo = f;
	return 0;
}

void failover_free(struct failover *fo)
{
	mem_free(fo);
}

/* The live branch stayed silent: a gateway's next address is tried, a PBX is given up. */
static void on_silence(struct step *s, struct lane *lane)
{
	struct failover *fo = s->fo;

	walk_cancel(s, lane->live);
	attempt_end_made_here(&fo->end[lane->current], TRIGGER_NO_RESPONSE);
	if (lane_attempt(fo, lane)->kind == ATTEMPT_NUMBER)
		walk_address(s, lane);
	else
		walk_attempt_over(s, lane);
}

static void lane_tick(struct step *s, struct lane *lane)
{
	if (!lane->heard) {
		on_silence(s, lane);
		return;
	}
	walk_cancel(s, lane->live);
	attempt_end_made_here(&s->fo->end[lane->current], TRIGGER_NO_ANSWER);
	walk_attempt_over(s, lane);
}

/* The time of the group is over, for all its lanes. */
static void group_tick(struct step *s)
{
	struct failover *fo = s->fo;

	for (unsigned i = 0; i < fo->lanes; i++) {
		struct lane *lane = &fo->lane[i];
		enum trigger t = lane->heard ? TRIGGER_NO_ANSWER : TRIGGER_NO_RESPONSE;

		if (!lane->running)
			continue;
		walk_cancel(s, lane->live);
		attempt_end_made_here(&fo->end[lane->current], t);
		fo->end[lane->current].outcome.ended_ms = s->now_ms;
		lane->running = false;
		fo->moves_on = fo->moves_on || walk_way_on(fo, lane->current, t) >= 0;
	}
	walk_group_over(s);
}

static void on_tick(struct step *s)
{
	struct failover *fo = s->fo;
	unsigned first = fo->first;

	if (fo->phase == PHASE_LAST_WORD && s->now_ms >= fo->last_word_ms) {
		walk_finish(s);
		return;
	}
	if (fo->phase != PHASE_RUNNING)
		return;
	if (fo->ring_ms >= 0 && s->now_ms >= fo->ring_ms) {
		group_tick(s);
		return;
	}
	/* The last lane of a group may lead behind it; what begins there is not due. */
	for (unsigned i = 0; i < fo->lanes && fo->first == first; i++) {
		struct lane *lane = &fo->lane[i];

		if (fo->phase == PHASE_RUNNING && lane->running && lane->deadline_ms >= 0 &&
			s->now_ms >= lane->deadline_ms)
			lane_tick(s, lane);
	}
}

static void on_provisional(struct step *s, unsigned branch, unsigned status)
{
	struct failover *fo = s->fo;
	struct lane *lane = walk_lane_of(fo, branch);
	const struct attempt *a;

	fo->branch[branch].state = BRANCH_RINGS;
	if (!lane)
		return;
	a = lane_attempt(fo, lane);
	if (!lane->heard) {
		lane->heard = true;
		lane->deadline_ms = s->now_ms + a->ring_seconds * INT64_C(1000);
	}
	if (a->group && fo->ring_ms < 0)
		fo->ring_ms = s->now_ms + a->group_ring_seconds * INT64_C(1000);
	if (status != 100)
		walk_act(s, FAILOVER_FORWARD, branch, status);
}

/* What still runs beside an attempt, or instead of it, is over. */
static void end_lanes(struct step *s, unsigned but, enum cause cause)
{
	struct failover *fo = s->fo;

	for (unsigned i = 0; fo->phase == PHASE_RUNNING && i < fo->lanes; i++) {
		struct lane *lane = &fo->lane[i];

		if (!lane->running || lane->current == but)
			continue;
		attempt_end_cancelled(&fo->end[lane->current], cause);
		fo->end[lane->current].outcome.ended_ms = s->now_ms;
	}
}

/* The first 2xx of the call, from an attempt in progress or from one that was given up. */
static void on_answer(struct step *s, unsigned branch, unsigned status)
{
	struct failover *fo = s->fo;
	unsigned attempt = fo->branch[branch].attempt;

	fo->winner = (uint16_t)branch;
	end_lanes(s, attempt, CAUSE_NORMAL);
	attempt_end_answered(&fo->end[attempt], status);
	fo->end[attempt].outcome.ended_ms = s->now_ms;
	walk_keep_slot(s, attempt);
	walk_act(s, FAILOVER_FORWARD, branch, status);
	walk_cancel_all(s);
	walk_done(s);
}

static void on_2xx(struct step *s, unsigned branch, unsigned status)
{
	struct failover *fo = s->fo;

	fo->branch[branch].state = BRANCH_ENDED;
	if (branch == fo->winner)
		walk_act(s, FAILOVER_FORWARD, branch, status);
	else if (fo->phase == PHASE_DONE)
		walk_act(s, FAILOVER_END_LATE, branch, status);
	else
		on_answer(s, branch, status);
}

/* A branch will say no more. */
static void branch_ended(struct step *s, unsigned branch)
{
	s->fo->branch[branch].state = BRANCH_ENDED;
	if (s->fo->phase == PHASE_LAST_WORD && !walk_rings_on(s->fo))
		walk_finish(s);
}

static void on_failure(struct step *s, unsigned branch, unsigned status)
{
	struct failover *fo = s->fo;
	struct lane *lane = walk_lane_of(fo, branch);

	if (fo->branch[branch].state == BRANCH_ENDED)
		return;
	branch_ended(s, branch);
	if (!lane)
		return;
	attempt_end_far(&fo->end[lane->current], status, branch);
	lane->heard = true;
	if (status == 503 || (status / 100 == 5 && lane_attempt(fo, lane)->kind == ATTEMPT_NUMBER))
		walk_address(s, lane);
	else
		walk_attempt_over(s, lane);
}

static void on_response(struct step *s, unsigned branch, unsigned status)
{
	if (status < 200 && s->fo->branch[branch].state != BRANCH_ENDED)
		on_provisional(s, branch, status);
	else if (status >= 200 && status < 300)
		on_2xx(s, branch, status);
	else if (status >= 300)
		on_failure(s, branch, status);
}

static void on_network(struct step *s, unsigned branch, enum trigger trigger)
{
	struct failover *fo = s->fo;
	struct lane *lane = walk_lane_of(fo, branch);

	if (fo->branch[branch].state == BRANCH_ENDED)
		return;
	branch_ended(s, branch);
	if (!lane)
		return;
	if (trigger == TRIGGER_NO_RESPONSE) {
		on_silence(s, lane);
		return;
	}
	/* What an address said before counts for more than that another one is out of reach. */
	if (!fo->end[lane->current].outcome.far_end)
		attempt_end_made_here(&fo->end[lane->current], TRIGGER_UNREACHABLE);
	walk_address(s, lane);
}

static void on_exhausted(struct step *s, unsigned branch, enum trigger trigger)
{
	struct failover *fo = s->fo;
	struct lane *lane = walk_lane_of(fo, branch);

	if (fo->branch[branch].state == BRANCH_ENDED)
		return;
	branch_ended(s, branch);
	if (!lane)
		return;
	if (trigger == TRIGGER_CAPACITY)
		walk_drop_slot(fo, lane->current);
	if (!fo->end[lane->current].known)
		attempt_end_made_here(&fo->end[lane->current],
			trigger < TRIGGER_COUNT ? trigger : TRIGGER_UNREACHABLE);
	walk_attempt_over(s, lane);
}

static void on_cancel(struct step *s)
{
	struct failover *fo = s->fo;

	if (fo->phase != PHASE_RUNNING && fo->phase != PHASE_LAST_WORD)
		return;
	end_lanes(s, fo->plan->count, CAUSE_CALLER);
	fo->caller_left = true;
	walk_cancel_all(s);
	walk_release_slots(s);
	walk_reply(s, FAILOVER_NO_BRANCH, 487);
	walk_done(s);
}

void failover_step(struct failover *fo, const struct failover_event *event, int64_t now_ms,
	struct failover_actions *actions)
{
	struct step s = {fo, now_ms, actions};
	bool of_branch = event->kind == FAILOVER_RESPONSE || event->kind == FAILOVER_NETWORK ||
			 event->kind == FAILOVER_EXHAUSTED;

	actions->count = 0;
	if (of_branch && event->branch >= fo->branches)
		return;
	switch (event->kind) {
	case FAILOVER_START:
		if (fo->phase != PHASE_IDLE)
			break;
		fo->phase = PHASE_RUNNING;
		fo->started_ms = now_ms;
		walk_enter(&s, 0);
		break;
	case FAILOVER_RESPONSE:
		on_response(&s, event->branch, event->status);
		break;
	case FAILOVER_NETWORK:
		on_network(&s, event->branch, event->trigger);
		break;
	case FAILOVER_EXHAUSTED:
		on_exhausted(&s, event->branch, event->trigger);
		break;
	case FAILOVER_TICK:
		on_tick(&s);
		break;
	case FAILOVER_CANCEL:
		on_cancel(&s);
		break;
	}
}

int64_t failover_deadline(const struct failover *fo)
{
	int64_t at = fo->ring_ms;

	if (fo->phase == PHASE_LAST_WORD)
		return fo->last_word_ms;
	if (fo->phase != PHASE_RUNNING)
		return -1;
	for (unsigned i = 0; i < fo->lanes; i++) {
		int64_t lane_ms = fo->lane[i].running ? fo->lane[i].deadline_ms : -1;

		if (lane_ms >= 0 && (at < 0 || lane_ms < at))
			at = lane_ms;
	}
	return at;
}

bool failover_answered(const struct failover *fo, unsigned *attempt, unsigned *branch)
{
	if (fo->winner == FAILOVER_NO_BRANCH)
		return false;
	*attempt = fo->branch[fo->winner].attempt;
	*branch = fo->winner;
	return true;
}

const struct attempt_outcome *failover_outcome(const struct failover *fo, unsigned attempt)
{
	return attempt < fo->plan->count ? &fo->end[attempt].outcome : NULL;
}

void failover_result(const struct failover *fo, struct attempt_outcome *result)
{
	struct attempt_end e;
	unsigned attempt, branch;

	attempt_end_init(&e);
	if (failover_answered(fo, &attempt, &branch)) {
		e = fo->end[attempt];
	} else if (fo->caller_left) {
		attempt_end_cancelled(&e, CAUSE_CALLER);
	} else {
		e = fo->end[fo->best];
		e.outcome.status = fo->replied;
	}
	e.outcome.started_ms = fo->end[0].outcome.started_ms;
	e.outcome.ended_ms = fo->done_ms;
	*result = e.outcome;
}

bool failover_failed_over(const struct failover *fo)
{
	return fo->first > 0;
}
