/* What the files that write events share. */
#ifndef TRUNKGUARD_DB_EVENT_PRIVATE_H
#define TRUNKGUARD_DB_EVENT_PRIVATE_H

#include "db/event.h"
#include "db/resource_private.h"

/* The columns of an actor, and their values as parameters $a to $d, in the order of
 * event_actor_params(). */
#define SQL_EVENT_ACTOR_COLUMNS "actor_kind, actor_key_id, source_ip, request_id"
#define SQL_EVENT_ACTOR(a, b, c, d) "$" #a "::text, $" #b "::uuid, $" #c "::inet, $" #d "::text"

/* clang-format off */
/* An event as JSON; hidden: an SQL condition under which its reader does not learn which key wrote,
 * and from where. */
#define SQL_EVENT_JSON(hidden) \
	"json_build_object('id', 'evt_' || id, 'account_id', 'acc_' || account_id, 'type', type, " \
	"'subject', subject, 'at', " SQL_TIME("at") ", 'trunk_id', 'trk_' || trunk_id, " \
	"'did', '+' || did, 'actor', json_build_object('kind', actor_kind, 'key_id', " \
	"CASE WHEN NOT " hidden " THEN 'key_' || actor_key_id END, 'source_ip', " \
	"CASE WHEN NOT " hidden " THEN host(source_ip) END, 'worker', worker), " \
	"'request_id', request_id, 'revision', revision, 'before', before, 'after', after, " \
	"'data', data)"
#define SQL_EVENT_OPERATORS "(actor_kind = 'operator')"

/* A delivery d with its event e, which may be gone. */
#define SQL_WEBHOOK_DELIVERY_JSON \
	"json_build_object('id', 'dlv_' || d.id, 'webhook_id', 'whk_' || d.webhook_id, 'event_id', " \
	"'evt_' || d.event_id, 'event_type', e.type, 'state', d.state, 'attempts', d.attempts, " \
	"'next_attempt_at', " SQL_TIME("d.next_attempt_at") ", 'last_attempt_at', " \
	SQL_TIME("d.last_attempt_at") ", 'last_status', d.last_status, 'last_error', d.last_error, " \
	"'last_duration_ms', d.last_duration_ms, 'created_at', " SQL_TIME("d.created_at") ", " \
	"'ended_at', " SQL_TIME("d.ended_at") ")"
/* clang-format on */

#endif
