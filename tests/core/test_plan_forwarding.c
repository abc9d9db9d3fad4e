/* A DID's forwardings in the route plan, one row for each rule; written as in tests/core/plan_text.h. */
#include "tests/core/plan_world.h"
#include "tests/core/suite.h"

/* A forwarding: enabled, times, seconds, display, target. */
#define FWD(enabled, times, display, number, target)                                               \
	"(" enabled " " times " 25 " display " " number " " target " Fallback)"
#define TO(target) FWD("t", "-", "-", "-", target)
#define CELL "e14155552222"
#define OFFICE "31:540-1020"

#define RING_THEN_FORWARD(seconds, forwardings)                                                    \
	"D" T NUMBER T ACC1 T TRK1 T NUL T "t" T "ring_then_forward" T seconds T NUL T NUL T       \
	"" T NUL T NUL T forwardings "\n"
#define FWD_DID(forwardings) FLOW_DID_RECORD(NUMBER, ACC1, TRK1, NUL, forwardings)
#define WORLD(forwardings)                                                                         \
	PLAIN TRUNK PBX FWD_DID(forwardings)                                                       \
	GATEWAY TRUNK_2 PBX_2

#define RING_ALL                                                                                   \
	"not_registered,no_response,capacity,server_error,auth_required,timeout,not_found,"        \
	"unreachable,busy,rejected"
#define FIRST "sip_account only_primary bindings 15/180 slot " RING_ALL "\n"
#define NUM(number, rest)                                                                          \
	"number did_forwarding +" number " gw1.example:5060;udp 10/25 diverts " rest "\n"
#define F "did_forwarding"

