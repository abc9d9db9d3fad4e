/* /v1/accounts/{id}/api-keys. Keys are no configuration of the workers: a write here makes no new
 * revision, it names the newest. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/answer.h"
#include "api/app.h"
#include "api/auth.h"
#include "api/field_check.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/json_body.h"
#include "api/list_handler.h"
#include "api/query.h"
#include "api/request_db.h"
#include "core/clock.h"
#include "core/time_text.h"
#include "db/resource_key.h"

static int scope_parse(const char *word)
{
	return strcmp(word, "read") == 0    ? SCOPE_READ
	       : strcmp(word, "write") == 0 ? SCOPE_WRITE
					    : -1;
}

static const struct field name_field = {.name = "name", .kind = FIELD_TEXT, .min = 1, .max = 200};
static const struct field scopes_field = {.name = "scopes",
	.kind = FIELD_WORDS,
	.max = 2,
	.word = scope_parse,
	.words = "read, write"};

static void no_account(struct http_request *req)
{
	problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such account.");
}

/* The account of the path, if it is there and the caller's. NULL: answered. */
static struct db *account_open(struct http_request *req, char account[UUID_TEXT_SIZE])
{
	struct db *db;
	int err;

	if (!req->principal.is_operator && !uuid_equal(&req->args.id, &req->principal.account_id)) {
		no_account(req);
		return NULL;
	}
	db = request_db(req);
	if (!db)
		return NULL;
	uuid_format(&req->args.id, account);
	err = api_key_account(db, account);
	if (err == ESRCH)
		no_account(req);
	else if (err)
		request_db_failed(req, err);
	return err ? NULL : db;
}

void handle_api_key_list(struct http_request *req)
{
	char account[UUID_TEXT_SIZE];
	struct query q;

	if (query_parse(req, LIST_API_KEYS, &q) && account_open(req, account)) {
		q.list.owner = account;
		list_answer(req, LIST_API_KEYS, &q);
	}
	query_fini(&q);
}

struct new_key {
	char *name, *scopes;
	char expires_at[TIME_TEXT_SIZE]; /* "": never */
};

static void expiry_take(struct new_key *k, const json_t *v, struct problems *p)
{
	int64_t at;

	if (!v || json_is_null(v))
		return;
	if (!json_is_string(v) || query_time(json_string_value(v), &at) != 0)
		problems_add(p, "/expires_at", PROBLEM_WRONG_TYPE,
			"Must be a time such as 2026-11-23T08:15:30Z.");
	else if (at <= clock_wall_ms() || time_format(at, k->expires_at) != 0)
		problems_add(p, "/expires_at", PROBLEM_OUT_OF_RANGE, "Must be in the future.");
}

/* Nobody hands out more than he has. */
static void scopes_take(
	struct http_request *req, struct field_context *c, struct new_key *k, const json_t *v)
{
	const char *fallback = req->principal.scopes == SCOPE_WRITE ? "{write}" : "{read,write}";

	k->scopes = v && !json_is_null(v) ? field_check(c, &scopes_field, v, "/scopes")
					  : strdup(fallback);
	if (!k->scopes)
		return;
	if (strcmp(k->scopes, "{}") == 0)
		problems_add(c->problems, "/scopes", PROBLEM_TOO_SHORT,
			"Must have at least one of read, write.");
	if (strstr(k->scopes, "read") && !(req->principal.scopes & SCOPE_READ))
		problems_add(c->problems, "/scopes", PROBLEM_INSUFFICIENT_SCOPE,
			"The key that makes it does not have the scope \"read\".");
}

