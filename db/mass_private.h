/* What db/mass.c and db/mass_revert.c share. */
#ifndef TRUNKGUARD_DB_MASS_PRIVATE_H
#define TRUNKGUARD_DB_MASS_PRIVATE_H

#include "db/mass.h"
#include "db/resource_private.h"

#define SQL_PLUS_LIST(column) "to_json(ARRAY(SELECT '+' || x FROM unnest(" column ") x))"

/* An operation with its two lists of numbers, which its page of a list leaves out. */
#define SQL_MASS_FULL_JSON                                                                         \
	"(" SQL_MASS_JSON "::jsonb || jsonb_build_object('not_found', " SQL_PLUS_LIST(             \
		"not_found") ", 'changed_since', CASE WHEN changed_since IS NULL THEN NULL ELSE "  \
			     "" SQL_PLUS_LIST("changed_since") " END))"

/* Begins, with a table mass_work like did that goes with the transaction. */
DB_MUST_CHECK int mass_begin(struct db *db);

/* One operation at a time of an account, in whichever API process; an operator's over all accounts is nobody's.
 * EINPROGRESS: another one has its transaction open. */
DB_MUST_CHECK int mass_alone(struct db *db, const struct mass_request *q);

/* The row of the operation; a dry run's goes with its transaction. */
DB_MUST_CHECK int mass_operation_insert(struct db *db, const struct mass_request *q,
	int64_t matched, int64_t changed, struct mass_result *r);
/* Makes of that row what a dry run answers; sample: JSON, NULL: none. */
DB_MUST_CHECK int mass_rehearsed(struct db *db, const char *sample, struct mass_result *r);
/* Notes what becomes of the DIDs in mass_work, after the operation's row was written. */
DB_MUST_CHECK int mass_event(struct db *db, const char *id, const char *type);
/* The same of those in did_load. */
DB_MUST_CHECK int mass_event_loaded(struct db *db, const char *id, const char *type);

#endif
