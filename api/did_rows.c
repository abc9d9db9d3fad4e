#include "api/did_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/request_db.h"
#include "db/flow.h"
#include "db/resource_number.h"

/* The default country of the row's account. */
static const char *country(void *arg)
{
	struct did_rows *d = arg;
	struct db *db;
	int err;

	if (d->row_account[0] == '\0')
		return "";
	if (strcmp(d->row_account, d->country_account) == 0)
		return d->country;
	db = request_db(d->req);
	if (!db)
		return NULL;
	err = number_country(db, d->row_account, NULL, d->country);
	if (err && err != ESRCH) {
		request_db_failed(d->req, err);
		return NULL;
	}
	memcpy(d->country_account, d->row_account, sizeof(d->country_account));
	return d->country;
}

void did_rows_init(struct did_rows *d, struct http_request *req, const char *base)
{
	memset(d, 0, sizeof(*d));
	d->req = req;
	d->base = base;
	d->context = (struct field_context){.problems = &d->problems,
		.private_targets = &req->app->private_targets,
		.country = country,
		.arg = d};
	if (!req->principal.is_operator) {
		uuid_format(&req->principal.account_id, d->owner);
		d->account = d->owner;
	}
}

void did_rows_fini(struct did_rows *d)
{
	free(d->text);
	problems_fini(&d->problems);
}

/* ---- the line -------------------------------------------------------------------------------- */

static bool put(struct did_rows *d, const char *p, size_t len)
{
	if (d->len + len > d->size) {
		size_t size = d->size == 0 ? 64 * 1024 : d->size * 2;
		char *text;

		while (size < d->len + len)
			size *= 2;
		if (!http_budget_take(d->req, size - d->size))
			return false;
		text = realloc(d->text, size);
		if (!text)
			return false;
		d->text = text;
		d->size = size;
	}
	memcpy(d->text + d->len, p, len);
	d->len += len;
	return true;
}

/* A value of COPY's text form; no value holds a control character. */
static bool put_value(struct did_rows *d, const char *text)
{
	bool ok = put(d, "\t", 1);

	if (!text)
		return ok && put(d, "\\N", 2);
	while (ok && *text != '\0') {
		size_t n = strcspn(text, "\\");

		ok = put(d, text, n);
		text += n;
		if (ok && *text == '\\') {
			ok = put(d, "\\\\", 2);
			text++;
		}
	}
	return ok;
}

struct row {
	unsigned long line;
	char at[PROBLEM_POINTER_MAX];
	unsigned long long given;
	const char *value[DID_COLUMNS_MAX]; /* of what was given */
	char *owned[DID_COLUMNS_MAX];
};

static bool row_put(struct did_rows *d, const struct row *r)
{
	char head[64];
	bool ok =
		put(d, head, (size_t)snprintf(head, sizeof(head), "%lu\t%llu", r->line, r->given));

	for (unsigned i = 0; ok && i < did_columns(); i++) {
		const struct did_column *c = did_column(i);
		const char *value = r->given >> i & 1 ? r->value[i] : c->field->fallback;

		if (!value && strcmp(c->name, "account_id") == 0 && d->row_account[0] != '\0')
			value = d->row_account;
		ok = put_value(d, value);
	}
	return ok && put(d, "\n", 1);
}

/* ---- its values ------------------------------------------------------------------------------ */

static unsigned column_of(const char *name, bool failover)
{
	unsigned i = 0;

	while (i < did_columns() && (did_column(i)->failover != failover ||
					    strcmp(did_column(i)->field->name, name) != 0))
		i++;
	return i;
}

static void unknown(struct did_rows *d, const char *pointer)
{
	problems_add(&d->problems, pointer, PROBLEM_UNKNOWN_FIELD, "There is no such field.");
}

