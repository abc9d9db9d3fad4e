/* A request or response on its way through: the received bytes with the edits that RFC 3261
 * sections 16.6 and 16.7 ask of a proxy, and no others. */
#ifndef SIP_FORWARD_H
#define SIP_FORWARD_H

#include "sip/flow.h"
#include "sip/scan.h"
#include "sip/sip_build.h"

struct net;

/* What goes out fits what a datagram may hold. */
enum { FORWARD_MAX = 16384, BRANCH_MAX = 48 };

struct forward {
	struct str branch; /* of our Via */
	struct str ruri; /* empty: as received */
	struct str from,
		to; /* name-addr in place of the received one, parameters stay; empty: as is */
	struct str top; /* header lines above the received ones */
	struct str end; /* header lines below them */
	int32_t cseq_add; /* the other side counts its CSeq so much higher; 0: alike */
	const enum sip_hdr *drop; /* headers to leave out, ended by SIP_HDR_COUNT; NULL: none */
	bool record_route; /* stay in the dialog */
};

/* 0, or the errors of sip_splice_write(). Route values that name us are taken off, received and
 * rport put into the topmost Via, Max-Forwards is one less. */
int forward_request(const struct net *net, const struct sip_msg *m, const struct flow *from,
	const struct flow *to, const struct forward *f, char *out, size_t cap, size_t *len);

/* The response without our Via. */
int forward_response(
	const struct sip_msg *m, const struct forward *f, char *out, size_t cap, size_t *len);

/* How many Route values at the top name us. */
unsigned forward_own_routes(const struct net *net, const struct sip_msg *m);
/* The first Route value behind our own: 0, or ENOENT. */
int forward_next_route(const struct net *net, const struct sip_msg *m, struct sip_addr *route);

/* Our Via of a request to there, with the line's end; self: what we are called there. */
void forward_via(struct sip_build *b, const struct flow *to, struct str self, struct str branch);
/* ";transport=tcp", ";transport=tls", "" for UDP, the default: behind the host of a sip URI. */
struct str forward_transport_param(uint8_t transport);

#endif
