/* /v1/accounts/{id}/configuration: GET, plan and apply. */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/configuration.h"
#include "api/handlers.h"
#include "api/json_body.h"
#include "api/request_db.h"
#include "db/event.h"
#include "db/revision.h"

/* How often an apply starts again after a deadlock or the like. */
enum { TRIES = 3, TOKEN_SIZE = 65 };

static void not_found(struct http_request *req)
{
	problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such account.");
}

static void account_take(struct configuration *c, struct http_request *req)
{
	c->req = req;
	uuid_format(&req->args.id, c->account);
	if (req->principal.is_operator)
		return;
	uuid_format(&req->principal.account_id, c->owner_text);
	c->owner = c->owner_text;
}

/* ---- reading ----------------------------------------------------------------------------------- */

static bool etag_named(
	const struct http_request *req, const char *field, const char *etag, bool weak)
{
	char quoted[CONFIGURATION_ETAG_SIZE + 2], value[512];

	http_field_list(req, field, value, sizeof(value));
	snprintf(quoted, sizeof(quoted), "\"%s\"", etag);
	return value[0] != '\0' && etag_listed(value, quoted, weak);
}

void handle_configuration_read(struct http_request *req)
{
	struct configuration c = {0};
	struct pg_result *row = NULL;
	struct db *db = request_db_long(req);
	int err;

	if (!db)
		return;
	account_take(&c, req);
	err = configuration_read(db, c.account, c.owner, &row);
	if (err == ESRCH) {
		not_found(req);
	} else if (err) {
		request_db_failed(req, err);
	} else if (etag_named(req, "If-None-Match", db_text(row, 0, 1), true)) {
		http_response_body(&req->res, 304, NULL, NULL, 0);
	} else if (http_budget_take(req, 2 * strlen(db_text(row, 0, 0)))) {
		answer_json(req, 200, db_text(row, 0, 0));
	} else {
		problem_busy(req);
	}
	if (!err && req->res.status < 400)
		http_response_header(&req->res, "ETag", "\"%s\"", db_text(row, 0, 1));
	db_clear(row);
}

/* ---- the body ---------------------------------------------------------------------------------- */

static void unknown_keys(
	struct configuration *c, const json_t *object, const char *at, const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		char pointer[PROBLEM_POINTER_MAX];
		unsigned i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		pointer_join(pointer, at, key);
		if (!known[i])
			problems_add(&c->problems, pointer, PROBLEM_UNKNOWN_FIELD,
				"There is no such field.");
	}
}

static void keys_check(struct configuration *c)
{
	static const char *const outer[] = {"configuration", "prune", "token", NULL};
	static const char *const inner[] = {
		"account", "failover", "destination_rules", "trunks", "dial_plans", "dids", NULL};
	const json_t *prune = json_object_get(c->root, "prune");
	const json_t *token = json_object_get(c->root, "token");

	unknown_keys(c, c->root, "", outer);
	c->document = json_object_get(c->root, "configuration");
	if (json_is_object(c->document))
		unknown_keys(c, c->document, "/configuration", inner);
	else
		problems_add(&c->problems, "/configuration",
			c->document ? PROBLEM_WRONG_TYPE : PROBLEM_REQUIRED, "Must be an object.");
	if (prune && !json_is_boolean(prune))
		problems_add(&c->problems, "/prune", PROBLEM_WRONG_TYPE, "Must be true or false.");
	c->prune = json_is_true(prune);
	if (token && !json_is_null(token) && !json_is_string(token))
		problems_add(
			&c->problems, "/token", PROBLEM_WRONG_TYPE, "Must be the token of a plan.");
	if (token && c->plan)
		problems_add(
			&c->problems, "/token", PROBLEM_UNKNOWN_FIELD, "Goes with apply only.");
}

/* false: answered. */
static bool body_take(struct configuration *c)
{
	struct http_request *req = c->req;

	if (!json_body_announced(req))
		return false;
	c->dids_list = (struct mass_list){.outer = "configuration", .name = "dids"};
	if (mass_text_init(&c->text, &c->dids_list, 1, req->body.p, req->body.len) != 0) {
		problem_busy(req);
		return false;
	}
	c->root = json_text(req, c->text.rest, c->text.rest_len);
	if (!c->root)
		return false;
	keys_check(c);
	return !problems_answer(req, 422, PROBLEM_VALIDATION_FAILED, &c->problems);
}

