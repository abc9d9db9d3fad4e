#include "core/cfg.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "core/cfg_store.h"
#include "core/mem.h"
#include "core/record.h"

struct cfg *cfg_new(void)
{
	struct cfg *cfg = mem_zalloc(1, sizeof(*cfg));
	uint8_t key[SIPHASH_KEY_LEN];

	if (!cfg)
		return NULL;
	did_table_init(&cfg->dids);
	pool_init(&cfg->did_failovers, sizeof(struct cfg_did_failover));
	pool_init(&cfg->did_flows, sizeof(struct cfg_did_flow));
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key) ||
		hash_init(&cfg->accounts, key, 0) || hash_init(&cfg->trunks, key, 0) ||
		hash_init(&cfg->sip_accounts, key, 0) || hash_init(&cfg->gateways, key, 0) ||
		hash_init(&cfg->dial_plans, key, 0) || hash_init(&cfg->usernames, key, 0) ||
		hash_init(&cfg->internals, key, 0) || ip_index_init(&cfg->account_ips, key) ||
		ip_index_init(&cfg->gateway_ips, key)) {
		cfg_free(cfg);
		return NULL;
	}
	return cfg;
}

void account_node_free(struct account_node *n)
{
	if (!n)
		return;
	mem_free(n->account.timezone);
	destination_rules_fini(&n->account.destination_rules);
	sip_address_list_fini(&n->account.backup_pbxs);
	mem_free(n);
}

void trunk_node_free(struct trunk_node *n)
{
	if (!n)
		return;
	mem_free(n->trunk.caller_id);
	mem_free(n);
}

void sip_account_node_free(struct sip_account_node *n)
{
	if (!n)
		return;
	mem_free(n->acc.label);
	mem_free(n->acc.username);
	explicit_bzero(n->acc.ha1_md5, sizeof(n->acc.ha1_md5));
	explicit_bzero(n->acc.ha1_sha256, sizeof(n->acc.ha1_sha256));
	mem_free(n->acc.ip_addresses.item);
	sip_address_fini(&n->acc.address);
	mem_free(n->ip);
	mem_free(n);
}

void dial_plan_node_free(struct dial_plan_node *n)
{
	if (!n)
		return;
	mem_free(n->plan.name);
	mem_free(n->plan.internal_number);
	dial_steps_fini(&n->plan.steps);
	mem_free(n);
}

void did_flow_clear(struct cfg_did_flow *flow)
{
	forwardings_free(flow->forwarding, flow->forwarding_count);
	*flow = (struct cfg_did_flow){0};
}

static void registration_fini(struct cfg_registration *r)
{
	if (r->password)
		explicit_bzero(r->password, strlen(r->password));
	mem_free(r->password);
	mem_free(r->username);
	sip_address_fini(&r->registrar);
	sip_address_fini(&r->failover_registrar);
}

void gateway_node_free(struct gateway_node *n)
{
	if (!n)
		return;
	registration_fini(&n->gw.registration);
	mem_free(n->gw.name);
	sip_address_fini(&n->gw.address);
	sip_address_fini(&n->gw.failover_address);
	mem_free(n->gw.prefixes);
	mem_free(n->gw.inbound_ip_addresses.item);
	mem_free(n->ip);
	mem_free(n);
}

static int free_account(struct hash_link *l, void *arg)
{
	(void)arg;
	account_node_free(HASH_OBJECT(l, struct account_node, by_id));
	return 0;
}

static int free_trunk(struct hash_link *l, void *arg)
{
	(void)arg;
	trunk_node_free(HASH_OBJECT(l, struct trunk_node, by_id));
	return 0;
}

static int free_sip_account(struct hash_link *l, void *arg)
{
	(void)arg;
	sip_account_node_free(HASH_OBJECT(l, struct sip_account_node, by_id));
	return 0;
}

static int free_dial_plan(struct hash_link *l, void *arg)
{
	(void)arg;
	dial_plan_node_free(HASH_OBJECT(l, struct dial_plan_node, by_id));
	return 0;
}

static int free_gateway(struct hash_link *l, void *arg)
{
	(void)arg;
	gateway_node_free(HASH_OBJECT(l, struct gateway_node, by_id));
	return 0;
}

