#include "api/flow_rule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/destination_rule.h"
#include "api/request_db.h"
#include "core/dial_plan.h"
#include "core/emergency.h"
#include "db/destination.h"
#include "db/flow.h"

/* A member that leads somewhere. */
struct reference {
	json_t *object; /* borrowed */
	const char *key;
	char pointer[PROBLEM_POINTER_MAX];
};

struct flow_rule {
	struct resource_write *w;
	struct db *db;
	char account[FLOW_ACCOUNT_SIZE];
	json_t *tree;
	struct reference *reference;
	unsigned count, size;
	bool changed; /* the tree */
};

static const char *text_of(const struct reference *r)
{
	return json_string_value(json_object_get(r->object, r->key));
}

static void reference_add(struct flow_rule *f, json_t *object, const char *key, const char *pointer)
{
	struct reference *r;

	if (f->count == f->size) {
		unsigned bigger = f->size ? 2 * f->size : 16;

		r = realloc(f->reference, bigger * sizeof(*r));
		if (!r) {
			f->w->context.failed = true;
			return;
		}
		f->reference = r;
		f->size = bigger;
	}
	r = &f->reference[f->count++];
	r->object = object;
	r->key = key;
	pointer_join(r->pointer, pointer, key);
}

/* Collects what stands anywhere in a value. Its depth was bounded when it was checked. */
static void collect(struct flow_rule *f, json_t *value, const char *pointer)
{
	static const char *const keys[] = {
		"internal", "external", "trunk_id", "calling_party_number"};
	char at[PROBLEM_POINTER_MAX];
	const char *key;
	json_t *item;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (json_is_string(json_object_get(value, keys[i])))
			reference_add(f, value, keys[i], pointer);
	}
	json_object_foreach(value, key, item)
	{
		pointer_join(at, pointer, key);
		collect(f, item, at);
	}
	json_array_foreach(value, i, item)
	{
		pointer_join_index(at, pointer, i);
		collect(f, item, at);
	}
}

/* The references of one kind with their texts as an array literal. */
struct selection {
	const struct reference **reference;
	bool *missing;
	unsigned count;
	char *list;
};

static void selection_fini(struct selection *s)
{
	free(s->reference);
	free(s->missing);
	free(s->list);
}

/* How a reference looks in the database; NULL: not of this kind. */
static const char *value_of(const struct reference *r, enum flow_kind kind)
{
	const char *text = text_of(r);
	bool number = *text == '+';

	if (kind == FLOW_TRUNK)
		return strcmp(r->key, "trunk_id") == 0 ? text + strlen("trk_") : NULL;
	if (kind == FLOW_INTERNAL)
		return strcmp(r->key, "internal") == 0 && !number ? text : NULL;
	return (strcmp(r->key, "internal") == 0 && number) ||
			       strcmp(r->key, "calling_party_number") == 0
		       ? text + 1
		       : NULL;
}

static bool selection_make(struct flow_rule *f, enum flow_kind kind, struct selection *s)
{
	size_t len;
	FILE *out;

	memset(s, 0, sizeof(*s));
	s->reference = calloc(f->count + 1, sizeof(*s->reference));
	s->missing = calloc(f->count + 1, sizeof(*s->missing));
	out = open_memstream(&s->list, &len);
	if (!s->reference || !s->missing || !out) {
		f->w->context.failed = true;
		if (out)
			fclose(out);
		return false;
	}
	for (unsigned i = 0; i < f->count; i++) {
		const char *value = value_of(&f->reference[i], kind);

		if (!value)
			continue;
		fprintf(out, "%c%s", s->count ? ',' : '{', value);
		s->reference[s->count++] = &f->reference[i];
	}
	fputs(s->count ? "}" : "{}", out);
	f->w->context.failed |= fclose(out) != 0;
	return !f->w->context.failed;
}

static bool db_ok(struct flow_rule *f, int err)
{
	if (err == 0)
		return true;
	request_db_failed(f->w->req, err);
	return false;
}

/* Looks up one kind of reference; false: answered, or no memory. */
static bool look_up(struct flow_rule *f, enum flow_kind kind, struct selection *s)
{
	return selection_make(f, kind, s) &&
	       (s->count == 0 ||
		       db_ok(f, flow_missing(f->db, kind, f->account, s->list, s->missing)));
}

/* Digits that are no dial plan's are perhaps a DID's number as it is dialled at home. */
static void as_number(struct flow_rule *f, const struct reference *r)
{
	const char *text = text_of(r), *country = f->w->context.country(f->w->context.arg);
	char number[E164_TEXT_SIZE];
	e164_t e164;

	if (!country)
		f->w->context.failed = true;
	else if (e164_parse(text, strlen(text), country, &e164, NULL) == 0) {
		e164_format(e164, number);
		json_object_set_new(r->object, r->key, json_string(number));
		f->changed = true;
	} else
		problems_add(&f->w->problems, r->pointer, PROBLEM_UNKNOWN_INTERNAL_NUMBER,
			"There is no dial plan with this internal number in the account.");
}

static bool internals_check(struct flow_rule *f)
{
	const char *own = f->w->id == RESOURCE_DIAL_PLAN
				  ? resource_write_text(f->w, "internal_number")
				  : NULL;
	struct selection s;
	bool ok = look_up(f, FLOW_INTERNAL, &s);

	for (unsigned i = 0; ok && i < s.count; i++) {
		if (own && strcmp(text_of(s.reference[i]), own) == 0)
			problems_add(&f->w->problems, s.reference[i]->pointer, PROBLEM_SELF_FORWARD,
				"The dial plan would lead to itself.");
		else if (s.missing[i])
			as_number(f, s.reference[i]);
	}
	selection_fini(&s);
	return ok && !f->w->context.failed;
}

