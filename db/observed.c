#include "db/observed.h"

static const char cdr_sql[] =
	"INSERT INTO cdr (id, account_id, trunk_id, direction, did, caller, called, sip_call_id, "
	"worker,"
	" started_at, answered_at, ended_at, duration_ms, disposition, cause, status, failed_over,"
	" answered_by, ended_by, attempts, revision)"
	" SELECT id, account_id, trunk_id, coalesce(direction, 'inbound'), did, caller, called,"
	" sip_call_id, $1, started_at,"
	" answered_at, ended_at, duration_ms, disposition, cause, status, failed_over, answered_by,"
	" ended_by, attempts, revision"
	" FROM jsonb_to_recordset($2::jsonb) AS r (id uuid, account_id uuid, trunk_id uuid,"
	" direction text,"
	" did bigint, caller text, called text, sip_call_id text, started_at timestamptz,"
	" answered_at timestamptz, ended_at timestamptz, duration_ms bigint, disposition text,"
	" cause text, status integer, failed_over boolean, answered_by jsonb, ended_by text,"
	" attempts jsonb, revision text)"
	" ON CONFLICT (id) DO NOTHING";

/* data: an object, or its text, as earlier releases spooled it: a column of type text takes either. */
static const char event_sql[] =
	"INSERT INTO event (id, account_id, type, subject, trunk_id, did, actor_kind, worker, "
	"data, at)"
	" SELECT id, account_id, type, subject, trunk_id, did, 'worker', $1, data::jsonb, at"
	" FROM jsonb_to_recordset($2::jsonb) AS r (id uuid, account_id uuid, type text,"
	" subject text, trunk_id uuid, did bigint, data text, at timestamptz)"
	" ON CONFLICT (id) DO NOTHING";