/* A field that is no column to write, NULL: none. */
static const struct field *other_field(const char *name, bool failover)
{
	const struct resource *r = resource(failover ? RESOURCE_DID_FAILOVER : RESOURCE_DID);

	for (unsigned i = 0; i < r->fields; i++) {
		if (strcmp(r->field[i].name, name) == 0 && !(r->field[i].flags & FIELD_HIDDEN))
			return &r->field[i];
	}
	return NULL;
}

static void value_take(
	struct did_rows *d, struct row *r, unsigned i, const json_t *v, const char *pointer)
{
	const struct field *f = did_column(i)->field;

	r->given |= 1ULL << i;
	if (!json_is_null(v)) {
		free(r->owned[i]);
		r->owned[i] = field_check(&d->context, f, v, pointer);
		r->value[i] = r->owned[i];
	} else if (f->flags & FIELD_REQUIRED) {
		problems_add(&d->problems, pointer, PROBLEM_REQUIRED, "Is required.");
	} else {
		r->value[i] = f->fallback;
	}
}

static void named_take(struct did_rows *d, struct row *r, const char *name, bool failover,
	const json_t *v, const char *pointer)
{
	unsigned i = column_of(name, failover);
	const struct field *other = other_field(name, failover);

	if (i < did_columns() && (d->failover || !did_column(i)->part))
		value_take(d, r, i, v, pointer);
	else if (!other)
		unknown(d, pointer);
	else if (other->flags & FIELD_READ_ONLY)
		problems_add(&d->problems, pointer, PROBLEM_READ_ONLY, "Cannot be written.");
	else if (!json_is_null(v))
		free(field_check(&d->context, other, v, pointer));
}

static void failover_take(struct did_rows *d, struct row *r, const json_t *v, const char *pointer)
{
	const char *key;
	json_t *value;

	if (json_is_null(v)) {
		for (unsigned i = 0; i < did_columns(); i++) {
			if (did_column(i)->failover)
				value_take(d, r, i, v, pointer);
		}
		return;
	}
	if (!json_is_object(v)) {
		problems_add(&d->problems, pointer, PROBLEM_WRONG_TYPE, "Must be an object.");
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)v, key, value)
	{
		char at[PROBLEM_POINTER_MAX];

		pointer_join(at, pointer, key);
		named_take(d, r, key, true, value, at);
	}
}

/* found: by the name that is the value. */
static void reference_take(struct did_rows *d, struct row *r, const char *column, const json_t *v,
	const char *found, const char *pointer)
{
	unsigned i = column_of(column, false);
	bool trunk = strcmp(column, "trunk_id") == 0;

	r->given |= 1ULL << i;
	if (json_is_null(v))
		return;
	r->value[i] = found;
	if (!json_is_string(v))
		problems_add(&d->problems, pointer, PROBLEM_WRONG_TYPE, "Must be a string.");
	else if (!found)
		problems_add(&d->problems, pointer,
			trunk ? PROBLEM_UNKNOWN_TRUNK : PROBLEM_UNKNOWN_DIAL_PLAN, "%s",
			trunk ? "Must be the external_id, the name or the id of one trunk."
			      : "Must be the internal number of a dial plan.");
}

/* A member that stands for an id; false: it is none. */
static bool is_reference(
	struct did_rows *d, struct row *r, const char *key, const json_t *v, const char *at)
{
	const char *name = json_string_value(v);

	if (!d->trunk)
		return false;
	if (strcmp(key, "trunk") == 0)
		reference_take(d, r, "trunk_id", v, name ? d->trunk(name, d->ref_arg) : NULL, at);
	else if (strcmp(key, "dial_plan") == 0)
		reference_take(
			d, r, "dial_plan_id", v, name ? d->dial_plan(name, d->ref_arg) : NULL, at);
	else if (strcmp(key, "trunk_id") == 0 || strcmp(key, "account_id") == 0 ||
		 strcmp(key, "dial_plan_id") == 0)
		unknown(d, at);
	else
		return false;
	return true;
}