static const struct row rows[] = {
	ROW("busy, rejected and every failure forward; no answer with ring_then_forward only",
		WORLD(TO(CELL)), FIRST NUM("14155552222", "caller gateway >end"),
		.worst_case_seconds = 25),
	ROW("ring_then_forward: the DID's ring time, then no answer forwards, too",
		PLAIN TRUNK PBX RING_THEN_FORWARD("300", TO(CELL)) GATEWAY,
		"sip_account only_primary bindings 15/300 slot all\n" NUM(
			"14155552222", "caller gateway >end")),
	ROW("the DID's own triggers go before that",
		PLAIN TRUNK PBX
		"D\t" NUMBER "\t" ACC1 "\t" TRK1
		"\t\\N\tt\tring\t\\N\tno_response\t\\N\t\t\\N\t\\N\t" TO(CELL) "\n" GATEWAY,
		"sip_account only_primary bindings 15/180 slot no_response\n" NUM(
			"14155552222", "caller gateway >end")),
	ROW("in their order, each with its own time",
		WORLD(TO(CELL) "(t - 7 - - e14155553333 Boss)"),
		FIRST NUM("14155552222", "caller gateway >2") "number " F " +14155553333 "
							      "gw1.example:5060;udp 10/7 diverts "
							      "caller gateway >end\n"),
	ROW("one that is not enabled is not there",
		WORLD(FWD("f", "-", "-", "-", "e14155553333") TO(CELL)),
		FIRST NUM("14155552222", "caller gateway >end")),
	ROW("one that is not active now is not there",
		WORLD(FWD("t", "96:0-1440", "-", "-", "e14155553333") TO(CELL)),
		FIRST NUM("14155552222", "caller gateway >end")),
	ROW("at the weekend it is", WORLD(FWD("t", "96:0-1440", "-", "-", "e14155553333") TO(CELL)),
		FIRST NUM("14155553333", "caller gateway >2")
			NUM("14155552222", "caller gateway >end"),
		.hours = 5 * 24),
	ROW("when none is active the DID is as if it had none",
		GLOBAL_NUMBER TRUNK PBX FWD_DID(FWD("t", OFFICE, "-", "-", CELL)) GATEWAY,
		DELIVERY "number account_failover_number +14155551111 gw1.example:5060;udp 10/180 "
			 "diverts caller gateway\n",
		.hours = 6),

	/* Which one of the final destinations. */
	ROW("before the DID's failover number",
		PLAIN TRUNK PBX
		"D\t" NUMBER "\t" ACC1 "\t" TRK1
		"\t\\N\tt\tring\t\\N\t\\N\t14155554444\t\t\\N\t\\N\t" TO(CELL) "\n" GATEWAY,
		FIRST NUM("14155552222", "caller gateway >end")),
	ROW("over the trunk's dial plan over the account's number",
		GLOBAL_NUMBER PLAN_1("(media - ssip:vm@media.example)") FAILOVER_TRUNK("t")
			PBX FWD_DID(TO(CELL)) GATEWAY,
		FIRST NUM("14155552222", "caller gateway >end")),
	ROW("out of its time the trunk's dial plan is next",
		GLOBAL_NUMBER PLAN_1("(media - ssip:vm@media.example)") FAILOVER_TRUNK("t")
			PBX FWD_DID(FWD("t", OFFICE, "-", "-", CELL)) GATEWAY,
		DELIVERY "media trunk_dial_plan vm@media.example:0;udp 15/180 diverts caller none "
			 ">end\n",
		.hours = 6),
	ROW("behind the backup PBX, which rings as long as the DID",
		GLOBAL_BOTH TRUNK PBX RING_THEN_FORWARD("20", TO(CELL)) GATEWAY,
		"sip_account only_primary bindings 15/20 slot all\n"
		"backup_pbx account_backup_pbx acc1.example:5060;udp 15/20 all\n" NUM(
			"14155552222", "caller gateway >end")),

	/* Who is shown. */
	ROW("the account's way of showing the caller",
		"A\t" ACC1
		"\tt\tUS\tUTC\tf\t\\N\t\tcalled_number\t\\N\n" TRUNK PBX FWD_DID(TO(CELL)) GATEWAY,
		FIRST NUM("14155552222", "called_number gateway >end")),
	ROW("the forwarding's own",
		WORLD(FWD("t", "-", "caller_number", "-", CELL)
				FWD("t", "-", "fixed", "14155558888", "e14155553333")),
		FIRST NUM("14155552222", "caller_number gateway >2")
			NUM("14155553333", "fixed:+14155558888 gateway >end")),

	/* Internal targets. */
	ROW("a dial plan: IVR or voicemail",
		PLAIN PLAN_1("(media - ssip:vm@media.example)") TRUNK PBX FWD_DID(TO("i801")),
		FIRST "media " F " vm@media.example:0;udp 15/180 diverts caller none >end\n"),
	ROW("another DID of the account: its PBX is called for that DID, for the forwarding's time",
		WORLD(TO("i+" OTHER)) OTHER_DID,
		FIRST "sip_account " F " +" OTHER
		      " bindings@trunk2 15/25 slot diverts caller default >end\n"),
	ROW("a number that is one of our own DIDs needs no carrier, whoever's it is",
		PLAIN ACCOUNT_RECORD(ACC2, "t", NUL, "") TRUNK PBX FWD_DID(TO("e" OTHER))
			GATEWAY TRUNK_RECORD(TRK2, ACC2, "t", "2", DEFAULTS)
				PBX_2 DID_RECORD(OTHER, ACC2, TRK2, "t", NUL, NUL, ""),
		FIRST "sip_account " F " +" OTHER
		      " bindings@trunk2 15/25 slot diverts caller default >end\n"),
	ROW("what is behind that DID is followed, and then the next forwarding",
		WORLD(TO("i+" OTHER) TO(CELL))
			FLOW_DID_RECORD(OTHER, ACC1, TRK2, NUL, "(t - 9 - - e14155553333 x)"),
		FIRST "sip_account " F " +" OTHER
		      " bindings@trunk2 15/25 slot diverts caller " RING_ALL " >3\n"
		      "number " F
		      " +14155553333 gw1.example:5060;udp 10/9 diverts caller gateway >3\n" NUM(
			      "14155552222", "caller gateway >end")),
	ROW("a DID that is disabled takes no call",
		WORLD(TO("i+" OTHER) TO(CELL)) DID_RECORD(OTHER, ACC1, TRK2, "f", NUL, NUL, ""),
		FIRST "number " F " +" OTHER " - not_found 15/25 diverts caller gateway >2\n" NUM(
			"14155552222", "caller gateway >end")),
	ROW("an internal number that is gone: the next forwarding", WORLD(TO("i999") TO(CELL)),
		FIRST NUM("14155552222", "caller gateway >end")),

	/* Round and round. */
	ROW("to the DID itself: a loop, then the next one", WORLD(TO("e" NUMBER) TO(CELL)),
		FIRST "loop " F " +" NUMBER
		      " 482 rejected 0/0 none >2\n" NUM("14155552222", "caller gateway >end")),
	ROW("two DIDs that forward to each other",
		WORLD(TO("e" OTHER)) FLOW_DID_RECORD(OTHER, ACC1, TRK2, NUL, TO("e" NUMBER)),
		FIRST "sip_account " F " +" OTHER
		      " bindings@trunk2 15/25 slot diverts caller " RING_ALL " >end\n"
		      "loop " F " +" NUMBER " 482 rejected 0/0 none >end\n"),
	ROW("failover numbers that are each other's DIDs",
		PLAIN TRUNK PBX DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, OTHER, "")
			TRUNK_2 PBX_2 DID_RECORD(OTHER, ACC1, TRK2, "t", NUL, NUMBER, ""),
		DELIVERY "sip_account did_failover_number +" OTHER
			 " bindings@trunk2 15/180 slot diverts caller default\n"
			 "loop did_failover_number +" NUMBER " 482 rejected 0/0 none\n"),
	ROW("an account's number that is one of its DIDs",
		ACCOUNT_RECORD(ACC1, "t", OTHER, "") TRUNK PBX DID TRUNK_2 PBX_2 OTHER_DID,
		DELIVERY "sip_account account_failover_number +" OTHER
			 " bindings@trunk2 15/180 slot diverts caller default\n"),
};

