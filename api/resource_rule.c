/* What is true of one resource only. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/destination_rule.h"
#include "api/flow_rule.h"
#include "api/request_db.h"
#include "api/resource_write.h"
#include "core/e164.h"
#include "core/str.h"
#include "db/destination.h"
#include "db/resource_ha.h"
#include "db/resource_number.h"

static bool db_ok(struct resource_write *w, int err)
{
	if (err == 0)
		return true;
	request_db_failed(w->req, err);
	return false;
}

/* ---- failover of an account or a DID ------------------------------------------------------- */

/* May the account's calls go to the number? */
static bool number_allowed(
	struct resource_write *w, struct db *db, const char *account, const char *did)
{
	e164_t number = strtoull(resource_write_text(w, "number"), NULL, 10);
	enum destination_verdict verdict;

	if (!db_ok(w, destination_check(db, account, did, &number, 1, &verdict)))
		return false;
	destination_problem(&w->problems, "/number", verdict);
	return true;
}

static bool failover_rule(struct resource_write *w, const char *account, const char *did)
{
	const char *number = resource_write_text(w, "number");
	const char *display = resource_write_text(w, "calling_party_number");
	char path[NUMBER_PATH_MAX];
	bool owned;
	struct db *db;

	if (!number && !display)
		return true;
	db = request_db(w->req);
	if (!db)
		return false;
	if (number) {
		if (did && strcmp(number, did) == 0)
			problems_add(&w->problems, "/number", PROBLEM_SELF_FORWARD,
				"The DID would fail over to itself.");
		else if (!db_ok(w, number_circle(db, account, did, number, path)))
			return false;
		else if (path[0] != '\0')
			problems_add(&w->problems, "/number", PROBLEM_FORWARDING_LOOP,
				"Calls would go round in a circle: %s.", path);
		if (!number_allowed(w, db, account, did))
			return false;
	}
	if (display) {
		if (!db_ok(w, number_owned(db, account, did, display, &owned)))
			return false;
		if (!owned)
			problems_add(&w->problems, "/calling_party_number",
				PROBLEM_NUMBER_NOT_OWNED, "Must be one of the account's DIDs.");
	}
	return true;
}

/* What a patch leaves as it is, the schema looks at. */
static void trunk_failover_rule(struct resource_write *w)
{
	const char *enabled = resource_write_text(w, "enabled");

	if (enabled && strcmp(enabled, "t") == 0 && resource_write_is_set(w, "dial_plan_id") &&
		!resource_write_text(w, "dial_plan_id"))
		problems_add(&w->problems, "/dial_plan_id", PROBLEM_REQUIRED,
			"Is required with enabled true.");
}

/* ---- DIDs ---------------------------------------------------------------------------------- */

static void did_rule(struct resource_write *w)
{
	if (resource_write_text(w, "trunk_id") && resource_write_text(w, "dial_plan_id"))
		problems_add(&w->problems, "/dial_plan_id", PROBLEM_CONFLICTING_FIELDS,
			"A DID leads to a trunk or to a dial plan, not to both.");
}

/* ---- High Availability --------------------------------------------------------------------- */

/* A trunk that is not there asks for nothing: the write itself will not find it. */
static bool ha_standing_take(struct resource_write *w, struct ha_standing *standing)
{
	struct db *db = request_db(w->req);
	int err;

	*standing = (struct ha_standing){true, true};
	if (!db)
		return false;
	err = ha_standing(db, w->key_text, w->key.owner, standing);
	return err == ESRCH || db_ok(w, err);
}

/* The secondary account is also checked by the schema, which alone can exclude a race. */
static bool ha_rule(struct resource_write *w)
{
	const char *mode = resource_write_text(w, "mode");
	struct ha_standing standing;

	if (!mode || strcmp(mode, "only_primary") == 0)
		return true;
	if (!ha_standing_take(w, &standing))
		return false;
	if (!standing.addon)
		problems_add(&w->problems, "/mode", PROBLEM_HA_ADDON_REQUIRED,
			"The account has not got the High Availability add-on.");
	if (!standing.secondary)
		problems_add(&w->problems, "/mode", PROBLEM_SECONDARY_REQUIRED,
			"The trunk has no secondary SIP account.");
	return true;
}

/* It may be read and deleted without the add-on, but not written. */
static bool secondary_rule(struct resource_write *w)
{
	struct ha_standing standing;

	if (!ha_standing_take(w, &standing))
		return false;
	if (!standing.addon)
		problems_add(&w->problems, "", PROBLEM_HA_ADDON_REQUIRED,
			"A secondary SIP account needs the account's High Availability add-on.");
	return true;
}

