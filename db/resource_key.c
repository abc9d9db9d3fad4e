#include "db/resource_key.h"

#include <errno.h>
#include <string.h>

#include "db/event_private.h"
#include "db/resource_private.h"

/* Of the rows that a CTE "changed" wrote. */
#define NOTED(type, before, after, a, b, c, d)                                                     \
	", noted AS (INSERT INTO event (type, account_id, subject, before, after, "                \
	"revision, " SQL_EVENT_ACTOR_COLUMNS ") SELECT '" type                                     \
	"', account_id, coalesce('accounts/acc_' || "                                              \
	"account_id || '/', '') || 'api-keys/key_' || id, " before ", " after ", revision_token()" \
	", " SQL_EVENT_ACTOR(a, b, c, d) " FROM changed) SELECT json FROM changed"

int api_key_insert(struct db *db, const struct api_key_new *key, struct resource_row *row)
{
	const char *param[6 + EVENT_ACTOR_PARAMS] = {
		key->id, key->account, key->name, key->scopes, key->hash, key->expires_at};

	event_actor_params(db, param + 6);
	return resource_row_one(db,
		"WITH changed AS (INSERT INTO api_key (id, account_id, name, scopes, secret_hash, "
		"expires_at) VALUES ($1, $2, $3, $4, decode($5, 'hex'), $6) RETURNING id, "
		"account_id, " SQL_API_KEY_JSON
		" AS json)" NOTED("api_key.created", "NULL", "json::jsonb", 7, 8, 9, 10),
		6 + EVENT_ACTOR_PARAMS, param, row);
}

int api_key_read(struct db *db, const char *account, const char *id, struct resource_row *row)
{
	const char *param[] = {id, account};

	return resource_row_one(db,
		"SELECT " SQL_API_KEY_JSON " FROM api_key WHERE id = $1 AND account_id IS NOT "
		"DISTINCT FROM $2::uuid AND revoked_at IS NULL",
		2, param, row);
}

int api_key_revoke(struct db *db, const char *account, const char *id)
{
	const char *param[2 + EVENT_ACTOR_PARAMS] = {id, account};
	struct resource_row row;
	int err;

	event_actor_params(db, param + 2);
	err = resource_row_one(db,
		"WITH changed AS (UPDATE api_key SET revoked_at = now() WHERE id = $1 AND "
		"account_id IS NOT DISTINCT FROM $2::uuid AND revoked_at IS NULL RETURNING id, "
		"account_id, " SQL_API_KEY_JSON
		" AS json)" NOTED("api_key.revoked", "json::jsonb", "NULL", 3, 4, 5, 6),
		2 + EVENT_ACTOR_PARAMS, param, &row);
	db_clear(row.result);
	return err;
}

int api_key_account(struct db *db, const char *account)
{
	struct pg_result *result;
	int err;

	err = db_query(db, "SELECT FROM account WHERE id = $1", 1, &account, &result);
	if (err)
		return err;
	err = db_rows(result) == 0 ? ESRCH : 0;
	db_clear(result);
	return err;
}

static int note_use(struct db *db, const char *id)
{
	return db_query(db, "UPDATE api_key SET last_used_at = now() WHERE id = $1", 1, &id, NULL);
}

int api_key_find(struct db *db, const char *id, struct api_key_found *found)
{
	struct pg_result *result;
	int err;

	memset(found, 0, sizeof(*found));
	err = db_query(db,
		"SELECT encode(k.secret_hash, 'hex'), k.account_id, 'read' = ANY(k.scopes), "
		"'write' = ANY(k.scopes), coalesce(a.enabled, true), k.last_used_at IS NULL OR "
		"k.last_used_at < now() - interval '1 minute' FROM api_key k LEFT JOIN account a "
		"ON a.id = k.account_id WHERE k.id = $1 AND k.revoked_at IS NULL AND "
		"(k.expires_at IS NULL OR k.expires_at > now())",
		1, &id, &result);
	if (err)
		return err;
	if (db_rows(result) == 0) {
		db_clear(result);
		return ESRCH;
	}
	found->result = result;
	found->hash = db_text(result, 0, 0);
	found->account = db_text(result, 0, 1);
	found->can_read = db_bool(result, 0, 2);
	found->can_write = db_bool(result, 0, 3);
	found->account_enabled = db_bool(result, 0, 4);
	/* A note that cannot be taken (a standby, a full disk) keeps nobody out. */
	if (db_bool(result, 0, 5) && note_use(db, id) != 0 && db_broken(db)) {
		db_clear(result);
		return ECONNRESET;
	}
	return 0;
}
