/* Fire drills: begun here, carried out by the workers, their results are events. */
#ifndef TRUNKGUARD_DB_FIRE_DRILL_H
#define TRUNKGUARD_DB_FIRE_DRILL_H

#include "db/conn.h"

/* What a drill is of: an account, or one of its trunks or DIDs. Bare ids, digits; NULL: not given. */
struct fire_drill_scope {
	const char *account, *trunk, *did;
};

/* Who owns the trunk or the DID, if it is the caller's (owner NULL: an operator asks); ESRCH. account is
 * UUID_TEXT_SIZE octets. */
DB_MUST_CHECK int fire_drill_account(
	struct db *db, const struct fire_drill_scope *scope, const char *owner, char *account);
/* Begins one in the caller's transaction, or one of its own. row: its JSON, its id. ECHILD: no worker is live. */
DB_MUST_CHECK int fire_drill_begin(
	struct db *db, const struct fire_drill_scope *scope, struct pg_result **row);
/* row: JSON with the results so far. ESRCH. */
DB_MUST_CHECK int fire_drill_read(
	struct db *db, const char *id, const char *owner, struct pg_result **row);
/* Begins one of an account whose interval is over; *found: there was one, so there may be more. */
DB_MUST_CHECK int fire_drill_schedule(struct db *db, bool *found);
DB_MUST_CHECK int fire_drill_forget(struct db *db);
/* When a drill last proved the target for the account: out is TIME_TEXT_SIZE octets, "" never. */
DB_MUST_CHECK int fire_drill_last_proven(
	struct db *db, const char *target, const char *account, char *out);

#endif
