#include "core/failover_walk.h"

enum { STATUS_LOOP = 482 };

static void put(struct step *s, enum failover_action_kind kind, unsigned attempt, unsigned branch,
	unsigned status)
{
	if (s->actions->count < FAILOVER_ACTIONS_MAX)
		s->actions->item[s->actions->count++] =
			(struct failover_action){kind, attempt, branch, status};
}

void walk_act(struct step *s, enum failover_action_kind kind, unsigned branch, unsigned status)
{
	const struct failover *fo = s->fo;
	unsigned attempt = fo->best;

	if (branch < FAILOVER_BRANCHES_MAX && branch < fo->branches)
		attempt = fo->branch[branch].attempt;
	put(s, kind, attempt, branch, status);
}

static void act_slot(struct step *s, enum failover_action_kind kind, unsigned attempt)
{
	put(s, kind, attempt, FAILOVER_NO_BRANCH, 0);
}

void walk_cancel(struct step *s, unsigned branch)
{
	struct branch *b = &s->fo->branch[branch];

	if (b->state == BRANCH_ENDED || b->cancelled)
		return;
	b->cancelled = true;
	walk_act(s, FAILOVER_CANCEL_BRANCH, branch, 0);
}

void walk_cancel_all(struct step *s)
{
	for (unsigned i = 0; i < s->fo->branches; i++)
		walk_cancel(s, i);
}

/* ---- slots --------------------------------------------------------------------------------- */

static bool same_trunk(const struct failover *fo, unsigned a, unsigned b)
{
	const struct attempt *attempt = fo->plan->attempt;

	return attempt[a].holds_slot && attempt[b].holds_slot &&
	       uuid_equal(&attempt[a].trunk_id, &attempt[b].trunk_id);
}

static bool holds(const struct failover *fo, unsigned attempt)
{
	for (unsigned i = 0; i < fo->slots; i++)
		if (same_trunk(fo, fo->slot[i], attempt))
			return true;
	return false;
}

static void hold(struct failover *fo, unsigned attempt)
{
	/* Each running lane is with one trunk at most, so there is always a place. */
	if (!holds(fo, attempt) && fo->slots < PLAN_LANES_MAX)
		fo->slot[fo->slots++] = (uint8_t)attempt;
}

static void drop(struct failover *fo, unsigned i)
{
	fo->slot[i] = fo->slot[--fo->slots];
}

void walk_drop_slot(struct failover *fo, unsigned attempt)
{
	for (unsigned i = 0; i < fo->slots; i++) {
		if (same_trunk(fo, fo->slot[i], attempt)) {
			drop(fo, i);
			return;
		}
	}
}

void walk_release_slots(struct step *s)
{
	while (s->fo->slots) {
		act_slot(s, FAILOVER_RELEASE_SLOT, s->fo->slot[0]);
		drop(s->fo, 0);
	}
}

static bool in_use(const struct failover *fo, unsigned attempt)
{
	for (unsigned i = 0; i < fo->lanes; i++)
		if (fo->lane[i].running && same_trunk(fo, fo->lane[i].current, attempt))
			return true;
	return false;
}

/* Those of trunks that no running lane is with any more. */
static void release_unused(struct step *s)
{
	struct failover *fo = s->fo;

	for (unsigned i = 0; i < fo->slots;) {
		unsigned attempt = fo->slot[i];

		if (in_use(fo, attempt)) {
			i++;
			continue;
		}
		act_slot(s, FAILOVER_RELEASE_SLOT, attempt);
		drop(fo, i);
	}
}

void walk_keep_slot(struct step *s, unsigned attempt)
{
	struct failover *fo = s->fo;

	for (unsigned i = 0; i < fo->slots;) {
		if (same_trunk(fo, fo->slot[i], attempt)) {
			i++;
			continue;
		}
		act_slot(s, FAILOVER_RELEASE_SLOT, fo->slot[i]);
		drop(fo, i);
	}
	if (!fo->plan->attempt[attempt].holds_slot || holds(fo, attempt))
		return;
	hold(fo, attempt);
	act_slot(s, FAILOVER_RETAKE_SLOT, attempt);
}

/* ---- the end ------------------------------------------------------------------------------- */

void walk_done(struct step *s)
{
	struct failover *fo = s->fo;

	fo->phase = PHASE_DONE;
	fo->done_ms = s->now_ms;
	for (unsigned i = 0; i < fo->lanes; i++)
		fo->lane[i].running = false;
	walk_act(s, FAILOVER_DONE, FAILOVER_NO_BRANCH, 0);
}

