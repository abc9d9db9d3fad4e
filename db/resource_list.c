#include "db/resource_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/words.h"
#include "db/event_private.h"
#include "db/fire_drill_private.h"
#include "db/mass.h"
#include "db/resource_private.h"

enum { PARAMS_MAX = LIST_FILTERS_MAX + LIST_KEYS_MAX + 2 };

struct list_sql {
	struct list list;
	enum resource_id resource; /* whose JSON; with expression NULL */
	const char *expression;
	const char *tenant_expression; /* what an account sees; NULL: the same */
	const char *from, *where;
	const char *owner; /* NULL: operators only */
	const char *key[LIST_KEYS_MAX], *key_type[LIST_KEYS_MAX];
	bool newest_first;
};

#define ENABLED                                                                                    \
	{                                                                                          \
		.name = "enabled", .kind = FILTER_BOOLEAN, .condition = "enabled = %s::boolean"    \
	}
#define EXTERNAL_ID                                                                                \
	{                                                                                          \
		.name = "external_id", .kind = FILTER_TEXT, .condition = "external_id = %s"        \
	}
#define ACCOUNT_ID                                                                                 \
	{                                                                                          \
		.name = "account_id", .kind = FILTER_ID, .id_prefix = "acc",                       \
		.condition = "account_id = %s::uuid"                                               \
	}
#define TRUNK_ID                                                                                   \
	{                                                                                          \
		.name = "trunk_id", .kind = FILTER_ID, .id_prefix = "trk",                         \
		.condition = "trunk_id = %s::uuid"                                                 \
	}
#define DIAL_PLAN_ID                                                                               \
	{                                                                                          \
		.name = "dial_plan_id", .kind = FILTER_ID, .id_prefix = "dp",                      \
		.condition = "dial_plan_id = %s::uuid"                                             \
	}
#define SEARCH(text_expression)                                                                    \
	{                                                                                          \
		.name = "q", .kind = FILTER_SEARCH,                                                \
		.condition = "position(lower(%s) in lower(" text_expression ")) > 0"               \
	}
#define HAS_FAILOVER                                                                               \
	{                                                                                          \
		.name = "has_failover", .kind = FILTER_BOOLEAN,                                    \
		.condition = "(failover_number IS NOT NULL OR failover_backup_pbxs <> '[]') = "    \
			     "%s::boolean"                                                         \
	}

static const struct list_filter account_filters[] = {
	ENABLED,
	EXTERNAL_ID,
	HAS_FAILOVER,
	SEARCH("name || ' ' || coalesce(external_id, '')"),
};

static const struct list_filter trunk_filters[] = {
	ACCOUNT_ID,
	ENABLED,
	EXTERNAL_ID,
	SEARCH("name || ' ' || coalesce(external_id, '')"),
};

static const struct list_filter did_filters[] = {
	ACCOUNT_ID,
	TRUNK_ID,
	DIAL_PLAN_ID,
	ENABLED,
	EXTERNAL_ID,
	{.name = "has_failover",
		.kind = FILTER_BOOLEAN,
		.condition = "(failover_number IS NOT NULL OR failover_backup_pbxs <> '[]' OR "
			     "forwardings <> '[]') = %s::boolean"},
	{.name = "prefix", .kind = FILTER_PREFIX},
	SEARCH("number || ' ' || coalesce(label, '') || ' ' || coalesce(external_id, '')"),
};

static const struct list_filter dial_plan_filters[] = {
	ACCOUNT_ID,
	{.name = "internal_number", .kind = FILTER_TEXT, .condition = "internal_number = %s"},
	SEARCH("name || ' ' || internal_number"),
};

static const struct list_filter gateway_filters[] = {
	ENABLED,
	{.name = "public_trunk", .kind = FILTER_BOOLEAN, .condition = "public_trunk = %s::boolean"},
	SEARCH("name"),
};

static const struct list_filter registration_filters[] = {
	{.name = "account_id",
		.kind = FILTER_ID,
		.id_prefix = "acc",
		.condition = "s.account_id = %s::uuid"},
	{.name = "trunk_id",
		.kind = FILTER_ID,
		.id_prefix = "trk",
		.condition = "s.trunk_id = %s::uuid"},
	{.name = "username", .kind = FILTER_TEXT, .condition = "s.username = %s"},
};

static const struct list_filter call_filters[] = {
	ACCOUNT_ID,
	TRUNK_ID,
	{.name = "did", .kind = FILTER_NUMBER, .condition = "did = %s::bigint"},
};

/* An id is a UUIDv7 made when the call began, so a time is a bound of ids; the margin is for what
 * the clocks of two machines differ. */
#define ID_AT(milliseconds)                                                                        \
	"lpad(to_hex(greatest(" milliseconds ", 0)), 12, '0')::text || '00000000000000000000'"

