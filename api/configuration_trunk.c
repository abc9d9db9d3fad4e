/* The trunks of a configuration: which of the document is which of those that are there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/configuration.h"
#include "api/problem.h"
#include "api/request_db.h"

static const char base[] = "/configuration/trunks";

/* ---- names ------------------------------------------------------------------------------------- */

static const struct configuration_trunk *only(const struct configuration *c, const char *text,
	size_t member, bool (*fits)(const struct configuration_trunk *t))
{
	const struct configuration_trunk *found = NULL;

	for (size_t i = 0; i < c->trunks; i++) {
		const struct configuration_trunk *t = &c->trunk[i];
		const char *has = *(char *const *)((const char *)t + member);

		if (!has || strcmp(has, text) != 0 || (fits && !fits(t)))
			continue;
		if (found)
			return NULL;
		found = t;
	}
	return found;
}

static const struct configuration_trunk *by_id(const struct configuration *c, const char *text)
{
	char id[UUID_TEXT_SIZE];
	struct uuid u;

	if (uuid_parse_id("trk", text, strlen(text), &u) != 0)
		return NULL;
	uuid_format(&u, id);
	for (size_t i = 0; i < c->trunks; i++) {
		if (strcmp(c->trunk[i].id, id) == 0)
			return &c->trunk[i];
	}
	return NULL;
}

#define EXTERNAL_ID offsetof(struct configuration_trunk, external_id)
#define NAME offsetof(struct configuration_trunk, name)

static bool has_external_id(const struct configuration *c, const char *text)
{
	for (size_t i = 0; i < c->trunks; i++) {
		if (c->trunk[i].external_id && strcmp(c->trunk[i].external_id, text) == 0)
			return true;
	}
	return false;
}

const struct configuration_trunk *configuration_trunk_find(
	const struct configuration *c, const char *ref)
{
	const struct configuration_trunk *t = by_id(c, ref);

	if (!t)
		t = only(c, ref, EXTERNAL_ID, NULL);
	return t || has_external_id(c, ref) ? t : only(c, ref, NAME, NULL);
}

void configuration_trunk_ref(
	const struct configuration *c, const struct configuration_trunk *t, char *out, size_t size)
{
	if (t->external_id && only(c, t->external_id, EXTERNAL_ID, NULL) == t)
		snprintf(out, size, "%s", t->external_id);
	else if (only(c, t->name, NAME, NULL) == t && !has_external_id(c, t->name))
		snprintf(out, size, "%s", t->name);
	else
		snprintf(out, size, "trk_%s", t->id);
}

/* ---- those that are there ---------------------------------------------------------------------- */

static struct configuration_trunk *trunk_add(struct configuration *c)
{
	struct configuration_trunk *p = realloc(c->trunk, (c->trunks + 1) * sizeof(*p));

	if (!p)
		return NULL;
	c->trunk = p;
	p += c->trunks++;
	*p = (struct configuration_trunk){.entry = -1};
	return p;
}

static bool trunks_read(struct configuration *c)
{
	struct pg_result *result;
	int err = configuration_trunks(c->db, c->account, &result);

	for (int i = 0; !err && i < db_rows(result); i++) {
		struct configuration_trunk *t = trunk_add(c);
		const char *external_id = db_text(result, i, 2);

		if (!t) {
			err = ENOMEM;
			break;
		}
		snprintf(t->id, sizeof(t->id), "%s", db_text(result, i, 0));
		t->name = strdup(db_text(result, i, 1));
		t->external_id = external_id ? strdup(external_id) : NULL;
	}
	db_clear(result);
	if (err)
		request_db_failed(c->req, err);
	return err == 0;
}

/* ---- the document's ---------------------------------------------------------------------------- */

static bool without_external_id(const struct configuration_trunk *t)
{
	return !t->external_id;
}

static size_t count_named(const struct configuration *c, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < c->trunks; i++)
		n += without_external_id(&c->trunk[i]) && strcmp(c->trunk[i].name, name) == 0;
	return n;
}

/* The one that an entry means: by id, by external_id, by name where that has no external_id. NULL: a new one,
 * or a problem was added. */
static struct configuration_trunk *match(
	struct configuration *c, const json_t *entry, const char *pointer)
{
	const char *id = json_string_value(json_object_get(entry, "id"));
	const char *external_id = json_string_value(json_object_get(entry, "external_id"));
	const char *name = json_string_value(json_object_get(entry, "name"));
	const struct configuration_trunk *t = NULL;
	char at[PROBLEM_POINTER_MAX];

