#include "api/resource_write.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/request_db.h"
#include "api/route.h"

void resource_write_open(struct resource_write *w, struct http_request *req, enum resource_id id,
	enum write_mode mode, const char *key, const char *owner)
{
	memset(w, 0, sizeof(*w));
	w->req = req;
	w->id = id;
	w->r = resource(id);
	w->mode = mode;
	w->context = (struct field_context){.problems = &w->problems,
		.private_targets = &req->app->private_targets,
		.country = resource_write_country,
		.arg = w};
	snprintf(w->key_text, sizeof(w->key_text), "%s", key);
	w->key.key = w->key_text;
	if (owner) {
		snprintf(w->owner_text, sizeof(w->owner_text), "%s", owner);
		w->key.owner = w->owner_text;
	}
}

void resource_write_init(struct resource_write *w, struct http_request *req, enum write_mode mode)
{
	char key[UUID_TEXT_SIZE], owner[UUID_TEXT_SIZE];

	if (req->args.number != 0)
		snprintf(key, sizeof(key), "%llu", (unsigned long long)req->args.number);
	else
		uuid_format(&req->args.id, key);
	uuid_format(&req->principal.account_id, owner);
	resource_write_open(
		w, req, req->route->resource, mode, key, req->principal.is_operator ? NULL : owner);
}

void resource_write_fini(struct resource_write *w)
{
	for (unsigned i = 0; i < w->r->fields; i++)
		free(w->text[i]);
	OPENSSL_cleanse(w->shown_secret, sizeof(w->shown_secret));
	json_decref(w->body);
	json_decref(w->current);
	problems_fini(&w->problems);
}

unsigned resource_field(const struct resource *r, const char *name)
{
	unsigned i = 0;

	while (i < r->fields && strcmp(r->field[i].name, name) != 0)
		i++;
	return i;
}

const char *resource_write_text(const struct resource_write *w, const char *name)
{
	return w->value[resource_field(w->r, name)].text;
}

bool resource_write_is_set(const struct resource_write *w, const char *name)
{
	return w->value[resource_field(w->r, name)].set;
}

static void set_owned(struct resource_write *w, unsigned i, char *text)
{
	free(w->text[i]);
	w->text[i] = text;
	w->value[i] = (struct resource_value){true, text};
}

void resource_write_set(struct resource_write *w, const char *name, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		w->context.failed = true;
	set_owned(w, resource_field(w->r, name), copy);
}

/* Null means the default; a field without one that may not be null misses its value. */
static void null_take(struct resource_write *w, unsigned i)
{
	const struct field *f = &w->r->field[i];
	char at[PROBLEM_POINTER_MAX];

	if (f->flags & FIELD_REQUIRED) {
		pointer_join(at, "", f->name);
		problems_add(&w->problems, at, PROBLEM_REQUIRED, "Is required.");
		return;
	}
	w->value[i] = (struct resource_value){true, f->fallback};
}

/* A patch of an object inside a field is merged with what is there, to any depth. */
static json_t *merged(const json_t *target, const json_t *patch)
{
	json_t *out =
		json_is_object(target) ? json_copy((json_t *)(uintptr_t)target) : json_object();
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)patch, key, value)
	{
		if (json_is_null(value))
			json_object_del(out, key);
		else if (json_is_object(value))
			json_object_set_new(out, key, merged(json_object_get(out, key), value));
		else
			json_object_set(out, key, value);
	}
	return out;
}

