#include "db/resource_route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/resource_private.h"

/* Whatever a call to the number $1 may come to, by the graph of call_flow.sql; $2: the account that asks,
 * which sees nothing of others. */
#define REACHED                                                                                    \
	"WITH n AS MATERIALIZED (SELECT u.node FROM unnest(flow_reached(ARRAY['d' || "             \
	"$1::bigint])) u (node)), d AS MATERIALIZED (SELECT x.number, x.account_id, x.trunk_id "   \
	"FROM did x WHERE x.number IN (SELECT substr(n.node, 2)::bigint FROM n WHERE "             \
	"starts_with(n.node, 'd')) AND ($2::uuid IS NULL OR x.account_id = $2)), p AS "            \
	"MATERIALIZED (SELECT x.id, x.steps FROM dial_plan x WHERE x.id IN (SELECT "               \
	"substr(n.node, 2)::uuid FROM n WHERE starts_with(n.node, 'p')) AND x.account_id IN "      \
	"(SELECT d.account_id FROM d)), t AS MATERIALIZED (SELECT d.trunk_id AS id FROM d WHERE "  \
	"d.trunk_id IS NOT NULL UNION SELECT x.id FROM p, dial_targets(p.steps) s (target), "      \
	"trunk x WHERE x.account_id IN (SELECT d.account_id FROM d) AND 'trk_' || x.id = "         \
	"s.target ->> 'trunk_id') "

/* Which rows of which view, in the order that records need: parents first. */
static const char *const parts[] = {
	REACHED "SELECT v.* FROM feed_account v WHERE v.id IN (SELECT d.account_id FROM d)",
	REACHED "SELECT v.* FROM feed_trunk v WHERE v.id IN (SELECT t.id FROM t)",
	REACHED "SELECT v.* FROM feed_dial_plan v WHERE v.id IN (SELECT p.id FROM p)",
	REACHED "SELECT v.* FROM feed_sip_account v WHERE v.trunk_id IN (SELECT t.id FROM t)",
	"SELECT v.* FROM feed_gateway v WHERE $1::bigint IS NOT NULL AND ($2::uuid IS NULL OR "
	"true)",
	REACHED "SELECT v.* FROM feed_did v WHERE v.number IN (SELECT d.number FROM d)",
};

/* One field in PostgreSQL's COPY text format. */
static void field_write(FILE *out, const char *text)
{
	static const char special[] = "\b\f\n\r\t\v\\";
	static const char escape[] = "bfnrtv\\";

	if (!text) {
		fputs("\\N", out);
		return;
	}
	for (; *text != '\0'; text++) {
		const char *at = strchr(special, *text);

		if (at)
			fprintf(out, "\\%c", escape[at - special]);
		else
			fputc(*text, out);
	}
}

static int line_give(const struct pg_result *result, int row, db_line_h *h, void *arg)
{
	char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);
	int err;

	if (!out)
		return ENOMEM;
	for (int i = 0; i < db_columns(result); i++) {
		if (i > 0)
			fputc('\t', out);
		field_write(out, db_text(result, row, i));
	}
	err = fclose(out) == 0 ? h(line, len, arg) : ENOMEM;
	free(line);
	return err;
}

static int part_give(struct db *db, const char *sql, int count, const char *const *param,
	db_line_h *h, void *arg)
{
	struct pg_result *result;
	int err = db_query(db, sql, count, param, &result);

	if (err)
		return err;
	for (int row = 0; err == 0 && row < db_rows(result); row++)
		err = line_give(result, row, h, arg);
	db_clear(result);
	return err;
}

static int owner_check(struct db *db, const char *number, const char *owner)
{
	const char *param[] = {number, owner};
	struct pg_result *result;
	int err;

	err = db_query(db,
		"SELECT FROM did WHERE number = $1 AND ($2::uuid IS NULL OR account_id = $2)", 2,
		param, &result);
	if (err)
		return err;
	err = db_rows(result) > 0 ? 0 : ESRCH;
	db_clear(result);
	return err;
}

