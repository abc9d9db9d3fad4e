#include "db/flow.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int flow_account(
	struct db *db, const char *dial_plan, const char *did, char account[FLOW_ACCOUNT_SIZE])
{
	struct pg_result *result;
	int err = db_query(db,
		dial_plan ? "SELECT account_id FROM dial_plan WHERE id = $1"
			  : "SELECT account_id FROM did WHERE number = $1",
		1, dial_plan ? &dial_plan : &did, &result);

	if (err)
		return err;
	if (db_rows(result) == 0)
		err = ESRCH;
	else
		snprintf(account, FLOW_ACCOUNT_SIZE, "%s", db_text(result, 0, 0));
	db_clear(result);
	return err;
}

static const char *const missing_sql[] = {
	[FLOW_INTERNAL] =
		"SELECT n.i FROM unnest($2::text[]) WITH ORDINALITY n (one, i) WHERE NOT EXISTS "
		"(SELECT FROM dial_plan p WHERE p.account_id = $1 AND p.internal_number = n.one)",
	[FLOW_DID] =
		"SELECT n.i FROM unnest($2::bigint[]) WITH ORDINALITY n (one, i) WHERE NOT EXISTS "
		"(SELECT FROM did d WHERE d.account_id = $1 AND d.number = n.one)",
	[FLOW_TRUNK] =
		"SELECT n.i FROM unnest($2::uuid[]) WITH ORDINALITY n (one, i) WHERE NOT EXISTS "
		"(SELECT FROM trunk t WHERE t.account_id = $1 AND t.id = n.one)",
};

int flow_missing(
	struct db *db, enum flow_kind kind, const char *account, const char *list, bool *missing)
{
	const char *param[] = {account, list};
	struct pg_result *result;
	int err = db_query(db, missing_sql[kind], 2, param, &result);

	if (err)
		return err;
	for (int row = 0; row < db_rows(result); row++)
		missing[db_int(result, row, 0) - 1] = true;
	db_clear(result);
	return 0;
}

const char *flow_circle(const struct db *db)
{
	const struct db_error *e = db_error(db);

	return strcmp(e->constraint, "forwarding_loop") == 0 ? e->message : NULL;
}
