/* Calls of PBXs: one row for each rule. What is provisioned, what was dialled, and the attempts that follow:
 *
 *	rule target gateway-host first_response/ring [one] [unavailable]
 *
 * A refused plan reads "refusal status". And whose number is shown, and whose call it is. */
#include <stdio.h>

#include "core/attempt_target.h"
#include "core/caller_account.h"
#include "core/caller_id.h"
#include "core/plan_outbound.h"
#include "tests/core/feed.h"
#include "tests/core/suite.h"

#define ACCOUNT ACCOUNT_RECORD(ACC1, "t", NUL, "")
#define TRUNK TRUNK_RECORD(TRK1, ACC1, "t", "30", DEFAULTS)
#define PBX REGISTERING_RECORD(SIP1, TRK1, "pbx")
#define DRAINING                                                                                   \
	"T" T TRK1 T ACC1 T "t" T "30" T "15" T "180" T "14400" T NUL T "request_uri" T            \
	"only_primary" T "f" T NUL T DEFAULTS T "t\n"
#define WORLD ACCOUNT TRUNK PBX
#define GW(id, host, prefixes, priority, public_trunk)                                             \
	GATEWAY_RECORD(id, "t", host "|5060|udp", NUL, prefixes, priority, public_trunk)
#define GW_FAILOVER(id, host, failover, prefixes, priority)                                        \
	GATEWAY_RECORD(id, "t", host "||udp", failover "|5060|udp", prefixes, priority, "f")

struct row {
	const char *rule, *records, *dialled, *plan;
	uint32_t calls_up;
};

#define ROW(rule_, records_, dialled_, ...)                                                        \
	{                                                                                          \
		.rule = (rule_), .records = (records_), .dialled = (dialled_), .plan = __VA_ARGS__ \
	}

