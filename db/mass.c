/* Mass operations: picking the DIDs, checking, changing. Taking back is in mass_revert.c. */
#include "db/mass.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "db/destination.h"
#include "db/flow.h"
#include "db/mass_private.h"

/* A hundred thousand DIDs take one to two seconds; a million shall still fit. A lock is waited for
 * longer than by single writes: what was picked before it would have to be picked again. A large body may be
 * parsed while a transaction is open. */
const struct db_options mass_db_options = {.application_name = "trunkguard-api mass",
	.statement_timeout_ms = 20000,
	.reply_timeout_ms = 25000,
	.lock_timeout_ms = 5000,
	.idle_timeout_ms = 30000};

static const char *const words[MASS_ACTION_COUNT] = {
	[MASS_SET_FAILOVER] = "set_failover",
	[MASS_CLEAR_FAILOVER] = "clear_failover",
	[MASS_CREATE] = "create",
	[MASS_ASSIGN] = "assign",
	[MASS_DELETE] = "delete",
};

const char *mass_action_word(enum mass_action a)
{
	return words[a];
}

int mass_action_parse(const char *word)
{
	for (int a = 0; a < MASS_ACTION_COUNT; a++) {
		if (strcmp(words[a], word) == 0)
			return a;
	}
	return -1;
}

void mass_result_fini(struct mass_result *r)
{
	db_clear(r->missing);
	db_clear(r->row);
	memset(r, 0, sizeof(*r));
}

int mass_begin(struct db *db)
{
	int err = db_begin(db);

	return err ? err : db_exec(db, "CREATE TEMP TABLE mass_work (LIKE did) ON COMMIT DROP");
}

/* ---- which DIDs ---------------------------------------------------------------------------- */

/* Locking in one order keeps two operations from waiting for one another. A dry run locks nothing. */
#define PICK_NUMBERS                                                                               \
	"INSERT INTO mass_work SELECT d.* FROM did d WHERE d.number = ANY($1::bigint[]) AND "      \
	"($2::uuid IS NULL OR d.account_id = $2) ORDER BY d.number"
#define PICK_FILTER                                                                                \
	"INSERT INTO mass_work SELECT d.* FROM did d WHERE ($1::uuid IS NULL OR d.account_id = "   \
	"$1) AND ($2::uuid IS NULL OR d.account_id = $2) AND ($3::uuid IS NULL OR d.trunk_id = "   \
	"$3) AND ($4::text IS NULL OR starts_with(d.number::text, $4)) ORDER BY d.number"

static int pick(struct db *db, const struct mass_request *q, int64_t *matched)
{
	static const char *const sql[2][3] = {
		{PICK_NUMBERS, PICK_NUMBERS " FOR NO KEY UPDATE", PICK_NUMBERS " FOR UPDATE"},
		{PICK_FILTER, PICK_FILTER " FOR NO KEY UPDATE", PICK_FILTER " FOR UPDATE"}};
	const char *by_number[] = {q->numbers, q->owner};
	const char *by_filter[] = {q->account, q->owner, q->trunk, q->prefix};
	int lock = q->dry_run ? 0 : q->action == MASS_DELETE ? 2 : 1;
	struct pg_result *result;
	int err;

	if (q->numbers)
		err = db_query(db, sql[0][lock], 2, by_number, &result);
	else
		err = db_query(db, sql[1][lock], 4, by_filter, &result);
	if (err)
		return err;
	*matched = db_affected(result);
	db_clear(result);
	return 0;
}

static int missing_find(
	struct db *db, const struct mass_request *q, int64_t matched, struct mass_result *r)
{
	static const char sql[] =
		"SELECT array_agg(DISTINCT n.number ORDER BY n.number) FROM unnest($1::bigint[]) "
		"n (number) LEFT JOIN mass_work w ON w.number = n.number WHERE w.number IS NULL";
	int err;

	if (!q->numbers || (size_t)matched == q->number_count)
		return 0;
	err = db_query(db, sql, 1, &q->numbers, &r->missing);
	if (!err && db_text(r->missing, 0, 0) && !q->skip_missing)
		r->refused |= MASS_MISSING;
	return err;
}

/* ---- what may not be ----------------------------------------------------------------------- */

/* Sets the bit when the statement finds no row (wanted), or one (!wanted). */
static int probe(struct db *db, const char *sql, int count, const char *const *param, bool wanted,
	unsigned bit, struct mass_result *r)
{
	struct pg_result *result;
	int err = db_query(db, sql, count, param, &result);

	if (err)
		return err;
	if ((db_rows(result) > 0) != wanted)
		r->refused |= bit;
	db_clear(result);
	return 0;
}

