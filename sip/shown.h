/* How a PBX's call names its caller to whom it calls: From, P-Asserted-Identity (RFC 3325), Privacy (RFC
 * 3323). A gateway belongs to the same trust domain as we, so it learns the number of an anonymous caller
 * too, and keeps it to itself; a PBX does not. Pure. */
#ifndef SIP_SHOWN_H
#define SIP_SHOWN_H

#include "core/caller_id.h"
#include "sip/scan.h"
#include "sip/sip_build.h"

/* The From value up to its parameters. host: of our own URIs. */
struct str shown_from(struct sip_build *b, const struct sip_msg *invite, const struct caller_id *id,
	struct str host);

/* The lines that go with it, for the end of the headers. */
void shown_lines(struct sip_build *b, const struct sip_msg *invite, const struct caller_id *id,
	struct str host, bool trusted);

/* What the PBX sent of these is left out: identities that it only claims, and passwords that are for us. Ended
 * by SIP_HDR_COUNT. unsigned_: also the signature of what was replaced (RFC 8224). */
const enum sip_hdr *shown_drops(bool unsigned_);

#endif
