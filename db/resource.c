#include "db/resource.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/did_column.h"
#include "db/event.h"
#include "db/resource_private.h"

static const char *const sql_types[FIELD_KIND_COUNT] = {
	[FIELD_TEXT] = "text",
	[FIELD_NAME] = "text",
	[FIELD_BOOLEAN] = "boolean",
	[FIELD_INTEGER] = "integer",
	[FIELD_NUMBER] = "bigint",
	[FIELD_ID] = "uuid",
	[FIELD_WORD] = "text",
	[FIELD_WORDS] = "text[]",
	[FIELD_PREFIXES] = "text[]",
	[FIELD_CIDRS] = "cidr[]",
	[FIELD_ADDRESS] = "jsonb",
	[FIELD_ADDRESSES] = "jsonb",
	[FIELD_COUNTRY] = "text",
	[FIELD_COUNTRIES] = "text[]",
	[FIELD_TIMEZONE] = "text",
	[FIELD_INTERNAL] = "text",
	[FIELD_STEPS] = "jsonb",
	[FIELD_FORWARDINGS] = "jsonb",
	[FIELD_REGISTRATION] = "jsonb",
	[FIELD_URL] = "text",
	[FIELD_TIME] = "timestamptz",
};

static struct resource_sql {
	char *read, *update, *insert, *delete, *json;
} statements[RESOURCE_COUNT];

void sql_add(struct sql *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (s->out)
		vfprintf(s->out, fmt, ap);
	va_end(ap);
}

int sql_begin(struct sql *s)
{
	s->text = NULL;
	s->out = open_memstream(&s->text, &s->len);
	return s->out ? 0 : ENOMEM;
}

char *sql_end(struct sql *s)
{
	if (fclose(s->out) != 0) {
		free(s->text);
		return NULL;
	}
	return s->text;
}

static const char *prefix_of(const struct resource *r)
{
	return r->prefix ? r->prefix : "";
}

void resource_expression_add(struct sql *s, const struct resource *r, const struct field *f)
{
	const char *p = prefix_of(r);

	switch (f->kind) {
	case FIELD_NUMBER:
		sql_add(s, "'+' || %s%s", p, f->name);
		break;
	case FIELD_ID:
		sql_add(s, "'%s_' || %s%s", f->id_prefix, p, f->name);
		break;
	case FIELD_CIDRS:
		/* inet writes a single address without its length */
		sql_add(s, "%s%s::inet[]", p, f->name);
		break;
	case FIELD_REGISTRATION:
		sql_add(s, "%s%s - 'password'", p, f->name);
		break;
	case FIELD_TIME:
		sql_add(s, "to_char(%s%s, " SQL_TIME_FORMAT ")", p, f->name);
		break;
	case FIELD_DERIVED:
		sql_add(s, "%s", f->expression);
		break;
	default:
		sql_add(s, "%s%s", p, f->name);
		break;
	}
}

void resource_json_add(struct sql *s, const struct resource *r)
{
	const char *comma = "";

	sql_add(s, "json_build_object(");
	for (unsigned i = 0; i < r->fields; i++) {
		const struct field *f = &r->field[i];

		if (f->kind == FIELD_PASSWORD || (f->flags & FIELD_HIDDEN))
			continue;
		sql_add(s, "%s'%s', ", comma, f->name);
		resource_expression_add(s, r, f);
		comma = ", ";
	}
	sql_add(s, ")");
}

/* $1 is the key, $2 the owner. */
static void add_where(struct sql *s, const struct resource *r)
{
	sql_add(s, " WHERE %s = $1", r->key);
	if (r->where)
		sql_add(s, " AND %s", r->where);
	if (r->owner)
		sql_add(s, " AND ($2::uuid IS NULL OR %s = $2)", r->owner);
	else
		sql_add(s, " AND $2::uuid IS NULL");
}

