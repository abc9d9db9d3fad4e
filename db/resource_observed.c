#include "db/resource_observed.h"

#include <errno.h>
#include <string.h>

#include "db/resource_private.h"

/* clang-format off */
/* How the workers see an address of the configuration. */
#define HEALTH(address) \
	"(SELECT coalesce(json_agg(json_build_object('worker', h.worker, 'state', h.state, " \
	"'status', h.status, 'rtt_ms', h.rtt_ms, 'since', " SQL_TIME("h.since") ", " \
	"'checked_at', " SQL_TIME("h.checked_at") ") ORDER BY h.worker), '[]') " \
	"FROM target_health h WHERE h.kind = 'address' AND h.target = " SQL_TARGET(address) " " \
	"AND h.worker IN " SQL_LIVE_WORKERS ")"

static const char trunk_sql[] =
	"SELECT json_build_object('trunk_id', 'trk_' || t.id, 'enabled', t.enabled, "
	"'calls_up', (SELECT coalesce(sum(c.calls_up), 0) FROM trunk_calls c "
		"WHERE c.trunk_id = t.id AND c.worker IN " SQL_LIVE_WORKERS "), "
	"'draining', t.draining, 'max_concurrent_calls', t.max_concurrent_calls, "
	"'workers', (SELECT coalesce(json_agg(json_build_object('worker', c.worker, 'calls_up', c.calls_up) "
		"ORDER BY c.worker), '[]') FROM trunk_calls c "
		"WHERE c.trunk_id = t.id AND c.calls_up > 0 AND c.worker IN " SQL_LIVE_WORKERS "), "
	"'sip_accounts', (SELECT coalesce(json_agg(json_build_object("
		"'role', s.role, 'label', s.label, 'auth_mode', s.auth_mode, "
		"'registered', CASE WHEN s.auth_mode = 'registration' THEN EXISTS ("
			"SELECT FROM binding b WHERE b.sip_account_id = s.id AND b.expires_at > now()) END, "
		"'address', s.address, "
		"'bindings', (SELECT coalesce(json_agg(json_build_object("
			"'contact', b.contact, 'source', b.source, 'transport', b.transport, "
			"'user_agent', b.user_agent, 'registered_at', " SQL_TIME("b.registered_at") ", "
			"'expires_at', " SQL_TIME("b.expires_at") ", 'worker', b.worker) "
			"ORDER BY b.registered_at DESC), '[]') "
			"FROM binding b WHERE b.sip_account_id = s.id AND b.expires_at > now()), "
		"'health', " HEALTH("s.address") ", 'last_proven_at', "
		SQL_TIME("last_proven_at('trk_' || t.id || '/' || s.role, t.account_id)") ") ORDER BY s.role), '[]') "
		"FROM sip_account s WHERE s.trunk_id = t.id), "
	"'backup_pbxs', (SELECT coalesce(json_agg(json_build_object("
		"'address', p.address, 'health', " HEALTH("p.address") ", 'last_proven_at', "
		SQL_TIME("last_proven_at(address_uri(p.address), t.account_id)") ") ORDER BY p.n), '[]') "
		"FROM jsonb_array_elements(a.failover_backup_pbxs) WITH ORDINALITY p (address, n)), "
	"'did_backup_pbxs', (SELECT coalesce(json_agg(json_build_object("
		"'address', p.address, 'health', " HEALTH("p.address") ", 'last_proven_at', "
		SQL_TIME("last_proven_at(address_uri(p.address), t.account_id)") ") ORDER BY p.address), '[]') "
		"FROM (SELECT DISTINCT l.address FROM did d, jsonb_array_elements(d.failover_backup_pbxs) l (address) "
		"WHERE d.trunk_id = t.id AND d.failover_backup_pbxs <> '[]' LIMIT 100) p), "
	"'last_failover', (SELECT json_build_object('cdr_id', 'cdr_' || c.id, 'did', '+' || c.did, "
		"'started_at', " SQL_TIME("c.started_at") ", 'disposition', c.disposition) "
		"FROM cdr c WHERE c.trunk_id = t.id AND c.account_id = t.account_id AND c.failed_over "
		"AND c.direction = 'inbound' "
		"ORDER BY c.id DESC LIMIT 1)) "
	"FROM trunk t JOIN account a ON a.id = t.account_id "
	"WHERE t.id = $1 AND ($2::uuid IS NULL OR t.account_id = $2)";

