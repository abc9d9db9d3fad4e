/* Answered calls: their two legs, and requests inside of the dialog on their way through (RFC 3261
 * sections 12 and 16). */
#ifndef SIP_DIALOG_H
#define SIP_DIALOG_H

#include "sip/branch.h"
#include "sip/call.h"
#include "sip/txn.h"

enum { DIALOG_ROUTE_MAX = 2048 };

/* What is known of the caller's side by its INVITE. ENOMEM. */
int dialog_begin(struct call *call, const struct sip_msg *invite);

/* Both legs of a call that this 2xx answers; the set-up is still there. ENOMEM. */
int dialog_open(struct call *call, const struct branch *b, const struct sip_msg *ok);

/* A target refresh (RFC 3261 12.2): m is a request or a 2xx from that side. */
void dialog_retarget(
	struct call *call, enum leg_side side, const struct sip_msg *m, const struct flow *from);

/* A request with a To tag. Answers it, now or later. */
void dialog_request(
	struct worker *w, struct txn_server *st, const struct sip_msg *m, const struct flow *from);
/* The ACK of a 2xx. */
void dialog_ack(struct worker *w, const struct sip_msg *m, const struct flow *from);
/* A 2xx to an INVITE that was answered already: the ACK got lost. */
void dialog_response(struct worker *w, const struct sip_msg *m, const struct flow *from);

/* The route set behind us that a 2xx gives to requests to its sender: Record-Route values above
 * ours, the nearest first. Built in text. */
struct str dialog_route_of_response(
	const struct worker *w, const struct sip_msg *ok, char text[DIALOG_ROUTE_MAX]);

/* Is this source one of the two sides of the call? Others may not touch it. */
bool dialog_source_ok(const struct call *call, enum leg_side side, const struct flow *from);

#endif
