/* Workers, and draining one for maintenance. For operators. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "api/answer.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/json_body.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "db/resource_live.h"

/* False: the request is answered. */
static bool answer_worker(struct http_request *req)
{
	struct db *db = request_db(req);
	struct resource_row row;
	int err;

	if (!db)
		return false;
	err = worker_read(db, req->args.word, &row);
	if (err == ESRCH)
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such worker.");
	else if (err)
		request_db_failed(req, err);
	else
		answer_json(req, 200, row.json);
	db_clear(row.result);
	return err == 0;
}

void handle_worker_read(struct http_request *req)
{
	(void)answer_worker(req);
}

/* *draining: -1 when the body does not say. False: the request is answered. */
static bool draining_take(struct http_request *req, json_t *body, int *draining)
{
	struct problems p = {0};
	const char *key;
	json_t *value;
	bool ok;

	*draining = -1;
	json_object_foreach(body, key, value)
	{
		char at[PROBLEM_POINTER_MAX];

		pointer_join(at, "", key);
		if (strcmp(key, "draining") != 0)
			problems_add(&p, at, PROBLEM_UNKNOWN_FIELD, "There is no such field.");
		else if (json_is_null(value))
			*draining = false; /* its default, as in every merge patch */
		else if (json_is_boolean(value))
			*draining = json_is_true(value);
		else
			problems_add(&p, at, PROBLEM_WRONG_TYPE, "Must be true or false.");
	}
	ok = !problems_answer(req, 422, PROBLEM_VALIDATION_FAILED, &p);
	problems_fini(&p);
	return ok;
}

static void drain(struct http_request *req, bool draining)
{
	struct db *db = request_db(req);
	char revision[REVISION_SIZE];
	int err;

	if (!db)
		return;
	err = worker_drain(db, req->args.word, draining, revision);
	if (err == ESRCH)
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such worker.");
	else if (err)
		request_db_failed(req, err);
	else if (answer_worker(req))
		answer_revision(req, revision);
}

void handle_worker_patch(struct http_request *req)
{
	json_t *body = json_body(req);
	int draining;

	if (body && draining_take(req, body, &draining)) {
		if (draining < 0)
			(void)answer_worker(req);
		else
			drain(req, draining > 0);
	}
	json_decref(body);
}
