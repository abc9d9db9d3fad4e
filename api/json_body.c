#include "api/json_body.h"

#include <errno.h>
#include <stdio.h>
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

enum { ITEM_MAX = 256 * 1024 };

void json_refuse(
	struct http_request *req, const char *pointer, enum problem_code code, const char *detail)
{
	struct problems p = {0};

	problems_add(&p, pointer, code, "%s", detail);
	if (!problems_answer(req, 400, PROBLEM_MALFORMED_JSON, &p))
		problem_busy(req);
	problems_fini(&p);
}

/* base: of the text's root. */
static void refuse_below(struct http_request *req, const char *base, const char *text, size_t len,
	size_t offset, enum problem_code code, const char *detail)
{
	char pointer[PROBLEM_POINTER_MAX];
	size_t n = (size_t)snprintf(pointer, sizeof(pointer), "%s", base);

	json_pointer_at(text, len, offset, pointer + n, sizeof(pointer) - n);
	json_refuse(req, pointer, code, detail);
}

static void refuse(struct http_request *req, const char *text, size_t len, size_t offset,
	enum problem_code code, const char *detail)
{
	refuse_below(req, "", text, len, offset, code, detail);
}

enum problem_code json_problem_code(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		return PROBLEM_DUPLICATE_KEY;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return PROBLEM_NUL_CHARACTER;
	case json_error_numeric_overflow:
		return PROBLEM_NUMBER_OUT_OF_RANGE;
	case json_error_invalid_utf8:
		return PROBLEM_NOT_UTF8;
	default:
		return PROBLEM_MALFORMED_JSON;
	}
}

static void refuse_parse(struct http_request *req, const char *base, const char *text, size_t len,
	const json_error_t *error)
{
	size_t offset = error->position > 0 ? (size_t)error->position : 0;

	if (json_error_code(error) == json_error_out_of_memory)
		problem_busy(req);
	else
		refuse_below(req, base, text, len, offset, json_problem_code(error), error->text);
}

bool json_body_announced(struct http_request *req)
{
	if (req->body.len == 0) {
		refuse(req, "", 0, 0, PROBLEM_BODY_REQUIRED,
			"A JSON object is required as the body.");
		return false;
	}
	if (!is_json(http_field(req, "Content-Type"), req->method == HTTP_PATCH)) {
		problem_answer(req, 415, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
			req->method == HTTP_PATCH
				? "Send application/merge-patch+json or application/json."
				: "Send application/json.");
		return false;
	}
	return true;
}

json_t *json_text(struct http_request *req, const char *text, size_t len)
{
	struct json_scan scan;
	json_error_t error;
	json_t *root;
	int rc;

	rc = json_scan(text, len, &scan);
	if (rc != 0) {
		refuse(req, text, len, scan.offset,
			rc == ELOOP ? PROBLEM_TOO_DEEP : PROBLEM_TOO_MANY_VALUES,
			rc == ELOOP ? "The body is nested deeper than 16 levels."
				    : "The body has more than 20,000 values.");
		return NULL;
	}
	if (!http_budget_take(req, scan.values * JSON_VALUE_COST)) {
		problem_busy(req);
		return NULL;
	}
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		refuse_parse(req, "", text, len, &error);
	} else if (!json_is_object(root)) {
		json_decref(root);
		root = NULL;
		refuse(req, text, len, 0, PROBLEM_NOT_AN_OBJECT, "The body is not a JSON object.");
	}
	return root;
}

json_t *json_item(struct http_request *req, const char *text, size_t len, const char *base)
{
	struct json_scan scan;
	json_error_t error;
	json_t *value;

	if (len > ITEM_MAX || json_scan(text, len, &scan) != 0) {
		json_refuse(req, base, PROBLEM_TOO_MANY_VALUES,
			"The item is longer than 256 KiB, or nested deeper than 16 levels.");
		return NULL;
	}
	value = json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	if (!value)
		refuse_parse(req, base, text, len, &error);
	return value;
}

json_t *json_body(struct http_request *req)
{
	return json_body_announced(req) ? json_text(req, req->body.p, req->body.len) : NULL;
}

bool json_body_empty(struct http_request *req)
{
	struct problems p = {0};
	const char *key;
	json_t *root;

	if (req->body.len == 0)
		return true;
	root = json_body(req);
	if (!root)
		return false;
	for (void *i = json_object_iter(root); i; i = json_object_iter_next(root, i)) {
		char at[PROBLEM_POINTER_MAX];

		key = json_object_iter_key(i);
		pointer_join(at, "", key);
		problems_add(&p, at, PROBLEM_UNKNOWN_FIELD, "There is no such field.");
	}
	problems_answer(req, 422, PROBLEM_VALIDATION_FAILED, &p);
	problems_fini(&p);
	json_decref(root);
	return req->res.status == 0;
}
