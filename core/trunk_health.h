/* When a trunk counts as down, and as up again: what is seen of its SIP accounts, with patience, so that
 * a PBX that restarts, or one that flaps, makes no storm of events. Pure: the time is an argument.
 *
 *	not known -> up	  at once, and nobody is told: it is where every trunk begins
 *	up -> down	  no account could be called for TRUNK_DOWN_MS without a break, and the last time it
 *			  went down is TRUNK_AGAIN_MS ago
 *	down -> up	  one could be called for TRUNK_UP_MS without a break
 *
 * So a trunk goes down once a minute at most. What is not known breaks no patience and changes nothing:
 * after a restart it takes a while until all is seen again. */
#ifndef TRUNKGUARD_CORE_TRUNK_HEALTH_H
#define TRUNKGUARD_CORE_TRUNK_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum { TRUNK_DOWN_MS = 5000, TRUNK_UP_MS = 1000, TRUNK_AGAIN_MS = 60000 };

enum trunk_state { TRUNK_UNKNOWN, TRUNK_UP, TRUNK_DOWN, TRUNK_STATE_COUNT };

enum trunk_sight { SIGHT_UNKNOWN, SIGHT_GOOD, SIGHT_BAD };

/* All zero: not known. Times are the caller's; they only need to be of one clock. */
struct trunk_health {
	uint8_t state; /* enum trunk_state */
	bool waits; /* what is seen differs from the state, since: */
	int64_t since_ms;
	int64_t down_ms; /* when it last went down, with was_down */
	bool was_down;
};

enum trunk_change { TRUNK_SAME, TRUNK_WENT_DOWN, TRUNK_CAME_UP };

enum trunk_change trunk_health_see(struct trunk_health *h, enum trunk_sight sight, int64_t now_ms);

#endif
