#include "db/worker.h"

#include <inttypes.h>
#include <stdio.h>

static const char report_sql[] =
	"WITH before AS ("
	" SELECT count(*) > 0 AS rival FROM worker"
	" WHERE name = $1 AND instance <> $2::uuid AND stopped_at IS NULL"
	" AND last_seen > clock_timestamp() - interval '3 seconds'"
	"), report AS ("
	" INSERT INTO worker AS w (name, instance, version, started_at, last_seen, epoch,"
	"  applied_snapshot, applied_revision, applied_at, config_counts, rejects)"
	" VALUES ($1, $2::uuid, $3, clock_timestamp() - $4::bigint * interval '1 millisecond',"
	"  clock_timestamp(), $5, $6::pg_snapshot, $7,"
	"  clock_timestamp() - $8::bigint * interval '1 millisecond', $9::jsonb, $10::jsonb)"
	" ON CONFLICT (name) DO UPDATE SET version = excluded.version,"
	"  started_at = CASE WHEN w.instance = excluded.instance THEN w.started_at"
	"   ELSE excluded.started_at END,"
	"  instance = excluded.instance, last_seen = excluded.last_seen, stopped_at = NULL,"
	"  epoch = excluded.epoch, applied_snapshot = excluded.applied_snapshot,"
	"  applied_revision = excluded.applied_revision, applied_at = excluded.applied_at,"
	"  config_counts = excluded.config_counts, rejects = excluded.rejects"
	"), history AS ("
	" INSERT INTO worker_applied (worker, epoch, snapshot, seen_below, applied_at)"
	" SELECT $1, $5, $6::pg_snapshot, pg_snapshot_xmax($6::pg_snapshot),"
	"  clock_timestamp() - $8::bigint * interval '1 millisecond' WHERE $11::boolean"
	")"
	"SELECT rival, pg_notify('trunkguard_applied', '') FROM before";

int db_worker_report(struct db *db, const struct db_worker *w, bool *rival)
{
	const struct db_position *p = w->applied && w->applied->snapshot ? w->applied : NULL;
	char uptime[24], age[24];
	const char *const values[] = {w->name, w->instance, w->version, uptime, p ? p->epoch : NULL,
		p ? p->snapshot : NULL, p ? p->revision : NULL, p ? age : NULL, w->counts,
		w->rejects, p && w->changed ? "t" : "f"};
	struct pg_result *result;
	int err;

	snprintf(uptime, sizeof(uptime), "%" PRId64, w->uptime_ms);
	snprintf(age, sizeof(age), "%" PRId64, w->applied_age_ms);
	err = db_query(db, report_sql, sizeof(values) / sizeof(values[0]), values, &result);
	if (err)
		return err;
	*rival = db_bool(result, 0, 0);
	db_clear(result);
	return 0;
}

int db_worker_draining(struct db *db, const char *name, bool *draining)
{
	struct pg_result *result;
	int err = db_query(db, "SELECT draining FROM worker WHERE name = $1", 1, &name, &result);

	if (err)
		return err;
	*draining = db_rows(result) > 0 && db_bool(result, 0, 0);
	db_clear(result);
	return 0;
}

int db_worker_stop(struct db *db, const char *name, const char *instance)
{
	static const char sql[] = "WITH stop AS (UPDATE worker SET stopped_at = clock_timestamp()"
				  " WHERE name = $1 AND instance = $2::uuid)"
				  "SELECT pg_notify('trunkguard_applied', '')";

	return db_query(db, sql, 2, (const char *const[]){name, instance}, NULL);
}
