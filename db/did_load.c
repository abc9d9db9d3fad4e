#include "db/did_load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db/did_load_private.h"
#include "db/event_private.h"
#include "db/resource_private.h"

/* Runs a statement in the making. */
int did_load_run(struct db *db, struct sql *s, int count, const char *const *param,
	struct pg_result **result)
{
	char *text = sql_end(s);
	int err = text ? db_query(db, text, count, param, result) : ENOMEM;

	free(text);
	return err;
}

static int copy(struct db *db, const struct did_load *load)
{
	struct sql s;
	char *text;
	int err;

	err = db_exec(db,
		"DROP TABLE IF EXISTS pg_temp.did_load; CREATE TEMP TABLE did_load ON COMMIT DROP "
		"AS "
		"SELECT 0::bigint AS line, 0::bigint AS given, false AS changed, d.* FROM did d "
		"WITH NO DATA");
	if (!err)
		err = sql_begin(&s);
	if (err)
		return err;
	sql_add(&s, "COPY did_load (line, given");
	for (unsigned i = 0; i < did_columns(); i++)
		sql_add(&s, ", %s", did_column(i)->name);
	sql_add(&s, ") FROM STDIN");
	text = sql_end(&s);
	if (!text)
		return ENOMEM;
	err = db_copy_in(db, text, load->text, load->len);
	free(text);
	/* What the planner guesses of a table that it knows nothing of is far off; and when it is
	 * wrong about did, because many have just come or gone, an index keeps every plan quick. */
	return err ? err : db_exec(db, "CREATE INDEX ON did_load (number); ANALYZE did_load");
}

/* In the order of numbers, as mass operations do. */
static int lock(struct db *db)
{
	return db_query(db,
		"SELECT FROM did d WHERE d.number IN (SELECT number FROM did_load) ORDER BY "
		"d.number FOR NO KEY UPDATE",
		0, NULL, NULL);
}

/* From here on a line is the whole row, and one of a DID that is there has its version. */
static int complete(struct db *db)
{
	struct sql s;

	if (sql_begin(&s) != 0)
		return ENOMEM;
	sql_add(&s, "UPDATE did_load l SET version = d.version");
	for (unsigned i = 0; i < did_columns(); i++) {
		const char *name = did_column(i)->name;

		if (!(did_column(i)->field->flags & FIELD_CREATE_ONLY))
			sql_add(&s, ", %s = CASE WHEN l.given & %lld <> 0 THEN l.%s ELSE d.%s END",
				name, 1LL << i, name, name);
	}
	sql_add(&s, ", account_id = d.account_id FROM did d WHERE d.number = l.number");
	return did_load_run(db, &s, 0, NULL, NULL);
}

/* Is anything of the line other than what is there? */
static int changed_mark(struct db *db)
{
	struct sql s;

	if (sql_begin(&s) != 0)
		return ENOMEM;
	sql_add(&s,
		"UPDATE did_load l SET changed = true FROM did d WHERE d.number = l.number AND ("
		"false");
	for (unsigned i = 0; i < did_columns(); i++) {
		const char *name = did_column(i)->name;

		if (!(did_column(i)->field->flags & FIELD_CREATE_ONLY))
			sql_add(&s, " OR l.%s IS DISTINCT FROM d.%s", name, name);
	}
	sql_add(&s, ")");
	return did_load_run(db, &s, 0, NULL, NULL);
}

int did_load_check(struct db *db, const struct did_load *load, bool dry_run, did_load_problem_h *h,
	void *arg, uint64_t *problems)
{
	struct did_load_check c = {.db = db, .load = load, .h = h, .arg = arg};
	int err = copy(db, load);

	*problems = 0;
	if (!err)
		err = did_load_check_keys(&c);
	if (!err && load->update) {
		err = dry_run ? 0 : lock(db);
		if (!err)
			err = complete(db);
		if (!err)
			err = changed_mark(db);
	}
	if (!err)
		err = did_load_check_rules(&c);
	*problems = c.count;
	return err;
}

