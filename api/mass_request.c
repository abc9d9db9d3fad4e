#include "api/mass_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/field_object.h"
#include "api/json_body.h"
#include "api/request_db.h"
#include "db/resource_number.h"

void mass_body_init(struct mass_body *b, struct http_request *req)
{
	memset(b, 0, sizeof(*b));
	b->req = req;
	b->context = (struct field_context){.problems = &b->problems,
		.private_targets = &req->app->private_targets,
		.country = mass_country,
		.arg = b};
	b->list[MASS_LIST_NUMBERS] = (struct mass_list){.outer = "select", .name = "numbers"};
	b->list[MASS_LIST_DIDS] = (struct mass_list){.name = "dids"};
	did_rows_init(&b->dids, req, "/dids");
	if (!req->principal.is_operator) {
		uuid_format(&req->principal.account_id, b->owner);
		b->request.owner = b->owner;
	}
}

void mass_body_fini(struct mass_body *b)
{
	for (unsigned i = 0; i < MASS_FAILOVER_FIELDS; i++)
		free(b->failover_text[i]);
	free(b->numbers);
	free(b->numbers_text);
	free(b->shown_text);
	json_decref(b->root);
	json_decref(b->shown);
	mass_text_fini(&b->text);
	did_rows_fini(&b->dids);
	problems_fini(&b->problems);
}

const char *mass_country(void *body)
{
	struct mass_body *b = body;
	const char *account = b->request.owner ? b->request.owner : b->request.account;
	struct db *db;
	int err;

	if (b->country_known || !account)
		return b->country;
	db = request_db(b->req);
	if (!db)
		return NULL;
	err = number_country(db, account, NULL, b->country);
	if (err != 0 && err != ESRCH) {
		request_db_failed(b->req, err);
		return NULL;
	}
	b->country_known = true;
	return b->country;
}

/* ---- small values -------------------------------------------------------------------------- */

static bool boolean_take(
	struct mass_body *b, const json_t *object, const char *name, const char *pointer)
{
	const json_t *v = json_object_get(object, name);

	if (!v)
		return false;
	if (!json_is_boolean(v))
		problems_add(&b->problems, pointer, PROBLEM_WRONG_TYPE, "Must be true or false.");
	return json_is_true(v);
}

/* out: "" when it is left out, null or wrong. */
static bool id_take(struct mass_body *b, const json_t *v, const char *prefix, const char *pointer,
	char out[UUID_TEXT_SIZE])
{
	struct uuid id;

	out[0] = '\0';
	if (!v || json_is_null(v))
		return false;
	if (!json_is_string(v)) {
		problems_add(&b->problems, pointer, PROBLEM_WRONG_TYPE, "Must be a string.");
	} else if (uuid_parse_id(prefix, json_string_value(v), json_string_length(v), &id) != 0) {
		problems_add(&b->problems, pointer, PROBLEM_NOT_AN_ID, "Must be an id like %s_….",
			prefix);
	} else {
		uuid_format(&id, out);
		return true;
	}
	return false;
}

static void expires_take(struct mass_body *b)
{
	const json_t *v = json_object_get(b->root, "expires_in_seconds");

	if (!v || json_is_null(v))
		return;
	if (!json_is_integer(v)) {
		problems_add(&b->problems, "/expires_in_seconds", PROBLEM_WRONG_TYPE,
			"Must be an integer or null.");
	} else if (json_integer_value(v) < 1 || json_integer_value(v) > MASS_EXPIRES_MAX_S) {
		problems_add(&b->problems, "/expires_in_seconds", PROBLEM_OUT_OF_RANGE,
			"Must be between 1 and %d.", MASS_EXPIRES_MAX_S);
	} else {
		snprintf(b->expires, sizeof(b->expires), "%lld", (long long)json_integer_value(v));
		b->request.expires_in_seconds = b->expires;
	}
}

/* ---- which DIDs ---------------------------------------------------------------------------- */

static void prefix_take(struct mass_body *b, const json_t *v)
{
	const char *s = json_string_value(v);
	size_t len;

	if (!v || json_is_null(v))
		return;
	if (!s) {
		problems_add(
			&b->problems, "/select/prefix", PROBLEM_WRONG_TYPE, "Must be a string.");
		return;
	}
	s += *s == '+';
	len = strlen(s);
	if (len == 0 || len > E164_DIGITS_MAX || *s == '0' || strspn(s, "0123456789") != len) {
		problems_add(&b->problems, "/select/prefix", PROBLEM_NOT_A_PREFIX,
			"Must be the first digits of phone numbers, such as +1415.");
		return;
	}
	memcpy(b->prefix, s, len + 1);
	b->request.prefix = b->prefix;
}