int route_records(struct db *db, const char *number, const char *owner, db_line_h *h, void *arg)
{
	const char *param[] = {number, owner};
	int err = owner_check(db, number, owner);

	for (size_t p = 0; err == 0 && p < sizeof(parts) / sizeof(parts[0]); p++)
		err = part_give(db, parts[p], 2, param, h, arg);
	return err;
}

int route_observed(
	struct db *db, const char *sip_account, const char *trunk, struct route_observation *seen)
{
	const char *param[] = {sip_account, trunk};
	struct pg_result *result;
	int err;

	err = db_query(db,
		"WITH live AS (SELECT name FROM worker_status WHERE live) SELECT "
		"EXISTS (SELECT FROM binding WHERE sip_account_id = $1 AND expires_at > now()), "
		"(SELECT coalesce(bool_and(h.state = 'down'), false) FROM target_health h, "
		"sip_account s WHERE s.id = $1 AND s.auth_mode = 'ip' AND h.kind = 'address' AND "
		"h.target = " SQL_TARGET(
			"s.address") " AND h.worker IN (SELECT name FROM live)), "
				     "(SELECT coalesce(sum(calls_up), 0) FROM trunk_calls WHERE "
				     "trunk_id = $2 AND "
				     "worker IN (SELECT name FROM live))",
		2, param, &result);
	if (err)
		return err;
	seen->registered = db_bool(result, 0, 0);
	seen->down = db_bool(result, 0, 1);
	seen->calls_up = db_int(result, 0, 2);
	db_clear(result);
	return 0;
}

/* The same for a call that the trunk's PBX makes: $1 the trunk, $2 and $3 the numbers called and shown. */
static const char *const trunk_parts[] = {
	"SELECT v.* FROM feed_account v JOIN trunk t ON v.id = t.account_id WHERE t.id = $1::uuid",
	"SELECT v.* FROM feed_trunk v WHERE v.id = $1::uuid",
	"SELECT v.* FROM feed_gateway v WHERE $1::uuid IS NOT NULL",
	"SELECT v.* FROM feed_did v JOIN trunk t ON t.account_id = v.account_id AND "
	"(v.trunk_id IS NULL OR v.trunk_id = t.id) WHERE t.id = $1::uuid AND "
	"v.number IN ($2::bigint, $3::bigint)",
};

static int trunk_check(struct db *db, const char *trunk, const char *owner)
{
	const char *param[] = {trunk, owner};
	struct pg_result *result;
	int err = db_query(db,
		"SELECT FROM trunk WHERE id = $1 AND ($2::uuid IS NULL OR account_id = $2)", 2,
		param, &result);

	if (err)
		return err;
	err = db_rows(result) > 0 ? 0 : ESRCH;
	db_clear(result);
	return err;
}

int route_trunk_itself(struct db *db, const char *trunk, const char *owner, db_line_h *h, void *arg)
{
	int err = trunk_check(db, trunk, owner);

	for (size_t p = 0; err == 0 && p < 2; p++)
		err = part_give(db, trunk_parts[p], 1, &trunk, h, arg);
	return err;
}

int route_trunk_records(struct db *db, const char *trunk, const char *called, const char *shown,
	db_line_h *h, void *arg)
{
	const char *param[] = {trunk, called, shown};
	int err = 0;

	for (size_t p = 2; err == 0 && p < sizeof(trunk_parts) / sizeof(trunk_parts[0]); p++)
		err = part_give(db, trunk_parts[p], p == 3 ? 3 : 1, param, h, arg);
	return err;
}

int route_is_own(struct db *db, const char *number, bool *own)
{
	struct pg_result *result;
	int err = db_query(
		db, "SELECT EXISTS (SELECT FROM did WHERE number = $1)", 1, &number, &result);

	if (err)
		return err;
	*own = db_bool(result, 0, 0);
	db_clear(result);
	return 0;
}