/* json: what row_json is; a deleted row's is old_json. */
static void add_returning(struct sql *s, const struct resource *r, const char *json)
{
	sql_add(s, " RETURNING ");
	resource_json_add(s, r);
	sql_add(s,
		" AS %s, version AS row_version, %s AS row_key, revision_token() AS row_revision",
		json, r->key);
	event_returning_add(s, r);
}

/* Closes the WITH that the statement is: the audit row, and what the caller gets. */
static void add_result(struct sql *s, const struct resource *r, enum event_verb verb, unsigned n)
{
	sql_add(s, ")");
	event_insert_add(s, r, verb, n);
	sql_add(s, " SELECT %s, row_version, row_key, row_revision FROM new",
		verb == EVENT_DELETED ? "NULL" : "row_json");
}

static char *read_make(const struct resource *r)
{
	struct sql s;

	if (sql_begin(&s) != 0)
		return NULL;
	sql_add(&s, "SELECT ");
	resource_json_add(&s, r);
	sql_add(&s, ", version, %s FROM %s", r->key, r->table);
	add_where(&s, r);
	return sql_end(&s);
}

/* A password that is not sent again stays what it was. */
static void add_assignment(struct sql *s, const char *column, const struct field *f, unsigned n)
{
	sql_add(s, "%s = CASE WHEN $%u::boolean THEN ", column, n);
	if (f->kind == FIELD_REGISTRATION)
		sql_add(s,
			"CASE WHEN $%u::jsonb ? 'password' THEN $%u::jsonb ELSE $%u::jsonb || "
			"jsonb_build_object('password', %s -> 'password') END",
			n + 1, n + 1, n + 1, column);
	else
		sql_add(s, "$%u::%s", n + 1, sql_types[f->kind]);
	sql_add(s, " ELSE %s END", column);
}

static char *update_make(const struct resource *r)
{
	const char *comma = "";
	unsigned n = 4;
	struct sql s;

	if (sql_begin(&s) != 0)
		return NULL;
	event_old_add(&s, r);
	add_where(&s, r);
	sql_add(&s,
		" AND ($3::bigint IS NULL OR version = $3) FOR NO KEY UPDATE), new AS (UPDATE %s "
		"SET ",
		r->table);
	for (unsigned i = 0; i < r->fields; i++) {
		char column[96];

		if (!field_is_updated(&r->field[i]))
			continue;
		snprintf(column, sizeof(column), "%s%s", prefix_of(r), r->field[i].name);
		sql_add(&s, "%s", comma);
		add_assignment(&s, column, &r->field[i], n);
		n += 2;
		comma = ", ";
	}
	sql_add(&s, " FROM old WHERE %s = old_key", r->key);
	if (r->where)
		sql_add(&s, " AND %s", r->where);
	add_returning(&s, r, "row_json");
	sql_add(&s, ", old_json, old_secret");
	add_result(&s, r, EVENT_UPDATED, n);
	return sql_end(&s);
}

static char *insert_make(const struct resource *r)
{
	unsigned n = r->parent ? 3 : 1;
	const char *comma = r->parent ? ", " : "";
	struct sql s;

	if (sql_begin(&s) != 0)
		return NULL;
	sql_add(&s, "WITH new AS (INSERT INTO %s (%s", r->table,
		r->parent ? r->parent_columns : "");
	for (unsigned i = 0; i < r->fields; i++) {
		if (field_is_inserted(&r->field[i])) {
			sql_add(&s, "%s%s%s", comma, prefix_of(r), r->field[i].name);
			comma = ", ";
		}
	}
	comma = r->parent ? ", " : "";
	sql_add(&s, ") SELECT %s", r->parent ? r->parent_values : "");
	for (unsigned i = 0; i < r->fields; i++) {
		if (field_is_inserted(&r->field[i])) {
			sql_add(&s, "%s$%u::%s", comma, n++, sql_types[r->field[i].kind]);
			comma = ", ";
		}
	}
	if (r->parent)
		sql_add(&s,
			" FROM %s p WHERE p.id = $1 AND ($2::uuid IS NULL OR p.account_id = $2)",
			r->parent);
	add_returning(&s, r, "row_json");
	add_result(&s, r, EVENT_CREATED, n);
	return sql_end(&s);
}

