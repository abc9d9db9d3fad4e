#include "db/did_import.h"

#include <string.h>

/* An import that changes nothing is in force as of the newest revision. */
static int carry_out(struct db *db, struct did_import *r)
{
	bool changes = r->count.created + r->count.updated > 0;
	int err = changes ? did_load_event(db) : 0;

	if (!err && changes)
		err = did_load_apply(db);

	if (!err)
		err = changes ? revision_token(db, r->revision) : revision_current(db, r->revision);
	return err ? err : db_commit(db);
}

static int import(struct db *db, const struct did_load *load, bool dry_run, did_load_problem_h *h,
	void *arg, uint64_t *problems, struct did_import *r)
{
	int err = db_begin(db);

	if (!err)
		err = did_load_check(db, load, dry_run, h, arg, problems);
	if (err || *problems > 0)
		return err;
	err = did_load_count(db, &r->count);
	if (err)
		return err;
	return dry_run ? did_load_changes(db, "10", &r->sample) : carry_out(db, r);
}

int did_import(struct db *db, const struct did_load *load, bool dry_run, did_load_problem_h *h,
	void *arg, uint64_t *problems, struct did_import *result)
{
	int err;

	memset(result, 0, sizeof(*result));
	*problems = 0;
	err = import(db, load, dry_run, h, arg, problems, result);
	db_rollback(db); /* after a commit there is nothing to roll back */
	return err;
}
