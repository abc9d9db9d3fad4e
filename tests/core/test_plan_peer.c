/* The other trunking servers in the plan: when they are asked, and when not. Kinds in order. */
#include <stdio.h>

#include "core/plan.h"
#include "core/settings.h"
#include "tests/core/feed.h"
#include "tests/core/suite.h"

#define NUMBER "14155550100"
#define PLAIN ACCOUNT_RECORD(ACC1, "t", NUL, "")
#define TRUNK TRUNK_RECORD(TRK1, ACC1, "t", "30", DEFAULTS)
#define PBX REGISTERING_RECORD(SIP1, TRK1, "pbx")
#define DID DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, NUL, "")
#define WORLD PLAIN TRUNK PBX DID
#define GATEWAY GATEWAY_RECORD(GW1, "t", "gw1.example|5060|udp", NUL, "", "10", "f")
/* A trunk whose failover to a dial plan is switched on. */
#define DIAL_PLAN_TRUNK                                                                            \
	"T" T TRK1 T ACC1 T "t" T "30" T "15" T "180" T "14400" T NUL T "request_uri" T            \
	"only_primary" T "t" T ID("e", "1") T DEFAULTS "\n"

struct row {
	const char *rule;
	const char *records;
	const char *kinds;
	bool not_registered, from_peer, no_peers;
	uint32_t calls_up;
};

#define ROW(rule_, records_, ...)                                                                  \
	{                                                                                          \
		.rule = (rule_), .records = (records_), .kinds = __VA_ARGS__                       \
	}

static const struct row rows[] = {
	ROW("each peer follows the PBX where nothing else is configured", WORLD,
		"sip_account peer peer "),
	ROW("also, and above all, when the PBX is not registered here", WORLD,
		"sip_account peer peer ", .not_registered = true),
	ROW("a call that came from a peer is never handed back", WORLD, "sip_account ",
		.not_registered = true, .from_peer = true),
	ROW("no peers, no hand-over", WORLD, "sip_account ", .not_registered = true,
		.no_peers = true),
	ROW("a full trunk is full there too", WORLD, "sip_account ", .calls_up = 30),
	ROW("not with a failover number of the DID",
		PLAIN TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, "14155551111", "") GATEWAY,
		"sip_account number "),
	ROW("not with a backup PBX of the DID",
		PLAIN TRUNK PBX DID_RECORD(
			NUMBER, ACC1, TRK1, "t", NUL, NUL, "did.example|5060|udp"),
		"sip_account backup_pbx "),
	ROW("not with a failover number of the account",
		ACCOUNT_RECORD(ACC1, "t", "14155551111", "") TRUNK PBX DID GATEWAY,
		"sip_account number "),
	ROW("not with a backup PBX of the account",
		ACCOUNT_RECORD(ACC1, "t", NUL, "acc.example|5060|udp") TRUNK PBX DID,
		"sip_account backup_pbx "),
	ROW("not when the account's number is the DID itself, which is never called",
		ACCOUNT_RECORD(ACC1, "t", NUMBER, "") TRUNK PBX DID, "sip_account "),
	ROW("not with the trunk's failover to a dial plan switched on",
		PLAIN DIAL_PLAN_TRUNK PBX DID, "sip_account "),
	ROW("a DID without a trunk is delivered nowhere else either",
		PLAIN TRUNK PBX DID_RECORD(NUMBER, ACC1, NUL, "t", NUL, NUL, ""), ""),
	ROW("with High Availability after both accounts",
		HA_ACCOUNT_RECORD(ACC1, NUL, "") HA_TRUNK_RECORD(TRK1, ACC1, "auto_failover",
			DEFAULTS) PBX SECONDARY_RECORD(SIP2, TRK1, "pbx2") DID,
		"sip_account sip_account peer peer "),
};

static void observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg)
{
	const struct row *row = arg;

	(void)trunk, (void)acc;
	obs->registered = !row->not_registered;
	obs->calls_up = row->calls_up;
}

