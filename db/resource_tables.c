/* What the resources are. A new field is one line here; docs/add-a-field.md lists the rest. */
#include "core/words.h"
#include "db/event_type.h"
#include "db/resource.h"

#define TRIGGER_WORDS                                                                              \
	"not_registered, no_response, capacity, server_error, auth_required, timeout, not_found, " \
	"unreachable, busy, rejected, no_answer"
#define TRIGGER_DEFAULTS                                                                           \
	"{not_registered,no_response,capacity,server_error,auth_required,timeout,not_found,"       \
	"unreachable}"
#define DISPLAY_WORDS "caller, caller_number, called_number, fixed"
#define TIMES                                                                                      \
	{.name = "created_at", .kind = FIELD_TIME, .flags = FIELD_READ_ONLY},                      \
	{                                                                                          \
		.name = "updated_at", .kind = FIELD_TIME, .flags = FIELD_READ_ONLY                 \
	}
#define ID(prefix)                                                                                 \
	{                                                                                          \
		.name = "id", .kind = FIELD_ID, .flags = FIELD_READ_ONLY, .id_prefix = (prefix)    \
	}
#define ENABLED                                                                                    \
	{                                                                                          \
		.name = "enabled", .kind = FIELD_BOOLEAN, .fallback = "t"                          \
	}
#define NAME                                                                                       \
	{                                                                                          \
		.name = "name", .kind = FIELD_TEXT, .flags = FIELD_REQUIRED, .min = 1, .max = 200  \
	}
#define OPTIONAL_TEXT(text_name, longest)                                                          \
	{                                                                                          \
		.name = (text_name), .kind = FIELD_TEXT, .flags = FIELD_NULL, .min = 1,            \
		.max = (longest)                                                                   \
	}
#define SECONDS(text_name, most, seconds)                                                          \
	{                                                                                          \
		.name = (text_name), .kind = FIELD_INTEGER, .min = 1, .max = (most),               \
		.fallback = (seconds)                                                              \
	}

static const struct field account_fields[] = {
	ID("acc"),
	NAME,
	OPTIONAL_TEXT("external_id", 200),
	{.name = "default_country", .kind = FIELD_COUNTRY, .flags = FIELD_NULL},
	{.name = "timezone", .kind = FIELD_TIMEZONE, .fallback = "UTC"},
	{.name = "ha_addon", .kind = FIELD_BOOLEAN, .flags = FIELD_OPERATOR, .fallback = "f"},
	{.name = "enabled", .kind = FIELD_BOOLEAN, .flags = FIELD_OPERATOR, .fallback = "t"},
	{.name = "fire_drill_interval_hours",
		.kind = FIELD_INTEGER,
		.flags = FIELD_NULL,
		.min = 1,
		.max = 8760},
	TIMES,
};

/* Of an account: the global failover. Of a DID: its own; what is null there is the account's. */
static const struct field account_failover_fields[] = {
	{.name = "number", .kind = FIELD_NUMBER, .flags = FIELD_NULL},
	{.name = "backup_pbxs", .kind = FIELD_ADDRESSES, .min = 5060, .max = 8, .fallback = "[]"},
	{.name = "calling_party_display",
		.kind = FIELD_WORD,
		.fallback = "caller",
		.word = calling_party_display_parse,
		.words = DISPLAY_WORDS},
	{.name = "calling_party_number", .kind = FIELD_NUMBER, .flags = FIELD_NULL},
};

/* Of an account: where its calls may fail over and forward to; core/destination.h. */
static const struct field destination_rules_fields[] = {
	{.name = "allowed_countries", .kind = FIELD_COUNTRIES, .flags = FIELD_NULL, .max = 300},
	{.name = "denied_prefixes",
		.kind = FIELD_PREFIXES,
		.min = 1,
		.max = 1000,
		.fallback = "{}"},
	{.name = "allowed_prefixes",
		.kind = FIELD_PREFIXES,
		.min = 1,
		.max = 1000,
		.fallback = "{}"},
	{.name = "allow_premium", .kind = FIELD_BOOLEAN, .fallback = "f"},
	{.name = "max_failover_calls",
		.kind = FIELD_INTEGER,
		.flags = FIELD_NULL,
		.min = 0,
		.max = 100000},
	{.name = "max_failover_calls_per_minute",
		.kind = FIELD_INTEGER,
		.flags = FIELD_NULL,
		.min = 1,
		.max = 60000},
	{.name = "max_failover_call_seconds",
		.kind = FIELD_INTEGER,
		.flags = FIELD_NULL,
		.min = 1,
		.max = 604800},
};

