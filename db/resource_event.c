/* The audit row of a resource's write, as a part of the statement that writes: one round trip, one
 * transaction, and what is noted as before is what the statement itself locked and replaced. */
#include <string.h>

#include "db/event_private.h"
#include "db/resource_private.h"

/* In a path '-' stands for '_'. */
static void path_add(struct sql *s, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sql_add(s, "%c", name[i] == '_' ? '-' : name[i]);
}

/* "failover_" is "failover". 0: it is a whole row. */
static size_t part_of(const struct resource *r, const char **name)
{
	*name = r->part_name ? r->part_name : r->prefix;
	if (!*name)
		return 0;
	return strlen(*name) - !r->part_name;
}

/* The prefix of the ids of the resource's table, which a part of a row does not name itself. */
static const char *id_prefix(const struct resource *r)
{
	for (enum resource_id id = 0; id < RESOURCE_COUNT; id++) {
		const struct resource *other = resource(id);

		if (strcmp(other->table, r->table) == 0 && other->field[0].kind == FIELD_ID &&
			strcmp(other->field[0].name, "id") == 0)
			return other->field[0].id_prefix;
	}
	return NULL;
}

static void subject_add(struct sql *s, const struct resource *r)
{
	const char *prefix = id_prefix(r), *part;
	size_t len = part_of(r, &part);

	if (r->subject) {
		sql_add(s, "%s", r->subject);
		return;
	}
	sql_add(s, "'");
	path_add(s, r->table, strlen(r->table));
	sql_add(s, "s");
	if (prefix)
		sql_add(s, "/%s_' || %s || '", prefix, r->key);
	else
		sql_add(s, "/+' || %s || '", r->key);
	if (len > 0)
		sql_add(s, "/");
	path_add(s, part, len);
	sql_add(s, "'");
}

/* The column that a secret is kept in; NULL: it has none. name: how it is called in JSON. */
static const char *secret_column(const struct resource *r, const char **name)
{
	const char *column = NULL;

	*name = "password";
	for (unsigned i = 0; i < r->fields; i++) {
		const struct field *f = &r->field[i];

		if (f->kind == FIELD_REGISTRATION) {
			*name = "registration_password";
			return "registration ->> 'password'";
		}
		if (f->kind == FIELD_PASSWORD)
			*name = f->name;
		if ((f->flags & FIELD_HIDDEN) && !column)
			column = f->name;
	}
	return column;
}

void event_old_add(struct sql *s, const struct resource *r)
{
	const char *name, *column = secret_column(r, &name);

	sql_add(s, "WITH old AS (SELECT %s AS old_key, ", r->key);
	resource_json_add(s, r);
	sql_add(s, " AS old_json, %s AS old_secret FROM %s", column ? column : "NULL::text",
		r->table);
}

static const char *trunk_of(const struct resource *r)
{
	if (strcmp(r->table, "trunk") == 0)
		return "id";
	if (strcmp(r->table, "did") == 0 || strcmp(r->table, "sip_account") == 0)
		return "trunk_id";
	return "NULL::uuid";
}

void event_returning_add(struct sql *s, const struct resource *r)
{
	const char *name, *column = secret_column(r, &name);

	sql_add(s, ", %s AS event_account, %s AS event_trunk, %s AS event_did, ",
		r->owner ? r->owner : "NULL::uuid", trunk_of(r),
		strcmp(r->table, "did") == 0 ? "number" : "NULL::bigint");
	subject_add(s, r);
	sql_add(s, " AS event_subject, %s AS event_secret", column ? column : "NULL::text");
}

/* The row as JSON, with a mask where it has a secret. */
static void image_add(struct sql *s, const struct resource *r, const char *json, const char *mask)
{
	const char *name;

	sql_add(s, "%s::jsonb", json);
	if (secret_column(r, &name))
		sql_add(s, " || jsonb_build_object('%s', %s)", name, mask);
}

static void images_add(struct sql *s, const struct resource *r, enum event_verb verb)
{
	static const char created[] = "CASE WHEN event_secret IS NOT NULL THEN '***' END";
	static const char old[] = "CASE WHEN old_secret IS NOT NULL THEN '***' END";
	static const char updated[] =
		"CASE WHEN event_secret = old_secret THEN '***' WHEN event_secret IS NOT NULL THEN "
		"'*** (changed)' END";

	if (verb == EVENT_CREATED)
		sql_add(s, "NULL");
	else
		image_add(s, r, "old_json", verb == EVENT_DELETED ? created : old);
	sql_add(s, ", ");
	if (verb == EVENT_DELETED)
		sql_add(s, "NULL");
	else
		image_add(s, r, "row_json", verb == EVENT_CREATED ? created : updated);
}

void event_type_of(const struct resource *r, const char *verb, char *out, size_t size)
{
	const char *part;
	size_t len = part_of(r, &part);

	snprintf(out, size, "%s%s%.*s.%s", r->table, len > 0 ? "." : "", (int)len,
		len > 0 ? part : "", verb);
}

void event_insert_add(struct sql *s, const struct resource *r, enum event_verb verb, unsigned n)
{
	static const char *const words[] = {[EVENT_CREATED] = "created",
		[EVENT_UPDATED] = "updated",
		[EVENT_DELETED] = "deleted"};
	char type[96];

	event_type_of(r, words[verb], type, sizeof(type));
	sql_add(s,
		", noted AS (INSERT INTO event (type, account_id, trunk_id, did, subject, "
		"revision, before, after, " SQL_EVENT_ACTOR_COLUMNS
		") SELECT '%s', event_account, event_trunk, event_did, event_subject, "
		"row_revision, ",
		type);
	images_add(s, r, verb);
	sql_add(s, ", $%u::text, $%u::uuid, $%u::inet, $%u::text FROM new)", n, n + 1, n + 2,
		n + 3);
}
