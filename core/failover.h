/* The failover machine of one call: events in, actions out; no I/O, no clock of its own.
 *
 * It walks a plan's attempts: one after another, and lane beside lane where a group of them rings at
 * once. A branch is one INVITE that was sent for an attempt (an attempt makes several when a name has
 * several addresses, or an account several bindings).
 * The doors own branches and carry out the actions in the order given.
 *
 * Timers. Until a branch answers with any 1xx, 100 included, first_response_seconds runs; after
 * that, ring_seconds. All addresses of a PBX share the first: fifteen silent seconds are fifteen
 * seconds for the caller, however many addresses there are. A gateway's next address gets
 * its own. After an address that did answer (503), the next one starts afresh.
 *
 * Within an attempt the next address is tried after a transport failure, a 503 (RFC 3263 section
 * 4.3), and a gateway's silence or other 5xx. Every other final response is the attempt's. When it raises
 * a trigger that the attempt has switched on, the next attempt starts; when it is one of its
 * leave_triggers, the attempt at leave_to; else the plan ends. A gateway's 482 or 483 raises none: what
 * came round once would come round by every other number, too.
 *
 * A group. Its lanes start together, each walks its own attempts with its own timers, and all of them
 * have group_ring_seconds from the first 1xx of any. A lane that fails goes on within itself; when it
 * comes to its end the others ring on. The group is over when all lanes are, or its time is: then the
 * call moves on behind it, if one of them would have. A 6xx without a trigger ends the plan for all.
 *
 * A reject ends the plan with its own response, whatever was heard before, unless something is left
 * outside of its dial plan (leave_to); a loop fails like a far end that says 482.
 *
 * Answers. The first 2xx wins, whichever attempt it belongs to, and every other branch is
 * cancelled; a 2xx after that, or after the caller got a final response, is ended (ACK, BYE).
 * A 2xx repeated by the branch that won is relayed again. The door alone sees To tags: a 2xx of
 * the winning branch with another tag is a second answer, to be ended and not to be fed in here.
 *
 * What the caller gets when nothing answered (RFC 3261 section 16.7): a 6xx, else the lowest
 * class; within a class what came from a far end before what was made here, then 415, 420 and 484,
 * then the later attempt. Made here: 404 not registered, 408 silence or transport failure, 480
 * not answered in ring_seconds or not allowed, 503 capacity. Not passed on as they are: 401 and 407 (480: it is
 * our quarrel with the PBX), 3xx (480: it would tell a carrier where to call), 503 of a far end
 * (500: we are not overloaded, RFC 3261 16.7 item 6). A 503 made here for capacity
 * goes out as it is, and at once, when nothing else is left.
 * When the plan ends while a branch that rang is being cancelled, its last word is waited for, at
 * most FAILOVER_LAST_WORD_MS: it may be a 2xx that crossed the CANCEL.
 *
 * Slots. An attempt with holds_slot holds one of its trunk: the door takes it before it carries out the
 * attempt's first FAILOVER_TRY, or answers FAILOVER_EXHAUSTED with TRIGGER_CAPACITY. It is released once,
 * when no lane is with that trunk any more or the call ends without an answer. A late 2xx from there
 * takes it back (FAILOVER_RETAKE_SLOT), over the limit if need be, since that call is up. What the plan
 * saw of slots and bindings holds for attempts made at once; later ones ask again by being tried.
 */
#ifndef TRUNKGUARD_CORE_FAILOVER_H
#define TRUNKGUARD_CORE_FAILOVER_H

#include "core/plan.h"

enum { FAILOVER_BRANCHES_MAX = 48, FAILOVER_ACTIONS_MAX = 64, FAILOVER_LAST_WORD_MS = 2000 };

enum failover_event_kind {
	FAILOVER_START,
	FAILOVER_RESPONSE, /* branch, status: every response, 1xx and repeated 2xx too */
	FAILOVER_NETWORK, /* branch, trigger: unreachable, or no_response by Timer B; also the end of a
			       cancelled branch that never answered */
	FAILOVER_EXHAUSTED, /* branch of the last FAILOVER_TRY, for which the door has no (more)
			       address; trigger says why when it was the attempt's first */
	FAILOVER_TICK, /* a deadline of failover_deadline() has passed */
	FAILOVER_CANCEL, /* the caller gave up */
};

struct failover_event {
	enum failover_event_kind kind;
	unsigned branch;
	unsigned status;
	enum trigger trigger;
};

enum failover_action_kind {
	FAILOVER_TRY, /* send the attempt's INVITE to its next address: attempt, branch (new) */
	FAILOVER_CANCEL_BRANCH, /* CANCEL it, after its first provisional if there was none yet */
	FAILOVER_FORWARD, /* relay this response (1xx, 2xx) of the branch to the caller: status */
	FAILOVER_END_LATE, /* ACK and BYE the 2xx of this branch */
	FAILOVER_REPLY, /* the final response to the caller: relay the branch's own, or with
				  FAILOVER_NO_BRANCH make one with this status; attempt: whose */
	FAILOVER_RELEASE_SLOT, /* the call left the trunk of this attempt */
	FAILOVER_RETAKE_SLOT, /* it came back there by a late answer */
	FAILOVER_DONE, /* nothing more will be tried; outcomes are final */
};
#define FAILOVER_NO_BRANCH 0xffffu

struct failover_action {
	enum failover_action_kind kind;
	unsigned attempt;
	unsigned branch;
	unsigned status;
};

/* What happened to one attempt, for the record. Dispositions and causes follow behaviour.md; an
 * attempt that was still ringing when an earlier one answered late is CANCELLED, NORMAL. */
struct attempt_outcome {
	int64_t started_ms; /* as given in now_ms; 0: never reached */
	int64_t ended_ms;
	uint16_t status; /* last final response, or the one made here; 0: none */
	uint8_t trigger; /* enum trigger; NONE when it was answered, refused for good or cancelled */
	uint8_t disposition; /* enum disposition */
	uint8_t cause; /* enum cause */
	bool far_end; /* the status came from the far end */
	bool answered;
};

struct failover; /* opaque; copies nothing of the plan, which must outlive it */

struct failover_actions {
	unsigned count;
	struct failover_action item[FAILOVER_ACTIONS_MAX];
};

/* ENOMEM; EINVAL for a plan without attempts: there plan->status is the whole answer. */
int failover_new(struct failover **fo, const struct plan *plan);
void failover_free(struct failover *fo);

void failover_step(struct failover *fo, const struct failover_event *event, int64_t now_ms,
	struct failover_actions *actions);

/* The next time FAILOVER_TICK is wanted, -1: none. A tick that comes earlier does nothing. */
int64_t failover_deadline(const struct failover *fo);

bool failover_answered(const struct failover *fo, unsigned *attempt, unsigned *branch);
const struct attempt_outcome *failover_outcome(const struct failover *fo, unsigned attempt);
/* Of the call as a whole, once FAILOVER_DONE: the outcome of the attempt that was answered or
 * whose response the caller got, from the first start to the end. */
void failover_result(const struct failover *fo, struct attempt_outcome *result);
/* True when the call got past its first attempt, or the first group: the record's failed_over. */
bool failover_failed_over(const struct failover *fo);

#endif
