/* The route plan, one row for each rule: what is provisioned (feed records) and observed, and
 * the attempts that follow from it, written as in tests/core/plan_text.h. Dial plans and forwardings have
 * tables of their own: test_plan_dial.c, test_plan_forwarding.c. */
#include <stdio.h>

#include "core/plan.h"
#include "tests/core/feed.h"
#include "tests/core/plan_text.h"
#include "tests/core/suite.h"

#define NUMBER "14155550100"

/* Accounts with a global failover number, backup PBXs, both or neither. */
#define PLAIN ACCOUNT_RECORD(ACC1, "t", NUL, "")
#define GLOBAL_NUMBER ACCOUNT_RECORD(ACC1, "t", "14155551111", "")
#define GLOBAL_BACKUP ACCOUNT_RECORD(ACC1, "t", NUL, "acc1.example|5060|udp,acc2.example||tcp")
#define GLOBAL_BOTH ACCOUNT_RECORD(ACC1, "t", "14155551111", "acc1.example|5060|udp")

#define TRUNK TRUNK_RECORD(TRK1, ACC1, "t", "30", DEFAULTS)
#define PBX REGISTERING_RECORD(SIP1, TRK1, "pbx")
#define DID DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, NUL, "")
#define GATEWAY GATEWAY_RECORD(GW1, "t", "gw1.example|5060|udp", NUL, "", "10", "f")

#define HA_ACCOUNT HA_ACCOUNT_RECORD(ACC1, NUL, "")
#define HA_BACKUP HA_ACCOUNT_RECORD(ACC1, "14155551111", "acc1.example|5060|udp")
#define HA_TRUNK(mode) HA_TRUNK_RECORD(TRK1, ACC1, mode, DEFAULTS)
#define HA_WORLD(mode)                                                                             \
	HA_ACCOUNT HA_TRUNK(mode)                                                                  \
	PBX SECOND DID
#define SECOND SECONDARY_RECORD(SIP2, TRK1, "pbx2")

/* An account's attempt; "!" stands before the secondary's target. */
#define ON(mode) "sip_account " mode " bindings 15/180 slot default\n"
#define ON2(mode) "sip_account " mode " !bindings 15/180 slot default\n"
#define OFF(mode, because) "sip_account " mode " bindings " because " 15/180 slot default\n"
#define OFF2(mode, because) "sip_account " mode " !bindings " because " 15/180 slot default\n"
#define LB "load_balancing"
#define LBH "load_balancing_healthy"
#define AUTO "auto_failover"

#define DRAINING TRUNK_RECORD(TRK1, ACC1, "t", "30", DEFAULTS T "t")
#define DELIVERY "sip_account only_primary bindings 15/180 slot default\n"
#define VIA_GW1(rule, number)                                                                      \
	"number " rule " " number " gw1.example:5060;udp 10/180 diverts caller gateway\n"

/* An account with a global number and destination rules, and a DID that nobody delivers. */
#define RULED(number, rules)                                                                       \
	"A\t" ACC1 "\tt\tUS\tUTC\tf\t" number "\t\tcaller\t\\N\t" rules "\n"                       \
	"D\t" NUMBER "\t" ACC1 "\t\\N\t\\N\tt\tring\t\\N\t\\N\t\\N\t\t\\N\t\\N\n"
#define TWO_ADDRESSES                                                                              \
	GATEWAY_RECORD(GW2, "t", "gw2.example|5060|udp", "gw2b.example|5060|udp", "", "20", "f")

/* The observed world is the usual one unless a row says otherwise: the PBX is registered, no call
 * is up, health has nothing to say. */
struct row {
	const char *rule;
	const char *records;
	const char *plan;
	bool not_registered, down;
	bool not_registered_2, down_2; /* the secondary */
	uint32_t calls_up, turn;
	const char *did; /* NULL: NUMBER */
};

#define ROW(rule_, records_, ...)                                                                  \
	{                                                                                          \
		.rule = (rule_), .records = (records_), .plan = __VA_ARGS__                        \
	}

