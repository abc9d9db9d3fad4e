/* Events that a worker makes (GET /v1/events, webhooks), as records for the spool: none is lost while
 * PostgreSQL is away, and each is there once.
 *
 *   trunk.down, trunk.up   trunks/trk_…     reason
 *   call.failed_over       dids/+…          call_id, caller, trigger, answered, attempt
 *   failover.capped        accounts/acc_…   limit, refused
 *   backup.proven, backup.failed  fire-drills/drl_…  sip/fire_drill.h
 */
#ifndef SIP_WORKER_EVENT_H
#define SIP_WORKER_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/e164.h"
#include "core/uuid.h"
#include "core/words.h"

struct call;
struct cfg_trunk;
struct worker;

/* reason: a trigger's word; NULL: it came up. */
void worker_event_trunk(struct worker *w, const struct cfg_trunk *trunk, const char *reason);
/* The call got past its first attempt; its set-up is over, or just being answered. */
void worker_event_failed_over(const struct call *call);
/* limit: the name of the rule. */
void worker_event_capped(
	struct worker *w, const struct uuid *account_id, const char *limit, uint32_t refused);

/* What a fire drill found out about a target. */
struct worker_event_proof {
	struct uuid drill_id, account_id, trunk_id; /* trunk_id all zero: none */
	e164_t did; /* 0: none */
	const char *kind, *target;
	bool proven;
	unsigned status; /* of the last final response, 0: none came */
	int64_t rtt_ms; /* proven: of that response */
	enum trigger reason; /* not proven: why */
};
void worker_event_proof(struct worker *w, const struct worker_event_proof *proof);

#endif