static const struct row rows[] = {
	ROW("a gateway that takes all", WORLD GW(GW1, "a", "", "1", "f"), "+442079460123",
		"gateway +442079460123 a 10/180\n"),
	ROW("national as the account dials", WORLD GW(GW1, "a", "1", "1", "f"), "4155550100",
		"gateway +14155550100 a 10/180\n"),
	ROW("no gateway takes it: the attempt is there and out of reach",
		WORLD GW(GW1, "a", "49", "1", "f"), "+442079460123",
		"gateway +442079460123 - 15/180 unreachable\n"),
	ROW("a longer prefix goes before a lower priority",
		WORLD GW(GW1, "a", "44", "1", "f") GW(GW2, "b", "4420", "9", "f"), "+442079460123",
		"gateway +442079460123 b 10/180\ngateway +442079460123 a 10/180\n"),
	ROW("a lower priority goes first",
		WORLD GW(GW1, "a", "44", "9", "f") GW(GW2, "b", "44", "1", "f"), "+442079460123",
		"gateway +442079460123 b 10/180\ngateway +442079460123 a 10/180\n"),
	ROW("public trunks are the last resort, whatever their prefix and priority",
		WORLD GW(GW1, "a", "44", "9", "f") GW(GW2, "pri", "442079460123", "1", "t"),
		"+442079460123",
		"gateway +442079460123 a 10/180\npublic_trunk +442079460123 pri 10/180\n"),
	ROW("a failover address follows the main one, whose other addresses are then not tried",
		WORLD GW_FAILOVER(GW1, "a.example", "b", "", "1") GW(GW2, "c", "", "2", "f"),
		"+442079460123",
		"gateway +442079460123 a.example 10/180 one\ngateway +442079460123 b 10/180\n"
		"gateway +442079460123 c 10/180\n"),
	ROW("a gateway that is disabled is none",
		WORLD GATEWAY_RECORD(GW1, "f", "a|5060|udp", NUL, "", "1", "f")
			GW(GW2, "b", "", "2", "f"),
		"+442079460123", "gateway +442079460123 b 10/180\n"),
	ROW("the trunk's ring time",
		ACCOUNT "T\t" TRK1 "\t" ACC1
			"\tt\t1\t4\t20\t60\t\\N\tto\tonly_primary\tf\t\\N\t\n" PBX GW(
				GW1, "a", "", "1", "f"),
		"+442079460123", "gateway +442079460123 a 10/20\n"),
	ROW("one call below the limit", WORLD GW(GW1, "a", "", "1", "f"), "+442079460123",
		"gateway +442079460123 a 10/180\n", .calls_up = 29),
	ROW("at the limit: capacity", WORLD GW(GW1, "a", "", "1", "f"), "+442079460123",
		"capacity 503\n", .calls_up = 30),
	ROW("a limit of 0 lets nobody call",
		ACCOUNT TRUNK_RECORD(TRK1, ACC1, "t", "0", DEFAULTS) PBX, "+442079460123",
		"capacity 503\n"),
	ROW("a trunk that is draining lets nobody call", ACCOUNT DRAINING PBX, "+442079460123",
		"capacity 503\n"),
	ROW("emergency: also from a trunk that is draining",
		ACCOUNT DRAINING PBX GW(GW1, "a", "", "1", "f"), "911", "emergency 911 a 10/180\n"),
	ROW("a trunk that is disabled", ACCOUNT TRUNK_RECORD(TRK1, ACC1, "f", "30", DEFAULTS) PBX,
		"+442079460123", "disabled 403\n"),
	ROW("an account that is disabled", ACCOUNT_RECORD(ACC1, "f", NUL, "") TRUNK PBX,
		"+442079460123", "disabled 403\n"),
	ROW("a premium range is denied", WORLD GW(GW1, "a", "", "1", "f"), "+19005550100",
		"denied 403\n"),
	ROW("denied goes before capacity", WORLD GW(GW1, "a", "", "1", "f"), "+19005550100",
		"denied 403\n", .calls_up = 30),
	ROW("emergency: never refused for capacity", WORLD GW(GW1, "a", "", "1", "f"), "911",
		"emergency 911 a 10/180\n", .calls_up = 30),
	ROW("emergency: even with a limit of 0",
		ACCOUNT TRUNK_RECORD(TRK1, ACC1, "t", "0", DEFAULTS) PBX GW(GW1, "a", "", "1", "f"),
		"911", "emergency 911 a 10/180\n"),
	ROW("emergency: a gateway made for it first, also a public trunk",
		WORLD GW(GW1, "a", "1", "1", "f") GW(GW2, "pri", "911", "9", "t"), "911",
		"emergency 911 pri 10/180\nemergency 911 a 10/180\n"),
	ROW("emergency: then those of the country, then those of all; not those of others",
		WORLD GW(GW1, "all", "", "1", "f") GW(GW2, "us", "1", "9", "f")
			GW(GW3, "de", "49", "1", "f"),
		"+1911", "emergency 911 us 10/180\nemergency 911 all 10/180\n"),
	ROW("emergency: no gateway", WORLD, "112", "emergency 112 - 15/180 unreachable\n"),
	ROW("911 as a prefix is not the beginning of an Indian number",
		WORLD GW(GW1, "e911", "911", "1", "f") GW(GW2, "in", "91", "9", "f"),
		"+911123456789", "gateway +911123456789 in 10/180\n"),
	ROW("four digits of it are", WORLD GW(GW1, "delhi", "9111", "1", "f"), "+911123456789",
		"gateway +911123456789 delhi 10/180\n"),
};

static uint32_t calls_up;

static void observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg)
{
	ck_assert_ptr_nonnull(trunk);
	ck_assert_ptr_null(acc);
	(void)arg;
	obs->calls_up = calls_up;
}

static void write_plan(const struct plan *plan, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	if (plan->refusal)
		at = (size_t)snprintf(
			out, size, "%s %u\n", plan_refusal_word(plan->refusal), plan->status);
	for (unsigned i = 0; i < plan->count; i++) {
		const struct attempt *a = &plan->attempt[i];
		char target[ATTEMPT_TARGET_SIZE];

		ck_assert_int_eq(a->kind, ATTEMPT_NUMBER);
		ck_assert(!a->holds_slot && !a->diverts);
		attempt_target(a, target);
		at += (size_t)snprintf(out + at, size - at, "%s %s %s %u/%u%s%s%s\n",
			plan_rule_word(a->rule), target, a->address.host ? a->address.host : "-",
			a->first_response_seconds, a->ring_seconds, a->one_address ? " one" : "",
			a->unavailable == TRIGGER_NONE ? "" : " ",
			a->unavailable == TRIGGER_NONE ? "" : trigger_word(a->unavailable));
	}
}

