#include "api/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/app.h"
#include "api/http.h"
#include "api/idempotency.h"
#include "api/json_compact.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "api/webhook_sender.h"
#include "core/json_out.h"
#include "core/siphash.h"
#include "db/resource.h"

static const char json_type[] = "application/json";

/* A longer wait would hold a connection that proxies cut anyway. */
enum { WAIT_MAX_S = 60 };

void etag_make(const char *version, const char *json, char etag[ETAG_SIZE])
{
	/* Equal in every process, and no secret: nobody gains from a collision of his own. */
	static const uint8_t key[SIPHASH_KEY_LEN] = "trunkguard etag";

	snprintf(etag, ETAG_SIZE, "\"%s-%016" PRIx64 "\"", version,
		siphash(key, json, strlen(json)));
}

bool etag_listed(const char *field, const char *etag, bool weak)
{
	size_t len = strlen(etag);

	if (strcmp(field, "*") == 0)
		return true;
	for (const char *p = field; *p != '\0'; p++) {
		bool is_weak = strncmp(p, "W/", 2) == 0;

		if (is_weak)
			p += 2;
		if ((weak || !is_weak) && strncmp(p, etag, len) == 0)
			return true;
		p += strcspn(p, ",");
		p += strspn(p, ", ");
		if (*p == '\0')
			break;
		p--;
	}
	return false;
}

void answer_json(struct http_request *req, unsigned status, const char *json)
{
	size_t len = strlen(json);
	char *copy = malloc(len + 1);

	if (!copy) {
		problem_busy(req);
		return;
	}
	memcpy(copy, json, len);
	len = json_compact(copy, len);
	copy[len] = '\0';
	http_response_body(&req->res, status, json_type, copy, len);
	http_response_header(&req->res, "Cache-Control", "no-cache");
}

void answer_json_out(struct http_request *req, unsigned status, struct json_out *out)
{
	const char *text;
	size_t len;

	if (json_out_text(out, &text, &len) == 0)
		answer_json(req, status, text);
	else
		problem_busy(req);
	json_out_fini(out);
}

void answer_row(struct http_request *req, unsigned status, const struct resource_row *row)
{
	char etag[ETAG_SIZE], field[512];

	etag_make(row->version, row->json, etag);
	http_field_list(req, "If-None-Match", field, sizeof(field));
	if (req->method == HTTP_GET && field[0] != '\0' && etag_listed(field, etag, true))
		http_response_body(&req->res, 304, NULL, NULL, 0);
	else
		answer_json(req, status, row->json);
	http_response_header(&req->res, "ETag", "%s", etag);
}

int prefer_wait(const char *field)
{
	for (const char *p = field; *p != '\0';) {
		p += strspn(p, ", ;\t");
		if (strncasecmp(p, "wait=", 5) == 0) {
			const char *n = p + 5;
			size_t digits;
			int seconds = 0;

			n += *n == '"';
			digits = strspn(n, "0123456789");
			if (digits == 0)
				return -1;
			for (size_t i = 0; i < digits && seconds < WAIT_MAX_S; i++)
				seconds = seconds * 10 + (n[i] - '0');
			return seconds < WAIT_MAX_S ? seconds : WAIT_MAX_S;
		}
		p += strcspn(p, ",;");
	}
	return -1;
}

void answer_revision(struct http_request *req, const char *revision)
{
	char field[256], token[REVISION_SIZE];
	bool applied = false;
	int seconds;

	/* revision may be part of a result of the connection that is given back now */
	snprintf(token, sizeof(token), "%s", revision);
	if (!idempotency_end(req, token))
		return;
	request_db_put(req);
	revision_wake(req->app->listener);
	webhook_sender_wake(req->app->webhook_sender);
	http_response_header(&req->res, "Trunkguard-Revision", "%s", token);
	http_field_list(req, "Prefer", field, sizeof(field));
	seconds = prefer_wait(field);
	if (seconds < 0)
		return;
	if (revision_wait(req->app->listener, token, seconds * 1000, &applied) != 0)
		applied = false;
	http_response_header(&req->res, "Preference-Applied", "wait");
	http_response_header(&req->res, "Trunkguard-Applied", "%s", applied ? "true" : "false");
}
