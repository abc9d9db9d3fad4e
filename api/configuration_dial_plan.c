/* The dial plans of a configuration, told by their internal numbers. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/configuration.h"
#include "api/problem.h"
#include "api/request_db.h"

static const char base[] = "/configuration/dial_plans";

static struct configuration_dial_plan *plan_add(
	struct configuration *c, const char *id, const char *internal_number)
{
	struct configuration_dial_plan *p = realloc(c->dial_plan, (c->dial_plans + 1) * sizeof(*p));

	if (!p)
		return NULL;
	c->dial_plan = p;
	p += c->dial_plans++;
	*p = (struct configuration_dial_plan){.entry = -1};
	snprintf(p->id, sizeof(p->id), "%s", id);
	snprintf(p->internal_number, sizeof(p->internal_number), "%s", internal_number);
	return p;
}

static bool plans_read(struct configuration *c)
{
	struct pg_result *result;
	int err = configuration_dial_plans(c->db, c->account, &result);

	for (int i = 0; !err && i < db_rows(result); i++) {
		if (!plan_add(c, db_text(result, i, 0), db_text(result, i, 1)))
			err = ENOMEM;
	}
	db_clear(result);
	if (err)
		request_db_failed(c->req, err);
	return err == 0;
}

static struct configuration_dial_plan *by_id(const struct configuration *c, const char *text)
{
	char id[UUID_TEXT_SIZE];
	struct uuid u;

	if (!text || uuid_parse_id("dp", text, strlen(text), &u) != 0)
		return NULL;
	uuid_format(&u, id);
	for (size_t i = 0; i < c->dial_plans; i++) {
		if (strcmp(c->dial_plan[i].id, id) == 0)
			return &c->dial_plan[i];
	}
	return NULL;
}

static struct configuration_dial_plan *by_number(const struct configuration *c, const char *text)
{
	for (size_t i = 0; text && i < c->dial_plans; i++) {
		if (strcmp(c->dial_plan[i].internal_number, text) == 0)
			return &c->dial_plan[i];
	}
	return NULL;
}

const char *configuration_dial_plan_find(const struct configuration *c, const char *internal_number)
{
	const struct configuration_dial_plan *p = by_number(c, internal_number);

	return p ? p->id : NULL;
}

void configuration_dial_plan_refer(const struct configuration *c, json_t *object)
{
	const json_t *id = json_object_get(object, "dial_plan_id");
	const struct configuration_dial_plan *p;

	if (!id)
		return;
	p = by_id(c, json_string_value(id));
	json_object_set_new(object, "dial_plan", p ? json_string(p->internal_number) : json_null());
	json_object_del(object, "dial_plan_id");
}

/* Which one an entry means; NULL: a new one, or a problem was added. */
static struct configuration_dial_plan *match(
	struct configuration *c, const json_t *entry, const char *pointer)
{
	struct configuration_dial_plan *p;
	char at[PROBLEM_POINTER_MAX];

	if (json_object_get(entry, "id")) {
		p = by_id(c, json_string_value(json_object_get(entry, "id")));
		pointer_join(at, pointer, "id");
		if (!p)
			problems_add(&c->problems, at, PROBLEM_UNKNOWN_DIAL_PLAN,
				"There is no such dial plan in the account.");
	} else {
		p = by_number(c, json_string_value(json_object_get(entry, "internal_number")));
	}
	if (!p || p->entry < 0)
		return p;
	problems_add(&c->problems, pointer, PROBLEM_DUPLICATE_ITEM,
		"Is the same dial plan as item %ld.", p->entry);
	return NULL;
}

static bool plan_write(struct configuration *c, const json_t *entry, size_t index)
{
	const char *number = json_string_value(json_object_get(entry, "internal_number"));
	char pointer[PROBLEM_POINTER_MAX], made[UUID_TEXT_SIZE] = "";
	unsigned before = c->problems.count;
	struct configuration_dial_plan *p;
	json_t *fields;
	bool ok;

	pointer_join_index(pointer, base, index);
	if (!json_is_object(entry)) {
		problems_add(&c->problems, pointer, PROBLEM_WRONG_TYPE, "Must be an object.");
		return true;
	}
	p = match(c, entry, pointer);
	if (c->problems.count != before)
		return true;
	fields = json_copy((json_t *)(uintptr_t)entry);
	json_object_del(fields, "id");
	ok = configuration_step(c,
		&(struct configuration_step){.id = RESOURCE_DIAL_PLAN,
			.kind = "dial_plan",
			.subject = number ? number
				   : p    ? p->internal_number
					  : "",
			.key = p ? p->id : "",
			.pointer = pointer,
			.desired = fields},
		made);
	json_decref(fields);
	if (!ok || c->problems.count != before)
		return ok;
	if (!p)
		p = made[0] != '\0' && number ? plan_add(c, made, number) : NULL;
	if (p) {
		p->entry = (long)index;
		if (number)
			snprintf(p->internal_number, sizeof(p->internal_number), "%s", number);
	}
	return true;
}

/* One may lead to another that comes later: those that fail are tried again as long as that helps. The
 * problems of the last round stand. */
bool configuration_dial_plans_write(struct configuration *c)
{
	const json_t *list = json_object_get(c->document, "dial_plans"), *entry;
	size_t items = json_array_size(list), left = items, before;
	bool *done = calloc(items + 1, sizeof(*done)), ok = done && plans_read(c);
	const unsigned count = c->problems.count, kept = c->problems.kept;

	if (ok && list && !json_is_array(list))
		problems_add(
			&c->problems, base, PROBLEM_WRONG_TYPE, "Must be a list of dial plans.");
	do {
		size_t i;

		before = left;
		if (items > 0) {
			c->problems.count = count;
			c->problems.kept = kept;
		}
		json_array_foreach(list, i, entry)
		{
			unsigned so_far = c->problems.count;

			if (!ok || done[i])
				continue;
			ok = plan_write(c, entry, i);
			done[i] = c->problems.count == so_far;
			left -= done[i];
		}
	} while (ok && left > 0 && left < before);
	if (!done)
		problem_busy(c->req);
	free(done);
	return ok;
}

/* What leads to another one goes first. */
bool configuration_dial_plans_prune(struct configuration *c)
{
	const unsigned count = c->problems.count, kept = c->problems.kept;
	size_t left = 0, before;
	json_t *null = json_null();
	bool ok = true;

	if (!json_is_array(json_object_get(c->document, "dial_plans")))
		return true;
	for (size_t i = 0; i < c->dial_plans; i++)
		left += c->dial_plan[i].entry < 0;
	if (!c->prune) {
		c->other_dial_plans = left;
		return true;
	}
	do {
		before = left;
		c->problems.count = count;
		c->problems.kept = kept;
		for (size_t i = 0; ok && i < c->dial_plans; i++) {
			struct configuration_dial_plan *p = &c->dial_plan[i];
			unsigned so_far = c->problems.count;

			if (p->entry >= 0)
				continue;
			ok = configuration_step(c,
				&(struct configuration_step){.id = RESOURCE_DIAL_PLAN,
					.kind = "dial_plan",
					.subject = p->internal_number,
					.key = p->id,
					.pointer = base,
					.desired = null,
					.deletes = true},
				NULL);
			if (c->problems.count == so_far) {
				p->entry = LONG_MAX;
				left--;
			}
		}
	} while (ok && left > 0 && left < before);
	return ok;
}
