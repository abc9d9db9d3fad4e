/* Dial plans in the route plan, one row for each rule; written as in tests/core/plan_text.h. */
#include "tests/core/plan_world.h"
#include "tests/core/suite.h"

#define BEHIND FAILOVER_TRUNK("t") PBX DID GATEWAY TRUNK_2 PBX_2
#define WORLD(steps) PLAIN PLAN_1(steps) BEHIND
/* An always active step. */
#define RING(targets) "(ring - sequential 20 " targets ")"
#define RING_ALL(targets) "(ring - simultaneous 20 " targets ")"
#define FORWARD(number) "(forward - e" number ")"
#define MEDIA "(media - ssip:vm@media.example:5080;transport=tcp)"
#define REJECT "(reject - 486 Closed)"
/* Monday to Friday, 9:00 to 17:00; the night that begins on a Monday at 22:00. */
#define OFFICE "31:540-1020"
#define MONDAY_NIGHT "1:1320-360"

#define TO_2(rest) "sip_account trunk_dial_plan bindings@trunk2 15/20 slot default " rest "\n"
#define NUM(rule, number, gw, times, triggers)                                                     \
	"number " rule " +" number " " gw ".example:5060;udp " times " diverts caller " triggers   \
	"\n"
#define TO_MEDIA(rule, rest)                                                                       \
	"media " rule " vm@media.example:5080;tcp 15/180 diverts caller none " rest "\n"
#define TDP "trunk_dial_plan"
#define DDP "did_dial_plan"