static int select_check(struct db *db, const struct mass_request *q, struct mass_result *r)
{
	const char *account[] = {q->account, q->owner}, *trunk[] = {q->trunk, q->owner};
	int err = 0;

	if (q->account)
		err = probe(db,
			"SELECT FROM account WHERE id = $1 AND ($2::uuid IS NULL OR id = $2)", 2,
			account, true, MASS_NO_ACCOUNT, r);
	if (!err && q->trunk)
		err = probe(db,
			"SELECT FROM trunk WHERE id = $1 AND ($2::uuid IS NULL OR account_id = $2)",
			2, trunk, true, MASS_NO_TRUNK, r);
	return err;
}

/* As number_circle() walks for one DID: from the new number, taking at each of our DIDs its failover
 * number, else its account's; every picked DID leads back to where the walk began. */
static const char circle_sql[] =
	"WITH RECURSIVE walk AS (SELECT $1::bigint AS number, ARRAY[$1::bigint] AS path, "
	"false AS circle, false AS foreign_did UNION ALL SELECT n.next, w.path || n.next, "
	"n.next = ANY(w.path), w.foreign_did OR EXISTS (SELECT FROM mass_work m WHERE "
	"m.account_id <> n.account_id) FROM walk w CROSS JOIN LATERAL (SELECT d.account_id, CASE "
	"WHEN EXISTS (SELECT FROM mass_work m WHERE m.number = d.number) THEN $1::bigint ELSE "
	"coalesce(d.failover_number, a.failover_number) END AS next FROM did d JOIN account a "
	"ON a.id = d.account_id WHERE d.number = w.number) n WHERE n.next IS NOT NULL AND NOT "
	"w.circle AND cardinality(w.path) < 20) SELECT CASE WHEN foreign_did THEN 'through "
	"another account' ELSE '+' || array_to_string(path, ' > +') END FROM walk WHERE circle "
	"LIMIT 1";

/* From a node of call_flow.sql: does it lead back to one of the DIDs? Ways through DIDs that are about to
 * change do not matter, for then such a one was met before. */
static int flow_check(struct db *db, const char *kind, const char *key, struct mass_result *r)
{
	const char *param[] = {kind, key};
	struct pg_result *result;
	int err;

	err = db_query(db,
		"SELECT '+' || w.number || ' > … > +' || w.number FROM "
		"unnest(flow_reached(ARRAY[$1::text || $2::text])) n (node) JOIN mass_work w ON "
		"n.node = 'd' || w.number ORDER BY w.number LIMIT 1",
		2, param, &result);
	if (err)
		return err;
	if (db_rows(result) > 0) {
		r->refused |= MASS_CIRCLE;
		snprintf(r->path, sizeof(r->path), "%s", db_text(result, 0, 0));
	}
	db_clear(result);
	return 0;
}

static int number_check(struct db *db, const char *number, struct mass_result *r)
{
	struct pg_result *result;
	int err;

	err = probe(db, "SELECT FROM mass_work WHERE number = $1", 1, &number, false,
		MASS_SELF_FORWARD, r);
	if (err || (r->refused & MASS_SELF_FORWARD))
		return err;
	err = db_query(db, circle_sql, 1, &number, &result);
	if (err)
		return err;
	if (db_rows(result) > 0) {
		r->refused |= MASS_CIRCLE;
		snprintf(r->path, sizeof(r->path), "%s", db_text(result, 0, 0));
	}
	db_clear(result);
	err = r->refused & MASS_CIRCLE ? 0 : flow_check(db, "d", number, r);
	if (!err)
		err = destination_check_mass(db, number, &r->verdict);
	if (!err && r->verdict != DESTINATION_OK)
		r->refused |= MASS_DENIED;
	return err;
}

enum { NUMBER, BACKUP_PBXS, DISPLAY, DISPLAY_NUMBER };

