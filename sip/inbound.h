/* Calls of gateways to our DIDs. */
#ifndef SIP_INBOUND_H
#define SIP_INBOUND_H

#include "sip/admit.h"

/* Plans the call to what is ours: a DID, also for PBXs, or a PBX's call to an internal number. */
int inbound_plan(struct call *call, const struct admission *a, struct plan_call *pc);

void inbound_start(const struct admission *a);

#endif
