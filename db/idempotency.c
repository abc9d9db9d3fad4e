#include "db/idempotency.h"

#include <errno.h>
#include <string.h>

static int outcome_errno(const char *outcome)
{
	return strcmp(outcome, "new") == 0         ? 0
	       : strcmp(outcome, "in_flight") == 0 ? EINPROGRESS
	       : strcmp(outcome, "reused") == 0    ? EKEYREJECTED
						   : EALREADY;
}

static int look(struct db *db, const struct idempotency_key *key, struct idempotency_answer *answer)
{
	const char *param[] = {key->api_key_id, key->key, key->hash};
	int err;

	err = db_query(db,
		"SELECT outcome, status, location, revision, etag, encode(body, 'hex') FROM "
		"idempotency_open($1, $2, decode($3, 'hex'))",
		3, param, &answer->result);
	if (err)
		return err;
	answer->status = db_text(answer->result, 0, 1);
	answer->location = db_text(answer->result, 0, 2);
	answer->revision = db_text(answer->result, 0, 3);
	answer->etag = db_text(answer->result, 0, 4);
	answer->body = db_text(answer->result, 0, 5);
	return outcome_errno(db_text(answer->result, 0, 0));
}

int idempotency_open(
	struct db *db, const struct idempotency_key *key, struct idempotency_answer *answer)
{
	int err;

	memset(answer, 0, sizeof(*answer));
	err = db_enclose(db);
	if (!err)
		err = look(db, key, answer);
	if (!err)
		err = db_shield(db);
	if (err)
		db_enclosed_abort(db);
	return err;
}

/* One of more than 24 hours ago makes room. */
int idempotency_keep(
	struct db *db, const struct idempotency_key *key, const struct idempotency_answer *answer)
{
	const char *param[] = {key->api_key_id, key->key, key->hash, answer->status,
		answer->location, answer->revision, answer->etag, answer->body};

	return db_query(db,
		"INSERT INTO idempotency (api_key_id, key, request_hash, status, location, "
		"revision, etag, body) VALUES ($1, $2, decode($3, 'hex'), $4, $5, $6, $7, "
		"decode($8, 'hex')) ON CONFLICT (api_key_id, key) DO UPDATE SET (request_hash, "
		"status, location, revision, etag, body, created_at) = (excluded.request_hash, "
		"excluded.status, excluded.location, excluded.revision, excluded.etag, "
		"excluded.body, now())",
		8, param, NULL);
}

int idempotency_forget(struct db *db)
{
	return db_query(db, "SELECT idempotency_forget()", 0, NULL, NULL);
}