static const struct row rows[] = {
	/* As a trunk's failover. */
	ROW("behind the trunk, when its failover is enabled", WORLD(RING("t" TRK2)),
		DELIVERY TO_2(">end"), .worst_case_seconds = 30),
	ROW("not while it is disabled", PLAIN PLAN_1(RING("t" TRK2)) FAILOVER_TRUNK("f") PBX DID,
		DELIVERY),
	ROW("before the account's number, which is ignored then",
		GLOBAL_NUMBER PLAN_1(RING("t" TRK2)) BEHIND, DELIVERY TO_2(">end")),
	ROW("the DID's own number is more specific",
		PLAIN PLAN_1(RING("t" TRK2)) FAILOVER_TRUNK("t")
			PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, "14155552222", "") GATEWAY,
		DELIVERY NUM("did_failover_number", "14155552222", "gw1", "10/180", "gateway")),
	ROW("behind the backup PBX, which stays more specific",
		GLOBAL_BOTH PLAN_1(RING("t" TRK2)) BEHIND,
		DELIVERY
		"backup_pbx account_backup_pbx acc1.example:5060;udp 15/180 default\n" TO_2(
			">end")),
	ROW("a dial plan without a step that is active leads nowhere: the account's number does",
		GLOBAL_NUMBER PLAN_1("(ring " MONDAY_NIGHT " sequential 20 t" TRK2 ")") BEHIND,
		DELIVERY NUM("account_failover_number", "14155551111", "gw1", "10/180", "gateway")),

	/* Ring. */
	ROW("one target after another, each for the step's time",
		WORLD(RING("t" TRK2 " e14155552222 ssip:desk@pbx.example;transport=udp")),
		DELIVERY TO_2(">2") NUM(TDP, "14155552222", "gw1", "10/20",
			"gateway >3") "sip_uri " TDP " desk@pbx.example:"
				      "0;udp 15/20 diverts "
				      "caller none >end\n",
		.worst_case_seconds = 55),
	ROW("a number goes through all of its gateways, but what the called party says leads past "
	    "them",
		WORLD(RING("e14155552222 t" TRK2)) GATEWAY_B,
		DELIVERY NUM(TDP, "14155552222", "gw1", "10/20", "gateway >3")
			NUM(TDP, "14155552222", "gw2", "10/20", "gateway >3") TO_2(">end")),
	ROW("at once: a group with a lane for each",
		WORLD(RING_ALL("t" TRK2 " e14155552222") MEDIA) GATEWAY_B,
		DELIVERY
		"[1.0] sip_account " TDP " bindings@trunk2 15/20/20 slot default >2\n"
		"[1.1] number " TDP " +14155552222 gw1.example:5060;udp 10/20/20 diverts caller "
		"gateway >4\n"
		"[1.1] number " TDP " +14155552222 gw2.example:5060;udp 10/20/20 diverts caller "
		"gateway >4\n" TO_MEDIA(TDP, ">end"),
		.worst_case_seconds = 15 + 20 + 15),
	ROW("no more than four at once: the rest rings behind them",
		WORLD(RING_ALL("ssip:a@x ssip:b@x ssip:c@x ssip:d@x ssip:e@x")),
		DELIVERY "[1.0] sip_uri " TDP " a@x:0;udp 15/20/20 diverts caller none >2\n"
			 "[1.1] sip_uri " TDP " b@x:0;udp 15/20/20 diverts caller none >3\n"
			 "[1.2] sip_uri " TDP " c@x:0;udp 15/20/20 diverts caller none >4\n"
			 "[1.3] sip_uri " TDP " d@x:0;udp 15/20/20 diverts caller none >5\n"
			 "[2.0] sip_uri " TDP " e@x:0;udp 15/20/20 diverts caller none >end\n"),
	ROW("a call that was diverted twice rings nothing at once: it may be going round",
		WORLD(RING_ALL("ssip:a@x ssip:b@x")),
		DELIVERY "sip_uri " TDP " a@x:0;udp 15/20 diverts caller none >2\n"
			 "sip_uri " TDP " b@x:0;udp 15/20 diverts caller none >end\n",
		.diversions = 2),
	ROW("and it calls one number", WORLD(RING_ALL("e14155552222 e14155553333 t" TRK2)),
		DELIVERY NUM(TDP, "14155552222", "gw1", "10/20", "gateway >2") "loop " TDP
									       " +14155553333 482 "
									       "rejected 0/0 none "
									       ">3\n" TO_2(">end"),
		.diversions = 2),
	ROW("a trunk is delivered to by its own mode, and the call leaves it for the next target",
		HA_ACCOUNT_RECORD(ACC1, NUL, "") PLAN_1(RING("t" TRK2) MEDIA)
			HA_TRUNK_RECORD(TRK2, ACC1, "auto_failover", DEFAULTS) FAILOVER_TRUNK("t")
				PBX DID PBX_2 SECONDARY_RECORD(ID("c", "3"), TRK2, "pbx3"),
		DELIVERY TO_2(">3") "sip_account " TDP
				    " !bindings@trunk2 15/20 slot default >3\n" TO_MEDIA(
					    TDP, ">end")),
	ROW("a trunk that is full is in the plan, as for a DID", WORLD(RING("t" TRK2)),
		DELIVERY "sip_account " TDP " bindings@trunk2 capacity 15/20 slot default >end\n",
		.full_2 = true),
	ROW("one whose PBX is not registered, too", WORLD(RING("t" TRK2)),
		DELIVERY "sip_account " TDP
			 " bindings@trunk2 not_registered 15/20 slot default >end\n",
		.not_registered_2 = true),
	ROW("a disabled trunk is passed over",
		PLAIN PLAN_1(RING("t" TRK2) MEDIA) FAILOVER_TRUNK("t")
			PBX DID TRUNK_RECORD(TRK2, ACC1, "f", "2", DEFAULTS) PBX_2,
		DELIVERY TO_MEDIA(TDP, ">end")),
	ROW("as is one of another account",
		PLAIN ACCOUNT_RECORD(ACC2, "t", NUL, "") PLAN_1(RING("t" TRK2) MEDIA)
			FAILOVER_TRUNK("t") PBX DID TRUNK_RECORD(TRK2, ACC2, "t", "2", DEFAULTS)
				PBX_2,
		DELIVERY TO_MEDIA(TDP, ">end")),

	/* Forward, media, reject. */
	ROW("forward: the number, then what is behind it", WORLD(FORWARD("14155552222") MEDIA),
		DELIVERY NUM(TDP, "14155552222", "gw1", "10/180", "gateway >2")
			TO_MEDIA(TDP, ">end")),
	ROW("media: the call is handed over", WORLD(MEDIA), DELIVERY TO_MEDIA(TDP, ">end")),
	ROW("reject ends the dial plan: what is behind it is not there", WORLD(REJECT MEDIA),
		DELIVERY "reject " TDP " 486Closed 0/0 none\n", .worst_case_seconds = 15),
	ROW("reject with the usual reason", WORLD("(reject - 503 )"),
		DELIVERY "reject " TDP " 503 0/0 none\n"),
	ROW("a dial plan without steps leads nowhere", WORLD(""), DELIVERY),

	/* Times. */
	ROW("schedule: then, in office hours",
		WORLD("(schedule " OFFICE " {" RING("t" TRK2) "} {" MEDIA "})"),
		DELIVERY TO_2(">end")),
	ROW("schedule: else, at six in the evening",
		WORLD("(schedule " OFFICE " {" RING("t" TRK2) "} {" MEDIA "})"),
		DELIVERY TO_MEDIA(TDP, ">end"), .hours = 6),
	ROW("schedule: the account's time zone decides, at 16:59 by its clock",
		WORLD("(schedule " OFFICE " {" RING("t" TRK2) "} {" MEDIA "})"),
		DELIVERY TO_2(">end"), .hours = 4),
	ROW("schedule: not on Saturday",
		WORLD("(schedule " OFFICE " {" RING("t" TRK2) "} {" MEDIA "})"),
		DELIVERY TO_MEDIA(TDP, ">end"), .hours = 5 * 24),
	ROW("schedule: without times it is always then",
		WORLD("(schedule - {" RING("t" TRK2) "} {" MEDIA "})"), DELIVERY TO_2(">end"),
		.hours = 6),
	ROW("schedule: the dial plan goes on behind it",
		WORLD("(schedule " OFFICE " {" RING("t" TRK2) "} {})" MEDIA),
		DELIVERY TO_2(">2") TO_MEDIA(TDP, ">end")),
	ROW("schedule: a reject inside of it ends the whole dial plan",
		WORLD("(schedule " OFFICE " {" REJECT "} {})" MEDIA),
		DELIVERY "reject " TDP " 486Closed 0/0 none\n"),
	ROW("schedule: inside of a schedule",
		WORLD("(schedule " OFFICE " {(schedule 1:720-780 {" MEDIA "} {" REJECT
		      "})} {" RING("t" TRK2) "})"),
		DELIVERY TO_MEDIA(TDP, ">end")),
	ROW("a step has its own times",
		WORLD("(ring " OFFICE " sequential 20 t" TRK2
		      ")(media - ssip:vm@media.example:5080;transport=tcp)"),
		DELIVERY TO_MEDIA(TDP, ">end"), .hours = 6),
	ROW("over midnight: on Tuesday at five in the morning Monday's night still is",
		WORLD("(ring " MONDAY_NIGHT " sequential 20 t" TRK2 ")" MEDIA),
		DELIVERY TO_2(">2") TO_MEDIA(TDP, ">end"), .hours = 17),
	ROW("but on Monday at five it was not",
		WORLD("(ring " MONDAY_NIGHT " sequential 20 t" TRK2 ")" MEDIA),
		DELIVERY TO_MEDIA(TDP, ">end"), .hours = -7),

	/* Internal numbers. */
	ROW("another dial plan", WORLD(RING("i802") REJECT) PLAN_2(RING("t" TRK2) MEDIA),
		DELIVERY TO_2(">2") TO_MEDIA(TDP, ">3") "reject " TDP " 486Closed 0/0 none\n"),
	ROW("a reject in there is the end of that one only",
		WORLD(RING("i802") MEDIA) PLAN_2(RING("t" TRK2) REJECT),
		DELIVERY TO_2(">2") "reject " TDP " 486Closed 0/0 none >3\n" TO_MEDIA(TDP, ">end")),
	ROW("a DID of the account: its PBX, called for that DID",
		WORLD(RING("i+" OTHER) MEDIA) OTHER_DID,
		DELIVERY
		"sip_account " TDP " +" OTHER
		" bindings@trunk2 15/20 slot diverts caller default >2\n" TO_MEDIA(TDP, ">end")),
	ROW("a number that is an internal one of the account needs no carrier",
		PLAIN PLAN_1(FORWARD("14155557777"))
			DIAL_PLAN_RECORD(DP2, ACC1, "14155557777", MEDIA) BEHIND,
		DELIVERY TO_MEDIA(TDP, ">end")),
	ROW("nothing there: passed over", WORLD(RING("i999") MEDIA),
		DELIVERY TO_MEDIA(TDP, ">end")),
	ROW("a dial plan of another account is none",
		PLAIN ACCOUNT_RECORD(ACC2, "t", NUL, "") PLAN_1(RING("i802") MEDIA)
			DIAL_PLAN_RECORD(DP2, ACC2, "802", REJECT) BEHIND,
		DELIVERY TO_MEDIA(TDP, ">end")),
	ROW("within what rings at once, what would ring at once rings in turn",
		WORLD(RING_ALL("i802 ssip:c@x")) PLAN_2(RING_ALL("ssip:a@x ssip:b@x")),
		DELIVERY "[1.0] sip_uri " TDP " a@x:0;udp 15/20/20 diverts caller none >2\n"
			 "[1.0] sip_uri " TDP " b@x:0;udp 15/20/20 diverts caller none >3\n"
			 "[1.1] sip_uri " TDP " c@x:0;udp 15/20/20 diverts caller none >end\n"),

	/* Round and round. */
	ROW("a dial plan that calls itself", WORLD(RING("i801 t" TRK2)),
		DELIVERY "loop " TDP " 482801 rejected 0/0 none >2\n" TO_2(">end")),
	ROW("two that call each other", WORLD(RING("i802") MEDIA) PLAN_2(RING("i801")),
		DELIVERY "loop " TDP " 482801 rejected 0/0 none >2\n" TO_MEDIA(TDP, ">end")),
	ROW("one that calls the DID it was called for", WORLD(FORWARD(NUMBER) MEDIA),
		DELIVERY "loop " TDP " +" NUMBER
			 " 482 rejected 0/0 none >2\n" TO_MEDIA(TDP, ">end")),
	ROW("the same target twice is no loop", WORLD(RING("i802 i802")) PLAN_2(MEDIA),
		DELIVERY TO_MEDIA(TDP, ">2") TO_MEDIA(TDP, ">end")),

	/* As the target of a DID. */
	ROW("instead of a trunk",
		PLAIN PLAN_1(RING("t" TRK2) MEDIA)
			TRUNK_2 PBX_2 FLOW_DID_RECORD(NUMBER, ACC1, NUL, DP1, ""),
		"sip_account " DDP
		" bindings@trunk2 15/20 slot default >1\n" TO_MEDIA(DDP, ">end default")),
	ROW("what is behind it is for failures only",
		GLOBAL_NUMBER PLAN_1(RING("t" TRK2))
			TRUNK_2 PBX_2 FLOW_DID_RECORD(NUMBER, ACC1, NUL, DP1, "") GATEWAY,
		"sip_account " DDP " bindings@trunk2 15/20 slot default >1 default\n" NUM(
			"account_failover_number", "14155551111", "gw1", "10/180", "gateway")),
	ROW("nobody answers of those who ring at once: that was said",
		GLOBAL_NUMBER PLAN_1(RING_ALL("ssip:a@x ssip:b@x"))
			FLOW_DID_RECORD(NUMBER, ACC1, NUL, DP1, "") GATEWAY,
		"[1.0] sip_uri " DDP " a@x:0;udp 15/20/20 diverts caller none >1 default\n"
		"[1.1] sip_uri " DDP " b@x:0;udp 15/20/20 diverts caller none >2 default\n" NUM(
			"account_failover_number", "14155551111", "gw1", "10/180", "gateway")),
	ROW("its reject is the last word",
		GLOBAL_NUMBER PLAN_1(REJECT) FLOW_DID_RECORD(NUMBER, ACC1, NUL, DP1, "") GATEWAY,
		"reject " DDP " 486Closed 0/0 none\n" NUM(
			"account_failover_number", "14155551111", "gw1", "10/180", "gateway")),
	ROW("nothing active and nothing behind it",
		PLAIN PLAN_1("(media " MONDAY_NIGHT " ssip:vm@media.example)")
			FLOW_DID_RECORD(NUMBER, ACC1, NUL, DP1, ""),
		"no_target 480\n"),

	/* Called by a PBX. */
	ROW("an internal number", PLAIN PLAN_1(RING("t" TRK2) MEDIA) TRUNK_2 PBX_2,
		"sip_account internal_number bindings@trunk2 15/20 slot default >1\n" TO_MEDIA(
			"internal_number", ">end"),
		.internal = "801"),
	ROW("one of the account's DIDs", PLAIN TRUNK PBX DID,
		"sip_account internal_number +" NUMBER
		" bindings 15/180 slot diverts caller default\n",
		.internal = "4155550100"),
	ROW("an internal number that there is not", PLAIN PLAN_1(MEDIA), "unknown_did 404\n",
		.internal = "802"),
	ROW("not while the account is disabled", ACCOUNT_RECORD(ACC1, "f", NUL, "") PLAN_1(MEDIA),
		"disabled 404\n", .internal = "801"),
	ROW("a dial plan with nothing to do", PLAIN PLAN_1(""), "no_target 480\n",
		.internal = "801"),
};

