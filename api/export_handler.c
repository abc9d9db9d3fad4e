/* GET /v1/dids as NDJSON or CSV: all that match, however many. A thousand at a time are read, each on a
 * connection that goes back before they are sent, so a client that reads slowly holds nothing but its
 * own socket. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/accept.h"
#include "api/app.h"
#include "api/did_cell.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/json_compact.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/request_db.h"
#include "core/log.h"
#include "core/uuid.h"
#include "db/did_column.h"

enum { PAGE = 1000 };

static struct log_kind broken = LOG_KIND("export", LOG_LEVEL_WARN);

struct export
{
	struct http_stream stream; /* the first member */
	struct app *app;
	struct query q;
	char owner[UUID_TEXT_SIZE];
	char after[24]; /* the last number sent */
	bool csv, last;
	char *page; /* owned */
	size_t len, at;
};

static void export_free(struct http_stream *stream)
{
	struct export *e = (struct export *)stream;

	query_fini(&e->q);
	free(e->page);
	free(e);
}

/* ---- a page ------------------------------------------------------------------------------------ */

static void header_write(FILE *out)
{
	for (unsigned i = 0; i < did_columns(); i++)
		fprintf(out, "%s%s", i > 0 ? "," : "", did_column(i)->name);
	fputs("\r\n", out);
}

static void csv_row_write(FILE *out, const char *text)
{
	json_t *row = json_loads(text, 0, NULL);
	const json_t *failover = json_object_get(row, "failover");

	for (unsigned i = 0; i < did_columns(); i++) {
		const struct did_column *c = did_column(i);

		if (i > 0)
			fputc(',', out);
		did_cell_write(out, c->field,
			json_object_get(c->failover ? failover : row, c->field->name));
	}
	fputs("\r\n", out);
	json_decref(row);
}

static bool json_row_write(FILE *out, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return false;
	fwrite(copy, 1, json_compact(copy, strlen(copy)), out);
	fputc('\n', out);
	free(copy);
	return true;
}

static int rows_write(struct export *e, const struct pg_result *result)
{
	int rows = db_rows(result);
	FILE *out;

	e->last = rows <= PAGE;
	if (!e->last)
		rows = PAGE;
	free(e->page);
	e->page = NULL;
	out = open_memstream(&e->page, &e->len);
	if (!out)
		return ENOMEM;
	if (e->csv && e->after[0] == '\0')
		header_write(out);
	for (int i = 0; i < rows; i++) {
		if (e->csv)
			csv_row_write(out, db_text(result, i, 0));
		else if (!json_row_write(out, db_text(result, i, 0)))
			e->last = true;
	}
	if (rows > 0)
		snprintf(e->after, sizeof(e->after), "%s", db_text(result, rows - 1, 1));
	e->at = 0;
	return fclose(out) == 0 ? 0 : ENOMEM;
}

static int page_read(struct export *e, struct db *db)
{
	struct pg_result *result;
	int err;

	e->q.list.after[0] = e->after[0] != '\0' ? e->after : NULL;
	err = list_read(db, LIST_DIDS, &e->q.list, &result);
	if (!err)
		err = rows_write(e, result);
	db_clear(result);
	return err;
}

static ssize_t export_read(struct http_stream *stream, char *buf, size_t max)
{
	struct export *e = (struct export *)stream;
	struct db_error why = {0};
	struct db *db;
	size_t n;
	int err;

	while (e->at == e->len) {
		if (e->last)
			return 0;
		err = db_pool_get(e->app->pool, APP_POOL_WAIT_MS, &db, &why);
		if (!err) {
			err = page_read(e, db);
			db_pool_put(e->app->pool, db);
		}
		if (err) {
			log_limited(&broken, "an export is cut off: %s", strerror(err));
			return -1;
		}
	}
	n = e->len - e->at < max ? e->len - e->at : max;
	memcpy(buf, e->page + e->at, n);
	e->at += n;
	return (ssize_t)n;
}

/* ---- the request ------------------------------------------------------------------------------- */

static bool parameters_fit(struct http_request *req)
{
	static const char *const wrong[] = {"limit", "cursor"};
	struct problems p = {0};
	bool ok;

	for (unsigned i = 0; i < 2; i++) {
		if (query_value(req, wrong[i]))
			problems_add_parameter(&p, wrong[i], PROBLEM_INVALID_PARAMETER,
				"Goes with application/json only: this answer has all.");
	}
	ok = !problems_answer(req, 400, PROBLEM_INVALID_PARAMETERS, &p);
	problems_fini(&p);
	return ok;
}

static void answer_export(struct http_request *req, struct export *e)
{
	req->res.status = 200;
	req->res.type = e->csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
	req->res.stream = &e->stream;
	http_response_header(&req->res, "Cache-Control", "no-cache");
	http_response_header(&req->res, "Content-Disposition", "attachment; filename=\"dids.%s\"",
		e->csv ? "csv" : "ndjson");
}

/* The first page is read before there is an answer, so that it can still be another one. */
static void export(struct http_request *req, bool csv)
{
	struct export *e = calloc(1, sizeof(*e));
	struct db *db;
	int err;

	if (!e) {
		problem_busy(req);
		return;
	}
	e->stream = (struct http_stream){export_read, export_free};
	e->app = req->app;
	e->csv = csv;
	if (!query_parse(req, LIST_DIDS, &e->q) || !parameters_fit(req))
		goto out;
	e->q.list.limit = PAGE;
	e->q.list.expression = did_row_json_sql();
	if (!req->principal.is_operator) {
		uuid_format(&req->principal.account_id, e->owner);
		e->q.list.owner = e->owner;
	}
	db = request_db(req);
	err = db ? page_read(e, db) : EALREADY;
	if (!err) {
		answer_export(req, e);
		return;
	}
	if (err != EALREADY)
		request_db_failed(req, err);
out:
	export_free(&e->stream);
}

const char *const export_types[] = {"application/json", "application/x-ndjson", "text/csv", NULL};

void handle_did_list(struct http_request *req)
{
	char field[1024];
	int best;

	http_field_list(req, "Accept", field, sizeof(field));
	best = accept_best(field, export_types);
	if (best <= 0)
		handle_list(req);
	else
		export(req, best == 2);
	http_response_header(&req->res, "Vary", "Accept");
}