void walk_reply(struct step *s, unsigned branch, unsigned status)
{
	s->fo->replied = (uint16_t)status;
	walk_act(s, FAILOVER_REPLY, branch, status);
}

void walk_finish(struct step *s)
{
	struct failover *fo = s->fo;
	struct best_response best;

	best_response_choose(fo->end, fo->plan->count, &best);
	if (fo->is_rejected)
		best = (struct best_response){.attempt = fo->rejected,
			.branch = FAILOVER_NO_BRANCH,
			.status = fo->plan->attempt[fo->rejected].status};
	fo->best = (uint8_t)best.attempt;
	walk_release_slots(s);
	walk_reply(s, best.branch, best.status);
	walk_done(s);
}

bool walk_rings_on(const struct failover *fo)
{
	for (unsigned i = 0; i < fo->branches; i++)
		if (fo->branch[i].state == BRANCH_RINGS)
			return true;
	return false;
}

/* Lanes that still run are given up: another one's refusal is for all. */
static void give_up_lanes(struct step *s)
{
	struct failover *fo = s->fo;

	for (unsigned i = 0; i < fo->lanes; i++) {
		struct attempt_end *e = &fo->end[fo->lane[i].current];

		if (!fo->lane[i].running)
			continue;
		fo->lane[i].running = false;
		attempt_end_cancelled(e, CAUSE_NORMAL);
		e->outcome.ended_ms = s->now_ms;
	}
}

void walk_end(struct step *s)
{
	struct failover *fo = s->fo;

	give_up_lanes(s);
	walk_cancel_all(s);
	if (!walk_rings_on(fo)) {
		walk_finish(s);
		return;
	}
	fo->phase = PHASE_LAST_WORD;
	fo->last_word_ms = s->now_ms + FAILOVER_LAST_WORD_MS;
}

/* ---- attempts and lanes -------------------------------------------------------------------- */

struct lane *walk_lane_of(struct failover *fo, unsigned branch)
{
	for (unsigned i = 0; fo->phase == PHASE_RUNNING && i < fo->lanes; i++)
		if (fo->lane[i].running && fo->lane[i].live == branch)
			return &fo->lane[i];
	return NULL;
}

void walk_address(struct step *s, struct lane *lane)
{
	struct failover *fo = s->fo;
	const struct attempt *a = lane_attempt(fo, lane);
	bool first = lane->live == FAILOVER_NO_BRANCH;

	if (fo->branches == FAILOVER_BRANCHES_MAX) {
		if (!fo->end[lane->current].known)
			attempt_end_made_here(&fo->end[lane->current], TRIGGER_UNREACHABLE);
		walk_attempt_over(s, lane);
		return;
	}
	if (first || lane->heard || a->kind == ATTEMPT_NUMBER)
		lane->deadline_ms = s->now_ms + a->first_response_seconds * INT64_C(1000);
	lane->heard = false;
	lane->live = fo->branches++;
	fo->branch[lane->live] = (struct branch){.attempt = lane->current};
	walk_act(s, FAILOVER_TRY, lane->live, 0);
}

/* What stands in the plan instead of an INVITE. False: the attempt is to be tried. */
static bool fails_at_once(const struct step *s, const struct attempt *a, struct attempt_end *e)
{
	bool later = s->now_ms > s->fo->started_ms;
	bool may_change =
		a->unavailable == TRIGGER_NOT_REGISTERED || a->unavailable == TRIGGER_CAPACITY;

	if (a->kind == ATTEMPT_REJECT || a->kind == ATTEMPT_LOOP)
		attempt_end_planned(e, a->status);
	else if (a->kind == ATTEMPT_NUMBER && s->fo->looped)
		attempt_end_planned(e, STATUS_LOOP);
	else if (a->unavailable != TRIGGER_NONE && !(later && may_change))
		attempt_end_made_here(e, (enum trigger)a->unavailable);
	else
		return false;
	return true;
}

static void attempt_enter(struct step *s, struct lane *lane, unsigned attempt)
{
	struct failover *fo = s->fo;
	struct attempt_end *e = &fo->end[attempt];

	lane->current = (uint8_t)attempt;
	lane->live = FAILOVER_NO_BRANCH;
	lane->deadline_ms = -1;
	e->outcome.started_ms = s->now_ms;
	release_unused(s);
	if (fails_at_once(s, lane_attempt(fo, lane), e)) {
		walk_attempt_over(s, lane);
		return;
	}
	if (lane_attempt(fo, lane)->holds_slot)
		hold(fo, attempt);
	walk_address(s, lane);
}