START_TEST(every_rule_has_its_row)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		row_run(&rows[i]);
}
END_TEST

START_TEST(an_attempt_says_whose_step_it_is)
{
	static const struct row usual = {.rule = ""};
	struct cfg *cfg = cfg_new();
	struct uuid dp1 = id_of(DP1), dp2 = id_of(DP2), trk2 = id_of(TRK2);
	struct plan plan;

	feed(cfg, WORLD(RING("i802") MEDIA) PLAN_2(RING("t" TRK2)));
	ck_assert_int_eq(row_build(cfg, &usual, &plan), 0);
	cfg_free(cfg);
	ck_assert_uint_eq(plan.count, 3);
	ck_assert(uuid_is_zero(&plan.attempt[0].dial_plan_id));
	ck_assert(uuid_equal(&plan.attempt[1].dial_plan_id, &dp2));
	ck_assert(uuid_equal(&plan.attempt[2].dial_plan_id, &dp1));
	/* The slot is that of the trunk it goes to, not of the DID's. */
	ck_assert(uuid_equal(&plan.attempt[1].trunk_id, &trk2));
	ck_assert_uint_eq(plan.attempt[1].max_concurrent_calls, 2);
	plan_fini(&plan);
}
END_TEST

/* Plans of eight targets each, one inside another: whatever they say, the plan and the time that it
 * takes are bounded. */