static bool body_check(struct http_request *req, const json_t *body, struct new_key *k)
{
	struct problems p = {0};
	struct field_context c = {.problems = &p};
	const json_t *name = json_object_get(body, "name");
	const char *key;
	json_t *value;
	bool ok;

	json_object_foreach((json_t *)(uintptr_t)body, key, value)
	{
		char at[PROBLEM_POINTER_MAX];

		pointer_join(at, "", key);
		if (strcmp(key, "name") != 0 && strcmp(key, "scopes") != 0 &&
			strcmp(key, "expires_at") != 0)
			problems_add(&p, at, PROBLEM_UNKNOWN_FIELD, "There is no such field.");
	}
	if (!name || json_is_null(name))
		problems_add(&p, "/name", PROBLEM_REQUIRED, "Is required.");
	else
		k->name = field_check(&c, &name_field, name, "/name");
	scopes_take(req, &c, k, json_object_get(body, "scopes"));
	expiry_take(k, json_object_get(body, "expires_at"), &p);
	ok = !problems_answer(req, 422, PROBLEM_VALIDATION_FAILED, &p);
	if (ok && (!k->name || !k->scopes)) {
		problem_busy(req);
		ok = false;
	}
	problems_fini(&p);
	return ok;
}

/* The row's JSON with the key in it: the only time that it is shown. */
static void answer_key(struct http_request *req, const char *json, const char *key)
{
	size_t len = strlen(json);
	char *text = NULL;
	int n = asprintf(&text, "%.*s, \"key\" : \"%s\"}", (int)len - 1, json, key);

	if (n < 0) {
		problem_busy(req);
		return;
	}
	http_response_body(&req->res, 201, "application/json", text, (size_t)n);
	http_response_header(&req->res, "Cache-Control", "no-store");
}

static void key_create(
	struct http_request *req, struct db *db, const char *account, const struct new_key *k)
{
	char key[AUTH_KEY_SIZE], hash[AUTH_HASH_SIZE], id_text[UUID_TEXT_SIZE],
		api_id[UUID_ID_SIZE];
	char token[REVISION_SIZE];
	struct api_key_new row_new = {account, k->name, k->scopes, hash, id_text,
		k->expires_at[0] != '\0' ? k->expires_at : NULL};
	struct resource_row row = {0};
	struct uuid id;
	int err = auth_key_make(key, &id, hash);

	uuid_format(&id, id_text);
	uuid_format_id("key", &id, api_id);
	if (err == 0)
		err = revision_current(db, token);
	if (err == 0)
		err = api_key_insert(db, &row_new, &row);
	if (err == ENOENT) {
		no_account(req);
	} else if (err) {
		request_db_failed(req, err);
	} else {
		answer_key(req, row.json, key);
		http_response_header(&req->res, "Location", "%.*s/%s", (int)strcspn(req->raw, "?"),
			req->raw, api_id);
		answer_revision(req, token);
	}
	db_clear(row.result);
	OPENSSL_cleanse(key, sizeof(key));
}

void handle_api_key_create(struct http_request *req)
{
	char account[UUID_TEXT_SIZE];
	struct new_key k = {0};
	json_t *body = json_body(req);
	struct db *db;

	if (body && body_check(req, body, &k)) {
		db = account_open(req, account);
		if (db)
			key_create(req, db, account, &k);
	}
	json_decref(body);
	free(k.name);
	free(k.scopes);
}

void handle_api_key_read(struct http_request *req)
{
	char account[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE];
	struct resource_row row = {0};
	struct db *db = account_open(req, account);
	int err;

	if (!db)
		return;
	uuid_format(&req->args.sub_id, id);
	err = api_key_read(db, account, id, &row);
	if (err == ESRCH)
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such key.");
	else if (err)
		request_db_failed(req, err);
	else
		answer_json(req, 200, row.json);
	db_clear(row.result);
}

void handle_api_key_delete(struct http_request *req)
{
	char account[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE], token[REVISION_SIZE];
	struct db *db = account_open(req, account);
	int err;

	if (!db)
		return;
	uuid_format(&req->args.sub_id, id);
	err = revision_current(db, token);
	if (err == 0)
		err = api_key_revoke(db, account, id);
	if (err == ESRCH) {
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such key.");
	} else if (err) {
		request_db_failed(req, err);
	} else {
		auth_forget(req->app->auth, &req->args.sub_id);
		http_response_body(&req->res, 204, NULL, NULL, 0);
		answer_revision(req, token);
	}
}
