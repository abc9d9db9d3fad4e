#include "db/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int db_command_ask(struct db *db, const char *worker, const char *kind, const char *argument,
	int timeout_ms, char id[UUID_TEXT_SIZE])
{
	static const char sql[] = "INSERT INTO worker_command (worker, kind, argument, expires_at) "
				  "VALUES ($1, $2, $3,"
				  " clock_timestamp() + $4::bigint * interval '1 millisecond')"
				  " RETURNING id, pg_notify('trunkguard_command', $1)";
	struct pg_result *result;
	char timeout[16];
	int err;

	snprintf(timeout, sizeof(timeout), "%d", timeout_ms);
	err = db_query(db, sql, 4, (const char *const[]){worker, kind, argument, timeout}, &result);
	if (err)
		return err;
	snprintf(id, UUID_TEXT_SIZE, "%s", db_text(result, 0, 0));
	db_clear(result);
	return 0;
}

int db_command_result(struct db *db, const char *id, char **text)
{
	struct pg_result *result;
	const char *found;
	int err = db_query(db, "SELECT result FROM worker_command WHERE id = $1", 1,
		(const char *const[]){id}, &result);

	*text = NULL;
	if (err)
		return err;
	found = db_rows(result) ? db_text(result, 0, 0) : NULL;
	if (!db_rows(result))
		err = ESRCH;
	else if (!found)
		err = EAGAIN;
	else
		*text = strdup(found);
	if (found && !*text)
		err = ENOMEM;
	db_clear(result);
	return err;
}

int db_command_listen(struct db *db)
{
	return db_exec(db, "LISTEN trunkguard_command");
}

int db_command_take(struct db *db, const char *worker, struct pg_result **result)
{
	static const char sql[] =
		"UPDATE worker_command SET taken_at = clock_timestamp() WHERE worker = $1"
		" AND taken_at IS NULL AND expires_at > clock_timestamp()"
		" RETURNING id, kind, argument";

	return db_query(db, sql, 1, (const char *const[]){worker}, result);
}

int db_command_done(struct db *db, const char *id, const char *result)
{
	static const char sql[] =
		"UPDATE worker_command SET done_at = clock_timestamp(), result = $2"
		" WHERE id = $1";

	return db_query(db, sql, 2, (const char *const[]){id, result}, NULL);
}

int db_command_collect(struct db *db)
{
	return db_exec(db,
		"DELETE FROM worker_command WHERE expires_at < now() - interval '1 minute';"
		"DELETE FROM live_call c WHERE NOT EXISTS (SELECT FROM worker w WHERE w.name = "
		"c.worker"
		" AND w.last_seen > now() - interval '10 minutes')");
}
