/* What went wrong, as errno: the one place that knows SQLSTATEs. */
#include "db/conn_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Longest prefix first: a class of two characters stands for what is not listed of it. */
static const struct {
	const char *prefix;
	int err;
} errnos[] = {
	{"23505", EEXIST}, /* unique_violation */
	{"23503", ENOENT}, /* foreign_key_violation */
	{"23P01", EEXIST}, /* exclusion_violation */
	{"25006", ECONNRESET}, /* read_only_sql_transaction: a standby, find the primary */
	{"40001", EBUSY}, /* serialization_failure */
	{"40P01", EBUSY}, /* deadlock_detected */
	{"55P03", EBUSY}, /* lock_not_available */
	{"57014", ETIMEDOUT}, /* query_canceled */
	{"53100", ENOSPC}, /* disk_full */
	{"53200", ENOMEM}, /* out_of_memory */
	{"53300", EAGAIN}, /* too_many_connections */
	{"25P03", ECONNRESET}, /* idle_in_transaction_session_timeout */
	{"42501", EACCES}, /* insufficient_privilege */
	{"08", ECONNRESET}, /* connection exceptions */
	{"57P", ECONNRESET}, /* shutdown, crash, cannot_connect_now */
	{"22", EINVAL}, /* data exceptions */
	{"23", EINVAL}, /* check, not null */
	{"3F", EPROTO}, /* invalid_schema_name */
	{"42", EPROTO}, /* undefined table, column, function */
};

int db_errno(const char *sqlstate)
{
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (!strncmp(sqlstate, errnos[i].prefix, strlen(errnos[i].prefix)))
			return errnos[i].err;
	return EIO;
}

/* The first line, no control characters: it goes to the log. */
static void copy_line(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; text && *text && *text != '\n' && n + 1 < size; text++)
		out[n++] = (unsigned char)*text >= ' ' ? *text : ' ';
	out[n] = '\0';
}

int db_lost(struct db *db, int err, const char *message)
{
	db->broken = true;
	memset(&db->error, 0, sizeof(db->error));
	db->error.err = err;
	copy_line(db->error.message, sizeof(db->error.message), message);
	return err;
}

static void copy_field(char *out, size_t size, const PGresult *result, int field)
{
	copy_line(out, size, PQresultErrorField(result, field));
}

int db_note(struct db *db, const PGresult *result)
{
	struct db_error *e = &db->error;

	memset(e, 0, sizeof(*e));
	copy_field(e->sqlstate, sizeof(e->sqlstate), result, PG_DIAG_SQLSTATE);
	copy_field(e->constraint, sizeof(e->constraint), result, PG_DIAG_CONSTRAINT_NAME);
	copy_field(e->table, sizeof(e->table), result, PG_DIAG_TABLE_NAME);
	copy_field(e->column, sizeof(e->column), result, PG_DIAG_COLUMN_NAME);
	copy_field(e->message, sizeof(e->message), result, PG_DIAG_MESSAGE_PRIMARY);
	e->err = e->sqlstate[0] ? db_errno(e->sqlstate) : ECONNRESET;
	if (!e->message[0])
		copy_line(e->message, sizeof(e->message), PQresultErrorMessage(result));
	if (e->err == ECONNRESET || PQstatus(db->pg) == CONNECTION_BAD) {
		e->err = ECONNRESET;
		db->broken = true;
	}
	return e->err;
}

const struct db_error *db_error(const struct db *db)
{
	return &db->error;
}
