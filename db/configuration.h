/* The whole configuration of an account: its account, its trunks with their SIP accounts, its DIDs. */
#ifndef TRUNKGUARD_DB_CONFIGURATION_H
#define TRUNKGUARD_DB_CONFIGURATION_H

#include "db/resource.h"

enum { CONFIGURATION_ETAG_SIZE = 40 };

/* As one JSON text, and what changes with every change of it. account is a bare UUID, owner as in struct
 * resource_key. ESRCH. row: JSON, etag without quotes. */
DB_MUST_CHECK int configuration_read(
	struct db *db, const char *account, const char *owner, struct pg_result **row);
/* The second alone. ESRCH. */
DB_MUST_CHECK int configuration_etag(
	struct db *db, const char *account, const char *owner, char etag[CONFIGURATION_ETAG_SIZE]);
/* Nobody else adds to it, or changes anything of it, until the transaction ends. */
DB_MUST_CHECK int configuration_lock(struct db *db, const char *account);

/* Rows: bare id, name, external_id, in the order they were made. */
DB_MUST_CHECK int configuration_trunks(
	struct db *db, const char *account, struct pg_result **result);
/* Rows: bare id, internal number. */
DB_MUST_CHECK int configuration_dial_plans(
	struct db *db, const char *account, struct pg_result **result);
/* After did_load_check(): DIDs of the account that are not among the lines. Rows: number with '+', JSON. */
DB_MUST_CHECK int configuration_other_dids(
	struct db *db, const char *account, struct pg_result **result);
/* Deletes them, with their events. */
DB_MUST_CHECK int configuration_other_dids_delete(struct db *db, const char *account);
/* Has the SIP account this HA1 (SHA-256) already? */
DB_MUST_CHECK int configuration_secret_is(
	struct db *db, const char *trunk, const char *role, const char *ha1, bool *same);

#endif