static void value_take(struct resource_write *w, unsigned i, json_t *value)
{
	const struct field *f = &w->r->field[i];
	char at[PROBLEM_POINTER_MAX], *text;
	json_t *whole = NULL;

	pointer_join(at, "", f->name);
	if ((f->flags & FIELD_READ_ONLY) ||
		((f->flags & FIELD_CREATE_ONLY) && w->mode != WRITE_CREATE)) {
		problems_add(&w->problems, at, PROBLEM_READ_ONLY, "%s",
			f->flags & FIELD_READ_ONLY ? "Cannot be written."
						   : "Cannot be changed once it is set.");
		return;
	}
	if ((f->flags & FIELD_OPERATOR) && !w->req->principal.is_operator) {
		problems_add(&w->problems, at, PROBLEM_OPERATOR_ONLY,
			"Only an operator's key may set it.");
		return;
	}
	if (json_is_null(value)) {
		null_take(w, i);
		return;
	}
	if (w->mode == WRITE_MERGE && json_is_object(value) && w->current) {
		whole = merged(json_object_get(w->current, f->name), value);
		value = whole;
	}
	text = field_check(&w->context, f, value, at);
	json_decref(whole);
	if (text)
		set_owned(w, i, text);
}

static void body_take(struct resource_write *w)
{
	const char *name;
	json_t *value;

	json_object_foreach(w->body, name, value)
	{
		unsigned i = resource_field(w->r, name);
		char at[PROBLEM_POINTER_MAX];

		if (i < w->r->fields && !(w->r->field[i].flags & FIELD_HIDDEN)) {
			value_take(w, i, value);
			continue;
		}
		pointer_join(at, "", name);
		problems_add(&w->problems, at, PROBLEM_UNKNOWN_FIELD, "There is no such field.");
	}
}

/* An account's key makes things for its own account, whether it says so or not. */
static void own_account(struct resource_write *w)
{
	unsigned i = resource_field(w->r, "account_id");

	if (w->mode != WRITE_CREATE || w->req->principal.is_operator || i == w->r->fields)
		return;
	if (!w->value[i].set)
		resource_write_set(w, "account_id", w->owner_text);
	else if (!w->value[i].text || strcmp(w->value[i].text, w->owner_text) != 0)
		problems_add(&w->problems, "/account_id", PROBLEM_UNKNOWN_ACCOUNT,
			"There is no such account.");
}

static void defaults_take(struct resource_write *w)
{
	if (w->mode == WRITE_MERGE)
		return;
	for (unsigned i = 0; i < w->r->fields; i++) {
		const struct field *f = &w->r->field[i];

		if (w->value[i].set || !field_is_inserted(f) || (f->flags & FIELD_HIDDEN) ||
			(w->mode != WRITE_CREATE && (f->flags & FIELD_CREATE_ONLY)))
			continue;
		if (w->body && json_object_get(w->body, f->name))
			continue;
		null_take(w, i);
	}
}

bool resource_write_take(struct resource_write *w)
{
	if (w->body)
		body_take(w);
	own_account(w);
	defaults_take(w);
	if (!w->context.failed && w->problems.count == 0 && !resource_rule_check(w))
		return false;
	if (w->context.failed) {
		if (w->req->res.status == 0)
			problem_busy(w->req);
		return false;
	}
	return true;
}

/* Content is refused only for what is there: what is wrong with a write to another's thing (a circle it would
 * close, a number it may not call) would tell of it. An operator sees all. */
static bool is_hidden(struct resource_write *w)
{
	struct resource_key key = {.key = w->key.key, .owner = w->key.owner};
	char detail[PROBLEM_DETAIL_MAX];
	struct resource_row row;
	struct db *db;
	int err;

	if (!w->key.owner || w->mode == WRITE_CREATE || w->problems.count == 0)
		return false;
	db = request_db(w->req);
	if (!db)
		return true;
	err = resource_read(db, w->r->parent ? RESOURCE_TRUNK : w->id, &key, &row);
	db_clear(row.result);
	snprintf(detail, sizeof(detail), "There is no such %s.", w->r->what);
	if (err == ESRCH)
		problem_answer(w->req, 404, PROBLEM_NOT_FOUND, detail);
	else if (err)
		request_db_failed(w->req, err);
	return err != 0;
}

bool resource_write_check(struct resource_write *w)
{
	return resource_write_take(w) && !is_hidden(w) &&
	       !problems_answer(w->req, 422, PROBLEM_VALIDATION_FAILED, &w->problems);
}