static void free_did_lists(struct cfg_did *did, void *arg)
{
	(void)arg;
	if (!did->failover)
		return;
	sip_address_list_fini(&did->failover->backup_pbxs);
	if (did->failover->flow)
		did_flow_clear(did->failover->flow);
}

void cfg_free(struct cfg *cfg)
{
	if (!cfg)
		return;
	did_table_each(&cfg->dids, free_did_lists, NULL);
	did_table_fini(&cfg->dids);
	pool_fini(&cfg->did_failovers);
	pool_fini(&cfg->did_flows);
	hash_fini(&cfg->usernames);
	hash_fini(&cfg->internals);
	ip_index_fini(&cfg->account_ips);
	ip_index_fini(&cfg->gateway_ips);
	hash_each(&cfg->gateways, free_gateway, NULL);
	hash_fini(&cfg->gateways);
	hash_each(&cfg->dial_plans, free_dial_plan, NULL);
	hash_fini(&cfg->dial_plans);
	hash_each(&cfg->sip_accounts, free_sip_account, NULL);
	hash_fini(&cfg->sip_accounts);
	hash_each(&cfg->trunks, free_trunk, NULL);
	hash_fini(&cfg->trunks);
	hash_each(&cfg->accounts, free_account, NULL);
	hash_fini(&cfg->accounts);
	mem_free(cfg);
}

/* Ids come first in every public object, and that first in its node. */
static struct hash_link *find_id(const struct hash *h, const struct uuid *id, size_t link_offset)
{
	struct hash_link *l = hash_first(h, hash_key(h, id, sizeof(*id)));

	while (l && memcmp((char *)l - link_offset, id, sizeof(*id)))
		l = hash_next(l);
	return l;
}

#define FIND_NODE(table, id, type)                                                                 \
	struct hash_link *l = find_id(&(table), (id), offsetof(type, by_id));                      \
	return l ? HASH_OBJECT(l, type, by_id) : NULL

struct account_node *cfg_account_node(const struct cfg *cfg, const struct uuid *id)
{
	FIND_NODE(cfg->accounts, id, struct account_node);
}

struct trunk_node *cfg_trunk_node(const struct cfg *cfg, const struct uuid *id)
{
	FIND_NODE(cfg->trunks, id, struct trunk_node);
}

struct sip_account_node *cfg_sip_account_node(const struct cfg *cfg, const struct uuid *id)
{
	FIND_NODE(cfg->sip_accounts, id, struct sip_account_node);
}

struct dial_plan_node *cfg_dial_plan_node(const struct cfg *cfg, const struct uuid *id)
{
	FIND_NODE(cfg->dial_plans, id, struct dial_plan_node);
}

struct gateway_node *cfg_gateway_node(const struct cfg *cfg, const struct uuid *id)
{
	FIND_NODE(cfg->gateways, id, struct gateway_node);
}

const struct cfg_account *cfg_account(const struct cfg *cfg, const struct uuid *id)
{
	return (const struct cfg_account *)cfg_account_node(cfg, id);
}

const struct cfg_trunk *cfg_trunk(const struct cfg *cfg, const struct uuid *id)
{
	return (const struct cfg_trunk *)cfg_trunk_node(cfg, id);
}

const struct cfg_sip_account *cfg_sip_account(const struct cfg *cfg, const struct uuid *id)
{
	return (const struct cfg_sip_account *)cfg_sip_account_node(cfg, id);
}

const struct cfg_gateway *cfg_gateway(const struct cfg *cfg, const struct uuid *id)
{
	return (const struct cfg_gateway *)cfg_gateway_node(cfg, id);
}

const struct cfg_sip_account *cfg_sip_account_by_username(
	const struct cfg *cfg, const char *username, size_t len)
{
	struct hash_link *l = hash_first(&cfg->usernames, hash_key(&cfg->usernames, username, len));

	for (; l; l = hash_next(l)) {
		struct sip_account_node *n = HASH_OBJECT(l, struct sip_account_node, by_username);

		if (strlen(n->acc.username) == len && !memcmp(n->acc.username, username, len))
			return &n->acc;
	}
	return NULL;
}

const struct cfg_sip_account *cfg_sip_account_by_ip(const struct cfg *cfg, const uint8_t addr[16])
{
	return ip_index_find(&cfg->account_ips, addr);
}

