#include "core/plan_outbound.h"

#include <string.h>

#include "core/destination.h"
#include "core/plan_draft.h"
#include "core/plan_gateway.h"

enum { STATUS_FORBIDDEN = 403, STATUS_CAPACITY = 503 };

#define OUTBOUND_TRIGGERS                                                                          \
	((trigger_set)(TRIGGER_BIT(TRIGGER_NO_RESPONSE) | TRIGGER_BIT(TRIGGER_SERVER_ERROR) |      \
		       TRIGGER_BIT(TRIGGER_UNREACHABLE)))

enum plan_refusal plan_caller_refusal(
	const struct cfg_trunk *trunk, bool emergency, plan_observe_h *observe, void *arg)
{
	struct observation obs = {0};

	if (!trunk->enabled || !trunk->account->enabled)
		return PLAN_DISABLED;
	if (emergency)
		return PLAN_OK;
	observe(trunk, NULL, &obs, arg);
	return trunk->draining || obs.calls_up >= trunk->max_concurrent_calls ? PLAN_CAPACITY
									      : PLAN_OK;
}

static enum plan_rule rule_of(const struct outbound_call *call, const struct cfg_gateway *gw)
{
	if (call->dialled.kind == DIALLED_EMERGENCY)
		return RULE_EMERGENCY;
	return gw && gw->public_trunk ? RULE_PUBLIC_TRUNK : RULE_GATEWAY;
}

static struct attempt *add(struct plan_draft *d, const struct outbound_call *call,
	const struct cfg_gateway *gw, const struct sip_address *address)
{
	bool emergency = call->dialled.kind == DIALLED_EMERGENCY;
	struct attempt *a;

	if (d->count == PLAN_ATTEMPTS_MAX)
		return NULL;
	a = &d->attempt[d->count++];
	*a = (struct attempt){.kind = ATTEMPT_NUMBER,
		.rule = (uint8_t)rule_of(call, gw),
		.unavailable = TRIGGER_UNREACHABLE,
		.did_delivery = DELIVER_REQUEST_URI,
		.triggers = OUTBOUND_TRIGGERS,
		.first_response_seconds = PLAN_FIRST_RESPONSE_SECONDS,
		.ring_seconds = call->trunk->ring_seconds,
		.number = call->dialled.number,
		.text = emergency ? (char *)(uintptr_t)call->dialled.short_code : NULL};
	if (!gw)
		return a;
	a->unavailable = TRIGGER_NONE;
	a->gateway_id = gw->id;
	a->first_response_seconds = gw->failover_seconds;
	plan_draft_address(a, address);
	return a;
}

static void add_gateways(struct plan_draft *d, const struct outbound_call *call)
{
	const char *country = call->trunk->account->default_country;
	struct gateway_choice c;

	if (call->dialled.kind == DIALLED_EMERGENCY)
		gateway_choose_emergency(d->cfg, country, call->dialled.short_code, &c);
	else
		gateway_choose(d->cfg, call->dialled.number, &c);
	if (!c.count)
		(void)add(d, call, NULL, NULL);
	for (unsigned i = 0; i < c.count; i++) {
		const struct cfg_gateway *gw = c.item[i].gw;
		struct attempt *a = add(d, call, gw, &gw->address);

		if (!gw->failover_address.host)
			continue;
		if (a)
			a->one_address = true;
		(void)add(d, call, gw, &gw->failover_address);
	}
}

/* The account's destination rules hold for whom its PBXs call as for whom its calls fail over to. */
static bool denied(const struct outbound_call *call)
{
	const struct cfg_account *a = call->trunk->account;

	return destination_decide(call->dialled.number, &a->destination_rules,
		       a->default_country) != DESTINATION_OK;
}

int plan_build_outbound(const struct cfg *cfg, const struct outbound_call *call,
	plan_observe_h *observe, void *arg, struct plan *plan)
{
	const struct cfg_trunk *trunk = call->trunk;
	bool emergency = call->dialled.kind == DIALLED_EMERGENCY;
	struct plan_draft d;

	*plan = (struct plan){.account_id = trunk->account->id,
		.trunk_id = trunk->id,
		.max_call_seconds = trunk->max_call_seconds,
		.refusal = plan_caller_refusal(trunk, emergency, observe, arg)};
	if (plan->refusal != PLAN_DISABLED && !emergency && denied(call))
		plan->refusal = PLAN_DENIED;
	if (plan->refusal) {
		plan->status = plan->refusal == PLAN_CAPACITY ? STATUS_CAPACITY : STATUS_FORBIDDEN;
		return 0;
	}
	d.cfg = cfg;
	d.count = 0;
	add_gateways(&d, call);
	return plan_draft_take(&d, plan);
}
