/* /v1/fire-drills: POST and GET of one. The list is api/list_handler.c's, the schedule the field
 * fire_drill_interval_hours of an account. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/json_body.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "core/e164.h"
#include "db/fire_drill.h"

struct drill_request {
	struct http_request *req;
	struct problems problems;
	struct fire_drill_scope scope;
	char owner_text[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE], account[UUID_TEXT_SIZE];
	char did[E164_TEXT_SIZE];
	const char *owner;
	const char *pointer; /* of what the scope is */
};

static void init(struct drill_request *d, struct http_request *req)
{
	memset(d, 0, sizeof(*d));
	d->req = req;
	if (req->principal.is_operator)
		return;
	uuid_format(&req->principal.account_id, d->owner_text);
	d->owner = d->owner_text;
}

static void id_take(struct drill_request *d, const json_t *v, const char *prefix,
	const char *pointer, const char **out)
{
	const char *text = json_string_value(v);
	struct uuid id;

	if (!text)
		problems_add(&d->problems, pointer, PROBLEM_WRONG_TYPE, "Must be a string.");
	else if (uuid_parse_id(prefix, text, json_string_length(v), &id) != 0)
		problems_add(&d->problems, pointer, PROBLEM_NOT_AN_ID, "Must be an id like %s_….",
			prefix);
	else {
		uuid_format(&id, d->id);
		*out = d->id;
	}
}

static void did_take(struct drill_request *d, const json_t *v)
{
	const char *text = json_string_value(v), *why;
	e164_t number;

	if (!text)
		problems_add(&d->problems, "/did", PROBLEM_WRONG_TYPE, "Must be a string.");
	else if (e164_parse(text, json_string_length(v), "", &number, &why) != 0)
		problems_add(&d->problems, "/did", PROBLEM_NOT_E164,
			"Not a phone number like +14155550100: %s.", why);
	else {
		e164_format(number, d->did);
		d->scope.did = d->did + 1;
	}
}

static void body_take(struct drill_request *d, json_t *body)
{
	unsigned given = 0;
	const char *name;
	json_t *v;

	json_object_foreach(body, name, v)
	{
		char at[PROBLEM_POINTER_MAX];

		pointer_join(at, "", name);
		if (strcmp(name, "account_id") == 0)
			id_take(d, v, "acc", "/account_id", &d->scope.account);
		else if (strcmp(name, "trunk_id") == 0)
			id_take(d, v, "trk", "/trunk_id", &d->scope.trunk);
		else if (strcmp(name, "did") == 0)
			did_take(d, v);
		else {
			problems_add(
				&d->problems, at, PROBLEM_UNKNOWN_FIELD, "There is no such field.");
			continue;
		}
		given++;
	}
	if (given == 0 && d->owner)
		d->scope.account = d->owner;
	else if (given != 1)
		problems_add(&d->problems, given ? "" : "/account_id",
			given ? PROBLEM_TOO_MANY_VALUES : PROBLEM_REQUIRED,
			"Must have one of account_id, trunk_id and did.");
}

static void unknown(struct drill_request *d)
{
	if (d->scope.account)
		problems_add(&d->problems, "/account_id", PROBLEM_UNKNOWN_ACCOUNT,
			"There is no such account.");
	else if (d->scope.trunk)
		problems_add(&d->problems, "/trunk_id", PROBLEM_UNKNOWN_TRUNK,
			"There is no such trunk.");
	else
		problems_add(&d->problems, "/did", PROBLEM_NOT_FOUND, "There is no such DID.");
	problems_answer(d->req, 422, PROBLEM_VALIDATION_FAILED, &d->problems);
}

static void begin(struct drill_request *d)
{
	struct db *db = request_db(d->req);
	struct pg_result *row = NULL;
	int err;

	if (!db)
		return;
	err = fire_drill_account(db, &d->scope, d->owner, d->account);
	if (err == ESRCH) {
		unknown(d);
		return;
	}
	d->scope.account = d->account;
	if (!err)
		err = fire_drill_begin(db, &d->scope, &row);
	if (err == ECHILD) {
		problem_answer(d->req, 503, PROBLEM_WORKER_SILENT, "No worker is there to do it.");
	} else if (err) {
		request_db_failed(d->req, err);
	} else {
		answer_json(d->req, 201, db_text(row, 0, 0));
		http_response_header(
			&d->req->res, "Location", "/v1/fire-drills/drl_%s", db_text(row, 0, 1));
	}
	db_clear(row);
}

void handle_fire_drill_create(struct http_request *req)
{
	struct drill_request d;
	json_t *body;

	init(&d, req);
	body = json_body(req);
	if (!body)
		return;
	body_take(&d, body);
	if (!problems_answer(req, 422, PROBLEM_VALIDATION_FAILED, &d.problems))
		begin(&d);
	problems_fini(&d.problems);
	json_decref(body);
}

void handle_fire_drill_read(struct http_request *req)
{
	struct db *db = request_db(req);
	struct pg_result *row = NULL;
	struct drill_request d;
	int err;

	if (!db)
		return;
	init(&d, req);
	uuid_format(&req->args.id, d.id);
	err = fire_drill_read(db, d.id, d.owner, &row);
	if (err == ESRCH)
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such fire drill.");
	else if (err)
		request_db_failed(req, err);
	else
		answer_json(req, 200, db_text(row, 0, 0));
	db_clear(row);
}