/* ---- SIP accounts -------------------------------------------------------------------------- */

/* H(A1) of RFC 8760 (MD5: RFC 2617): as good as the password, but for this realm only. */
static bool ha1_make(const EVP_MD *md, const char *user, const char *realm, const char *password,
	char hex[2 * EVP_MAX_MD_SIZE + 1])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool ok;

	ok = ctx && EVP_DigestInit_ex(ctx, md, NULL) == 1 &&
	     EVP_DigestUpdate(ctx, user, strlen(user)) == 1 && EVP_DigestUpdate(ctx, ":", 1) == 1 &&
	     EVP_DigestUpdate(ctx, realm, strlen(realm)) == 1 &&
	     EVP_DigestUpdate(ctx, ":", 1) == 1 &&
	     EVP_DigestUpdate(ctx, password, strlen(password)) == 1 &&
	     EVP_DigestFinal_ex(ctx, digest, &len) == 1;
	EVP_MD_CTX_free(ctx);
	for (unsigned i = 0; ok && i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return ok;
}

static void password_store(struct resource_write *w, const char *user, const char *password)
{
	char hex[2 * EVP_MAX_MD_SIZE + 1];

	if (!ha1_make(EVP_md5(), user, w->req->app->realm, password, hex)) {
		w->context.failed = true;
		return;
	}
	resource_write_set(w, "ha1_md5", hex);
	if (!ha1_make(EVP_sha256(), user, w->req->app->realm, password, hex)) {
		w->context.failed = true;
		return;
	}
	resource_write_set(w, "ha1_sha256", hex);
	OPENSSL_cleanse(hex, sizeof(hex));
}

/* What a field will be after the write. */
static const char *text_after(const struct resource_write *w, const char *name)
{
	if (resource_write_is_set(w, name))
		return resource_write_text(w, name);
	return json_string_value(json_object_get(w->current, name));
}

/* A user name always has a password: one that comes with it, or the one it had. */
static void credentials_rule(struct resource_write *w)
{
	const char *before = json_string_value(json_object_get(w->current, "username"));
	const char *user = text_after(w, "username");
	const char *password = resource_write_text(w, "password");

	if (!user) {
		if (password)
			problems_add(&w->problems, "/username", PROBLEM_REQUIRED,
				"Is required with a password.");
		resource_write_set(w, "ha1_md5", NULL);
		resource_write_set(w, "ha1_sha256", NULL);
	} else if (password) {
		password_store(w, user, password);
	} else if (!before || strcmp(before, user) != 0) {
		problems_add(&w->problems, "/password", PROBLEM_REQUIRED,
			"Is required with a new user name.");
	}
}

static bool has_text(const struct resource_write *w, const char *name, const char *empty)
{
	const json_t *now = json_object_get(w->current, name);

	if (resource_write_is_set(w, name)) {
		const char *text = resource_write_text(w, name);

		return text && strcmp(text, empty) != 0;
	}
	return json_array_size(now) > 0 || json_is_object(now);
}

static void sip_account_rule(struct resource_write *w)
{
	const char *mode = text_after(w, "auth_mode");

	credentials_rule(w);
	if (mode && strcmp(mode, "registration") == 0 && !text_after(w, "username"))
		problems_add(&w->problems, "/username", PROBLEM_REQUIRED,
			"Is required with auth_mode registration.");
	if (mode && strcmp(mode, "ip") == 0 && !has_text(w, "ip_addresses", "{}") &&
		!has_text(w, "address", ""))
		problems_add(&w->problems, "/address", PROBLEM_REQUIRED,
			"With auth_mode ip, address or ip_addresses is required.");
}

/* ---- trunks -------------------------------------------------------------------------------- */

/* The number of a caller_id such as "Head office <+14155550100>", as core/caller_id.c reads it. */
static struct str caller_id_text(const char *text)
{
	const char *open = strchr(text, '<'), *close = open ? strchr(open, '>') : NULL;

	if (!open)
		return str_of(text);
	return close ? str_span(open + 1, close) : (struct str){open, 0};
}

/* An operator's change of a trunk does not say whose it is; what is national there is left to the workers. */
static bool caller_id_number(struct resource_write *w, struct str text, e164_t *number)
{
	bool blind = w->req->principal.is_operator && w->mode != WRITE_CREATE;
	char country[3] = "";
	const char *asked;

	*number = 0;
	if (blind && text.len && text.p[0] != '+')
		return strspn(text.p, "0123456789-.()") >= text.len;
	if (w->req->principal.is_operator && !blind) {
		asked = w->context.country(w->context.arg);
		snprintf(country, sizeof(country), "%s", asked ? asked : "");
	} else if (!blind) {
		struct db *db = request_db(w->req);
		int err = db ? number_country(db, w->owner_text, NULL, country) : 0;

		if (err && err != ESRCH)
			return true; /* the write itself will fail, too */
	}
	return e164_parse(text.p, text.len, country, number, NULL) == 0;
}

