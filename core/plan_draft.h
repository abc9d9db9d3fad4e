/* A plan being put together, for core/plan*.c only. Each source of attempts is a file of its own that adds
 * to the draft; who is called in what order is said in core/plan.h. */
#ifndef TRUNKGUARD_CORE_PLAN_DRAFT_H
#define TRUNKGUARD_CORE_PLAN_DRAFT_H

#include "core/plan.h"

enum {
	PLAN_FIRST_RESPONSE_SECONDS = 15,
	PLAN_RING_SECONDS = 180,
	PLAN_STEP_RING_SECONDS = 15, /* of a ring step that says nothing */
	PLAN_PATH_MAX = 16, /* DIDs and dial plans inside one another */
	PLAN_DIVERSIONS_SOLO = 2, /* diverted so often: one number, and nothing at once */
	PLAN_ENTERED_MAX = 128, /* all in all; only plans that lead nowhere come so far */
};

/* On whose behalf attempts are added, and what they have in common there. */
struct plan_scope {
	const struct cfg_account *account; /* whose names are meant */
	const struct cfg_did *did; /* entered last; NULL: none */
	const struct cfg_dial_plan *dial_plan; /* being followed; NULL */
	int rule; /* enum plan_rule of all attempts; below 0: each source has its own */
	uint16_t ring_seconds; /* 0: each source has its own */
	bool diverts, has_display;
	enum calling_party_display display; /* with has_display */
	e164_t display_number;
};

/* Texts still point into the configuration. */
struct plan_draft {
	const struct cfg *cfg;
	const struct plan_call *call;
	plan_observe_h *observe;
	void *arg;
	const struct cfg_account *account; /* whose call it is */
	struct plan_scope scope;
	const void *path[PLAN_PATH_MAX]; /* the DIDs and dial plans that the call is in */
	unsigned depth, entered;
	unsigned numbers; /* that carriers are to be called for */
	uint8_t group, groups, lane; /* group 0: nothing rings at once */
	unsigned count;
	struct attempt attempt[PLAN_ATTEMPTS_MAX];
};

/* The next attempt, with the times and triggers of a trunk (NULL: the default ones); NULL when the plan
 * is full. */
struct attempt *plan_draft_add(struct plan_draft *d, enum attempt_kind kind, enum plan_rule rule,
	const struct cfg_trunk *trunk);
void plan_draft_address(struct attempt *a, const struct sip_address *from);
/* A DID or dial plan that the call goes into, by this rule unless an outer one holds. False: it is in
 * there already, or too deep; then a loop has been added. To be left with what was the scope before. */
bool plan_draft_enter(struct plan_draft *d, enum plan_rule rule, const void *thing, e164_t number,
	const char *internal);
void plan_draft_loop(
	struct plan_draft *d, enum plan_rule rule, e164_t number, const char *internal);
void plan_draft_leave(struct plan_draft *d, const struct plan_scope *before);
/* All from the attempt `from` on is one target: these triggers lead past it, to what comes next. */
void plan_draft_target(struct plan_draft *d, unsigned from, trigger_set leave);
/* Copies the attempts, and behind them the texts they point to, into one block of the plan: 0 or ENOMEM. */
int plan_draft_take(const struct plan_draft *d, struct plan *plan);

/* All of a DID, in the order of core/plan.h. The DID has been entered. */
void plan_add_did(struct plan_draft *d, const struct cfg_did *did);
/* triggers: of the DID; NULL: the trunk's. */
void plan_add_delivery(
	struct plan_draft *d, const struct cfg_trunk *trunk, const trigger_set *triggers);
/* The other trunking servers, behind the DID's delivery. */
void plan_add_peers(struct plan_draft *d, const struct cfg_did *did, const trigger_set *triggers);
void plan_add_backup_pbxs(struct plan_draft *d, const trigger_set *triggers);
/* A number, whatever it is: a DID of ours, an internal number, or one to be called through gateways. */
void plan_add_number(struct plan_draft *d, enum plan_rule rule, e164_t number);
/* The steps of a dial plan. */
void plan_add_dial_plan(
	struct plan_draft *d, enum plan_rule rule, const struct cfg_dial_plan *plan);
/* One target of a step or a forwarding. */
void plan_add_target(struct plan_draft *d, enum plan_rule rule, const struct dial_target *target);
/* An internal number of the account, as it was provisioned or dialled. False: there is none. */
bool plan_add_internal(struct plan_draft *d, enum plan_rule rule, const char *internal, size_t len);
/* The DID's forwardings that are active. */
void plan_add_forwardings(struct plan_draft *d, const struct cfg_did *did);
bool plan_has_forwarding(const struct plan_draft *d, const struct cfg_did *did);

#endif
