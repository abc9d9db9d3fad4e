#include "db/configuration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/did_column.h"
#include "db/event_private.h"
#include "db/resource_private.h"

/* ---- the document ------------------------------------------------------------------------------ */

static void members_add(struct sql *s, enum resource_id id)
{
	const struct resource *r = resource(id);
	const char *comma = "";

	for (unsigned i = 0; i < r->fields; i++) {
		const struct field *f = &r->field[i];

		if (!field_is_updated(f) || (f->flags & FIELD_HIDDEN))
			continue;
		sql_add(s, "%s'%s', ", comma, f->name);
		resource_expression_add(s, r, f);
		comma = ", ";
	}
}

static void object_add(struct sql *s, const char *key, enum resource_id id)
{
	sql_add(s, "'%s', json_build_object(", key);
	members_add(s, id);
	sql_add(s, ")");
}

static void sip_account_add(struct sql *s, const char *role, enum resource_id id)
{
	sql_add(s, "'%s', (SELECT json_build_object(", role);
	members_add(s, id);
	sql_add(s, ") FROM sip_account WHERE trunk_id = trunk.id AND role = '%s')", role);
}

static void trunks_add(struct sql *s)
{
	sql_add(s, "'trunks', (SELECT coalesce(json_agg(t.one ORDER BY t.id), '[]') FROM (SELECT "
		   "trunk.id, json_build_object('id', 'trk_' || trunk.id, ");
	members_add(s, RESOURCE_TRUNK);
	sql_add(s, ", 'sip_accounts', json_build_object(");
	sip_account_add(s, "primary", RESOURCE_SIP_ACCOUNT_PRIMARY);
	sql_add(s, ", ");
	sip_account_add(s, "secondary", RESOURCE_SIP_ACCOUNT_SECONDARY);
	sql_add(s, "), ");
	object_add(s, "ha", RESOURCE_TRUNK_HA);
	sql_add(s, ", ");
	sql_add(s,
		"'failover', json_build_object('enabled', failover_enabled, 'dial_plan', (SELECT "
		"p.internal_number FROM dial_plan p WHERE p.id = trunk.failover_dial_plan_id), "
		"'triggers', failover_triggers)) AS one FROM trunk WHERE trunk.account_id = $1) "
		"t)");
}

static void dial_plans_add(struct sql *s)
{
	sql_add(s, "'dial_plans', (SELECT coalesce(json_agg(p.one ORDER BY p.id), '[]') FROM "
		   "(SELECT dial_plan.id, json_build_object('id', 'dp_' || dial_plan.id, ");
	members_add(s, RESOURCE_DIAL_PLAN);
	sql_add(s, ") AS one FROM dial_plan WHERE dial_plan.account_id = $1) p)");
}

/* What a DID calls its trunk: the external_id or the name, as long as no other trunk is meant by it. */
static const char refs_sql[] =
	"WITH ref AS (SELECT t.id, CASE WHEN t.external_id IS NOT NULL AND count(*) OVER "
	"(PARTITION "
	"BY t.external_id) = 1 THEN t.external_id WHEN count(*) OVER (PARTITION BY t.name) = 1 AND "
	"NOT EXISTS (SELECT FROM trunk o WHERE o.account_id = $1 AND o.external_id = t.name) THEN "
	"t.name ELSE 'trk_' || t.id END AS ref FROM trunk t WHERE t.account_id = $1) ";

#define VERSIONS(table)                                                                            \
	"(SELECT string_agg(v.id || '.' || v.version, ',' ORDER BY v.id) FROM " table              \
	" v WHERE v.account_id = a.id)"
#define SQL_ETAG                                                                                   \
	"md5(concat_ws('/', a.version, a.updated_at, " VERSIONS("trunk") ", " VERSIONS(            \
		"sip_account") ", " VERSIONS("dial_plan") ", (SELECT count(*) || '.' || "          \
							  "sum(hashint8extended(d.number, "        \
							  "d.version + (extract(epoch FROM "       \
							  "d.updated_at) * 1000000)::bigint)) "    \
							  "FROM did d WHERE d.account_id = "       \
							  "a.id)))"

static char *read_make(void)
{
	struct sql s;

	if (sql_begin(&s) != 0)
		return NULL;
	sql_add(&s, "%sSELECT (SELECT json_build_object(", refs_sql);
	object_add(&s, "account", RESOURCE_ACCOUNT);
	sql_add(&s, ", ");
	object_add(&s, "failover", RESOURCE_ACCOUNT_FAILOVER);
	sql_add(&s, ", ");
	object_add(&s, "destination_rules", RESOURCE_DESTINATION_RULES);
	sql_add(&s, ", ");
	trunks_add(&s);
	sql_add(&s, ", ");
	dial_plans_add(&s);
	sql_add(&s, ", 'dids', (SELECT coalesce(json_agg(d.one ORDER BY d.number), '[]') FROM "
		    "(SELECT did.number, ");
	did_row_json_add(&s, "(SELECT ref.ref FROM ref WHERE ref.id = did.trunk_id)");
	sql_add(&s,
		" AS one FROM did WHERE did.account_id = $1) d)) FROM account WHERE account.id = "
		"a.id), " SQL_ETAG
		" FROM account a WHERE a.id = $1 AND ($2::uuid IS NULL OR a.id = "
		"$2)");
	return sql_end(&s);
}

