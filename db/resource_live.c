#include "db/resource_live.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "db/event_private.h"
#include "db/event.h"
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

/* The event's subject must be a path, whatever the name is made of. */
static int drain(struct db *db, const char *name, bool draining, char revision[REVISION_SIZE])
{
	static const char sql[] =
		"UPDATE worker w SET draining = $2 FROM (SELECT name, draining FROM worker WHERE "
		"name = $1 FOR UPDATE) o WHERE w.name = o.name RETURNING revision_token(), "
		"json_build_object('draining', o.draining), json_build_object('draining', "
		"w.draining), 'workers/' || left(regexp_replace(w.name, '[^A-Za-z0-9._~+-]', '_', "
		"'g'), 100)";
	struct event event = {.type = "worker.updated"};
	struct pg_result *result = NULL;
	int err = db_begin(db);

	if (!err)
		err = db_query(
			db, sql, 2, (const char *const[]){name, draining ? "t" : "f"}, &result);
	if (err)
		return err;
	if (db_rows(result)) {
		snprintf(revision, REVISION_SIZE, "%s", db_text(result, 0, 0));
		event.before = db_text(result, 0, 1);
		event.after = db_text(result, 0, 2);
		event.subject = db_text(result, 0, 3);
		err = event_note(db, &event);
	} else {
		err = ESRCH;
	}
	db_clear(result);
	return err ? err : db_commit(db);
}

int worker_drain(struct db *db, const char *name, bool draining, char revision[REVISION_SIZE])
{
	int err = drain(db, name, draining, revision);

	if (err)
		db_rollback(db);
	return err;
}
