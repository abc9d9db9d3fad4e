#include "core/plan.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

enum {
	FIRST_RESPONSE_SECONDS = 15,
	RING_SECONDS = 180,
	MAX_CALL_SECONDS = 4 * 3600,
	STATUS_NOT_FOUND = 404,
	STATUS_UNAVAILABLE = 480,
};

/* What moves a call from one gateway to the next: nothing that the called party had a say in. */
#define GATEWAY_TRIGGERS                                                                           \
	((trigger_set)(TRIGGER_BIT(TRIGGER_NO_RESPONSE) | TRIGGER_BIT(TRIGGER_SERVER_ERROR) |      \
		       TRIGGER_BIT(TRIGGER_UNREACHABLE)))

/* A plan being put together; hosts still point into the configuration. */
struct draft {
	const struct cfg *cfg;
	const struct cfg_did *did;
	plan_observe_h *observe;
	void *arg;
	uint32_t turn;
	bool takes_turn;
	unsigned count;
	struct attempt attempt[PLAN_ATTEMPTS_MAX];
};

static const char *const kind_words[ATTEMPT_KIND_COUNT] = {"sip_account", "backup_pbx", "number"};

static const char *const rule_words[RULE_COUNT] = {"only_primary", "load_balancing",
	"auto_failover", "load_balancing_healthy", "did_backup_pbx", "account_backup_pbx",
	"did_failover_number", "account_failover_number"};

static const char *const refusal_words[PLAN_REFUSAL_COUNT] = {
	"ok", "unknown_did", "disabled", "no_target"};

const char *attempt_kind_word(enum attempt_kind k)
{
	return (unsigned)k < ATTEMPT_KIND_COUNT ? kind_words[k] : "";
}

const char *plan_rule_word(enum plan_rule r)
{
	return (unsigned)r < RULE_COUNT ? rule_words[r] : "";
}

const char *plan_refusal_word(enum plan_refusal r)
{
	return (unsigned)r < PLAN_REFUSAL_COUNT ? refusal_words[r] : "";
}

static void set_address(struct attempt *a, const struct sip_address *from)
{
	a->address.host = from->host;
	a->address.port = from->port;
	a->address.transport = (uint8_t)from->transport;
}

/* The next attempt with what all of a DID's attempts share; NULL when the plan is full. */
static struct attempt *add(struct draft *d, enum attempt_kind kind, enum plan_rule rule)
{
	const struct cfg_did *did = d->did;
	const struct cfg_trunk *trunk = did->trunk;
	struct attempt *a;

	if (d->count == PLAN_ATTEMPTS_MAX)
		return NULL;
	a = &d->attempt[d->count++];
	*a = (struct attempt){
		.kind = (uint8_t)kind,
		.rule = (uint8_t)rule,
		.unavailable = TRIGGER_NONE,
		.did_delivery = (uint8_t)(trunk ? trunk->did_delivery : DELIVER_REQUEST_URI),
		.triggers = trunk ? trunk->triggers : TRIGGERS_DEFAULT,
		.first_response_seconds =
			trunk ? trunk->first_response_seconds : FIRST_RESPONSE_SECONDS,
		.ring_seconds = trunk ? trunk->ring_seconds : RING_SECONDS,
	};
	if (did->has_triggers)
		a->triggers = did->triggers;
	return a;
}

/* A SIP account as it stands at this moment. */
struct standing {
	enum trigger unavailable;
	bool down;
};

static void look_at(struct draft *d, enum sip_account_role role, struct standing *standing)
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

