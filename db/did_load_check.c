/* What may not be of many DIDs, found by set. Each statement gives lines, and a text with some. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/destination.h"
#include "db/did_load_private.h"

/* Each check shows this many lines at most; they are counted beyond. */
#define SHOWN "101"
#define LINES(from_where)                                                                          \
	"SELECT l.line, NULL, count(*) OVER () " from_where " ORDER BY l.line LIMIT " SHOWN

static void report(struct did_load_check *c, const struct pg_result *result, const char *column,
	enum did_load_error error)
{
	for (int i = 0; i < db_rows(result); i++)
		c->h(db_int(result, i, 0), did_column_find(column), error, db_text(result, i, 1),
			c->arg);
	if (db_rows(result) > 0)
		c->count += (uint64_t)db_int(result, 0, 2);
}

static int find(struct did_load_check *c, const char *sql, int count, const char *const *param,
	const char *column, enum did_load_error error)
{
	struct pg_result *result;
	int err = db_query(c->db, sql, count, param, &result);

	if (err)
		return err;
	report(c, result, column, error);
	db_clear(result);
	return 0;
}

/* ---- numbers and accounts -------------------------------------------------------------------- */

/* A DID of another account exists for an account's key as it does for one DID: its number is taken. */
static int existing_check(struct did_load_check *c)
{
	const char *owner[] = {c->load->account ? c->load->account : c->load->owner};
	int err;

	if (!c->load->update)
		return find(c, LINES("FROM did_load l JOIN did d ON d.number = l.number"), 0, NULL,
			"number", DID_LOAD_EXISTS);
	err = find(c,
		LINES("FROM did_load l JOIN did d ON d.number = l.number WHERE $1::uuid IS NOT "
		      "NULL "
		      "AND d.account_id <> $1"),
		1, owner, "number", DID_LOAD_EXISTS);
	if (!err)
		err = find(c,
			LINES("FROM did_load l JOIN did d ON d.number = l.number WHERE $1::uuid IS "
			      "NULL AND d.account_id <> l.account_id"),
			1, owner, "account_id", DID_LOAD_ACCOUNT_FIXED);
	/* what was refused is not completed with what somebody else's has */
	if (!err && c->count > 0)
		err = db_query(c->db,
			"DELETE FROM did_load l USING did d WHERE d.number = l.number AND "
			"d.account_id <> coalesce($1::uuid, l.account_id)",
			1, owner, NULL);
	return err;
}

int did_load_check_keys(struct did_load_check *c)
{
	int err = find(c,
		"SELECT l.line, NULL, count(*) OVER () FROM did_load l JOIN (SELECT number, "
		"min(line) AS line FROM did_load GROUP BY number HAVING count(*) > 1) f ON "
		"f.number = l.number AND f.line <> l.line ORDER BY l.line LIMIT " SHOWN,
		0, NULL, "number", DID_LOAD_TWICE);

	if (!err)
		err = find(c,
			LINES("FROM did_load l WHERE l.account_id IS NULL AND NOT EXISTS (SELECT "
			      "FROM did d WHERE d.number = l.number)"),
			0, NULL, "account_id", DID_LOAD_ACCOUNT_REQUIRED);
	if (!err)
		err = find(c,
			LINES("FROM did_load l WHERE l.account_id IS NOT NULL AND NOT EXISTS "
			      "(SELECT FROM account a WHERE a.id = l.account_id)"),
			0, NULL, "account_id", DID_LOAD_NO_ACCOUNT);
	return err ? err : existing_check(c);
}

/* ---- rows ------------------------------------------------------------------------------------ */

#define WRITTEN "(l.changed OR l.version IS NULL)"

/* One row for each forwarding of lines that have some. */
#define FORWARDINGS                                                                                \
	"FROM did_load l CROSS JOIN LATERAL jsonb_array_elements(l.forwardings) f WHERE "          \
	"l.forwardings <> '[]' AND " WRITTEN " AND "