static void member_take(struct did_rows *d, struct row *r, const char *key, const json_t *v)
{
	char at[PROBLEM_POINTER_MAX];

	pointer_join(at, r->at, key);
	if (d->failover && d->flat && strncmp(key, "failover_", 9) == 0)
		named_take(d, r, key + 9, true, v, at);
	else if (d->failover && !d->flat && strcmp(key, "failover") == 0)
		failover_take(d, r, v, at);
	else if (is_reference(d, r, key, v, at))
		return;
	else
		named_take(d, r, key, false, v, at);
}

/* ---- whose it is ------------------------------------------------------------------------------ */

/* Before the rest, for national numbers are of the account's country. */
static void account_take(struct did_rows *d, const struct row *r, const json_t *row)
{
	const json_t *v = json_object_get(row, "account_id");
	char at[PROBLEM_POINTER_MAX];
	struct uuid id;

	d->row_account[0] = '\0';
	pointer_join(at, r->at, "account_id");
	if (json_is_string(v) &&
		uuid_parse_id("acc", json_string_value(v), json_string_length(v), &id) == 0)
		uuid_format(&id, d->row_account);
	if (d->account && d->row_account[0] != '\0' && strcmp(d->account, d->row_account) != 0)
		problems_add(
			&d->problems, at, PROBLEM_UNKNOWN_ACCOUNT, "There is no such account.");
	else if (!d->account && !d->update && (!v || json_is_null(v)))
		problems_add(&d->problems, at, PROBLEM_REQUIRED, "Is required.");
	if (d->account)
		snprintf(d->row_account, sizeof(d->row_account), "%s", d->account);
}

static void row_take(struct did_rows *d, struct row *r, const json_t *row)
{
	unsigned number = column_of("number", false);
	char at[PROBLEM_POINTER_MAX];
	const char *key;
	json_t *value;

	account_take(d, r, row);
	json_object_foreach((json_t *)(uintptr_t)row, key, value)
	{
		if (strcmp(key, "account_id") != 0 || d->trunk || !json_is_null(value))
			member_take(d, r, key, value);
	}
	if (!(r->given >> number & 1)) {
		pointer_join(at, r->at, "number");
		problems_add(&d->problems, at, PROBLEM_REQUIRED, "Is required.");
	}
}

bool did_rows_add(struct did_rows *d, unsigned long line, const json_t *row)
{
	struct row r = {.line = line};
	unsigned before = d->problems.count;
	bool ok = true;

	if (d->count++ >= DID_ROWS_MAX) {
		if (d->count == DID_ROWS_MAX + 1)
			problems_add(&d->problems, d->base, PROBLEM_TOO_MANY_ITEMS,
				"Must have at most %d.", DID_ROWS_MAX);
		return true;
	}
	pointer_join_index(r.at, d->base, line);
	if (json_is_object(row))
		row_take(d, &r, row);
	else
		problems_add(&d->problems, r.at, PROBLEM_WRONG_TYPE, "Must be an object.");
	/* With an error nothing is written any more, but other rows' errors are still looked for. */
	if (!d->context.failed && d->problems.count == before)
		ok = row_put(d, &r);
	for (unsigned i = 0; i < did_columns(); i++)
		free(r.owned[i]);
	if (!ok || d->context.failed) {
		if (d->req->res.status == 0)
			problem_busy(d->req);
		return false;
	}
	return true;
}

const struct did_load *did_rows_load(struct did_rows *d)
{
	d->load = (struct did_load){.owner = d->owner[0] != '\0' ? d->owner : NULL,
		.account = d->account,
		.update = d->update,
		.text = d->text,
		.len = d->len};
	return &d->load;
}

/* ---- what the database found ------------------------------------------------------------------ */

