#include "db/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "db/conn.h"
#include "db/migrations.h"

enum { LOCK_TIMEOUT_MS = 60000 };

/* What must be there before the first file can be noted. Run under the lock. */
static const char bootstrap[] = "CREATE SCHEMA IF NOT EXISTS trunkguard;"
				"CREATE TABLE IF NOT EXISTS trunkguard.migration ("
				" version integer PRIMARY KEY, name text NOT NULL,"
				" applied_at timestamptz NOT NULL DEFAULT now())";

/* How many are applied; ENOTSUP when they are not the ones this program knows. */
static int read_version(struct db *db, int *version, char *why)
{
	struct pg_result *result;
	int err = db_query(db, "SELECT version, name FROM trunkguard.migration ORDER BY version", 0,
		NULL, &result);

	if (err)
		return err;
	*version = db_rows(result);
	for (int i = 0; i < *version && !err; i++) {
		const char *name = db_text(result, i, 1);

		if (i >= migrations_count) {
			snprintf(why, DB_MIGRATE_WHY_MAX,
				"the database is newer than this program: it has migration %.60s, "
				"the program ends at %s",
				name, migrations[migrations_count - 1].name);
			err = ENOTSUP;
		} else if (db_int(result, i, 0) != i + 1 || strcmp(name, migrations[i].name)) {
			snprintf(why, DB_MIGRATE_WHY_MAX,
				"the database has migration %.60s where this program has %s", name,
				migrations[i].name);
			err = ENOTSUP;
		}
	}
	db_clear(result);
	return err;
}

static int apply(struct db *db, int version)
{
	const struct migration *m = &migrations[version - 1];
	char number[12];
	const char *const values[] = {number, m->name};
	int err = db_begin(db);

	snprintf(number, sizeof(number), "%d", version);
	if (!err)
		err = db_exec(db, m->sql);
	if (!err)
		err = db_query(db, "INSERT INTO migration (version, name) VALUES ($1, $2)", 2,
			values, NULL);
	if (!err)
		err = db_commit(db);
	if (err)
		db_rollback(db);
	else
		log_info("migrate", "applied %s", m->name);
	return err;
}

static int migrate_locked(struct db *db, int *applied, char *why)
{
	int version = 0;
	int err = db_exec(db, bootstrap);

	if (!err)
		err = read_version(db, &version, why);
	while (!err && version < migrations_count) {
		err = apply(db, version + 1);
		if (err)
			snprintf(why, DB_MIGRATE_WHY_MAX, "%s: %s", migrations[version].name,
				db_error(db)->message);
		else
			(*applied)++;
		version++;
	}
	return err;
}

int db_migrate(const char *url, int *applied, char *why)
{
	/* An index on a million rows takes its time; only the wait for another starter is bounded. */
	const struct db_options options = {.application_name = "trunkguard-migrate",
		.statement_timeout_ms = DB_NOT_LIMITED,
		.reply_timeout_ms = DB_NOT_LIMITED,
		.lock_timeout_ms = LOCK_TIMEOUT_MS};
	struct db_error reason;
	struct db *db;
	int count = 0;
	int err = db_open(&db, url, &options, &reason);

	why[0] = '\0';
	if (err) {
		snprintf(
			why, DB_MIGRATE_WHY_MAX, "no connection to PostgreSQL: %s", reason.message);
		return err;
	}
	/* The lock is the session's: it goes with the connection, however this ends. */
	err = db_exec(db, "SELECT pg_advisory_lock(hashtext('trunkguard.migrate'))");
	if (!err)
		err = migrate_locked(db, &count, why);
	if (err && !why[0])
		snprintf(why, DB_MIGRATE_WHY_MAX, "%s", db_error(db)->message);
	if (applied)
		*applied = count;
	db_close(db);
	return err;
}

int db_migrate_check(struct db *db)
{
	char why[DB_MIGRATE_WHY_MAX];
	int version = 0;
	int err = read_version(db, &version, why);

	return err ? err : version < migrations_count ? EPROTO : 0;
}
