/* POST /v1/dids/import: DIDs as NDJSON or CSV, all or none. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/answer.h"
#include "api/csv.h"
#include "api/did_cell.h"
#include "api/did_rows.h"
#include "api/handlers.h"
#include "api/json_body.h"
#include "api/query.h"
#include "api/request_db.h"
#include "core/json_out.h"
#include "db/did_import.h"

enum { TRIES = 3 };

/* ---- what is asked ----------------------------------------------------------------------------- */

struct import {
	struct did_rows rows;
	bool dry_run;
};

static bool parameters_take(struct http_request *req, struct import *im)
{
	struct problems p = {0};
	bool ok;

	for (unsigned i = 0; i < req->target.params; i++) {
		const char *name = req->target.param[i].name, *value = req->target.param[i].value;
		bool upsert = strcmp(value, "upsert") == 0, yes = strcmp(value, "true") == 0;

		if (strcmp(name, "mode") == 0) {
			if (!upsert && strcmp(value, "create") != 0)
				problems_add_parameter(&p, name, PROBLEM_INVALID_PARAMETER,
					"Must be create or upsert.");
			im->rows.update = upsert;
		} else if (strcmp(name, "dry_run") == 0) {
			if (!yes && strcmp(value, "false") != 0)
				problems_add_parameter(&p, name, PROBLEM_INVALID_PARAMETER,
					"Must be true or false.");
			im->dry_run = yes;
		} else {
			problems_add_parameter(
				&p, name, PROBLEM_UNKNOWN_PARAMETER, "There is no such parameter.");
		}
	}
	ok = !problems_answer(req, 400, PROBLEM_INVALID_PARAMETERS, &p);
	problems_fini(&p);
	return ok;
}

enum form { FORM_NONE, FORM_CSV, FORM_NDJSON };

static enum form form_of(const char *type)
{
	static const struct {
		const char *word;
		enum form form;
	} forms[] = {{"text/csv", FORM_CSV}, {"application/x-ndjson", FORM_NDJSON},
		{"application/jsonl", FORM_NDJSON}};
	size_t len = type ? strcspn(type, "; \t") : 0;
	const char *charset = type ? strcasestr(type + len, "charset=") : NULL;

	if (charset && !strcasestr(charset, "utf-8"))
		return FORM_NONE;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strlen(forms[i].word) == len && strncasecmp(type, forms[i].word, len) == 0)
			return forms[i].form;
	}
	return FORM_NONE;
}

/* ---- NDJSON ------------------------------------------------------------------------------------ */

static bool is_blank(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!strchr(" \t\r", p[i]) || p[i] == '\0')
			return false;
	}
	return true;
}

static bool ndjson_take(struct import *im, const char *text, size_t len)
{
	size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	for (unsigned long line = 1; at < len; line++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = (end ? (size_t)(end - text) : len) - at;
		char pointer[PROBLEM_POINTER_MAX];
		bool ok = true;

		pointer_join_index(pointer, im->rows.base, line);
		if (!is_blank(text + at, n)) {
			json_t *row = json_item(im->rows.req, text + at, n, pointer);

			ok = row && did_rows_add(&im->rows, line, row);
			json_decref(row);
		}
		if (!ok)
			return false;
		at += n + 1;
	}
	return true;
}

/* ---- CSV --------------------------------------------------------------------------------------- */

struct header {
	unsigned cells;
	unsigned column[CSV_CELLS_MAX]; /* of did_column() */
};

/* All that is wrong with the first line at once. false: answered. */
static bool header_take(struct import *im, const struct csv *c, struct header *h)
{
	struct problems p = {0};
	bool ok, number = false;

	h->cells = c->cells;
	for (unsigned i = 0; i < c->cells; i++) {
		char at[PROBLEM_POINTER_MAX], base[PROBLEM_POINTER_MAX];
		unsigned column = did_column_find(c->cell[i].p);

		pointer_join_index(base, im->rows.base, c->line);
		pointer_join(at, base, c->cell[i].p);
		h->column[i] = column;
		number = number || strcmp(c->cell[i].p, "number") == 0;
		if (column == did_columns())
			problems_add(&p, at, PROBLEM_UNKNOWN_FIELD, "There is no such column.");
		for (unsigned before = 0; before < i && column < did_columns(); before++) {
			if (h->column[before] == column)
				problems_add(
					&p, at, PROBLEM_DUPLICATE_KEY, "The column stands twice.");
		}
	}
	if (!number)
		problems_add(&p, "/lines/1/number", PROBLEM_REQUIRED,
			"The first line must name the columns, among them number.");
	ok = !problems_answer(im->rows.req, 422, PROBLEM_VALIDATION_FAILED, &p);
	problems_fini(&p);
	return ok;
}