static const struct {
	const char *put, *delete, *clear;
} statements[DB_OBSERVED_COUNT] = {
	[DB_OBSERVED_BINDING] =
		{"INSERT INTO binding (worker, sip_account_id, contact, source, transport, path,"
		 " user_agent, call_id, cseq, registered_at, expires_at)"
		 " SELECT $1, sip_account_id, contact, source, transport, path, user_agent, "
		 "call_id,"
		 " cseq, registered_at, expires_at FROM jsonb_to_recordset($2::jsonb) AS r"
		 " (sip_account_id uuid, contact text, source text, transport text, path text,"
		 " user_agent text, call_id text, cseq bigint, registered_at timestamptz,"
		 " expires_at timestamptz)"
		 " ON CONFLICT (sip_account_id, worker, contact) DO UPDATE SET"
		 " source = excluded.source, transport = excluded.transport, path = excluded.path,"
		 " user_agent = excluded.user_agent, call_id = excluded.call_id,"
		 " cseq = excluded.cseq, registered_at = excluded.registered_at,"
		 " expires_at = excluded.expires_at",
			"DELETE FROM binding b USING jsonb_to_recordset($2::jsonb)"
			" AS r (sip_account_id uuid, contact text) WHERE b.worker = $1"
			" AND b.sip_account_id = r.sip_account_id AND b.contact = r.contact",
			"DELETE FROM binding WHERE worker = $1"},
	[DB_OBSERVED_HEALTH] =
		{"INSERT INTO target_health (worker, kind, target, state, status, rtt_ms, since,"
		 " checked_at)"
		 " SELECT $1, kind, target, state, status, rtt_ms, since, checked_at"
		 " FROM jsonb_to_recordset($2::jsonb) AS r (kind text, target text, state text,"
		 " status integer, rtt_ms integer, since timestamptz, checked_at timestamptz)"
		 " ON CONFLICT (kind, target, worker) DO UPDATE SET state = excluded.state,"
		 " status = excluded.status, rtt_ms = excluded.rtt_ms, since = excluded.since,"
		 " checked_at = excluded.checked_at",
			"DELETE FROM target_health h USING jsonb_to_recordset($2::jsonb)"
			" AS r (kind text, target text) WHERE h.worker = $1 AND h.kind = r.kind"
			" AND h.target = r.target",
			"DELETE FROM target_health WHERE worker = $1"},
	[DB_OBSERVED_GATEWAY_REGISTRATION] =
		{"INSERT INTO gateway_registration (worker, gateway_id, state, registrar, source,"
		 " status, expires_at, since, checked_at)"
		 " SELECT $1, gateway_id, state, registrar, source, status, expires_at, since,"
		 " checked_at FROM jsonb_to_recordset($2::jsonb) AS r (gateway_id uuid, state text,"
		 " registrar text, source text, status integer, expires_at timestamptz,"
		 " since timestamptz, checked_at timestamptz)"
		 " ON CONFLICT (gateway_id, worker) DO UPDATE SET state = excluded.state,"
		 " registrar = excluded.registrar, source = excluded.source,"
		 " status = excluded.status, expires_at = excluded.expires_at,"
		 " since = excluded.since, checked_at = excluded.checked_at",
			"DELETE FROM gateway_registration g USING jsonb_to_recordset($2::jsonb)"
			" AS r (gateway_id uuid) WHERE g.worker = $1 AND g.gateway_id = "
			"r.gateway_id",
			"DELETE FROM gateway_registration WHERE worker = $1"},
	[DB_OBSERVED_CALLS] =
		{"INSERT INTO trunk_calls (worker, trunk_id, calls_up, updated_at)"
		 " SELECT $1, trunk_id, calls_up, now() FROM jsonb_to_recordset($2::jsonb)"
		 " AS r (trunk_id uuid, calls_up integer)"
		 " ON CONFLICT (trunk_id, worker) DO UPDATE SET calls_up = excluded.calls_up,"
		 " updated_at = excluded.updated_at",
			"DELETE FROM trunk_calls c USING jsonb_to_recordset($2::jsonb)"
			" AS r (trunk_id uuid) WHERE c.worker = $1 AND c.trunk_id = r.trunk_id",
			"DELETE FROM trunk_calls WHERE worker = $1"},
	[DB_OBSERVED_CALL] =
		{"INSERT INTO live_call (worker, id, account_id, trunk_id, did, direction, state,"
		 " caller, called, sip_call_id, caller_tag, attempt, started_at, answered_at)"
		 " SELECT $1, id, account_id, trunk_id, did, direction, state, caller, called,"
		 " sip_call_id, caller_tag, attempt, started_at, answered_at"
		 " FROM jsonb_to_recordset($2::jsonb) AS r (id uuid, account_id uuid,"
		 " trunk_id uuid, did bigint, direction text, state text, caller text,"
		 " called text, sip_call_id text, caller_tag text, attempt jsonb,"
		 " started_at timestamptz, answered_at timestamptz)"
		 " ON CONFLICT (id) DO UPDATE SET worker = excluded.worker,"
		 " state = excluded.state, attempt = excluded.attempt,"
		 " answered_at = excluded.answered_at",
			"DELETE FROM live_call c USING jsonb_to_recordset($2::jsonb)"
			" AS r (id uuid) WHERE c.worker = $1 AND c.id = r.id",
			"DELETE FROM live_call WHERE worker = $1"},
};

int db_cdr_insert(struct db *db, const char *worker, const char *json, int64_t *inserted)
{
	struct pg_result *result;
	int err = db_query(db, cdr_sql, 2, (const char *const[]){worker, json}, &result);

	if (err)
		return err;
	*inserted = db_affected(result);
	db_clear(result);
	return 0;
}

int db_worker_event_insert(struct db *db, const char *worker, const char *json)
{
	return db_query(db, event_sql, 2, (const char *const[]){worker, json}, NULL);
}

int db_observed_put(struct db *db, enum db_observed kind, const char *worker, const char *json)
{
	return db_query(db, statements[kind].put, 2, (const char *const[]){worker, json}, NULL);
}

int db_observed_delete(struct db *db, enum db_observed kind, const char *worker, const char *json)
{
	return db_query(db, statements[kind].delete, 2, (const char *const[]){worker, json}, NULL);
}

int db_observed_clear(struct db *db, enum db_observed kind, const char *worker)
{
	return db_query(db, statements[kind].clear, 1, (const char *const[]){worker}, NULL);
}
