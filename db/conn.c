/* A connection: opening, statements, transactions, COPY. Waiting is in conn_wait.c, what an
 * error means in error.c. */
#include "db/conn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "db/conn_private.h"

/* Names are found in our schema, then in pg_catalog; what somebody plants in pg_temp comes last. */
#define SEARCH_PATH "trunkguard,pg_temp"

static int limit(int wanted, int fallback)
{
	return wanted == 0 ? fallback : wanted < 0 ? 0 : wanted;
}

static PGconn *connect_with(const char *url, const struct db_options *o)
{
	char options[320], timeout[12];
	/* What follows dbname overrides what the URL says; an empty value overrides nothing. */
	const char *const keys[] = {"dbname", "connect_timeout", "tcp_user_timeout",
		"keepalives_idle", "keepalives_interval", "keepalives_count",
		"target_session_attrs", "client_encoding", "application_name", "options", NULL};
	const char *values[] = {url, timeout, "5000", "5", "2", "3", "read-write", "UTF8",
		o->application_name ? o->application_name : "trunkguard", options, NULL};

	snprintf(timeout, sizeof(timeout), "%d", DB_CONNECT_TIMEOUT_S);
	snprintf(options, sizeof(options),
		"-c search_path=" SEARCH_PATH " -c statement_timeout=%d -c lock_timeout=%d "
		"-c idle_in_transaction_session_timeout=%d -c synchronous_commit=%s "
		"-c standard_conforming_strings=on -c timezone=UTC -c datestyle=ISO -c jit=off%s",
		limit(o->statement_timeout_ms, DB_STATEMENT_TIMEOUT_MS),
		limit(o->lock_timeout_ms, DB_LOCK_TIMEOUT_MS),
		limit(o->idle_timeout_ms, DB_IDLE_TIMEOUT_MS), o->async_commit ? "off" : "on",
		o->quiet ? " -c trunkguard.wakeup=off" : "");
	return PQconnectdbParams(keys, values, 1);
}

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

int db_open(
	struct db **dbp, const char *url, const struct db_options *options, struct db_error *why)
{
	static const struct db_options defaults;
	const struct db_options *o = options ? options : &defaults;
	struct db *db = mem_zalloc(1, sizeof(*db));
	int err = 0;

	*dbp = NULL;
	if (!db)
		return ENOMEM;
	db->reply_timeout_ms = o->reply_timeout_ms ? o->reply_timeout_ms : DB_REPLY_TIMEOUT_MS;
	db->pg = connect_with(url, o);
	if (!db->pg)
		err = ENOMEM;
	else if (PQstatus(db->pg) != CONNECTION_OK)
		err = db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
	else if (PQsetnonblocking(db->pg, 1))
		err = db_lost(db, ENOMEM, PQerrorMessage(db->pg));
	if (why)
		*why = db->error;
	if (err) {
		db_close(db);
		return err;
	}
	PQsetNoticeReceiver(db->pg, ignore_notice, NULL);
	*dbp = db;
	return 0;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (unsigned i = 0; i < DB_PREPARED_MAX; i++)
		mem_free(db->prepared[i]);
	PQfinish(db->pg);
	mem_free(db);
}

/* Reads a command to its end; keeps the first error, else the last result. */
static int finish(struct db *db, PGresult **kept)
{
	PGresult *result;
	int err = 0;

	*kept = NULL;
	for (;;) {
		int lost = db_next(db, &result);

		if (lost || !result) {
			if ((lost || err) && *kept) {
				PQclear(*kept);
				*kept = NULL;
			}
			return lost ? lost : err;
		}
		switch (PQresultStatus(result)) {
		case PGRES_COMMAND_OK:
		case PGRES_TUPLES_OK:
		case PGRES_EMPTY_QUERY:
			PQclear(*kept);
			*kept = result;
			continue;
		default:
			if (!err)
				err = db_note(db, result);
			PQclear(result);
		}
	}
}

static int send_command(struct db *db, int sent, PGresult **result)
{
	int err;

	if (!sent)
		return db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
	err = db_flush(db);
	return err ? err : finish(db, result);
}