static const struct field did_failover_fields[] = {
	{.name = "number", .kind = FIELD_NUMBER, .flags = FIELD_NULL},
	{.name = "backup_pbxs", .kind = FIELD_ADDRESSES, .min = 5060, .max = 8, .fallback = "[]"},
	{.name = "calling_party_display",
		.kind = FIELD_WORD,
		.flags = FIELD_NULL,
		.word = calling_party_display_parse,
		.words = DISPLAY_WORDS},
	{.name = "calling_party_number", .kind = FIELD_NUMBER, .flags = FIELD_NULL},
};

static const struct field trunk_fields[] = {
	ID("trk"),
	{.name = "account_id",
		.kind = FIELD_ID,
		.flags = FIELD_REQUIRED | FIELD_CREATE_ONLY,
		.id_prefix = "acc"},
	NAME,
	OPTIONAL_TEXT("external_id", 200),
	ENABLED,
	{.name = "draining", .kind = FIELD_BOOLEAN, .fallback = "f"},
	{.name = "max_concurrent_calls",
		.kind = FIELD_INTEGER,
		.min = 0,
		.max = 100000,
		.fallback = "30"},
	SECONDS("first_response_seconds", 60, "15"),
	SECONDS("ring_seconds", 3600, "180"),
	SECONDS("max_call_seconds", 604800, "14400"),
	OPTIONAL_TEXT("caller_id", 100),
	{.name = "did_delivery",
		.kind = FIELD_WORD,
		.fallback = "request_uri",
		.word = did_delivery_parse,
		.words = "request_uri, to"},
	{.name = "sip_accounts",
		.kind = FIELD_DERIVED,
		.flags = FIELD_READ_ONLY,
		.expression =
			"(SELECT coalesce(json_agg(json_build_object('role', s.role, 'label', "
			"s.label, 'auth_mode', s.auth_mode, 'username', s.username) "
			"ORDER BY s.role), '[]') FROM sip_account s WHERE s.trunk_id = trunk.id)"},
	TIMES,
};

static const struct field trunk_ha_fields[] = {
	{.name = "mode",
		.kind = FIELD_WORD,
		.fallback = "only_primary",
		.word = ha_mode_parse,
		.words = "only_primary, load_balancing, auto_failover, load_balancing_healthy"},
	/* What core/plan.c makes of it. */
	{.name = "mode_in_force",
		.kind = FIELD_DERIVED,
		.flags = FIELD_READ_ONLY,
		.expression =
			"CASE WHEN (SELECT a.ha_addon FROM account a WHERE a.id = "
			"trunk.account_id) AND EXISTS (SELECT FROM sip_account s WHERE s.trunk_id "
			"= trunk.id AND s.role = 'secondary') THEN ha_mode ELSE 'only_primary' "
			"END"},
};

static const struct field trunk_failover_fields[] = {
	{.name = "enabled", .kind = FIELD_BOOLEAN, .fallback = "f"},
	{.name = "dial_plan_id", .kind = FIELD_ID, .flags = FIELD_NULL, .id_prefix = "dp"},
	{.name = "triggers",
		.kind = FIELD_WORDS,
		.fallback = TRIGGER_DEFAULTS,
		.word = trigger_parse,
		.words = TRIGGER_WORDS},
};

static const struct field sip_account_fields[] = {
	OPTIONAL_TEXT("label", 200),
	{.name = "auth_mode",
		.kind = FIELD_WORD,
		.fallback = "registration",
		.word = auth_mode_parse,
		.words = "registration, ip"},
	{.name = "username", .kind = FIELD_NAME, .flags = FIELD_NULL, .min = 1, .max = 64},
	{.name = "password", .kind = FIELD_PASSWORD, .flags = FIELD_NULL, .min = 8, .max = 128},
	{.name = "ip_addresses", .kind = FIELD_CIDRS, .max = 100, .fallback = "{}"},
	{.name = "address", .kind = FIELD_ADDRESS, .flags = FIELD_NULL, .min = 5060},
	{.name = "ha1_md5", .kind = FIELD_TEXT, .flags = FIELD_NULL | FIELD_HIDDEN},
	{.name = "ha1_sha256", .kind = FIELD_TEXT, .flags = FIELD_NULL | FIELD_HIDDEN},
};

