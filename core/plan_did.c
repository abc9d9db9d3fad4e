/* A DID: what is called for its sake, in the order of core/plan.h. */
#include "core/plan_draft.h"

/* What moves a call on from the DID's PBXs, when it is not simply what its trunk says. */
static const trigger_set *triggers_of(
	const struct plan_draft *d, const struct cfg_did *did, trigger_set *buf)
{
	const struct cfg_trunk *trunk = did->trunk;
	bool then_forward = did->incoming_action == INCOMING_RING_THEN_FORWARD;

	*buf = trunk ? trunk->triggers : TRIGGERS_DEFAULT;
	if (did->has_triggers) {
		*buf = did->triggers;
		return buf;
	}
	if (plan_has_forwarding(d, did))
		*buf = TRIGGERS_ALL & (trigger_set)~TRIGGER_BIT(TRIGGER_NO_ANSWER);
	if (then_forward)
		*buf |= TRIGGER_BIT(TRIGGER_NO_ANSWER);
	return buf;
}

/* How the caller of a failover number is shown: the DID's way, else the account's. */
static void set_display(struct plan_draft *d, const struct cfg_did *did)
{
	const struct cfg_account *account = did->account;
	e164_t own = did->failover ? did->failover->calling_party_number : 0;
	struct plan_scope *in = &d->scope;

	in->has_display = true;
	in->display = did->has_display ? (enum calling_party_display)did->calling_party_display
				       : account->calling_party_display;
	in->display_number = 0;
	if (in->display == DISPLAY_FIXED)
		in->display_number = own ? own : account->calling_party_number;
}

static void add_failover_number(
	struct plan_draft *d, enum plan_rule rule, const struct cfg_did *did, e164_t number)
{
	struct plan_scope before = d->scope;

	if (number == did->number)
		return;
	/* Who was forwarded here decides how the caller is shown. */
	if (!d->scope.has_display)
		set_display(d, did);
	plan_add_number(d, rule, number);
	d->scope = before;
}

/* The dial plan of the trunk's failover, if it leads anywhere now. */
static bool add_trunk_dial_plan(struct plan_draft *d, const struct cfg_did *did)
{
	const struct cfg_trunk *trunk = did->trunk;
	const struct cfg_dial_plan *plan = NULL;
	unsigned from = d->count;

	if (trunk && trunk->failover_enabled)
		plan = cfg_dial_plan(d->cfg, &trunk->failover_dial_plan_id);
	if (plan)
		plan_add_dial_plan(d, RULE_TRUNK_DIAL_PLAN, plan);
	return d->count > from;
}

static void add_destination(struct plan_draft *d, const struct cfg_did *did)
{
	e164_t own = did->failover ? did->failover->number : 0;

	if (plan_has_forwarding(d, did))
		plan_add_forwardings(d, did);
	else if (own)
		add_failover_number(d, RULE_DID_FAILOVER_NUMBER, did, own);
	else if (!add_trunk_dial_plan(d, did) && did->account->failover_number)
		add_failover_number(
			d, RULE_ACCOUNT_FAILOVER_NUMBER, did, did->account->failover_number);
}

/* What comes behind the DID's dial plan is for failures, and never for what the plan said itself. */
static void leave_dial_plan(struct plan_draft *d, unsigned from, trigger_set leave)
{
	uint8_t group = d->count > from ? d->attempt[d->count - 1].group : 0;

	for (unsigned i = from; i < d->count; i++) {
		struct attempt *a = &d->attempt[i];
		bool ends = a->leave_to == d->count;
		bool ends_lane = group && a->group == group && a->leave_to < d->count &&
				 a->leave_to && d->attempt[a->leave_to].lane != a->lane;

		if (a->kind == ATTEMPT_REJECT && !a->group && (ends || !a->leave_to)) {
			a->leave_to = 0;
			a->leave_triggers = 0;
		} else if (ends || ends_lane) {
			a->leave_triggers = leave;
		}
		if (i + 1 == d->count)
			a->triggers &= leave | TRIGGER_BIT(TRIGGER_DENIED);
	}
}

void plan_add_did(struct plan_draft *d, const struct cfg_did *did)
{
	const struct cfg_did_flow *flow = did->failover ? did->failover->flow : NULL;
	bool outermost = d->depth == 1;
	unsigned from = d->count;
	trigger_set buf;
	const trigger_set *triggers;

	d->scope.did = did;
	d->scope.account = did->account;
	d->scope.dial_plan = NULL;
	triggers = triggers_of(d, did, &buf);
	if (flow && flow->dial_plan) {
		plan_add_dial_plan(d, RULE_DID_DIAL_PLAN, flow->dial_plan);
		leave_dial_plan(d, from, outermost ? *triggers : TRIGGERS_ALL);
	} else if (did->trunk) {
		plan_add_delivery(d, did->trunk, triggers);
		if (outermost)
			plan_add_peers(d, did, triggers);
	}
	plan_add_backup_pbxs(d, triggers);
	d->scope.ring_seconds = 0; /* from here on each has its own */
	add_destination(d, did);
}
