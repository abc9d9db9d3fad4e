/* A branch: the INVITE sent to one address, and what came back. It outlives its call when that ends
 * first: a 2xx that comes too late is acknowledged and ended (RFC 3261 section 16.7, RFC 6026). */
#ifndef SIP_BRANCH_H
#define SIP_BRANCH_H

#include "sip/setup.h"

struct digest_challenge;

struct branch {
	struct branch *next;
	struct worker *w;
	struct call *call; /* NULL: the call went on without it */
	struct txn_client *ct;
	unsigned attempt, index;
	struct flow peer; /* where its responses come from */
	char *to_tag; /* of the early dialog; NULL: none yet */
	char *response; /* final response but 2xx, as received */
	size_t response_len;
	struct setup_target target; /* a copy: the gateway may want the INVITE once more */
	struct digest_challenge *challenge; /* the gateway's, being answered; NULL: none */
	struct call_mask *mask; /* how its INVITE differs from the caller's; NULL: not */
	bool bound;
	bool cancelled;
	bool late_ended; /* BYE was sent */
	bool heard; /* any response came, or its silence has been told */
};

/* Sends the call's INVITE to the target: 0, or errno of net_send() and forward_request(). */
int branch_send(
	struct call *call, unsigned attempt, unsigned index, const struct setup_target *target);

struct branch *branch_of(const struct call_setup *s, unsigned index);
void branch_cancel(struct branch *b, bool answered_elsewhere);
/* It was given up before anything came: that says something of a registered PBX, too. */
void branch_silent(struct branch *b);
/* ACK and BYE for a 2xx that nobody waits for. */
void branch_end_late(struct branch *b, const struct sip_msg *ok);
/* The call is over for this branch: cancelled if it rings, freed when its transaction ends. */
void branch_orphan(struct branch *b);

#endif