static char *delete_make(const struct resource *r)
{
	struct sql s;

	if (sql_begin(&s) != 0)
		return NULL;
	sql_add(&s, "WITH new AS (DELETE FROM %s", r->table);
	add_where(&s, r);
	sql_add(&s, " AND ($3::bigint IS NULL OR version = $3)");
	add_returning(&s, r, "old_json");
	add_result(&s, r, EVENT_DELETED, 4);
	return sql_end(&s);
}

static char *json_make(const struct resource *r)
{
	struct sql s;

	if (sql_begin(&s) != 0)
		return NULL;
	resource_json_add(&s, r);
	return sql_end(&s);
}

int resource_init(void)
{
	for (enum resource_id id = 0; id < RESOURCE_COUNT; id++) {
		const struct resource *r = resource(id);
		struct resource_sql *s = &statements[id];

		s->json = json_make(r);
		s->read = read_make(r);
		s->update = update_make(r);
		s->insert = insert_make(r);
		s->delete = delete_make(r);
		if (!s->json || !s->read || !s->update || !s->insert || !s->delete)
			return ENOMEM;
	}
	return did_columns_init();
}

void resource_fini(void)
{
	did_columns_fini();
	for (enum resource_id id = 0; id < RESOURCE_COUNT; id++) {
		struct resource_sql *s = &statements[id];

		free(s->json);
		free(s->read);
		free(s->update);
		free(s->insert);
		free(s->delete);
		memset(s, 0, sizeof(*s));
	}
}

const char *resource_json_sql(enum resource_id id)
{
	return statements[id].json;
}

int resource_row_one(struct db *db, const char *sql, int count, const char *const *param,
	struct resource_row *row)
{
	int err;

	memset(row, 0, sizeof(*row));
	err = db_query(db, sql, count, param, &row->result);
	if (err)
		return err;
	if (db_rows(row->result) == 0) {
		db_clear(row->result);
		row->result = NULL;
		return ESRCH;
	}
	row->json = db_text(row->result, 0, 0);
	if (db_columns(row->result) > 1)
		row->revision = db_text(row->result, 0, 1);
	return 0;
}

static int row_take(struct pg_result *result, bool written, struct resource_row *row)
{
	memset(row, 0, sizeof(*row));
	if (db_rows(result) == 0) {
		db_clear(result);
		return ESRCH;
	}
	row->result = result;
	row->json = db_text(result, 0, 0);
	row->version = db_text(result, 0, 1);
	row->key = db_text(result, 0, 2);
	row->revision = written ? db_text(result, 0, 3) : NULL;
	return 0;
}

static int run(struct db *db, const char *sql, int count, const char *const *param, bool written,
	struct resource_row *row)
{
	struct pg_result *result;
	int err;

	memset(row, 0, sizeof(*row));
	err = db_query(db, sql, count, param, &result);
	return err ? err : row_take(result, written, row);
}

/* param has room for who writes. */
static int run_write(
	struct db *db, const char *sql, int count, const char **param, struct resource_row *row)
{
	event_actor_params(db, param + count);
	return run(db, sql, count + EVENT_ACTOR_PARAMS, param, true, row);
}

int resource_read(struct db *db, enum resource_id id, const struct resource_key *key,
	struct resource_row *row)
{
	const char *param[] = {key->key, key->owner};

	return run(db, statements[id].read, 2, param, false, row);
}

int resource_update(struct db *db, enum resource_id id, const struct resource_key *key,
	const struct resource_value *value, struct resource_row *row)
{
	const struct resource *r = resource(id);
	const char *param[3 + 2 * RESOURCE_FIELDS_MAX + EVENT_ACTOR_PARAMS] = {
		key->key, key->owner, key->version};
	int n = 3;

	for (unsigned i = 0; i < r->fields; i++) {
		if (!field_is_updated(&r->field[i]))
			continue;
		param[n++] = value[i].set ? "t" : "f";
		param[n++] = value[i].set ? value[i].text : NULL;
	}
	return run_write(db, statements[id].update, n, param, row);
}

