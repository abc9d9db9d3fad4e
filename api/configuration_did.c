/* The DIDs of a configuration, by set. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/configuration.h"
#include "api/json_body.h"
#include "api/request_db.h"

static const char base[] = "/configuration/dids";

static const char *trunk_of(const char *ref, void *arg)
{
	const struct configuration_trunk *t = configuration_trunk_find(arg, ref);

	return t ? t->id : NULL;
}

static const char *dial_plan_of(const char *ref, void *arg)
{
	return configuration_dial_plan_find(arg, ref);
}

static bool rows_take(struct configuration *c)
{
	struct mass_items it = {.p = c->dids_list.text, .len = c->dids_list.len};
	char pointer[PROBLEM_POINTER_MAX];
	const char *item;
	size_t len;
	int rc;

	while ((rc = mass_items_next(&it, &item, &len)) == 1) {
		json_t *row;
		bool ok;

		pointer_join_index(pointer, base, it.index);
		row = json_item(c->req, item, len, pointer);
		ok = row && did_rows_add(&c->rows, it.index, row);
		json_decref(row);
		if (!ok)
			return false;
	}
	pointer_join_index(pointer, base, it.index);
	if (rc < 0)
		json_refuse(
			c->req, pointer, PROBLEM_MALFORMED_JSON, "A value or a comma is missing.");
	return rc == 0;
}

/* With the trunk by the name that the document has for it: a new one's id is not the same when the
 * plan is applied. */
static json_t *shown(const struct configuration *c, const char *text)
{
	json_t *did = text ? json_loads(text, 0, NULL) : NULL;
	const char *id = json_string_value(json_object_get(did, "trunk_id"));
	const struct configuration_trunk *t = id ? configuration_trunk_find(c, id) : NULL;
	char ref[256];

	if (!did)
		return NULL;
	if (t)
		configuration_trunk_ref(c, t, ref, sizeof(ref));
	json_object_set_new(did, "trunk", t ? json_string(ref) : json_null());
	json_object_del(did, "trunk_id");
	json_object_del(did, "account_id");
	configuration_dial_plan_refer(c, did);
	return did;
}

static void entry_add(struct configuration *c, const char *number, const char *pointer,
	const char *before, const char *after)
{
	json_t *was = shown(c, before), *is = shown(c, after);

	configuration_change(c, "did", number, pointer, was, is);
	json_decref(was);
	json_decref(is);
}

static int changes_take(struct configuration *c)
{
	struct pg_result *result;
	int err = did_load_changes(c->db, NULL, &result);

	for (int i = 0; !err && i < db_rows(result); i++) {
		char pointer[PROBLEM_POINTER_MAX];

		pointer_join_index(pointer, base, (unsigned long)db_int(result, i, 0));
		entry_add(c, db_text(result, i, 1), pointer, db_text(result, i, 2),
			db_text(result, i, 3));
	}
	db_clear(result);
	return err;
}

static int others_take(struct configuration *c)
{
	struct pg_result *result;
	int err = configuration_other_dids(c->db, c->account, &result);

	if (err)
		return err;
	if (!c->prune)
		c->other_dids = (size_t)db_rows(result);
	for (int i = 0; c->prune && i < db_rows(result); i++)
		entry_add(c, db_text(result, i, 0), base, db_text(result, i, 1), NULL);
	db_clear(result);
	return c->prune ? configuration_other_dids_delete(c->db, c->account) : 0;
}

/* Those that go make way first: a new one may be what calls of an old one led to. */
static int load(struct configuration *c)
{
	uint64_t found = 0;
	int err = did_load_check(
		c->db, did_rows_load(&c->rows), c->plan, did_rows_problem, &c->rows, &found);

	if (c->rows.problems.count < found)
		c->rows.problems.count = (unsigned)found;
	if (err || found > 0)
		return err;
	err = changes_take(c);
	if (!err)
		err = others_take(c);
	if (!err && !c->plan)
		err = did_load_event(c->db);
	return err ? err : did_load_apply(c->db);
}

/* The statement that failed has ended the transaction: nothing more can be found out. */
static bool circle_answer(struct configuration *c)
{
	problems_append(&c->problems, &c->rows.problems);
	problems_answer(c->req, 422, PROBLEM_VALIDATION_FAILED, &c->problems);
	return false;
}

bool configuration_dids_write(struct configuration *c)
{
	const json_t *list = json_object_get(c->document, "dids");
	int err = 0;

	if (!list)
		return true;
	if (!c->dids_list.found) {
		problems_add(&c->problems, base, PROBLEM_WRONG_TYPE, "Must be a list of DIDs.");
		return true;
	}
	did_rows_init(&c->rows, c->req, base);
	c->rows.failover = c->rows.update = true;
	c->rows.account = c->account;
	c->rows.trunk = trunk_of;
	c->rows.dial_plan = dial_plan_of;
	c->rows.ref_arg = c;
	if (!rows_take(c))
		return false;
	if (c->rows.problems.count == 0)
		err = load(c);
	if (err == EEXIST)
		err = EBUSY; /* somebody else's account got it just now */
	if (did_rows_circle(&c->rows, c->db, err))
		return circle_answer(c);
	problems_append(&c->problems, &c->rows.problems);
	if (err)
		request_db_failed(c->req, err);
	return err == 0;
}
