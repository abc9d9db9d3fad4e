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
	if (did->failover)
		sip_address_list_fini(&did->failover->backup_pbxs);
	pool_give(&cfg->did_failovers, did->failover);
}

static int apply_did(struct cfg *cfg, struct cfg_change *c, struct cfg_reject *reject)
{
	struct did_record *d = &c->did;
	struct account_node *account = cfg_account_node(cfg, &d->account_id);
	struct trunk_node *trunk = cfg_trunk_node(cfg, &d->trunk_id);
	struct cfg_did_failover *failover = NULL;
	struct cfg_did *did;

	if (!account)
		return refuse(reject, ENOENT, "account_id names no account");
	if (!trunk && !uuid_is_zero(&d->trunk_id))
		return refuse(reject, ENOENT, "trunk_id names no trunk");
	if (trunk && trunk->trunk.account != &account->account)
		return refuse(reject, EINVAL, "trunk_id names a trunk of another account");
	if (d->has_failover && !(failover = pool_take(&cfg->did_failovers)))
		return refuse(reject, ENOMEM, "no memory");
	if (did_table_get(&cfg->dids, d->did.number, &did)) {
		pool_give(&cfg->did_failovers, failover);
		return refuse(reject, ENOMEM, "no memory");
	}
	did_detach(cfg, did);
	*did = d->did;
	did->account = &account->account;
	account->dids++;
	if (trunk) {
		did->trunk = &trunk->trunk;
		trunk->dids++;
	}
	if (failover) {
		*failover = d->failover;
		did->failover = failover;
		d->failover.backup_pbxs = (struct sip_address_list){0};
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
	case 'S':
		return apply_sip_account(cfg, c, reject);
	case 'G':
		return apply_gateway(cfg, c);
	default:
		return apply_did(cfg, c, reject);
	}
}
