/* The addresses of one attempt: bindings, a literal, or what DNS says. */
#ifndef SIP_SETUP_TARGET_H
#define SIP_SETUP_TARGET_H

#include "sip/setup.h"

/* Moves on to the next address of the attempt. 0: *target is it. EAGAIN: it is being looked up, and
 * setup_resume() goes on. ENOENT: there is no more; *why says what to make of it. */
int setup_target_next(struct call *call, unsigned attempt, unsigned branch,
	const struct setup_target **target, enum trigger *why);

/* The branch is given up: its address is not asked for any more. */
void setup_target_cancel(struct call_setup *s, unsigned branch);
void setup_target_clear(struct call_setup *s);

#endif
