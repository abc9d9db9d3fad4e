/* One resource of a configuration, by the code of single requests. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/configuration.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "api/resource_write.h"

/* ---- entries of the plan ---------------------------------------------------------------------- */

static json_t *differing(const json_t *of, const json_t *other)
{
	json_t *out = json_object();
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)of, key, value)
	{
		const json_t *there = json_object_get(other, key);

		if (!there || !json_equal(value, there))
			json_object_set(out, key, value);
	}
	return out;
}

bool configuration_change(struct configuration *c, const char *kind, const char *subject,
	const char *pointer, const json_t *before, const json_t *after)
{
	const char *action = !before ? "create" : !after ? "delete" : "update";
	json_t *was = before && after ? differing(before, after)
				      : json_incref((json_t *)(uintptr_t)before);
	json_t *is = before && after ? differing(after, before)
				     : json_incref((json_t *)(uintptr_t)after);
	bool differs = !before || !after || json_object_size(was) + json_object_size(is) > 0;

	if (differs)
		json_array_append_new(
			c->changes, json_pack("{s:s, s:s, s:s, s:s?, s:O?, s:O?}", "action", action,
					    "kind", kind, "subject", subject, "pointer", pointer,
					    "before", was, "after", is));
	json_decref(was);
	json_decref(is);
	return differs;
}

/* ---- what is there ---------------------------------------------------------------------------- */

/* Of a row's JSON what a document has, too. */
static json_t *writable(const struct resource *r, const char *text)
{
	json_t *row = json_loads(text, 0, NULL), *out = json_object();

	for (unsigned i = 0; i < r->fields; i++) {
		const struct field *f = &r->field[i];
		json_t *value = json_object_get(row, f->name);

		if (value && field_is_updated(f) && !(f->flags & FIELD_HIDDEN))
			json_object_set(out, f->name, value);
	}
	json_decref(row);
	return out;
}

/* What is asked for as it is already is no part of the write: who may not write a field may leave it. */
static json_t *asked(const json_t *desired, const json_t *current)
{
	json_t *out = json_object();
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)desired, key, value)
	{
		const json_t *now = json_object_get(current, key);

		if (!now || !json_equal(now, value))
			json_object_set(out, key, value);
	}
	return out;
}

static void problems_take(struct configuration *c, struct problems *from, const char *pointer)
{
	for (unsigned i = 0; i < from->kept; i++) {
		char at[PROBLEM_POINTER_MAX];

		snprintf(at, sizeof(at), "%s%s", pointer, from->item[i].pointer);
		problems_add(&c->problems, at, from->item[i].code, "%s", from->item[i].detail);
	}
	c->problems.count += from->count - from->kept;
}

/* ---- one write --------------------------------------------------------------------------------- */

struct work {
	struct configuration *c;
	const struct configuration_step *step;
	struct resource_write w;
	json_t *before; /* NULL: nothing is there */
	char *made; /* UUID_TEXT_SIZE, or NULL */
	bool secret; /* a password is set that is not the one that is there */
};

static int statement(struct work *k, struct resource_row *row)
{
	struct resource_write *w = &k->w;
	struct db *db = k->c->db;

	if (json_is_null(k->step->desired) && !w->r->part)
		return resource_delete(db, w->id, &w->key, row);
	return k->before ? resource_update(db, w->id, &w->key, w->value, row)
			 : resource_insert(db, w->id, &w->key, w->value, row);
}

/* A password shows in the plan as a change, unless it is the one that is set. */
static bool secret_check(struct work *k)
{
	const char *role = k->step->id == RESOURCE_SIP_ACCOUNT_PRIMARY ? "primary" : "secondary";
	bool same = false;
	int err = 0;

	if (!json_is_string(json_object_get(k->w.body, "password")))
		return true;
	if (k->before)
		err = configuration_secret_is(k->c->db, k->step->key, role,
			resource_write_text(&k->w, "ha1_sha256"), &same);
	if (err)
		request_db_failed(k->c->req, err);
	k->secret = !same;
	return err == 0;
}

static bool end_step(struct configuration *c, bool keep)
{
	int err = keep ? db_step_keep(c->db) : db_step_undo(c->db);

	if (err)
		request_db_failed(c->req, err);
	return err == 0;
}

