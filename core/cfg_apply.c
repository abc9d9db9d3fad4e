/* Puts parsed records into the configuration. A replaced object keeps its address and what points
 * to it; only its contents change places with those of the record, which takes the old ones away. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/cfg_change.h"
#include "core/record.h"

static int refuse(struct cfg_reject *reject, int err, const char *reason)
{
	if (reject)
		snprintf(reject->reason, sizeof(reject->reason), "%s", reason);
	return err;
}

static int refuse_in_use(
	struct cfg_reject *reject, uint32_t first, const char *firsts, uint32_t dids)
{
	if (reject)
		snprintf(reject->reason, sizeof(reject->reason), "%u %s and %u DIDs still use it",
			first, firsts, dids);
	return EINVAL;
}

#define SWAP(type, a, b)                                                                           \
	do {                                                                                       \
		type swap_ = (a);                                                                  \
		(a) = (b);                                                                         \
		(b) = swap_;                                                                       \
	} while (0)

static void insert_id(struct hash *h, struct hash_link *link, const struct uuid *id)
{
	hash_insert(h, link, hash_key(h, id, sizeof(*id)));
}

static int apply_account(struct cfg *cfg, struct cfg_change *c)
{
	struct account_node *n = c->account;
	struct account_node *old = cfg_account_node(cfg, &n->account.id);

	if (old) {
		SWAP(struct cfg_account, old->account, n->account);
		return 0;
	}
	insert_id(&cfg->accounts, &n->by_id, &n->account.id);
	c->account = NULL;
	return 0;
}

static int apply_trunk(struct cfg *cfg, struct cfg_change *c, struct cfg_reject *reject)
{
	struct trunk_node *n = c->trunk;
	struct trunk_node *old = cfg_trunk_node(cfg, &n->trunk.id);
	struct account_node *account = cfg_account_node(cfg, &c->owner);

	if (!account)
		return refuse(reject, ENOENT, "account_id names no account");
	n->trunk.account = &account->account;
	account->trunks++;
	if (old) {
		((struct account_node *)old->trunk.account)->trunks--;
		memcpy(n->trunk.sip_account, old->trunk.sip_account, sizeof(n->trunk.sip_account));
		SWAP(struct cfg_trunk, old->trunk, n->trunk);
		return 0;
	}
	insert_id(&cfg->trunks, &n->by_id, &n->trunk.id);
	c->trunk = NULL;
	return 0;
}

static void index_dial_plan(struct cfg *cfg, struct dial_plan_node *n)
{
	const struct cfg_dial_plan *p = &n->plan;

	((struct account_node *)p->account)->dial_plans++;
	hash_insert(&cfg->internals, &n->by_internal,
		cfg_internal_key(
			cfg, &p->account->id, p->internal_number, strlen(p->internal_number)));
}

static void unindex_dial_plan(struct cfg *cfg, struct dial_plan_node *n)
{
	((struct account_node *)n->plan.account)->dial_plans--;
	hash_remove(&cfg->internals, &n->by_internal);
}

static int apply_dial_plan(struct cfg *cfg, struct cfg_change *c, struct cfg_reject *reject)
{
	struct dial_plan_node *n = c->dial_plan;
	struct dial_plan_node *old = cfg_dial_plan_node(cfg, &n->plan.id);
	struct account_node *account = cfg_account_node(cfg, &c->owner);

	if (!account)
		return refuse(reject, ENOENT, "account_id names no account");
	n->plan.account = &account->account;
	if (old) {
		unindex_dial_plan(cfg, old);
		SWAP(struct cfg_dial_plan, old->plan, n->plan);
		index_dial_plan(cfg, old);
		return 0;
	}
	insert_id(&cfg->dial_plans, &n->by_id, &n->plan.id);
	index_dial_plan(cfg, n);
	c->dial_plan = NULL;
	return 0;
}

static void index_sip_account(struct cfg *cfg, struct sip_account_node *n)
{
	struct trunk_node *trunk = (struct trunk_node *)n->acc.trunk;

	trunk->sip_accounts++;
	trunk->trunk.sip_account[n->acc.role] = &n->acc;
	if (n->acc.auth_mode == AUTH_REGISTRATION) {
		hash_insert(&cfg->usernames, &n->by_username,
			hash_key(&cfg->usernames, n->acc.username, strlen(n->acc.username)));
		return;
	}
	for (unsigned i = 0; i < n->acc.ip_addresses.count; i++)
		ip_index_add(&cfg->account_ips, &n->ip[i]);
}

static void unindex_sip_account(struct cfg *cfg, struct sip_account_node *n)
{
	struct trunk_node *trunk = (struct trunk_node *)n->acc.trunk;

	trunk->sip_accounts--;
	/* Another one may have taken the place within the same batch. */
	if (trunk->trunk.sip_account[n->acc.role] == &n->acc)
		trunk->trunk.sip_account[n->acc.role] = NULL;
	if (n->acc.auth_mode == AUTH_REGISTRATION) {
		hash_remove(&cfg->usernames, &n->by_username);
		return;
	}
	for (unsigned i = 0; i < n->acc.ip_addresses.count; i++)
		ip_index_remove(&cfg->account_ips, &n->ip[i]);
}

