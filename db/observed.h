/* Writing observed state. Rows come as JSON arrays of objects whose keys are the column names, so that
 * one statement takes many; the worker's name is added here. */
#ifndef TRUNKGUARD_DB_OBSERVED_H
#define TRUNKGUARD_DB_OBSERVED_H

#include "db/conn.h"

enum db_observed {
	DB_OBSERVED_BINDING, /* key: sip_account_id, contact */
	DB_OBSERVED_HEALTH, /* key: kind, target */
	DB_OBSERVED_GATEWAY_REGISTRATION, /* key: gateway_id */
	DB_OBSERVED_CALLS, /* calls up of a trunk; key: trunk_id */
	DB_OBSERVED_CALL, /* one in progress; key: id */
	DB_OBSERVED_COUNT
};

/* Call records; one whose id is there already is left as it is. *inserted: how many were new. */
DB_MUST_CHECK int db_cdr_insert(
	struct db *db, const char *worker, const char *json, int64_t *inserted);

/* Events that a worker made, likewise. */
DB_MUST_CHECK int db_worker_event_insert(struct db *db, const char *worker, const char *json);

/* Sets or replaces rows. */
DB_MUST_CHECK int db_observed_put(
	struct db *db, enum db_observed kind, const char *worker, const char *json);
/* Objects with the key columns are enough. */
DB_MUST_CHECK int db_observed_delete(
	struct db *db, enum db_observed kind, const char *worker, const char *json);
/* All rows of this kind that the worker ever wrote. */
DB_MUST_CHECK int db_observed_clear(struct db *db, enum db_observed kind, const char *worker);

#endif