static int failover_check(struct db *db, const struct mass_request *q, struct mass_result *r)
{
	const struct resource_value *v = q->failover;
	const char *fixed[] = {v[DISPLAY].set ? "t" : "f", v[DISPLAY].text,
		v[DISPLAY_NUMBER].set ? "t" : "f", v[DISPLAY_NUMBER].text};
	int err = 0;

	if (v[NUMBER].text)
		err = number_check(db, v[NUMBER].text, r);
	if (!err && v[DISPLAY_NUMBER].text)
		err = probe(db,
			"SELECT FROM mass_work WHERE account_id IS DISTINCT FROM (SELECT "
			"account_id FROM did WHERE number = $1) LIMIT 1",
			1, &v[DISPLAY_NUMBER].text, false, MASS_NOT_OWNED, r);
	if (!err && (v[DISPLAY].set || v[DISPLAY_NUMBER].set))
		err = probe(db,
			"SELECT FROM mass_work WHERE (CASE WHEN $1::boolean THEN $2::text ELSE "
			"failover_calling_party_display END) = 'fixed' AND (CASE WHEN "
			"$3::boolean THEN $4::bigint ELSE failover_calling_party_number END) IS "
			"NULL LIMIT 1",
			4, fixed, false, MASS_NO_FIXED_NUMBER, r);
	return err;
}

static int dial_plan_check(struct db *db, const struct mass_request *q, struct mass_result *r)
{
	const char *plan[] = {q->assign_to_dial_plan, q->owner};
	int err;

	err = probe(db,
		"SELECT FROM dial_plan WHERE id = $1 AND ($2::uuid IS NULL OR account_id = $2) FOR "
		"KEY SHARE",
		2, plan, true, MASS_NO_DIAL_PLAN, r);
	if (!err && !r->refused)
		err = probe(db,
			"SELECT FROM mass_work WHERE account_id <> (SELECT account_id FROM "
			"dial_plan WHERE id = $1) LIMIT 1",
			1, plan, false, MASS_NO_DIAL_PLAN, r);
	if (!err && !r->refused)
		err = flow_check(db, "p", q->assign_to_dial_plan, r);
	return err;
}

static int assign_check(struct db *db, const struct mass_request *q, struct mass_result *r)
{
	const char *trunk[] = {q->assign_to, q->owner};
	int err;

	if (q->assign_to_dial_plan)
		return dial_plan_check(db, q, r);
	if (!q->assign_to)
		return 0;
	/* The lock keeps the trunk until the change is in. */
	err = probe(db,
		"SELECT FROM trunk WHERE id = $1 AND ($2::uuid IS NULL OR account_id = $2) FOR KEY "
		"SHARE",
		2, trunk, true, MASS_NO_TARGET, r);
	if (err || r->refused)
		return err;
	return probe(db,
		"SELECT FROM mass_work WHERE account_id <> (SELECT account_id FROM trunk WHERE id "
		"= "
		"$1) LIMIT 1",
		1, &q->assign_to, false, MASS_NO_TARGET, r);
}

/* ---- the change ---------------------------------------------------------------------------- */

#define VALUE(set, value, type, column)                                                            \
	"CASE WHEN " set "::boolean THEN " value "::" type " ELSE " column " END"
#define NEW_NUMBER VALUE("$1", "$2", "bigint", "w.failover_number")
#define NEW_PBXS VALUE("$3", "$4", "jsonb", "w.failover_backup_pbxs")
#define NEW_DISPLAY VALUE("$5", "$6", "text", "w.failover_calling_party_display")
#define NEW_DISPLAY_NUMBER VALUE("$7", "$8", "bigint", "w.failover_calling_party_number")

#define FAILOVER_JSON(number, pbxs, display, display_number)                                       \
	"jsonb_build_object('number', '+' || " number ", 'backup_pbxs', " pbxs                     \
	", 'calling_party_display', " display ", 'calling_party_number', '+' || " display_number   \
	")"

#define SAMPLE(before, after)                                                                      \
	"SELECT jsonb_agg(s.one ORDER BY s.number) FROM (SELECT w.number, jsonb_build_object("     \
	"'number', '+' || w.number, 'before', " before ", 'after', " after                         \
	") AS one FROM mass_work w ORDER BY w.number LIMIT 10) s"

