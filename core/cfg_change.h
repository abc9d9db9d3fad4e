/* A parsed record, between cfg_record.c (text to change) and cfg_apply.c (change to
 * configuration). For core/cfg*.c only. */
#ifndef TRUNKGUARD_CORE_CFG_CHANGE_H
#define TRUNKGUARD_CORE_CFG_CHANGE_H

#include "core/cfg_record.h"
#include "core/cfg_store.h"

/* A DID's record does not hold the DID itself: that lives in the table's pool. */
struct did_record {
	struct cfg_did did; /* account, trunk and failover not filled in */
	struct uuid account_id;
	struct uuid trunk_id, dial_plan_id; /* all zero: none */
	struct cfg_did_failover failover; /* flow not filled in */
	struct cfg_did_flow flow; /* dial_plan not filled in */
	bool has_failover, has_flow;
};

struct cfg_change {
	char kind; /* 'A', 'T', 'P', 'S', 'G', 'D' */
	bool deletes;
	struct uuid id; /* deletes, other than of a DID */
	struct uuid owner; /* the account of a T or a P, the trunk of an S */
	union {
		struct account_node *account;
		struct trunk_node *trunk;
		struct dial_plan_node *dial_plan;
		struct sip_account_node *sip_account;
		struct gateway_node *gateway;
	};
	struct did_record did; /* deletes: only did.did.number */
};

/* In place, for a change on the stack. */
int cfg_change_read(struct cfg_change *c, const char *line, size_t len, struct cfg_reject *reject);
void cfg_change_fini(struct cfg_change *c);
/* Takes what the change owns as far as it needs it; cfg_change_fini() is the caller's. */
int cfg_change_carry_out(struct cfg *cfg, struct cfg_change *c, struct cfg_reject *reject);

#endif