static void set_owner(struct ip_entry *entry, unsigned count, void *owner)
{
	for (unsigned i = 0; i < count; i++)
		entry[i].owner = owner;
}

static int apply_sip_account(struct cfg *cfg, struct cfg_change *c, struct cfg_reject *reject)
{
	struct sip_account_node *n = c->sip_account;
	struct sip_account_node *old = cfg_sip_account_node(cfg, &n->acc.id);
	struct trunk_node *trunk = cfg_trunk_node(cfg, &c->owner);

	if (!trunk)
		return refuse(reject, ENOENT, "trunk_id names no trunk");
	n->acc.trunk = &trunk->trunk;
	if (old) {
		unindex_sip_account(cfg, old);
		SWAP(struct cfg_sip_account, old->acc, n->acc);
		SWAP(struct ip_entry *, old->ip, n->ip);
		set_owner(old->ip, old->acc.ip_addresses.count, &old->acc);
		index_sip_account(cfg, old);
		return 0;
	}
	insert_id(&cfg->sip_accounts, &n->by_id, &n->acc.id);
	index_sip_account(cfg, n);
	c->sip_account = NULL;
	return 0;
}

/* Only an enabled gateway is known by its addresses. */
static void index_gateway(struct cfg *cfg, struct gateway_node *n)
{
	for (unsigned i = 0; n->gw.enabled && i < n->gw.inbound_ip_addresses.count; i++)
		ip_index_add(&cfg->gateway_ips, &n->ip[i]);
}

static void unindex_gateway(struct cfg *cfg, struct gateway_node *n)
{
	for (unsigned i = 0; n->gw.enabled && i < n->gw.inbound_ip_addresses.count; i++)
		ip_index_remove(&cfg->gateway_ips, &n->ip[i]);
}

static int apply_gateway(struct cfg *cfg, struct cfg_change *c)
{
	struct gateway_node *n = c->gateway;
	struct gateway_node *old = cfg_gateway_node(cfg, &n->gw.id);

	if (old) {
		unindex_gateway(cfg, old);
		SWAP(struct cfg_gateway, old->gw, n->gw);
		SWAP(struct ip_entry *, old->ip, n->ip);
		set_owner(old->ip, old->gw.inbound_ip_addresses.count, &old->gw);
		index_gateway(cfg, old);
		return 0;
	}
	insert_id(&cfg->gateways, &n->by_id, &n->gw.id);
	index_gateway(cfg, n);
	c->gateway = NULL;
	return 0;
}

