/* The mass operation that makes DIDs; db/mass_revert.c takes them away again. */
#include "db/mass.h"

#include <string.h>

#include "db/mass_private.h"

static const char sample_sql[] =
	"SELECT jsonb_agg(s.one ORDER BY s.line) FROM (SELECT l.line, jsonb_build_object('number', "
	"'+' || l.number, 'before', NULL, 'after', jsonb_build_object('account_id', 'acc_' || "
	"l.account_id, 'trunk_id', 'trk_' || l.trunk_id, 'dial_plan_id', 'dp_' || "
	"l.dial_plan_id, 'label', l.label, 'external_id', "
	"l.external_id)) AS one FROM did_load l ORDER BY l.line LIMIT 10) s";

static int rehearse(struct db *db, struct mass_result *r)
{
	struct pg_result *sample = NULL;
	int err = db_query(db, sample_sql, 0, NULL, &sample);

	if (!err)
		err = mass_rehearsed(db, db_text(sample, 0, 0), r);
	db_clear(sample);
	return err;
}

static int carry_out(struct db *db, const struct mass_result *r)
{
	const char *id = db_text(r->row, 0, 1);
	int err = did_load_apply(db);

	if (!err)
		err = db_query(db,
			"INSERT INTO mass_operation_prior SELECT $1::uuid, 1, NULL, "
			"array_agg(number) "
			"FROM did_load HAVING count(*) > 0",
			1, &id, NULL);
	if (!err)
		err = mass_event_loaded(db, id, "mass_operation.created");
	return err ? err : db_commit(db);
}

static int create(struct db *db, const struct mass_request *q, const struct did_load *load,
	did_load_problem_h *h, void *arg, uint64_t *problems, struct mass_result *r)
{
	struct did_load_count count = {0};
	int err = db_begin(db);

	if (!err)
		err = mass_alone(db, q);
	if (!err)
		err = did_load_check(db, load, q->dry_run, h, arg, problems);
	if (err || *problems > 0)
		return err;
	err = did_load_count(db, &count);
	if (!err)
		err = mass_operation_insert(db, q, count.created, count.created, r);
	if (err)
		return err;
	return q->dry_run ? rehearse(db, r) : carry_out(db, r);
}

int mass_create(struct db *db, const struct mass_request *request, const struct did_load *load,
	did_load_problem_h *h, void *arg, uint64_t *problems, struct mass_result *result)
{
	int err;

	memset(result, 0, sizeof(*result));
	*problems = 0;
	err = create(db, request, load, h, arg, problems, result);
	db_rollback(db); /* after a commit there is nothing to roll back */
	if (err)
		mass_result_fini(result);
	return err;
}
