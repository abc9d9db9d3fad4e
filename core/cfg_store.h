/* Inside the configuration: what stands around each public object. For core/cfg*.c only. */
#ifndef TRUNKGUARD_CORE_CFG_STORE_H
#define TRUNKGUARD_CORE_CFG_STORE_H

#include "core/cfg.h"
#include "core/did_table.h"
#include "core/hash.h"
#include "core/ip_index.h"
#include "core/pool.h"

/* The public object comes first, so that a pointer to it is a pointer to its node. Counts of what
 * points to an object keep it from being deleted too early. */
struct account_node {
	struct cfg_account account;
	struct hash_link by_id;
	uint32_t trunks, dial_plans, dids;
};

struct trunk_node {
	struct cfg_trunk trunk;
	struct hash_link by_id;
	uint32_t sip_accounts, dids;
};

struct dial_plan_node {
	struct cfg_dial_plan plan;
	struct hash_link by_id;
	struct hash_link by_internal; /* keyed by the account's id and the number */
	uint32_t dids; /* trunks name it by its id */
};

struct sip_account_node {
	struct cfg_sip_account acc;
	struct hash_link by_id;
	struct hash_link by_username; /* with a username, in registration mode */
	struct ip_entry *ip; /* one for each of acc.ip_addresses, in IP mode */
};

struct gateway_node {
	struct cfg_gateway gw;
	struct hash_link by_id;
	struct ip_entry *ip; /* one for each of gw.inbound_ip_addresses */
};

struct cfg {
	struct hash accounts, trunks, sip_accounts, dial_plans, gateways; /* by id */
	struct hash usernames, internals;
	struct ip_index account_ips, gateway_ips;
	struct did_table dids;
	struct pool did_failovers, did_flows;
};

struct account_node *cfg_account_node(const struct cfg *cfg, const struct uuid *id);
struct trunk_node *cfg_trunk_node(const struct cfg *cfg, const struct uuid *id);
struct sip_account_node *cfg_sip_account_node(const struct cfg *cfg, const struct uuid *id);
struct dial_plan_node *cfg_dial_plan_node(const struct cfg *cfg, const struct uuid *id);
struct gateway_node *cfg_gateway_node(const struct cfg *cfg, const struct uuid *id);

uint64_t cfg_internal_key(
	const struct cfg *cfg, const struct uuid *account_id, const char *internal, size_t len);

/* Free a node and what it owns; NULL is ignored. It must be in no table. */
void account_node_free(struct account_node *n);
void trunk_node_free(struct trunk_node *n);
void sip_account_node_free(struct sip_account_node *n);
void dial_plan_node_free(struct dial_plan_node *n);
void gateway_node_free(struct gateway_node *n);
/* Frees the lists, not the objects, which are a pool's. */
void did_flow_clear(struct cfg_did_flow *flow);

#endif
