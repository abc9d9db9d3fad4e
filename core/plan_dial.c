/* Dial plans: their steps, and the targets of steps and forwardings. */
#include <string.h>

#include "core/plan_draft.h"

static bool active(const struct plan_draft *d, const struct active_times *times)
{
	return active_times_at(times, &d->scope.account->zone, d->call->now_ms);
}

static void add_sip_uri(struct plan_draft *d, enum attempt_kind kind, enum plan_rule rule,
	const struct dial_sip_uri *uri)
{
	struct attempt *a = plan_draft_add(d, kind, rule, NULL);

	if (!a)
		return;
	plan_draft_address(a, &uri->address);
	a->text = uri->user && *uri->user ? uri->user : NULL;
	a->triggers = 0; /* no other address but those of DNS */
	a->diverts = true;
}

/* A trunk that takes no calls is passed over. */
static void add_trunk(struct plan_draft *d, const struct uuid *id)
{
	const struct cfg_trunk *trunk = cfg_trunk(d->cfg, id);

	if (trunk && trunk->enabled && trunk->account == d->scope.account)
		plan_add_delivery(d, trunk, NULL);
}

static bool add_did_of_account(
	struct plan_draft *d, enum plan_rule rule, const char *text, size_t len)
{
	e164_t number = plan_did_of_user(d->cfg, text, len);
	const struct cfg_did *did = number ? cfg_did(d->cfg, number) : NULL;

	if (!did || did->account != d->scope.account)
		return false;
	plan_add_number(d, rule, number);
	return true;
}

bool plan_add_internal(struct plan_draft *d, enum plan_rule rule, const char *internal, size_t len)
{
	const struct cfg_dial_plan *plan =
		cfg_dial_plan_by_internal(d->cfg, &d->scope.account->id, internal, len);

	if (!plan)
		return add_did_of_account(d, rule, internal, len);
	plan_add_dial_plan(d, rule, plan);
	return true;
}

void plan_add_target(struct plan_draft *d, enum plan_rule rule, const struct dial_target *target)
{
	switch (target->kind) {
	case DIAL_INTERNAL:
		(void)plan_add_internal(d, rule, target->internal, strlen(target->internal));
		break;
	case DIAL_EXTERNAL:
		plan_add_number(d, rule, target->external);
		break;
	case DIAL_SIP_URI:
		add_sip_uri(d, ATTEMPT_SIP_URI, rule, &target->sip_uri);
		break;
	case DIAL_TRUNK:
		add_trunk(d, &target->trunk_id);
		break;
	}
}

/* A target of a step: whatever becomes of it, the next one is there for it. */
static void add_step_target(
	struct plan_draft *d, enum plan_rule rule, const struct dial_target *target)
{
	unsigned from = d->count;

	plan_add_target(d, rule, target);
	plan_draft_target(d, from, TRIGGERS_ALL);
}

/* Some of a step's targets at once, from *next on. */
static void add_group(
	struct plan_draft *d, enum plan_rule rule, const struct dial_step *step, unsigned *next)
{
	unsigned from = d->count;

	d->group = ++d->groups;
	d->lane = 0;
	for (; *next < step->target_count && d->lane < PLAN_LANES_MAX; ++*next) {
		unsigned before = d->count;

		add_step_target(d, rule, &step->target[*next]);
		d->lane = (uint8_t)(d->lane + (d->count > before));
	}
	for (unsigned i = from; i < d->count; i++)
		d->attempt[i].group_ring_seconds = step->ring_seconds;
	d->group = d->lane = 0;
}

static void add_ring(struct plan_draft *d, enum plan_rule rule, const struct dial_step *step)
{
	bool at_once =
		step->simultaneous && !d->group && d->call->diversions < PLAN_DIVERSIONS_SOLO;

	d->scope.ring_seconds = step->ring_seconds ? step->ring_seconds : PLAN_STEP_RING_SECONDS;
	for (unsigned i = 0; i < step->target_count;) {
		if (at_once)
			add_group(d, rule, step, &i);
		else
			add_step_target(d, rule, &step->target[i++]);
	}
}

static void add_media(struct plan_draft *d, enum plan_rule rule, const struct dial_step *step)
{
	unsigned from = d->count;

	add_sip_uri(d, ATTEMPT_MEDIA, rule, &step->target[0].sip_uri);
	plan_draft_target(d, from, TRIGGERS_ALL);
}

static void add_reject(struct plan_draft *d, enum plan_rule rule, const struct dial_step *step)
{
	struct attempt *a = plan_draft_add(d, ATTEMPT_REJECT, rule, NULL);

	if (!a)
		return;
	a->status = step->code;
	a->text = step->reason && *step->reason ? step->reason : NULL;
	a->triggers = 0;
	a->first_response_seconds = a->ring_seconds = 0;
	a->diverts = false;
}

/* True: the dial plan ends here, whatever stands behind. */
static bool add_steps(struct plan_draft *d, enum plan_rule rule, const struct dial_steps *steps)
{
	const struct plan_scope before = d->scope;
	bool ended = false;

	for (unsigned i = 0; i < steps->count && !ended; i++) {
		const struct dial_step *step = &steps->item[i];
		bool now = active(d, &step->active_times);

		if (!now && step->app != DIAL_SCHEDULE)
			continue;
		switch (step->app) {
		case DIAL_RING:
			add_ring(d, rule, step);
			break;
		case DIAL_FORWARD:
			add_step_target(d, rule, &step->target[0]);
			break;
		case DIAL_SCHEDULE:
			ended = add_steps(d, rule, now ? &step->then_steps : &step->else_steps);
			break;
		case DIAL_MEDIA:
			add_media(d, rule, step);
			break;
		case DIAL_REJECT:
			add_reject(d, rule, step);
			ended = true;
			break;
		case DIAL_APP_COUNT:
			break;
		}
		d->scope = before;
	}
	return ended;
}

void plan_add_dial_plan(struct plan_draft *d, enum plan_rule rule, const struct cfg_dial_plan *plan)
{
	const struct plan_scope before = d->scope;
	struct plan_scope *in = &d->scope;

	if (!plan_draft_enter(d, rule, plan, 0, plan->internal_number))
		return;
	in->account = plan->account;
	in->dial_plan = plan;
	in->ring_seconds = 0;
	add_steps(d, rule, &plan->steps);
	plan_draft_leave(d, &before);
}