static const struct row rows[] = {
	/* Delivery. */
	ROW("the primary SIP account's bindings, nothing else configured", PLAIN TRUNK PBX DID,
		DELIVERY),
	ROW("IP mode: the primary's address",
		PLAIN TRUNK IP_RECORD(SIP1, TRK1, "192.0.2.1", "192.0.2.1|5080|tcp") DID,
		"sip_account only_primary 192.0.2.1:5080;tcp 15/180 slot default\n"),
	ROW("IP mode without an address counts as not registered",
		PLAIN TRUNK IP_RECORD(SIP1, TRK1, "192.0.2.1", NUL) DID,
		"sip_account only_primary - not_registered 15/180 slot default\n"),
	ROW("IP mode needs no binding",
		PLAIN TRUNK IP_RECORD(SIP1, TRK1, "192.0.2.1", "192.0.2.1|5080|tcp") DID,
		"sip_account only_primary 192.0.2.1:5080;tcp 15/180 slot default\n",
		.not_registered = true),
	ROW("a draining trunk is full, whatever is up", PLAIN DRAINING PBX DID,
		"sip_account only_primary bindings capacity 15/180 slot default\n"),
	ROW("... and as good as full when its PBX is away", PLAIN DRAINING PBX DID,
		"sip_account only_primary bindings capacity 15/180 slot default\n",
		.not_registered = true),
	ROW("... and moves the call on whatever the triggers",
		GLOBAL_BACKUP TRUNK_RECORD(TRK1, ACC1, "t", "30", "busy" T "t") PBX DID,
		"sip_account only_primary bindings capacity 15/180 slot capacity,busy\n"
		"backup_pbx account_backup_pbx acc1.example:5060;udp 15/180 busy\n"
		"backup_pbx account_backup_pbx acc2.example:0;tcp 15/180 busy\n"),
	ROW("no live binding: not registered", PLAIN TRUNK PBX DID,
		"sip_account only_primary bindings not_registered 15/180 slot default\n",
		.not_registered = true),
	ROW("a trunk without a SIP account counts as not registered", PLAIN TRUNK DID,
		"sip_account only_primary - not_registered 15/180 slot default\n"),
	ROW("one call below the limit is admitted", PLAIN TRUNK PBX DID, DELIVERY, .calls_up = 29),
	ROW("at the limit: capacity", PLAIN TRUNK PBX DID,
		"sip_account only_primary bindings capacity 15/180 slot default\n", .calls_up = 30),
	ROW("above the limit: capacity", PLAIN TRUNK PBX DID,
		"sip_account only_primary bindings capacity 15/180 slot default\n", .calls_up = 31),
	ROW("a limit of 0 admits nobody",
		PLAIN TRUNK_RECORD(TRK1, ACC1, "t", "0", DEFAULTS) PBX DID,
		"sip_account only_primary bindings capacity 15/180 slot default\n"),
	ROW("not registered is said before capacity", PLAIN TRUNK PBX DID,
		"sip_account only_primary bindings not_registered 15/180 slot default\n",
		.not_registered = true, .calls_up = 30),
	ROW("health down does not skip the primary: nothing is sticky", PLAIN TRUNK PBX DID,
		DELIVERY, .down = true),
	ROW("the trunk's times and triggers",
		PLAIN "T\t" TRK1 "\t" ACC1
		      "\tt\t1\t4\t20\t60\t\\N\tto\tonly_primary\tf\t\\N\tbusy,timeout\n" PBX DID,
		"sip_account only_primary bindings 4/20 slot timeout,busy\n"),
	ROW("a DID's triggers go before the trunk's",
		PLAIN TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", "rejected", NUL, ""),
		"sip_account only_primary bindings 15/180 slot rejected\n"),
	ROW("a DID's triggers may be none at all",
		PLAIN TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", "", NUL, ""),
		"sip_account only_primary bindings 15/180 slot none\n"),
	ROW("ring_then_forward: the DID's ring time, and no answer moves on",
		PLAIN TRUNK PBX "D\t" NUMBER "\t" ACC1 "\t" TRK1
				"\t\\N\tt\tring_then_forward\t25\t\\N\t\\N\t\t\\N\t\\N\n",
		"sip_account only_primary bindings 15/25 slot " DEFAULTS ",no_answer\n"),
	ROW("ring: the trunk's ring time, whatever the DID's says",
		PLAIN TRUNK PBX "D\t" NUMBER "\t" ACC1 "\t" TRK1
				"\t\\N\tt\tring\t25\t\\N\t\\N\t\t\\N\t\\N\n",
		DELIVERY),

	/* High Availability: who is tried, in what order. */
	ROW("the add-on alone changes nothing: only_primary is the default",
		HA_ACCOUNT TRUNK PBX SECOND DID, DELIVERY),
	ROW("only_primary: never the secondary, whatever happened to the primary",
		HA_WORLD("only_primary"), OFF("only_primary", "not_registered"),
		.not_registered = true, .turn = 1),
	ROW("a mode without the add-on is only_primary", PLAIN HA_TRUNK(AUTO) PBX SECOND DID,
		DELIVERY),
	ROW("so is one whose turn it would be", PLAIN HA_TRUNK(LB) PBX SECOND DID, DELIVERY,
		.turn = 1),
	ROW("a mode without a secondary account is only_primary", HA_ACCOUNT HA_TRUNK(AUTO) PBX DID,
		DELIVERY),

	ROW("load_balancing: the first call is the primary's, alone", HA_WORLD(LB), ON(LB)),
	ROW("load_balancing: the next one is the secondary's, alone", HA_WORLD(LB), ON2(LB),
		.turn = 1),
	ROW("load_balancing: then the primary's again", HA_WORLD(LB), ON(LB), .turn = 2),
	ROW("load_balancing: the number of the turn may be any", HA_WORLD(LB), ON2(LB),
		.turn = UINT32_MAX),
	ROW("load_balancing: an account that is not registered keeps its turn", HA_WORLD(LB),
		OFF(LB, "not_registered"), .not_registered = true),
	ROW("load_balancing: so does one that is down", HA_WORLD(LB), ON2(LB), .turn = 1,
		.down_2 = true),
	ROW("load_balancing: what is behind it is still tried",
		HA_BACKUP HA_TRUNK(LB) PBX SECOND DID GATEWAY,
		ON2(LB) "backup_pbx account_backup_pbx acc1.example:5060;udp 15/180 "
			"default\n" VIA_GW1("account_failover_number", "+14155551111"),
		.turn = 1),

	ROW("auto_failover: the primary, then the secondary", HA_WORLD(AUTO), ON(AUTO) ON2(AUTO)),
	ROW("auto_failover knows no turns", HA_WORLD(AUTO), ON(AUTO) ON2(AUTO), .turn = 1),
	ROW("auto_failover: a primary that is not registered is left at once", HA_WORLD(AUTO),
		OFF(AUTO, "not_registered") ON2(AUTO), .not_registered = true),
	ROW("auto_failover: a primary that is down is left at once", HA_WORLD(AUTO),
		OFF(AUTO, "unreachable") ON2(AUTO), .down = true),
	ROW("auto_failover: down, whatever the triggers are",
		HA_ACCOUNT HA_TRUNK_RECORD(TRK1, ACC1, AUTO, "busy") PBX SECOND DID,
		"sip_account auto_failover bindings unreachable 15/180 slot unreachable,busy\n"
		"sip_account auto_failover !bindings 15/180 slot busy\n",
		.down = true),
	ROW("auto_failover: not registered, whatever the triggers are",
		HA_ACCOUNT HA_TRUNK_RECORD(TRK1, ACC1, AUTO, "busy") PBX SECOND DID,
		"sip_account auto_failover bindings not_registered 15/180 slot "
		"not_registered,busy\n"
		"sip_account auto_failover !bindings 15/180 slot busy\n",
		.not_registered = true),
	ROW("auto_failover: both down, so both are tried", HA_WORLD(AUTO), ON(AUTO) ON2(AUTO),
		.down = true, .down_2 = true),
	ROW("auto_failover: a primary that is down is tried when nobody else can be",
		HA_WORLD(AUTO), ON(AUTO) OFF2(AUTO, "not_registered"), .down = true,
		.not_registered_2 = true),
	ROW("auto_failover: the secondary's status does not matter while the primary is up",
		HA_WORLD(AUTO), ON(AUTO) ON2(AUTO), .down_2 = true),
	ROW("auto_failover: neither registered", HA_WORLD(AUTO),
		OFF(AUTO, "not_registered") OFF2(AUTO, "not_registered"), .not_registered = true,
		.not_registered_2 = true),
	ROW("auto_failover: a primary without any account counts as not registered",
		HA_ACCOUNT HA_TRUNK(AUTO) SECOND DID,
		"sip_account auto_failover - not_registered 15/180 slot default\n" ON2(AUTO)),
	ROW("auto_failover: the secondary has its own mode and address",
		HA_ACCOUNT HA_TRUNK(AUTO) PBX SECONDARY_IP_RECORD(SIP2, TRK1, "192.0.2.2|5090|tcp")
			DID,
		ON(AUTO) "sip_account auto_failover !192.0.2.2:5090;tcp 15/180 slot default\n"),
	ROW("auto_failover, then the backup PBX, then the number",
		HA_BACKUP HA_TRUNK(AUTO) PBX SECOND DID GATEWAY,
		ON(AUTO) ON2(AUTO) "backup_pbx account_backup_pbx acc1.example:5060;udp 15/180 "
				   "default\n" VIA_GW1("account_failover_number", "+14155551111")),
	ROW("auto_failover: a DID's triggers move its calls",
		HA_ACCOUNT HA_TRUNK(AUTO)
			PBX SECOND DID_RECORD(NUMBER, ACC1, TRK1, "t", "busy", NUL, ""),
		"sip_account auto_failover bindings 15/180 slot busy\n"
		"sip_account auto_failover !bindings 15/180 slot busy\n"),

	ROW("one count for both: a full trunk has no room on the secondary either", HA_WORLD(AUTO),
		OFF(AUTO, "capacity") OFF2(AUTO, "capacity"), .calls_up = 30),
	ROW("one count for both: full, the secondary's turn", HA_WORLD(LB), OFF2(LB, "capacity"),
		.calls_up = 30, .turn = 1),
	ROW("a full trunk's primary that is down is full first", HA_WORLD(AUTO),
		OFF(AUTO, "capacity") OFF2(AUTO, "capacity"), .calls_up = 30, .down = true),

	ROW("load_balancing_healthy: the primary's turn, the secondary behind it", HA_WORLD(LBH),
		ON(LBH) ON2(LBH)),
	ROW("load_balancing_healthy: the secondary's turn, the primary behind it", HA_WORLD(LBH),
		ON2(LBH) ON(LBH), .turn = 1),
	ROW("load_balancing_healthy: who is down loses the turn", HA_WORLD(LBH),
		OFF2(LBH, "unreachable") ON(LBH), .turn = 1, .down_2 = true),
	ROW("load_balancing_healthy: so does who is not registered", HA_WORLD(LBH),
		OFF(LBH, "not_registered") ON2(LBH), .not_registered = true),
	ROW("load_balancing_healthy: the other one is the retry, even when it is down",
		HA_WORLD(LBH), ON(LBH) ON2(LBH), .down_2 = true),
	ROW("load_balancing_healthy: both down, so both are tried", HA_WORLD(LBH), ON2(LBH) ON(LBH),
		.down = true, .down_2 = true, .turn = 1),

	/* Backup PBXs. */
	ROW("the account's backup PBXs in their order", GLOBAL_BACKUP TRUNK PBX DID,
		DELIVERY "backup_pbx account_backup_pbx acc1.example:5060;udp 15/180 default\n"
			 "backup_pbx account_backup_pbx acc2.example:0;tcp 15/180 default\n"),
	ROW("the DID's list replaces the account's",
		GLOBAL_BACKUP TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, NUL,
			"did1.example|5060|udp,did2.example||tls"),
		DELIVERY "backup_pbx did_backup_pbx did1.example:5060;udp 15/180 default\n"
			 "backup_pbx did_backup_pbx did2.example:0;tls 15/180 default\n"),
	ROW("backup PBXs come before a number, also before the DID's own",
		GLOBAL_BACKUP TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, "14155552222", "")
			GATEWAY,
		DELIVERY
		"backup_pbx account_backup_pbx acc1.example:5060;udp 15/180 default\n"
		"backup_pbx account_backup_pbx acc2.example:0;tcp 15/180 default\n" VIA_GW1(
			"did_failover_number", "+14155552222")),
	ROW("a full trunk's backup PBX is available: it holds no slot", GLOBAL_BACKUP TRUNK PBX DID,
		"sip_account only_primary bindings capacity 15/180 slot default\n"
		"backup_pbx account_backup_pbx acc1.example:5060;udp 15/180 default\n"
		"backup_pbx account_backup_pbx acc2.example:0;tcp 15/180 default\n",
		.calls_up = 30),

	/* One number. */
	ROW("the account's number", GLOBAL_NUMBER TRUNK PBX DID GATEWAY,
		DELIVERY VIA_GW1("account_failover_number", "+14155551111")),
	ROW("the DID's number makes the account's ignored",
		GLOBAL_NUMBER TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, "14155552222", "")
			GATEWAY,
		DELIVERY VIA_GW1("did_failover_number", "+14155552222")),
	ROW("the DID's backup PBX with the account's number",
		GLOBAL_BOTH TRUNK PBX DID_RECORD(
			NUMBER, ACC1, TRK1, "t", NUL, NUL, "did1.example||udp") GATEWAY,
		DELIVERY "backup_pbx did_backup_pbx did1.example:0;udp 15/180 default\n" VIA_GW1(
			"account_failover_number", "+14155551111")),
	ROW("a DID never fails over to itself",
		ACCOUNT_RECORD(ACC1, "t", NUMBER, "") TRUNK PBX DID GATEWAY, DELIVERY),
	ROW("its own number still makes the account's ignored",
		GLOBAL_NUMBER TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, NUMBER, "")
			GATEWAY,
		DELIVERY),
	ROW("no gateway at all: the attempt is there and unreachable", GLOBAL_NUMBER TRUNK PBX DID,
		DELIVERY "number account_failover_number +14155551111 - unreachable 15/180 diverts "
			 "caller gateway\n"),
	ROW("no gateway for that prefix: unreachable",
		GLOBAL_NUMBER TRUNK PBX DID GATEWAY_RECORD(
			GW1, "t", "gw1.example||udp", NUL, "1416,44", "10", "f"),
		DELIVERY "number account_failover_number +14155551111 - unreachable 15/180 diverts "
			 "caller gateway\n"),
	ROW("a disabled gateway is none",
		GLOBAL_NUMBER TRUNK PBX DID GATEWAY_RECORD(
			GW1, "f", "gw1.example||udp", NUL, "", "10", "f"),
		DELIVERY "number account_failover_number +14155551111 - unreachable 15/180 diverts "
			 "caller gateway\n"),
	ROW("the longest prefix first, then lower priority, then the older gateway",
		GLOBAL_NUMBER TRUNK PBX DID GATEWAY_RECORD(GW1, "t", "any.example||udp", NUL, "",
			"1", "f") GATEWAY_RECORD(GW2, "t", "us.example||udp", NUL, "44,1", "20",
			"f") GATEWAY_RECORD(GW3, "t", "us-first.example||udp", NUL, "1", "10", "f")
			GATEWAY_RECORD(GW4, "t", "bay.example||udp", NUL, "1415", "30", "f")
				GATEWAY_RECORD(ID("d", "5"), "t", "us-too.example||udp", NUL, "1",
					"20", "f"),
		DELIVERY "number account_failover_number +14155551111 bay.example:0;udp 10/180 "
			 "diverts caller gateway\n"
			 "number account_failover_number +14155551111 us-first.example:0;udp "
			 "10/180 diverts caller "
			 "gateway\n"
			 "number account_failover_number +14155551111 us.example:0;udp 10/180 "
			 "diverts caller gateway\n"
			 "number account_failover_number +14155551111 us-too.example:0;udp 10/180 "
			 "diverts caller "
			 "gateway\n"
			 "number account_failover_number +14155551111 any.example:0;udp 10/180 "
			 "diverts caller gateway\n"),
	ROW("public trunks come last, whatever prefix and priority",
		GLOBAL_NUMBER TRUNK PBX DID GATEWAY_RECORD(
			GW1, "t", "pri.example||udp", NUL, "14155", "1", "t")
			GATEWAY_RECORD(GW2, "t", "sip.example||udp", NUL, "", "99", "f"),
		DELIVERY "number account_failover_number +14155551111 sip.example:0;udp 10/180 "
			 "diverts caller gateway\n"
			 "number account_failover_number +14155551111 pri.example:0;udp 10/180 "
			 "diverts caller gateway\n"),
	ROW("a gateway's failover address follows its main one",
		GLOBAL_NUMBER TRUNK PBX DID GATEWAY_RECORD(
			GW1, "t", "gw1.example||udp", "192.0.2.9|5060|tcp", "", "1", "f")
			GATEWAY_RECORD(GW2, "t", "gw2.example||udp", NUL, "", "2", "f"),
		DELIVERY "number account_failover_number +14155551111 gw1.example:0;udp 10/180 "
			 "diverts caller gateway\n"
			 "number account_failover_number +14155551111 192.0.2.9:5060;tcp 10/180 "
			 "diverts caller gateway\n"
			 "number account_failover_number +14155551111 gw2.example:0;udp 10/180 "
			 "diverts caller gateway\n"),
	ROW("a DID's triggers do not touch what moves between gateways",
		GLOBAL_NUMBER TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", "busy", NUL, "")
			GATEWAY,
		"sip_account only_primary bindings 15/180 slot busy\n" VIA_GW1(
			"account_failover_number", "+14155551111")),

	/* Who is shown. */
	ROW("calling party: the account's way",
		"A\t" ACC1
		"\tt\tUS\tUTC\tf\t14155551111\t\tcalled_number\t\\N\n" TRUNK PBX DID GATEWAY,
		DELIVERY
		"number account_failover_number +14155551111 gw1.example:5060;udp 10/180 diverts "
		"called_number gateway\n"),
	ROW("calling party: the DID's way goes before",
		"A\t" ACC1 "\tt\tUS\tUTC\tf\t14155551111\t\tcalled_number\t\\N\n" TRUNK PBX
		"D\t" NUMBER "\t" ACC1 "\t" TRK1
		"\t\\N\tt\tring\t\\N\t\\N\t\\N\t\tcaller_number\t\\N\n" GATEWAY,
		DELIVERY
		"number account_failover_number +14155551111 gw1.example:5060;udp 10/180 diverts "
		"caller_number gateway\n"),
	ROW("calling party: the account's fixed number",
		"A\t" ACC1
		"\tt\tUS\tUTC\tf\t14155551111\t\tfixed\t14155553333\n" TRUNK PBX DID GATEWAY,
		DELIVERY
		"number account_failover_number +14155551111 gw1.example:5060;udp 10/180 diverts "
		"fixed:+14155553333 gateway\n"),
	ROW("calling party: the DID's fixed number",
		"A\t" ACC1 "\tt\tUS\tUTC\tf\t14155551111\t\tfixed\t14155553333\n" TRUNK PBX
		"D\t" NUMBER "\t" ACC1 "\t" TRK1
		"\t\\N\tt\tring\t\\N\t\\N\t\\N\t\tfixed\t14155554444\n" GATEWAY,
		DELIVERY
		"number account_failover_number +14155551111 gw1.example:5060;udp 10/180 diverts "
		"fixed:+14155554444 gateway\n"),

	/* Destination rules: the attempt is there, and nothing is sent. */
	ROW("a number that the rules allow", RULED("14155551111", "US|||f|||") GATEWAY,
		VIA_GW1("account_failover_number", "+14155551111")),
	ROW("a number in a country that the rules do not allow, once for all gateways",
		RULED("14155551111", "GB|||f|||") GATEWAY TWO_ADDRESSES,
		"number account_failover_number +14155551111 - destination_denied 15/180 diverts "
		"caller no_response,server_error,unreachable\n"),
	ROW("a premium number, by the default rules",
		ACCOUNT_RECORD(ACC1, "t", "19005551111", "")
			DID_RECORD(NUMBER, ACC1, NUL, "t", NUL, NUL, "") GATEWAY,
		"number account_failover_number +19005551111 - destination_denied 15/180 diverts "
		"caller no_response,server_error,unreachable\n"),
	ROW("a premium number, when the operator lifts it",
		RULED("19005551111", "*|||t|||") GATEWAY,
		VIA_GW1("account_failover_number", "+19005551111")),

	/* A DID without a trunk. */
	ROW("no trunk, no failover: nothing to try",
		PLAIN DID_RECORD(NUMBER, ACC1, NUL, "t", NUL, NUL, ""), "no_target 480\n"),
	ROW("no trunk: failover alone, with the default times and triggers",
		GLOBAL_BOTH DID_RECORD(NUMBER, ACC1, NUL, "t", NUL, NUL, "") GATEWAY,
		"backup_pbx account_backup_pbx acc1.example:5060;udp 15/180 default\n" VIA_GW1(
			"account_failover_number", "+14155551111")),

	/* Refusals. */
	ROW("an unknown number", PLAIN TRUNK PBX DID, "unknown_did 404\n", .did = "14155550199"),
	ROW("a disabled DID, failover included",
		GLOBAL_BOTH TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "f", NUL, NUL, "") GATEWAY,
		"disabled 404\n"),
	ROW("a disabled account",
		ACCOUNT_RECORD(ACC1, "f", "14155551111", "") TRUNK PBX DID GATEWAY,
		"disabled 404\n"),
	ROW("a disabled trunk, failover included",
		GLOBAL_BOTH TRUNK_RECORD(TRK1, ACC1, "f", "30", DEFAULTS) PBX DID GATEWAY,
		"disabled 480\n"),
};