int resource_insert(struct db *db, enum resource_id id, const struct resource_key *key,
	const struct resource_value *value, struct resource_row *row)
{
	const struct resource *r = resource(id);
	const char *param[2 + RESOURCE_FIELDS_MAX + EVENT_ACTOR_PARAMS] = {key->key, key->owner};
	int n = r->parent ? 2 : 0;

	for (unsigned i = 0; i < r->fields; i++) {
		if (field_is_inserted(&r->field[i]))
			param[n++] = value[i].set ? value[i].text : r->field[i].fallback;
	}
	return run_write(db, statements[id].insert, n, param, row);
}

int resource_delete(struct db *db, enum resource_id id, const struct resource_key *key,
	struct resource_row *row)
{
	const char *param[3 + EVENT_ACTOR_PARAMS] = {key->key, key->owner, key->version};

	return run_write(db, statements[id].delete, 3, param, row);
}

static const char account_users_sql[] =
	"SELECT format('The account has %s trunks, %s dial plans and %s DIDs; delete them first.', "
	"(SELECT count(*) FROM trunk WHERE account_id = $1), "
	"(SELECT count(*) FROM dial_plan WHERE account_id = $1), "
	"(SELECT count(*) FROM did WHERE account_id = $1))";

static const char trunk_users_sql[] =
	"SELECT format('%s use the trunk, among them %s; delete them or change them first.', "
	"concat_ws(' and ', nullif(n.dids, 0) || ' DIDs', nullif(n.plans, 0) || ' dial plans'), "
	"(SELECT string_agg(u.label, ', ') FROM ((SELECT '+' || number AS label FROM did WHERE "
	"trunk_id = $1 ORDER BY number LIMIT 5) UNION ALL (SELECT p.label FROM trunk t, "
	"trunk_target_users(t.account_id, t.id) p WHERE t.id = $1 ORDER BY 1 LIMIT 5)) u)) FROM "
	"(SELECT (SELECT count(*) FROM did WHERE trunk_id = $1) AS dids, (SELECT count(*) FROM "
	"trunk t, trunk_target_users(t.account_id, t.id) WHERE t.id = $1) AS plans) n";

static const char dial_plan_users_sql[] =
	"SELECT format('The dial plan is used by %s; change them first.', string_agg(u.label, "
	"', ')) FROM ((SELECT 'DID +' || number AS label FROM did WHERE dial_plan_id = $1 ORDER BY "
	"number LIMIT 5) UNION ALL (SELECT 'trunk ' || name FROM trunk WHERE failover_dial_plan_id "
	"= $1 ORDER BY id LIMIT 5) UNION ALL (SELECT i.label FROM dial_plan p, "
	"internal_number_users(p.account_id, p.internal_number) i WHERE p.id = $1 ORDER BY 1 LIMIT "
	"5)) u";

static const char secondary_users_sql[] =
	"SELECT format('The trunk''s High Availability mode %s needs it; set another mode first.', "
	"(SELECT ha_mode FROM trunk WHERE id = $1))";

static const char *users_sql(enum resource_id id)
{
	switch (id) {
	case RESOURCE_ACCOUNT:
		return account_users_sql;
	case RESOURCE_SIP_ACCOUNT_SECONDARY:
		return secondary_users_sql;
	case RESOURCE_DIAL_PLAN:
		return dial_plan_users_sql;
	default:
		return trunk_users_sql;
	}
}

int resource_users(struct db *db, enum resource_id id, const char *key, char *out, size_t size)
{
	struct pg_result *result;
	int err;

	err = db_query(db, users_sql(id), 1, &key, &result);
	if (err)
		return err;
	snprintf(out, size, "%s", db_text(result, 0, 0));
	db_clear(result);
	return 0;
}
