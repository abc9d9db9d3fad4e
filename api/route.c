#include "api/route.h"

#include <string.h>

#include "api/handlers.h"

#define READ(h) .handler = {[HTTP_GET] = (h)}
#define COLLECTION(which_list, which)                                                              \
	.handler = {[HTTP_GET] = handle_list, [HTTP_POST] = handle_create}, .list = (which_list),  \
	.resource = (which)
#define THING(which)                                                                               \
	.handler = {[HTTP_GET] = handle_read,                                                      \
		[HTTP_PATCH] = handle_patch,                                                       \
		[HTTP_DELETE] = handle_delete},                                                    \
	.resource = (which)
#define PART(which)                                                                                \
	.handler = {[HTTP_GET] = handle_read,                                                      \
		[HTTP_PUT] = handle_put,                                                           \
		[HTTP_PATCH] = handle_patch,                                                       \
		[HTTP_DELETE] = handle_delete},                                                    \
	.resource = (which)

static const struct route routes[] = {
	{"v1/accounts", 0, COLLECTION(LIST_ACCOUNTS, RESOURCE_ACCOUNT)},
	{"v1/accounts/{acc}", 0, THING(RESOURCE_ACCOUNT)},
	{"v1/accounts/{acc}/failover", 0, PART(RESOURCE_ACCOUNT_FAILOVER)},
	{"v1/accounts/{acc}/destination-rules", 0, PART(RESOURCE_DESTINATION_RULES)},
	{"v1/accounts/{acc}/configuration", ROUTE_LONG, READ(handle_configuration_read)},
	{"v1/accounts/{acc}/configuration/plan", ROUTE_LARGE | ROUTE_LONG,
		.handler = {[HTTP_POST] = handle_configuration_plan}},
	{"v1/accounts/{acc}/configuration/apply", ROUTE_LARGE | ROUTE_LONG,
		.handler = {[HTTP_POST] = handle_configuration_apply}},
	{"v1/accounts/{acc}/api-keys", 0,
		.handler = {[HTTP_GET] = handle_api_key_list, [HTTP_POST] = handle_api_key_create},
		.list = LIST_API_KEYS},
	{"v1/accounts/{acc}/api-keys/{key}", 0,
		.handler =
			{[HTTP_GET] = handle_api_key_read, [HTTP_DELETE] = handle_api_key_delete}},
	{"v1/trunks", 0, COLLECTION(LIST_TRUNKS, RESOURCE_TRUNK)},
	{"v1/trunks/{trk}", 0, THING(RESOURCE_TRUNK)},
	{"v1/trunks/{trk}/sip-accounts/primary", 0, PART(RESOURCE_SIP_ACCOUNT_PRIMARY)},
	{"v1/trunks/{trk}/sip-accounts/secondary", 0, PART(RESOURCE_SIP_ACCOUNT_SECONDARY)},
	{"v1/trunks/{trk}/ha", 0, .handler = {[HTTP_GET] = handle_read, [HTTP_PUT] = handle_put},
		.resource = RESOURCE_TRUNK_HA},
	{"v1/trunks/{trk}/failover", 0, PART(RESOURCE_TRUNK_FAILOVER)},
	{"v1/trunks/{trk}/status", 0, READ(handle_trunk_status)},
	{"v1/trunks/{trk}/route", 0, READ(handle_explain_outbound)},
	{"v1/dids", ROUTE_TABLE,
		.handler = {[HTTP_GET] = handle_did_list, [HTTP_POST] = handle_create},
		.list = LIST_DIDS, .resource = RESOURCE_DID},
	{"v1/dids/import", ROUTE_LARGE | ROUTE_LONG, .handler = {[HTTP_POST] = handle_did_import}},
	{"v1/dids/{number}", 0, THING(RESOURCE_DID)},
	{"v1/dids/{number}/failover", 0, PART(RESOURCE_DID_FAILOVER)},
	{"v1/dids/{number}/forwardings", 0,
		.handler = {[HTTP_GET] = handle_read,
			[HTTP_PUT] = handle_put,
			[HTTP_DELETE] = handle_delete},
		.resource = RESOURCE_DID_FORWARDINGS},
	{"v1/dids/{number}/route", 0, READ(handle_explain)},
	{"v1/dial-plans", 0, COLLECTION(LIST_DIAL_PLANS, RESOURCE_DIAL_PLAN)},
	{"v1/dial-plans/{dp}", 0,
		.handler = {[HTTP_GET] = handle_read,
			[HTTP_PUT] = handle_put,
			[HTTP_PATCH] = handle_patch,
			[HTTP_DELETE] = handle_delete},
		.resource = RESOURCE_DIAL_PLAN},
	{"v1/mass-operations", ROUTE_LARGE | ROUTE_LONG,
		.handler = {[HTTP_GET] = handle_list, [HTTP_POST] = handle_mass_create},
		.list = LIST_MASS_OPERATIONS},
	{"v1/mass-operations/{mop}", 0, READ(handle_mass_read)},
	{"v1/mass-operations/{mop}/revert", ROUTE_LONG,
		.handler = {[HTTP_POST] = handle_mass_revert}},
	{"v1/fire-drills", 0,
		.handler = {[HTTP_GET] = handle_list, [HTTP_POST] = handle_fire_drill_create},
		.list = LIST_FIRE_DRILLS},
	{"v1/fire-drills/{drl}", 0, READ(handle_fire_drill_read)},
	{"v1/gateways", ROUTE_OPERATOR, COLLECTION(LIST_GATEWAYS, RESOURCE_GATEWAY)},
	{"v1/gateways/{gw}", ROUTE_OPERATOR, THING(RESOURCE_GATEWAY)},
	{"v1/gateways/{gw}/status", ROUTE_OPERATOR, READ(handle_gateway_status)},
	{"v1/registrations", 0, READ(handle_list), .list = LIST_REGISTRATIONS},
	{"v1/calls", 0, READ(handle_list), .list = LIST_CALLS},
	{"v1/calls/{call}", 0,
		.handler = {[HTTP_GET] = handle_call_read, [HTTP_DELETE] = handle_call_delete}},
	{"v1/cdrs", 0, READ(handle_list), .list = LIST_CDRS},
	{"v1/cdrs/{cdr}", 0, READ(handle_cdr_read)},
	{"v1/webhooks", 0, COLLECTION(LIST_WEBHOOKS, RESOURCE_WEBHOOK)},
	{"v1/webhooks/{whk}", 0, THING(RESOURCE_WEBHOOK)},
	{"v1/webhooks/{whk}/ping", 0, .handler = {[HTTP_POST] = handle_webhook_ping}},
	{"v1/webhooks/{whk}/deliveries", 0, READ(handle_delivery_list),
		.list = LIST_WEBHOOK_DELIVERIES},
	{"v1/webhooks/{whk}/deliveries/{dlv}", 0, READ(handle_delivery_read)},
	{"v1/webhooks/{whk}/deliveries/{dlv}/replay", 0,
		.handler = {[HTTP_POST] = handle_delivery_replay}},
	{"v1/events", 0, READ(handle_list), .list = LIST_EVENTS},
	{"v1/events/{evt}", 0, READ(handle_event_read)},
	{"v1/workers", ROUTE_OPERATOR, READ(handle_list), .list = LIST_WORKERS},
	{"v1/workers/{word}", ROUTE_OPERATOR,
		.handler = {[HTTP_GET] = handle_worker_read, [HTTP_PATCH] = handle_worker_patch}},
	{"v1/sync", 0, READ(handle_sync)},
	{"v1/sync/{word}", 0, READ(handle_sync_revision)},
	{"healthz", ROUTE_PUBLIC, READ(handle_healthz)},
	{"readyz", ROUTE_PUBLIC, READ(handle_readyz)},
	{"metrics", ROUTE_PUBLIC, READ(handle_metrics)},
	{"openapi.yaml", ROUTE_PUBLIC, READ(handle_openapi)},
	{"docs", ROUTE_PUBLIC, READ(handle_docs)},
};

enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

unsigned route_count(void)
{
	return ROUTES;
}

const struct route *route_at(unsigned index)
{
	return &routes[index];
}

unsigned route_index(const struct route *route)
{
	return (unsigned)(route - routes);
}

/* "%2B" is decoded by now; '+' may be left out. */
static bool number_take(const char *text, e164_t *number)
{
	if (*text == '+')
		text++;
	return e164_parse_digits(text, strlen(text), number) == 0;
}

/* Of a thing below another one. */
static bool is_sub(const char *prefix)
{
	return strcmp(prefix, "key") == 0 || strcmp(prefix, "dlv") == 0;
}

/* name: "acc" of "{acc}". */
static bool variable_take(const char *name, size_t len, const char *text, struct route_args *args)
{
	char prefix[UUID_PREFIX_MAX + 1];

	if (strncmp(name, "number", len) == 0)
		return number_take(text, &args->number);
	if (strncmp(name, "word", len) == 0) {
		args->word = text;
		return true;
	}
	memcpy(prefix, name, len);
	prefix[len] = '\0';
	return uuid_parse_id(
		       prefix, text, strlen(text), is_sub(prefix) ? &args->sub_id : &args->id) == 0;
}

static bool segment_match(const char *p, size_t len, const char *text, struct route_args *args)
{
	if (*p == '{')
		return variable_take(p + 1, len - 2, text, args);
	return strlen(text) == len && memcmp(p, text, len) == 0;
}

static bool match(const char *p, const struct target *t, struct route_args *args)
{
	memset(args, 0, sizeof(*args));
	for (unsigned i = 0; i < t->segments; i++) {
		size_t len = strcspn(p, "/");

		if (len == 0 || !segment_match(p, len, t->segment[i], args))
			return false;
		p += len;
		if (*p == '/')
			p++;
		else if (i + 1 < t->segments)
			return false;
	}
	return *p == '\0';
}

const struct route *route_find(const struct target *t, struct route_args *args)
{
	if (t->segments > TARGET_SEGMENTS_MAX)
		return NULL;
	for (unsigned i = 0; i < ROUTES; i++) {
		if (match(routes[i].pattern, t, args))
			return &routes[i];
	}
	return NULL;
}