#define OWN_DID(number)                                                                            \
	"(EXISTS (SELECT FROM did d WHERE d.number = " number " AND d.account_id = l.account_id) " \
	"OR EXISTS (SELECT FROM did_load o WHERE o.number = " number " AND o.account_id = "        \
	"l.account_id))"

static const struct {
	const char *sql, *column;
	enum did_load_error error;
} rules[] = {
	{LINES("FROM did_load l WHERE l.trunk_id IS NOT NULL AND " WRITTEN
	       " AND NOT EXISTS (SELECT FROM trunk t WHERE t.id = l.trunk_id AND "
	       "t.account_id = "
	       "l.account_id)"),
		"trunk_id", DID_LOAD_NO_TRUNK},
	{LINES("FROM did_load l WHERE l.dial_plan_id IS NOT NULL AND " WRITTEN
	       " AND NOT EXISTS (SELECT FROM dial_plan p WHERE p.id = l.dial_plan_id AND "
	       "p.account_id = l.account_id)"),
		"dial_plan_id", DID_LOAD_NO_DIAL_PLAN},
	{LINES("FROM did_load l WHERE l.trunk_id IS NOT NULL AND l.dial_plan_id IS NOT "
	       "NULL"),
		"dial_plan_id", DID_LOAD_TWO_TARGETS},
	{LINES("FROM did_load l WHERE l.failover_number = l.number"), "failover_number",
		DID_LOAD_SELF_FORWARD},
	{LINES("FROM did_load l WHERE l.failover_calling_party_display = 'fixed' AND "
	       "l.failover_calling_party_number IS NULL"),
		"failover_calling_party_number", DID_LOAD_NO_FIXED_NUMBER},
	{LINES("FROM did_load l WHERE l.failover_calling_party_number IS NOT NULL "
	       "AND " WRITTEN " AND NOT EXISTS (SELECT FROM did d WHERE d.number = "
	       "l.failover_calling_party_number AND d.account_id = l.account_id) AND NOT "
	       "EXISTS "
	       "(SELECT FROM did_load o WHERE o.number = l.failover_calling_party_number "
	       "AND "
	       "o.account_id = l.account_id)"),
		"failover_calling_party_number", DID_LOAD_NOT_OWNED},
	{LINES(FORWARDINGS "'+' || l.number IN (f.value -> 'target' ->> 'external', f.value -> "
			   "'target' ->> 'internal')"),
		"forwardings", DID_LOAD_SELF_FORWARD},
	{LINES(FORWARDINGS "f.value -> 'target' ? 'internal' AND CASE WHEN "
			   "starts_with(f.value -> "
			   "'target' ->> 'internal', '+') THEN NOT " OWN_DID(
				   "substr(f.value -> 'target' ->> 'internal', "
				   "2)::bigint") " ELSE NOT EXISTS (SELECT FROM "
						 "dial_plan p WHERE "
						 "p.account_id = l.account_id AND "
						 "p.internal_number = f.value -> "
						 "'target' ->> 'internal') END"),
		"forwardings", DID_LOAD_NO_INTERNAL},
	{LINES(FORWARDINGS "f.value ->> 'calling_party_number' IS NOT NULL AND NOT " OWN_DID(
		 "substr(f.value ->> 'calling_party_number', 2)::bigint")),
		"forwardings", DID_LOAD_NOT_OWNED},
	{LINES(FORWARDINGS "f.value ->> 'calling_party_display' = 'fixed' AND f.value ->> "
			   "'calling_party_number' IS NULL"),
		"forwardings", DID_LOAD_NO_FIXED_NUMBER},
};

/* As number_circle() walks for one DID: from each number that lines fail over to, with all lines as
 * they will be. Only numbers that are DIDs lead anywhere. */
