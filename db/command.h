/* Commands: what a worker shall do now, as rows that it takes and answers. NOTIFY wakes it up, a poll is
 * the guarantee. Each is taken once at most; one that nobody took in time is never carried out. */
#ifndef TRUNKGUARD_DB_COMMAND_H
#define TRUNKGUARD_DB_COMMAND_H

#include "core/uuid.h"
#include "db/conn.h"

/* Who asks. */

/* Leaves the command and wakes the worker up. id: to ask for the result by. */
DB_MUST_CHECK int db_command_ask(struct db *db, const char *worker, const char *kind,
	const char *argument, int timeout_ms, char id[UUID_TEXT_SIZE]);
/* Done: *result is its text, to be freed. EAGAIN: not yet. ESRCH: no such command any more. */
DB_MUST_CHECK int db_command_result(struct db *db, const char *id, char **result);

/* The worker. */

DB_MUST_CHECK int db_command_listen(struct db *db);
/* All that wait: columns id, kind, argument. They count as taken. */
DB_MUST_CHECK int db_command_take(struct db *db, const char *worker, struct pg_result **result);
DB_MUST_CHECK int db_command_done(struct db *db, const char *id, const char *result);
/* Drops what is long over, and calls of workers that are; about once a minute. */
DB_MUST_CHECK int db_command_collect(struct db *db);

#endif
