#include "db/resource_live.h"

#include <errno.h>
#include <string.h>

#include "db/resource_private.h"

#define VISIBLE                                                                                    \
	" FROM live_call WHERE id = $1 AND ($2::uuid IS NULL OR account_id = $2)"                  \
	" AND worker IN " SQL_LIVE_WORKERS

int live_call_read(struct db *db, const char *call, const char *owner, struct resource_row *row)
{
	static const char sql[] = "SELECT " SQL_CALL_JSON VISIBLE;
	int err;

	memset(row, 0, sizeof(*row));
	err = db_query(db, sql, 2, (const char *const[]){call, owner}, &row->result);
	if (err)
		return err;
	if (db_rows(row->result) == 0)
		return ESRCH;
	row->json = db_text(row->result, 0, 0);
	return 0;
}

int live_call_find(struct db *db, const char *call, const char *owner, struct pg_result **result)
{
	static const char sql[] = "SELECT worker, caller_tag, sip_call_id" VISIBLE;
	int err = db_query(db, sql, 2, (const char *const[]){call, owner}, result);

	if (err)
		return err;
	if (db_rows(*result))
		return 0;
	db_clear(*result);
	*result = NULL;
	return ESRCH;
}

int live_call_forget(struct db *db, const char *call)
{
	return db_query(db, "DELETE FROM live_call WHERE id = $1", 1, &call, NULL);
}
