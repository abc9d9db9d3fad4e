/* A number: one of ours, or one to be called through the gateways. */
#include <string.h>

#include "core/plan_draft.h"
#include "core/plan_gateway.h"

/* What moves a call from one gateway to the next: nothing that the called party had a say in. */
#define GATEWAY_TRIGGERS                                                                           \
	((trigger_set)(TRIGGER_BIT(TRIGGER_NO_RESPONSE) | TRIGGER_BIT(TRIGGER_SERVER_ERROR) |      \
		       TRIGGER_BIT(TRIGGER_UNREACHABLE)))

static void show_as_account(struct attempt *a, const struct cfg_account *account)
{
	a->display = (uint8_t)account->calling_party_display;
	if (a->display == DISPLAY_FIXED)
		a->display_number = account->calling_party_number;
}

/* The number without a gateway yet: out of reach. */
static struct attempt *add_unreachable(struct plan_draft *d, enum plan_rule rule, e164_t number)
{
	const struct cfg_did *did = d->scope.did;
	struct attempt *a = plan_draft_add(d, ATTEMPT_NUMBER, rule, did ? did->trunk : NULL);

	if (!a)
		return NULL;
	a->number = number;
	a->diverts = true;
	a->did_delivery = DELIVER_REQUEST_URI;
	a->triggers = GATEWAY_TRIGGERS;
	a->unavailable = TRIGGER_UNREACHABLE;
	if (!d->scope.has_display)
		show_as_account(a, d->scope.account);
	return a;
}

/* The rules may have changed since the number was set: it stays in the plan, where everybody can see
 * why nothing is sent. */
static void add_denied(struct plan_draft *d, enum plan_rule rule, e164_t number)
{
	struct attempt *a = add_unreachable(d, rule, number);

	if (!a)
		return;
	a->unavailable = TRIGGER_DENIED;
	a->triggers |= TRIGGER_BIT(TRIGGER_DENIED);
}

static bool is_allowed(const struct cfg_account *account, e164_t number)
{
	return destination_decide(number, &account->destination_rules, account->default_country) ==
	       DESTINATION_OK;
}

static struct attempt *add_gateway(struct plan_draft *d, enum plan_rule rule, e164_t number,
	const struct cfg_gateway *gw, const struct sip_address *address)
{
	struct attempt *a = add_unreachable(d, rule, number);

	if (!a)
		return NULL;
	a->unavailable = TRIGGER_NONE;
	a->gateway_id = gw->id;
	a->first_response_seconds = gw->failover_seconds;
	plan_draft_address(a, address);
	return a;
}

static void add_gateways(struct plan_draft *d, enum plan_rule rule, e164_t number)
{
	struct gateway_choice c;

	if (!is_allowed(d->scope.account, number)) {
		add_denied(d, rule, number);
		return;
	}
	/* What was diverted again and again may be going round: not by several numbers at once. */
	if (d->call->diversions >= PLAN_DIVERSIONS_SOLO && d->numbers++) {
		plan_draft_loop(d, rule, number, NULL);
		return;
	}
	gateway_choose(d->cfg, number, &c);
	if (!c.count)
		add_unreachable(d, rule, number);
	for (unsigned i = 0; i < c.count; i++) {
		const struct cfg_gateway *gw = c.item[i].gw;
		struct attempt *a = add_gateway(d, rule, number, gw, &gw->address);

		if (!gw->failover_address.host)
			continue;
		if (a)
			a->one_address = true;
		(void)add_gateway(d, rule, number, gw, &gw->failover_address);
	}
}

/* A DID of ours that takes no calls. */
static void add_not_found(struct plan_draft *d, enum plan_rule rule, e164_t number)
{
	struct attempt *a = add_unreachable(d, rule, number);

	if (a)
		a->unavailable = TRIGGER_NOT_FOUND;
}

static void add_own_did(struct plan_draft *d, enum plan_rule rule, const struct cfg_did *did)
{
	struct plan_scope before = d->scope;
	unsigned from = d->count;

	if (!plan_draft_enter(d, rule, did, did->number, NULL))
		return;
	d->scope.diverts = true;
	if (did->enabled && did->account->enabled && (!did->trunk || did->trunk->enabled))
		plan_add_did(d, did);
	if (d->count == from)
		add_not_found(d, rule, did->number);
	plan_draft_leave(d, &before);
}

void plan_add_number(struct plan_draft *d, enum plan_rule rule, e164_t number)
{
	const struct cfg_did *did = cfg_did(d->cfg, number);
	const struct cfg_dial_plan *plan;
	char text[E164_TEXT_SIZE];

	e164_format(number, text);
	plan = cfg_dial_plan_by_internal(d->cfg, &d->scope.account->id, text + 1, strlen(text + 1));
	if (did)
		add_own_did(d, rule, did);
	else if (plan)
		plan_add_dial_plan(d, rule, plan);
	else
		add_gateways(d, rule, number);
}