static void observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg)
{
	const struct row *row = arg;

	bool second = acc->role == ROLE_SECONDARY;

	ck_assert_ptr_eq(trunk->sip_account[acc->role], acc);
	obs->registered = !(second ? row->not_registered_2 : row->not_registered);
	obs->down = second ? row->down_2 : row->down;
	obs->calls_up = row->calls_up;
	obs->turn = row->turn;
}

START_TEST(every_rule_has_its_row)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const char *did = row->did ? row->did : NUMBER;
		struct cfg *cfg = cfg_new();
		struct plan_call call = {.did = 0};
		struct plan plan;
		char *text;

		feed(cfg, row->records);
		ck_assert_int_eq(e164_parse_digits(did, strlen(did), &call.did), 0);
		ck_assert_int_eq(plan_build(cfg, &call, observe, (void *)row, &plan), 0);
		/* The plan is a copy: the configuration may go. */
		cfg_free(cfg);
		text = plan_text(&plan);
		if (strcmp(text, row->plan))
			ck_abort_msg("%s:\n%s---- expected:\n%s", row->rule, text, row->plan);
		ck_assert_int_eq(plan.status == 0, plan.count > 0);
		free(text);
		plan_fini(&plan);
	}
}
END_TEST

static struct cfg *cfg;