static const char gateway_sql[] =
	"SELECT json_build_object('gateway_id', 'gw_' || g.id, 'enabled', g.enabled, "
	"'address', g.address, 'failover_address', g.failover_address, "
	"'health', " HEALTH("g.address") ", "
	"'failover_health', CASE WHEN g.failover_address IS NOT NULL THEN " HEALTH("g.failover_address") " END, "
	"'last_proven_at', " SQL_TIME("last_proven_at('gw_' || g.id || '/address', NULL)") ", "
	"'failover_last_proven_at', " SQL_TIME("last_proven_at('gw_' || g.id || '/failover_address', NULL)") ", "
	"'registration', CASE WHEN g.registration IS NOT NULL THEN (SELECT coalesce(json_agg("
		"json_build_object('worker', r.worker, 'state', r.state, "
		"'registrar', CASE WHEN r.registrar IS NOT NULL THEN json_build_object("
			"'host', split_part(r.registrar, '|', 1), "
			"'port', nullif(split_part(r.registrar, '|', 2), '0')::integer, "
			"'transport', split_part(r.registrar, '|', 3)) END, "
		"'source', r.source, 'status', r.status, 'expires_at', " SQL_TIME("r.expires_at") ", "
		"'since', " SQL_TIME("r.since") ", 'checked_at', " SQL_TIME("r.checked_at") ") "
		"ORDER BY r.worker), '[]') FROM gateway_registration r WHERE r.gateway_id = g.id "
		"AND r.worker IN " SQL_LIVE_WORKERS ") END) FROM gateway g WHERE g.id = $1";
/* clang-format on */

static const char cdr_sql[] = "SELECT " SQL_CDR_JSON " FROM cdr WHERE id = $1 AND "
			      "($2::uuid IS NULL OR account_id = $2)";

/* Healthy: it reports, and what it routes by is not older than the promise of 60 seconds. */
static const char sync_sql[] =
	"SELECT json_build_object('revision', revision_current(), 'workers', "
	"(SELECT coalesce(json_agg(json_build_object('name', w.name, 'version', w.version, 'live', "
	"w.live, 'healthy', w.live AND w.epoch_is_current AND w.applied_snapshot IS NOT NULL AND "
	"coalesce(w.lag_ms, 0) < 60000, 'applied_revision', w.applied_revision, "
	"'applied_at', " SQL_TIME("w.applied_at") ", 'lag_ms', w.lag_ms, 'last_seen', " SQL_TIME(
		"w.last_seen") ", 'started_at', " SQL_TIME("w.started_at") ", "
									   "'stopped_at',"
									   " " SQL_TIME("w.stopped_"
											"at") ", "
											      "'con"
											      "fig_"
											      "coun"
											      "ts',"
											      " CAS"
											      "E "
											      "WHEN"
											      " $1:"
											      ":boo"
											      "lean"
											      " THE"
											      "N "
											      "w."
											      "conf"
											      "ig_"
											      "coun"
											      "ts "
											      "END,"
											      " '"
											      "reje"
											      "cts'"
											      ", "
											      "CASE"
											      " WHE"
											      "N "
											      "$1::"
											      "bool"
											      "ean "
											      "THEN"
											      " w."
											      "reje"
											      "cts "
											      "END)"
											      " ORD"
											      "ER "
											      "BY "
											      "w."
											      "name"
											      "), "
											      "'[]'"
											      ") "
											      "FROM"
											      " wor"
											      "ker_"
											      "stat"
											      "us "
											      "w))";

static const char revision_sql[] =
	"SELECT json_build_object('revision', $1::text, 'applied', s.applied, "
	"'applied_at', " SQL_TIME(
		"s.applied_at") ", 'workers', (SELECT coalesce(json_agg(json_build_object('name', "
				"w.worker, 'live', w.live, 'applied', w.applied, "
				"'applied_at', " SQL_TIME(
					"w.applied_at") ") ORDER BY w.worker), '[]') FROM "
							"revision_workers($1::text) w)) "
							"FROM revision_status($1::text) s WHERE "
							"s.state IN ('committed', 'in_progress')";

int observed_trunk(struct db *db, const char *trunk, const char *owner, struct resource_row *row)
{
	const char *param[] = {trunk, owner};

	return resource_row_one(db, trunk_sql, 2, param, row);
}

int observed_gateway(struct db *db, const char *gateway, struct resource_row *row)
{
	return resource_row_one(db, gateway_sql, 1, &gateway, row);
}

int observed_cdr(struct db *db, const char *cdr, const char *owner, struct resource_row *row)
{
	const char *param[] = {cdr, owner};

	return resource_row_one(db, cdr_sql, 2, param, row);
}

int observed_sync(struct db *db, bool is_operator, struct resource_row *row)
{
	const char *param[] = {is_operator ? "t" : "f"};

	return resource_row_one(db, sync_sql, 1, param, row);
}

int observed_revision(struct db *db, const char *revision, struct resource_row *row)
{
	return resource_row_one(db, revision_sql, 1, &revision, row);
}