/* A record as the object that it would be in NDJSON; NULL: it has problems, which are added. */
static json_t *record_read(struct import *im, const struct csv *c, const struct header *h)
{
	char base[PROBLEM_POINTER_MAX], at[PROBLEM_POINTER_MAX];
	json_t *row = json_object();
	bool ok = c->cells == h->cells;

	pointer_join_index(base, im->rows.base, c->line);
	if (!ok)
		problems_add(&im->rows.problems, base, PROBLEM_MALFORMED_LINE,
			"Has %u cells, the first line %u.", c->cells, h->cells);
	for (unsigned i = 0; ok && i < c->cells; i++) {
		const struct did_column *column = did_column(h->column[i]);
		json_t *value = did_cell_read(column->field, c->cell[i].p, c->cell[i].len);

		if (json_object_set_new(row, column->name, value) == 0)
			continue;
		pointer_join(at, base, column->name);
		problems_add(&im->rows.problems, at, PROBLEM_NOT_UTF8, "Is not UTF-8.");
		ok = false;
	}
	if (ok)
		return row;
	json_decref(row);
	return NULL;
}

static bool records_take(struct import *im, struct csv *c)
{
	struct header h;
	int rc = csv_next(c);

	if (rc == 1 && !header_take(im, c, &h))
		return false;
	while (rc == 1 && (rc = csv_next(c)) == 1) {
		json_t *row = record_read(im, c, &h);
		bool ok = !row || did_rows_add(&im->rows, c->line, row);

		json_decref(row);
		if (!ok)
			return false;
	}
	if (rc == -1) {
		char pointer[PROBLEM_POINTER_MAX];

		pointer_join_index(pointer, im->rows.base, c->next_line);
		json_refuse(im->rows.req, pointer, PROBLEM_MALFORMED_LINE, c->why);
	} else if (rc == -2) {
		problem_busy(im->rows.req);
	}
	return rc == 0;
}

static bool csv_take(struct import *im, const char *text, size_t len)
{
	struct csv c;
	bool ok;

	im->rows.flat = true;
	csv_init(&c, text, len);
	ok = records_take(im, &c);
	csv_fini(&c);
	return ok;
}

/* ---- doing it ---------------------------------------------------------------------------------- */

static bool body_take(struct import *im)
{
	struct http_request *req = im->rows.req;
	enum form form = form_of(http_field(req, "Content-Type"));
	bool ok;

	if (req->body.len == 0) {
		json_refuse(req, "", PROBLEM_BODY_REQUIRED, "DIDs are required as the body.");
		return false;
	}
	if (form == FORM_NONE) {
		problem_answer(req, 415, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
			"Send text/csv or application/x-ndjson, in UTF-8.");
		return false;
	}
	ok = form == FORM_CSV ? csv_take(im, req->body.p, req->body.len)
			      : ndjson_take(im, req->body.p, req->body.len);
	return ok && !did_rows_refuse(&im->rows, 0);
}

static void answer(struct import *im, const struct did_import *r)
{
	struct json_out j;

	json_out_init(&j);
	json_out_object(&j, NULL);
	json_out_str(&j, "mode", im->rows.update ? "upsert" : "create");
	json_out_bool(&j, "dry_run", im->dry_run);
	json_out_int(&j, "created", r->count.created);
	json_out_int(&j, "updated", r->count.updated);
	json_out_int(&j, "unchanged", r->count.unchanged);
	json_out_str(&j, "revision", im->dry_run ? NULL : r->revision);
	if (im->dry_run) {
		json_out_array(&j, "sample");
		for (int i = 0; i < db_rows(r->sample); i++) {
			json_out_object(&j, NULL);
			json_out_int(&j, "line", db_int(r->sample, i, 0));
			json_out_str(&j, "number", db_text(r->sample, i, 1));
			json_out_raw(&j, "before", db_text(r->sample, i, 2));
			json_out_raw(&j, "after", db_text(r->sample, i, 3));
			json_out_end(&j);
		}
		json_out_end(&j);
	}
	json_out_end(&j);
	answer_json_out(im->rows.req, 200, &j);
}

static void apply(struct import *im)
{
	struct http_request *req = im->rows.req;
	struct db *db = request_db_long(req);
	struct did_import r = {0};
	uint64_t found = 0;
	int err = EBUSY;

	if (!db)
		return;
	for (int i = 0; i < TRIES && (err == EBUSY || err == EEXIST); i++) {
		problems_fini(&im->rows.problems);
		db_clear(r.sample);
		err = did_import(db, did_rows_load(&im->rows), im->dry_run, did_rows_problem,
			&im->rows, &found, &r);
	}
	if (did_rows_circle(&im->rows, db, err))
		did_rows_refuse(&im->rows, 0);
	else if (err)
		request_db_failed(req, err);
	else if (found == 0)
		answer(im, &r);
	else
		did_rows_refuse(&im->rows, found);
	db_clear(r.sample);
	request_db_put(req);
	if (!err && found == 0 && !im->dry_run)
		answer_revision(req, r.revision);
}

void handle_did_import(struct http_request *req)
{
	struct import im = {0};

	did_rows_init(&im.rows, req, "/lines");
	im.rows.failover = true;
	if (parameters_take(req, &im) && body_take(&im))
		apply(&im);
	did_rows_fini(&im.rows);
}
