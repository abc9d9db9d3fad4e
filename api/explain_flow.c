#include "api/explain_flow.h"

#include <stdio.h>
#include <string.h>

#include "core/zoneinfo.h"

enum { SENTENCE_MAX = 400 };

/* One DID's flow being looked at. */
struct flow_view {
	struct json_out *j;
	const struct cfg *cfg;
	const struct cfg_account *account;
	const struct cfg_dial_plan *plan;
	int64_t now_ms;
	unsigned active; /* steps that do something now */
	bool ended; /* behind a step that ends every call */
};

static const struct cfg_did_flow *flow_of(const struct cfg_did *did)
{
	return did && did->failover ? did->failover->flow : NULL;
}

static void say(const struct flow_view *v, const char *what)
{
	char text[SENTENCE_MAX];

	snprintf(text, sizeof(text), "Dial plan %s (%s): %s", v->plan->name,
		v->plan->internal_number, what);
	json_out_str(v->j, NULL, text);
}

/* An internal target that is neither a dial plan nor a DID of the account any more. */
static void target_look(const struct flow_view *v, const struct dial_target *t)
{
	char text[96];
	e164_t number = 0;

	if (t->kind != DIAL_INTERNAL || cfg_dial_plan_by_internal(v->cfg, &v->account->id,
						t->internal, strlen(t->internal)))
		return;
	if (t->internal[0] == '+')
		(void)e164_parse_digits(t->internal + 1, strlen(t->internal) - 1, &number);
	if (number && cfg_did(v->cfg, number))
		return;
	snprintf(text, sizeof(text), "the target %s leads nowhere.", t->internal);
	say(v, text);
}

static void steps_look(struct flow_view *v, const struct dial_steps *steps)
{
	for (unsigned i = 0; i < steps->count; i++) {
		const struct dial_step *s = &steps->item[i];
		bool now = active_times_at(&s->active_times, &v->account->zone, v->now_ms);

		if (v->ended) {
			say(v, "there are steps behind one that ends every call at this time; they "
			       "are never reached then.");
			return;
		}
		if (s->app == DIAL_SCHEDULE) {
			steps_look(v, now ? &s->then_steps : &s->else_steps);
			continue;
		}
		for (unsigned t = 0; t < s->target_count; t++)
			target_look(v, &s->target[t]);
		v->active += now;
		v->ended = now && s->app == DIAL_REJECT;
	}
}

static void plan_look(struct flow_view *v, const struct cfg_dial_plan *plan)
{
	v->plan = plan;
	v->active = 0;
	v->ended = false;
	steps_look(v, &plan->steps);
	if (v->active == 0)
		say(v, "no step is active at this time.");
}

static void forwardings_look(const struct flow_view *v, const struct cfg_did_flow *flow)
{
	for (unsigned i = 0; i < flow->forwarding_count; i++) {
		const struct forwarding *f = &flow->forwarding[i];

		if (f->enabled && active_times_at(&f->active_times, &v->account->zone, v->now_ms))
			return;
	}
	if (flow->forwarding_count > 0)
		json_out_str(v->j, NULL, "No forwarding of the DID is active at this time.");
}

static void zone_look(const struct flow_view *v)
{
	const char *name = v->account->timezone;
	struct tz_rule rule;
	char text[SENTENCE_MAX];

	if (zoneinfo_rule(name[0] ? name : "UTC", &rule) == 0)
		return;
	snprintf(text, sizeof(text),
		"The time zone %s is not known here: active times are taken as UTC.", name);
	json_out_str(v->j, NULL, text);
}

void explain_flow_warnings(struct json_out *j, const struct cfg *cfg, e164_t number, int64_t now_ms)
{
	const struct cfg_did *did = cfg_did(cfg, number);
	const struct cfg_did_flow *flow = flow_of(did);
	const struct cfg_dial_plan *failover = NULL;
	struct flow_view v = {.j = j, .cfg = cfg, .now_ms = now_ms};

	if (!did)
		return;
	v.account = did->account;
	if (did->trunk && did->trunk->failover_enabled)
		failover = cfg_dial_plan(cfg, &did->trunk->failover_dial_plan_id);
	if (flow || failover)
		zone_look(&v);
	if (flow && flow->dial_plan)
		plan_look(&v, flow->dial_plan);
	if (flow)
		forwardings_look(&v, flow);
	if (failover)
		plan_look(&v, failover);
}
