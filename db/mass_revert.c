/* Taking a mass operation back: asked for, or when its time has come. */
#include <errno.h>
#include <string.h>

#include "db/mass_private.h"

/* Everything that the operation changed and nobody changed since. created_at is the operation's
 * transaction's own time, which it gave to every row as updated_at; version tells two changes of one
 * instant apart. A trunk may be gone by now. */
static const char pick_sql[] =
	"INSERT INTO mass_work SELECT d.* FROM mass_operation o JOIN mass_operation_prior p ON "
	"p.mass_operation_id = o.id CROSS JOIN LATERAL unnest(p.numbers) n (number) JOIN did d ON "
	"d.number = n.number AND d.version = p.version AND d.updated_at = o.created_at WHERE o.id "
	"= $1 AND (o.account_id IS NULL OR d.account_id = o.account_id) AND (o.action <> 'assign' "
	"OR (p.prior ->> 'trunk_id' IS NULL OR EXISTS (SELECT FROM trunk t WHERE t.id = (p.prior "
	"->> 'trunk_id')::uuid AND t.account_id = d.account_id)) AND (p.prior ->> 'dial_plan_id' "
	"IS "
	"NULL OR EXISTS (SELECT FROM dial_plan l WHERE l.id = (p.prior ->> 'dial_plan_id')::uuid "
	"AND "
	"l.account_id = d.account_id))) ORDER BY d.number FOR NO KEY UPDATE OF d";

static const char failover_sql[] =
	"WITH g AS MATERIALIZED (SELECT numbers, (prior ->> 'number')::bigint AS failover_number, "
	"prior -> 'backup_pbxs' AS backup_pbxs, prior ->> 'calling_party_display' AS display, "
	"(prior ->> 'calling_party_number')::bigint AS display_number FROM mass_operation_prior "
	"WHERE mass_operation_id = $1), p AS (SELECT unnest(numbers) AS number, failover_number, "
	"backup_pbxs, display, display_number FROM g) UPDATE did d SET failover_number = "
	"p.failover_number, failover_backup_pbxs = p.backup_pbxs, failover_calling_party_display "
	"= p.display, failover_calling_party_number = p.display_number, version = d.version + 1, "
	"updated_at = now() FROM mass_work w JOIN p ON p.number = w.number WHERE w.number = "
	"d.number";

static const char assign_sql[] =
	"WITH p AS (SELECT unnest(numbers) AS number, (prior ->> 'trunk_id')::uuid AS trunk_id, "
	"(prior ->> 'dial_plan_id')::uuid AS dial_plan_id FROM mass_operation_prior WHERE "
	"mass_operation_id = $1) UPDATE did d SET trunk_id = p.trunk_id, dial_plan_id = "
	"p.dial_plan_id, version = d.version + 1, updated_at = now() FROM mass_work w JOIN p ON "
	"p.number = w.number WHERE w.number = d.number";

/* What was deleted comes back with all it had, under a version of its own: nobody shall take the new
 * row for the one he knew. */
static const char delete_sql[] =
	"WITH back AS (INSERT INTO did SELECT r.* FROM mass_operation_prior p JOIN account a ON "
	"a.id = (p.prior ->> 'account_id')::uuid CROSS JOIN LATERAL unnest(p.numbers) n (number) "
	"CROSS JOIN LATERAL jsonb_populate_record(NULL::did, '{\"forwardings\": []}' || p.prior || "
	"jsonb_build_object("
	"'number', n.number, 'version', (p.prior ->> 'version')::bigint + 1, 'updated_at', "
	"now())) r WHERE p.mass_operation_id = $1 AND (p.prior ->> 'trunk_id' IS NULL OR EXISTS "
	"(SELECT FROM trunk t WHERE t.id = (p.prior ->> 'trunk_id')::uuid AND t.account_id = "
	"a.id)) AND (p.prior ->> 'dial_plan_id' IS NULL OR EXISTS (SELECT FROM dial_plan l WHERE "
	"l.id = (p.prior ->> 'dial_plan_id')::uuid AND l.account_id = a.id)) ORDER BY n.number ON "
	"CONFLICT (number) DO NOTHING RETURNING *) INSERT INTO "
	"mass_work SELECT * FROM back";

