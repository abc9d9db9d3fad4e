/* The plan of a call that a PBX makes: through the gateways that carry the number, best first
 * (core/plan_gateway.h). For each of them its address; then its failover address when it has one, else
 * the next addresses of its name; public trunks come last. Silence for the gateway's failover_seconds, a
 * 5xx and transport failures move on; what the called party says is the answer.
 *
 * The call takes a slot of the caller's trunk for its whole length; a trunk whose calls are all in use
 * refuses it, unless it is an emergency call. An emergency number is no E.164 number: gateways that
 * have it as a prefix come first, then those that carry the country's numbers. */
#ifndef TRUNKGUARD_CORE_PLAN_OUTBOUND_H
#define TRUNKGUARD_CORE_PLAN_OUTBOUND_H

#include "core/dialled.h"
#include "core/plan.h"

struct outbound_call {
	const struct cfg_trunk *trunk; /* the caller's */
	struct dialled dialled; /* DIALLED_NUMBER or DIALLED_EMERGENCY */
};

/* ENOMEM, or 0 with plan->refusal telling: PLAN_DISABLED (403), PLAN_DENIED (403) or
 * PLAN_CAPACITY (503). */
int plan_build_outbound(const struct cfg *cfg, const struct outbound_call *call,
	plan_observe_h *observe, void *arg, struct plan *plan);

/* Why the caller's trunk takes no call, whatever was dialled; PLAN_OK: it does. */
enum plan_refusal plan_caller_refusal(
	const struct cfg_trunk *trunk, bool emergency, plan_observe_h *observe, void *arg);

#endif
