#include "db/resource_ha.h"

#include <errno.h>

int ha_standing(struct db *db, const char *trunk, const char *owner, struct ha_standing *standing)
{
	const char *param[] = {trunk, owner};
	struct pg_result *result;
	int err;

	err = db_query(db,
		"SELECT a.ha_addon, EXISTS (SELECT FROM sip_account s WHERE s.trunk_id = t.id AND "
		"s.role = 'secondary') FROM trunk t JOIN account a ON a.id = t.account_id WHERE "
		"t.id = $1 AND ($2::uuid IS NULL OR t.account_id = $2)",
		2, param, &result);
	if (err)
		return err;
	if (db_rows(result) == 0) {
		err = ESRCH;
	} else {
		standing->addon = db_bool(result, 0, 0);
		standing->secondary = db_bool(result, 0, 1);
	}
	db_clear(result);
	return err;
}
