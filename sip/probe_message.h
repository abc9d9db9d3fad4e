/* The OPTIONS that asks a target whether it is there (RFC 3261 section 11.1). */
#ifndef SIP_PROBE_MESSAGE_H
#define SIP_PROBE_MESSAGE_H

#include "sip/flow.h"
#include "sip/sip_build.h"

enum { PROBE_MESSAGE_MAX = 1500 };

struct probe_message {
	struct str host; /* as provisioned: Request-URI and To */
	uint16_t port; /* 0: none */
	struct str uri; /* of a binding, instead of host and port; "": none */
	struct str route; /* Route lines; "": none */
	struct str self; /* net_advertise() of the flow */
	struct str branch;
	struct str unique; /* From tag and Call-ID */
};

/* Errors stay in b. */
void probe_message_write(struct sip_build *b, const struct probe_message *p, const struct flow *to);

#endif
