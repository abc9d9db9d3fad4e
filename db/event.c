#include "db/event.h"

#include <errno.h>

#include "db/conn_private.h"
#include "db/event_private.h"

void event_actor_set(struct db *db, const struct event_actor *actor)
{
	db->actor = *actor;
}

static const char *text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

void event_actor_params(const struct db *db, const char *param[EVENT_ACTOR_PARAMS])
{
	param[0] = db->actor.kind ? db->actor.kind : "system";
	param[1] = text_or_null(db->actor.key_id);
	param[2] = text_or_null(db->actor.source_ip);
	param[3] = text_or_null(db->actor.request_id);
}

int event_note(struct db *db, const struct event *e)
{
	const char *param[8 + EVENT_ACTOR_PARAMS] = {
		e->account, e->type, e->subject, e->trunk, e->did, e->before, e->after, e->data};

	event_actor_params(db, param + 8);
	return db_query(db,
		"INSERT INTO event (account_id, type, subject, trunk_id, did, before, after, data, "
		"revision, " SQL_EVENT_ACTOR_COLUMNS
		") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, revision_token(), " SQL_EVENT_ACTOR(
			9, 10, 11, 12) ")",
		8 + EVENT_ACTOR_PARAMS, param, NULL);
}

int event_read(struct db *db, const char *id, const char *owner, struct pg_result **row)
{
	static const char tenants[] =
		"SELECT " SQL_EVENT_JSON(SQL_EVENT_OPERATORS) " FROM event "
							      "WHERE id = $1 AND account_id = $2";
	static const char operators[] =
		"SELECT " SQL_EVENT_JSON("false") " FROM event WHERE id = $1";
	const char *param[] = {id, owner};
	int err = db_query(db, owner ? tenants : operators, owner ? 2 : 1, param, row);

	if (!err && db_rows(*row) == 0) {
		db_clear(*row);
		*row = NULL;
		err = ESRCH;
	}
	return err;
}

int event_verify(struct db *db, struct pg_result **result)
{
	return db_query(db,
		"SELECT account_id, seq, event_id, problem FROM event_verify() ORDER BY "
		"account_id, "
		"seq",
		0, NULL, result);
}

int event_heads(struct db *db, struct pg_result **result)
{
	return db_query(db,
		"SELECT nullif(chain, event_chain_of(NULL)), seq, encode(hash, 'hex') FROM "
		"event_chain_head ORDER BY chain",
		0, NULL, result);
}

int event_forget(struct db *db, const char *days, int64_t *count)
{
	struct pg_result *result;
	int err = db_query(db, "SELECT event_forget(make_interval(days => $1))", 1, &days, &result);

	if (err)
		return err;
	*count = db_int(result, 0, 0);
	db_clear(result);
	return 0;
}
