#include "db/did_column.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/resource_private.h"

static struct did_column columns[DID_COLUMNS_MAX];
static char names[DID_COLUMNS_MAX][64];
static unsigned count;
static char *json;

static void columns_add(enum resource_id id)
{
	const struct resource *r = resource(id);

	for (unsigned i = 0; i < r->fields && count < DID_COLUMNS_MAX; i++) {
		struct did_column *c = &columns[count];

		if (!field_is_inserted(&r->field[i]) || (r->field[i].flags & FIELD_HIDDEN))
			continue;
		snprintf(names[count], sizeof(names[count]), "%s%s", r->prefix ? r->prefix : "",
			r->field[i].name);
		*c = (struct did_column){&r->field[i], names[count], id == RESOURCE_DID_FAILOVER,
			id != RESOURCE_DID};
		count++;
	}
}

static void members_add(struct sql *s, bool failover, bool refers)
{
	const char *comma = "";

	for (unsigned i = 0; i < count; i++) {
		const struct did_column *c = &columns[i];

		if (c->failover != failover ||
			(refers && (strcmp(c->name, "account_id") == 0 ||
					   strcmp(c->name, "trunk_id") == 0 ||
					   strcmp(c->name, "dial_plan_id") == 0)))
			continue;
		sql_add(s, "%s'%s', ", comma, c->field->name);
		resource_expression_add(
			s, resource(failover ? RESOURCE_DID_FAILOVER : RESOURCE_DID), c->field);
		comma = ", ";
	}
}

void did_row_json_add(struct sql *s, const char *trunk)
{
	sql_add(s, "json_build_object(");
	members_add(s, false, trunk != NULL);
	if (trunk)
		sql_add(s,
			", 'trunk', %s, 'dial_plan', (SELECT p.internal_number FROM dial_plan p "
			"WHERE p.id = did.dial_plan_id)",
			trunk);
	sql_add(s, ", 'failover', json_build_object(");
	members_add(s, true, false);
	sql_add(s, "))");
}

int did_columns_init(void)
{
	struct sql s;

	count = 0;
	columns_add(RESOURCE_DID);
	columns_add(RESOURCE_DID_FORWARDINGS);
	columns_add(RESOURCE_DID_FAILOVER);
	if (sql_begin(&s) != 0)
		return ENOMEM;
	did_row_json_add(&s, NULL);
	json = sql_end(&s);
	return json ? 0 : ENOMEM;
}

void did_columns_fini(void)
{
	free(json);
	json = NULL;
}

unsigned did_columns(void)
{
	return count;
}

const struct did_column *did_column(unsigned i)
{
	return &columns[i];
}

unsigned did_column_find(const char *name)
{
	unsigned i = 0;

	while (i < count && strcmp(columns[i].name, name) != 0)
		i++;
	return i;
}

const char *did_row_json_sql(void)
{
	return json;
}