static void setup(void)
{
	cfg = cfg_new();
	ck_assert_ptr_nonnull(cfg);
}

static void teardown(void)
{
	cfg_free(cfg);
}

static void build(const char *records, struct plan *plan)
{
	static const struct row usual;
	struct plan_call call = {.did = 14155550100};

	feed(cfg, records);
	ck_assert_int_eq(plan_build(cfg, &call, observe, (void *)&usual, plan), 0);
}

START_TEST(a_plan_says_whose_call_it_is)
{
	struct plan plan;
	struct uuid acc = id_of(ACC1), trk = id_of(TRK1), sip = id_of(SIP1), gw = id_of(GW1);

	build(GLOBAL_NUMBER TRUNK PBX DID GATEWAY, &plan);
	ck_assert_uint_eq(plan.did, 14155550100);
	ck_assert(uuid_equal(&plan.account_id, &acc));
	ck_assert(uuid_equal(&plan.trunk_id, &trk));
	ck_assert(uuid_equal(&plan.attempt[0].trunk_id, &trk));
	ck_assert_uint_eq(plan.attempt[0].max_concurrent_calls, 30);
	ck_assert_uint_eq(plan.attempt[0].max_call_seconds, 14400);
	ck_assert(!plan.attempt[1].holds_slot);
	ck_assert_uint_eq(plan.max_call_seconds, 14400);
	ck_assert(uuid_equal(&plan.attempt[0].sip_account_id, &sip));
	ck_assert(uuid_equal(&plan.attempt[1].gateway_id, &gw));
	plan_fini(&plan);
}
END_TEST