static struct attempt *add_sip_account(struct draft *d, enum ha_mode mode,
	enum sip_account_role role, const struct standing *standing)
{
	const struct cfg_did *did = d->did;
	const struct cfg_sip_account *acc = did->trunk->sip_account[role];
	/* Rules of delivery are the modes. */
	struct attempt *a = add(d, ATTEMPT_SIP_ACCOUNT, (enum plan_rule)mode);

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
		set_address(a, &acc->address);
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

static void add_pair(struct draft *d, enum ha_mode mode, enum sip_account_role first)
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

static void add_one(struct draft *d, enum ha_mode mode, enum sip_account_role role)
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

static void add_delivery(struct draft *d)
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

static void add_backup_pbxs(struct draft *d)
{
	const struct cfg_did *did = d->did;
	bool own = did->failover && did->failover->backup_pbxs.count;
	const struct sip_address_list *list =
		own ? &did->failover->backup_pbxs : &did->account->backup_pbxs;

	for (unsigned i = 0; i < list->count; i++) {
		struct attempt *a = add(
			d, ATTEMPT_BACKUP_PBX, own ? RULE_DID_BACKUP_PBX : RULE_ACCOUNT_BACKUP_PBX);

		if (!a)
			return;
		set_address(a, &list->item[i]);
	}
}

/* The gateways that carry a number, best first. */
struct choice {
	char number[E164_TEXT_SIZE]; /* with '+' */
	unsigned count;
	struct {
		const struct cfg_gateway *gw;
		unsigned match;
	} item[PLAN_ATTEMPTS_MAX];
};

/* One more than the digits of the longest prefix that the number begins with; 0: none does. */
static unsigned prefix_match(const struct cfg_gateway *gw, const char *number)
{
	unsigned best = gw->prefixes[0] ? 0 : 1;

	for (char **p = gw->prefixes; *p; p++) {
		size_t len = strlen(*p);

		if (len + 1 > best && !strncmp(number + 1, *p, len))
			best = (unsigned)len + 1;
	}
	return best;
}

static bool better(const struct cfg_gateway *a, unsigned a_match, const struct cfg_gateway *b,
	unsigned b_match)
{
	if (a->public_trunk != b->public_trunk)
		return b->public_trunk;
	if (a_match != b_match)
		return a_match > b_match;
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return uuid_compare(&a->id, &b->id) < 0;
}

static int choose(const struct cfg_gateway *gw, void *arg)
{
	struct choice *c = arg;
	unsigned match = gw->enabled ? prefix_match(gw, c->number) : 0;
	unsigned at;

	if (!match)
		return 0;
	if (c->count < PLAN_ATTEMPTS_MAX)
		c->count++;
	else if (!better(gw, match, c->item[c->count - 1].gw, c->item[c->count - 1].match))
		return 0;
	for (at = c->count - 1; at; at--) {
		if (!better(gw, match, c->item[at - 1].gw, c->item[at - 1].match))
			break;
		c->item[at] = c->item[at - 1];
	}
	c->item[at].gw = gw;
	c->item[at].match = match;
	return 0;
}

static void set_display(struct attempt *a, const struct cfg_did *did)
{
	const struct cfg_did_failover *f = did->failover;
	bool own = f && f->has_display;

	a->display =
		(uint8_t)(own ? f->calling_party_display : did->account->calling_party_display);
	if (a->display != DISPLAY_FIXED)
		return;
	a->display_number = f && f->calling_party_number ? f->calling_party_number
							 : did->account->calling_party_number;
}

/* The number without a gateway yet: out of reach. */
static struct attempt *add_unreachable(struct draft *d, enum plan_rule rule, e164_t number)
{
	struct attempt *a = add(d, ATTEMPT_NUMBER, rule);

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

static void add_gateway(struct draft *d, enum plan_rule rule, e164_t number,
	const struct cfg_gateway *gw, const struct sip_address *address)
{
	struct attempt *a = add_unreachable(d, rule, number);

	if (!a)
		return;
	a->unavailable = TRIGGER_NONE;
	a->gateway_id = gw->id;
	a->first_response_seconds = gw->failover_seconds;
	set_address(a, address);
}

static void add_number(struct draft *d)
{
	const struct cfg_did *did = d->did;
	bool own = did->failover && did->failover->number;
	enum plan_rule rule = own ? RULE_DID_FAILOVER_NUMBER : RULE_ACCOUNT_FAILOVER_NUMBER;
	e164_t number = own ? did->failover->number : did->account->failover_number;
	struct choice c = {.count = 0};

	if (!number || number == did->number)
		return;
	e164_format(number, c.number);
	cfg_each_gateway(d->cfg, choose, &c);
	if (!c.count)
		add_unreachable(d, rule, number);
	for (unsigned i = 0; i < c.count; i++) {
		const struct cfg_gateway *gw = c.item[i].gw;

		add_gateway(d, rule, number, gw, &gw->address);
		if (gw->failover_address.host)
			add_gateway(d, rule, number, gw, &gw->failover_address);
	}
}

/* Copies the attempts, and behind them the hosts they point to, into one block. */
static int take_attempts(struct plan *plan, const struct draft *d)
{
	size_t size = d->count * sizeof(*plan->attempt);
	char *text;

	for (unsigned i = 0; i < d->count; i++)
		if (d->attempt[i].address.host)
			size += strlen(d->attempt[i].address.host) + 1;
	plan->attempt = mem_alloc(size);
	if (!plan->attempt)
		return ENOMEM;
	memcpy(plan->attempt, d->attempt, d->count * sizeof(*plan->attempt));
	text = (char *)(plan->attempt + d->count);
	for (unsigned i = 0; i < d->count; i++) {
		struct attempt *a = &plan->attempt[i];
		size_t len;

		if (!a->address.host)
			continue;
		len = strlen(a->address.host) + 1;
		a->address.host = memcpy(text, a->address.host, len);
		text += len;
	}
	plan->count = d->count;
	return 0;
}

static void refuse(struct plan *plan, enum plan_refusal refusal, unsigned status)
{
	plan->refusal = refusal;
	plan->status = status;
}

int plan_build(const struct cfg *cfg, const struct plan_call *call, plan_observe_h *observe,
	void *arg, struct plan *plan)
{
	const struct cfg_did *did = cfg_did(cfg, call->did);
	struct draft d;

	*plan = (struct plan){.did = call->did, .max_call_seconds = MAX_CALL_SECONDS};
	if (!did) {
		refuse(plan, PLAN_UNKNOWN_DID, STATUS_NOT_FOUND);
		return 0;
	}
	plan->account_id = did->account->id;
	if (did->trunk) {
		plan->trunk_id = did->trunk->id;
		plan->max_concurrent_calls = did->trunk->max_concurrent_calls;
		plan->max_call_seconds = did->trunk->max_call_seconds;
	}
	if (!did->enabled || !did->account->enabled)
		refuse(plan, PLAN_DISABLED, STATUS_NOT_FOUND);
	else if (did->trunk && !did->trunk->enabled)
		refuse(plan, PLAN_DISABLED, STATUS_UNAVAILABLE);
	if (plan->refusal)
		return 0;
	d.cfg = cfg;
	d.did = did;
	d.observe = observe;
	d.arg = arg;
	d.turn = call->turn;
	d.takes_turn = false;
	d.count = 0;
	add_delivery(&d);
	plan->takes_turn = d.takes_turn;
	add_backup_pbxs(&d);
	add_number(&d);
	if (d.count)
		return take_attempts(plan, &d);
	refuse(plan, PLAN_NO_TARGET, STATUS_UNAVAILABLE);
	return 0;
}

void plan_fini(struct plan *plan)
{
	mem_free(plan->attempt);
	plan->attempt = NULL;
	plan->count = 0;
}

uint32_t plan_worst_case_seconds(const struct plan *plan)
{
	uint32_t seconds = 0;

	for (unsigned i = 0; i < plan->count; i++) {
		const struct attempt *a = &plan->attempt[i];
		unsigned fails = a->unavailable;

		if (fails == TRIGGER_NONE) {
			seconds += a->first_response_seconds;
			fails = TRIGGER_NO_RESPONSE;
		}
		if (!(a->triggers & TRIGGER_BIT(fails)))
			break;
	}
	return seconds;
}

e164_t plan_did_of_user(const struct cfg *cfg, const char *user, size_t len)
{
	const char *parameters = memchr(user, ';', len); /* "+14155550100;npdi", RFC 3966 */
	e164_t number;

	if (parameters)
		len = (size_t)(parameters - user);
	if (e164_parse(user, len, "", &number, NULL))
		return 0;
	if (user[0] != '+' && e164_digits(number) == 10 && !cfg_did(cfg, number)) {
		e164_t with_one = number + UINT64_C(10000000000);

		if (cfg_did(cfg, with_one))
			return with_one;
	}
	return number;
}
