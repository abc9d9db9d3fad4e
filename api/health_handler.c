/* Liveness, readiness, the contract and its readable page. */
#include "api/answer.h"
#include "api/app.h"
#include "api/assets.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "db/migrate.h"

void handle_healthz(struct http_request *req)
{
	answer_json(req, 200, "{\"status\":\"ok\"}");
}

/* Ready: requests find a database with the right schema. */
void handle_readyz(struct http_request *req)
{
	struct db *db;
	int err;

	if (http_stopping(req)) {
		problem_answer(req, 503, PROBLEM_BUSY, "The program is ending.");
		return;
	}
	db = request_db(req);
	if (!db)
		return;
	err = db_migrate_check(db);
	if (err)
		request_db_failed(req, err);
	else
		answer_json(req, 200, "{\"status\":\"ready\"}");
}

static void answer_asset(struct http_request *req, const char *type, const char *text, size_t len)
{
	req->res.status = 200;
	req->res.type = type;
	req->res.text = text;
	req->res.body_len = len;
	http_response_header(&req->res, "Cache-Control", "no-cache");
}

void handle_openapi(struct http_request *req)
{
	answer_asset(req, "application/yaml", asset_openapi, asset_openapi_len);
}

void handle_docs(struct http_request *req)
{
	answer_asset(req, "text/html; charset=utf-8", asset_docs, asset_docs_len);
	http_response_header(&req->res, "Content-Security-Policy",
		"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action "
		"'none'; "
		"frame-ancestors 'none'");
}
