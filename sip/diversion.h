/* What a call that moved on to a number says of itself: Diversion (RFC 5806) and History-Info
 * (RFC 7044) name the DID it was diverted from, so that carriers accept it, and the calling party
 * display says who seems to call. Pure. */
#ifndef SIP_DIVERSION_H
#define SIP_DIVERSION_H

#include "core/cfg.h"
#include "sip/scan.h"
#include "sip/sip_build.h"

enum { DIVERSIONS_MAX = 5 }; /* an INVITE that brings as many has been round too often: 482 */

struct diversion {
	e164_t did;
	struct str host; /* of our own URIs */
	struct str target; /* the new Request-URI */
	enum trigger trigger; /* why the call left the DID; TRIGGER_NONE: unconditional */
};

/* How many times this INVITE was diverted before it came here. */
unsigned diversion_count(const struct sip_msg *invite);

/* The Diversion line, to go above those that are there. */
void diversion_line(struct sip_build *b, const struct diversion *d);

/* History-Info lines, to go below those that are there. */
void diversion_history(
	struct sip_build *b, const struct sip_msg *invite, const struct diversion *d);

/* The From value up to its parameters as the callee shall see it; empty: as received. */
struct str calling_party(struct sip_build *b, const struct sip_msg *invite,
	enum calling_party_display display, e164_t number, struct str host);

#endif
