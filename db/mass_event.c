/* The events of a mass operation: one for each account whose DIDs it changed, and the operator's own
 * when it was his. Each says how many, and which, if they are few; what they had is kept with the
 * operation. */
#include "db/event_private.h"
#include "db/mass_private.h"

/* An account is told of an operator's operation what concerns it alone. */
#define OWN_IMAGE                                                                                  \
	"jsonb_build_object('id', 'mop_' || o.id, 'action', o.action, 'failover', o.request -> "   \
	"'failover', 'trunk_id', o.request -> 'trunk_id')"

/* Collecting the numbers of very many, only to drop them, would cost more than all the rest. */
#define SQL(table)                                                                                 \
	"WITH o AS (SELECT mass_operation.*, " SQL_MASS_JSON                                       \
	"::jsonb AS json FROM mass_operation WHERE id = $1), counted AS MATERIALIZED (SELECT "     \
	"w.account_id, count(*) AS dids FROM " table                                               \
	" w GROUP BY w.account_id), touched AS MATERIALIZED (SELECT c.account_id, c.dids, CASE "   \
	"WHEN c.dids <= 100 AND (SELECT sum(a.dids) FROM counted a) <= 1000 THEN (SELECT "         \
	"jsonb_agg('+' || w.number ORDER BY w.number) FROM " table                                 \
	" w WHERE w.account_id = c.account_id) END AS numbers FROM counted c), told AS (SELECT "   \
	"o.account_id, coalesce((SELECT sum(t.dids) FROM touched t), 0) AS dids, (SELECT "         \
	"t.numbers FROM touched t WHERE t.account_id = o.account_id) AS numbers, o.json FROM o "   \
	"UNION ALL SELECT t.account_id, t.dids, t.numbers, " OWN_IMAGE                             \
	" FROM touched t, o WHERE o.account_id IS NULL) INSERT INTO event (type, subject, "        \
	"account_id, after, data, revision, " SQL_EVENT_ACTOR_COLUMNS                              \
	") SELECT $2, 'mass-operations/mop_' || $1::uuid, account_id, json, "                      \
	"jsonb_build_object('dids', dids, 'numbers', numbers), "                                   \
	"revision_token(), " SQL_EVENT_ACTOR(3, 4, 5, 6) " FROM told"

static int note(struct db *db, const char *sql, const char *id, const char *type)
{
	const char *param[2 + EVENT_ACTOR_PARAMS] = {id, type};

	event_actor_params(db, param + 2);
	return db_query(db, sql, 2 + EVENT_ACTOR_PARAMS, param, NULL);
}

int mass_event(struct db *db, const char *id, const char *type)
{
	return note(db, SQL("mass_work"), id, type);
}

int mass_event_loaded(struct db *db, const char *id, const char *type)
{
	return note(db, SQL("did_load"), id, type);
}
