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
/* clang-format on */

#endif
