#include "core/failover.h"

#include <errno.h>
#include <string.h>

#include "core/failover_best.h"
#include "core/mem.h"

/* The life of one branch. */
enum branch_state {
	BRANCH_SILENT, /* sent, or about to be; nothing heard */
	BRANCH_RINGS, /* a provisional came */
	BRANCH_ENDED, /* a final response came, or none will */
};

struct branch {
	uint8_t attempt;
	uint8_t state; /* enum branch_state */
	bool cancelled;
};

enum phase {
	PHASE_IDLE,
	PHASE_RUNNING, /* an attempt is in progress */
	PHASE_LAST_WORD, /* the plan has ended; a branch that rang is being cancelled */
	PHASE_DONE,
};

struct failover {
	const struct plan *plan;
	int64_t deadline_ms; /* -1: none */
	int64_t done_ms;
	uint8_t phase; /* enum phase */
	uint8_t current;
	uint8_t branches;
	bool slot_held;
	bool heard; /* the live branch gave a 1xx, or the one before it a final response */
	bool caller_left;
	uint16_t live; /* branch of the attempt in progress, or FAILOVER_NO_BRANCH */
	uint16_t winner; /* branch that was answered, or FAILOVER_NO_BRANCH */
	uint16_t replied; /* status of the final response made or relayed */
	uint8_t best; /* attempt whose response the caller got */
	struct branch branch[FAILOVER_BRANCHES_MAX];
	struct attempt_end end[]; /* one for each attempt */
};

int failover_new(struct failover **fo, const struct plan *plan)
{
	struct failover *f;

	if (!plan->count)
		return EINVAL;
	f = mem_zalloc(1, sizeof(*f) + plan->count * sizeof(f->end[0]));
	if (!f)
		return ENOMEM;
	f->plan = plan;
	f->deadline_ms = -1;
	f->live = f->winner = FAILOVER_NO_BRANCH;
	for (unsigned i = 0; i < plan->count; i++)
		attempt_end_init(&f->end[i]);
	*fo = f;
	return 0;
}

void failover_free(struct failover *fo)
{
	mem_free(fo);
}

/* One step's arguments, passed along together. */
struct step {
	struct failover *fo;
	int64_t now_ms;
	struct failover_actions *actions;
};

static void act(struct step *s, enum failover_action_kind kind, unsigned branch, unsigned status)
{
	const struct failover *fo = s->fo;

	if (s->actions->count == FAILOVER_ACTIONS_MAX)
		return;
	s->actions->item[s->actions->count++] = (struct failover_action){
		.kind = kind,
		.attempt = branch < fo->branches ? fo->branch[branch].attempt : fo->current,
		.branch = branch,
		.status = status,
	};
}

static const struct attempt *attempt_now(const struct failover *fo)
{
	return &fo->plan->attempt[fo->current];
}

static void cancel_branch(struct step *s, unsigned branch)
{
	struct branch *b = &s->fo->branch[branch];

	if (b->state == BRANCH_ENDED || b->cancelled)
		return;
	b->cancelled = true;
	act(s, FAILOVER_CANCEL_BRANCH, branch, 0);
}

static void cancel_all(struct step *s)
{
	for (unsigned i = 0; i < s->fo->branches; i++)
		cancel_branch(s, i);
}

static void release_slot(struct step *s)
{
	if (!s->fo->slot_held)
		return;
	s->fo->slot_held = false;
	act(s, FAILOVER_RELEASE_SLOT, FAILOVER_NO_BRANCH, 0);
}

static void done(struct step *s)
{
	s->fo->phase = PHASE_DONE;
	s->fo->deadline_ms = -1;
	s->fo->done_ms = s->now_ms;
	s->fo->live = FAILOVER_NO_BRANCH;
	act(s, FAILOVER_DONE, FAILOVER_NO_BRANCH, 0);
}

static void reply(struct step *s, unsigned branch, unsigned status)
{
	s->fo->replied = (uint16_t)status;
	act(s, FAILOVER_REPLY, branch, status);
}

/* The caller gets the best of what came in. */
static void finish(struct step *s)
{
	struct failover *fo = s->fo;
	struct best_response best;

	best_response_choose(fo->end, fo->current + 1u, &best);
	fo->best = (uint8_t)best.attempt;
	release_slot(s);
	reply(s, best.branch, best.status);
	done(s);
}