static const struct {
	enum problem_code code;
	const char *detail;
} errors[] = {
	[DID_LOAD_TWICE] = {PROBLEM_DUPLICATE_ITEM, "Stands twice in the list."},
	[DID_LOAD_EXISTS] = {PROBLEM_ALREADY_EXISTS, "The number is provisioned already."},
	[DID_LOAD_NO_ACCOUNT] = {PROBLEM_UNKNOWN_ACCOUNT, "There is no such account."},
	[DID_LOAD_ACCOUNT_REQUIRED] = {PROBLEM_REQUIRED, "Is required."},
	[DID_LOAD_ACCOUNT_FIXED] = {PROBLEM_READ_ONLY, "Cannot be changed once it is set."},
	[DID_LOAD_NO_TRUNK] = {PROBLEM_UNKNOWN_TRUNK, "There is no such trunk in the account."},
	[DID_LOAD_NO_DIAL_PLAN] = {PROBLEM_UNKNOWN_DIAL_PLAN,
		"There is no such dial plan in the account."},
	[DID_LOAD_TWO_TARGETS] = {PROBLEM_CONFLICTING_FIELDS,
		"A DID leads to a trunk or to a dial plan, not to both."},
	[DID_LOAD_NO_INTERNAL] = {PROBLEM_UNKNOWN_INTERNAL_NUMBER,
		"A target is neither an internal number nor a DID of the account."},
	[DID_LOAD_SELF_FORWARD] = {PROBLEM_SELF_FORWARD, "The DID would fail over to itself."},
	[DID_LOAD_CIRCLE] = {PROBLEM_FORWARDING_LOOP, NULL},
	[DID_LOAD_DENIED] = {PROBLEM_DESTINATION_DENIED, NULL},
	[DID_LOAD_EMERGENCY] = {PROBLEM_EMERGENCY_NUMBER, NULL},
	[DID_LOAD_NOT_OWNED] = {PROBLEM_NUMBER_NOT_OWNED, "Must be one of the account's DIDs."},
	[DID_LOAD_NO_FIXED_NUMBER] = {PROBLEM_REQUIRED,
		"Is required with calling_party_display fixed."},
};

static void pointer_of(const struct did_rows *d, int64_t line, unsigned column, char *out)
{
	const struct did_column *c = did_column(column);
	char at[PROBLEM_POINTER_MAX], failover[PROBLEM_POINTER_MAX];

	pointer_join_index(at, d->base, (unsigned long)line);
	if (c->failover && !d->flat) {
		pointer_join(failover, at, "failover");
		pointer_join(out, failover, c->field->name);
	} else if (d->trunk && strcmp(c->name, "trunk_id") == 0) {
		pointer_join(out, at, "trunk");
	} else if (d->trunk && strcmp(c->name, "dial_plan_id") == 0) {
		pointer_join(out, at, "dial_plan");
	} else {
		pointer_join(out, at, c->name);
	}
}

void did_rows_problem(
	int64_t line, unsigned column, enum did_load_error error, const char *text, void *arg)
{
	struct did_rows *d = arg;
	char pointer[PROBLEM_POINTER_MAX];

	pointer_of(d, line, column, pointer);
	if (error == DID_LOAD_CIRCLE)
		problems_add(&d->problems, pointer, errors[error].code,
			"Calls would go round in a circle: %s.", text);
	else
		problems_add(&d->problems, pointer, errors[error].code, "%s",
			errors[error].detail ? errors[error].detail : text);
}

bool did_rows_circle(struct did_rows *d, struct db *db, int err)
{
	const char *circle = err == EINVAL ? flow_circle(db) : NULL;

	if (circle)
		problems_add(&d->problems, d->base, PROBLEM_FORWARDING_LOOP,
			"Calls would go round in a circle: %s.", circle);
	return circle != NULL;
}

bool did_rows_refuse(struct did_rows *d, uint64_t found)
{
	struct problems *p = &d->problems;
	bool exist = true;

	if (p->count < found)
		p->count = (unsigned)found;
	for (unsigned i = 0; i < p->kept; i++)
		exist = exist && p->item[i].code == PROBLEM_ALREADY_EXISTS;
	return problems_answer(d->req, exist ? 409 : 422,
		exist ? PROBLEM_ALREADY_EXISTS : PROBLEM_VALIDATION_FAILED, p);
}