static const struct field did_fields[] = {
	{.name = "number", .kind = FIELD_NUMBER, .flags = FIELD_REQUIRED | FIELD_CREATE_ONLY},
	{.name = "account_id",
		.kind = FIELD_ID,
		.flags = FIELD_REQUIRED | FIELD_CREATE_ONLY,
		.id_prefix = "acc"},
	{.name = "trunk_id", .kind = FIELD_ID, .flags = FIELD_NULL, .id_prefix = "trk"},
	{.name = "dial_plan_id", .kind = FIELD_ID, .flags = FIELD_NULL, .id_prefix = "dp"},
	ENABLED,
	OPTIONAL_TEXT("label", 200),
	OPTIONAL_TEXT("external_id", 200),
	{.name = "incoming_action",
		.kind = FIELD_WORD,
		.fallback = "ring",
		.word = incoming_action_parse,
		.words = "ring, ring_then_forward"},
	{.name = "ring_seconds", .kind = FIELD_INTEGER, .flags = FIELD_NULL, .min = 1, .max = 3600},
	{.name = "triggers",
		.kind = FIELD_WORDS,
		.flags = FIELD_NULL,
		.word = trigger_parse,
		.words = TRIGGER_WORDS},
	TIMES,
};

static const struct field did_forwardings_fields[] = {
	{.name = "forwardings", .kind = FIELD_FORWARDINGS, .fallback = "[]"},
};

static const struct field dial_plan_fields[] = {
	ID("dp"),
	{.name = "account_id",
		.kind = FIELD_ID,
		.flags = FIELD_REQUIRED | FIELD_CREATE_ONLY,
		.id_prefix = "acc"},
	NAME,
	{.name = "internal_number", .kind = FIELD_INTERNAL, .flags = FIELD_REQUIRED},
	{.name = "steps", .kind = FIELD_STEPS, .flags = FIELD_REQUIRED},
	TIMES,
};

static const struct field gateway_fields[] = {
	ID("gw"),
	NAME,
	{.name = "address", .kind = FIELD_ADDRESS, .flags = FIELD_REQUIRED},
	{.name = "failover_address", .kind = FIELD_ADDRESS, .flags = FIELD_NULL},
	SECONDS("failover_seconds", 60, "15"),
	{.name = "registration", .kind = FIELD_REGISTRATION, .flags = FIELD_NULL},
	{.name = "prefixes", .kind = FIELD_PREFIXES, .max = 1000, .fallback = "{}"},
	{.name = "priority", .kind = FIELD_INTEGER, .min = 0, .max = 65535, .fallback = "100"},
	{.name = "public_trunk", .kind = FIELD_BOOLEAN, .fallback = "f"},
	{.name = "inbound_ip_addresses", .kind = FIELD_CIDRS, .max = 1000, .fallback = "{}"},
	ENABLED,
	TIMES,
};

static const struct field webhook_fields[] = {
	ID("whk"),
	{.name = "account_id",
		.kind = FIELD_ID,
		.flags = FIELD_NULL | FIELD_CREATE_ONLY,
		.id_prefix = "acc"},
	{.name = "url", .kind = FIELD_URL, .flags = FIELD_REQUIRED, .max = 2000},
	OPTIONAL_TEXT("description", 200),
	{.name = "events",
		.kind = FIELD_WORDS,
		.max = 100,
		.fallback = "{*}",
		.word = event_pattern_parse,
		.words = "the types of events, such as trunk.down; trunk.* for all that begin so; "
			 "* for all"},
	ENABLED,
	{.name = "state",
		.kind = FIELD_DERIVED,
		.flags = FIELD_READ_ONLY,
		.expression = "CASE WHEN NOT enabled THEN 'disabled' WHEN failing_since IS NOT "
			      "NULL THEN 'failing' ELSE 'active' END"},
	{.name = "disabled_reason", .kind = FIELD_TEXT, .flags = FIELD_NULL | FIELD_READ_ONLY},
	{.name = "failing_since", .kind = FIELD_TIME, .flags = FIELD_NULL | FIELD_READ_ONLY},
	{.name = "secret", .kind = FIELD_PASSWORD, .flags = FIELD_NULL, .min = 38, .max = 100},
	{.name = "signing_secret", .kind = FIELD_TEXT, .flags = FIELD_HIDDEN},
	TIMES,
};

