/* What the workers report: status of a trunk or gateway, call records, sync. */
#include <errno.h>

#include "api/answer.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "db/event.h"
#include "db/resource_observed.h"

/* The bare id of the path, and whose things the caller may see. */
struct caller {
	char id[UUID_TEXT_SIZE], owner_text[UUID_TEXT_SIZE];
	const char *owner;
};

static void caller_init(struct caller *c, const struct http_request *req)
{
	uuid_format(&req->args.id, c->id);
	uuid_format(&req->principal.account_id, c->owner_text);
	c->owner = req->principal.is_operator ? NULL : c->owner_text;
}

static void answer(struct http_request *req, int err, const char *missing, struct resource_row *row)
{
	if (err == ESRCH)
		problem_answer(req, 404, PROBLEM_NOT_FOUND, missing);
	else if (err)
		request_db_failed(req, err);
	else
		answer_json(req, 200, row->json);
	db_clear(row->result);
}

void handle_trunk_status(struct http_request *req)
{
	struct db *db = request_db(req);
	struct resource_row row;
	struct caller c;

	caller_init(&c, req);
	if (db)
		answer(req, observed_trunk(db, c.id, c.owner, &row), "There is no such trunk.",
			&row);
}

void handle_gateway_status(struct http_request *req)
{
	struct db *db = request_db(req);
	struct resource_row row;
	struct caller c;

	caller_init(&c, req);
	if (db)
		answer(req, observed_gateway(db, c.id, &row), "There is no such gateway.", &row);
}

void handle_cdr_read(struct http_request *req)
{
	struct db *db = request_db(req);
	struct resource_row row;
	struct caller c;

	caller_init(&c, req);
	if (db)
		answer(req, observed_cdr(db, c.id, c.owner, &row), "There is no such call record.",
			&row);
}

void handle_event_read(struct http_request *req)
{
	struct db *db = request_db(req);
	struct resource_row row = {0};
	struct caller c;
	int err;

	caller_init(&c, req);
	if (!db)
		return;
	err = event_read(db, c.id, c.owner, &row.result);
	if (!err)
		row.json = db_text(row.result, 0, 0);
	answer(req, err, "There is no such event.", &row);
}

void handle_sync(struct http_request *req)
{
	struct db *db = request_db(req);
	struct resource_row row;

	if (db)
		answer(req, observed_sync(db, req->principal.is_operator, &row), "", &row);
}

void handle_sync_revision(struct http_request *req)
{
	struct db *db = request_db(req);
	struct resource_row row;

	if (db)
		answer(req, observed_revision(db, req->args.word, &row),
			"There is no such revision.", &row);
}
