/* Setting a call up: carries out what the failover machine of core decides. The machine says try,
 * cancel, forward, reply; this file finds addresses, sends, and hands back what happened. */
#ifndef SIP_SETUP_H
#define SIP_SETUP_H

#include "core/caller_id.h"
#include "core/failover.h"
#include "core/plan.h"
#include "sip/call.h"
#include "sip/failover_leg.h"
#include "sip/resolve.h"
#include "sip/session_timer.h"
#include "sip/txn.h"

enum { SETUP_TARGETS_MAX = RESOLVE_TARGETS_MAX, SETUP_EVENTS_MAX = 32 };

struct branch;

/* One place to send the attempt's INVITE to. */
struct setup_target {
	struct flow flow;
	char *ruri;
	char *route; /* Path of a binding as Route lines; NULL: none */
	bool bound; /* a binding: answers go back the way the registration came */
};

/* The addresses of one attempt; each lane has its own, as they ring at once. */
struct setup_lane {
	struct call *call;
	unsigned attempt; /* whose targets these are; UINT_MAX: none yet */
	unsigned target_count, target_next;
	struct setup_target target[SETUP_TARGETS_MAX];
	struct resolve_query *query; /* the address of query_branch is being looked up */
	unsigned query_branch;
};

struct call_setup {
	struct txn_server *st; /* NULL once it has its final response */
	struct flow from;
	char *invite; /* as received */
	size_t invite_len;
	const struct sip_msg
		*received; /* the same, scanned, while it is being dealt with; then NULL */
	struct plan plan;
	struct failover *fo;
	struct session_offer session;
	unsigned attempt; /* tried last; UINT_MAX: none yet */
	struct setup_lane *lane[PLAN_LANES_MAX]; /* NULL: not needed yet */
	uint32_t turned; /* bit n: attempt n took its trunk's turn */
	struct branch *branches;
	struct failover_legs legs;
	struct uuid slot[CALL_SLOTS_MAX - 1]; /* beside that of the call */
	struct failover_event queue[SETUP_EVENTS_MAX]; /* a ring */
	unsigned queue_first, queued;
	bool running, done;
	bool sips; /* a sips URI was called: only TLS will do */
	/* Of a PBX's call: the number that it shows to whom it calls. */
	bool shows;
	struct caller_id shown;
	bool caller_bound; /* the caller is reached the way its INVITE came */
};

/* A final response of our own to the caller, who has none yet. */
void setup_reply(struct call *call, unsigned code, const char *reason);

/* The caller's CANCEL; st is the INVITE's transaction. False: it is not a call in set-up. */
bool setup_cancel(struct worker *w, struct txn_server *st, const struct sip_msg *cancel);

/* An operator ends a call in set-up: 480 for the caller, CANCEL for who rings. The call is gone. */
void setup_hang_up(struct call *call);

/* Something happened on the call. m is the response of FAILOVER_RESPONSE, else NULL. */
void setup_event(struct call *call, const struct failover_event *event, const struct sip_msg *m);

/* An address that was looked up is there: the attempt's branch goes on. */
void setup_resume(struct call *call, unsigned attempt, unsigned branch);

/* The INVITE: as it was scanned when it came, or once more, into kept. NULL: cannot be. */
const struct sip_msg *setup_invite(const struct call_setup *s, struct sip_msg *kept);

/* Forgets the set-up; branches that still ring are cancelled and end by themselves. */
void setup_free(struct call_setup *s);

/* The address where a request of the caller in an early dialog goes: that of the branch with this
 * To tag. NULL: no such branch. */
const struct flow *setup_early_peer(const struct call *call, struct str to_tag);

#endif