static const struct step {
	const char *narrow; /* drops what has the values already */
	const char *sample;
	const char *prior; /* $1 the operation */
	const char *change;
} failover_step = {
	.narrow = "DELETE FROM mass_work w WHERE w.failover_number IS NOT DISTINCT FROM " NEW_NUMBER
		  " AND w.failover_backup_pbxs = " NEW_PBXS
		  " AND w.failover_calling_party_display IS NOT DISTINCT FROM " NEW_DISPLAY
		  " AND w.failover_calling_party_number IS NOT DISTINCT FROM " NEW_DISPLAY_NUMBER,
	.sample = SAMPLE(
		FAILOVER_JSON("w.failover_number", "w.failover_backup_pbxs",
			"w.failover_calling_party_display", "w.failover_calling_party_number"),
		FAILOVER_JSON(NEW_NUMBER, NEW_PBXS, NEW_DISPLAY, NEW_DISPLAY_NUMBER)),
	.prior = "INSERT INTO mass_operation_prior SELECT $1::uuid, version + 1, "
		 "jsonb_build_object('number', failover_number, 'backup_pbxs', "
		 "failover_backup_pbxs, 'calling_party_display', failover_calling_party_display, "
		 "'calling_party_number', failover_calling_party_number), array_agg(number) FROM "
		 "mass_work GROUP BY version, failover_number, failover_backup_pbxs, "
		 "failover_calling_party_display, failover_calling_party_number",
	.change = "UPDATE did d SET failover_number = " NEW_NUMBER
		  ", failover_backup_pbxs = " NEW_PBXS
		  ", failover_calling_party_display = " NEW_DISPLAY
		  ", failover_calling_party_number = " NEW_DISPLAY_NUMBER
		  ", version = d.version + 1, updated_at = now() FROM mass_work w WHERE "
		  "w.number = d.number",
};

static const struct step assign_step = {
	.narrow = "DELETE FROM mass_work WHERE trunk_id IS NOT DISTINCT FROM $1::uuid AND "
		  "dial_plan_id IS NOT DISTINCT FROM $2::uuid",
	.sample = SAMPLE("jsonb_build_object('trunk_id', 'trk_' || w.trunk_id, 'dial_plan_id', "
			 "'dp_' || w.dial_plan_id)",
		"jsonb_build_object('trunk_id', 'trk_' || $1::uuid, 'dial_plan_id', 'dp_' || "
		"$2::uuid)"),
	.prior = "INSERT INTO mass_operation_prior SELECT $1::uuid, version + 1, "
		 "jsonb_build_object('trunk_id', trunk_id, 'dial_plan_id', dial_plan_id), "
		 "array_agg(number) FROM mass_work GROUP BY version, trunk_id, dial_plan_id",
	.change = "UPDATE did d SET trunk_id = $1::uuid, dial_plan_id = $2::uuid, version = "
		  "d.version + 1, updated_at = now() FROM mass_work w WHERE w.number = d.number",
};

static const struct step delete_step = {
	.sample = SAMPLE("jsonb_build_object('account_id', 'acc_' || w.account_id, 'trunk_id', "
			 "'trk_' || w.trunk_id, 'dial_plan_id', 'dp_' || w.dial_plan_id, 'label', "
			 "w.label, 'external_id', w.external_id)",
		"NULL::text"),
	.prior = "INSERT INTO mass_operation_prior SELECT $1::uuid, min(g.version), g.prior, "
		 "array_agg(g.number) FROM (SELECT number, version, to_jsonb(w) - 'number' AS "
		 "prior FROM mass_work w) g GROUP BY g.prior",
	.change = "DELETE FROM did d USING mass_work w WHERE w.number = d.number",
};

struct change {
	const struct step *step;
	const char *param[2 * MASS_FAILOVER_FIELDS];
	int params;
};

static void change_init(struct change *c, const struct mass_request *q)
{
	memset(c, 0, sizeof(*c));
	if (q->action == MASS_DELETE) {
		c->step = &delete_step;
	} else if (q->action == MASS_ASSIGN) {
		c->step = &assign_step;
		c->param[c->params++] = q->assign_to;
		c->param[c->params++] = q->assign_to_dial_plan;
	} else {
		c->step = &failover_step;
		for (unsigned i = 0; i < MASS_FAILOVER_FIELDS; i++) {
			c->param[c->params++] = q->failover[i].set ? "t" : "f";
			c->param[c->params++] = q->failover[i].text;
		}
	}
}

static int narrow(struct db *db, const struct change *c, int64_t *changed)
{
	struct pg_result *result;
	int err;

	if (!c->step->narrow)
		return 0;
	err = db_query(db, c->step->narrow, c->params, c->param, &result);
	if (err)
		return err;
	*changed -= db_affected(result);
	db_clear(result);
	return 0;
}

int mass_operation_insert(struct db *db, const struct mass_request *q, int64_t matched,
	int64_t changed, struct mass_result *r)
{
	static const char sql[] =
		"INSERT INTO mass_operation (account_id, action, request, matched, changed, "
		"not_found, "
		"revision, expires_at, revert_at) VALUES ($1, $2, $3, $4, $5, "
		"coalesce($6::bigint[], "
		"'{}'), revision_token(), now() + make_interval(secs => $7::integer), now() + "
		"make_interval(secs => $7::integer)) RETURNING " SQL_MASS_FULL_JSON
		", id, revision";
	char m[24], c[24];
	const char *param[] = {q->owner, mass_action_word(q->action), q->request, m, c,
		r->missing ? db_text(r->missing, 0, 0) : NULL, q->expires_in_seconds};

	snprintf(m, sizeof(m), "%lld", (long long)matched);
	snprintf(c, sizeof(c), "%lld", (long long)changed);
	return db_query(db, sql, 7, param, &r->row);
}