static bool entry_add(struct work *k, const struct resource_row *row)
{
	const struct configuration_step *s = k->step;
	bool gone = json_is_null(s->desired) && !k->w.r->part, differs;
	json_t *after = gone ? NULL : writable(k->w.r, row->json);
	bool ok = true;

	if (after && k->secret)
		json_object_set_new(after, "password", json_string("********"));
	configuration_dial_plan_refer(k->c, k->before);
	configuration_dial_plan_refer(k->c, after);
	differs = configuration_change(k->c, s->kind, s->subject, s->pointer, k->before, after);
	if (differs && k->made)
		snprintf(k->made, UUID_TEXT_SIZE, "%s", row->key);
	ok = end_step(k->c, differs);
	json_decref(after);
	return ok;
}

static bool refused(struct work *k, int err)
{
	char detail[PROBLEM_DETAIL_MAX] = "";
	unsigned known = err == ENOENT && json_is_null(k->step->desired)
				 ? 0
				 : resource_write_problem(&k->w, err);

	if (!end_step(k->c, false))
		return false;
	if (known) {
		problems_take(k->c, &k->w.problems, k->step->pointer);
		return true;
	}
	if (err == ENOENT &&
		resource_users(k->c->db, k->w.id, k->step->key, detail, sizeof(detail)) == 0) {
		problems_add(&k->c->problems, k->step->pointer, PROBLEM_IN_USE, "%s", detail);
		return true;
	}
	request_db_failed(k->c->req, err);
	return false;
}

static bool write_row(struct work *k)
{
	struct resource_row row = {0};
	bool ok;
	int err = db_step(k->c->db);

	if (err) {
		request_db_failed(k->c->req, err);
		return false;
	}
	err = statement(k, &row);
	ok = err ? refused(k, err) : entry_add(k, &row);
	db_clear(row.result);
	return ok;
}

static bool write(struct work *k)
{
	struct configuration *c = k->c;
	struct resource_write *w = &k->w;

	if (w->r->operator_writes && !c->req->principal.is_operator) {
		problems_add(&c->problems, k->step->pointer, PROBLEM_OPERATOR_ONLY,
			"Only an operator's key may change it.");
		return true;
	}
	if (w->body || w->r->part) {
		if (!resource_write_take(w))
			return false;
		if (w->problems.count > 0) {
			problems_take(c, &w->problems, k->step->pointer);
			return true;
		}
	}
	return secret_check(k) && write_row(k);
}

static void open(struct work *k, const char *text)
{
	const struct configuration_step *s = k->step;
	bool is_null = json_is_null(s->desired);
	enum write_mode mode = is_null                   ? WRITE_CLEAR
			       : text                    ? WRITE_MERGE
			       : resource(s->id)->parent ? WRITE_REPLACE
							 : WRITE_CREATE;

	resource_write_open(&k->w, k->c->req, s->id, mode, s->key, k->c->account);
	k->before = text ? writable(k->w.r, text) : NULL;
	if (text)
		k->w.current = json_loads(text, 0, NULL);
	if (!is_null)
		k->w.body = asked(s->desired, k->before);
	if (mode == WRITE_CREATE) {
		char id[UUID_ID_SIZE];
		struct uuid u;

		if (uuid_parse(k->c->account, strlen(k->c->account), &u) == 0)
			uuid_format_id("acc", &u, id);
		json_object_set_new(k->w.body, "account_id", json_string(id));
	}
}

bool configuration_step(struct configuration *c, const struct configuration_step *step, char *made)
{
	struct resource_key key = {.key = step->key, .owner = c->account};
	struct work k = {.c = c, .step = step, .made = made};
	struct resource_row row = {0};
	bool ok = true;
	int err = ESRCH;

	if (!json_is_object(step->desired) &&
		!(json_is_null(step->desired) && (step->deletes || resource(step->id)->part))) {
		problems_add(&c->problems, step->pointer, PROBLEM_WRONG_TYPE, "Must be an object.");
		return true;
	}
	if (step->key[0] != '\0')
		err = resource_read(c->db, step->id, &key, &row);
	if (err && err != ESRCH) {
		request_db_failed(c->req, err);
		return false;
	}
	open(&k, err ? NULL : row.json);
	/* nothing to do: it is so already, or is not there and shall not be */
	if (json_is_null(step->desired) ? k.before != NULL
					: !k.before || json_object_size(k.w.body) > 0)
		ok = write(&k);
	json_decref(k.before);
	resource_write_fini(&k.w);
	db_clear(row.result);
	return ok;
}