static int none_is_missing(int err, struct pg_result **row)
{
	if (err || db_rows(*row) > 0)
		return err;
	db_clear(*row);
	*row = NULL;
	return ESRCH;
}

int configuration_read(
	struct db *db, const char *account, const char *owner, struct pg_result **row)
{
	const char *param[] = {account, owner};
	char *sql = read_make();
	int err = sql ? db_query(db, sql, 2, param, row) : ENOMEM;

	free(sql);
	return none_is_missing(err, row);
}

int configuration_etag(
	struct db *db, const char *account, const char *owner, char etag[CONFIGURATION_ETAG_SIZE])
{
	const char *param[] = {account, owner};
	struct pg_result *row = NULL;
	int err = db_query(db,
		"SELECT " SQL_ETAG
		" FROM account a WHERE a.id = $1 AND ($2::uuid IS NULL OR a.id = $2)",
		2, param, &row);

	err = none_is_missing(err, &row);
	if (!err)
		snprintf(etag, CONFIGURATION_ETAG_SIZE, "%s", db_text(row, 0, 0));
	db_clear(row);
	return err;
}

/* The locks on the account and the trunks keep new rows from pointing to them. */
int configuration_lock(struct db *db, const char *account)
{
	static const char *const sql[] = {
		"SELECT FROM account WHERE id = $1 FOR UPDATE",
		"SELECT FROM trunk WHERE account_id = $1 ORDER BY id FOR UPDATE",
		"SELECT FROM sip_account WHERE account_id = $1 ORDER BY id FOR UPDATE",
		"SELECT FROM dial_plan WHERE account_id = $1 ORDER BY id FOR UPDATE",
		"SELECT FROM did WHERE account_id = $1 ORDER BY number FOR UPDATE",
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(sql) / sizeof(sql[0]); i++)
		err = db_query(db, sql[i], 1, &account, NULL);
	return err;
}

/* ---- its parts --------------------------------------------------------------------------------- */

int configuration_trunks(struct db *db, const char *account, struct pg_result **result)
{
	return db_query(db,
		"SELECT id, name, external_id FROM trunk WHERE account_id = $1 ORDER BY id", 1,
		&account, result);
}

int configuration_dial_plans(struct db *db, const char *account, struct pg_result **result)
{
	return db_query(db,
		"SELECT id, internal_number FROM dial_plan WHERE account_id = $1 ORDER BY id", 1,
		&account, result);
}

#define OTHER_DIDS                                                                                 \
	" FROM did WHERE did.account_id = $1 AND NOT EXISTS (SELECT FROM did_load l WHERE "        \
	"l.number = did.number)"

int configuration_other_dids(struct db *db, const char *account, struct pg_result **result)
{
	struct sql s;
	char *text;
	int err;

	*result = NULL;
	if (sql_begin(&s) != 0)
		return ENOMEM;
	sql_add(&s, "SELECT '+' || did.number, ");
	did_row_json_add(&s, NULL);
	sql_add(&s, OTHER_DIDS " ORDER BY did.number");
	text = sql_end(&s);
	err = text ? db_query(db, text, 1, &account, result) : ENOMEM;
	free(text);
	return err;
}

static int other_dids_event(struct db *db, const char *account)
{
	const char *param[1 + EVENT_ACTOR_PARAMS] = {account};
	struct sql s;
	char *text;
	int err;

	if (sql_begin(&s) != 0)
		return ENOMEM;
	event_actor_params(db, param + 1);
	sql_add(&s, "INSERT INTO event (type, subject, account_id, trunk_id, did, before, "
		    "revision, " SQL_EVENT_ACTOR_COLUMNS
		    ") SELECT 'did.deleted', 'dids/+' || did.number, "
		    "did.account_id, did.trunk_id, did.number, ");
	did_row_json_add(&s, NULL);
	sql_add(&s, ", revision_token(), " SQL_EVENT_ACTOR(2, 3, 4, 5) OTHER_DIDS
		" ORDER BY did.number");
	text = sql_end(&s);
	err = text ? db_query(db, text, 1 + EVENT_ACTOR_PARAMS, param, NULL) : ENOMEM;
	free(text);
	return err;
}

int configuration_other_dids_delete(struct db *db, const char *account)
{
	int err = other_dids_event(db, account);

	return err ? err : db_query(db, "DELETE" OTHER_DIDS, 1, &account, NULL);
}

int configuration_secret_is(
	struct db *db, const char *trunk, const char *role, const char *ha1, bool *same)
{
	const char *param[] = {trunk, role, ha1};
	struct pg_result *result;
	int err = db_query(db,
		"SELECT FROM sip_account WHERE trunk_id = $1 AND role = $2 AND ha1_sha256 = $3", 3,
		param, &result);

	if (err)
		return err;
	*same = db_rows(result) > 0;
	db_clear(result);
	return 0;
}
