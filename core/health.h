/* Whether a target is up: what probes and calls saw, with rise and fall thresholds. Pure: the owner
 * keeps one struct for each target and hands in the time.
 *
 *	unknown -> up	   1 success
 *	unknown -> down	   3 failures in a row
 *	up -> down	   3 failures in a row
 *	down -> up	   2 successes in a row
 *
 * Failures within a second count as one: fifty calls that time out together are one event. A state
 * lasts 30 seconds at least (but unknown), however a target flaps; evidence that
 * comes earlier is kept and takes effect with the first that comes later. A target that answers
 * 503 with Retry-After is down at once and until then, at most half an hour, whatever else is seen. */
#ifndef TRUNKGUARD_CORE_HEALTH_H
#define TRUNKGUARD_CORE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum health_state { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN, HEALTH_STATE_COUNT };

enum {
	HEALTH_FALL = 3,
	HEALTH_RISE = 2,
	HEALTH_FAILURE_GAP_MS = 1000,
	HEALTH_HOLD_MS = 30000,
	HEALTH_RETRY_AFTER_MAX_S = 1800,
};

/* All zero: unknown. */
struct health {
	uint8_t state; /* enum health_state */
	uint8_t ok; /* successes in a row, up to HEALTH_RISE */
	uint8_t failed; /* failures in a row, up to HEALTH_FALL */
	int64_t changed_ms; /* when the state last changed */
	int64_t failed_ms; /* when the last failure was counted */
	int64_t retry_ms; /* not before this, by Retry-After; 0: none */
};

/* Each answers whether the state changed. */
bool health_ok(struct health *h, int64_t now_ms);
bool health_failed(struct health *h, int64_t now_ms);
bool health_retry_after(struct health *h, uint32_t seconds, int64_t now_ms);

#endif