static const struct list_filter cdr_filters[] = {
	ACCOUNT_ID,
	TRUNK_ID,
	{.name = "direction",
		.kind = FILTER_WORD,
		.condition = "direction = %s",
		.word = call_direction_parse,
		.words = "inbound, outbound"},
	{.name = "did", .kind = FILTER_NUMBER, .condition = "did = %s::bigint"},
	{.name = "failed_over", .kind = FILTER_BOOLEAN, .condition = "failed_over = %s::boolean"},
	{.name = "disposition",
		.kind = FILTER_WORD,
		.condition = "disposition = %s",
		.word = disposition_parse,
		.words = "ANSWERED, BUSY, REJECTED, NO_ANSWER, CANCELLED, CONGESTION"},
	{.name = "from",
		.kind = FILTER_FROM,
		.condition = "started_at >= to_timestamp(%1$s::bigint / 1000.0) AND id >= "
			     "(" ID_AT("%1$s::bigint - 60000") ")::uuid"},
	{.name = "to",
		.kind = FILTER_TO,
		.condition = "started_at < to_timestamp(%1$s::bigint / 1000.0) AND id < "
			     "(" ID_AT("%1$s::bigint + 60000") ")::uuid"},
};

/* A type, or the beginning of several: "trunk." and "trunk.*" are all of trunks. */
#define TYPE_CONDITION                                                                             \
	"(type = %1$s OR right(%1$s, 1) = '.' AND starts_with(type, %1$s) OR right(%1$s, 2) = "    \
	"'.*' AND starts_with(type, left(%1$s, -1)))"

static const struct list_filter event_filters[] = {
	ACCOUNT_ID,
	TRUNK_ID,
	{.name = "did", .kind = FILTER_NUMBER, .condition = "did = %s::bigint"},
	{.name = "type", .kind = FILTER_TEXT, .condition = TYPE_CONDITION},
	{.name = "subject", .kind = FILTER_TEXT, .condition = "subject = %s"},
	{.name = "actor",
		.kind = FILTER_TEXT,
		.condition = "%s IN (actor_kind, 'key_' || actor_key_id)"},
	{.name = "request_id", .kind = FILTER_TEXT, .condition = "request_id = %s"},
	{.name = "from",
		.kind = FILTER_FROM,
		.condition = "at >= to_timestamp(%s::bigint / 1000.0)"},
	{.name = "to", .kind = FILTER_TO, .condition = "at < to_timestamp(%s::bigint / 1000.0)"},
};

static const struct list_filter webhook_filters[] = {
	ACCOUNT_ID,
	ENABLED,
};

static int delivery_state_parse(const char *word)
{
	return strcmp(word, "pending") == 0 || strcmp(word, "delivered") == 0 ||
			       strcmp(word, "dead") == 0
		       ? 0
		       : -1;
}

static const struct list_filter webhook_delivery_filters[] = {
	{.name = "state",
		.kind = FILTER_WORD,
		.condition = "d.state = %s",
		.word = delivery_state_parse,
		.words = "pending, delivered, dead"},
	{.name = "event_id",
		.kind = FILTER_ID,
		.id_prefix = "evt",
		.condition = "d.event_id = %s::uuid"},
};

static const struct list_filter fire_drill_filters[] = {
	ACCOUNT_ID,
	TRUNK_ID,
	{.name = "did", .kind = FILTER_NUMBER, .condition = "did = %s::bigint"},
};

static const struct list_filter worker_filters[] = {
	{.name = "live", .kind = FILTER_BOOLEAN, .condition = "live = %s::boolean"},
	{.name = "draining", .kind = FILTER_BOOLEAN, .condition = "draining = %s::boolean"},
};

static const struct list_filter mass_operation_filters[] = {
	ACCOUNT_ID,
	{.name = "action",
		.kind = FILTER_WORD,
		.condition = "action = %s",
		.word = mass_action_parse,
		.words = MASS_ACTION_WORDS},
};

#define FILTERS(table) .list.filter = (table), .list.filters = sizeof(table) / sizeof((table)[0])

