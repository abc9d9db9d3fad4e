/* A failover number, through the gateways. */
#include "core/plan_draft.h"
#include "core/plan_gateway.h"

/* What moves a call from one gateway to the next: nothing that the called party had a say in. */
#define GATEWAY_TRIGGERS                                                                           \
	((trigger_set)(TRIGGER_BIT(TRIGGER_NO_RESPONSE) | TRIGGER_BIT(TRIGGER_SERVER_ERROR) |      \
		       TRIGGER_BIT(TRIGGER_UNREACHABLE)))

static void set_display(struct attempt *a, const struct cfg_did *did)
{
	const struct cfg_did_failover *f = did->failover;

	a->display = (uint8_t)(did->has_display ? did->calling_party_display
						: did->account->calling_party_display);
	if (a->display != DISPLAY_FIXED)
		return;
	a->display_number = f && f->calling_party_number ? f->calling_party_number
							 : did->account->calling_party_number;
}

/* The number without a gateway yet: out of reach. */
static struct attempt *add_unreachable(struct plan_draft *d, enum plan_rule rule, e164_t number)
{
	struct attempt *a = plan_draft_add(d, ATTEMPT_NUMBER, rule);

	if (!a)
		return NULL;
	a->number = number;
	a->diverts = true;
	a->did_delivery = DELIVER_REQUEST_URI;
	a->triggers = GATEWAY_TRIGGERS;
	a->unavailable = TRIGGER_UNREACHABLE;
	set_display(a, d->did);
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

static void add_gateway(struct plan_draft *d, enum plan_rule rule, e164_t number,
	const struct cfg_gateway *gw, const struct sip_address *address)
{
	struct attempt *a = add_unreachable(d, rule, number);

	if (!a)
		return;
	a->unavailable = TRIGGER_NONE;
	a->gateway_id = gw->id;
	a->first_response_seconds = gw->failover_seconds;
	plan_draft_address(a, address);
}

void plan_add_failover_number(struct plan_draft *d)
{
	const struct cfg_did *did = d->did;
	bool own = did->failover && did->failover->number;
	enum plan_rule rule = own ? RULE_DID_FAILOVER_NUMBER : RULE_ACCOUNT_FAILOVER_NUMBER;
	e164_t number = own ? did->failover->number : did->account->failover_number;
	struct gateway_choice c;

	if (!number || number == did->number)
		return;
	if (!is_allowed(did->account, number)) {
		add_denied(d, rule, number);
		return;
	}
	gateway_choose(d->cfg, number, &c);
	if (!c.count)
		add_unreachable(d, rule, number);
	for (unsigned i = 0; i < c.count; i++) {
		const struct cfg_gateway *gw = c.item[i].gw;

		add_gateway(d, rule, number, gw, &gw->address);
		if (gw->failover_address.host)
			add_gateway(d, rule, number, gw, &gw->failover_address);
	}
}
