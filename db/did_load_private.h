/* What db/did_load.c and db/did_load_check.c share. */
#ifndef TRUNKGUARD_DB_DID_LOAD_PRIVATE_H
#define TRUNKGUARD_DB_DID_LOAD_PRIVATE_H

#include "db/did_load.h"
#include "db/resource_private.h"

struct did_load_check {
	struct db *db;
	const struct did_load *load;
	did_load_problem_h *h;
	void *arg;
	uint64_t count;
};

/* Numbers and accounts, before the lines are completed. */
DB_MUST_CHECK int did_load_check_keys(struct did_load_check *c);
/* All else, of whole rows that are made or changed. */
DB_MUST_CHECK int did_load_check_rules(struct did_load_check *c);

DB_MUST_CHECK int did_load_run(struct db *db, struct sql *s, int count, const char *const *param,
	struct pg_result **result);

#endif
