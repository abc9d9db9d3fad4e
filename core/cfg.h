/* The routing configuration in memory: what the API provisioned, as the worker and the
 * explain endpoint read it. Built from feed records (core/cfg_record.h). One thread owns
 * a configuration; objects stay where they are until a later record replaces or deletes
 * them, and a call copies what it needs (core/plan.h), so nothing here is counted or locked. */
#ifndef TRUNKGUARD_CORE_CFG_H
#define TRUNKGUARD_CORE_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cidr.h"
#include "core/destination.h"
#include "core/dial_plan.h"
#include "core/e164.h"
#include "core/sip_address.h"
#include "core/uuid.h"
#include "core/words.h"

struct cfg_account {
	struct uuid id;
	bool enabled;
	bool ha_addon;
	char default_country[3]; /* ISO 3166-1 alpha-2, "" none */
	char *timezone; /* IANA name */
	struct tz_rule zone; /* of timezone */
	e164_t failover_number;
	struct sip_address_list backup_pbxs;
	enum calling_party_display calling_party_display;
	e164_t calling_party_number; /* for DISPLAY_FIXED */
	struct destination_rules destination_rules;
};

struct cfg_trunk;

struct cfg_sip_account {
	struct uuid id;
	struct cfg_trunk *trunk;
	enum sip_account_role role;
	enum auth_mode auth_mode;
	char *label;
	char *username; /* registration mode */
	char ha1_md5[33]; /* lower-case hex, "" when no password is set */
	char ha1_sha256[65];
	struct cidr_list ip_addresses; /* IP mode: where requests come from */
	struct sip_address address; /* IP mode: where calls are sent */
};

struct cfg_trunk {
	struct uuid id;
	struct cfg_account *account;
	bool enabled;
	bool failover_enabled;
	bool draining; /* no new calls */
	uint32_t max_concurrent_calls; /* 0: none admitted */
	uint16_t first_response_seconds;
	uint16_t ring_seconds;
	uint32_t max_call_seconds;
	char *caller_id; /* as provisioned, "" none */
	enum did_delivery did_delivery;
	enum ha_mode ha_mode;
	trigger_set triggers;
	struct uuid failover_dial_plan_id; /* all zero: none */
	struct cfg_sip_account *sip_account[ROLE_COUNT];
};

/* A call flow of the account, reached by its internal number, by DIDs, or as a trunk's failover. */
struct cfg_dial_plan {
	struct uuid id;
	struct cfg_account *account;
	char *name;
	char *internal_number;
	struct dial_steps steps;
};

/* What few DIDs have, apart so that the many stay small. */
struct cfg_did_flow {
	struct cfg_dial_plan *dial_plan; /* where the DID leads instead of to a trunk; NULL */
	struct forwarding *forwarding; /* in their order */
	uint16_t forwarding_count;
};

/* What most DIDs that have something of their own have: five words, there may be a million. */
struct cfg_did_failover {
	e164_t number;
	struct sip_address_list backup_pbxs;
	e164_t calling_party_number;
	struct cfg_did_flow *flow; /* NULL: neither a dial plan nor forwardings */
};

struct cfg_did {
	e164_t number;
	struct cfg_account *account;
	struct cfg_trunk *trunk; /* NULL: goes to a dial plan, or nowhere yet */
	struct cfg_did_failover *failover; /* NULL: none */
	uint16_t ring_seconds; /* ring_then_forward; 0: the trunk's */
	trigger_set triggers; /* with has_triggers */
	unsigned enabled : 1;
	unsigned has_triggers : 1;
	unsigned incoming_action : 1;
	unsigned has_display : 1; /* 0: the account's */
	unsigned calling_party_display : 2; /* with has_display */
};

/* How the worker registers with a gateway. */
struct cfg_registration {
	char *username; /* NULL: it does not */
	char *password; /* in the clear: a client needs it for whatever realm it is asked for */
	struct sip_address registrar; /* host NULL: the gateway's address */
	struct sip_address failover_registrar; /* host NULL: none */
	uint32_t expires_seconds;
	uint16_t register_failover_seconds;
};

struct cfg_gateway {
	struct uuid id;
	char *name;
	bool enabled;
	bool public_trunk;
	struct sip_address address;
	struct sip_address failover_address; /* host NULL: none */
	uint16_t failover_seconds;
	uint16_t priority; /* lower first */
	char **prefixes; /* digits without '+'; "" matches all; NULL-terminated; none listed: all */
	struct cidr_list inbound_ip_addresses;
	struct cfg_registration registration;
};

struct cfg; /* opaque: core/cfg.c */

struct cfg *cfg_new(void);
void cfg_free(struct cfg *cfg);

const struct cfg_account *cfg_account(const struct cfg *cfg, const struct uuid *id);
const struct cfg_trunk *cfg_trunk(const struct cfg *cfg, const struct uuid *id);
const struct cfg_sip_account *cfg_sip_account(const struct cfg *cfg, const struct uuid *id);
const struct cfg_sip_account *cfg_sip_account_by_username(
	const struct cfg *cfg, const char *username, size_t len);
/* The IP-mode account whose block list holds this address, longest match. addr: 16 octets, IPv4 mapped. */
const struct cfg_sip_account *cfg_sip_account_by_ip(const struct cfg *cfg, const uint8_t addr[16]);
/* All accounts with that block. Return non-zero from the handler to stop. */
typedef int cfg_sip_account_h(const struct cfg_sip_account *acc, void *arg);
int cfg_each_sip_account_by_ip(
	const struct cfg *cfg, const uint8_t addr[16], cfg_sip_account_h *h, void *arg);
const struct cfg_did *cfg_did(const struct cfg *cfg, e164_t number);
const struct cfg_gateway *cfg_gateway(const struct cfg *cfg, const struct uuid *id);
/* The enabled gateway whose inbound_ip_addresses hold this address, longest match. */
const struct cfg_gateway *cfg_gateway_by_ip(const struct cfg *cfg, const uint8_t addr[16]);

const struct cfg_dial_plan *cfg_dial_plan(const struct cfg *cfg, const struct uuid *id);
/* By the internal number, which is unique within its account. NULL also for what is none. */
const struct cfg_dial_plan *cfg_dial_plan_by_internal(
	const struct cfg *cfg, const struct uuid *account_id, const char *internal, size_t len);

/* Walks. Return non-zero from the handler to stop. */
typedef int cfg_gateway_h(const struct cfg_gateway *gw, void *arg);
typedef int cfg_trunk_h(const struct cfg_trunk *trunk, void *arg);
int cfg_each_gateway(const struct cfg *cfg, cfg_gateway_h *h, void *arg);
int cfg_each_trunk(const struct cfg *cfg, cfg_trunk_h *h, void *arg);

struct cfg_counts {
	size_t accounts, trunks, sip_accounts, dial_plans, dids, gateways;
	size_t bytes; /* memory held, about */
};
void cfg_count(const struct cfg *cfg, struct cfg_counts *counts);

#endif