static const char circle_sql[] =
	"WITH RECURSIVE target AS (SELECT DISTINCT l.failover_number AS number FROM did_load l "
	"WHERE "
	"l.failover_number IS NOT NULL AND l.failover_number <> l.number AND " WRITTEN
	" AND (EXISTS (SELECT FROM did d WHERE d.number = l.failover_number) OR EXISTS (SELECT "
	"FROM "
	"did_load o WHERE o.number = l.failover_number))), walk AS (SELECT t.number AS target, "
	"t.number, ARRAY[t.number] AS path, false AS circle, NULL::uuid AS account_id, false AS "
	"foreign_did FROM target t UNION ALL SELECT w.target, n.next, w.path || n.next, n.next = "
	"ANY(w.path), n.account_id, w.foreign_did OR coalesce(w.account_id <> n.account_id, false) "
	"FROM walk w CROSS JOIN LATERAL (SELECT o.account_id, coalesce(o.failover_number, "
	"a.failover_number) AS next FROM did_load o JOIN account a ON a.id = o.account_id WHERE "
	"o.number = w.number UNION ALL SELECT d.account_id, coalesce(d.failover_number, "
	"a.failover_number) FROM did d JOIN account a ON a.id = d.account_id WHERE d.number = "
	"w.number AND NOT EXISTS (SELECT FROM did_load o WHERE o.number = d.number)) n WHERE "
	"n.next "
	"IS NOT NULL AND NOT w.circle AND cardinality(w.path) < 20) SELECT l.line, CASE WHEN "
	"w.foreign_did OR w.account_id <> l.account_id THEN 'through another account' ELSE '+' || "
	"array_to_string(w.path, ' > +') END, count(*) OVER () FROM walk w JOIN did_load l ON "
	"l.failover_number = w.target WHERE w.circle AND l.failover_number <> l.number ORDER BY "
	"l.line LIMIT " SHOWN;

static int circle_check(struct did_load_check *c)
{
	return find(c, circle_sql, 0, NULL, "failover_number", DID_LOAD_CIRCLE);
}

/* Many lines share a number: each number is decided once for its account. */
static const char destination_sql[] =
	"SELECT min(l.line), count(*), f.destination_rules, f.default_country, l.number, "
	"l.failover "
	"FROM (SELECT l.line, l.account_id, l.failover_number AS number, true AS failover FROM "
	"did_load l WHERE l.failover_number IS NOT NULL AND " WRITTEN
	" UNION ALL SELECT l.line, l.account_id, substr(f.value -> 'target' ->> 'external', "
	"2)::bigint, false " FORWARDINGS "f.value -> 'target' ? 'external') l JOIN feed_account f "
	"ON f.id = l.account_id WHERE NOT " OWN_DID(
		"l.number") " GROUP BY f.destination_rules, f.default_country, l.number, "
			    "l.failover ORDER BY 1";

static int destination_rule(struct did_load_check *c)
{
	struct pg_result *result;
	int err = db_query(c->db, destination_sql, 0, NULL, &result);

	if (err)
		return err;
	for (int i = 0; !err && i < db_rows(result); i++) {
		enum destination_verdict v = DESTINATION_OK;

		err = destination_decide_text(db_text(result, i, 2), db_text(result, i, 3),
			strtoull(db_text(result, i, 4), NULL, 10), &v);
		if (err || v == DESTINATION_OK)
			continue;
		c->h(db_int(result, i, 0),
			did_column_find(db_bool(result, i, 5) ? "failover_number" : "forwardings"),
			v == DESTINATION_EMERGENCY ? DID_LOAD_EMERGENCY : DID_LOAD_DENIED,
			destination_verdict_text(v), c->arg);
		c->count += (uint64_t)db_int(result, i, 1);
	}
	db_clear(result);
	return err;
}

int did_load_check_rules(struct did_load_check *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(rules) / sizeof(rules[0]); i++)
		err = find(c, rules[i].sql, 0, NULL, rules[i].column, rules[i].error);
	if (!err)
		err = circle_check(c);
	return err ? err : destination_rule(c);
}
