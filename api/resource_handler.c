/* GET, POST, PUT, PATCH and DELETE of every resource of db/resource_tables.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/handlers.h"
#include "api/json_body.h"
#include "api/request_db.h"
#include "api/resource_write.h"
#include "api/route.h"

/* How often a write starts again because another one came between its reading and its writing, or
 * because PostgreSQL found a deadlock. */
enum { TRIES = 5 };

static void not_found(struct http_request *req, const struct resource *r)
{
	char detail[PROBLEM_DETAIL_MAX];

	snprintf(detail, sizeof(detail), "There is no such %s.", r->what);
	problem_answer(req, 404, PROBLEM_NOT_FOUND, detail);
}

static void stale(struct http_request *req, const char *detail)
{
	problem_answer(req, 412, PROBLEM_PRECONDITION_FAILED, detail);
}

void handle_read(struct http_request *req)
{
	struct resource_write w;
	struct resource_row row;
	struct db *db;
	int err;

	resource_write_init(&w, req, WRITE_MERGE);
	db = request_db(req);
	if (!db)
		return;
	err = resource_read(db, w.id, &w.key, &row);
	if (err == ESRCH)
		not_found(req, w.r);
	else if (err)
		request_db_failed(req, err);
	else
		answer_row(req, 200, &row);
	db_clear(row.result);
}

/* Reads what is there: for the write itself, and for If-Match and If-None-Match. 0: the write may go
 * on; ESRCH: nothing is there; EALREADY: the request is answered. */
static int current_take(struct resource_write *w)
{
	char match[512], none[512], etag[ETAG_SIZE];
	struct resource_row row;
	struct db *db;
	int err;

	http_field_list(w->req, "If-Match", match, sizeof(match));
	http_field_list(w->req, "If-None-Match", none, sizeof(none));
	if (!match[0] && !none[0] && (w->mode == WRITE_CLEAR || !resource_rule_needs_current(w)))
		return 0;
	db = request_db(w->req);
	if (!db)
		return EALREADY;
	w->key.version = NULL;
	err = resource_read(db, w->id, &w->key, &row);
	if (err == ESRCH) {
		if (!match[0])
			return ESRCH;
		stale(w->req, "If-Match: nothing is there.");
		return EALREADY;
	}
	if (err) {
		request_db_failed(w->req, err);
		return EALREADY;
	}
	etag_make(row.version, row.json, etag);
	if ((match[0] && !etag_listed(match, etag, false)) ||
		(none[0] && etag_listed(none, etag, true))) {
		stale(w->req, "What is there has another ETag.");
		err = EALREADY;
	} else {
		snprintf(w->version, sizeof(w->version), "%s", row.version);
		w->key.version = w->version;
		json_decref(w->current);
		w->current = json_loads(row.json, 0, NULL);
		err = w->current ? 0 : EALREADY;
		if (err)
			problem_busy(w->req);
	}
	db_clear(row.result);
	return err;
}

/* Parts of a row are not found when the row is missing; a SIP account is made by its first PUT. */
static int missing(struct resource_write *w, struct resource_row *row)
{
	struct db *db;

	if (w->mode != WRITE_REPLACE || !w->r->parent)
		return ESRCH;
	db = request_db(w->req);
	return db ? resource_insert(db, w->id, &w->key, w->value, row) : EALREADY;
}

/* A secret that was made is shown once, behind the row's own fields. */
static void secret_show(struct resource_write *w)
{
	struct http_response *res = &w->req->res;
	char *text = NULL;
	int n;

	if (w->shown_secret[0] == '\0' || !res->body || res->body_len < 2)
		return;
	n = asprintf(&text, "%.*s,\"secret\":\"%s\"}", (int)res->body_len - 1, res->body,
		w->shown_secret);
	if (n < 0) {
		problem_busy(w->req);
		return;
	}
	http_response_body(res, res->status, res->type, text, (size_t)n);
	http_response_header(res, "Cache-Control", "no-store");
}

static void answer_made(struct resource_write *w, const struct resource_row *row)
{
	char raw[TARGET_MAX + 1];

	snprintf(raw, sizeof(raw), "%s", w->req->raw);
	raw[strcspn(raw, "?")] = '\0';
	answer_row(w->req, 201, row);
	secret_show(w);
	if (w->mode == WRITE_REPLACE) {
		http_response_header(&w->req->res, "Location", "%s", raw);
	} else if (w->id == RESOURCE_DID) {
		http_response_header(&w->req->res, "Location", "%s/+%s", raw, row->key);
	} else {
		http_response_header(&w->req->res, "Location", "%s/%s_%s", raw,
			w->r->field[resource_field(w->r, "id")].id_prefix, row->key);
	}
}