static unsigned text_hash(const char *s)
{
	unsigned h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/* The slot that holds sql or would. */
static unsigned prepared_slot(const struct db *db, const char *sql)
{
	unsigned i = text_hash(sql) % DB_PREPARED_MAX;

	while (db->prepared[i] && strcmp(db->prepared[i], sql))
		i = (i + 1) % DB_PREPARED_MAX;
	return i;
}

static int forget_prepared(struct db *db)
{
	for (unsigned i = 0; i < DB_PREPARED_MAX; i++) {
		mem_free(db->prepared[i]);
		db->prepared[i] = NULL;
	}
	db->prepared_count = 0;
	return db_exec(db, "DEALLOCATE ALL");
}

static int prepare(struct db *db, const char *sql, char name[16])
{
	unsigned slot = prepared_slot(db, sql);
	PGresult *result;
	char *copy;
	int err;

	if (!db->prepared[slot] && db->prepared_count >= DB_PREPARED_MAX * 3 / 4) {
		err = forget_prepared(db);
		if (err)
			return err;
		slot = prepared_slot(db, sql);
	}
	snprintf(name, 16, "s%u", slot);
	if (db->prepared[slot])
		return 0;
	copy = strdup(sql);
	if (!copy)
		return ENOMEM;
	err = send_command(db, PQsendPrepare(db->pg, name, sql, 0, NULL), &result);
	if (err) {
		free(copy);
		return err;
	}
	PQclear(result);
	db->prepared[slot] = copy;
	db->prepared_count++;
	return 0;
}

int db_query(struct db *db, const char *sql, int count, const char *const *value,
	struct pg_result **result)
{
	PGresult *got;
	char name[16];
	int err;

	if (result)
		*result = NULL;
	if (db->broken)
		return ECONNRESET;
	err = prepare(db, sql, name);
	if (err)
		return err;
	err = send_command(
		db, PQsendQueryPrepared(db->pg, name, count, value, NULL, NULL, 0), &got);
	if (err)
		return err;
	if (result)
		*result = got;
	else
		PQclear(got);
	return 0;
}

int db_exec(struct db *db, const char *sql)
{
	PGresult *result;
	int err;

	if (db->broken)
		return ECONNRESET;
	err = send_command(db, PQsendQuery(db->pg, sql), &result);
	if (!err)
		PQclear(result);
	return err;
}

int db_begin(struct db *db)
{
	int err = db_exec(db, db->enclosed ? "SAVEPOINT inside" : "BEGIN");

	db->inner = db->enclosed && !err;
	return err;
}

int db_begin_read(struct db *db)
{
	return db->enclosed ? db_begin(db)
			    : db_exec(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

/* COMMIT of a failed transaction succeeds as a ROLLBACK: that is no success here. */
static int commit(struct db *db)
{
	PGresult *result;
	int err;

	if (db->broken)
		return ECONNRESET;
	err = send_command(db, PQsendQuery(db->pg, "COMMIT"), &result);
	if (err)
		return err;
	if (strcmp(PQcmdStatus(result), "COMMIT"))
		err = db->error.err ? db->error.err : EIO;
	PQclear(result);
	return err;
}

int db_commit(struct db *db)
{
	int err;

	if (!db->enclosed)
		return commit(db);
	err = db_exec(db, "RELEASE SAVEPOINT inside");
	if (!err)
		db->inner = false;
	return err;
}

static void roll_back(struct db *db, const char *sql)
{
	struct db_error kept = db->error;
	int err;

	if (db->broken || PQtransactionStatus(db->pg) == PQTRANS_IDLE)
		return;
	err = db_exec(db, sql);
	db->error = kept; /* what led to it is what the caller wants to know */
	if (err)
		db->broken = true;
}

void db_rollback(struct db *db)
{
	if (!db->enclosed)
		roll_back(db, "ROLLBACK");
	else if (db->inner)
		roll_back(db, "ROLLBACK TO SAVEPOINT inside; RELEASE SAVEPOINT inside");
	db->inner = false;
}

int db_enclose(struct db *db)
{
	int err = db_exec(db, "BEGIN");

	db->enclosed = !err;
	return err;
}

int db_shield(struct db *db)
{
	return db_exec(db, "SAVEPOINT shield");
}

int db_recover(struct db *db)
{
	if (db->broken)
		return ECONNRESET;
	if (PQtransactionStatus(db->pg) == PQTRANS_INERROR) {
		db->inner = false;
		roll_back(db, "ROLLBACK TO SAVEPOINT shield");
	}
	return db->broken ? ECONNRESET : 0;
}

int db_enclosed_commit(struct db *db)
{
	db->enclosed = db->inner = false;
	return commit(db);
}

void db_enclosed_abort(struct db *db)
{
	db->enclosed = db->inner = false;
	db_rollback(db);
}

int db_step(struct db *db)
{
	return db_exec(db, "SAVEPOINT step");
}

int db_step_keep(struct db *db)
{
	return db_exec(db, "RELEASE SAVEPOINT step");
}

int db_step_undo(struct db *db)
{
	roll_back(db, "ROLLBACK TO SAVEPOINT step; RELEASE SAVEPOINT step");
	return db->broken ? ECONNRESET : 0;
}

/* Hands over the lines; after the handler has said no, the rest is read and dropped. */
static int copy_lines(struct db *db, db_line_h *h, void *arg)
{
	int stopped = 0;

	for (;;) {
		char *line;
		int n = PQgetCopyData(db->pg, &line, 1);

		if (n > 0) {
			if (!stopped)
				stopped = h(line, (size_t)(n - 1), arg);
			PQfreemem(line);
		} else if (n == 0) {
			int err = db_receive(db);

			if (err)
				return err;
		} else {
			return n == -1 ? stopped : 0; /* -2: the result says why */
		}
	}
}

int db_copy_out(struct db *db, const char *sql, db_line_h *h, void *arg)
{
	PGresult *result, *end;
	int stopped = 0, err;

	if (db->broken)
		return ECONNRESET;
	if (!PQsendQuery(db->pg, sql))
		return db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
	err = db_flush(db);
	if (!err)
		err = db_next(db, &result);
	if (err)
		return err;
	if (PQresultStatus(result) == PGRES_COPY_OUT)
		stopped = copy_lines(db, h, arg);
	else
		err = PQresultStatus(result) == PGRES_FATAL_ERROR ? db_note(db, result) : EINVAL;
	PQclear(result);
	if (db->broken)
		return db->error.err;
	if (!err)
		err = finish(db, &end);
	else
		(void)finish(db, &end);
	PQclear(end);
	return err ? err : stopped;
}

/* In pieces, so that libpq never holds more than one of them. */
static int copy_send(struct db *db, const char *text, size_t len)
{
	enum { PIECE = 64 * 1024 };

	while (len > 0) {
		size_t n = len < PIECE ? len : PIECE;
		int sent = PQputCopyData(db->pg, text, (int)n), err;

		if (sent < 0)
			return db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
		if (sent > 0) {
			text += n;
			len -= n;
		}
		err = db_flush(db);
		if (err)
			return err;
	}
	return 0;
}

static int copy_end(struct db *db)
{
	int sent;

	while ((sent = PQputCopyEnd(db->pg, NULL)) == 0) {
		int err = db_flush(db);

		if (err)
			return err;
	}
	return sent < 0 ? db_lost(db, ECONNRESET, PQerrorMessage(db->pg)) : db_flush(db);
}

int db_copy_in(struct db *db, const char *sql, const char *text, size_t len)
{
	PGresult *result, *end;
	int err;

	if (db->broken)
		return ECONNRESET;
	if (!PQsendQuery(db->pg, sql))
		return db_lost(db, ECONNRESET, PQerrorMessage(db->pg));
	err = db_flush(db);
	if (!err)
		err = db_next(db, &result);
	if (err)
		return err;
	if (PQresultStatus(result) != PGRES_COPY_IN) {
		err = PQresultStatus(result) == PGRES_FATAL_ERROR ? db_note(db, result) : EINVAL;
		PQclear(result);
		(void)finish(db, &end);
		PQclear(end);
		return err;
	}
	PQclear(result);
	err = copy_send(db, text, len);
	if (!err)
		err = copy_end(db);
	if (err)
		return err;
	err = finish(db, &end);
	PQclear(end);
	return err;
}

bool db_broken(const struct db *db)
{
	return db->broken;
}

bool db_in_transaction(const struct db *db)
{
	return PQtransactionStatus(db->pg) != PQTRANS_IDLE;
}
