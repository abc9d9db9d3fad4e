#include "api/resource_write.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/request_db.h"
#include "api/route.h"
#include "db/flow.h"
#include "db/resource_number.h"

/* The account's default country. For a new thing the account is in the body or the key's own. */
static const char *country_ask(void *arg)
{
	struct resource_write *w = arg;
	const char *account = NULL, *did = NULL;
	char id[UUID_TEXT_SIZE];
	struct db *db;
	int err;

	if (w->country_known)
		return w->country;
	/* What a key of an account may write is its own account's, whatever the path names: others' countries
	 * decide nothing, or the answer would tell that something is there. */
	if (w->key.owner)
		account = w->key.owner;
	else if (w->r->owner && strcmp(w->r->owner, "id") == 0)
		account = w->key_text;
	else if (w->mode != WRITE_CREATE && w->id == RESOURCE_DIAL_PLAN) {
		db = request_db(w->req);
		if (!db)
			return NULL;
		err = flow_account(db, w->key_text, NULL, id);
		if (err) {
			if (err != ESRCH)
				request_db_failed(w->req, err);
			return err == ESRCH ? "" : NULL;
		}
		account = id;
	} else if (w->mode != WRITE_CREATE)
		did = w->key_text;
	else if (!w->req->principal.is_operator)
		account = w->owner_text;
	else {
		const char *text = json_string_value(json_object_get(w->body, "account_id"));
		struct uuid u;

		if (!text || uuid_parse_id("acc", text, strlen(text), &u) != 0)
			return "";
		uuid_format(&u, id);
		account = id;
	}
	db = request_db(w->req);
	if (!db)
		return NULL;
	err = number_country(db, account, did, w->country);
	if (err != 0 && err != ESRCH) {
		request_db_failed(w->req, err);
		return NULL;
	}
	w->country_known = true;
	return w->country;
}

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
		.country = country_ask,
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

/* What a constraint of the schema means to the client. */
static const struct constraint {
	const char *name;
	unsigned status;
	enum problem_code code;
	const char *pointer, *detail;
} constraints[] = {
	{"trunk_account_id_fkey", 422, PROBLEM_UNKNOWN_ACCOUNT, "/account_id",
		"There is no such account."},
	{"did_account_id_fkey", 422, PROBLEM_UNKNOWN_ACCOUNT, "/account_id",
		"There is no such account."},
	{"did_account_id_trunk_id_fkey", 422, PROBLEM_UNKNOWN_TRUNK, "/trunk_id",
		"There is no such trunk in the account."},
	{"webhook_account_id_fkey", 422, PROBLEM_UNKNOWN_ACCOUNT, "/account_id",
		"There is no such account."},
	{"dial_plan_account_id_fkey", 422, PROBLEM_UNKNOWN_ACCOUNT, "/account_id",
		"There is no such account."},
	{"did_account_id_dial_plan_id_fkey", 422, PROBLEM_UNKNOWN_DIAL_PLAN, "/dial_plan_id",
		"There is no such dial plan in the account."},
	{"trunk_account_id_failover_dial_plan_id_fkey", 422, PROBLEM_UNKNOWN_DIAL_PLAN,
		"/dial_plan_id", "There is no such dial plan in the account."},
	{"did_target_check", 422, PROBLEM_CONFLICTING_FIELDS, "/dial_plan_id",
		"A DID leads to a trunk or to a dial plan, not to both."},
	{"trunk_failover_dial_plan_check", 422, PROBLEM_REQUIRED, "/dial_plan_id",
		"Is required with enabled true."},
	{"dial_plan_account_id_internal_number_key", 409, PROBLEM_ALREADY_EXISTS,
		"/internal_number", "Another dial plan of the account has this internal number."},
	{"did_forwardings_target", 422, PROBLEM_UNKNOWN_INTERNAL_NUMBER, "/forwardings",
		"A dial plan that it leads to is gone."},
	{"dial_plan_steps_target", 422, PROBLEM_UNKNOWN_INTERNAL_NUMBER, "/steps",
		"A dial plan or trunk that it leads to is gone."},
	{"did_pkey", 409, PROBLEM_ALREADY_EXISTS, "/number", "The number is provisioned already."},
	{"sip_account_username_key", 409, PROBLEM_USERNAME_TAKEN, "/username",
		"Another SIP account has this user name."},
	{"sip_account_registration_check", 422, PROBLEM_REQUIRED, "/username",
		"Is required with auth_mode registration."},
	{"trunk_ha_secondary", 422, PROBLEM_SECONDARY_REQUIRED, "/mode",
		"The trunk has no secondary SIP account."},
	{"did_failover_self_check", 422, PROBLEM_SELF_FORWARD, "/number",
		"The DID would fail over to itself."},
	{"did_failover_fixed_check", 422, PROBLEM_REQUIRED, "/calling_party_number",
		"Is required with calling_party_display fixed."},
	{"account_failover_fixed_check", 422, PROBLEM_REQUIRED, "/calling_party_number",
		"Is required with calling_party_display fixed."},
};

