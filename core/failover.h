/* The failover machine of one call: events in, actions out; no I/O, no clock of its own.
 *
 * It walks a plan's attempts one after another. A branch is one INVITE that was sent for an attempt
 * (an attempt makes several when a name has several addresses, or an account several bindings).
 * The doors own branches and carry out the actions in the order given. */
#ifndef TRUNKGUARD_CORE_FAILOVER_H
#define TRUNKGUARD_CORE_FAILOVER_H

#include "core/plan.h"

enum { FAILOVER_BRANCHES_MAX = 48, FAILOVER_ACTIONS_MAX = 64 };

enum failover_event_kind {
	FAILOVER_START,
	FAILOVER_RESPONSE, /* branch, status; every response but 100 retransmissions; 2xx too */
	FAILOVER_NETWORK,  /* branch, trigger: unreachable, or no_response by the transaction's timer B */
	FAILOVER_EXHAUSTED, /* the door has no (more) address for the attempt now: trigger says why */
	FAILOVER_TICK,	   /* a deadline of failover_deadline() has passed */
	FAILOVER_CANCEL,   /* the caller gave up */
};

struct failover_event {
	enum failover_event_kind kind;
	unsigned branch;
	unsigned status;
	enum trigger trigger;
};

enum failover_action_kind {
	FAILOVER_TRY,	     /* send the attempt's INVITE to its next address: attempt, branch (new number) */
	FAILOVER_CANCEL_BRANCH, /* CANCEL it (after its first provisional) */
	FAILOVER_FORWARD,    /* relay this response of the branch to the caller */
	FAILOVER_END_LATE,   /* ACK and BYE the 2xx of this branch: another one won, or the caller left */
	FAILOVER_REPLY,	     /* own final response to the caller: status; branch = the response to relay
				instead (best response), or FAILOVER_NO_BRANCH */
	FAILOVER_RELEASE_SLOT, /* the call left the trunk's delivery */
	FAILOVER_DONE,	     /* nothing more will be tried; outcome is final */
};
#define FAILOVER_NO_BRANCH 0xffffu

struct failover_action {
	enum failover_action_kind kind;
	unsigned attempt;
	unsigned branch;
	unsigned status;
};

/* What happened to one attempt, for the record. */
struct attempt_outcome {
	int64_t started_ms; /* as given in now_ms; 0: never reached */
	int64_t ended_ms;
	unsigned status;      /* last final response, or the one made here (404 not registered, 408, 503); 0 none */
	enum trigger trigger; /* TRIGGER_NONE when it was answered, refused for good or cancelled */
	enum disposition disposition;
	enum cause cause;
	bool far_end; /* the status came from the far end */
	bool answered;
};

struct failover; /* opaque; copies nothing of the plan, which must outlive it */

struct failover_actions {
	unsigned count;
	struct failover_action item[FAILOVER_ACTIONS_MAX];
};

int failover_new(struct failover **fo, const struct plan *plan);
void failover_free(struct failover *fo);

void failover_step(struct failover *fo, const struct failover_event *event, int64_t now_ms,
	struct failover_actions *actions);

/* The next time FAILOVER_TICK is wanted, -1: none. */
int64_t failover_deadline(const struct failover *fo);

bool failover_answered(const struct failover *fo, unsigned *attempt, unsigned *branch);
const struct attempt_outcome *failover_outcome(const struct failover *fo, unsigned attempt);
/* Of the call as a whole, once FAILOVER_DONE. */
void failover_result(const struct failover *fo, struct attempt_outcome *result);
/* True when the call got past its first attempt: the record's failed_over. */
bool failover_failed_over(const struct failover *fo);

#endif