static bool dids_check(struct flow_rule *f)
{
	struct selection s;
	bool ok = look_up(f, FLOW_DID, &s);

	for (unsigned i = 0; ok && i < s.count; i++) {
		bool display = strcmp(s.reference[i]->key, "internal") != 0;

		if (s.missing[i])
			problems_add(&f->w->problems, s.reference[i]->pointer,
				display ? PROBLEM_NUMBER_NOT_OWNED
					: PROBLEM_UNKNOWN_INTERNAL_NUMBER,
				display ? "Must be one of the account's DIDs."
					: "Neither an internal number nor a DID of the account.");
	}
	selection_fini(&s);
	return ok;
}

static bool trunks_check(struct flow_rule *f)
{
	struct selection s;
	bool ok = look_up(f, FLOW_TRUNK, &s);

	for (unsigned i = 0; ok && i < s.count; i++) {
		if (s.missing[i])
			problems_add(&f->w->problems, s.reference[i]->pointer,
				PROBLEM_UNKNOWN_TRUNK, "There is no such trunk in the account.");
	}
	selection_fini(&s);
	return ok;
}

/* The account's destination rules; a DID that would forward to itself. */
static bool externals_check(struct flow_rule *f)
{
	bool forwardings = f->w->id == RESOURCE_DID_FORWARDINGS;

	for (unsigned i = 0; i < f->count; i++) {
		const struct reference *r = &f->reference[i];
		const char *text = text_of(r);
		enum destination_verdict verdict;
		e164_t number = strtoull(text + 1, NULL, 10);

		if (*text != '+' || strcmp(r->key, "calling_party_number") == 0)
			continue;
		if (forwardings && strcmp(text + 1, f->w->key_text) == 0) {
			problems_add(&f->w->problems, r->pointer, PROBLEM_SELF_FORWARD,
				"The DID would forward to itself.");
			continue;
		}
		if (strcmp(r->key, "external") != 0)
			continue;
		if (!db_ok(f, destination_check(f->db, f->account, NULL, &number, 1, &verdict)))
			return false;
		destination_problem(&f->w->problems, r->pointer, verdict);
	}
	return true;
}

/* A forwarding that shows a fixed number says which. */
static void fixed_check(struct flow_rule *f)
{
	char at[PROBLEM_POINTER_MAX], pointer[PROBLEM_POINTER_MAX];
	json_t *one;
	size_t i;

	json_array_foreach(f->tree, i, one)
	{
		const char *display =
			json_string_value(json_object_get(one, "calling_party_display"));

		if (!display || strcmp(display, "fixed") != 0 ||
			json_is_string(json_object_get(one, "calling_party_number")))
			continue;
		pointer_join_index(at, "/forwardings", i);
		pointer_join(pointer, at, "calling_party_number");
		problems_add(&f->w->problems, pointer, PROBLEM_REQUIRED,
			"Is required with calling_party_display fixed.");
	}
}

/* It could never be dialled: the emergency call comes first. */
static void emergency_check(struct resource_write *w)
{
	const char *internal =
		w->id == RESOURCE_DIAL_PLAN ? resource_write_text(w, "internal_number") : NULL;
	const char *country = internal ? w->context.country(w->context.arg) : "";

	if (!country)
		w->context.failed = true;
	else if (internal && emergency_number(country, internal, strlen(internal)))
		problems_add(&w->problems, "/internal_number", PROBLEM_EMERGENCY_NUMBER,
			"It is an emergency number.");
}

/* 0; ESRCH: what is written to is not there, or another's, which the write itself will find. */
static int account_find(struct flow_rule *f)
{
	struct resource_write *w = f->w;
	const char *account = NULL;
	int err;

	if (w->id != RESOURCE_DID_FORWARDINGS && w->mode == WRITE_CREATE) {
		account = resource_write_text(w, "account_id");
		snprintf(f->account, sizeof(f->account), "%s", account ? account : "");
		return account ? 0 : ESRCH;
	}
	if (w->id == RESOURCE_DID_FORWARDINGS)
		err = flow_account(f->db, NULL, w->key_text, f->account);
	else
		err = flow_account(f->db, w->key_text, NULL, f->account);
	return !err && w->key.owner && strcmp(w->key.owner, f->account) != 0 ? ESRCH : err;
}

static bool tree_check(struct flow_rule *f, const char *field)
{
	char pointer[PROBLEM_POINTER_MAX], *text;

	pointer_join(pointer, "", field);
	collect(f, f->tree, pointer);
	if (!internals_check(f) || !dids_check(f) || !trunks_check(f) || !externals_check(f))
		return f->w->context.failed;
	if (f->w->id == RESOURCE_DID_FORWARDINGS)
		fixed_check(f);
	if (f->changed) {
		text = json_dumps(f->tree, JSON_COMPACT);
		resource_write_set(f->w, field, text);
		f->w->context.failed |= !text;
		free(text);
	}
	return true;
}

bool flow_rule_check(struct resource_write *w)
{
	const char *field = w->id == RESOURCE_DIAL_PLAN ? "steps" : "forwardings";
	const char *text = resource_write_text(w, field);
	struct flow_rule f = {.w = w};
	bool ok = true;
	int err;

	emergency_check(w);
	if (!text || w->context.failed)
		return true;
	f.db = request_db(w->req);
	if (!f.db)
		return false;
	err = account_find(&f);
	if (err && err != ESRCH)
		return db_ok(&f, err);
	f.tree = err ? NULL : json_loads(text, 0, NULL);
	if (f.tree)
		ok = tree_check(&f, field);
	else if (!err)
		w->context.failed = true;
	json_decref(f.tree);
	free(f.reference);
	return ok;
}
