#include "db/webhook.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "db/event_private.h"
#include "db/resource_private.h"

enum { SETTLE_MOST = 1000 };

int event_settle(struct db *db, int64_t *count)
{
	char most[16];
	const char *param[] = {most};
	struct pg_result *result;
	int err;

	snprintf(most, sizeof(most), "%d", SETTLE_MOST);
	err = db_query(db, "SELECT event_settle($1)", 1, param, &result);
	if (err)
		return err;
	*count = db_int(result, 0, 0);
	db_clear(result);
	return 0;
}

/* A CloudEvent (1.0, structured); its data is the event as GET shows it to the webhook's owner. */
#define BODY(hidden)                                                                               \
	"json_build_object('specversion', '1.0', 'id', 'evt_' || id, 'source', CASE WHEN "         \
	"account_id IS NULL THEN '/v1' ELSE '/v1/accounts/acc_' || account_id END, 'type', type, " \
	"'subject', subject, 'time', " SQL_TIME("at") ", 'datacontenttype', 'application/json', "  \
						      "'data', " SQL_EVENT_JSON(hidden) ")"

int webhook_claim(struct db *db, unsigned most, struct pg_result **jobs)
{
	static const char sql[] =
		"SELECT c.id, c.attempts, w.url, w.signing_secret, CASE WHEN w.previous_until > "
		"now() "
		"THEN w.previous_secret END, 'evt_' || c.event_id, (SELECT " BODY(
			"(w.account_id IS NOT NULL AND " SQL_EVENT_OPERATORS ")") " FROM event "
										  "WHERE id = "
										  "c.event_id) "
										  "FROM "
										  "webhook_"
										  "claim($1, "
										  "make_"
										  "interval("
										  "secs => "
										  "$2)) c JOIN "
										  "webhook w "
										  "ON w.id = "
										  "c.webhook_"
										  "id";
	char count[16], lease[16];
	const char *param[] = {count, lease};

	snprintf(count, sizeof(count), "%u", most);
	snprintf(lease, sizeof(lease), "%d", WEBHOOK_LEASE_S);
	return db_query(db, sql, 2, param, jobs);
}

int webhook_note(struct db *db, const char *delivery, const struct webhook_outcome *o)
{
	char attempt[24], status[24], duration[24], retry[24];
	const char *param[] = {delivery, attempt, o->status > 0 ? status : NULL, o->error, duration,
		o->retry_after_s > 0 ? retry : NULL};

	snprintf(attempt, sizeof(attempt), "%lld", (long long)o->attempt);
	snprintf(status, sizeof(status), "%ld", o->status);
	snprintf(duration, sizeof(duration), "%lld", (long long)o->duration_ms);
	snprintf(retry, sizeof(retry), "%lld", (long long)o->retry_after_s);
	return db_query(db, "SELECT webhook_note($1, $2, $3, $4, $5, $6)", 6, param, NULL);
}

int webhook_release(struct db *db, const char *delivery, int64_t attempt)
{
	char text[24];
	const char *param[] = {delivery, text};

	snprintf(text, sizeof(text), "%lld", (long long)attempt);
	return db_query(db,
		"UPDATE webhook_delivery SET attempts = attempts - 1, leased_until = NULL, "
		"next_attempt_at = now() WHERE id = $1 AND attempts = $2 AND state = 'pending'",
		2, param, NULL);
}

int webhook_forget(struct db *db)
{
	return db_query(db, "SELECT webhook_forget()", 0, NULL, NULL);
}

int webhook_find(struct db *db, const char *id, const char *owner, bool *enabled)
{
	const char *param[] = {id, owner};
	struct pg_result *result;
	int err = db_query(db,
		"SELECT enabled FROM webhook WHERE id = $1 AND ($2::uuid IS NULL OR account_id = "
		"$2)",
		2, param, &result);

	if (err)
		return err;
	err = db_rows(result) == 0 ? ESRCH : 0;
	*enabled = !err && db_bool(result, 0, 0);
	db_clear(result);
	return err;
}

int webhook_delivery_read(
	struct db *db, const char *webhook, const char *id, struct resource_row *row)
{
	const char *param[] = {webhook, id};

	return resource_row_one(db,
		"SELECT " SQL_WEBHOOK_DELIVERY_JSON
		" FROM webhook_delivery d LEFT JOIN event e ON e.id "
		"= d.event_id WHERE d.webhook_id = $1 AND d.id = $2",
		2, param, row);
}

int webhook_replay(struct db *db, const char *webhook, const char *id, struct resource_row *row)
{
	static const char sql[] =
		"WITH d AS (UPDATE webhook_delivery SET state = 'pending', attempts = 0, "
		"next_attempt_at = greatest(now(), leased_until), ended_at = NULL WHERE webhook_id "
		"= $1 "
		"AND id = $2 RETURNING *), noted AS (INSERT INTO event (type, account_id, subject, "
		"data, revision, " SQL_EVENT_ACTOR_COLUMNS
		") SELECT 'webhook.delivery.replayed', w.account_id, 'webhooks/whk_' || w.id || "
		"'/deliveries/dlv_' || d.id, jsonb_build_object('event_id', 'evt_' || d.event_id), "
		"revision_token(), " SQL_EVENT_ACTOR(
			3, 4, 5, 6) " FROM d JOIN webhook w ON w.id = d.webhook_id) "
				    "SELECT " SQL_WEBHOOK_DELIVERY_JSON ", revision_token() FROM d "
				    "LEFT JOIN event e ON e.id = d.event_id";
	const char *param[2 + EVENT_ACTOR_PARAMS] = {webhook, id};

	event_actor_params(db, param + 2);
	return resource_row_one(db, sql, 2 + EVENT_ACTOR_PARAMS, param, row);
}

int webhook_ping(struct db *db, const char *webhook, struct resource_row *row)
{
	static const char sql[] =
		"INSERT INTO event (type, account_id, subject, data, "
		"revision, " SQL_EVENT_ACTOR_COLUMNS
		") SELECT 'webhook.ping', account_id, 'webhooks/whk_' || id, '{}', "
		"revision_token(), " SQL_EVENT_ACTOR(2, 3, 4, 5) " FROM webhook WHERE id = $1 "
								 "RETURNING " SQL_EVENT_JSON(
									 "false") ", revision";
	const char *param[1 + EVENT_ACTOR_PARAMS] = {webhook};

	event_actor_params(db, param + 1);
	return resource_row_one(db, sql, 1 + EVENT_ACTOR_PARAMS, param, row);
}
