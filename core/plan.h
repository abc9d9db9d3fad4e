/* The route plan: configuration + call + what is observed -> ordered attempts, each with the rule
 * that put it there. Pure: no I/O, no clock of its own. The worker and the explain endpoint call
 * the very same function. The plan is a copy: a later change never alters a call in progress. */
#ifndef TRUNKGUARD_CORE_PLAN_H
#define TRUNKGUARD_CORE_PLAN_H

#include "core/cfg.h"

enum attempt_kind {
	ATTEMPT_SIP_ACCOUNT, /* a trunk's SIP account: bindings, or its address in IP mode */
	ATTEMPT_BACKUP_PBX,
	ATTEMPT_NUMBER, /* a failover number, through a gateway */
	ATTEMPT_KIND_COUNT
};
const char *attempt_kind_word(enum attempt_kind k); /* "sip_account", "backup_pbx", "number" */

/* The rule that put the attempt into the plan; the word is part of the API. */
enum plan_rule {
	RULE_ONLY_PRIMARY,
	RULE_DID_BACKUP_PBX,
	RULE_ACCOUNT_BACKUP_PBX,
	RULE_DID_FAILOVER_NUMBER,
	RULE_ACCOUNT_FAILOVER_NUMBER,
	RULE_COUNT
};
const char *plan_rule_word(enum plan_rule r);

enum { PLAN_ATTEMPTS_MAX = 32, PLAN_HOST_MAX = 254 };

struct attempt {
	enum attempt_kind kind;
	enum plan_rule rule;
	trigger_set triggers;	   /* outcomes that move the call on to the next attempt */
	enum trigger unavailable;  /* TRIGGER_NONE: try it; else it fails at once with this */
	uint16_t first_response_seconds;
	uint16_t ring_seconds;
	bool holds_slot;
	bool diverts; /* Diversion and History-Info name the DID (RFC 5806, RFC 7044) */
	enum did_delivery did_delivery;
	enum auth_mode auth_mode;
	struct uuid sip_account_id; /* ATTEMPT_SIP_ACCOUNT: whose bindings */
	struct uuid gateway_id;	    /* ATTEMPT_NUMBER */
	e164_t number;		    /* ATTEMPT_NUMBER: who is called */
	enum calling_party_display display;
	e164_t display_number; /* DISPLAY_FIXED */
	struct {
		char *host; /* points into plan.text; NULL: the bindings */
		uint16_t port;
		enum transport transport;
	} address;
};

/* What the world looks like; asked once per SIP account while the plan is built. */
struct observation {
	bool registered;  /* has a live binding (registration mode) */
	bool down;	  /* health says down */
	uint32_t calls_up; /* of the trunk, both accounts */
};
typedef void plan_observe_h(
	const struct cfg_trunk *trunk, const struct cfg_sip_account *acc, struct observation *obs, void *arg);

struct plan_call {
	e164_t did;
	int64_t now_ms; /* wall clock, for active times */
	bool from_peer; /* handed over by another trunking server */
};

/* Why there is no plan. */
enum plan_refusal {
	PLAN_OK,
	PLAN_UNKNOWN_DID,  /* 404 */
	PLAN_DISABLED,	   /* DID, trunk or account disabled: 404, 480 */
	PLAN_NO_TARGET,	   /* nothing is configured: 480 */
};

struct plan {
	enum plan_refusal refusal;
	unsigned status; /* final response for a refusal or a plan with no attempt, else 0 */
	e164_t did;
	struct uuid account_id;
	struct uuid trunk_id; /* all zero: none */
	uint32_t max_concurrent_calls;
	uint32_t max_call_seconds;
	unsigned count;
	struct attempt *attempt;
	char *text; /* hosts; one allocation with attempt */
};

/* ENOMEM, or 0 with plan->refusal telling. plan_fini() frees what it holds. */
int plan_build(const struct cfg *cfg, const struct plan_call *call, plan_observe_h *observe, void *arg,
	struct plan *plan);
void plan_fini(struct plan *plan);

/* The longest a caller can wait until the last attempt rings: the sum over attempts that are
 * tried of their first_response_seconds. */
uint32_t plan_worst_case_seconds(const struct plan *plan);

/* Number of the DID that a Request-URI user names: "+14155550100", "14155550100", and ten digits
 * with a leading 1 added when that DID exists (S1). 0: no number. */
e164_t plan_did_of_user(const struct cfg *cfg, const char *user, size_t len);

#endif
