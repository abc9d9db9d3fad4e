/* The legs of a call that somebody has to pay: its INVITEs to outside numbers, on behalf of an account that
 * was called. The account's caps hold for them (core/failover_cap.h): a leg counts from its first INVITE to
 * the end of its last branch, or of the call when it was answered there. Gateways tried one after
 * another for the same number are one leg. */
#ifndef SIP_FAILOVER_LEG_H
#define SIP_FAILOVER_LEG_H

#include <stdbool.h>

#include "core/e164.h"

enum { FAILOVER_LEGS_MAX = 8 };

struct attempt;
struct call;

/* Of one call: the numbers whose legs are up. */
struct failover_legs {
	uint8_t count;
	e164_t number[FAILOVER_LEGS_MAX];
};

struct failover_leg_stats {
	uint64_t sent, over_calls,
		over_rate; /* legs that went out, and those that a cap kept back */
};

/* False: a cap keeps it back, and the alarm was raised if it was time. True also for what is no such leg. */
bool failover_leg_take(struct call *call, const struct attempt *a);
/* Something happened on the call: legs that are over are given back. */
void failover_leg_settle(struct call *call);
/* The call was answered by this attempt: other legs are given back, and the rules may shorten the call. */
void failover_leg_answered(struct call *call, const struct attempt *a);
void failover_leg_release(struct call *call);
/* After a restart; 0: the call is on none. */
void failover_leg_restore(struct call *call, e164_t number);

#endif