int mass_rehearsed(struct db *db, const char *sample, struct mass_result *r)
{
	struct pg_result *row = r->row;
	const char *param[] = {db_text(row, 0, 0), sample};
	int err;

	r->row = NULL;
	err = db_query(db,
		"SELECT $1::jsonb || jsonb_build_object('id', NULL, 'revision', NULL, "
		"'created_at', "
		"NULL, 'dry_run', true, 'sample', coalesce($2::jsonb, '[]'))",
		2, param, &r->row);
	db_clear(row);
	return err;
}

static int rehearse(struct db *db, const struct change *c, struct mass_result *r)
{
	struct pg_result *sample = NULL;
	int err = db_query(db, c->step->sample, c->params, c->param, &sample);

	if (!err)
		err = mass_rehearsed(db, db_text(sample, 0, 0), r);
	db_clear(sample);
	return err;
}

/* The schema has the last word about circles, for others may have written meanwhile. */
static int circle_take(struct db *db, int err, struct mass_result *r)
{
	const char *path = err ? flow_circle(db) : NULL;

	if (!path)
		return err;
	r->refused |= MASS_CIRCLE;
	snprintf(r->path, sizeof(r->path), "%s", path);
	return 0;
}

static int carry_out(struct db *db, const struct change *c, struct mass_result *r)
{
	const char *id = db_text(r->row, 0, 1);
	int err = db_query(db, c->step->prior, 1, &id, NULL);

	if (!err)
		err = circle_take(db, db_query(db, c->step->change, c->params, c->param, NULL), r);
	if (r->refused)
		return 0;
	if (!err)
		err = mass_event(db, id, "mass_operation.created");
	return err ? err : db_commit(db);
}

static int check(
	struct db *db, const struct mass_request *q, int64_t *matched, struct mass_result *r)
{
	int err = select_check(db, q, r);

	if (err || r->refused)
		return err;
	err = pick(db, q, matched);
	if (!err)
		err = missing_find(db, q, *matched, r);
	if (!err && q->action == MASS_SET_FAILOVER)
		err = failover_check(db, q, r);
	if (!err && q->action == MASS_ASSIGN)
		err = assign_check(db, q, r);
	return err;
}

int mass_alone(struct db *db, const struct mass_request *q)
{
	const char *account = q->owner ? q->owner : q->account;
	struct pg_result *result;
	int err;

	if (!account)
		return 0;
	err = db_query(db,
		"SELECT pg_try_advisory_xact_lock(hashtext('trunkguard.mass'), hashtext($1))", 1,
		&account, &result);
	if (err)
		return err;
	err = db_bool(result, 0, 0) ? 0 : EINPROGRESS;
	db_clear(result);
	return err;
}

static int apply(struct db *db, const struct mass_request *q, struct mass_result *r)
{
	int64_t matched = 0, changed;
	struct change c;
	int err = mass_begin(db);

	if (!err)
		err = mass_alone(db, q);
	if (!err)
		err = check(db, q, &matched, r);
	if (err || r->refused)
		return err;
	changed = matched;
	change_init(&c, q);
	err = narrow(db, &c, &changed);
	if (!err)
		err = mass_operation_insert(db, q, matched, changed, r);
	if (err)
		return err;
	return q->dry_run ? rehearse(db, &c, r) : carry_out(db, &c, r);
}

int mass_apply(struct db *db, const struct mass_request *request, struct mass_result *result)
{
	int err;

	memset(result, 0, sizeof(*result));
	err = apply(db, request, result);
	db_rollback(db); /* after a commit there is nothing to roll back */
	if (err)
		mass_result_fini(result);
	return err;
}

int mass_read(struct db *db, const char *id, const char *owner, struct pg_result **row)
{
	const char *param[] = {id, owner};
	int err = db_query(db,
		"SELECT " SQL_MASS_FULL_JSON " FROM mass_operation WHERE id = $1 AND ($2::uuid IS "
		"NULL OR account_id = $2)",
		2, param, row);

	if (!err && db_rows(*row) == 0) {
		db_clear(*row);
		*row = NULL;
		err = ESRCH;
	}
	return err;
}