/* What the next call's turn depends on. */
START_TEST(a_plan_says_whether_it_took_a_turn)
{
	static const struct {
		const char *records;
		struct row world;
		bool takes_turn;
	} row[] = {
		{HA_WORLD("only_primary"), {0}, false},
		{HA_WORLD(AUTO), {0}, false},
		{HA_WORLD(LB), {0}, true},
		{HA_WORLD(LBH), {0}, true},
		/* Whatever its status ... */
		{HA_WORLD(LB), {.not_registered = true}, true},
		{HA_WORLD(LB), {.down = true}, true},
		{HA_WORLD(LBH), {.not_registered = true}, true},
		/* ... but nobody's turn is spent on a call that nobody could get. */
		{HA_WORLD(LB), {.calls_up = 30}, false},
		{HA_WORLD(LBH), {.calls_up = 30}, false},
		{PLAIN HA_TRUNK(LB) PBX SECOND DID, {0}, false},
		{HA_ACCOUNT HA_TRUNK_RECORD(TRK1, ACC1, LB, DEFAULTS)
				PBX SECOND DID_RECORD(NUMBER, ACC1, TRK1, "f", NUL, NUL, ""),
			{0}, false},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct plan_call call = {.did = 14155550100};
		struct plan plan;

		feed(cfg, row[i].records);
		ck_assert_int_eq(
			plan_build(cfg, &call, observe, (void *)(uintptr_t)&row[i].world, &plan),
			0);
		ck_assert_msg(plan.takes_turn == row[i].takes_turn, "row %zu", i);
		plan_fini(&plan);
	}
}
END_TEST

