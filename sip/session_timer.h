/* Session timers as a proxy sees them (RFC 4028 section 8): what to add to an INVITE or UPDATE on
 * its way out, what to add to its 2xx on the way back, and how long the session then lives. Pure. */
#ifndef SIP_SESSION_TIMER_H
#define SIP_SESSION_TIMER_H

#include "sip/scan.h"
#include "sip/sip_build.h"

enum {
	SESSION_MIN_SE = 90, /* the least that RFC 4028 section 5 allows */
	SESSION_DEFAULT = 1800,
};

/* What the request asked for, as it was sent on; kept until its 2xx. */
struct session_offer {
	uint32_t interval; /* Session-Expires that went on */
	bool uac_supports; /* Supported: timer */
};

enum session_verdict {
	SESSION_PASS, /* forward as it is */
	SESSION_EDIT, /* replace Session-Expires and Min-SE by the lines built */
	SESSION_TOO_SMALL, /* answer 422 with Min-SE: SESSION_MIN_SE */
	SESSION_BAD, /* answer 400: a value that is no number of seconds */
};

/* Lines are appended to b for SESSION_EDIT; the caller deletes the old ones. */
enum session_verdict session_request(const struct sip_msg *m, uint32_t preferred,
	struct session_offer *offer, struct sip_build *b);

/* What a request that is only passed on asked for; all zero when it asked for nothing. */
void session_offered(const struct sip_msg *m, struct session_offer *offer);

/* A 2xx: *interval is the session's life in seconds, 0 without a timer. Lines to add to the
 * response are appended to b when only the caller knows timers. */
void session_response(const struct sip_msg *m, const struct session_offer *offer,
	uint32_t *interval, struct sip_build *b);

#endif
