#include "api/json_body.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "api/http.h"
#include "api/json_scan.h"
#include "api/problem.h"

static bool is_json(const char *type, bool patch)
{
	size_t len = type ? strcspn(type, "; \t") : 0;
	const char *charset;

	if (!((len == 16 && strncasecmp(type, "application/json", len) == 0) ||
		    (patch && len == 28 &&
			    strncasecmp(type, "application/merge-patch+json", len) == 0)))
		return false;
	charset = strcasestr(type + len, "charset=");
	return !charset || strcasestr(charset, "utf-8");
}

static void refuse(
	struct http_request *req, size_t offset, enum problem_code code, const char *detail)
{
	struct problems p = {0};
	char pointer[PROBLEM_POINTER_MAX];

	json_pointer_at(req->body.p, req->body.len, offset, pointer, sizeof(pointer));
	problems_add(&p, pointer, code, "%s", detail);
	if (!problems_answer(req, 400, PROBLEM_MALFORMED_JSON, &p))
		problem_busy(req);
	problems_fini(&p);
}

static void refuse_parse(struct http_request *req, const json_error_t *error)
{
	size_t offset = error->position > 0 ? (size_t)error->position : 0;
	enum problem_code code = PROBLEM_MALFORMED_JSON;

	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		code = PROBLEM_DUPLICATE_KEY;
		break;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		code = PROBLEM_NUL_CHARACTER;
		break;
	case json_error_numeric_overflow:
		code = PROBLEM_NUMBER_OUT_OF_RANGE;
		break;
	case json_error_invalid_utf8:
		code = PROBLEM_NOT_UTF8;
		break;
	case json_error_out_of_memory:
		problem_busy(req);
		return;
	default:
		break;
	}
	refuse(req, offset, code, error->text);
}

json_t *json_body(struct http_request *req)
{
	const struct http_body *b = &req->body;
	struct json_scan scan;
	json_error_t error;
	json_t *root;
	int rc;

	if (b->len == 0) {
		refuse(req, 0, PROBLEM_BODY_REQUIRED, "A JSON object is required as the body.");
		return NULL;
	}
	if (!is_json(http_field(req, "Content-Type"), req->method == HTTP_PATCH)) {
		problem_answer(req, 415, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
			req->method == HTTP_PATCH
				? "Send application/merge-patch+json or application/json."
				: "Send application/json.");
		return NULL;
	}
	rc = json_scan(b->p, b->len, &scan);
	if (rc != 0) {
		refuse(req, scan.offset, rc == ELOOP ? PROBLEM_TOO_DEEP : PROBLEM_TOO_MANY_VALUES,
			rc == ELOOP ? "The body is nested deeper than 16 levels."
				    : "The body has more than 20,000 values.");
		return NULL;
	}
	if (!http_budget_take(req, scan.values * JSON_VALUE_COST)) {
		problem_busy(req);
		return NULL;
	}
	root = json_loadb(b->p, b->len, JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		refuse_parse(req, &error);
	} else if (!json_is_object(root)) {
		json_decref(root);
		root = NULL;
		refuse(req, 0, PROBLEM_NOT_AN_OBJECT, "The body is not a JSON object.");
	}
	return root;
}