static struct peer_list peers_of(const char *text)
{
	struct peer_list list = {{NULL, 0}, {NULL, 0}};
	char why[SETTING_WHY_MAX] = "";

	ck_assert_msg(setting_peers(text, &list, why) == 0, "%s", why);
	return list;
}

static int build(const struct row *row, struct plan *plan)
{
	struct peer_list peers = peers_of("192.0.2.8,tls:[2001:db8::8]");
	struct plan_call call = {.did = 14155550100,
		.peers = row->no_peers ? NULL : &peers.servers,
		.from_peer = row->from_peer};
	struct cfg *cfg = cfg_new();
	int err;

	feed(cfg, row->records);
	err = plan_build(cfg, &call, observe, (void *)(uintptr_t)row, plan);
	cfg_free(cfg);
	peer_list_fini(&peers); /* the plan is a copy */
	return err;
}

START_TEST(when_peers_are_asked)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char kinds[256] = "";
		struct plan plan;

		ck_assert_int_eq(build(&rows[i], &plan), 0);
		for (unsigned n = 0; n < plan.count; n++) {
			strcat(kinds, attempt_kind_word(plan.attempt[n].kind));
			strcat(kinds, " ");
		}
		ck_assert_msg(strcmp(kinds, rows[i].kinds) == 0, "%s: %s", rows[i].rule, kinds);
		plan_fini(&plan);
	}
}
END_TEST

/* It goes on as it came, holds no slot here, and may be refused and passed on like a PBX. */
START_TEST(how_peers_are_asked)
{
	struct plan plan;
	const struct attempt *a;

	ck_assert_int_eq(build(&rows[0], &plan), 0);
	a = &plan.attempt[1];
	ck_assert_str_eq(plan_rule_word(a->rule), "peer_server");
	ck_assert_str_eq(a->address.host, "192.0.2.8");
	ck_assert_uint_eq(a->address.port, 5060);
	ck_assert_uint_eq(a->address.transport, TRANSPORT_UDP);
	ck_assert(!a->holds_slot && !a->diverts);
	ck_assert_uint_eq(a->did_delivery, DELIVER_REQUEST_URI);
	ck_assert_uint_eq(a->unavailable, TRIGGER_NONE);
	ck_assert_uint_eq(a->triggers, TRIGGERS_DEFAULT);
	ck_assert_str_eq(plan.attempt[2].address.host, "2001:db8::8");
	ck_assert_uint_eq(plan.attempt[2].address.port, 5061);
	ck_assert_uint_eq(plan.attempt[2].address.transport, TRANSPORT_TLS);
	plan_fini(&plan);
}
END_TEST

START_TEST(what_the_setting_takes)
{
	static const char *const refused[] = {"peer.example", "udp:", "sctp:192.0.2.1",
		"192.0.2.0/24", "192.0.2.1:0", ",192.0.2.1", "2001:db8::1:x", "tls"};
	struct peer_list list = peers_of("udp:192.0.2.1:5080,tcp:192.0.2.2,[2001:db8::1]");
	const uint8_t third[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	char why[SETTING_WHY_MAX];

	ck_assert_uint_eq(list.servers.count, 3);
	ck_assert_uint_eq(list.servers.item[0].port, 5080);
	ck_assert_uint_eq(list.servers.item[1].transport, TRANSPORT_TCP);
	ck_assert_uint_eq(list.servers.item[1].port, 5060);
	ck_assert_str_eq(list.servers.item[2].host, "2001:db8::1");
	ck_assert(cidr_list_match(&list.sources, third));
	ck_assert_int_eq(setting_peers("", &list, why), 0);
	ck_assert_uint_eq(list.servers.count, 0);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		ck_assert_msg(setting_peers(refused[i], &list, why) != 0, "%s", refused[i]);
	peer_list_fini(&list);
}
END_TEST

int main(void)
{
	return SUITE_RUN("plan_peer", NULL, when_peers_are_asked, how_peers_are_asked,
		what_the_setting_takes);
}