START_TEST(every_rule_has_its_row)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		row_run(&rows[i]);
}
END_TEST

/* What is behind another account's number is not told to the caller's. */
START_TEST(an_attempt_of_another_account_says_only_its_number)
{
	static const struct row usual = {.rule = ""};
	struct cfg *cfg = cfg_new();
	struct plan plan;

	feed(cfg, PLAIN ACCOUNT_RECORD(ACC2, "t", "14155559999", "") TRUNK PBX FWD_DID(TO("e" OTHER)
				  TO(CELL)) GATEWAY TRUNK_RECORD(TRK2, ACC2, "t", "2", DEFAULTS)
			  PBX_2 DID_RECORD(OTHER, ACC2, TRK2, "t", NUL, NUL, ""));
	ck_assert_int_eq(row_build(cfg, &usual, &plan), 0);
	cfg_free(cfg);
	ck_assert_uint_eq(plan.count, 4);
	ck_assert_uint_eq(plan.attempt[0].stranger, 0);
	ck_assert_uint_eq(plan.attempt[1].stranger, 14155550200);
	/* That account's failover number, too. */
	ck_assert_uint_eq(plan.attempt[2].number, 14155559999);
	ck_assert_uint_eq(plan.attempt[2].stranger, 14155550200);
	ck_assert_uint_eq(plan.attempt[3].stranger, 0);
	plan_fini(&plan);
}
END_TEST

/* Rings of one to six DIDs: each is entered once, and the last one finds the first. */
START_TEST(a_ring_of_dids_ends)
{
	for (unsigned length = 1; length <= 6; length++) {
		static const struct row usual = {.rule = ""};
		struct cfg *cfg = cfg_new();
		struct plan plan;
		char record[512];

		feed(cfg, PLAIN TRUNK PBX);
		for (unsigned i = 0; i < length; i++) {
			snprintf(record, sizeof(record),
				FLOW_DID_RECORD(
					"1415555010%u", ACC1, TRK1, NUL, TO("e1415555010%u")),
				i, (i + 1) % length);
			feed(cfg, record);
		}
		ck_assert_int_eq(row_build(cfg, &usual, &plan), 0);
		ck_assert_uint_eq(plan.count, length + 1);
		ck_assert_int_eq(plan.attempt[length].kind, ATTEMPT_LOOP);
		ck_assert_uint_eq(plan.attempt[length].number, 14155550100);
		plan_fini(&plan);
		cfg_free(cfg);
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("plan_forwarding", NULL, every_rule_has_its_row,
		an_attempt_of_another_account_says_only_its_number, a_ring_of_dids_ends);
}
