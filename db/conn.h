/* One connection to PostgreSQL: bounded waits, prepared statements, SQLSTATE as errno.
 *
 * A connection belongs to one thread at a time. No call waits longer than the reply timeout for
 * PostgreSQL to say something; a connection that lost its peer is broken and stays so: close it.
 *
 * errno results (see db_errno() for the whole table):
 *   EEXIST     unique violation; db_error()->constraint names it
 *   ENOENT     foreign key: what it points to is not there (on a DELETE: something points here)
 *   EINVAL     check, not null, malformed or out of range value
 *   EBUSY      deadlock, serialization failure or lock timeout: try again
 *   ETIMEDOUT  statement timeout
 *   ECONNRESET connection lost or refused, server shutting down, read-only standby
 *   EAGAIN     too many connections
 *   EPROTO     the schema is not the one of this program (not migrated)
 *   ENOSPC, ENOMEM, EACCES, EIO
 * A COMMIT that fails with ECONNRESET may have happened or not. */
#ifndef TRUNKGUARD_DB_CONN_H
#define TRUNKGUARD_DB_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DB_MUST_CHECK __attribute__((warn_unused_result))

struct db; /* a connection */
struct pg_result; /* libpq's PGresult; files outside db/ only pass it on or never see it */

enum {
	DB_STATEMENT_TIMEOUT_MS = 2000,
	DB_REPLY_TIMEOUT_MS = 4000,
	DB_LOCK_TIMEOUT_MS = 1000,
	DB_IDLE_TIMEOUT_MS = 5000,
	DB_CONNECT_TIMEOUT_S = 3,
	DB_NOT_LIMITED = -1,
};

struct db_options {
	const char *application_name; /* NULL: trunkguard */
	int statement_timeout_ms; /* server side, a statement; 0: the default, DB_NOT_LIMITED: none */
	int reply_timeout_ms; /* client side, silence; 0: the default, DB_NOT_LIMITED: none */
	int lock_timeout_ms; /* 0: the default */
	int idle_timeout_ms; /* server side, between two statements of a transaction; 0: the default */
	bool async_commit; /* what it commits may be lost in a crash of PostgreSQL, never half of it */
	/* Its commits do not NOTIFY: the program calls revision_wake() after them. Commits that NOTIFY
	 * wait for one another, which halves what several writers get done. */
	bool quiet;
};

struct db_error {
	int err;
	char sqlstate[6]; /* "" when it did not come from the server */
	char constraint[64];
	char table[64];
	char column[64];
	char message[400]; /* one line, for the log; holds no parameter values */
};

/* url: a libpq connection string or URI; "" leaves all to libpq's own variables. On failure *db is
 * NULL and why (may be NULL) says why. */
DB_MUST_CHECK int db_open(
	struct db **db, const char *url, const struct db_options *options, struct db_error *why);
void db_close(struct db *db);

/* One statement with parameters $1.. in text form, NULL for null; prepared once a connection. SQL text
 * is put together from constant pieces only. result may be NULL; else clear it with db_clear(). */
DB_MUST_CHECK int db_query(struct db *db, const char *sql, int count, const char *const *value,
	struct pg_result **result);
/* One or more statements without parameters or results. */
DB_MUST_CHECK int db_exec(struct db *db, const char *sql);

DB_MUST_CHECK int db_begin(struct db *db);
/* One snapshot for all that is read until db_commit(). */
DB_MUST_CHECK int db_begin_read(struct db *db);
DB_MUST_CHECK int db_commit(struct db *db);
/* Never fails visibly: a connection that cannot roll back is broken. Harmless outside a transaction. */
void db_rollback(struct db *db);

/* A transaction around those of others: until it ends, db_begin(), db_commit() and db_rollback() are of a
 * savepoint in it, so that what a caller adds is kept together with what they do, or not at all. */
DB_MUST_CHECK int db_enclose(struct db *db);
/* From here on a statement that fails costs what was done since, not the whole: db_recover() goes back to
 * here when one has failed, and is harmless else. */
DB_MUST_CHECK int db_shield(struct db *db);
DB_MUST_CHECK int db_recover(struct db *db);
DB_MUST_CHECK int db_enclosed_commit(struct db *db);
/* Harmless without one; then it is db_rollback(). */
void db_enclosed_abort(struct db *db);

/* One step inside a transaction, which may be undone when it fails or was in vain. Steps do not nest. */
DB_MUST_CHECK int db_step(struct db *db);
DB_MUST_CHECK int db_step_keep(struct db *db);
DB_MUST_CHECK int db_step_undo(struct db *db);

/* COPY ... FROM STDIN of the text, which has all lines. */
DB_MUST_CHECK int db_copy_in(struct db *db, const char *sql, const char *text, size_t len);
/* COPY ... TO STDOUT: each line without its newline. A handler's non-zero result ends the reading
 * with that result; the connection stays usable. */
typedef int db_line_h(const char *line, size_t len, void *arg);
DB_MUST_CHECK int db_copy_out(struct db *db, const char *sql, db_line_h *h, void *arg);

/* Sleeps until a NOTIFY is there, wake_fd (-1: none) is readable, or the time is over; 0 in all three.
 * *notified: how many, with those that had come before. */
DB_MUST_CHECK int db_wait(struct db *db, int wake_fd, int timeout_ms, unsigned *notified);

bool db_broken(const struct db *db);
/* Looks without waiting whether the server has closed an idle connection. */
bool db_alive(struct db *db);
bool db_in_transaction(const struct db *db);
const struct db_error *db_error(const struct db *db);
int db_errno(const char *sqlstate);

/* Results; col counts from 0. db_text(): NULL for null. db_int(), db_bool(): 0 for null. */
int db_rows(const struct pg_result *result);
int db_columns(const struct pg_result *result);
int64_t db_affected(const struct pg_result *result);
const char *db_text(const struct pg_result *result, int row, int col);
int64_t db_int(const struct pg_result *result, int row, int col);
bool db_bool(const struct pg_result *result, int row, int col);
void db_clear(struct pg_result *result);

#endif
