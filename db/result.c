/* Reading results. */
#include "db/conn.h"

#include <libpq-fe.h>
#include <stdlib.h>

int db_rows(const struct pg_result *result)
{
	return PQntuples(result);
}

int db_columns(const struct pg_result *result)
{
	return PQnfields(result);
}

int64_t db_affected(const struct pg_result *result)
{
	return strtoll(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10);
}

const char *db_text(const struct pg_result *result, int row, int col)
{
	return PQgetisnull(result, row, col) ? NULL : PQgetvalue(result, row, col);
}

int64_t db_int(const struct pg_result *result, int row, int col)
{
	return strtoll(PQgetvalue(result, row, col), NULL, 10);
}

bool db_bool(const struct pg_result *result, int row, int col)
{
	return PQgetvalue(result, row, col)[0] == 't';
}

void db_clear(struct pg_result *result)
{
	PQclear(result);
}
