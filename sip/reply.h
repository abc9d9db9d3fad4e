/*
 * A response to a scanned request, also to a bad one (RFC 3261 8.2.6): all Vias with the top one
 * stamped by received and rport, From, To with a tag, Call-ID, CSeq, and Timestamp in a 100.
 * Headers that a bad request lacks are left out; without any Via there is no response.
 */
#ifndef SIP_REPLY_H
#define SIP_REPLY_H

#include "sip/scan.h"

struct sip_reply {
	unsigned code; /* 100 to 699 */
	struct str reason;
	struct str to_tag; /* added when To has none; empty: none is added */
	struct str source_ip; /* of the request, text without brackets */
	uint16_t source_port;
	bool tight; /* as short as it can be, over UDP: compact names, no reason, no Content-Length */
	bool record_route; /* copy Record-Route: 1xx and 2xx that make a dialog */
	struct str extra; /* whole header lines, each with CRLF */
};

/* 0; ENOENT no Via: drop the request; ENOBUFS does not fit; EINVAL not a request, an ACK, or a
 * code, reason or tag that cannot be sent. */
int sip_reply_write(
	const struct sip_msg *m, const struct sip_reply *r, char *out, size_t cap, size_t *len);

#endif
