/* A plan being put together, for core/plan*.c only. Each source of attempts is a file of its own that adds
 * to the draft; core/plan.c calls them in their order. */
#ifndef TRUNKGUARD_CORE_PLAN_DRAFT_H
#define TRUNKGUARD_CORE_PLAN_DRAFT_H

#include "core/plan.h"

enum { PLAN_FIRST_RESPONSE_SECONDS = 15, PLAN_RING_SECONDS = 180 };

/* Hosts still point into the configuration. */
struct plan_draft {
	const struct cfg *cfg;
	const struct cfg_did *did;
	plan_observe_h *observe;
	void *arg;
	uint32_t turn;
	bool takes_turn;
	unsigned count;
	struct attempt attempt[PLAN_ATTEMPTS_MAX];
};

/* The next attempt with what all of a DID's attempts share; NULL when the plan is full. */
struct attempt *plan_draft_add(struct plan_draft *d, enum attempt_kind kind, enum plan_rule rule);
void plan_draft_address(struct attempt *a, const struct sip_address *from);
/* Copies the attempts, and behind them the hosts they point to, into one block of the plan: 0 or ENOMEM. */
int plan_draft_take(const struct plan_draft *d, struct plan *plan);

/* The sources, in the order of core/plan.h. */
void plan_add_delivery(struct plan_draft *d);
void plan_add_backup_pbxs(struct plan_draft *d);
void plan_add_failover_number(struct plan_draft *d);

#endif