START_TEST(each_rule)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cfg *cfg = cfg_new();
		struct uuid id = id_of(TRK1);
		struct outbound_call call;
		struct plan plan;
		char text[2048];

		feed(cfg, rows[i].records);
		call.trunk = cfg_trunk(cfg, &id);
		dialled_parse(rows[i].dialled, strlen(rows[i].dialled),
			call.trunk->account->default_country, &call.dialled);
		calls_up = rows[i].calls_up;
		ck_assert_int_eq(plan_build_outbound(cfg, &call, observe, NULL, &plan), 0);
		write_plan(&plan, text, sizeof(text));
		ck_assert_msg(strcmp(text, rows[i].plan) == 0, "%s:\n%snot\n%s", rows[i].rule, text,
			rows[i].plan);
		plan_fini(&plan);
		cfg_free(cfg);
	}
}
END_TEST

/* ---- caller ID ----------------------------------------------------------------------------- */

#define TRUNK_SHOWS(id, caller_id)                                                                 \
	"T" T id T ACC1 T "t" T "30" T "15" T "180" T "14400" T caller_id T "request_uri" T        \
	"only_primary" T "f" T NUL T "\n"
#define OWN_DID DID_RECORD("14155550100", ACC1, TRK1, "t", NUL, NUL, "")
#define OTHER_TRUNK                                                                                \
	TRUNK_RECORD(TRK2, ACC1, "t", "30", DEFAULTS)                                              \
	DID_RECORD("14155550200", ACC1, TRK2, "t", NUL, NUL, "")
#define NO_TRUNK DID_RECORD("14155550300", ACC1, NUL, "t", NUL, NUL, "")
#define ASLEEP DID_RECORD("14155550400", ACC1, TRK1, "f", NUL, NUL, "")
#define STRANGERS                                                                                  \
	ACCOUNT_RECORD(ACC2, "t", NUL, "")                                                         \
	DID_RECORD("14155550500", ACC2, NUL, "t", NUL, NUL, "")
#define SHOWING(caller_id)                                                                         \
	ACCOUNT TRUNK_SHOWS(TRK1, caller_id)                                                       \
	PBX OWN_DID OTHER_TRUNK NO_TRUNK ASLEEP STRANGERS

START_TEST(whose_number_is_shown)
{
	static const struct {
		const char *rule, *records, *from, *asserted;
		bool anonymous;
		e164_t number; /* 0: refused */
		bool replaced;
	} row[] = {
		{"a DID of the trunk", SHOWING(NUL), "+14155550100", "", false, 14155550100, false},
		{"written nationally", SHOWING(NUL), "4155550100", "", false, 14155550100, false},
		{"a DID of the account that leads to no trunk", SHOWING(NUL), "+14155550300", "",
			false, 14155550300, false},
		{"the trunk's caller_id", SHOWING("+14155550999"), "+14155550999", "", false,
			14155550999, false},
		{"a DID of another trunk is foreign", SHOWING("+14155550999"), "+14155550200", "",
			false, 14155550999, true},
		{"so is a DID that is disabled", SHOWING("+14155550999"), "+14155550400", "", false,
			14155550999, true},
		{"so is another customer's", SHOWING("+14155550999"), "+14155550500", "", false,
			14155550999, true},
		{"so is an extension", SHOWING("4155550999"), "1001", "", false, 14155550999, true},
		{"so is a user name", SHOWING("Office <+14155550999>"), "pbx", "", false,
			14155550999, true},
		{"an asserted identity of its own goes before the caller_id",
			SHOWING("+14155550999"), "1001", "+14155550100", false, 14155550100, true},
		{"From goes before it", SHOWING(NUL), "+14155550300", "+14155550100", false,
			14155550300, false},
		{"an asserted identity that is foreign is none", SHOWING("+14155550999"), "1001",
			"+14155550500", false, 14155550999, true},
		{"anonymous with an identity", SHOWING(NUL), "anonymous", "+14155550100", true,
			14155550100, false},
		{"anonymous without: the trunk's", SHOWING("+14155550999"), "anonymous", "", true,
			14155550999, true},
		{"foreign, and the trunk has no caller_id: refused", SHOWING(NUL), "+12125550111",
			"", false, 0, false},
		{"a caller_id that is no number is none", SHOWING("Office"), "1001", "", false, 0,
			false},
		{"nor is one that was not closed", SHOWING("Office <+14155550999"), "1001", "",
			false, 0, false},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct caller_claim claim = {.from = str_of(row[i].from),
			.asserted = str_of(row[i].asserted),
			.anonymous = row[i].anonymous};
		struct cfg *cfg = cfg_new();
		struct uuid trunk = id_of(TRK1);
		struct caller_id id;
		int err;

		feed(cfg, row[i].records);
		err = caller_id_choose(cfg, cfg_trunk(cfg, &trunk), &claim, &id);
		ck_assert_msg(id.number == row[i].number, "%s: %llu", row[i].rule,
			(unsigned long long)id.number);
		ck_assert_msg(err == (row[i].number ? 0 : EPERM), "%s", row[i].rule);
		ck_assert_msg(!row[i].number || id.replaced == row[i].replaced, "%s", row[i].rule);
		ck_assert(id.anonymous == row[i].anonymous);
		cfg_free(cfg);
	}
}
END_TEST