static void filter_take(struct mass_body *b, const json_t *select)
{
	unsigned before = b->problems.count;

	if (id_take(b, json_object_get(select, "account_id"), "acc", "/select/account_id",
		    b->account))
		b->request.account = b->account;
	if (id_take(b, json_object_get(select, "trunk_id"), "trk", "/select/trunk_id", b->trunk))
		b->request.trunk = b->trunk;
	prefix_take(b, json_object_get(select, "prefix"));
	if (!boolean_take(b, select, "all", "/select/all") && !b->request.account &&
		!b->request.trunk && !b->request.prefix && b->problems.count == before)
		problems_add(&b->problems, "/select", PROBLEM_REQUIRED,
			"Needs numbers, account_id, trunk_id, prefix, or all being true.");
}

/* false: answered. */
static bool select_take(struct mass_body *b)
{
	static const char *const by_number[] = {"numbers", NULL};
	static const char *const by_filter[] = {"account_id", "trunk_id", "prefix", "all", NULL};
	const json_t *select = json_object_get(b->root, "select");

	if (!json_is_object(select)) {
		problems_add(&b->problems, "/select",
			select ? PROBLEM_WRONG_TYPE : PROBLEM_REQUIRED, "Must be an object.");
		return true;
	}
	if (!json_object_get(select, "numbers")) {
		object_unknown(&b->context, select, "/select", by_filter);
		filter_take(b, select);
		return true;
	}
	object_unknown(&b->context, select, "/select", by_number);
	if (b->list[MASS_LIST_NUMBERS].found)
		return mass_numbers_take(b);
	problems_add(&b->problems, "/select/numbers", PROBLEM_WRONG_TYPE,
		"Must be a list of phone numbers.");
	return true;
}

/* ---- what shall become of them ------------------------------------------------------------- */

static void failover_field(struct mass_body *b, unsigned i, const json_t *v)
{
	const struct field *f = &resource(RESOURCE_DID_FAILOVER)->field[i];
	struct resource_value *value = &b->request.failover[i];
	char at[PROBLEM_POINTER_MAX];

	value->set = true;
	value->text = f->fallback;
	if (json_is_null(v))
		return;
	pointer_join(at, "/failover", f->name);
	b->failover_text[i] = field_check(&b->context, f, v, at);
	value->text = b->failover_text[i];
}

static void failover_take(struct mass_body *b)
{
	const struct resource *r = resource(RESOURCE_DID_FAILOVER);
	const json_t *failover = json_object_get(b->root, "failover");
	const char *known[MASS_FAILOVER_FIELDS + 1] = {NULL};

	if (!json_is_object(failover) || json_object_size(failover) == 0) {
		problems_add(&b->problems, "/failover",
			failover && !json_is_object(failover) ? PROBLEM_WRONG_TYPE
							      : PROBLEM_REQUIRED,
			"Must be an object with what shall change.");
		return;
	}
	for (unsigned i = 0; i < MASS_FAILOVER_FIELDS; i++) {
		const json_t *v = json_object_get(failover, r->field[i].name);

		known[i] = r->field[i].name;
		if (v && !b->context.failed)
			failover_field(b, i, v);
	}
	object_unknown(&b->context, failover, "/failover", known);
}

static void clear_take(struct mass_body *b)
{
	const struct resource *r = resource(RESOURCE_DID_FAILOVER);

	for (unsigned i = 0; i < MASS_FAILOVER_FIELDS; i++)
		b->request.failover[i] = (struct resource_value){true, r->field[i].fallback};
}

/* A trunk or a dial plan; null takes the DIDs from both. */
static void assign_take(struct mass_body *b)
{
	const json_t *trunk = json_object_get(b->root, "trunk_id");
	const json_t *plan = json_object_get(b->root, "dial_plan_id");

	if (trunk && plan)
		problems_add(&b->problems, "/dial_plan_id", PROBLEM_CONFLICTING_FIELDS,
			"Either trunk_id or dial_plan_id.");
	else if (!trunk && !plan)
		problems_add(&b->problems, "/trunk_id", PROBLEM_REQUIRED,
			"Is required, or dial_plan_id; null takes the DIDs from where they lead.");
	else if (trunk && id_take(b, trunk, "trk", "/trunk_id", b->assign_to))
		b->request.assign_to = b->assign_to;
	else if (plan && id_take(b, plan, "dp", "/dial_plan_id", b->assign_to))
		b->request.assign_to_dial_plan = b->assign_to;
}

static int action_of(const struct mass_body *b)
{
	const char *word = json_string_value(json_object_get(b->root, "action"));

	return word ? mass_action_parse(word) : -1;
}