static bool rings_on(const struct failover *fo)
{
	for (unsigned i = 0; i < fo->branches; i++)
		if (fo->branch[i].state == BRANCH_RINGS)
			return true;
	return false;
}

/* Nothing is left to try. */
static void end_plan(struct step *s)
{
	struct failover *fo = s->fo;

	cancel_all(s);
	if (!rings_on(fo)) {
		finish(s);
		return;
	}
	fo->phase = PHASE_LAST_WORD;
	fo->deadline_ms = s->now_ms + FAILOVER_LAST_WORD_MS;
}

static bool moves_on(const struct failover *fo, enum trigger trigger)
{
	return trigger != TRIGGER_NONE && (attempt_now(fo)->triggers & TRIGGER_BIT(trigger)) &&
	       fo->current + 1u < fo->plan->count;
}

static void attempt_enter(struct step *s, unsigned attempt);

/* The attempt in progress failed: on to the next one, or to the end. */
static void attempt_over(struct step *s)
{
	struct failover *fo = s->fo;
	struct attempt_end *e = &fo->end[fo->current];

	e->outcome.ended_ms = s->now_ms;
	fo->live = FAILOVER_NO_BRANCH;
	fo->deadline_ms = -1;
	if (moves_on(fo, (enum trigger)e->outcome.trigger))
		attempt_enter(s, fo->current + 1u);
	else
		end_plan(s);
}

/* Sends the attempt to its next address. */
static void try_address(struct step *s)
{
	struct failover *fo = s->fo;
	const struct attempt *a = attempt_now(fo);
	bool first = fo->live == FAILOVER_NO_BRANCH;

	if (fo->branches == FAILOVER_BRANCHES_MAX) {
		if (!fo->end[fo->current].known)
			attempt_end_made_here(&fo->end[fo->current], TRIGGER_UNREACHABLE);
		attempt_over(s);
		return;
	}
	if (first || fo->heard || a->kind == ATTEMPT_NUMBER)
		fo->deadline_ms = s->now_ms + a->first_response_seconds * INT64_C(1000);
	fo->heard = false;
	fo->live = fo->branches++;
	fo->branch[fo->live] = (struct branch){.attempt = fo->current};
	act(s, FAILOVER_TRY, fo->live, 0);
}

static void attempt_enter(struct step *s, unsigned attempt)
{
	struct failover *fo = s->fo;
	const struct attempt *a;

	fo->current = (uint8_t)attempt;
	a = attempt_now(fo);
	fo->end[attempt].outcome.started_ms = s->now_ms;
	if (!a->holds_slot)
		release_slot(s);
	if (a->unavailable != TRIGGER_NONE) {
		attempt_end_made_here(&fo->end[attempt], (enum trigger)a->unavailable);
		attempt_over(s);
		return;
	}
	if (a->holds_slot)
		fo->slot_held = true;
	try_address(s);
}

/* The live branch stayed silent: a gateway's next address is tried, a PBX is given up. */
static void on_silence(struct step *s)
{
	struct failover *fo = s->fo;

	cancel_branch(s, fo->live);
	attempt_end_made_here(&fo->end[fo->current], TRIGGER_NO_RESPONSE);
	if (attempt_now(fo)->kind == ATTEMPT_NUMBER)
		try_address(s);
	else
		attempt_over(s);
}

static void on_tick(struct step *s)
{
	struct failover *fo = s->fo;

	if (fo->deadline_ms < 0 || s->now_ms < fo->deadline_ms)
		return;
	if (fo->phase == PHASE_LAST_WORD) {
		finish(s);
	} else if (!fo->heard) {
		on_silence(s);
	} else {
		cancel_branch(s, fo->live);
		attempt_end_made_here(&fo->end[fo->current], TRIGGER_NO_ANSWER);
		attempt_over(s);
	}
}

static void on_provisional(struct step *s, unsigned branch, unsigned status)
{
	struct failover *fo = s->fo;

	fo->branch[branch].state = BRANCH_RINGS;
	if (fo->phase != PHASE_RUNNING || branch != fo->live)
		return;
	if (!fo->heard) {
		fo->heard = true;
		fo->deadline_ms = s->now_ms + attempt_now(fo)->ring_seconds * INT64_C(1000);
	}
	if (status != 100)
		act(s, FAILOVER_FORWARD, branch, status);
}