int did_load_count(struct db *db, struct did_load_count *count)
{
	struct pg_result *result;
	int err = db_query(db,
		"SELECT count(*) FILTER (WHERE version IS NULL), count(*) FILTER (WHERE changed), "
		"count(*) FILTER (WHERE version IS NOT NULL AND changed IS NOT TRUE) FROM did_load",
		0, NULL, &result);

	if (err)
		return err;
	*count = (struct did_load_count){
		db_int(result, 0, 0), db_int(result, 0, 1), db_int(result, 0, 2)};
	db_clear(result);
	return 0;
}

int did_load_changes(struct db *db, const char *limit, struct pg_result **result)
{
	struct sql s;

	*result = NULL;
	if (sql_begin(&s) != 0)
		return ENOMEM;
	sql_add(&s,
		"SELECT l.line, '+' || l.number, (SELECT %s FROM did WHERE did.number = l.number), "
		"(SELECT %s FROM (SELECT l.*) did) FROM did_load l WHERE l.changed OR l.version IS "
		"NULL ORDER BY l.line LIMIT $1::bigint",
		did_row_json_sql(), did_row_json_sql());
	return did_load_run(db, &s, 1, &limit, result);
}

int did_load_event(struct db *db)
{
	const char *param[EVENT_ACTOR_PARAMS];
	struct sql s;

	if (sql_begin(&s) != 0)
		return ENOMEM;
	event_actor_params(db, param);
	sql_add(&s,
		"INSERT INTO event (type, subject, account_id, trunk_id, did, before, after, "
		"revision, " SQL_EVENT_ACTOR_COLUMNS
		") SELECT CASE WHEN l.version IS NULL THEN 'did.created' ELSE "
		"'did.updated' END, 'dids/+' || l.number, l.account_id, l.trunk_id, l.number, "
		"(SELECT %s "
		"FROM did WHERE did.number = l.number), (SELECT %s FROM (SELECT l.*) did), "
		"revision_token(), " SQL_EVENT_ACTOR(
			1, 2, 3, 4) " FROM did_load l WHERE l.changed OR "
				    "l.version IS NULL ORDER BY l.line",
		did_row_json_sql(), did_row_json_sql());
	return did_load_run(db, &s, EVENT_ACTOR_PARAMS, param, NULL);
}

static int insert(struct db *db)
{
	struct sql s;

	if (sql_begin(&s) != 0)
		return ENOMEM;
	for (int part = 0; part < 2; part++) {
		sql_add(&s, part == 0 ? "INSERT INTO did (" : ") SELECT ");
		for (unsigned i = 0; i < did_columns(); i++)
			sql_add(&s, "%s%s", i > 0 ? ", " : "", did_column(i)->name);
	}
	sql_add(&s, " FROM did_load WHERE version IS NULL ORDER BY number");
	return did_load_run(db, &s, 0, NULL, NULL);
}

static int update(struct db *db)
{
	struct sql s;

	if (sql_begin(&s) != 0)
		return ENOMEM;
	sql_add(&s, "UPDATE did d SET version = d.version + 1, updated_at = now()");
	for (unsigned i = 0; i < did_columns(); i++) {
		const char *name = did_column(i)->name;

		if (!(did_column(i)->field->flags & FIELD_CREATE_ONLY))
			sql_add(&s, ", %s = l.%s", name, name);
	}
	sql_add(&s, " FROM did_load l WHERE l.number = d.number AND l.changed");
	return did_load_run(db, &s, 0, NULL, NULL);
}

int did_load_apply(struct db *db)
{
	struct did_load_count count;
	int err = did_load_count(db, &count);

	if (!err && count.created > 0)
		err = insert(db);
	if (!err && count.updated > 0)
		err = update(db);
	return err;
}
