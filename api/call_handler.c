/* Calls in progress: one of them, and hanging it up. The list is any list. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/command.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "db/resource_live.h"

static void no_such_call(struct http_request *req)
{
	problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such call.");
}

static const char *owner_of(const struct http_request *req, char text[UUID_TEXT_SIZE])
{
	if (req->principal.is_operator)
		return NULL;
	uuid_format(&req->principal.account_id, text);
	return text;
}

void handle_call_read(struct http_request *req)
{
	char id[UUID_TEXT_SIZE], owner[UUID_TEXT_SIZE];
	struct db *db = request_db(req);
	struct resource_row row;
	int err;

	if (!db)
		return;
	uuid_format(&req->args.id, id);
	err = live_call_read(db, id, owner_of(req, owner), &row);
	if (err == ESRCH)
		no_such_call(req);
	else if (err)
		request_db_failed(req, err);
	else
		answer_json(req, 200, row.json);
	db_clear(row.result);
}

/* What the worker needs to find it: sip/command.h. NULL: the request is answered. */
static char *argument_of(struct http_request *req, const char *id, char **worker)
{
	char owner[UUID_TEXT_SIZE], *argument = NULL;
	struct db *db = request_db(req);
	struct pg_result *found;
	int err;

	*worker = NULL;
	if (!db)
		return NULL;
	err = live_call_find(db, id, owner_of(req, owner), &found);
	if (err == ESRCH) {
		no_such_call(req);
		return NULL;
	}
	if (err) {
		request_db_failed(req, err);
		return NULL;
	}
	*worker = strdup(db_text(found, 0, 0));
	if (asprintf(&argument, "%s\n%s\n%s", id, db_text(found, 0, 1), db_text(found, 0, 2)) < 0)
		argument = NULL;
	db_clear(found);
	if (*worker && argument)
		return argument;
	free(argument);
	problem_busy(req);
	return NULL;
}

/* The list shall not show it any more when this is answered. When this fails the worker's own report,
 * which comes within a second, does it. */
static void forget(struct http_request *req, const char *id)
{
	struct db *db = request_db(req);

	if (db)
		(void)!live_call_forget(db, id);
	http_response_body(&req->res, 204, NULL, NULL, 0);
}

void handle_call_delete(struct http_request *req)
{
	char id[UUID_TEXT_SIZE], *worker, *argument, *result = NULL;

	uuid_format(&req->args.id, id);
	argument = argument_of(req, id, &worker);
	if (argument)
		result = command_ask(req, worker, "hang_up", argument, COMMAND_TIMEOUT_MS);
	if (result && strcmp(result, "hung_up") == 0)
		forget(req, id);
	else if (result && strcmp(result, "no_such_call") == 0)
		no_such_call(req);
	else if (result)
		problem_busy(req);
	free(result);
	free(argument);
	free(worker);
}