/* ---- several accounts at one address ------------------------------------------------------- */

#define IP "192.0.2.7"
#define TWO                                                                                        \
	ACCOUNT ACCOUNT_RECORD(ACC2, "t", NUL, "") TRUNK TRUNK_RECORD(TRK2, ACC2, "t", "30", "")   \
		IP_RECORD(SIP1, TRK1, IP, IP "|5070|udp") IP_RECORD(SIP2, TRK2, IP, IP "||udp")    \
			DID_RECORD("14155550100", ACC1, TRK1, "t", NUL, NUL, "")                   \
				DID_RECORD("14155550200", ACC2, TRK2, "t", NUL, NUL, "")
#define ONE_TRUNK                                                                                  \
	HA_ACCOUNT_RECORD(ACC1, NUL, "")                                                           \
	TRUNK IP_RECORD(SIP1, TRK1, IP, NUL) "S" T SIP2 T TRK1 T "secondary" T "b" T "ip" T NUL T  \
					     "" T "" T IP T NUL "\n"

START_TEST(whose_call_it_is)
{
	static const struct {
		const char *rule, *records, *from, *asserted;
		uint16_t port;
		const char *account; /* NULL: err */
		int err;
	} row[] = {
		{"nobody names the address", ACCOUNT TRUNK PBX, "1", "", 5060, NULL, ENOENT},
		{"one account", ACCOUNT TRUNK IP_RECORD(SIP1, TRK1, IP, NUL), "1", "", 9, SIP1, 0},
		{"two of one trunk: the primary", ONE_TRUNK, "1", "", 9, SIP1, 0},
		{"two customers: by From", TWO, "+14155550100", "", 9, SIP1, 0},
		{"by the asserted identity", TWO, "1", "4155550200", 9, SIP2, 0},
		{"both say theirs, in different ways: by the port", TWO, "+14155550100",
			"+14155550200", 5070, SIP1, 0},
		{"neither is said: by the port", TWO, "1", "", 5060, SIP2, 0},
		{"nor is it the port of anybody", TWO, "1", "", 6000, NULL, EAGAIN},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct caller_claim claim = {
			.from = str_of(row[i].from), .asserted = str_of(row[i].asserted)};
		const struct cfg_sip_account *found = NULL;
		struct cfg *cfg = cfg_new();
		uint8_t addr[16];
		struct uuid id;

		feed(cfg, row[i].records);
		ck_assert_int_eq(ip_parse(IP, strlen(IP), addr), 0);
		ck_assert_msg(caller_account(cfg, addr, row[i].port, &claim, &found) == row[i].err,
			"%s", row[i].rule);
		if (row[i].account) {
			id = id_of(row[i].account);
			ck_assert_msg(memcmp(&found->id, &id, sizeof(id)) == 0, "%s", row[i].rule);
		}
		cfg_free(cfg);
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("plan_outbound", NULL, each_rule, whose_number_is_shown, whose_call_it_is);
}
