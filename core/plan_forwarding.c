/* A DID's forwardings: those that are active at this moment, in their order. */
#include "core/plan_draft.h"

static bool active(
	const struct plan_draft *d, const struct cfg_did *did, const struct forwarding *f)
{
	return f->enabled &&
	       active_times_at(&f->active_times, &did->account->zone, d->call->now_ms);
}

static const struct cfg_did_flow *flow_of(const struct cfg_did *did)
{
	return did->failover ? did->failover->flow : NULL;
}

bool plan_has_forwarding(const struct plan_draft *d, const struct cfg_did *did)
{
	const struct cfg_did_flow *flow = flow_of(did);

	for (unsigned i = 0; flow && i < flow->forwarding_count; i++)
		if (active(d, did, &flow->forwarding[i]))
			return true;
	return false;
}

static void add_forwarding(
	struct plan_draft *d, const struct cfg_did *did, const struct forwarding *f)
{
	const struct plan_scope before = d->scope;
	const struct cfg_account *account = did->account;
	struct plan_scope *in = &d->scope;
	unsigned from = d->count;

	in->diverts = true;
	in->ring_seconds = f->ring_seconds;
	in->has_display = true;
	in->display = f->has_display ? f->calling_party_display : account->calling_party_display;
	in->display_number = 0;
	if (in->display == DISPLAY_FIXED)
		in->display_number = f->has_display && f->calling_party_number
					     ? f->calling_party_number
					     : account->calling_party_number;
	plan_add_target(d, RULE_DID_FORWARDING, &f->target);
	plan_draft_target(d, from, TRIGGERS_ALL);
	d->scope = before;
}

void plan_add_forwardings(struct plan_draft *d, const struct cfg_did *did)
{
	const struct cfg_did_flow *flow = flow_of(did);

	for (unsigned i = 0; i < flow->forwarding_count; i++)
		if (active(d, did, &flow->forwarding[i]))
			add_forwarding(d, did, &flow->forwarding[i]);
}