static void did_detach(struct cfg *cfg, struct cfg_did *did)
{
	if (did->account)
		((struct account_node *)did->account)->dids--;
	if (did->trunk)
		((struct trunk_node *)did->trunk)->dids--;
	if (!did->failover)
		return;
	sip_address_list_fini(&did->failover->backup_pbxs);
	if (did->failover->flow) {
		if (did->failover->flow->dial_plan)
			((struct dial_plan_node *)did->failover->flow->dial_plan)->dids--;
		did_flow_clear(did->failover->flow);
		pool_give(&cfg->did_flows, did->failover->flow);
	}
	pool_give(&cfg->did_failovers, did->failover);
}

/* What a DID's record points to. */
struct did_links {
	struct account_node *account;
	struct trunk_node *trunk; /* NULL: none */
	struct dial_plan_node *dial_plan; /* NULL: none */
};

static int did_links_find(const struct cfg *cfg, const struct did_record *d, struct did_links *l,
	struct cfg_reject *reject)
{
	l->account = cfg_account_node(cfg, &d->account_id);
	l->trunk = cfg_trunk_node(cfg, &d->trunk_id);
	l->dial_plan = cfg_dial_plan_node(cfg, &d->dial_plan_id);
	if (!l->account)
		return refuse(reject, ENOENT, "account_id names no account");
	if (!l->trunk && !uuid_is_zero(&d->trunk_id))
		return refuse(reject, ENOENT, "trunk_id names no trunk");
	if (!l->dial_plan && !uuid_is_zero(&d->dial_plan_id))
		return refuse(reject, ENOENT, "dial_plan_id names no dial plan");
	if (l->trunk && l->trunk->trunk.account != &l->account->account)
		return refuse(reject, EINVAL, "trunk_id names a trunk of another account");
	if (l->dial_plan && l->dial_plan->plan.account != &l->account->account)
		return refuse(reject, EINVAL, "dial_plan_id names a dial plan of another account");
	return 0;
}

/* The objects that hold what few DIDs have; both or none. */
static int did_failover_new(
	struct cfg *cfg, const struct did_record *d, struct cfg_did_failover **out)
{
	struct cfg_did_failover *f;

	*out = NULL;
	if (!d->has_failover)
		return 0;
	f = pool_take(&cfg->did_failovers);
	if (!f)
		return ENOMEM;
	if (d->has_flow && !(f->flow = pool_take(&cfg->did_flows))) {
		pool_give(&cfg->did_failovers, f);
		return ENOMEM;
	}
	*out = f;
	return 0;
}

static void did_failover_fill(
	struct cfg_did_failover *f, struct did_record *d, struct dial_plan_node *dial_plan)
{
	struct cfg_did_flow *flow = f->flow;

	*f = d->failover;
	f->flow = flow;
	d->failover.backup_pbxs = (struct sip_address_list){0};
	if (!flow)
		return;
	*flow = d->flow;
	d->flow = (struct cfg_did_flow){0};
	if (dial_plan) {
		flow->dial_plan = &dial_plan->plan;
		dial_plan->dids++;
	}
}

static int apply_did(struct cfg *cfg, struct cfg_change *c, struct cfg_reject *reject)
{
	struct did_record *d = &c->did;
	struct cfg_did_failover *failover;
	struct did_links links;
	struct cfg_did *did;
	int err = did_links_find(cfg, d, &links, reject);

	if (err)
		return err;
	if (did_failover_new(cfg, d, &failover))
		return refuse(reject, ENOMEM, "no memory");
	if (did_table_get(&cfg->dids, d->did.number, &did)) {
		if (failover)
			pool_give(&cfg->did_flows, failover->flow);
		pool_give(&cfg->did_failovers, failover);
		return refuse(reject, ENOMEM, "no memory");
	}
	did_detach(cfg, did);
	*did = d->did;
	did->account = &links.account->account;
	links.account->dids++;
	if (links.trunk) {
		did->trunk = &links.trunk->trunk;
		links.trunk->dids++;
	}
	if (failover) {
		did->failover = failover;
		did_failover_fill(failover, d, links.dial_plan);
	}
	return 0;
}

