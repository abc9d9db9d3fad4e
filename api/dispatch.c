/* What happens to every request before and after its handler. */
#include <stdio.h>
#include <string.h>

#include "api/accept.h"
#include "api/auth.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/idempotency.h"
#include "api/metrics.h"
#include "api/problem.h"
#include "api/rate.h"
#include "api/request_db.h"
#include "api/route.h"
#include "core/log.h"

static const char *const json_types[] = {"application/json", NULL};

enum { BODY_MAX = 1024 * 1024, LARGE_BODY_MAX = 32 * 1024 * 1024 };

static void refuse_method(struct http_request *req)
{
	char allow[64] = "";
	size_t n = 0;

	for (enum http_method m = 0; m < HTTP_METHOD_COUNT; m++) {
		if (req->route->handler[m])
			n += (size_t)snprintf(allow + n, sizeof(allow) - n, "%s%s%s",
				n > 0 ? ", " : "", http_method_word(m),
				m == HTTP_GET ? ", HEAD" : "");
	}
	problem_answer(req, 405, PROBLEM_METHOD_NOT_ALLOWED, "See the Allow field.");
	http_response_header(&req->res, "Allow", "%s", allow);
}

static bool permitted(struct http_request *req)
{
	unsigned scope = req->method == HTTP_GET ? SCOPE_READ : SCOPE_WRITE;

	if (!(req->principal.scopes & scope)) {
		problem_answer(req, 403, PROBLEM_INSUFFICIENT_SCOPE,
			scope == SCOPE_READ ? "The key does not have the scope \"read\"."
					    : "The key does not have the scope \"write\".");
		return false;
	}
	if ((req->route->flags & ROUTE_OPERATOR) && !req->principal.is_operator) {
		problem_answer(req, 403, PROBLEM_OPERATOR_ONLY, "Use an operator's key.");
		return false;
	}
	return true;
}

/* Those who look at their query themselves; of all others nothing is asked by one. */
static bool query_allowed(struct http_request *req)
{
	static route_h *const with[] = {handle_list, handle_did_list, handle_api_key_list,
		handle_delivery_list, handle_explain, handle_explain_outbound, handle_did_import};
	struct problems p = {0};

	if (req->target.params == 0)
		return true;
	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		if (with[i] == req->route->handler[req->method])
			return true;
	}
	for (unsigned n = 0; n < req->target.params; n++)
		problems_add_parameter(&p, req->target.param[n].name, PROBLEM_UNKNOWN_PARAMETER,
			"There is no such parameter.");
	problems_answer(req, 400, PROBLEM_INVALID_PARAMETERS, &p);
	problems_fini(&p);
	return false;
}

static bool acceptable(struct http_request *req)
{
	char accept[1024];

	http_field_list(req, "Accept", accept, sizeof(accept));
	if (accept_best(accept, req->method == HTTP_GET && (req->route->flags & ROUTE_TABLE)
					? export_types
					: json_types) >= 0)
		return true;
	problem_answer(req, 406, PROBLEM_NOT_ACCEPTABLE,
		"The answer is application/json, which the Accept field does not take.");
	return false;
}

static void begin(struct http_request *req)
{
	req->route = route_find(&req->target, &req->args);
	if (!req->route) {
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "Nothing is at this path.");
		return;
	}
	if (req->method == HTTP_METHOD_COUNT || !req->route->handler[req->method]) {
		refuse_method(req);
		return;
	}
	if (req->route->flags & ROUTE_PUBLIC)
		return;
	if (!auth_check(req) || !rate_take(req) || !permitted(req) || !query_allowed(req))
		return;
	if (!acceptable(req))
		return;
	req->body.limit = req->route->flags & ROUTE_LARGE ? LARGE_BODY_MAX : BODY_MAX;
}

void request_begin(struct http_request *req)
{
	begin(req);
	/* A body may take half a minute to come. */
	request_db_put(req);
}

void request_handle(struct http_request *req)
{
	if (req->method != HTTP_POST || idempotency_begin(req))
		req->route->handler[req->method](req);
	(void)idempotency_end(req, NULL);
	request_db_put(req);
	if (req->res.status == 0)
		problem_answer(req, 500, PROBLEM_INTERNAL_ERROR, "The request was not answered.");
}

void request_done(const struct http_request *req)
{
	if (log_enabled(LOG_LEVEL_DEBUG))
		log_debug("request", "%s %s %u %s", http_method_word(req->method), req->raw,
			req->res.status, req->id);
	metrics_request(req);
}
