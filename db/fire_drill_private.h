/* How a fire drill shows in JSON, of a row of fire_drill. For db/ only. */
#ifndef TRUNKGUARD_DB_FIRE_DRILL_PRIVATE_H
#define TRUNKGUARD_DB_FIRE_DRILL_PRIVATE_H

#include "db/resource_private.h"

/* clang-format off */
#define SQL_FIRE_DRILL_EVENTS \
	"FROM event e WHERE e.type IN ('backup.proven', 'backup.failed') AND e.data ->> 'fire_drill_id' = " \
	"'drl_' || fire_drill.id AND e.account_id = fire_drill.account_id"

/* A worker that has not answered after a minute will not. */
#define SQL_FIRE_DRILL_STATE \
	"CASE WHEN (SELECT count(*) " SQL_FIRE_DRILL_EVENTS ") >= jsonb_array_length(fire_drill.targets) * " \
	"cardinality(fire_drill.workers) THEN 'done' " \
	"WHEN fire_drill.requested_at < now() - interval '1 minute' THEN 'incomplete' ELSE 'running' END"

#define SQL_FIRE_DRILL_HEAD \
	"'id', 'drl_' || fire_drill.id, 'account_id', 'acc_' || fire_drill.account_id, " \
	"'trunk_id', 'trk_' || fire_drill.trunk_id, 'did', '+' || fire_drill.did, " \
	"'reason', fire_drill.reason, 'state', " SQL_FIRE_DRILL_STATE ", " \
	"'requested_at', " SQL_TIME("fire_drill.requested_at") ", " \
	"'proven', (SELECT count(DISTINCT e.data ->> 'target') " SQL_FIRE_DRILL_EVENTS " AND e.type = 'backup.proven'), " \
	"'failed', (SELECT count(DISTINCT e.data ->> 'target') " SQL_FIRE_DRILL_EVENTS " AND e.type = 'backup.failed')"

#define SQL_FIRE_DRILL_JSON "json_build_object(" SQL_FIRE_DRILL_HEAD ")"

#define SQL_FIRE_DRILL_FULL_JSON \
	"json_build_object(" SQL_FIRE_DRILL_HEAD ", 'targets', (SELECT coalesce(json_agg(json_build_object(" \
	"'kind', t.one ->> 'kind', 'target', t.one ->> 'target', 'last_proven_at', " \
	SQL_TIME("last_proven_at(t.one ->> 'target', fire_drill.account_id)") ", " \
	"'results', (SELECT coalesce(json_agg(json_build_object('worker', e.worker, " \
		"'proven', e.type = 'backup.proven', 'status', e.data -> 'status', 'rtt_ms', e.data -> 'rtt_ms', " \
		"'reason', e.data ->> 'reason', 'at', " SQL_TIME("e.at") ") ORDER BY e.worker), '[]') " \
		SQL_FIRE_DRILL_EVENTS " AND e.data ->> 'target' = t.one ->> 'target')) ORDER BY t.n), '[]') " \
	"FROM jsonb_array_elements(fire_drill.targets) WITH ORDINALITY t (one, n)))"
/* clang-format on */

#endif
