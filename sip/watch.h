/* An answered call is watched until it ends: by a BYE of a side, or by us when a side is gone (its
 * probes fail), its session timer ran out (RFC 4028) or its longest time is over. */
#ifndef SIP_WATCH_H
#define SIP_WATCH_H

#include "sip/call.h"

enum {
	WATCH_MISSES_MAX = 3,
	WATCH_DOUBT_MS = 2000, /* to the first probe of a caller that only its address names */
	WATCH_RETRY_MS = 5000, /* after a probe that was not answered */
	WATCH_SESSION_GRACE_MS = 32000, /* the non-refresher's BYE may still be on its way */
};

/* interval: of the session timer in seconds, 0 none. */
void watch_start(struct call *call, uint32_t interval);

/* Another limit than the call's own: seconds from now. */
void watch_limit(struct call *call, uint32_t seconds);

/* A re-INVITE or UPDATE was agreed to; interval as above. */
void watch_refreshed(struct call *call, uint32_t interval);

/* The call is over: its slot is free and its record written; the call is freed. BYE is sent to both
 * sides when END_SYSTEM. */
void watch_end(struct call *call, enum call_end by);
void watch_end_because(struct call *call, const char *reason);
/* An operator ends it. */
void watch_hang_up(struct call *call);

#endif