START_TEST(did_delivery_is_the_trunks_but_for_numbers)
{
	struct plan plan;

	build(GLOBAL_BOTH "T\t" TRK1 "\t" ACC1
			  "\tt\t1\t4\t20\t60\t\\N\tto\tonly_primary\tf\t\\N\t\n" PBX DID GATEWAY,
		&plan);
	ck_assert_uint_eq(plan.count, 3);
	ck_assert_int_eq(plan.attempt[0].did_delivery, DELIVER_TO);
	ck_assert_int_eq(plan.attempt[1].did_delivery, DELIVER_TO);
	ck_assert_int_eq(plan.attempt[2].did_delivery, DELIVER_REQUEST_URI);
	plan_fini(&plan);
}
END_TEST

START_TEST(a_plan_is_cut_at_its_largest_size)
{
	struct plan plan;
	char line[512];

	feed(cfg, GLOBAL_NUMBER TRUNK PBX DID);
	for (unsigned i = 0; i < 60; i++) {
		snprintf(line, sizeof(line),
			"G\td0000000-0000-7000-8000-0000000000%02u\tcarrier\tt\tgw%u.example||"
			"udp\t\\N\t10"
			"\t\t%u\tf\t\n",
			i, i, 100 - i);
		feed(cfg, line);
	}
	build("", &plan);
	ck_assert_uint_eq(plan.count, PLAN_ATTEMPTS_MAX);
	/* The best of them all are kept: lowest priority first. */
	ck_assert_str_eq(plan.attempt[1].address.host, "gw59.example");
	ck_assert_str_eq(plan.attempt[31].address.host, "gw29.example");
	plan_fini(&plan);
}
END_TEST

