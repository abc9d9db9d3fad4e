/* Answers of POST requests, kept 24 hours under the caller's Idempotency-Key, written by the very
 * transaction that has the effect. While a transaction has a key nobody else can have it; when the
 * transaction ends, in whatever way, so does that. */
#ifndef TRUNKGUARD_DB_IDEMPOTENCY_H
#define TRUNKGUARD_DB_IDEMPOTENCY_H

#include "db/conn.h"

struct idempotency_key {
	const char *api_key_id; /* bare UUID: two API keys never see each other's */
	const char *key;
	const char *hash; /* of the request, 64 hexadecimal digits */
};

/* Of an answer; texts, NULL: it had none. */
struct idempotency_answer {
	struct pg_result *result; /* after idempotency_open(): db_clear() it */
	const char *status, *location, *revision, *etag;
	const char *body; /* hexadecimal */
};

/* Opens the enclosing transaction (db_enclose()) with the key. 0: the key is new, the transaction is
 * open and shielded. Else it is not open: EINPROGRESS another one has the key; EKEYREJECTED it was used for
 * another request; EALREADY answer has what came of it. Else as in db/conn.h. */
DB_MUST_CHECK int idempotency_open(
	struct db *db, const struct idempotency_key *key, struct idempotency_answer *answer);
/* Keeps the answer in that transaction; the caller commits it. */
DB_MUST_CHECK int idempotency_keep(
	struct db *db, const struct idempotency_key *key, const struct idempotency_answer *answer);
/* Drops what is older than 24 hours. */
DB_MUST_CHECK int idempotency_forget(struct db *db);

#endif
