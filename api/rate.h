/* How many requests a key may make, and an address without a valid one: a bucket for each, in this process. A
 * key learns from RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers) what is
 * left. Who asks for too much gets 429 with Retry-After; that costs neither a body nor PostgreSQL. */
#ifndef TRUNKGUARD_API_RATE_H
#define TRUNKGUARD_API_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bucket.h"

struct http_request;
struct rate;

enum rate_policy {
	RATE_ACCOUNT, /* a key of an account */
	RATE_OPERATOR, /* an operator's key */
	RATE_REFUSED, /* requests of an address (IPv6: /64) without a valid key */
	RATE_POLICY_COUNT
};
/* "account", "operator", "refused" */
const char *rate_policy_word(enum rate_policy p);

/* A rate of 0: no limit. ENOMEM, EIO (no random octets). */
int rate_new(struct rate **rate, const struct bucket_limit limit[RATE_POLICY_COUNT]);
void rate_free(struct rate *rate);

/* One request of req->principal; sets the header fields. False: it is answered, 429. */
bool rate_take(struct http_request *req);
/* One request without a valid key: false, it is answered, 429. */
bool rate_take_refused(struct http_request *req);
/* May the address try a key that is not known to be good? False: it is answered, 429. Takes nothing. */
bool rate_may_try(struct http_request *req);

/* Answered 429 so far. */
uint64_t rate_limited(const struct rate *rate, enum rate_policy p);

#endif