START_TEST(worst_case_is_the_sum_of_what_can_stay_silent)
{
	static const struct {
		const char *records;
		uint32_t seconds;
		bool not_registered;
	} row[] = {
		{GLOBAL_BOTH TRUNK PBX DID GATEWAY, 15 + 15 + 10, false},
		/* Not tried, so not waited for. */
		{GLOBAL_BOTH TRUNK PBX DID GATEWAY, 15 + 10, true},
		/* Silence moves nothing on: the first is the last. */
		{GLOBAL_BOTH TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", "busy", NUL, "") GATEWAY,
			15, false},
		{GLOBAL_BOTH TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", "busy", NUL, "") GATEWAY,
			0, true},
		{PLAIN TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "f", NUL, NUL, ""), 0, false},
		/* Two accounts take their time one after the other, or one of them alone. */
		{HA_WORLD(AUTO), 15 + 15, false},
		{HA_WORLD(AUTO), 15, true},
		{HA_WORLD(LB), 15, false},
		{HA_WORLD(LBH), 15 + 15, false},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct row world = {.not_registered = row[i].not_registered};
		struct plan_call call = {.did = 14155550100};
		struct plan plan;

		feed(cfg, row[i].records);
		ck_assert_int_eq(plan_build(cfg, &call, observe, &world, &plan), 0);
		ck_assert_uint_eq(plan_worst_case_seconds(&plan), row[i].seconds);
		plan_fini(&plan);
	}
}
END_TEST

