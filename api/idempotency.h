/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) around the handler of every POST: what
 * it does and the answer are kept in one transaction, so a request that is sent again, after a broken
 * connection or a crash of either side, has its effect exactly once and gets the same answer.
 *
 * Kept for 24 hours, per API key, when the answer is a success: a refusal changed nothing, and may
 * be tried again under the same key. Bodies are stored encrypted (AES-256-GCM) and requests as an
 * HMAC, with keys that HKDF makes of the caller's own API key, of which the database has a hash
 * only: an answer that shows a new API key stays as secret as that key. */
#ifndef TRUNKGUARD_API_IDEMPOTENCY_H
#define TRUNKGUARD_API_IDEMPOTENCY_H

#include <stdbool.h>

struct http_request;

/* Opens the transaction of a request with a key; the request's connection stays in it until the
 * answer is there. false: the request is answered. */
bool idempotency_begin(struct http_request *req);
/* The answer is made: keeps it and commits, or takes everything back when it is no success.
 * Harmless without a key, and a second time. revision: NULL when there is none. false: the answer has become
 * another one, for the commit failed. */
bool idempotency_end(struct http_request *req, const char *revision);

#endif
