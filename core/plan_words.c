/* The words of plans, as records and the explain endpoint write them. */
#include "core/plan.h"

static const char *const kind_words[ATTEMPT_KIND_COUNT] = {
	"sip_account", "backup_pbx", "number", "sip_uri", "media", "reject", "loop", "peer"};

static const char *const rule_words[RULE_COUNT] = {"only_primary", "load_balancing",
	"auto_failover", "load_balancing_healthy", "did_backup_pbx", "account_backup_pbx",
	"did_failover_number", "account_failover_number", "did_forwarding", "trunk_dial_plan",
	"did_dial_plan", "internal_number", "peer_server", "gateway", "public_trunk", "emergency",
	"own_did"};

static const char *const refusal_words[PLAN_REFUSAL_COUNT] = {
	"ok", "unknown_did", "disabled", "no_target", "capacity", "denied"};

const char *attempt_kind_word(enum attempt_kind k)
{
	return (unsigned)k < ATTEMPT_KIND_COUNT ? kind_words[k] : "";
}

const char *plan_rule_word(enum plan_rule r)
{
	return (unsigned)r < RULE_COUNT ? rule_words[r] : "";
}

const char *plan_refusal_word(enum plan_refusal r)
{
	return (unsigned)r < PLAN_REFUSAL_COUNT ? refusal_words[r] : "";
}
