/* Calls in progress as GET /v1/calls shows them. A call that changes waits in a ring for the next look at
 * it, a fraction of a second later, and only then becomes a row: one that comes and goes in between
 * costs two list operations and nothing else. */
#ifndef SIP_LIVE_CALL_H
#define SIP_LIVE_CALL_H

#include "sip/call.h"

enum {
	LIVE_CALL_LOOK_MS = 250,
	LIVE_CALL_A_LOOK = 500, /* rows made in one turn; the rest comes in the next ones */
	LIVE_CALL_TURN_MS = 10, /* which leave the recorder time to take them */
};

/* It began, another target is tried, or it was answered. */
void live_call_changed(struct call *call);
/* PostgreSQL has lost the rows: all calls are told of again, at the pace of the looks. */
void live_call_all_changed(struct worker *w);
/* The journal has lost calls: all are put there again as well. */
void live_call_all_lost(struct worker *w);
/* It is over: the row goes, if there is one. */
void live_call_gone(struct call *call);

#endif