	if (json_object_get(entry, "id")) {
		pointer_join(at, pointer, "id");
		t = id ? by_id(c, id) : NULL;
		if (!t)
			problems_add(&c->problems, at, PROBLEM_UNKNOWN_TRUNK,
				"There is no such trunk in the account.");
	} else if (external_id && has_external_id(c, external_id)) {
		pointer_join(at, pointer, "external_id");
		t = only(c, external_id, EXTERNAL_ID, NULL);
		if (!t)
			problems_add(&c->problems, at, PROBLEM_AMBIGUOUS,
				"Several trunks have this external_id: say the id.");
	} else if (name && count_named(c, name) > 0) {
		pointer_join(at, pointer, "name");
		t = only(c, name, NAME, without_external_id);
		if (!t)
			problems_add(&c->problems, at, PROBLEM_AMBIGUOUS,
				"Several trunks have this name: say the id.");
	}
	if (t && t->entry >= 0) {
		problems_add(&c->problems, pointer, PROBLEM_DUPLICATE_ITEM,
			"Is the same trunk as item %ld.", t->entry);
		t = NULL;
	}
	return (struct configuration_trunk *)(uintptr_t)t;
}

/* What DIDs may call it from now on. */
static void names_take(struct configuration_trunk *t, const json_t *entry)
{
	const json_t *name = json_object_get(entry, "name");
	const json_t *external_id = json_object_get(entry, "external_id");

	if (json_is_string(name)) {
		free(t->name);
		t->name = strdup(json_string_value(name));
	}
	if (external_id) {
		free(t->external_id);
		t->external_id =
			json_is_string(external_id) ? strdup(json_string_value(external_id)) : NULL;
	}
}

struct entry {
	struct configuration *c;
	const struct configuration_trunk *t;
	const json_t *body;
	char pointer[PROBLEM_POINTER_MAX];
	char subject[UUID_TEXT_SIZE + 300];
};

static bool part(struct entry *e, const json_t *of, const char *at, const char *name,
	enum resource_id id, const char *kind)
{
	char pointer[PROBLEM_POINTER_MAX];
	struct configuration_step step = {.id = id,
		.kind = kind,
		.subject = e->subject,
		.key = e->t->id,
		.pointer = pointer,
		.desired = json_object_get(of, name),
		.deletes =
			id == RESOURCE_SIP_ACCOUNT_PRIMARY || id == RESOURCE_SIP_ACCOUNT_SECONDARY};

	pointer_join(pointer, at, name);
	return !step.desired || configuration_step(e->c, &step, NULL);
}

/* A mode that needs the secondary account comes after it is made, and one that does not before it goes. */
static bool parts(struct entry *e)
{
	static const struct {
		const char *name, *kind;
		enum resource_id id;
	} account[] = {
		{"primary", "sip_account_primary", RESOURCE_SIP_ACCOUNT_PRIMARY},
		{"secondary", "sip_account_secondary", RESOURCE_SIP_ACCOUNT_SECONDARY},
	};
	const json_t *accounts = json_object_get(e->body, "sip_accounts");
	char at[PROBLEM_POINTER_MAX], below[PROBLEM_POINTER_MAX];
	const char *key;
	json_t *value;
	bool ok = true;

	pointer_join(at, e->pointer, "sip_accounts");
	if (accounts && !json_is_object(accounts))
		problems_add(&e->c->problems, at, PROBLEM_WRONG_TYPE, "Must be an object.");
	json_object_foreach((json_t *)(uintptr_t)accounts, key, value)
	{
		pointer_join(below, at, key);
		if (strcmp(key, "primary") != 0 && strcmp(key, "secondary") != 0)
			problems_add(&e->c->problems, below, PROBLEM_UNKNOWN_FIELD,
				"There is no such field.");
	}
	for (int gone = 0; ok && gone < 2; gone++) {
		for (int i = 0; ok && i < 2; i++) {
			if (json_is_null(json_object_get(accounts, account[i].name)) == (gone == 1))
				ok = part(e, accounts, at, account[i].name, account[i].id,
					account[i].kind);
		}
		if (ok && !gone)
			ok = part(e, e->body, e->pointer, "ha", RESOURCE_TRUNK_HA, "trunk_ha");
	}
	return ok;
}

/* With the dial plan's id in the place of its internal number. NULL: there is none, the problem was added. */
static json_t *failover_of(struct configuration *c, const json_t *failover, const char *pointer)
{
	const json_t *ref = json_object_get(failover, "dial_plan");
	json_t *out = json_deep_copy(failover);
	char at[PROBLEM_POINTER_MAX], id[UUID_ID_SIZE];
	const char *found = json_is_string(ref)
				    ? configuration_dial_plan_find(c, json_string_value(ref))
				    : NULL;
	struct uuid u;

	if (!ref)
		return out;
	json_object_del(out, "dial_plan");
	if (json_is_null(ref)) {
		json_object_set_new(out, "dial_plan_id", json_null());
	} else if (found && uuid_parse(found, strlen(found), &u) == 0) {
		uuid_format_id("dp", &u, id);
		json_object_set_new(out, "dial_plan_id", json_string(id));
	} else {
		pointer_join(at, pointer, "dial_plan");
		problems_add(&c->problems, at, PROBLEM_UNKNOWN_DIAL_PLAN,
			"Must be the internal number of a dial plan.");
		json_decref(out);
		out = NULL;
	}
	return out;
}

