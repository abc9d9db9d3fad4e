#include "api/idempotency.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#include "api/answer.h"
#include "api/http.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "api/request_seal.h"
#include "api/route.h"
#include "core/uuid.h"
#include "db/idempotency.h"
#include "db/revision.h"

enum { KEY_MAX = 255 };

struct idempotency {
	char key[KEY_MAX + 1];
	char api_key_id[UUID_TEXT_SIZE];
	char hash[REQUEST_SEAL_HASH_SIZE];
	struct request_seal seal;
};

static struct idempotency_key key_of(const struct idempotency *i)
{
	return (struct idempotency_key){
		.api_key_id = i->api_key_id, .key = i->key, .hash = i->hash};
}

static void close_key(struct http_request *req)
{
	OPENSSL_clear_free(req->idempotency, sizeof(*req->idempotency));
	req->idempotency = NULL;
}

/* 1 to 255 visible characters of ASCII. Two fields were joined by a comma and a space. */
static bool key_take(struct http_request *req, char key[KEY_MAX + 1])
{
	char text[KEY_MAX + 3];
	size_t len;

	http_field_list(req, "Idempotency-Key", text, sizeof(text));
	len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			len = 0;
	}
	if (len < 1 || len > KEY_MAX) {
		problem_answer(req, 400, PROBLEM_IDEMPOTENCY_KEY_INVALID,
			"Must be 1 to 255 visible ASCII characters.");
		return false;
	}
	memcpy(key, text, len + 1);
	return true;
}

static bool prepare(struct http_request *req, struct idempotency *i)
{
	uuid_format(&req->principal.key_id, i->api_key_id);
	if (request_seal_init(&i->seal, http_field(req, "Authorization")) == 0 &&
		request_seal_hash(&i->seal, req, i->hash) == 0)
		return true;
	problem_busy(req);
	return false;
}

/* ---- an answer that is there ----------------------------------------------------------------- */

static void replay(struct http_request *req, const struct idempotency *i,
	const struct idempotency_answer *kept)
{
	char revision[REVISION_SIZE];
	unsigned status = (unsigned)strtoul(kept->status, NULL, 10);
	char *body = NULL;
	size_t len = 0;

	if (kept->body && request_seal_open(&i->seal, i->key, kept->body, &body, &len) != 0) {
		problem_busy(req);
		return;
	}
	http_response_body(&req->res, status, "application/json", body, len);
	http_response_header(&req->res, "Idempotent-Replayed", "true");
	http_response_header(&req->res, "Cache-Control", "no-store");
	if (kept->location)
		http_response_header(&req->res, "Location", "%s", kept->location);
	if (kept->etag)
		http_response_header(&req->res, "ETag", "%s", kept->etag);
	if (!kept->revision)
		return;
	snprintf(revision, sizeof(revision), "%s", kept->revision);
	answer_revision(req, revision);
}

static void in_flight(struct http_request *req)
{
	problem_answer(req, 409, PROBLEM_IDEMPOTENCY_IN_FLIGHT,
		"A request with this Idempotency-Key is being worked on; send it again.");
	http_response_header(&req->res, "Retry-After", "1");
}

static bool open_key(struct http_request *req, struct idempotency *i)
{
	struct idempotency_answer kept;
	struct idempotency_key key = key_of(i);
	struct db *db = req->route->flags & ROUTE_LONG ? request_db_long(req) : request_db(req);
	int err;

	if (!db)
		return false;
	err = idempotency_open(db, &key, &kept);
	if (err == EINPROGRESS)
		in_flight(req);
	else if (err == EKEYREJECTED)
		problem_answer(req, 422, PROBLEM_IDEMPOTENCY_KEY_REUSED,
			"The Idempotency-Key was used for another request in the last 24 hours.");
	else if (err == EALREADY)
		replay(req, i, &kept);
	else if (err)
		request_db_failed(req, err);
	db_clear(kept.result);
	return err == 0;
}

bool idempotency_begin(struct http_request *req)
{
	struct idempotency *i;

	if (!http_field(req, "Idempotency-Key"))
		return true;
	i = OPENSSL_zalloc(sizeof(*i));
	if (!i) {
		problem_busy(req);
		return false;
	}
	if (key_take(req, i->key) && prepare(req, i) && open_key(req, i)) {
		req->idempotency = i;
		return true;
	}
	OPENSSL_clear_free(i, sizeof(*i));
	return false;
}

/* ---- a new one ----------------------------------------------------------------------------- */

static int keep(struct http_request *req, const char *revision)
{
	const struct idempotency *i = req->idempotency;
	struct idempotency_key key = key_of(i);
	struct idempotency_answer answer = {.location = http_response_find(&req->res, "Location"),
		.etag = http_response_find(&req->res, "ETag"),
		.revision = revision};
	char status[8], *sealed = NULL;
	int err = 0;

	snprintf(status, sizeof(status), "%u", req->res.status);
	answer.status = status;
	if (req->res.body)
		err = request_seal_close(
			&i->seal, i->key, req->res.body, req->res.body_len, &sealed);
	answer.body = sealed;
	if (!err)
		err = idempotency_keep(req->db, &key, &answer);
	free(sealed);
	return err ? err : db_enclosed_commit(req->db);
}

bool idempotency_end(struct http_request *req, const char *revision)
{
	int err = 0;

	if (!req->idempotency)
		return true;
	if (req->res.status >= 200 && req->res.status < 300 && req->db)
		err = keep(req, revision);
	if (err) {
		http_response_fini(&req->res);
		request_db_failed(req, err);
	}
	if (req->db)
		db_enclosed_abort(req->db);
	close_key(req);
	return err == 0;
}
