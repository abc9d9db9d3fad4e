/* Via values (RFC 3261 20.42, RFC 3581 rport, RFC 5118 4.5). */
#ifndef SIP_VIA_H
#define SIP_VIA_H

#include "core/str.h"

struct sip_via {
	struct str all; /* one value, trimmed */
	struct str transport; /* as received: "UDP" */
	struct str host; /* sent-by, without brackets */
	bool host_ipv6;
	uint16_t port; /* 0: none given */
	struct str params; /* with the leading ";", else empty */
	struct str branch; /* empty: none (RFC 2543) */
	struct str received; /* as received, perhaps in brackets; empty: none */
	struct str maddr;
	bool has_rport;
	uint16_t rport; /* 0: "rport" without a value */
	struct str received_param; /* "received=192.0.2.1", for splicing; empty: none */
	struct str rport_param; /* "rport" or "rport=5060"; empty: none */
};

/* Takes the next value of a comma list off *rest: 0, ENOENT at the end, EINVAL. */
int sip_via_next(struct str *rest, struct sip_via *v);

/* The branch begins with the magic cookie of RFC 3261 and something follows it. */
bool sip_via_is_rfc3261(const struct sip_via *v);

#endif