/* The field that closes a circle. */
static const char *circle_pointer(const struct resource_write *w)
{
	switch (w->id) {
	case RESOURCE_DIAL_PLAN:
		return "/steps";
	case RESOURCE_DID_FORWARDINGS:
		return "/forwardings";
	case RESOURCE_ACCOUNT_FAILOVER:
	case RESOURCE_DID_FAILOVER:
		return "/number";
	case RESOURCE_TRUNK_FAILOVER:
		return "/dial_plan_id";
	case RESOURCE_DID:
		return resource_write_text(w, "trunk_id")       ? "/trunk_id"
		       : resource_write_text(w, "dial_plan_id") ? "/dial_plan_id"
								: "/number";
	default:
		return "";
	}
}

/* What only the schema knows, because nobody else can write while it looks: as
 * resource_write_problem(). */
static unsigned flow_problem(struct resource_write *w, int err)
{
	const char *circle;

	if (!w->req->db || (err != EINVAL && err != ENOENT))
		return 0;
	circle = flow_circle(w->req->db);
	if (circle) {
		problems_add(&w->problems, circle_pointer(w), PROBLEM_FORWARDING_LOOP,
			"Calls would go round in a circle: %s.", circle);
		return 422;
	}
	if (strcmp(db_error(w->req->db)->constraint, "dial_plan_internal_in_use") != 0)
		return 0;
	problems_add(&w->problems, "/internal_number", PROBLEM_IN_USE,
		"The present one is used by %s.", db_error(w->req->db)->message);
	return 409;
}

static const struct constraint *constraint_of(const struct resource_write *w, int err)
{
	const struct db_error *e = w->req->db ? db_error(w->req->db) : NULL;

	for (size_t i = 0; e && (err == ENOENT || err == EEXIST || err == EINVAL) &&
			   i < sizeof(constraints) / sizeof(constraints[0]);
		i++) {
		if (strcmp(constraints[i].name, e->constraint) == 0)
			return &constraints[i];
	}
	return NULL;
}

unsigned resource_write_problem(struct resource_write *w, int err)
{
	const struct constraint *c = constraint_of(w, err);

	if (!c)
		return flow_problem(w, err);
	problems_add(&w->problems, c->pointer, c->code, "%s", c->detail);
	return c->status;
}

void resource_write_failed(struct resource_write *w, int err)
{
	const struct constraint *c = constraint_of(w, err);
	unsigned status = resource_write_problem(w, err);

	if (status == 0)
		request_db_failed(w->req, err);
	else
		problems_answer(w->req, status,
			status == 422 ? PROBLEM_VALIDATION_FAILED
			: c           ? c->code
				      : PROBLEM_IN_USE,
			&w->problems);
}
