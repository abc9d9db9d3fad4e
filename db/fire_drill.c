#include "db/fire_drill.h"

#include <errno.h>
#include <stdio.h>

#include "core/time_text.h"
#include "core/uuid.h"
#include "db/event.h"
#include "db/fire_drill_private.h"

/* The row, or ESRCH when there is none. */
static int one_row(
	struct db *db, const char *sql, int count, const char *const *param, struct pg_result **row)
{
	int err = db_query(db, sql, count, param, row);

	if (!err && db_rows(*row) == 0) {
		db_clear(*row);
		*row = NULL;
		err = ESRCH;
	}
	return err;
}

int fire_drill_account(
	struct db *db, const struct fire_drill_scope *scope, const char *owner, char *account)
{
	const char *param[] = {scope->account ? scope->account
			       : scope->trunk ? scope->trunk
					      : scope->did,
		owner};
	struct pg_result *row;
	int err = one_row(db,
		scope->account
			? "SELECT id FROM account WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)"
		: scope->trunk
			? "SELECT account_id FROM trunk WHERE id = $1 AND ($2::uuid IS NULL OR "
			  "account_id = $2)"
			: "SELECT account_id FROM did WHERE number = $1 AND ($2::uuid IS NULL OR "
			  "account_id = $2)",
		2, param, &row);

	if (err)
		return err;
	snprintf(account, UUID_TEXT_SIZE, "%s", db_text(row, 0, 0));
	db_clear(row);
	return 0;
}

static int start(struct db *db, const struct fire_drill_scope *scope, const char *reason,
	char id[UUID_TEXT_SIZE])
{
	const char *param[] = {scope->account, scope->trunk, scope->did, reason};
	struct pg_result *result;
	int err = db_query(db, "SELECT fire_drill_start($1, $2, $3, $4)", 4, param, &result);

	if (err)
		return err;
	snprintf(id, UUID_TEXT_SIZE, "%s", db_text(result, 0, 0));
	db_clear(result);
	return 0;
}

static int note(struct db *db, const struct fire_drill_scope *scope, const char *id)
{
	char subject[64];
	const struct event e = {.account = scope->account,
		.type = "fire_drill.created",
		.subject = subject,
		.trunk = scope->trunk,
		.did = scope->did};

	snprintf(subject, sizeof(subject), "fire-drills/drl_%s", id);
	return event_note(db, &e);
}

static int workers_live(struct db *db)
{
	struct pg_result *row;
	int err = one_row(db, "SELECT FROM worker_status WHERE live LIMIT 1", 0, NULL, &row);

	if (err)
		return err == ESRCH ? ECHILD : err;
	db_clear(row);
	return 0;
}

int fire_drill_begin(struct db *db, const struct fire_drill_scope *scope, struct pg_result **row)
{
	char id[UUID_TEXT_SIZE];
	const char *param[] = {id};
	int err = db_begin(db);

	*row = NULL;
	if (!err)
		err = workers_live(db);
	if (!err)
		err = start(db, scope, "request", id);
	if (!err)
		err = note(db, scope, id);
	if (!err)
		err = one_row(db,
			"SELECT " SQL_FIRE_DRILL_FULL_JSON ", id FROM fire_drill WHERE id = $1", 1,
			param, row);
	if (!err)
		err = db_commit(db);
	db_rollback(db); /* after a commit there is nothing to roll back */
	if (err) {
		db_clear(*row);
		*row = NULL;
	}
	return err;
}

int fire_drill_read(struct db *db, const char *id, const char *owner, struct pg_result **row)
{
	const char *param[] = {id, owner};

	return one_row(db,
		"SELECT " SQL_FIRE_DRILL_FULL_JSON
		" FROM fire_drill WHERE id = $1 AND ($2::uuid IS NULL "
		"OR account_id = $2)",
		2, param, row);
}

int fire_drill_schedule(struct db *db, bool *found)
{
	struct fire_drill_scope scope = {.account = NULL};
	char id[UUID_TEXT_SIZE], account[UUID_TEXT_SIZE] = "";
	struct pg_result *due = NULL;
	int err = db_begin(db);

	*found = false;
	if (!err)
		err = workers_live(db);
	if (!err)
		err = db_query(db, "SELECT fire_drill_due()", 0, NULL, &due);
	if (!err && db_text(due, 0, 0)) {
		snprintf(account, sizeof(account), "%s", db_text(due, 0, 0));
		scope.account = account;
		err = start(db, &scope, "schedule", id);
		if (!err)
			err = db_commit(db);
		*found = !err;
	}
	db_clear(due);
	db_rollback(db);
	return err == ECHILD ? 0 : err;
}

int fire_drill_forget(struct db *db)
{
	return db_query(db, "SELECT fire_drill_forget()", 0, NULL, NULL);
}

int fire_drill_last_proven(struct db *db, const char *target, const char *account, char *out)
{
	const char *param[] = {target, account};
	struct pg_result *row;
	int err = db_query(db, "SELECT " SQL_TIME("last_proven_at($1, $2)"), 2, param, &row);

	if (err)
		return err;
	snprintf(out, TIME_TEXT_SIZE, "%s", db_text(row, 0, 0) ? db_text(row, 0, 0) : "");
	db_clear(row);
	return 0;
}
