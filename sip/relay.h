/* A request in a dialog on its way through: its server and client transaction. */
#ifndef SIP_RELAY_H
#define SIP_RELAY_H

#include "sip/call.h"
#include "sip/txn.h"

/* Sends the request on to `to` and its responses back. A failure to send is answered. */
void relay_start(struct call *call, enum leg_side from_side, struct txn_server *st,
	const struct sip_msg *m, const struct flow *from, const struct flow *to);

/* The CANCEL of a re-INVITE. False: it is none of the call's. */
bool relay_cancel(struct call *call, struct txn_server *st);

/* The call is gone: its relays go on to their end without it. */
void relay_orphan(struct call *call);

#endif