static const char create_sql[] = "DELETE FROM did d USING mass_work w, mass_operation o WHERE "
				 "w.number = d.number AND o.id = "
				 "$1";

static const char done_sql[] =
	"UPDATE mass_operation SET reverted_at = now(), revert_at = NULL, revert_revision = "
	"revision_token(), reverted = (SELECT count(*) FROM mass_work), changed_since = ARRAY("
	"SELECT n.number FROM mass_operation_prior p CROSS JOIN LATERAL unnest(p.numbers) n "
	"(number) LEFT JOIN mass_work w ON w.number = n.number WHERE p.mass_operation_id = $1 AND "
	"w.number IS NULL ORDER BY n.number) WHERE id = $1 RETURNING " SQL_MASS_FULL_JSON
	", id, revert_revision";

static int put_back(struct db *db, const char *id, int action)
{
	static const char *const sql[MASS_ACTION_COUNT] = {
		[MASS_SET_FAILOVER] = failover_sql,
		[MASS_CLEAR_FAILOVER] = failover_sql,
		[MASS_CREATE] = create_sql,
		[MASS_ASSIGN] = assign_sql,
		[MASS_DELETE] = delete_sql,
	};
	int err = 0;

	if (action < 0)
		return EPROTO;
	if (action != MASS_DELETE)
		err = db_query(db, pick_sql, 1, &id, NULL);
	return err ? err : db_query(db, sql[action], 1, &id, NULL);
}

/* Within a transaction, the operation's row being locked. */
static int revert(struct db *db, const char *id, int action, struct pg_result **row)
{
	int err = put_back(db, id, action);

	if (!err)
		err = db_query(db, done_sql, 1, &id, row);
	if (!err)
		err = mass_event(db, id, "mass_operation.reverted");
	return err ? err : db_commit(db);
}

static int revert_found(struct db *db, const char *id, const char *owner, struct pg_result **row)
{
	const char *param[] = {id, owner};
	struct pg_result *found;
	int err, action;

	err = db_query(db,
		"SELECT action, reverted_at IS NOT NULL FROM mass_operation WHERE id = $1 AND "
		"($2::uuid IS NULL OR account_id = $2) FOR UPDATE",
		2, param, &found);
	if (err)
		return err;
	if (db_rows(found) == 0) {
		err = ESRCH;
	} else if (db_bool(found, 0, 1)) {
		err = EALREADY;
	} else {
		action = mass_action_parse(db_text(found, 0, 0));
		err = revert(db, id, action, row);
	}
	db_clear(found);
	return err;
}

int mass_revert(struct db *db, const char *id, const char *owner, struct pg_result **row)
{
	int err;

	*row = NULL;
	err = mass_begin(db);
	if (!err)
		err = revert_found(db, id, owner, row);
	db_rollback(db);
	if (err) {
		db_clear(*row);
		*row = NULL;
	}
	return err;
}

int mass_expire(struct db *db, bool *found)
{
	struct pg_result *due = NULL, *row = NULL;
	const char *id;
	int err;

	*found = false;
	err = mass_begin(db);
	if (!err)
		err = db_query(db,
			"SELECT id, action FROM mass_operation WHERE revert_at <= now() ORDER BY "
			"revert_at LIMIT 1 FOR UPDATE SKIP LOCKED",
			0, NULL, &due);
	if (err || db_rows(due) == 0)
		goto out;
	*found = true;
	id = db_text(due, 0, 0);
	err = revert(db, id, mass_action_parse(db_text(due, 0, 1)), &row);
	if (err && !db_broken(db)) {
		db_rollback(db);
		if (db_query(db,
			    "UPDATE mass_operation SET revert_at = now() + interval '10 seconds' "
			    "WHERE id = $1 AND reverted_at IS NULL",
			    1, &id, NULL) != 0)
			*found = false;
	}
out:
	db_rollback(db);
	db_clear(due);
	db_clear(row);
	return err;
}

int mass_forget(struct db *db)
{
	return db_query(db, "SELECT mass_operation_forget()", 0, NULL, NULL);
}
