#include "api/resource_write.h"

#include <errno.h>
#include <string.h>

#include "api/request_db.h"
#include "db/flow.h"
#include "db/resource_number.h"

/* Whose default country counts. */
struct whose {
	const char *account, *did; /* one of them; neither: nobody's */
	char text[UUID_TEXT_SIZE];
};

/* false: the request is answered. */
static bool of_dial_plan(struct resource_write *w, struct whose *whose)
{
	struct db *db = request_db(w->req);
	int err;

	if (!db)
		return false;
	err = flow_account(db, w->key_text, NULL, whose->text);
	if (err == 0)
		whose->account = whose->text;
	else if (err != ESRCH)
		request_db_failed(w->req, err);
	return err == 0 || err == ESRCH;
}

/* For a new thing the account is in the body or the key's own. */
static void of_new(struct resource_write *w, struct whose *whose)
{
	const char *text = json_string_value(json_object_get(w->body, "account_id"));
	struct uuid u;

	if (!w->req->principal.is_operator) {
		whose->account = w->owner_text;
	} else if (text && uuid_parse_id("acc", text, strlen(text), &u) == 0) {
		uuid_format(&u, whose->text);
		whose->account = whose->text;
	}
}

/* What a key of an account may write is its own account's, whatever the path names: others' countries
 * decide nothing, or the answer would tell that something is there. false: the request is answered. */
static bool whose_find(struct resource_write *w, struct whose *whose)
{
	if (w->key.owner)
		whose->account = w->key.owner;
	else if (w->r->owner && strcmp(w->r->owner, "id") == 0)
		whose->account = w->key_text;
	else if (w->mode == WRITE_CREATE)
		of_new(w, whose);
	else if (w->id == RESOURCE_DIAL_PLAN)
		return of_dial_plan(w, whose);
	else
		whose->did = w->key_text;
	return true;
}

const char *resource_write_country(void *arg)
{
	struct resource_write *w = arg;
	struct whose whose = {NULL, NULL, ""};
	struct db *db;
	int err;

	if (w->country_known)
		return w->country;
	if (!whose_find(w, &whose))
		return NULL;
	if (!whose.account && !whose.did)
		return "";
	db = request_db(w->req);
	if (!db)
		return NULL;
	err = number_country(db, whose.account, whose.did, w->country);
	if (err != 0 && err != ESRCH) {
		request_db_failed(w->req, err);
		return NULL;
	}
	w->country_known = true;
	return w->country;
}
