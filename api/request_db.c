#include "api/request_db.h"

#include <errno.h>

#include "api/app.h"
#include "api/http.h"
#include "api/problem.h"
#include "api/request_origin.h"
#include "core/log.h"
#include "db/flow.h"

static struct log_kind away = LOG_KIND("database", LOG_LEVEL_WARN);
static struct log_kind failed = LOG_KIND("database", LOG_LEVEL_ERROR);

static void unavailable(struct http_request *req)
{
	problem_answer(req, 503, PROBLEM_DATABASE_UNAVAILABLE,
		"The database cannot be reached right now; nothing was changed.");
}

static struct db *take(struct http_request *req, bool is_long)
{
	struct db_pool *pool = is_long ? req->app->mass_pool : req->app->pool;
	struct db_error why;
	int err;

	if (!req->app->migrated) {
		unavailable(req);
		return NULL;
	}
	err = db_pool_get(pool, APP_POOL_WAIT_MS, &req->db, &why);
	req->db_long = is_long;
	if (err == 0) {
		request_origin_sign(req, req->db);
		return req->db;
	}
	req->db = NULL;
	if (err == EAGAIN) {
		problem_busy(req);
	} else {
		log_limited(&away, "no connection: %s", why.message);
		unavailable(req);
	}
	return NULL;
}

/* In the transaction of an Idempotency-Key a statement that failed before is taken back first. */
static struct db *held(struct http_request *req)
{
	int err = req->idempotency ? db_recover(req->db) : 0;

	if (!err)
		return req->db;
	request_db_failed(req, err);
	return NULL;
}

struct db *request_db(struct http_request *req)
{
	return req->db ? held(req) : take(req, false);
}

struct db *request_db_long(struct http_request *req)
{
	if (req->db && (req->db_long || req->idempotency))
		return held(req);
	request_db_put(req);
	return take(req, true);
}

void request_db_put(struct http_request *req)
{
	if (!req->db || req->idempotency)
		return;
	db_pool_put(req->db_long ? req->app->mass_pool : req->app->pool, req->db);
	req->db = NULL;
}

/* A circle that only the schema saw, because somebody else wrote meanwhile. */
static bool circle_answer(struct http_request *req)
{
	const char *circle = req->db ? flow_circle(req->db) : NULL;
	struct problems p = {0};

	if (!circle)
		return false;
	problems_add(
		&p, "", PROBLEM_FORWARDING_LOOP, "Calls would go round in a circle: %s.", circle);
	problems_answer(req, 422, PROBLEM_VALIDATION_FAILED, &p);
	problems_fini(&p);
	return true;
}

void request_db_failed(struct http_request *req, int err)
{
	const struct db_error *e = req->db ? db_error(req->db) : NULL;

	switch (err) {
	case EBUSY:
	case ETIMEDOUT:
	case EAGAIN:
	case ENOMEM:
		log_limited(&away, "%s (request %s)", e && e->message[0] ? e->message : "busy",
			req->id);
		problem_busy(req);
		break;
	case ECONNRESET:
	case ENOSPC:
	case EPROTO:
	case EACCES:
		log_limited(&away, "%s (request %s)", e ? e->message : "connection lost", req->id);
		problem_answer(req, 503, PROBLEM_DATABASE_UNAVAILABLE,
			req->method == HTTP_GET ? "The database cannot be reached right now."
						: "The database went away; whether the change was "
						  "made is not known.");
		break;
	default:
		if (err == EINVAL && circle_answer(req))
			break;
		log_limited(&failed, "%s (%s, %s, request %s)", e ? e->message : "",
			e ? e->sqlstate : "", e ? e->constraint : "", req->id);
		problem_answer(req, 500, PROBLEM_INTERNAL_ERROR,
			"The request failed for a reason that is in the log.");
		break;
	}
}