static const struct list_sql lists[LIST_COUNT] = {
	[LIST_ACCOUNTS] = {FILTERS(account_filters), .resource = RESOURCE_ACCOUNT,
		.from = "account", .owner = "id", .list.keys = 1, .key = {"id"},
		.key_type = {"uuid"}},
	[LIST_API_KEYS] = {.expression = SQL_API_KEY_JSON,
		.from = "api_key",
		.where = "revoked_at IS NULL",
		.owner = "account_id",
		.list.keys = 1,
		.key = {"id"},
		.key_type = {"uuid"}},
	[LIST_TRUNKS] = {FILTERS(trunk_filters), .resource = RESOURCE_TRUNK, .from = "trunk",
		.owner = "account_id", .list.keys = 1, .key = {"id"}, .key_type = {"uuid"}},
	[LIST_DIDS] = {FILTERS(did_filters), .resource = RESOURCE_DID, .from = "did",
		.owner = "account_id", .list.keys = 1, .key = {"number"}, .key_type = {"bigint"}},
	[LIST_DIAL_PLANS] = {FILTERS(dial_plan_filters), .resource = RESOURCE_DIAL_PLAN,
		.from = "dial_plan", .owner = "account_id", .list.keys = 1, .key = {"id"},
		.key_type = {"uuid"}},
	[LIST_GATEWAYS] = {FILTERS(gateway_filters), .resource = RESOURCE_GATEWAY,
		.from = "gateway", .list.keys = 1, .key = {"id"}, .key_type = {"uuid"}},
	[LIST_REGISTRATIONS] = {FILTERS(registration_filters),
		.expression =
			"json_build_object('account_id', 'acc_' || s.account_id, 'trunk_id', "
			"'trk_' || s.trunk_id, 'role', s.role, 'username', s.username, 'contact', "
			"b.contact, 'source', b.source, 'transport', b.transport, 'path', b.path, "
			"'user_agent', b.user_agent, 'registered_at', " SQL_TIME(
				"b.registered_at") ", 'expires_at', " SQL_TIME("b.expires_at") ", "
											       "'wo"
											       "rke"
											       "r',"
											       " b."
											       "wor"
											       "ker"
											       ")",
		.from = "binding b JOIN sip_account s ON s.id = b.sip_account_id",
		.where = "b.expires_at > now()", .owner = "s.account_id", .list.keys = 3,
		.key = {"b.sip_account_id", "b.worker", "b.contact"},
		.key_type = {"uuid", "text", "text"}},
	[LIST_CALLS] = {FILTERS(call_filters), .expression = SQL_CALL_JSON, .from = "live_call",
		.where = "worker IN " SQL_LIVE_WORKERS, .owner = "account_id", .list.keys = 1,
		.key = {"id"}, .key_type = {"uuid"}, .newest_first = true},
	[LIST_CDRS] = {FILTERS(cdr_filters), .expression = SQL_CDR_JSON, .from = "cdr",
		.owner = "account_id", .list.keys = 1, .key = {"id"}, .key_type = {"uuid"},
		.newest_first = true},
	[LIST_EVENTS] = {FILTERS(event_filters), .expression = SQL_EVENT_JSON("false"),
		.tenant_expression = SQL_EVENT_JSON(SQL_EVENT_OPERATORS), .from = "event",
		.owner = "account_id", .list.keys = 1, .key = {"id"}, .key_type = {"uuid"},
		.newest_first = true},
	[LIST_WEBHOOKS] = {FILTERS(webhook_filters), .resource = RESOURCE_WEBHOOK,
		.from = "webhook", .owner = "account_id", .list.keys = 1, .key = {"id"},
		.key_type = {"uuid"}},
	/* The owner is the webhook, which its handler has looked at. */
	[LIST_WEBHOOK_DELIVERIES] = {FILTERS(webhook_delivery_filters),
		.expression = SQL_WEBHOOK_DELIVERY_JSON,
		.from = "webhook_delivery d LEFT JOIN event e ON e.id = d.event_id",
		.owner = "d.webhook_id", .list.keys = 1, .key = {"d.id"}, .key_type = {"uuid"},
		.newest_first = true},
	[LIST_FIRE_DRILLS] = {FILTERS(fire_drill_filters), .expression = SQL_FIRE_DRILL_JSON,
		.from = "fire_drill", .owner = "account_id", .list.keys = 1, .key = {"id"},
		.key_type = {"uuid"}, .newest_first = true},
	[LIST_WORKERS] = {FILTERS(worker_filters), .expression = SQL_WORKER_JSON,
		.from = SQL_WORKERS, .list.keys = 1, .key = {"name"}, .key_type = {"text"}},
	[LIST_MASS_OPERATIONS] = {FILTERS(mass_operation_filters), .expression = SQL_MASS_JSON,
		.from = "mass_operation", .owner = "account_id", .list.keys = 1, .key = {"id"},
		.key_type = {"uuid"}, .newest_first = true},
};

const struct list *list(enum list_id id)
{
	return &lists[id].list;
}

/* A statement in the making, with its parameters. */
struct build {
	struct sql sql;
	const char *param[PARAMS_MAX];
	int count;
	const char *joint; /* " WHERE " once, then " AND " */
};

static int param_add(struct build *b, const char *value)
{
	b->param[b->count] = value;
	return ++b->count;
}

static void condition_begin(struct build *b)
{
	sql_add(&b->sql, "%s", b->joint);
	b->joint = " AND ";
}

