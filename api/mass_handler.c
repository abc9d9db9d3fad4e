/* /v1/mass-operations: POST, GET of one, and its revert. The list is api/list_handler.c's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/app.h"
#include "api/destination_rule.h"
#include "api/handlers.h"
#include "api/json_body.h"
#include "api/mass_request.h"
#include "api/request_db.h"
#include "api/request_origin.h"
#include "core/log.h"

/* How often an operation starts again after a deadlock or the like. */
enum { TRIES = 3 };

static struct log_kind away = LOG_KIND("mass_operation", LOG_LEVEL_WARN);

static void failed(struct http_request *req, const struct db *db, int err)
{
	log_limited(&away, "%s (request %s)",
		db_error(db)->message[0] ? db_error(db)->message : strerror(err), req->id);
	request_db_failed(req, err);
}

/* ---- refusals ------------------------------------------------------------------------------ */

/* The body's list is searched for where each stands, for as many as the answer can list. */
static void missing_number(struct mass_body *b, e164_t number)
{
	char pointer[PROBLEM_POINTER_MAX];
	size_t i = 0;

	if (b->problems.count < PROBLEM_ERRORS_MAX) {
		while (i < b->number_count && b->numbers[i] != number)
			i++;
	}
	pointer_join_index(pointer, "/select/numbers", i);
	problems_add(&b->problems, pointer, PROBLEM_NOT_FOUND, "There is no DID +%llu.",
		(unsigned long long)number);
}

/* literal: "{1,2}" */
static void missing_add(struct mass_body *b, const char *literal)
{
	while (*literal != '\0' && *literal != '}') {
		char *end;

		missing_number(b, strtoull(literal + 1, &end, 10));
		literal = end;
	}
}

/* What would close a circle. */
static const char *circle_pointer(const struct mass_request *q)
{
	if (q->action == MASS_ASSIGN)
		return q->assign_to_dial_plan ? "/dial_plan_id" : "/trunk_id";
	return q->action == MASS_SET_FAILOVER ? "/failover/number" : "/action";
}

static void refuse(struct mass_body *b, const struct mass_result *r)
{
	static const struct {
		unsigned bit;
		const char *pointer;
		enum problem_code code;
		const char *detail;
	} table[] = {
		{MASS_NO_ACCOUNT, "/select/account_id", PROBLEM_UNKNOWN_ACCOUNT,
			"There is no such account."},
		{MASS_NO_TRUNK, "/select/trunk_id", PROBLEM_UNKNOWN_TRUNK,
			"There is no such trunk."},
		{MASS_SELF_FORWARD, "/failover/number", PROBLEM_SELF_FORWARD,
			"It is one of the DIDs, which would fail over to itself."},
		{MASS_NOT_OWNED, "/failover/calling_party_number", PROBLEM_NUMBER_NOT_OWNED,
			"Must be one of the account's DIDs."},
		{MASS_NO_FIXED_NUMBER, "/failover/calling_party_number", PROBLEM_REQUIRED,
			"Is required with calling_party_display fixed."},
		{MASS_NO_TARGET, "/trunk_id", PROBLEM_UNKNOWN_TRUNK,
			"There is no such trunk in the account of the DIDs."},
		{MASS_NO_DIAL_PLAN, "/dial_plan_id", PROBLEM_UNKNOWN_DIAL_PLAN,
			"There is no such dial plan in the account of the DIDs."},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (r->refused & table[i].bit)
			problems_add(&b->problems, table[i].pointer, table[i].code, "%s",
				table[i].detail);
	}
	if (r->refused & MASS_CIRCLE)
		problems_add(&b->problems, circle_pointer(&b->request), PROBLEM_FORWARDING_LOOP,
			"Calls would go round in a circle: %s.", r->path);
	if (r->refused & MASS_DENIED)
		destination_problem(&b->problems, "/failover/number", r->verdict);
	if (r->refused & MASS_MISSING)
		missing_add(b, db_text(r->missing, 0, 0));
	if (!problems_answer(b->req, 422, PROBLEM_VALIDATION_FAILED, &b->problems))
		problem_busy(b->req);
}

/* ---- handlers ------------------------------------------------------------------------------ */