static int delete_account(struct cfg *cfg, const struct uuid *id, struct cfg_reject *reject)
{
	struct account_node *n = cfg_account_node(cfg, id);

	if (!n)
		return 0;
	if (n->trunks || n->dids)
		return refuse_in_use(reject, n->trunks, "trunks", n->dids);
	if (n->dial_plans)
		return refuse_in_use(reject, n->dial_plans, "dial plans", n->dids);
	hash_remove(&cfg->accounts, &n->by_id);
	account_node_free(n);
	return 0;
}

static int delete_trunk(struct cfg *cfg, const struct uuid *id, struct cfg_reject *reject)
{
	struct trunk_node *n = cfg_trunk_node(cfg, id);

	if (!n)
		return 0;
	if (n->sip_accounts || n->dids)
		return refuse_in_use(reject, n->sip_accounts, "SIP accounts", n->dids);
	((struct account_node *)n->trunk.account)->trunks--;
	hash_remove(&cfg->trunks, &n->by_id);
	trunk_node_free(n);
	return 0;
}

static int delete_dial_plan(struct cfg *cfg, const struct uuid *id, struct cfg_reject *reject)
{
	struct dial_plan_node *n = cfg_dial_plan_node(cfg, id);

	if (!n)
		return 0;
	if (n->dids)
		return refuse(reject, EINVAL, "DIDs still lead to it");
	unindex_dial_plan(cfg, n);
	hash_remove(&cfg->dial_plans, &n->by_id);
	dial_plan_node_free(n);
	return 0;
}

static int delete_sip_account(struct cfg *cfg, const struct uuid *id)
{
	struct sip_account_node *n = cfg_sip_account_node(cfg, id);

	if (!n)
		return 0;
	unindex_sip_account(cfg, n);
	hash_remove(&cfg->sip_accounts, &n->by_id);
	sip_account_node_free(n);
	return 0;
}

static int delete_gateway(struct cfg *cfg, const struct uuid *id)
{
	struct gateway_node *n = cfg_gateway_node(cfg, id);

	if (!n)
		return 0;
	unindex_gateway(cfg, n);
	hash_remove(&cfg->gateways, &n->by_id);
	gateway_node_free(n);
	return 0;
}

static int delete_did(struct cfg *cfg, e164_t number)
{
	struct cfg_did *did = did_table_find(&cfg->dids, number);

	if (!did)
		return 0;
	did_detach(cfg, did);
	did_table_remove(&cfg->dids, did);
	return 0;
}

static int carry_out_delete(struct cfg *cfg, struct cfg_change *c, struct cfg_reject *reject)
{
	switch (c->kind) {
	case 'A':
		return delete_account(cfg, &c->id, reject);
	case 'T':
		return delete_trunk(cfg, &c->id, reject);
	case 'P':
		return delete_dial_plan(cfg, &c->id, reject);
	case 'S':
		return delete_sip_account(cfg, &c->id);
	case 'G':
		return delete_gateway(cfg, &c->id);
	default:
		return delete_did(cfg, c->did.did.number);
	}
}

int cfg_change_carry_out(struct cfg *cfg, struct cfg_change *c, struct cfg_reject *reject)
{
	if (c->deletes)
		return carry_out_delete(cfg, c, reject);
	switch (c->kind) {
	case 'A':
		return apply_account(cfg, c);
	case 'T':
		return apply_trunk(cfg, c, reject);
	case 'P':
		return apply_dial_plan(cfg, c, reject);
	case 'S':
		return apply_sip_account(cfg, c, reject);
	case 'G':
		return apply_gateway(cfg, c);
	default:
		return apply_did(cfg, c, reject);
	}
}