/* The first 2xx of the call, from the attempt in progress or from one that was given up. */
static void on_answer(struct step *s, unsigned branch, unsigned status)
{
	struct failover *fo = s->fo;
	unsigned attempt = fo->branch[branch].attempt;
	struct attempt_end *e = &fo->end[fo->current];

	fo->winner = (uint16_t)branch;
	if (fo->phase == PHASE_RUNNING && attempt != fo->current) {
		attempt_end_cancelled(e, CAUSE_NORMAL);
		e->outcome.ended_ms = s->now_ms;
	}
	attempt_end_answered(&fo->end[attempt], status);
	fo->end[attempt].outcome.ended_ms = s->now_ms;
	if (!fo->plan->attempt[attempt].holds_slot) {
		release_slot(s);
	} else if (!fo->slot_held) {
		fo->slot_held = true;
		act(s, FAILOVER_RETAKE_SLOT, FAILOVER_NO_BRANCH, 0);
	}
	act(s, FAILOVER_FORWARD, branch, status);
	cancel_all(s);
	done(s);
}

static void on_2xx(struct step *s, unsigned branch, unsigned status)
{
	struct failover *fo = s->fo;

	fo->branch[branch].state = BRANCH_ENDED;
	if (branch == fo->winner)
		act(s, FAILOVER_FORWARD, branch, status);
	else if (fo->phase == PHASE_DONE)
		act(s, FAILOVER_END_LATE, branch, status);
	else
		on_answer(s, branch, status);
}

/* A branch will say no more. */
static void branch_ended(struct step *s, unsigned branch)
{
	s->fo->branch[branch].state = BRANCH_ENDED;
	if (s->fo->phase == PHASE_LAST_WORD && !rings_on(s->fo))
		finish(s);
}

static bool is_live(const struct failover *fo, unsigned branch)
{
	return fo->phase == PHASE_RUNNING && branch == fo->live;
}

static void on_failure(struct step *s, unsigned branch, unsigned status)
{
	struct failover *fo = s->fo;
	bool live = is_live(fo, branch);

	if (fo->branch[branch].state == BRANCH_ENDED)
		return;
	branch_ended(s, branch);
	if (!live)
		return;
	attempt_end_far(&fo->end[fo->current], status, branch);
	fo->heard = true;
	if (status == 503)
		try_address(s);
	else
		attempt_over(s);
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
	bool live = is_live(fo, branch);

	if (fo->branch[branch].state == BRANCH_ENDED)
		return;
	branch_ended(s, branch);
	if (!live)
		return;
	if (trigger == TRIGGER_NO_RESPONSE) {
		on_silence(s);
		return;
	}
	/* What an address said before counts for more than that another one is out of reach. */
	if (!fo->end[fo->current].outcome.far_end)
		attempt_end_made_here(&fo->end[fo->current], TRIGGER_UNREACHABLE);
	try_address(s);
}

static void on_exhausted(struct step *s, unsigned branch, enum trigger trigger)
{
	struct failover *fo = s->fo;
	bool live = is_live(fo, branch);

	if (fo->branch[branch].state == BRANCH_ENDED)
		return;
	branch_ended(s, branch);
	if (!live)
		return;
	if (!fo->end[fo->current].known)
		attempt_end_made_here(&fo->end[fo->current],
			trigger < TRIGGER_COUNT ? trigger : TRIGGER_UNREACHABLE);
	attempt_over(s);
}

static void on_cancel(struct step *s)
{
	struct failover *fo = s->fo;
	struct attempt_end *e = &fo->end[fo->current];

	if (fo->phase != PHASE_RUNNING && fo->phase != PHASE_LAST_WORD)
		return;
	if (fo->phase == PHASE_RUNNING) {
		attempt_end_cancelled(e, CAUSE_CALLER);
		e->outcome.ended_ms = s->now_ms;
	}
	fo->caller_left = true;
	cancel_all(s);
	release_slot(s);
	reply(s, FAILOVER_NO_BRANCH, 487);
	done(s);
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
		attempt_enter(&s, 0);
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
	return fo->deadline_ms;
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
	return fo->current > 0;
}