const struct cfg_dial_plan *cfg_dial_plan(const struct cfg *cfg, const struct uuid *id)
{
	return (const struct cfg_dial_plan *)cfg_dial_plan_node(cfg, id);
}

/* len at most DIAL_INTERNAL_MAX */
uint64_t cfg_internal_key(
	const struct cfg *cfg, const struct uuid *account_id, const char *internal, size_t len)
{
	uint8_t key[sizeof(*account_id) + DIAL_INTERNAL_MAX];

	memcpy(key, account_id, sizeof(*account_id));
	memcpy(key + sizeof(*account_id), internal, len);
	return hash_key(&cfg->internals, key, sizeof(*account_id) + len);
}

const struct cfg_dial_plan *cfg_dial_plan_by_internal(
	const struct cfg *cfg, const struct uuid *account_id, const char *internal, size_t len)
{
	struct hash_link *l;

	if (len == 0 || len > DIAL_INTERNAL_MAX)
		return NULL;
	l = hash_first(&cfg->internals, cfg_internal_key(cfg, account_id, internal, len));
	for (; l; l = hash_next(l)) {
		const struct cfg_dial_plan *p =
			&HASH_OBJECT(l, struct dial_plan_node, by_internal)->plan;

		if (strlen(p->internal_number) == len &&
			!memcmp(p->internal_number, internal, len) &&
			uuid_equal(&p->account->id, account_id))
			return p;
	}
	return NULL;
}

struct sip_account_walk {
	cfg_sip_account_h *h;
	void *arg;
};

static int walk_sip_account(void *owner, void *arg)
{
	const struct sip_account_walk *w = arg;

	return w->h(owner, w->arg);
}

int cfg_each_sip_account_by_ip(
	const struct cfg *cfg, const uint8_t addr[16], cfg_sip_account_h *h, void *arg)
{
	struct sip_account_walk w = {h, arg};

	return ip_index_each(&cfg->account_ips, addr, walk_sip_account, &w);
}

const struct cfg_did *cfg_did(const struct cfg *cfg, e164_t number)
{
	return did_table_find(&cfg->dids, number);
}

const struct cfg_gateway *cfg_gateway_by_ip(const struct cfg *cfg, const uint8_t addr[16])
{
	return ip_index_find(&cfg->gateway_ips, addr);
}

struct walk {
	cfg_gateway_h *gateway;
	cfg_trunk_h *trunk;
	void *arg;
};

static int walk_gateway(struct hash_link *l, void *arg)
{
	struct walk *w = arg;

	return w->gateway(&HASH_OBJECT(l, struct gateway_node, by_id)->gw, w->arg);
}

static int walk_trunk(struct hash_link *l, void *arg)
{
	struct walk *w = arg;

	return w->trunk(&HASH_OBJECT(l, struct trunk_node, by_id)->trunk, w->arg);
}

int cfg_each_gateway(const struct cfg *cfg, cfg_gateway_h *h, void *arg)
{
	struct walk w = {.gateway = h, .arg = arg};

	return hash_each(&cfg->gateways, walk_gateway, &w);
}

int cfg_each_trunk(const struct cfg *cfg, cfg_trunk_h *h, void *arg)
{
	struct walk w = {.trunk = h, .arg = arg};

	return hash_each(&cfg->trunks, walk_trunk, &w);
}

void cfg_count(const struct cfg *cfg, struct cfg_counts *counts)
{
	counts->accounts = cfg->accounts.count;
	counts->trunks = cfg->trunks.count;
	counts->sip_accounts = cfg->sip_accounts.count;
	counts->dial_plans = cfg->dial_plans.count;
	counts->dids = cfg->dids.count;
	counts->gateways = cfg->gateways.count;
	counts->bytes = did_table_bytes(&cfg->dids) + cfg->did_failovers.bytes +
			cfg->did_flows.bytes + counts->dial_plans * sizeof(struct dial_plan_node) +
			counts->accounts * sizeof(struct account_node) +
			counts->trunks * sizeof(struct trunk_node) +
			counts->sip_accounts * sizeof(struct sip_account_node) +
			counts->gateways * sizeof(struct gateway_node);
}
