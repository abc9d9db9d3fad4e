/* How many paid failover legs an account may have at the same time, and how many in a minute. Exact by
 * construction: legs up are a set of ids (core/slots.h), and those of the last minute are remembered each by
 * its time, so that in no 60 seconds there is one more than allowed, which a token bucket cannot promise. */
#ifndef TRUNKGUARD_CORE_FAILOVER_CAP_H
#define TRUNKGUARD_CORE_FAILOVER_CAP_H

#include <stdbool.h>

#include "core/destination.h"
#include "core/uuid.h"

enum { FAILOVER_CAP_MINUTE_MS = 60000, FAILOVER_CAP_ALARM_MS = 60000 };

struct failover_caps;

struct failover_caps *failover_caps_new(const uint8_t key[16]); /* NULL: no memory */
void failover_caps_free(struct failover_caps *caps);

/* 0: the leg may go out, and counts. EBUSY: max_failover_calls are up; EAGAIN: the minute has had its number;
 * ENOMEM: nobody could tell, so no. A leg that is up already is not counted again. */
int failover_cap_take(struct failover_caps *caps, const struct uuid *account,
	const struct uuid *leg, const struct destination_rules *rules, int64_t now_ms);
/* A leg that comes back with a call after a restart: it counts whatever the rules say. */
void failover_cap_restore(
	struct failover_caps *caps, const struct uuid *account, const struct uuid *leg);
void failover_cap_release(
	struct failover_caps *caps, const struct uuid *account, const struct uuid *leg);
uint32_t failover_cap_count(const struct failover_caps *caps, const struct uuid *account);

/* A leg was refused. True: it is time to raise the alarm, the first time and then at most once in
 * FAILOVER_CAP_ALARM_MS; *refused: how many there were since the last one. */
bool failover_cap_alarm(
	struct failover_caps *caps, const struct uuid *account, int64_t now_ms, uint32_t *refused);

/* Forgets accounts that nothing needs to be known of any more; now and then. */
void failover_caps_expire(struct failover_caps *caps, int64_t now_ms);

#endif
