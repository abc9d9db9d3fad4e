/* What the files about resources share. */
#ifndef TRUNKGUARD_DB_RESOURCE_PRIVATE_H
#define TRUNKGUARD_DB_RESOURCE_PRIVATE_H

#include <stdio.h>

#include "db/resource.h"

/* For to_char() of a timestamptz; the connections' time zone is UTC. */
#define SQL_TIME_FORMAT "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'"

#define SQL_TIME(column) "to_char(" column ", " SQL_TIME_FORMAT ")"

/* What the workers call an address in target_health; no port is 0. */
#define SQL_TARGET(address)                                                                        \
	"concat_ws('|', " address " ->> 'host', coalesce(" address " ->> 'port', '0'), " address   \
	" ->> 'transport')"

#define SQL_API_KEY_JSON                                                                           \
	"json_build_object('id', 'key_' || id, 'account_id', 'acc_' || account_id, 'name', name, " \
	"'scopes', scopes, 'created_at', " SQL_TIME("created_at") ", 'last_used_at', " SQL_TIME(   \
		"last_used_at") ", 'expires_at', " SQL_TIME("expires_at") ")"

/* A worker that reported just before it died is not believed for longer than this. */
#define SQL_LIVE_WORKERS "(SELECT w.name FROM worker_status w WHERE w.live)"

/* clang-format off */
#define SQL_CALL_JSON \
	"json_build_object('id', 'call_' || id, 'cdr_id', 'cdr_' || id, 'account_id', 'acc_' || account_id, " \
	"'trunk_id', 'trk_' || trunk_id, 'did', '+' || did, 'direction', direction, 'state', state, " \
	"'caller', caller, 'called', called, 'sip_call_id', sip_call_id, 'attempt', attempt, " \
	"'started_at', " SQL_TIME("started_at") ", 'answered_at', " SQL_TIME("answered_at") ", " \
	"'worker', worker)"

#define SQL_WORKERS "worker_status JOIN (SELECT name, draining FROM worker) w USING (name)"
#define SQL_WORKER_JSON \
	"json_build_object('name', name, 'version', version, 'live', live, 'draining', draining, " \
	"'calls', CASE WHEN live THEN (SELECT count(*) FROM live_call c WHERE c.worker = name) ELSE 0 END, " \
	"'started_at', " SQL_TIME("started_at") ", 'last_seen', " SQL_TIME("last_seen") ", " \
	"'stopped_at', " SQL_TIME("stopped_at") ")"

#define SQL_MASS_JSON \
	"json_build_object('id', 'mop_' || id, 'account_id', 'acc_' || account_id, 'action', action, " \
	"'select', request -> 'select', 'failover', request -> 'failover', 'trunk_id', " \
	"request -> 'trunk_id', 'dial_plan_id', request -> 'dial_plan_id', 'skip_missing', request -> 'skip_missing', 'dry_run', false, " \
	"'matched', matched, 'changed', changed, 'unchanged', matched - changed, " \
	"'revision', revision, 'created_at', " SQL_TIME("created_at") ", 'expires_at', " \
	SQL_TIME("expires_at") ", 'reverted_at', " SQL_TIME("reverted_at") ", 'reverted', reverted, " \
	"'revert_revision', revert_revision)"
/* clang-format on */

/* clang-format off */
#define SQL_CDR_JSON \
	"json_build_object('id', 'cdr_' || id, 'account_id', 'acc_' || account_id, 'trunk_id', " \
	"'trk_' || trunk_id, 'direction', direction, 'did', '+' || did, 'caller', caller, " \
	"'called', called, 'sip_call_id', sip_call_id, 'started_at', " SQL_TIME("started_at") ", " \
	"'answered_at', " SQL_TIME("answered_at") ", 'ended_at', " SQL_TIME("ended_at") ", " \
	"'duration_ms', duration_ms, 'disposition', disposition, 'cause', cause, 'status', status, " \
	"'failed_over', failed_over, 'answered_by', answered_by, 'ended_by', ended_by, " \
	"'attempts', attempts, 'revision', revision, 'worker', worker)"
/* clang-format on */

/* Statement text in the making, from constant pieces only. */
struct sql {
	FILE *out;
	char *text;
	size_t len;
};

int sql_begin(struct sql *s);
void sql_add(struct sql *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text, the caller's to free(). NULL: no memory. */
char *sql_end(struct sql *s);

/* How a column shows in JSON. */
void resource_expression_add(struct sql *s, const struct resource *r, const struct field *f);
/* The expression that makes a row's JSON. */
const char *resource_json_sql(enum resource_id id);
void resource_json_add(struct sql *s, const struct resource *r);
/* A statement whose one row is JSON, and perhaps a revision. ESRCH: no row. */
DB_MUST_CHECK int resource_row_one(struct db *db, const char *sql, int count,
	const char *const *param, struct resource_row *row);

/* Pieces of a statement that writes, db/resource_event.c: the CTE "old" up to its FROM; columns more
 * of the RETURNING of "new"; and the CTE "noted", with the actor in $n to $n+3. */
enum event_verb { EVENT_CREATED, EVENT_UPDATED, EVENT_DELETED };
void event_type_of(const struct resource *r, const char *verb, char *out, size_t size);
void event_old_add(struct sql *s, const struct resource *r);
void event_returning_add(struct sql *s, const struct resource *r);
void event_insert_add(struct sql *s, const struct resource *r, enum event_verb verb, unsigned n);

#endif
