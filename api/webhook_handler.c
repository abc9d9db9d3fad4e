/* /v1/webhooks/{id}/deliveries, their replay, and the ping. The webhooks themselves are a resource. */
#include <errno.h>
#include <stdio.h>

#include "api/answer.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/json_body.h"
#include "api/list_handler.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/request_db.h"
#include "db/webhook.h"

/* The webhook of the path, if it is there and the caller's. NULL: answered. */
static struct db *webhook_open(struct http_request *req, char id[UUID_TEXT_SIZE], bool *enabled)
{
	struct db *db = request_db(req);
	char owner[UUID_TEXT_SIZE];
	int err;

	if (!db)
		return NULL;
	uuid_format(&req->args.id, id);
	uuid_format(&req->principal.account_id, owner);
	err = webhook_find(db, id, req->principal.is_operator ? NULL : owner, enabled);
	if (err == ESRCH)
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such webhook.");
	else if (err)
		request_db_failed(req, err);
	return err ? NULL : db;
}

void handle_delivery_list(struct http_request *req)
{
	char webhook[UUID_TEXT_SIZE];
	struct query q;
	bool enabled;

	if (query_parse(req, LIST_WEBHOOK_DELIVERIES, &q) && webhook_open(req, webhook, &enabled)) {
		q.list.owner = webhook;
		list_answer(req, LIST_WEBHOOK_DELIVERIES, &q);
	}
	query_fini(&q);
}

static void answer(struct http_request *req, int err, unsigned status, struct resource_row *row)
{
	if (err == ESRCH)
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such delivery.");
	else if (err)
		request_db_failed(req, err);
	else
		answer_json(req, status, row->json);
	if (!err && row->revision)
		answer_revision(req, row->revision);
	db_clear(row->result);
}

void handle_delivery_read(struct http_request *req)
{
	char webhook[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE];
	struct resource_row row;
	struct db *db;
	bool enabled;

	db = webhook_open(req, webhook, &enabled);
	if (!db)
		return;
	uuid_format(&req->args.sub_id, id);
	answer(req, webhook_delivery_read(db, webhook, id, &row), 200, &row);
}

/* A webhook that is disabled is told nothing. NULL: answered. */
static struct db *webhook_open_enabled(struct http_request *req, char id[UUID_TEXT_SIZE])
{
	struct db *db;
	bool enabled;

	if (!json_body_empty(req))
		return NULL;
	db = webhook_open(req, id, &enabled);
	if (!db || enabled)
		return db;
	problem_answer(req, 409, PROBLEM_CONFLICT, "The webhook is disabled; enable it first.");
	return NULL;
}

void handle_delivery_replay(struct http_request *req)
{
	char webhook[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE];
	struct resource_row row;
	struct db *db = webhook_open_enabled(req, webhook);

	if (!db)
		return;
	uuid_format(&req->args.sub_id, id);
	answer(req, webhook_replay(db, webhook, id, &row), 202, &row);
}

void handle_webhook_ping(struct http_request *req)
{
	char webhook[UUID_TEXT_SIZE];
	struct resource_row row;
	struct db *db = webhook_open_enabled(req, webhook);

	if (db)
		answer(req, webhook_ping(db, webhook, &row), 202, &row);
}
