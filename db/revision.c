#include "db/revision.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int read_token(struct db *db, const char *sql, char token[REVISION_SIZE])
{
	struct pg_result *result;
	int err = db_query(db, sql, 0, NULL, &result);

	token[0] = '\0';
	if (err)
		return err;
	if (db_text(result, 0, 0))
		snprintf(token, REVISION_SIZE, "%s", db_text(result, 0, 0));
	db_clear(result);
	return token[0] ? 0 : EPROTO;
}

int revision_token(struct db *db, char token[REVISION_SIZE])
{
	return read_token(db, "SELECT revision_token()", token);
}

/* A null means that there is no epoch yet after a crash or a restore. */
int revision_current(struct db *db, char token[REVISION_SIZE])
{
	static const char sql[] = "SELECT revision_current()";
	int err = read_token(db, sql, token);

	if (err != EPROTO || db_broken(db))
		return err;
	err = db_query(db, "SELECT epoch_ensure()", 0, NULL, NULL);
	return err ? err : read_token(db, sql, token);
}

/* Eight hexadecimal digits, a dash, a decimal number without leading zeros. */
int revision_check(const char *token)
{
	size_t digits;

	if (strspn(token, "0123456789abcdef") != 8 || token[8] != '-' || token[9] == '0')
		return EINVAL;
	digits = strspn(token + 9, "0123456789");
	return digits >= 1 && digits <= 18 && !token[9 + digits] ? 0 : EINVAL;
}
