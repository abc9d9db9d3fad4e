/* GET of every list of db/resource_list.c: {"data": [...], "next_cursor": null}. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/handlers.h"
#include "api/json_compact.h"
#include "api/list_handler.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/request_db.h"
#include "api/route.h"

/* Rel "next" (RFC 8288) is this request's target with another cursor. */
static void link_header(struct http_request *req, const char *cursor)
{
	char *link = NULL, *query, *p;
	const char *joint = "?";
	size_t len;
	FILE *out = open_memstream(&link, &len);
	char *raw = strdup(req->raw);

	if (!out || !raw)
		goto out;
	query = strchr(raw, '?');
	if (query)
		*query++ = '\0';
	fprintf(out, "%s", raw);
	while ((p = strsep(&query, "&"))) {
		if (*p == '\0' || strncmp(p, "cursor=", 7) == 0 || strpbrk(p, "<>\""))
			continue;
		fprintf(out, "%s%s", joint, p);
		joint = "&";
	}
	fprintf(out, "%scursor=%s", joint, cursor);
out:
	if (out && fclose(out) == 0 && raw)
		http_response_header(&req->res, "Link", "<%s>; rel=\"next\"", link);
	free(link);
	free(raw);
}

static void page_write(FILE *out, const struct pg_result *result, int rows, const char *cursor)
{
	fputs("{\"data\":[", out);
	for (int i = 0; i < rows; i++) {
		if (i > 0)
			fputc(',', out);
		fputs(db_text(result, i, 0), out);
	}
	if (cursor)
		fprintf(out, "],\"next_cursor\":\"%s\"}", cursor);
	else
		fputs("],\"next_cursor\":null}", out);
}

static void answer_page(struct http_request *req, const struct list *l,
	const struct pg_result *result, unsigned limit)
{
	int rows = db_rows(result);
	char *body = NULL, *cursor = NULL;
	size_t len;
	FILE *out;

	if (rows > (int)limit) {
		const char *key[LIST_KEYS_MAX];

		rows = (int)limit;
		for (unsigned i = 0; i < l->keys; i++)
			key[i] = db_text(result, rows - 1, 1 + (int)i);
		cursor = query_cursor(key, l->keys);
	}
	out = open_memstream(&body, &len);
	if (out)
		page_write(out, result, rows, cursor);
	if (!out || fclose(out) != 0) {
		free(body);
		problem_busy(req);
	} else {
		http_response_body(
			&req->res, 200, "application/json", body, json_compact(body, len));
		http_response_header(&req->res, "Cache-Control", "no-cache");
		if (cursor)
			link_header(req, cursor);
	}
	free(cursor);
}

void list_answer(struct http_request *req, enum list_id id, struct query *q)
{
	struct pg_result *result;
	struct db *db = request_db(req);
	int err;

	if (!db)
		return;
	err = list_read(db, id, &q->list, &result);
	if (err == EINVAL) {
		struct problems p = {0};

		/* all else was checked before */
		problems_add_parameter(&p, "cursor", PROBLEM_INVALID_PARAMETER,
			"Must be the next_cursor of an answer to the same list.");
		problems_answer(req, 400, PROBLEM_INVALID_PARAMETERS, &p);
		problems_fini(&p);
	} else if (err) {
		request_db_failed(req, err);
	} else {
		answer_page(req, list(id), result, q->list.limit);
	}
	db_clear(result);
}

void handle_list(struct http_request *req)
{
	enum list_id id = req->route->list;
	char owner[UUID_TEXT_SIZE];
	struct query q;

	if (query_parse(req, id, &q)) {
		if (!req->principal.is_operator) {
			uuid_format(&req->principal.account_id, owner);
			q.list.owner = owner;
		}
		list_answer(req, id, &q);
	}
	query_fini(&q);
}