static bool action_take(struct mass_body *b)
{
	const json_t *v = json_object_get(b->root, "action");
	int action = action_of(b);

	if (action < 0) {
		problems_add(&b->problems, "/action",
			!v                   ? PROBLEM_REQUIRED
			: !json_is_string(v) ? PROBLEM_WRONG_TYPE
					     : PROBLEM_UNKNOWN_VALUE,
			"Must be one of " MASS_ACTION_WORDS ".");
		return false;
	}
	b->request.action = (enum mass_action)action;
	if (b->request.action == MASS_SET_FAILOVER)
		failover_take(b);
	else if (b->request.action == MASS_CLEAR_FAILOVER)
		clear_take(b);
	else if (b->request.action == MASS_ASSIGN)
		assign_take(b);
	return true;
}

/* The keys that go with the action. */
static void keys_check(struct mass_body *b)
{
	static const char *const known[] = {"action", "select", "dids", "dry_run", "skip_missing",
		"expires_in_seconds", "failover", "trunk_id", "dial_plan_id", NULL};
	const bool create = b->request.action == MASS_CREATE;
	const struct {
		const char *key;
		bool fits;
		const char *detail;
	} some[] = {
		{"failover", b->request.action == MASS_SET_FAILOVER,
			"Goes with set_failover only."},
		{"trunk_id", b->request.action == MASS_ASSIGN, "Goes with assign only."},
		{"dial_plan_id", b->request.action == MASS_ASSIGN, "Goes with assign only."},
		{"dids", create, "Goes with create only."},
		{"select", !create, "Does not go with create."},
		{"skip_missing", !create, "Does not go with create."},
	};

	object_unknown(&b->context, b->root, "", known);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		char at[PROBLEM_POINTER_MAX];

		if (some[i].fits || !json_object_get(b->root, some[i].key))
			continue;
		pointer_join(at, "", some[i].key);
		problems_add(&b->problems, at, PROBLEM_UNKNOWN_FIELD, "%s", some[i].detail);
	}
}

/* ---- what the operation shows of its request ------------------------------------------------ */

/* As it was checked: numbers in E.164, addresses with all their keys. */
static json_t *failover_shown(const struct mass_body *b)
{
	const struct resource *r = resource(RESOURCE_DID_FAILOVER);
	json_t *out = json_object();

	for (unsigned i = 0; i < MASS_FAILOVER_FIELDS; i++) {
		const struct resource_value *v = &b->request.failover[i];
		json_t *one;

		if (!v->set)
			continue;
		if (!v->text)
			one = json_null();
		else if (r->field[i].kind == FIELD_NUMBER)
			one = json_sprintf("+%s", v->text);
		else if (r->field[i].kind == FIELD_ADDRESSES)
			one = json_loads(v->text, 0, NULL);
		else
			one = json_string(v->text);
		json_object_set_new(out, r->field[i].name, one);
	}
	return out;
}

static json_t *select_shown(const struct mass_body *b)
{
	if (b->request.action == MASS_CREATE)
		return json_pack("{s:I}", "numbers_count", (json_int_t)b->dids.count);
	if (b->request.numbers)
		return json_pack("{s:I}", "numbers_count", (json_int_t)b->number_count);
	return json_deep_copy(json_object_get(b->root, "select"));
}

static bool shown_make(struct mass_body *b)
{
	const json_t *trunk = json_object_get(b->root, "trunk_id");
	const json_t *plan = json_object_get(b->root, "dial_plan_id");

	b->shown = json_pack("{s:o, s:o, s:o, s:o, s:b}", "select", select_shown(b), "failover",
		b->request.action == MASS_SET_FAILOVER ? failover_shown(b) : json_null(),
		"trunk_id", trunk ? json_deep_copy(trunk) : json_null(), "dial_plan_id",
		plan ? json_deep_copy(plan) : json_null(), "skip_missing", b->request.skip_missing);
	b->shown_text = b->shown ? json_dumps(b->shown, JSON_COMPACT) : NULL;
	b->request.request = b->shown_text;
	if (!b->shown_text)
		problem_busy(b->req);
	return b->shown_text != NULL;
}

bool mass_body_take(struct mass_body *b)
{
	if (!json_body_announced(b->req))
		return false;
	if (mass_text_init(&b->text, b->list, MASS_LISTS, b->req->body.p, b->req->body.len) != 0) {
		problem_busy(b->req);
		return false;
	}
	b->root = json_text(b->req, b->text.rest, b->text.rest_len);
	if (!b->root || !(action_of(b) == MASS_CREATE ? mass_dids_take(b) : select_take(b)))
		return false;
	if (!b->context.failed && action_take(b))
		keys_check(b);
	if (b->context.failed) {
		if (b->req->res.status == 0)
			problem_busy(b->req);
		return false;
	}
	expires_take(b);
	b->request.dry_run = boolean_take(b, b->root, "dry_run", "/dry_run");
	b->request.skip_missing = boolean_take(b, b->root, "skip_missing", "/skip_missing");
	problems_append(&b->problems, &b->dids.problems);
	if (problems_answer(b->req, 422, PROBLEM_VALIDATION_FAILED, &b->problems))
		return false;
	return shown_make(b);
}