void walk_group_over(struct step *s)
{
	struct failover *fo = s->fo;
	unsigned behind = fo->lane[fo->lanes - 1].end;

	if (fo->moves_on)
		walk_enter(s, behind);
	else
		walk_end(s);
}

static void lane_over(struct step *s, struct lane *lane)
{
	struct failover *fo = s->fo;
	bool runs = false;

	lane->running = false;
	for (unsigned i = 0; i < fo->lanes; i++)
		runs = runs || fo->lane[i].running;
	if (runs)
		release_unused(s);
	else
		walk_group_over(s);
}

int walk_way_on(const struct failover *fo, unsigned attempt, enum trigger trigger)
{
	const struct attempt *a = &fo->plan->attempt[attempt];

	if (a->kind == ATTEMPT_REJECT && a->leave_to)
		return a->leave_to;
	if (trigger == TRIGGER_NONE)
		return -1;
	if (a->triggers & TRIGGER_BIT(trigger))
		return (int)attempt + 1;
	return a->leave_triggers & TRIGGER_BIT(trigger) ? a->leave_to : -1;
}

static bool ends_all(const struct attempt_end *e)
{
	return e->outcome.far_end && e->outcome.status >= 600;
}

/* An attempt of a group has its way within its lane, and behind the group with all the others. */
static void go_on_in_lane(struct step *s, struct lane *lane, int to)
{
	struct failover *fo = s->fo;

	if (to >= 0 && to < lane->end) {
		attempt_enter(s, lane, (unsigned)to);
	} else if (to < 0 && ends_all(&fo->end[lane->current])) {
		lane->running = false;
		walk_end(s);
	} else {
		fo->moves_on = fo->moves_on || to >= 0;
		lane_over(s, lane);
	}
}

void walk_attempt_over(struct step *s, struct lane *lane)
{
	struct failover *fo = s->fo;
	unsigned attempt = lane->current;
	const struct attempt *a = &fo->plan->attempt[attempt];
	struct attempt_end *e = &fo->end[attempt];
	int to = walk_way_on(fo, attempt, (enum trigger)e->outcome.trigger);

	e->outcome.ended_ms = s->now_ms;
	lane->live = FAILOVER_NO_BRANCH;
	lane->deadline_ms = -1;
	if (a->kind == ATTEMPT_NUMBER && (e->outcome.status == 482 || e->outcome.status == 483))
		fo->looped = true;
	if (a->group) {
		go_on_in_lane(s, lane, to);
		return;
	}
	lane->running = false;
	if (to >= 0 && (unsigned)to < fo->plan->count) {
		walk_enter(s, (unsigned)to);
		return;
	}
	if (a->kind == ATTEMPT_REJECT) {
		fo->is_rejected = true;
		fo->rejected = (uint8_t)attempt;
	}
	walk_end(s);
}

/* The lanes of the group that begins here. */
static void lanes_set(struct failover *fo, unsigned attempt)
{
	const struct attempt *a = fo->plan->attempt;
	uint8_t group = a[attempt].group;

	fo->lanes = 0;
	do {
		struct lane *lane = &fo->lane[fo->lanes++];
		unsigned end = attempt + 1;

		while (group && end < fo->plan->count && a[end].group == group &&
			a[end].lane == a[attempt].lane)
			end++;
		*lane = (struct lane){.current = (uint8_t)attempt,
			.end = (uint8_t)end,
			.running = true,
			.deadline_ms = -1,
			.live = FAILOVER_NO_BRANCH};
		attempt = end;
	} while (group && attempt < fo->plan->count && a[attempt].group == group &&
		 fo->lanes < PLAN_LANES_MAX);
}

void walk_enter(struct step *s, unsigned attempt)
{
	struct failover *fo = s->fo;

	if (attempt >= fo->plan->count) {
		walk_end(s);
		return;
	}
	fo->first = (uint8_t)attempt;
	fo->moves_on = false;
	fo->ring_ms = -1;
	lanes_set(fo, attempt);
	if (fo->lanes == 1) {
		attempt_enter(s, &fo->lane[0], attempt);
		return;
	}
	/* A lane that ends at once must not take the others for ended. */
	for (unsigned i = 0; i < fo->lanes; i++)
		if (fo->first == attempt && fo->phase == PHASE_RUNNING && fo->lane[i].running)
			attempt_enter(s, &fo->lane[i], fo->lane[i].current);
}