/* Writes a condition with its "%s" or "%1$s" replaced by the parameter's "$n". */
static void condition_add(struct build *b, const char *condition, int n)
{
	condition_begin(b);
	for (const char *p = condition; *p != '\0'; p++) {
		if (p[0] == '%' && p[1] == 's') {
			sql_add(&b->sql, "$%d", n);
			p += 1;
		} else if (strncmp(p, "%1$s", 4) == 0) {
			sql_add(&b->sql, "$%d", n);
			p += 3;
		} else {
			sql_add(&b->sql, "%c", *p);
		}
	}
}

static void filters_add(struct build *b, const struct list_sql *l, const struct list_query *q)
{
	if (l->where) {
		condition_begin(b);
		sql_add(&b->sql, "%s", l->where);
	}
	if (q->owner || !l->owner) {
		int n = param_add(b, q->owner);

		condition_begin(b);
		if (l->owner)
			sql_add(&b->sql, "%s = $%d::uuid", l->owner, n);
		else
			sql_add(&b->sql, "$%d::uuid IS NULL", n);
	}
	for (unsigned i = 0; i < l->list.filters; i++) {
		if (q->value[i] && l->list.filter[i].condition)
			condition_add(b, l->list.filter[i].condition, param_add(b, q->value[i]));
	}
}

static void cursor_add(struct build *b, const struct list_sql *l, const struct list_query *q)
{
	const char *comma = "";

	if (!q->after[0])
		return;
	condition_begin(b);
	sql_add(&b->sql, "(");
	for (unsigned i = 0; i < l->list.keys; i++)
		sql_add(&b->sql, "%s%s", i > 0 ? ", " : "", l->key[i]);
	sql_add(&b->sql, ") %c (", l->newest_first ? '<' : '>');
	for (unsigned i = 0; i < l->list.keys; i++) {
		sql_add(&b->sql, "%s$%d::%s", comma, param_add(b, q->after[i]), l->key_type[i]);
		comma = ", ";
	}
	sql_add(&b->sql, ")");
}

static void order_add(struct build *b, const struct list_sql *l, int limit)
{
	sql_add(&b->sql, " ORDER BY ");
	for (unsigned i = 0; i < l->list.keys; i++)
		sql_add(&b->sql, "%s%s%s", i > 0 ? ", " : "", l->key[i],
			l->newest_first ? " DESC" : "");
	sql_add(&b->sql, " LIMIT $%d::bigint", limit);
}

static void select_add(struct build *b, const struct list_sql *l, const struct list_query *q)
{
	const char *expression = q->expression                      ? q->expression
				 : q->owner && l->tenant_expression ? l->tenant_expression
								    : l->expression;

	sql_add(&b->sql, "SELECT %s", expression ? expression : resource_json_sql(l->resource));
	for (unsigned i = 0; i < l->list.keys; i++)
		sql_add(&b->sql, ", %s", l->key[i]);
	sql_add(&b->sql, " FROM ");
}

/* Numbers that begin with the prefix are one range of the index for each length a number can have;
 * a page is the first rows of them all, shorter numbers first, as the key orders them. */
static void prefix_add(struct build *b, const struct list_sql *l, const char *prefix)
{
	int n = param_add(b, prefix);

	sql_add(&b->sql,
		"generate_series(0, 15 - length($%d)) k CROSS JOIN LATERAL (SELECT * FROM %s", n,
		l->from);
	condition_begin(b);
	sql_add(&b->sql,
		"number >= $%d::bigint * (10::numeric ^ k)::bigint AND number < ($%d::bigint + 1) "
		"* "
		"(10::numeric ^ k)::bigint",
		n, n);
}

static const char *prefix_value(const struct list_sql *l, const struct list_query *q)
{
	for (unsigned i = 0; i < l->list.filters; i++) {
		if (l->list.filter[i].kind == FILTER_PREFIX)
			return q->value[i];
	}
	return NULL;
}

int list_read(
	struct db *db, enum list_id id, const struct list_query *query, struct pg_result **result)
{
	const struct list_sql *l = &lists[id];
	const char *prefix = prefix_value(l, query);
	struct build b = {.joint = " WHERE "};
	char limit[16], *text;
	int n, err;

	*result = NULL;
	snprintf(limit, sizeof(limit), "%u", query->limit + 1);
	if (sql_begin(&b.sql) != 0)
		return ENOMEM;
	n = param_add(&b, limit);
	select_add(&b, l, query);
	if (prefix)
		prefix_add(&b, l, prefix);
	else
		sql_add(&b.sql, "%s", l->from);
	filters_add(&b, l, query);
	cursor_add(&b, l, query);
	order_add(&b, l, n);
	if (prefix) {
		sql_add(&b.sql, ") %s", l->from);
		order_add(&b, l, n);
	}
	text = sql_end(&b.sql);
	if (!text)
		return ENOMEM;
	err = db_query(db, text, b.count, b.param, result);
	free(text);
	return err;
}
