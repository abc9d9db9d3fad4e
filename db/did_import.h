/* Importing DIDs: all of them, or none, in a transaction of its own. */
#ifndef TRUNKGUARD_DB_DID_IMPORT_H
#define TRUNKGUARD_DB_DID_IMPORT_H

#include "db/did_load.h"
#include "db/revision.h"

struct did_import {
	struct did_load_count count;
	char revision[REVISION_SIZE]; /* "": a dry run */
	struct pg_result
		*sample; /* of a dry run: did_load_changes(), the first ten; db_clear() it */
};

/* *problems: found and reported by the handler, and then nothing was done. EBUSY and EEXIST: try again. */
DB_MUST_CHECK int did_import(struct db *db, const struct did_load *load, bool dry_run,
	did_load_problem_h *h, void *arg, uint64_t *problems, struct did_import *result);

#endif