START_TEST(a_user_part_names_a_did)
{
	static const struct {
		const char *user;
		e164_t did;
	} row[] = {
		{"+14155550100", 14155550100},
		{"14155550100", 14155550100},
		{"4155550100", 14155550100}, /* ten digits, that DID exists (S1) */
		{"+4155550100", 4155550100}, /* with '+' it is Swiss */
		{"4155550199", 4155550199}, /* no such DID: as it is */
		{"+1-415-555-0100", 14155550100}, /* visual separators */
		{"+14155550100;npdi", 14155550100}, /* parameters of a tel URI */
		{"+14155550199", 14155550199},
		{"41445551234", 41445551234},
		{"", 0},
		{"+", 0},
		{"alice", 0},
		{"+1415555o100", 0},
		{"0014155550100", 0},
		{"911", 0},
		{";x", 0},
	};

	feed(cfg, PLAIN DID_RECORD(NUMBER, ACC1, NUL, "t", NUL, NUL, ""));
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		ck_assert_msg(plan_did_of_user(cfg, row[i].user, strlen(row[i].user)) == row[i].did,
			"%s", row[i].user);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("plan", setup, teardown, every_rule_has_its_row,
		a_plan_says_whose_call_it_is, a_plan_says_whether_it_took_a_turn,
		did_delivery_is_the_trunks_but_for_numbers, a_plan_is_cut_at_its_largest_size,
		worst_case_is_the_sum_of_what_can_stay_silent, a_user_part_names_a_did);
}
