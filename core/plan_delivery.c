/* Delivery to the PBXs of a DID: the trunk's SIP accounts by High Availability mode, and backup PBXs. */
#include "core/plan_draft.h"

/* A SIP account as it stands at this moment. */
struct standing {
	enum trigger unavailable;
	bool down;
};

static void look_at(struct plan_draft *d, enum sip_account_role role, struct standing *standing)
{
	const struct cfg_trunk *trunk = d->did->trunk;
	const struct cfg_sip_account *acc = trunk->sip_account[role];
	struct observation obs = {0};

	*standing = (struct standing){.unavailable = TRIGGER_NOT_REGISTERED};
	if (!acc || (acc->auth_mode == AUTH_IP && !acc->address.host))
		return;
	d->observe(trunk, acc, &obs, d->arg);
	standing->down = obs.down;
	if (acc->auth_mode == AUTH_REGISTRATION && !obs.registered)
		return;
	standing->unavailable =
		obs.calls_up >= trunk->max_concurrent_calls ? TRIGGER_CAPACITY : TRIGGER_NONE;
}

static struct attempt *add_sip_account(struct plan_draft *d, enum ha_mode mode,
	enum sip_account_role role, const struct standing *standing)
{
	const struct cfg_did *did = d->did;
	const struct cfg_sip_account *acc = did->trunk->sip_account[role];
	/* Rules of delivery are the modes. */
	struct attempt *a = plan_draft_add(d, ATTEMPT_SIP_ACCOUNT, (enum plan_rule)mode);

	if (!a)
		return NULL;
	a->role = (uint8_t)role;
	a->holds_slot = true;
	a->unavailable = (uint8_t)standing->unavailable;
	if (did->incoming_action == INCOMING_RING_THEN_FORWARD && did->ring_seconds)
		a->ring_seconds = did->ring_seconds;
	if (!acc)
		return a;
	a->sip_account_id = acc->id;
	a->auth_mode = (uint8_t)acc->auth_mode;
	if (acc->auth_mode == AUTH_IP)
		plan_draft_address(a, &acc->address);
	return a;
}

/* Is the first of two accounts left untried? Not when the other one is no better off. */
static bool passes_over(struct standing *first, const struct standing *second)
{
	if (first->unavailable == TRIGGER_NOT_REGISTERED)
		return true;
	if (first->unavailable != TRIGGER_NONE || !first->down || second->down ||
		second->unavailable != TRIGGER_NONE)
		return false;
	first->unavailable = TRIGGER_UNREACHABLE;
	return true;
}

static void add_pair(struct plan_draft *d, enum ha_mode mode, enum sip_account_role first)
{
	enum sip_account_role second = first == ROLE_PRIMARY ? ROLE_SECONDARY : ROLE_PRIMARY;
	struct standing standing[ROLE_COUNT];
	struct attempt *a;
	bool over;

	look_at(d, first, &standing[first]);
	look_at(d, second, &standing[second]);
	over = passes_over(&standing[first], &standing[second]);
	a = add_sip_account(d, mode, first, &standing[first]);
	/* The mode moves the call here, not the customer's triggers. */
	if (a && over)
		a->triggers |= TRIGGER_BIT(standing[first].unavailable);
	add_sip_account(d, mode, second, &standing[second]);
}

static void add_one(struct plan_draft *d, enum ha_mode mode, enum sip_account_role role)
{
	struct standing standing;

	look_at(d, role, &standing);
	add_sip_account(d, mode, role, &standing);
}

static enum ha_mode mode_in_force(const struct cfg_trunk *trunk)
{
	return trunk->account->ha_addon && trunk->sip_account[ROLE_SECONDARY] ? trunk->ha_mode
									      : HA_ONLY_PRIMARY;
}

void plan_add_delivery(struct plan_draft *d)
{
	const struct cfg_trunk *trunk = d->did->trunk;
	enum sip_account_role by_turn = d->turn % 2 ? ROLE_SECONDARY : ROLE_PRIMARY;
	enum ha_mode mode;

	if (!trunk)
		return;
	mode = mode_in_force(trunk);
	switch (mode) {
	case HA_LOAD_BALANCING:
		add_one(d, mode, by_turn);
		break;
	case HA_AUTO_FAILOVER:
		add_pair(d, mode, ROLE_PRIMARY);
		break;
	case HA_LOAD_BALANCING_HEALTHY:
		add_pair(d, mode, by_turn);
		break;
	default:
		add_one(d, mode, ROLE_PRIMARY);
		break;
	}
	/* A call that finds the trunk full reaches nobody and costs nobody's turn. */
	d->takes_turn = (mode == HA_LOAD_BALANCING || mode == HA_LOAD_BALANCING_HEALTHY) &&
			d->attempt[0].unavailable != TRIGGER_CAPACITY;
}

void plan_add_backup_pbxs(struct plan_draft *d)
{
	const struct cfg_did *did = d->did;
	bool own = did->failover && did->failover->backup_pbxs.count;
	const struct sip_address_list *list =
		own ? &did->failover->backup_pbxs : &did->account->backup_pbxs;

	for (unsigned i = 0; i < list->count; i++) {
		struct attempt *a = plan_draft_add(
			d, ATTEMPT_BACKUP_PBX, own ? RULE_DID_BACKUP_PBX : RULE_ACCOUNT_BACKUP_PBX);

		if (!a)
			return;
		plan_draft_address(a, &list->item[i]);
	}
}
