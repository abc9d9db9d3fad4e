#include "core/failover_best.h"

#include <string.h>

void attempt_end_init(struct attempt_end *e)
{
	*e = (struct attempt_end){
		.outcome = {.trigger = TRIGGER_NONE, .disposition = DISPOSITION_CANCELLED},
		.branch = FAILOVER_NO_BRANCH,
	};
}

static void set(struct attempt_end *e, unsigned status, enum trigger trigger,
	enum disposition disposition, enum cause cause)
{
	e->outcome.status = (uint16_t)status;
	e->outcome.trigger = (uint8_t)trigger;
	e->outcome.disposition = (uint8_t)disposition;
	e->outcome.cause = (uint8_t)cause;
	e->outcome.far_end = false;
	e->branch = FAILOVER_NO_BRANCH;
	e->known = true;
}

void attempt_end_planned(struct attempt_end *e, unsigned status)
{
	enum trigger t = trigger_of_response(status);

	/* 487, 607 and 608 raise no trigger but are refusals all the same. */
	if (t == TRIGGER_NONE)
		set(e, status, t, DISPOSITION_REJECTED, CAUSE_FAREND_REJECTED);
	else
		set(e, status, t, disposition_of(t), cause_of(t));
}

void attempt_end_far(struct attempt_end *e, unsigned status, unsigned branch)
{
	attempt_end_planned(e, status);
	e->outcome.far_end = true;
	e->branch = (uint16_t)branch;
}

static unsigned status_made_here(enum trigger t)
{
	switch (t) {
	case TRIGGER_NOT_REGISTERED:
	case TRIGGER_NOT_FOUND:
		return 404;
	case TRIGGER_CAPACITY:
		return 503;
	case TRIGGER_NO_ANSWER:
	case TRIGGER_DENIED:
		return 480;
	default:
		return 408;
	}
}

void attempt_end_made_here(struct attempt_end *e, enum trigger t)
{
	set(e, status_made_here(t), t, disposition_of(t), cause_of(t));
}

void attempt_end_answered(struct attempt_end *e, unsigned status)
{
	set(e, status, TRIGGER_NONE, DISPOSITION_ANSWERED, CAUSE_NORMAL);
	e->outcome.far_end = true;
	e->outcome.answered = true;
}

void attempt_end_cancelled(struct attempt_end *e, enum cause cause)
{
	set(e, 487, TRIGGER_NONE, DISPOSITION_CANCELLED, cause);
}

/* What the caller would get of this end; NO_BRANCH in e->branch or here: made by us. */
static void as_passed_on(const struct attempt_end *e, struct best_response *r)
{
	unsigned status = e->outcome.status;

	r->status = status;
	r->branch = e->branch;
	if (!e->outcome.far_end)
		return;
	if (status == 503)
		r->status = 500;
	else if (status == 401 || status == 407 || status < 400)
		r->status = 480;
	if (r->status != status)
		r->branch = FAILOVER_NO_BRANCH;
}

/* Higher is better; equal goes to the later attempt. */
static unsigned rank(const struct best_response *r)
{
	unsigned class = r->status / 100 == 6 ? 2 : r->status / 100 == 4 ? 1 : 0;
	unsigned far_end = r->branch != FAILOVER_NO_BRANCH;
	unsigned telling = r->status == 415 || r->status == 420 || r->status == 484;

	return class << 2 | far_end << 1 | telling;
}

void best_response_choose(const struct attempt_end *end, unsigned count, struct best_response *best)
{
	*best = (struct best_response){.branch = FAILOVER_NO_BRANCH, .status = 480};
	for (unsigned i = 0, first = 1; i < count; i++) {
		struct best_response r = {.attempt = i};

		if (!end[i].known)
			continue;
		as_passed_on(&end[i], &r);
		if (first || rank(&r) >= rank(best))
			*best = r;
		first = 0;
	}
}
