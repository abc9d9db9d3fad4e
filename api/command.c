#include "api/command.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/http.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "core/clock.h"
#include "db/command.h"

/* Looks for the result: soon at first, for most take milliseconds. */
enum { LOOK_FIRST_MS = 2, LOOK_LAST_MS = 50 };

static char *nobody(struct http_request *req)
{
	problem_answer(req, 503, PROBLEM_WORKER_SILENT,
		"The worker did not answer in time; it is not known whether it was done.");
	return NULL;
}

char *command_ask(struct http_request *req, const char *worker, const char *kind,
	const char *argument, int timeout_ms)
{
	int64_t until_ms = clock_ms() + timeout_ms;
	char id[UUID_TEXT_SIZE], *result = NULL;
	struct db *db = request_db(req);
	int err;

	if (!db)
		return NULL;
	err = db_command_ask(db, worker, kind, argument, timeout_ms, id);
	for (int pause_ms = LOOK_FIRST_MS; !err; pause_ms += pause_ms / 2) {
		request_db_put(req);
		if (http_stopping(req) || clock_ms() >= until_ms)
			return nobody(req);
		usleep((useconds_t)(pause_ms < LOOK_LAST_MS ? pause_ms : LOOK_LAST_MS) * 1000);
		if (pause_ms > LOOK_LAST_MS)
			pause_ms = LOOK_LAST_MS;
		db = request_db(req);
		if (!db)
			return NULL;
		err = db_command_result(db, id, &result);
		if (!err)
			return result;
		if (err == EAGAIN)
			err = 0;
	}
	if (err == ESRCH) /* lost in a crash of PostgreSQL */
		return nobody(req);
	request_db_failed(req, err);
	return NULL;
}