static void answer_operation(struct http_request *req, const struct mass_result *r, bool dry_run)
{
	answer_json(req, dry_run ? 200 : 201, db_text(r->row, 0, 0));
	if (dry_run || req->res.status != 201)
		return;
	http_response_header(
		&req->res, "Location", "/v1/mass-operations/mop_%s", db_text(r->row, 0, 1));
}

/* found: DIDs that may not be made. */
static int run(struct db *db, struct mass_body *b, struct mass_result *r, uint64_t *found)
{
	int err = EBUSY;

	*found = 0;
	for (int i = 0; i < TRIES && (err == EBUSY || err == EEXIST); i++) {
		if (b->request.action != MASS_CREATE) {
			err = mass_apply(db, &b->request, r);
			continue;
		}
		problems_fini(&b->dids.problems);
		err = mass_create(db, &b->request, did_rows_load(&b->dids), did_rows_problem,
			&b->dids, found, r);
	}
	return err;
}

static void apply(struct mass_body *b)
{
	struct http_request *req = b->req;
	struct db *db = request_db_long(req);
	char revision[REVISION_SIZE] = "";
	struct mass_result r = {0};
	uint64_t found;
	int err;

	if (!db)
		return;
	err = run(db, b, &r, &found);
	if (err == EINPROGRESS) {
		problem_answer(req, 429, PROBLEM_RATE_LIMITED,
			"A mass operation of the account is being carried out; one at a time.");
	} else if (did_rows_circle(&b->dids, db, err)) {
		did_rows_refuse(&b->dids, 0);
	} else if (err) {
		failed(req, db, err);
	} else if (r.refused) {
		refuse(b, &r);
	} else if (found > 0) {
		did_rows_refuse(&b->dids, found);
	} else {
		answer_operation(req, &r, b->request.dry_run);
		if (!b->request.dry_run)
			snprintf(revision, sizeof(revision), "%s", db_text(r.row, 0, 2));
	}
	mass_result_fini(&r);
	request_db_put(req);
	if (revision[0] != '\0')
		answer_revision(req, revision);
}

void handle_mass_create(struct http_request *req)
{
	struct mass_body b;

	mass_body_init(&b, req);
	if (mass_body_take(&b))
		apply(&b);
	mass_body_fini(&b);
}

struct operation_key {
	char id[UUID_TEXT_SIZE], owner_text[UUID_TEXT_SIZE];
	const char *owner;
};

static void key_take(const struct http_request *req, struct operation_key *k)
{
	uuid_format(&req->args.id, k->id);
	k->owner = NULL;
	if (req->principal.is_operator)
		return;
	uuid_format(&req->principal.account_id, k->owner_text);
	k->owner = k->owner_text;
}

static void not_found(struct http_request *req)
{
	problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such mass operation.");
}

void handle_mass_read(struct http_request *req)
{
	struct db *db = request_db(req);
	struct pg_result *row = NULL;
	struct operation_key k;
	int err;

	if (!db)
		return;
	key_take(req, &k);
	err = mass_read(db, k.id, k.owner, &row);
	if (err == ESRCH)
		not_found(req);
	else if (err)
		request_db_failed(req, err);
	else
		answer_json(req, 200, db_text(row, 0, 0));
	db_clear(row);
}

void handle_mass_revert(struct http_request *req)
{
	char revision[REVISION_SIZE] = "";
	struct pg_result *row = NULL;
	struct operation_key k;
	int err = EBUSY;
	struct db *db;

	if (!json_body_empty(req))
		return;
	db = request_db_long(req);
	if (!db)
		return;
	key_take(req, &k);
	for (int i = 0; i < TRIES && err == EBUSY; i++)
		err = mass_revert(db, k.id, k.owner, &row);
	if (err == ESRCH) {
		not_found(req);
	} else if (err == EALREADY) {
		problem_answer(req, 409, PROBLEM_CONFLICT, "The operation was reverted before.");
	} else if (err == EINVAL && db_error(db)->constraint[0]) {
		problem_answer(req, 409, PROBLEM_CONFLICT,
			"What the DIDs had does not fit any more with what was changed since.");
	} else if (err) {
		failed(req, db, err);
	} else {
		answer_json(req, 200, db_text(row, 0, 0));
		snprintf(revision, sizeof(revision), "%s", db_text(row, 0, 2));
	}
	db_clear(row);
	request_db_put(req);
	if (revision[0] != '\0')
		answer_revision(req, revision);
}