static bool failover_write(
	struct configuration *c, const struct configuration_trunk *t, const json_t *failover)
{
	char entry[PROBLEM_POINTER_MAX], pointer[PROBLEM_POINTER_MAX];
	json_t *desired;
	bool ok;

	pointer_join_index(entry, base, (unsigned long)t->entry);
	pointer_join(pointer, entry, "failover");
	desired = failover_of(c, failover, pointer);
	ok = !desired || configuration_step(c,
				 &(struct configuration_step){.id = RESOURCE_TRUNK_FAILOVER,
					 .kind = "trunk_failover",
					 .subject = t->name,
					 .key = t->id,
					 .pointer = pointer,
					 .desired = desired},
				 NULL);
	json_decref(desired);
	return ok;
}

bool configuration_trunk_failovers_write(struct configuration *c)
{
	const json_t *list = json_object_get(c->document, "trunks"), *entry;
	bool ok = true;
	size_t at;

	json_array_foreach(list, at, entry)
	{
		const json_t *failover = json_object_get(entry, "failover");

		for (size_t i = 0; ok && failover && i < c->trunks; i++) {
			if (c->trunk[i].entry == (long)at)
				ok = failover_write(c, &c->trunk[i], failover);
		}
	}
	return ok;
}

static json_t *own_fields(const json_t *body)
{
	static const char *const others[] = {"id", "sip_accounts", "ha", "failover"};
	json_t *out = json_copy((json_t *)(uintptr_t)body);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		json_object_del(out, others[i]);
	return out;
}

static bool trunk_write(struct configuration *c, const json_t *body, size_t index)
{
	struct entry e = {.c = c, .body = body};
	char made[UUID_TEXT_SIZE] = "";
	struct configuration_trunk *t;
	unsigned before = c->problems.count;
	json_t *fields;
	bool ok;

	pointer_join_index(e.pointer, base, index);
	if (!json_is_object(body)) {
		problems_add(&c->problems, e.pointer, PROBLEM_WRONG_TYPE, "Must be an object.");
		return true;
	}
	t = match(c, body, e.pointer);
	if (c->problems.count != before)
		return true;
	if (t)
		t->entry = (long)index;
	snprintf(e.subject, sizeof(e.subject), "%s",
		json_is_string(json_object_get(body, "name"))
			? json_string_value(json_object_get(body, "name"))
		: t ? t->name
		    : "");
	fields = own_fields(body);
	ok = configuration_step(c,
		&(struct configuration_step){.id = RESOURCE_TRUNK,
			.kind = "trunk",
			.subject = e.subject,
			.key = t ? t->id : "",
			.pointer = e.pointer,
			.desired = fields},
		made);
	json_decref(fields);
	if (!ok)
		return false;
	if (!t && made[0] != '\0' && (t = trunk_add(c))) {
		memcpy(t->id, made, sizeof(t->id));
		t->entry = (long)index;
		t->made = true;
	}
	if (!t)
		return true; /* it has problems, and no parts */
	names_take(t, body);
	e.t = t;
	return parts(&e);
}

bool configuration_trunks_write(struct configuration *c)
{
	const json_t *list = json_object_get(c->document, "trunks"), *entry;
	size_t i;

	if (!trunks_read(c))
		return false;
	if (list && !json_is_array(list))
		problems_add(&c->problems, base, PROBLEM_WRONG_TYPE, "Must be a list of trunks.");
	json_array_foreach(list, i, entry)
	{
		if (!trunk_write(c, entry, i))
			return false;
	}
	return true;
}

bool configuration_trunks_prune(struct configuration *c)
{
	json_t *null = json_null();
	bool ok = true;

	if (!json_is_array(json_object_get(c->document, "trunks")))
		return true;
	for (size_t i = 0; ok && i < c->trunks; i++) {
		const struct configuration_trunk *t = &c->trunk[i];

		if (t->entry >= 0)
			continue;
		if (!c->prune) {
			c->other_trunks++;
			continue;
		}
		ok = configuration_step(c,
			&(struct configuration_step){.id = RESOURCE_TRUNK,
				.kind = "trunk",
				.subject = t->name,
				.key = t->id,
				.pointer = base,
				.desired = null,
				.deletes = true},
			NULL);
	}
	return ok;
}