/* One try of a PUT, a PATCH or the DELETE of a part. EAGAIN: another write came between. */
static int change_once(struct resource_write *w, struct resource_row *row, bool *made)
{
	struct db *db;
	int err;

	*made = false;
	err = current_take(w);
	if (err == ESRCH && w->mode != WRITE_REPLACE)
		return ESRCH;
	if (err == EALREADY || !resource_write_check(w))
		return EALREADY;
	if (err == ESRCH) {
		*made = true;
		return missing(w, row);
	}
	db = request_db(w->req);
	if (!db)
		return EALREADY;
	err = resource_update(db, w->id, &w->key, w->value, row);
	if (err == ESRCH && w->key.version)
		return EAGAIN;
	return err;
}

static void change(struct resource_write *w)
{
	struct resource_row row = {0};
	bool made = false;
	int err = EAGAIN;

	for (int i = 0; i < TRIES && (err == EAGAIN || err == EBUSY || (err == EEXIST && made));
		i++)
		err = change_once(w, &row, &made);
	if (err == ESRCH) {
		not_found(w->req, w->r);
	} else if (err == EAGAIN) {
		problem_answer(
			w->req, 409, PROBLEM_CONFLICT, "Others keep changing it; try again.");
	} else if (err && err != EALREADY) {
		resource_write_failed(w, err);
	} else if (!err) {
		if (made)
			answer_made(w, &row);
		else if (w->mode == WRITE_CLEAR)
			http_response_body(&w->req->res, 204, NULL, NULL, 0);
		else
			answer_row(w->req, 200, &row);
		secret_show(w);
		answer_revision(w->req, row.revision);
	}
	db_clear(row.result);
}

/* What is only for operators to write is refused to others before anything is looked at. */
static bool may_write(const struct resource_write *w)
{
	bool only_operators =
		w->r->operator_writes || (w->id == RESOURCE_ACCOUNT && w->mode == WRITE_CLEAR);

	if (!only_operators || w->req->principal.is_operator)
		return true;
	problem_answer(w->req, 403, PROBLEM_OPERATOR_ONLY, "Use an operator's key.");
	return false;
}

static void change_with_body(struct http_request *req, enum write_mode mode)
{
	struct resource_write w;

	resource_write_init(&w, req, mode);
	if (may_write(&w))
		w.body = json_body(req);
	if (w.body)
		change(&w);
	resource_write_fini(&w);
}

void handle_put(struct http_request *req)
{
	change_with_body(req, WRITE_REPLACE);
}

void handle_patch(struct http_request *req)
{
	change_with_body(req, WRITE_MERGE);
}

static void create(struct resource_write *w)
{
	struct resource_row row = {0};
	int err = EBUSY;

	for (int i = 0; i < TRIES && err == EBUSY; i++) {
		struct db *db = request_db(w->req);

		if (!db)
			return;
		err = resource_insert(db, w->id, &w->key, w->value, &row);
	}
	if (err) {
		resource_write_failed(w, err);
	} else {
		answer_made(w, &row);
		answer_revision(w->req, row.revision);
	}
	db_clear(row.result);
}

void handle_create(struct http_request *req)
{
	struct resource_write w;

	resource_write_init(&w, req, WRITE_CREATE);
	if (w.id == RESOURCE_ACCOUNT && !req->principal.is_operator) {
		problem_answer(req, 403, PROBLEM_OPERATOR_ONLY, "Use an operator's key.");
	} else {
		w.body = json_body(req);
		if (w.body && resource_write_check(&w))
			create(&w);
	}
	resource_write_fini(&w);
}

/* Something points to it. */
static void in_use(struct resource_write *w)
{
	char detail[PROBLEM_DETAIL_MAX] = "";
	struct db *db = request_db(w->req);

	if (db && resource_users(db, w->id, w->key_text, detail, sizeof(detail)) == 0)
		problem_answer(w->req, 409, PROBLEM_IN_USE, detail);
	else if (db)
		problem_busy(w->req);
}

static void delete_row(struct resource_write *w)
{
	struct resource_row row = {0};
	int err = EBUSY;

	if (current_take(w) == EALREADY)
		return;
	for (int i = 0; i < TRIES && err == EBUSY; i++) {
		struct db *db = request_db(w->req);

		if (!db)
			return;
		err = resource_delete(db, w->id, &w->key, &row);
	}
	if (err == ESRCH && w->key.version) {
		stale(w->req, "What is there has another ETag.");
	} else if (err == ESRCH) {
		not_found(w->req, w->r);
	} else if (err == ENOENT) {
		in_use(w);
	} else if (err) {
		request_db_failed(w->req, err);
	} else {
		http_response_body(&w->req->res, 204, NULL, NULL, 0);
		answer_revision(w->req, row.revision);
	}
	db_clear(row.result);
}

void handle_delete(struct http_request *req)
{
	struct resource_write w;

	resource_write_init(&w, req, WRITE_CLEAR);
	if (may_write(&w)) {
		if (w.r->part)
			change(&w);
		else
			delete_row(&w);
	}
	resource_write_fini(&w);
}