/* Calls show it: a customer may only name a number of his own. */
static bool trunk_rule(struct resource_write *w)
{
	const char *text = resource_write_text(w, "caller_id");
	char digits[E164_TEXT_SIZE];
	bool owned = true;
	e164_t number;
	struct db *db;

	if (!text)
		return true;
	if (!caller_id_number(w, caller_id_text(text), &number)) {
		problems_add(&w->problems, "/caller_id", PROBLEM_NOT_E164,
			"Must be a phone number, a name may stand before it: Office "
			"<+14155550100>.");
		return true;
	}
	if (w->req->principal.is_operator || !number)
		return true;
	db = request_db(w->req);
	if (!db)
		return false;
	e164_format(number, digits);
	if (!db_ok(w, number_owned(db, w->owner_text, NULL, digits + 1, &owned)))
		return false;
	if (!owned)
		problems_add(&w->problems, "/caller_id", PROBLEM_NUMBER_NOT_OWNED,
			"Must be one of the account's DIDs.");
	return true;
}

/* ---- gateways ------------------------------------------------------------------------------ */

static void gateway_rule(struct resource_write *w)
{
	const json_t *sent = json_object_get(w->body, "registration");
	const json_t *before = json_object_get(w->current, "registration");

	if (json_is_object(sent) && !json_is_string(json_object_get(sent, "password")) &&
		!json_is_object(before))
		problems_add(&w->problems, "/registration/password", PROBLEM_REQUIRED,
			"Is required with a new registration.");
}

/* ---- webhooks ------------------------------------------------------------------------------ */

/* One is given, or made: for a new webhook, and when null is sent. The one before it signs for another
 * day. */
static void webhook_rule(struct resource_write *w)
{
	const json_t *sent = json_object_get(w->body, "secret");
	const char *secret = resource_write_text(w, "secret");
	const char *events = resource_write_text(w, "events");

	if (events && strcmp(events, "{}") == 0)
		problems_add(&w->problems, "/events", PROBLEM_TOO_SHORT,
			"Must have at least one item; all events are *.");
	if (secret && !webhook_secret_good(secret)) {
		problems_add(&w->problems, "/secret", PROBLEM_NOT_A_SECRET,
			"Must be whsec_ and the base64 of 24 to 64 octets.");
	} else if (secret) {
		resource_write_set(w, "signing_secret", secret);
	} else if (w->mode == WRITE_CREATE || json_is_null(sent)) {
		if (webhook_secret_make(w->shown_secret) != 0)
			w->context.failed = true;
		else
			resource_write_set(w, "signing_secret", w->shown_secret);
	}
}

/* ---- all ----------------------------------------------------------------------------------- */

bool resource_rule_check(struct resource_write *w)
{
	switch (w->id) {
	case RESOURCE_ACCOUNT_FAILOVER:
		return failover_rule(w, w->key_text, NULL);
	case RESOURCE_DID_FAILOVER:
		return failover_rule(w, NULL, w->key_text);
	case RESOURCE_DID_FORWARDINGS:
	case RESOURCE_DIAL_PLAN:
		return flow_rule_check(w);
	case RESOURCE_DID:
		did_rule(w);
		return true;
	case RESOURCE_TRUNK:
		return trunk_rule(w);
	case RESOURCE_TRUNK_HA:
		return ha_rule(w);
	case RESOURCE_TRUNK_FAILOVER:
		trunk_failover_rule(w);
		return true;
	case RESOURCE_SIP_ACCOUNT_PRIMARY:
		sip_account_rule(w);
		return true;
	case RESOURCE_SIP_ACCOUNT_SECONDARY:
		sip_account_rule(w);
		return secondary_rule(w);
	case RESOURCE_WEBHOOK:
		webhook_rule(w);
		return true;
	case RESOURCE_GATEWAY:
		gateway_rule(w);
		return true;
	default:
		return true;
	}
}

bool resource_rule_needs_current(const struct resource_write *w)
{
	const char *name;
	json_t *value;

	if (w->id == RESOURCE_SIP_ACCOUNT_PRIMARY || w->id == RESOURCE_SIP_ACCOUNT_SECONDARY)
		return w->mode == WRITE_MERGE || w->mode == WRITE_REPLACE;
	if (w->mode != WRITE_MERGE)
		return false;
	json_object_foreach(w->body, name, value)
	{
		if (json_is_object(value))
			return true;
	}
	return false;
}