/* ---- the walk ---------------------------------------------------------------------------------- */

static bool account_part(
	struct configuration *c, const char *name, enum resource_id id, const char *kind)
{
	char pointer[PROBLEM_POINTER_MAX];
	struct configuration_step step = {.id = id,
		.kind = kind,
		.subject = "account",
		.key = c->account,
		.pointer = pointer,
		.desired = json_object_get(c->document, name)};

	pointer_join(pointer, "/configuration", name);
	return !step.desired || configuration_step(c, &step, NULL);
}

/* In an order in which each thing finds what it points to: rules and trunks before DIDs, DIDs before the global
 * failover, and what goes last of all. */
static bool walk(struct configuration *c)
{
	return account_part(c, "account", RESOURCE_ACCOUNT, "account") &&
	       account_part(
		       c, "destination_rules", RESOURCE_DESTINATION_RULES, "destination_rules") &&
	       configuration_trunks_write(c) && configuration_dial_plans_write(c) &&
	       configuration_trunk_failovers_write(c) && configuration_dids_write(c) &&
	       account_part(c, "failover", RESOURCE_ACCOUNT_FAILOVER, "account_failover") &&
	       configuration_dial_plans_prune(c) && configuration_trunks_prune(c);
}

static void walk_reset(struct configuration *c)
{
	for (size_t i = 0; i < c->trunks; i++) {
		free(c->trunk[i].name);
		free(c->trunk[i].external_id);
	}
	free(c->trunk);
	free(c->dial_plan);
	c->trunk = NULL;
	c->dial_plan = NULL;
	c->trunks = c->dial_plans = 0;
	c->other_trunks = c->other_dial_plans = c->other_dids = 0;
	if (c->rows.req)
		did_rows_fini(&c->rows);
	memset(&c->rows, 0, sizeof(c->rows));
	problems_fini(&c->problems);
	json_decref(c->changes);
	c->changes = json_array();
}

/* Of what was and what becomes of it: the same token, the same change. */
static bool token_make(const struct configuration *c, const char *etag, char token[TOKEN_SIZE])
{
	char *text = json_dumps(c->changes, JSON_COMPACT | JSON_SORT_KEYS);
	uint8_t digest[32] = {0};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = text && ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, etag, strlen(etag)) == 1 &&
		  EVP_DigestUpdate(ctx, text, strlen(text)) == 1 &&
		  EVP_DigestFinal_ex(ctx, digest, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	free(text);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(token + 2 * i, 3, "%02x", digest[i]);
	return ok;
}

/* ---- the answer -------------------------------------------------------------------------------- */

static size_t count(const struct configuration *c, const char *action)
{
	const json_t *change;
	size_t i, n = 0;

	json_array_foreach(c->changes, i, change)
	{
		n += strcmp(json_string_value(json_object_get(change, "action")), action) == 0;
	}
	return n;
}

static void answer(struct configuration *c, const char *token, const char *revision)
{
	json_t *out = json_pack("{s:b, s:b, s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I}, s:O, s:s, s:s?}",
		"applied", !c->plan, "prune", c->prune, "summary", "create",
		(json_int_t)count(c, "create"), "update", (json_int_t)count(c, "update"), "delete",
		(json_int_t)count(c, "delete"), "unmanaged", "trunks", (json_int_t)c->other_trunks,
		"dial_plans", (json_int_t)c->other_dial_plans, "dids", (json_int_t)c->other_dids,
		"changes", c->changes, "token", token, "revision", revision);
	char *text = out ? json_dumps(out, JSON_COMPACT) : NULL;

	if (text)
		http_response_body(&c->req->res, 200, "application/json", text, strlen(text));
	else
		problem_busy(c->req);
	json_decref(out);
}