#define FIELDS(table) .field = (table), .fields = sizeof(table) / sizeof((table)[0])

static const struct resource resources[RESOURCE_COUNT] = {
	[RESOURCE_ACCOUNT] = {.what = "account",
		.table = "account",
		.key = "id",
		.owner = "id",
		FIELDS(account_fields)},
	[RESOURCE_ACCOUNT_FAILOVER] = {.what = "account",
		.table = "account",
		.key = "id",
		.prefix = "failover_",
		.owner = "id",
		.part = true,
		FIELDS(account_failover_fields)},
	[RESOURCE_DESTINATION_RULES] = {.what = "account",
		.table = "account",
		.key = "id",
		.prefix = "destination_",
		.part_name = "destination_rules",
		.owner = "id",
		.operator_writes = true,
		.part = true,
		FIELDS(destination_rules_fields)},
	[RESOURCE_TRUNK] = {.what = "trunk",
		.table = "trunk",
		.key = "id",
		.owner = "account_id",
		FIELDS(trunk_fields)},
	[RESOURCE_TRUNK_HA] = {.what = "trunk",
		.table = "trunk",
		.key = "id",
		.prefix = "ha_",
		.owner = "account_id",
		.part = true,
		FIELDS(trunk_ha_fields)},
	[RESOURCE_TRUNK_FAILOVER] = {.what = "trunk",
		.table = "trunk",
		.key = "id",
		.prefix = "failover_",
		.owner = "account_id",
		.part = true,
		FIELDS(trunk_failover_fields)},
	[RESOURCE_SIP_ACCOUNT_PRIMARY] = {.what = "SIP account",
		.table = "sip_account",
		.key = "trunk_id",
		.where = "role = 'primary'",
		.parent = "trunk",
		.parent_columns = "trunk_id, account_id, role",
		.parent_values = "p.id, p.account_id, 'primary'",
		.subject = "'trunks/trk_' || trunk_id || '/sip-accounts/primary'",
		.owner = "account_id",
		FIELDS(sip_account_fields)},
	[RESOURCE_SIP_ACCOUNT_SECONDARY] = {.what = "SIP account",
		.table = "sip_account",
		.key = "trunk_id",
		.where = "role = 'secondary'",
		.parent = "trunk",
		.parent_columns = "trunk_id, account_id, role",
		.parent_values = "p.id, p.account_id, 'secondary'",
		.subject = "'trunks/trk_' || trunk_id || '/sip-accounts/secondary'",
		.owner = "account_id",
		FIELDS(sip_account_fields)},
	[RESOURCE_DID] = {.what = "DID",
		.table = "did",
		.key = "number",
		.owner = "account_id",
		FIELDS(did_fields)},
	[RESOURCE_DID_FAILOVER] = {.what = "DID",
		.table = "did",
		.key = "number",
		.prefix = "failover_",
		.owner = "account_id",
		.part = true,
		FIELDS(did_failover_fields)},
	[RESOURCE_DID_FORWARDINGS] = {.what = "DID",
		.table = "did",
		.key = "number",
		.part_name = "forwardings",
		.owner = "account_id",
		.part = true,
		FIELDS(did_forwardings_fields)},
	[RESOURCE_DIAL_PLAN] = {.what = "dial plan",
		.table = "dial_plan",
		.key = "id",
		.owner = "account_id",
		FIELDS(dial_plan_fields)},
	[RESOURCE_GATEWAY] = {.what = "gateway",
		.table = "gateway",
		.key = "id",
		FIELDS(gateway_fields)},
	[RESOURCE_WEBHOOK] = {.what = "webhook",
		.table = "webhook",
		.key = "id",
		.owner = "account_id",
		FIELDS(webhook_fields)},
};

const struct resource *resource(enum resource_id id)
{
	return &resources[id];
}
