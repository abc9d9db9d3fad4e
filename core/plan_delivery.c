/* Delivery to PBXs: a trunk's SIP accounts by High Availability mode, and backup PBXs. */
#include "core/plan_draft.h"

/* A trunk whose turn it is to be called. */
struct delivery {
	struct plan_draft *d;
	const struct cfg_trunk *trunk;
	const trigger_set *triggers; /* NULL: the trunk's */
	enum ha_mode mode; /* in force */
	bool takes_turn;
};

/* A SIP account as it stands at this moment. */
struct standing {
	enum trigger unavailable;
	bool down;
	uint32_t turn; /* of the trunk */
};

static void look_at(const struct delivery *v, enum sip_account_role role, struct standing *standing)
{
	const struct cfg_trunk *trunk = v->trunk;
	const struct cfg_sip_account *acc = trunk->sip_account[role];
	struct observation obs = {0};

	*standing = (struct standing){.unavailable = TRIGGER_NOT_REGISTERED};
	if (trunk->draining) {
		standing->unavailable = TRIGGER_CAPACITY;
		return;
	}
	if (!acc || (acc->auth_mode == AUTH_IP && !acc->address.host))
		return;
	v->d->observe(trunk, acc, &obs, v->d->arg);
	standing->down = obs.down;
	standing->turn = obs.turn;
	if (acc->auth_mode == AUTH_REGISTRATION && !obs.registered)
		return;
	standing->unavailable =
		obs.calls_up >= trunk->max_concurrent_calls ? TRIGGER_CAPACITY : TRIGGER_NONE;
}

/* The DID for whose sake a PBX is called, when it is another one than what the caller dialled. */
static void call_for(struct attempt *a, const struct plan_draft *d)
{
	const struct cfg_did *did = d->scope.did;

	if (did && did->number != d->call->did)
		a->number = did->number;
}

/* How long the PBXs of the DID in hand may ring, unless a step says otherwise. */
static void set_ring_time(struct attempt *a, const struct plan_draft *d)
{
	const struct cfg_did *did = d->scope.did;

	if (!d->scope.ring_seconds && !d->scope.dial_plan && did && did->ring_seconds &&
		did->incoming_action == INCOMING_RING_THEN_FORWARD)
		a->ring_seconds = did->ring_seconds;
}

static struct attempt *add_sip_account(
	struct delivery *v, enum sip_account_role role, const struct standing *standing)
{
	const struct cfg_trunk *trunk = v->trunk;
	const struct cfg_sip_account *acc = trunk->sip_account[role];
	/* Rules of delivery are the modes. */
	struct attempt *a =
		plan_draft_add(v->d, ATTEMPT_SIP_ACCOUNT, (enum plan_rule)v->mode, trunk);

	if (!a)
		return NULL;
	if (v->triggers)
		a->triggers = *v->triggers;
	a->role = (uint8_t)role;
	a->trunk_id = trunk->id;
	a->holds_slot = true;
	a->max_concurrent_calls = trunk->max_concurrent_calls;
	a->max_call_seconds = trunk->max_call_seconds;
	a->takes_turn = v->takes_turn;
	v->takes_turn = false; /* one for the call */
	a->unavailable = (uint8_t)standing->unavailable;
	/* Maintenance moves the call on, not the customer's triggers. */
	if (trunk->draining)
		a->triggers |= TRIGGER_BIT(TRIGGER_CAPACITY);
	set_ring_time(a, v->d);
	call_for(a, v->d);
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

static void add_pair(struct delivery *v, enum sip_account_role first, struct standing *standing)
{
	enum sip_account_role second = first == ROLE_PRIMARY ? ROLE_SECONDARY : ROLE_PRIMARY;
	bool over = passes_over(&standing[first], &standing[second]);
	struct attempt *a = add_sip_account(v, first, &standing[first]);

	/* The mode moves the call here, not the customer's triggers. */
	if (a && over)
		a->triggers |= TRIGGER_BIT(standing[first].unavailable);
	add_sip_account(v, second, &standing[second]);
}

static enum ha_mode mode_in_force(const struct cfg_trunk *trunk)
{
	return trunk->account->ha_addon && trunk->sip_account[ROLE_SECONDARY] ? trunk->ha_mode
									      : HA_ONLY_PRIMARY;
}

/* Both accounts see the turn of their trunk; one that cannot be asked sees none. */
static enum sip_account_role whose_turn(const struct standing standing[ROLE_COUNT])
{
	uint32_t turn = standing[ROLE_PRIMARY].turn | standing[ROLE_SECONDARY].turn;

	return turn % 2 ? ROLE_SECONDARY : ROLE_PRIMARY;
}

void plan_add_delivery(
	struct plan_draft *d, const struct cfg_trunk *trunk, const trigger_set *triggers)
{
	struct delivery v = {d, trunk, triggers, mode_in_force(trunk), false};
	struct standing standing[ROLE_COUNT] = {{.turn = 0}, {.turn = 0}};
	enum sip_account_role by_turn;

	look_at(&v, ROLE_PRIMARY, &standing[ROLE_PRIMARY]);
	if (v.mode != HA_ONLY_PRIMARY)
		look_at(&v, ROLE_SECONDARY, &standing[ROLE_SECONDARY]);
	by_turn = whose_turn(standing);
	v.takes_turn = v.mode == HA_LOAD_BALANCING || v.mode == HA_LOAD_BALANCING_HEALTHY;
	switch (v.mode) {
	case HA_LOAD_BALANCING:
		add_sip_account(&v, by_turn, &standing[by_turn]);
		break;
	case HA_AUTO_FAILOVER:
		add_pair(&v, ROLE_PRIMARY, standing);
		break;
	case HA_LOAD_BALANCING_HEALTHY:
		add_pair(&v, by_turn, standing);
		break;
	default:
		add_sip_account(&v, ROLE_PRIMARY, &standing[ROLE_PRIMARY]);
		break;
	}
}

void plan_add_backup_pbxs(struct plan_draft *d, const trigger_set *triggers)
{
	const struct cfg_did *did = d->scope.did;
	bool own = did->failover && did->failover->backup_pbxs.count;
	const struct sip_address_list *list =
		own ? &did->failover->backup_pbxs : &did->account->backup_pbxs;

	for (unsigned i = 0; i < list->count; i++) {
		struct attempt *a = plan_draft_add(d, ATTEMPT_BACKUP_PBX,
			own ? RULE_DID_BACKUP_PBX : RULE_ACCOUNT_BACKUP_PBX, did->trunk);

		if (!a)
			return;
		if (triggers)
			a->triggers = *triggers;
		set_ring_time(a, d);
		call_for(a, d);
		plan_draft_address(a, &list->item[i]);
	}
}