static void stale(struct http_request *req, const char *detail)
{
	problem_answer(req, 412, PROBLEM_PRECONDITION_FAILED, detail);
}

/* ---- plan and apply ---------------------------------------------------------------------------- */

/* 0: go on; EALREADY: answered. */
static int begin(struct configuration *c, char etag[CONFIGURATION_ETAG_SIZE])
{
	const char *match = http_field(c->req, "If-Match");
	int err = db_begin(c->db);

	if (!err)
		err = configuration_etag(c->db, c->account, c->owner, etag);
	if (!err && !c->plan) {
		err = configuration_lock(c->db, c->account);
		if (!err)
			err = configuration_etag(c->db, c->account, c->owner, etag);
	}
	if (!err && match && !etag_named(c->req, "If-Match", etag, false)) {
		stale(c->req, "The configuration has another ETag.");
		err = EALREADY;
	}
	return err;
}

/* Beside the events of each thing. */
static int applied_event(struct configuration *c)
{
	struct event e = {.account = c->account, .type = "configuration.applied"};
	char subject[UUID_ID_SIZE + 32], id[UUID_ID_SIZE], data[128];

	uuid_format_id("acc", &c->req->args.id, id);
	snprintf(subject, sizeof(subject), "accounts/%s/configuration", id);
	snprintf(data, sizeof(data), "{\"create\":%zu,\"update\":%zu,\"delete\":%zu,\"prune\":%s}",
		count(c, "create"), count(c, "update"), count(c, "delete"),
		c->prune ? "true" : "false");
	e.subject = subject;
	e.data = data;
	return event_note(c->db, &e);
}

static int finish(struct configuration *c, const char *token, char revision[REVISION_SIZE])
{
	const char *planned = json_string_value(json_object_get(c->root, "token"));
	bool changes = json_array_size(c->changes) > 0;
	int err;

	if (c->plan) {
		answer(c, token, NULL);
		return 0;
	}
	if (planned && strcmp(planned, token) != 0) {
		stale(c->req, "The configuration changed since the plan, or another document was "
			      "planned.");
		return EALREADY;
	}
	err = changes ? revision_token(c->db, revision) : revision_current(c->db, revision);
	if (!err && changes)
		err = applied_event(c);
	if (!err)
		err = db_commit(c->db);
	if (!err)
		answer(c, token, revision);
	return err;
}

/* EALREADY: answered. */
static int once(struct configuration *c, char revision[REVISION_SIZE])
{
	char etag[CONFIGURATION_ETAG_SIZE], token[TOKEN_SIZE];
	int err;

	walk_reset(c);
	err = begin(c, etag);
	if (err)
		return err;
	if (!walk(c))
		return EALREADY;
	if (problems_answer(c->req, 422, PROBLEM_VALIDATION_FAILED, &c->problems))
		return EALREADY;
	if (!token_make(c, etag, token))
		return ENOMEM;
	err = finish(c, token, revision);
	if (!err && c->plan)
		http_response_header(&c->req->res, "ETag", "\"%s\"", etag);
	return err;
}

static void run(struct configuration *c)
{
	char revision[REVISION_SIZE] = "";
	int err = EBUSY;

	c->db = request_db_long(c->req);
	if (!c->db)
		return;
	for (int i = 0; i < TRIES && err == EBUSY; i++) {
		err = once(c, revision);
		db_rollback(c->db); /* after a commit there is nothing to roll back */
	}
	if (err == ESRCH)
		not_found(c->req);
	else if (err && err != EALREADY)
		request_db_failed(c->req, err);
	request_db_put(c->req);
	if (!err && !c->plan)
		answer_revision(c->req, revision);
}

static void plan_or_apply(struct http_request *req, bool plan)
{
	struct configuration c = {.plan = plan};

	account_take(&c, req);
	if (body_take(&c))
		run(&c);
	walk_reset(&c);
	json_decref(c.changes);
	json_decref(c.root);
	mass_text_fini(&c.text);
}

void handle_configuration_plan(struct http_request *req)
{
	plan_or_apply(req, true);
}

void handle_configuration_apply(struct http_request *req)
{
	plan_or_apply(req, false);
}
