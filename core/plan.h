/* The route plan: configuration + call + what is observed -> ordered attempts, each with the rule
 * that put it there. Pure: no I/O, no clock of its own. The worker and the explain endpoint call
 * the very same function. The plan is a copy: a later change never alters a call in progress.
 *
 * A DID:
 *  1. Delivery to the trunk's SIP accounts by its HA mode. An account is in the plan also when it
 *     cannot be tried (not registered, trunk full): then it fails at once with that trigger, as if the
 *     PBX had said so, and no INVITE is sent. All accounts share the trunk's one slot.
 *       only_primary            the primary
 *       load_balancing          the one whose turn it is, whatever its status; never the other one
 *       auto_failover           the primary, then the secondary
 *       load_balancing_healthy  the one whose turn it is, then the other one
 *     The latter two ask for the status of the first one before it is tried: when it is not
 *     registered, or is down while the other one is not known to be any worse, it fails at once and the
 *     call moves to the other one, whatever the triggers. Otherwise "down" skips nothing: the check
 *     is made on every call, so the first call after the PBX is back goes to the PBX. Without the
 *     account's add-on or without a secondary account every mode is only_primary.
 *     A DID that leads to a dial plan has that instead.
 *     Where no failover service is configured at all, neither for the DID nor its trunk nor its account,
 *     the other trunking servers follow, for a PBX may be registered there; not for a call that came
 *     from one of them, nor when the trunk is full.
 *     A trunk that is draining is full, whatever is up, and moves the call on, whatever the triggers.
 *  2. Backup PBXs in their order: the DID's list when it has one, else the account's. They hold no
 *     slot of the trunk: they ring also when the trunk is full.
 *  3. One final destination, the most specific that there is at this moment: the DID's forwardings
 *     that are enabled and active, in their order; the DID's failover number; the dial plan of its
 *     trunk's failover; the account's number. Never the DID itself.
 *
 * A dial plan: its steps in their order, those that are active. What is rung there, or forwarded to,
 * or given the call, moves it on to the next step whatever it says, but for what never moves on. A
 * reject is the end of its dial plan. Up to PLAN_LANES_MAX targets ring at once, more of them in
 * turns; what would ring at once inside of that, or in a call that was diverted twice before it came
 * here, rings one after another.
 *
 * A number goes out through every enabled gateway that carries it (core/plan_gateway.h), a gateway's
 * failover address behind its main one. Only silence, 5xx and transport failures go to the next
 * gateway: what the called party says is the answer. When no gateway fits, the attempt is there and
 * unreachable. A number that is a DID of ours, or an internal number of the account, is no carrier's
 * business: the plan goes on with what it leads to. A DID or dial plan that the call is in already is not
 * entered again: there the attempt is a loop, which fails at once as 482.
 *
 * A number that the destination rules of the account deny (core/destination.h) is one attempt that fails at
 * once, whatever gateway would carry it; the call moves on to what is behind it.
 *
 * Attempts 1 and 2 take their triggers from the DID; else all, when it has an active forwarding
 * (no_answer only for ring_then_forward); else from the trunk, or the default. Their times are the trunk's,
 * or the ring time of the DID (ring_then_forward), forwarding or step that leads there. */
#ifndef TRUNKGUARD_CORE_PLAN_H
#define TRUNKGUARD_CORE_PLAN_H

#include "core/cfg.h"
#include "core/str.h"

enum attempt_kind {
	ATTEMPT_SIP_ACCOUNT, /* a trunk's SIP account: bindings, or its address in IP mode */
	ATTEMPT_BACKUP_PBX,
	ATTEMPT_NUMBER, /* an external number, through a gateway */
	ATTEMPT_SIP_URI, /* of a dial plan's ring step */
	ATTEMPT_MEDIA, /* a SIP application server: IVR, voicemail, announcement */
	ATTEMPT_REJECT, /* sends nothing: the end of a dial plan, with this response */
	ATTEMPT_LOOP, /* sends nothing: the call has been there */
	ATTEMPT_PEER, /* another trunking server */
	ATTEMPT_KIND_COUNT
};
/* "sip_account", "backup_pbx", "number", "sip_uri", "media", "reject", "loop", "peer" */
const char *attempt_kind_word(enum attempt_kind k);

/* The rule that put the attempt into the plan; the word is part of the API. */
enum plan_rule {
	RULE_ONLY_PRIMARY, /* the first four: enum ha_mode */
	RULE_LOAD_BALANCING,
	RULE_AUTO_FAILOVER,
	RULE_LOAD_BALANCING_HEALTHY,
	RULE_DID_BACKUP_PBX,
	RULE_ACCOUNT_BACKUP_PBX,
	RULE_DID_FAILOVER_NUMBER,
	RULE_ACCOUNT_FAILOVER_NUMBER,
	RULE_DID_FORWARDING,
	RULE_TRUNK_DIAL_PLAN,
	RULE_DID_DIAL_PLAN,
	RULE_INTERNAL_NUMBER, /* a PBX called it */
	RULE_PEER_SERVER,
	RULE_GATEWAY, /* these four: calls of PBXs, core/plan_outbound.h */
	RULE_PUBLIC_TRUNK,
	RULE_EMERGENCY,
	RULE_OWN_DID, /* in the record of a PBX that called a DID of ours */
	RULE_COUNT
};
const char *plan_rule_word(enum plan_rule r);

enum { PLAN_ATTEMPTS_MAX = 32, PLAN_LANES_MAX = 4, PLAN_HOST_MAX = 254 };

