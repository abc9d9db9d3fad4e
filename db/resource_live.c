#include "db/resource_live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "db/event_private.h"
#include "db/resource_private.h"

#define VISIBLE                                                                                    \
	" FROM live_call WHERE id = $1 AND ($2::uuid IS NULL OR account_id = $2)"                  \
	" AND worker IN " SQL_LIVE_WORKERS

static int read_one(struct db *db, const char *sql, int count, const char *const *param,
	struct resource_row *row)
{
	int err;

	memset(row, 0, sizeof(*row));
	err = db_query(db, sql, count, param, &row->result);
	if (err)
		return err;
	if (db_rows(row->result) == 0)
		return ESRCH;
	row->json = db_text(row->result, 0, 0);
	return 0;
}

int live_call_read(struct db *db, const char *call, const char *owner, struct resource_row *row)
{
	static const char sql[] = "SELECT " SQL_CALL_JSON VISIBLE;

	return read_one(db, sql, 2, (const char *const[]){call, owner}, row);
}

int live_call_find(struct db *db, const char *call, const char *owner, struct pg_result **result)
{
	static const char sql[] =
		"WITH found AS (SELECT id, account_id, trunk_id, did, worker, caller_tag, "
		"sip_call_id, " SQL_CALL_JSON " AS json" VISIBLE
		"), noted AS (INSERT INTO event (type, account_id, trunk_id, did, subject, before, "
		"revision, " SQL_EVENT_ACTOR_COLUMNS
		") SELECT 'call.hang_up', account_id, trunk_id, did, 'calls/call_' || id, "
		"json::jsonb, revision_current(), " SQL_EVENT_ACTOR(3, 4, 5,
			6) " FROM found) SELECT worker, caller_tag, sip_call_id FROM found";
	const char *param[2 + EVENT_ACTOR_PARAMS] = {call, owner};
	int err;

	event_actor_params(db, param + 2);
	err = db_query(db, sql, 2 + EVENT_ACTOR_PARAMS, param, result);
	if (err)
		return err;
	if (db_rows(*result))
		return 0;
	db_clear(*result);
	*result = NULL;
	return ESRCH;
}

int live_call_forget(struct db *db, const char *call)
{
	return db_query(db, "DELETE FROM live_call WHERE id = $1", 1, &call, NULL);
}

int worker_read(struct db *db, const char *name, struct resource_row *row)
{
	static const char sql[] = "SELECT " SQL_WORKER_JSON " FROM " SQL_WORKERS " WHERE name = $1";

	return read_one(db, sql, 1, &name, row);
}

int worker_drain(struct db *db, const char *name, bool draining, char revision[REVISION_SIZE])
{
	static const char sql[] =
		"UPDATE worker SET draining = $2 WHERE name = $1 RETURNING revision_token()";
	struct pg_result *result;
	int err = db_query(db, sql, 2, (const char *const[]){name, draining ? "t" : "f"}, &result);

	if (err)
		return err;
	if (db_rows(result))
		snprintf(revision, REVISION_SIZE, "%s", db_text(result, 0, 0));
	else
		err = ESRCH;
	db_clear(result);
	return err;
}