static void nest(const char *last)
{
	static const struct row usual = {.internal = "100"};
	struct cfg *cfg = cfg_new();
	struct plan plan;

	feed(cfg, PLAIN);
	for (unsigned i = 0; i < 30; i++) {
		char record[512];

		snprintf(record, sizeof(record),
			"P\te0000000-0000-7000-8000-0000000000%02u\t" ACC1 "\tplan\t%u\t"
			"(ring - sequential 5 i%u i%u i%u i%u i%u i%u i%u i%u)%s\n",
			i, 100 + i, 101 + i, 101 + i, 101 + i, 101 + i, 101 + i, 101 + i, 101 + i,
			101 + i, last);
		feed(cfg, record);
	}
	ck_assert_int_eq(row_build(cfg, &usual, &plan), 0);
	ck_assert_uint_le(plan.count, PLAN_ATTEMPTS_MAX);
	plan_fini(&plan);
	cfg_free(cfg);
}

START_TEST(plans_inside_one_another_are_bounded)
{
	nest("");
	nest("(media - ssip:vm@media.example)");
}
END_TEST

int main(void)
{
	return SUITE_RUN("plan_dial", NULL, every_rule_has_its_row,
		an_attempt_says_whose_step_it_is, plans_inside_one_another_are_bounded);
}