/* Enumerations are kept in octets: a plan is held for every call that rings. */
struct attempt {
	uint8_t kind; /* enum attempt_kind */
	uint8_t rule; /* enum plan_rule */
	uint8_t unavailable; /* enum trigger; TRIGGER_NONE: try it; else it fails at once with this */
	uint8_t did_delivery; /* enum did_delivery */
	uint8_t role; /* enum sip_account_role, of ATTEMPT_SIP_ACCOUNT */
	uint8_t auth_mode; /* enum auth_mode */
	uint8_t display; /* enum calling_party_display */
	/* Attempts of one group ring at once, lane beside lane; within a lane one after another. */
	uint8_t group; /* 0: none; groups are numbered, and their attempts stand together */
	uint8_t lane; /* 0 .. PLAN_LANES_MAX - 1 */
	uint8_t leave_to; /* where leave_triggers lead, may be the plan's count; 0: nowhere */
	bool holds_slot; /* of trunk_id */
	bool takes_turn; /* the trunk's accounts take turns, and this attempt is one */
	bool one_address; /* the next addresses of its name are not tried */
	bool diverts; /* Diversion and History-Info name the DID (RFC 5806, RFC 7044) */
	trigger_set triggers; /* outcomes that move the call on to the next attempt */
	trigger_set leave_triggers; /* others, that take it past what belongs to the same target */
	uint16_t first_response_seconds;
	uint16_t ring_seconds;
	uint16_t group_ring_seconds; /* of all lanes together */
	uint16_t status; /* ATTEMPT_REJECT, ATTEMPT_LOOP */
	struct {
		uint16_t port;
		uint8_t transport; /* enum transport */
		char *host; /* points into the plan; NULL: the bindings, or there is none */
	} address;
	/* Points into the plan; NULL: none. The user of a SIP URI, an emergency number, the reason of a reject, the internal
	 * number of a loop. */
	char *text;
	uint32_t max_concurrent_calls; /* of trunk_id, with holds_slot */
	uint32_t max_call_seconds; /* 0: the plan's */
	struct uuid trunk_id; /* ATTEMPT_SIP_ACCOUNT */
	/* ATTEMPT_SIP_ACCOUNT: the account whose bindings or address are tried; ATTEMPT_NUMBER: the
	 * gateway; all zero: there is none (unavailable says so), or a backup PBX */
	struct uuid sip_account_id;
	struct uuid gateway_id;
	struct uuid dial_plan_id; /* whose step it is; all zero: none's */
	/* ATTEMPT_NUMBER, ATTEMPT_LOOP: who is called; of PBXs: which DID is called there, when it
	 * is not the plan's */
	e164_t number;
	e164_t display_number; /* DISPLAY_FIXED */
	/* Of another account, by this DID of it: nobody else's business but that it was called. 0: the
	 * account's own. */
	e164_t stranger;
};

/* What the world looks like; asked once per SIP account while the plan is built. */
struct observation {
	bool registered; /* has a live binding (registration mode) */
	bool down; /* health says down */
	uint32_t calls_up; /* of the trunk, both accounts */
	uint32_t turn; /* how many calls took a turn on the trunk before: even, the primary's */
};
typedef void plan_observe_h(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg);

struct plan_call {
	e164_t did; /* a call from outside; 0 with an internal number */
	/* A PBX of the account calls one of its internal numbers: a dial plan's, or one of its DIDs. */
	const struct cfg_account *account;
	struct str internal;
	int64_t now_ms; /* wall clock, for active times */
	unsigned diversions; /* how often it was diverted before it came here */
	/* The other trunking servers, which a call may be handed to; NULL: none. */
	const struct sip_address_list *peers;
	bool from_peer; /* handed over by one of them: never handed over again */
};

/* Why there is no plan. A DID or account that is disabled is as good as unknown; with its trunk
 * disabled a DID is out of reach, failover included: who wants failover leaves the trunk enabled. */
enum plan_refusal {
	PLAN_OK,
	PLAN_UNKNOWN_DID, /* 404 */
	PLAN_DISABLED, /* DID or account disabled: 404; trunk disabled: 480 */
	PLAN_NO_TARGET, /* nothing is configured: 480 */
	PLAN_CAPACITY, /* of a PBX that calls: its trunk's calls are in use: 503 */
	PLAN_DENIED, /* of a PBX that calls: its account may not call that number: 403 */
	PLAN_REFUSAL_COUNT
};
const char *plan_refusal_word(enum plan_refusal
		r); /* "ok", "unknown_did", "disabled", "no_target", "capacity", "denied" */

struct plan {
	enum plan_refusal refusal;
	unsigned status; /* the final response to a refusal, else 0 */
	e164_t did;
	struct uuid account_id;
	struct uuid trunk_id; /* the DID's; all zero: none */
	char internal[DIAL_INTERNAL_MAX + 2]; /* the internal number called; "": a DID was */
	uint32_t max_call_seconds;
	bool takes_turn; /* the accounts take turns and this call was one of them: the next is turn + 1 */
	unsigned count;
	struct attempt *attempt; /* one block, hosts behind the attempts */
};

/* ENOMEM, or 0 with plan->refusal telling. plan_fini() frees what it holds. */
int plan_build(const struct cfg *cfg, const struct plan_call *call, plan_observe_h *observe,
	void *arg, struct plan *plan);
void plan_fini(struct plan *plan);

/* The longest a caller can wait until the last attempt rings: the sum over attempts that are
 * tried of their first_response_seconds. An attempt that silence does not move on is the last; of
 * lanes that ring at once the longest counts. */
uint32_t plan_worst_case_seconds(const struct plan *plan);

/* Number of the DID that a Request-URI user names: "+14155550100", "14155550100", and ten digits
 * with a leading 1 added when that DID exists (S1). 0: no number. */
e164_t plan_did_of_user(const struct cfg *cfg, const char *user, size_t len);

#endif
