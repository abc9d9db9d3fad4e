#include "db/resource_number.h"

#include <errno.h>
#include <stdio.h>

int number_country(struct db *db, const char *account, const char *did, char country[3])
{
	const char *param[] = {account ? account : did};
	struct pg_result *result;
	int err;

	country[0] = '\0';
	err = db_query(db,
		account ? "SELECT default_country FROM account WHERE id = $1"
			: "SELECT a.default_country FROM did d JOIN account a ON a.id = "
			  "d.account_id WHERE d.number = $1",
		1, param, &result);
	if (err)
		return err;
	if (db_rows(result) == 0)
		err = ESRCH;
	else if (db_text(result, 0, 0))
		snprintf(country, 3, "%s", db_text(result, 0, 0));
	db_clear(result);
	return err;
}

int number_owned(
	struct db *db, const char *account, const char *did, const char *number, bool *owned)
{
	const char *param[] = {number, account ? account : did};
	struct pg_result *result;
	int err;

	err = db_query(db,
		account ? "SELECT FROM did WHERE number = $1 AND account_id = $2"
			: "SELECT FROM did d JOIN did o ON o.account_id = d.account_id WHERE "
			  "d.number = $1 AND o.number = $2",
		2, param, &result);
	if (err)
		return err;
	*owned = db_rows(result) > 0;
	db_clear(result);
	return 0;
}

/* The walk begins at the new number and takes at each of our DIDs its failover number, else its
 * account's; the two that are about to change count as changed. It ends outside, or where it has
 * been before: a circle. 20 steps are more than a call could take. */
static const char circle_sql[] =
	"WITH RECURSIVE changed AS (SELECT $1::uuid AS account_id, $2::bigint AS did, $3::bigint "
	"AS "
	"number), walk AS ("
	"SELECT c.number, ARRAY[c.number] AS path, false AS circle, false AS foreign_did "
	"FROM changed c UNION ALL "
	"SELECT n.next, w.path || n.next, n.next = ANY(w.path), w.foreign_did OR n.account_id <> "
	"coalesce(c.account_id, (SELECT o.account_id FROM did o WHERE o.number = c.did)) "
	"FROM walk w CROSS JOIN changed c CROSS JOIN LATERAL ("
	"SELECT d.account_id, CASE WHEN d.number = c.did THEN c.number ELSE coalesce("
	"d.failover_number, CASE WHEN d.account_id = c.account_id THEN c.number ELSE "
	"a.failover_number END) END AS next "
	"FROM did d JOIN account a ON a.id = d.account_id WHERE d.number = w.number) n "
	"WHERE n.next IS NOT NULL AND NOT w.circle AND cardinality(w.path) < 20) "
	"SELECT CASE WHEN foreign_did THEN 'through another account' ELSE '+' || "
	"array_to_string(path, ' > +') END FROM walk WHERE circle LIMIT 1";

int number_circle(struct db *db, const char *account, const char *did, const char *number,
	char path[NUMBER_PATH_MAX])
{
	const char *param[] = {account, did, number};
	struct pg_result *result;
	int err;

	path[0] = '\0';
	err = db_query(db, circle_sql, 3, param, &result);
	if (err)
		return err;
	if (db_rows(result) > 0)
		snprintf(path, NUMBER_PATH_MAX, "%s", db_text(result, 0, 0));
	db_clear(result);
	return 0;
}
