/* More scenarios of the failover machine, in the words of failover_scenarios.h: what rings at once, dial
 * plans, rejects and loops. "trunk2" behind a release or retake says whose slot it is. */
#ifndef TESTS_CORE_FAILOVER_GROUP_SCENARIOS_H
#define TESTS_CORE_FAILOVER_GROUP_SCENARIOS_H

#include "tests/core/failover_scenarios.h"

#define PBX_2 TRUNK_RECORD(TRK2, ACC1, "t", "2", DEFAULTS) REGISTERING_RECORD(SIP2, TRK2, "pbx2")
#define PLAN_DID(steps)                                                                            \
	NO_FAILOVER DIAL_PLAN_RECORD(DP1, ACC1, "801", steps)                                      \
		FLOW_DID_RECORD(NUMBER, ACC1, NUL, DP1, "") PBX_2 GATEWAY_1 GATEWAY_2
/* Behind the PBX of trunk 1, which is attempt 0. */
#define PBX_PLAN(steps)                                                                            \
	NO_FAILOVER DIAL_PLAN_RECORD(DP1, ACC1, "801",                                             \
		steps) "T\t" TRK1 "\t" ACC1                                                        \
		       "\tt\t30\t15\t60\t14400\t\\N\trequest_uri\tonly_primary\tt\t" DP1           \
		       "\t" DEFAULTS "\n" PBX DID PBX_2 GATEWAY_1 GATEWAY_2

/* Lanes: trunk 2, two SIP URIs; behind them attempt 3. Twenty seconds. */
#define THREE "(ring - simultaneous 20 t" TRK2 " ssip:a@x ssip:b@x)"
#define MEDIA "(media - ssip:vm@media)"
#define THREE_MEDIA PLAN_DID(THREE MEDIA)
#define THREE_ALONE PLAN_DID(THREE)
#define START_THREE "0 start | try 0:b0, try 1:b1, try 2:b2\n"

static const struct scenario group_scenarios[] = {
	SCENARIO("all at once; the first 200 wins, the others are cancelled", THREE_MEDIA,
		START_THREE
		"100 b0 180 | relay b0 180\n"
		"120 b2 180 | relay b2 180\n"
		"900 b2 200 | release trunk2, relay b2 200, cancel b0, cancel b1, done\n"
		"940 b0 487 |\n"
		"attempt 0 | 487 none CANCELLED NORMAL 0..900\n"
		"attempt 1 | 487 none CANCELLED NORMAL 0..900\n"
		"attempt 2 | 200 none ANSWERED NORMAL 0..900\n"
		"attempt 3 | 0 none CANCELLED NORMAL 0..0\n"
		"result | 200 none ANSWERED NORMAL 0..900\n"),
	SCENARIO("who holds the slot keeps it by winning", THREE_MEDIA,
		START_THREE "900 b0 200 | relay b0 200, cancel b1, cancel b2, done\n"),
	SCENARIO("two 200s at once: the second is ended", THREE_MEDIA,
		START_THREE "900 b0 200 | relay b0 200, cancel b1, cancel b2, done\n"
			    "901 b1 200 | end b1\n"
			    "1401 b1 200 | end b1\n"
			    "1500 b0 200 | relay b0 200\n"),
	SCENARIO("a lane that fails leaves the others ringing, and its slot is free", THREE_MEDIA,
		START_THREE "100 b0 486 | release trunk2\n"
			    "200 b1 180 | relay b1 180\n"
			    "300 b2 503 | try 2:b3\n"
			    "300 b3 exhausted |\n"
			    "900 b1 200 | relay b1 200, done\n"
			    "attempt 0 | 486 busy BUSY FAREND_BUSY 0..100\n"
			    "attempt 2 | 503 server_error CONGESTION FAREND_RESPONSE 0..300\n"),
	SCENARIO("when all have failed the call moves on", THREE_MEDIA,
		START_THREE "100 b0 486 | release trunk2\n"
			    "200 b1 404 |\n"
			    "300 b2 603 | try 3:b3\n"
			    "400 b3 200 | relay b3 200, done\n"
			    "result | 200 none ANSWERED NORMAL 0..400 failed_over\n"),
	SCENARIO("one ring time for all, from the first 1xx on", THREE_MEDIA,
		START_THREE
		"1000 b0 180 | relay b0 180\n"
		"9000 b1 180 | relay b1 180\n"
		"10000 b2 100 |\n"
		"20999 idle |\n"
		"21000 tick | cancel b0, cancel b1, cancel b2, release trunk2, try 3:b3\n"
		"attempt 0 | 480 no_answer NO_ANSWER NO_ANSWER 0..21000\n"
		"attempt 1 | 480 no_answer NO_ANSWER NO_ANSWER 0..21000\n"),
	SCENARIO("each lane has its own wait for a first response", THREE_MEDIA,
		START_THREE
		"1000 b0 180 | relay b0 180\n"
		"15000 tick | cancel b1, cancel b2\n"
		"21000 tick | cancel b0, release trunk2, try 3:b3\n"
		"attempt 1 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..15000\n"),
	SCENARIO("silence of all", THREE_MEDIA,
		START_THREE
		"15000 tick | cancel b0, release trunk2, cancel b1, cancel b2, try 3:b3\n"),
	SCENARIO("a late 200 of one that was given up wins over what rings next", THREE_MEDIA,
		START_THREE "1000 b0 180 | relay b0 180\n"
			    "15000 tick | cancel b1, cancel b2\n"
			    "21000 tick | cancel b0, release trunk2, try 3:b3\n"
			    "21100 b3 180 | relay b3 180\n"
			    "21200 b0 200 | retake trunk2, relay b0 200, cancel b3, done\n"
			    "21210 b3 200 | end b3\n"
			    "result | 200 none ANSWERED NORMAL 0..21200 failed_over\n"),
	SCENARIO("a late 200 of a lane that failed, while the others ring", THREE_MEDIA,
		START_THREE "1000 b0 180 | relay b0 180\n"
			    "15000 tick | cancel b1, cancel b2\n"
			    "15100 b1 200 | release trunk2, relay b1 200, cancel b0, done\n"
			    "attempt 0 | 487 none CANCELLED NORMAL 0..15100\n"
			    "attempt 1 | 200 none ANSWERED NORMAL 0..15100\n"),
	SCENARIO("CANCEL reaches all of them", THREE_MEDIA,
		START_THREE
		"100 b0 180 | relay b0 180\n"
		"700 cancel | cancel b0, cancel b1, cancel b2, release trunk2, reply 487, done\n"
		"720 b1 200 | end b1\n"
		"730 b2 486 |\n"
		"99000 idle |\n"
		"attempt 0 | 487 none CANCELLED CALLER 0..700\n"
		"attempt 2 | 487 none CANCELLED CALLER 0..700\n"
		"result | 487 none CANCELLED CALLER 0..700\n"),
	SCENARIO("a 603 is the word of one of them", THREE_MEDIA, START_THREE "100 b1 603 |\n"),
	SCENARIO("a 607 is the word for all: the plan ends", THREE_MEDIA,
		START_THREE "50 b0 180 | relay b0 180\n"
			    "100 b1 607 | cancel b0, cancel b2\n"
			    "140 b0 487 | release trunk2, reply b1 607, done\n"
			    "attempt 0 | 487 none CANCELLED NORMAL 0..100\n"
			    "result | 607 none REJECTED FAREND_REJECTED 0..140\n"),
	SCENARIO("nothing behind them: the best response of all", THREE_ALONE,
		START_THREE "100 b0 500 | release trunk2\n"
			    "200 b1 486 |\n"
			    "300 b2 404 | reply b2 404, done\n"),
	SCENARIO("nothing behind them: nobody answers, and their last words are waited for",
		THREE_ALONE,
		START_THREE "1000 b0 180 | relay b0 180\n"
			    "1000 b1 180 | relay b1 180\n"
			    "2000 b2 500 |\n"
			    "21000 tick | cancel b0, cancel b1\n"
			    "21040 b0 487 |\n"
			    "21050 b1 200 | release trunk2, relay b1 200, done\n"),
	SCENARIO("the trunk is full at this moment: its lane is over, the others ring", THREE_MEDIA,
		START_THREE "0 b0 exhausted capacity |\n"
			    "900 b1 200 | relay b1 200, cancel b2, done\n"
			    "attempt 0 | 503 capacity CONGESTION CAPACITY 0..0\n"),
	SCENARIO("all of them fail at once", THREE_MEDIA,
		START_THREE "0 b0 exhausted not_registered | release trunk2\n"
			    "0 b1 unreachable | try 1:b3\n"
			    "0 b3 exhausted |\n"
			    "0 b2 exhausted unreachable | try 3:b4\n"),
	SCENARIO("a lane without an account to try: no INVITE, and the others ring", THREE_MEDIA,
		"0 start | try 1:b0, try 2:b1\n"
		"10 b0 486 |\n"
		"20 b1 486 | try 3:b2\n"
		"attempt 0 | 404 not_registered CONGESTION NOT_REGISTERED 0..0\n",
		.not_registered_2 = true),
	SCENARIO("a number's gateways are one lane",
		PLAN_DID("(ring - simultaneous 20 e14155552222 ssip:a@x)" MEDIA),
		"0 start | try 0:b0, try 2:b1\n"
		"50 b0 500 | try 0:b2\n"
		"50 b2 exhausted | try 1:b3\n"
		"60 b3 486 |\n"
		"70 b1 486 | try 3:b4\n"),
	SCENARIO("six targets: four, then two",
		PLAN_DID("(ring - simultaneous 20 ssip:a@x ssip:b@x ssip:c@x ssip:d@x ssip:e@x "
			 "ssip:f@x)" MEDIA),
		"0 start | try 0:b0, try 1:b1, try 2:b2, try 3:b3\n"
		"10 b0 486 |\n"
		"10 b1 486 |\n"
		"10 b2 486 |\n"
		"20 b3 486 | try 4:b4, try 5:b5\n"
		"30 b4 486 |\n"
		"40 b5 486 | try 6:b6\n"),
	SCENARIO("the group's time is over while a lane is at its second target",
		NO_FAILOVER DIAL_PLAN_RECORD(
			DP1, ACC1, "801", "(ring - simultaneous 20 i802 ssip:c@x)" MEDIA)
			DIAL_PLAN_RECORD(DP2, ACC1, "802",
				"(ring - sequential 12 ssip:a@x "
				"ssip:b@x)") FLOW_DID_RECORD(NUMBER, ACC1, NUL, DP1, ""),
		"0 start | try 0:b0, try 2:b1\n"
		"1000 b0 180 | relay b0 180\n"
		"1000 b1 180 | relay b1 180\n"
		"13000 tick | cancel b0, try 1:b2\n"
		"14000 b2 180 | relay b2 180\n"
		"21000 tick | cancel b2, cancel b1, try 3:b3\n"),

	/* One after another. */
	SCENARIO("sequential: whatever the target says, the next one rings",
		PLAN_DID("(ring - sequential 20 t" TRK2 " ssip:a@x)" MEDIA),
		"0 start | try 0:b0\n"
		"10 b0 180 | relay b0 180\n"
		"20010 tick | cancel b0, release trunk2, try 1:b1\n"
		"20020 b1 603 | try 2:b2\n"
		"20030 b2 200 | relay b2 200, done\n"),
	SCENARIO("a number's busy leads past its other gateway",
		PLAN_DID("(ring - sequential 20 e14155552222)" MEDIA),
		"0 start | try 0:b0\n"
		"50 b0 486 | try 2:b1\n"
		"attempt 1 | 0 none CANCELLED NORMAL 0..0\n"),
	SCENARIO("607 never moves on, there neither",
		PLAN_DID("(ring - sequential 20 ssip:a@x)" MEDIA),
		"0 start | try 0:b0\n"
		"50 b0 607 | reply b0 607, done\n"),
	SCENARIO("from one trunk's slot to another's",
		PBX_PLAN("(ring - sequential 20 t" TRK2 ")" MEDIA),
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"90 b1 500 | release trunk2, try 2:b2\n"
		"95 b2 180 | relay b2 180\n"),
	SCENARIO("a late answer takes the slot of its own trunk",
		PBX_PLAN("(ring - sequential 20 t" TRK2 ")" MEDIA),
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"15100 b0 200 | release trunk2, retake, relay b0 200, cancel b1, done\n"),
	SCENARIO("what was full when the call came in may have room by now",
		PBX_PLAN("(ring - sequential 20 t" TRK2 ")" MEDIA),
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"90 b1 200 | relay b1 200, done\n",
		.full_2 = true),
	SCENARIO("or it has not", PBX_PLAN("(ring - sequential 20 t" TRK2 ")" MEDIA),
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"50 b1 exhausted capacity | try 2:b2\n"
		"attempt 1 | 503 capacity CONGESTION CAPACITY 50..50\n"),

	/* Reject. */
	SCENARIO("a reject is answered at once", PLAN_DID("(reject - 486 )"),
		"5 start | reply 486, done\n"
		"attempt 0 | 486 busy BUSY FAREND_BUSY 5..5\n"
		"result | 486 busy BUSY FAREND_BUSY 5..5\n"),
	SCENARIO("with its own response, whatever was heard before", PBX_PLAN("(reject - 503 )"),
		"0 start | try 0:b0\n"
		"50 b0 404 | release, reply 503, done\n"
		"result | 503 server_error CONGESTION FAREND_RESPONSE 0..50 failed_over\n"),
	SCENARIO("a code that never moves on", PLAN_DID("(reject - 607 )"),
		"0 start | reply 607, done\n"
		"result | 607 none REJECTED FAREND_REJECTED 0..0\n"),
	SCENARIO("the last word of what rang before it is waited for",
		PLAN_DID("(ring - sequential 20 ssip:a@x)(reject - 486 )"),
		"0 start | try 0:b0\n"
		"10 b0 180 | relay b0 180\n"
		"20010 tick | cancel b0\n"
		"20020 b0 487 | reply 486, done\n"),
	SCENARIO("and may be an answer", PLAN_DID("(ring - sequential 20 ssip:a@x)(reject - 486 )"),
		"0 start | try 0:b0\n"
		"10 b0 180 | relay b0 180\n"
		"20010 tick | cancel b0\n"
		"20020 b0 200 | relay b0 200, done\n"),
	SCENARIO("a reject of a dial plan inside of another one is that target's refusal",
		NO_FAILOVER DIAL_PLAN_RECORD(DP1, ACC1, "801", "(ring - sequential 20 i802)" MEDIA)
			DIAL_PLAN_RECORD(DP2, ACC1, "802", "(reject - 607 )")
				FLOW_DID_RECORD(NUMBER, ACC1, NUL, DP1, ""),
		"0 start | try 1:b0\n"
		"10 b0 404 | reply 607, done\n"),

	/* Round and round. */
	SCENARIO("a loop alone: 482", PLAN_DID("(forward - e" NUMBER ")"),
		"0 start | reply 482, done\n"
		"result | 482 rejected REJECTED FAREND_REJECTED 0..0\n"),
	SCENARIO("a number that came round: no other number is called, but what is no number",
		PLAN_DID("(forward - e14155552222)(ring - sequential 20 e14155553333)" MEDIA),
		"0 start | try 0:b0\n"
		"50 b0 482 | try 4:b1\n"
		"attempt 2 | 482 rejected REJECTED FAREND_REJECTED 50..50\n"),
	SCENARIO("so does 483, too many hops",
		PLAN_DID("(forward - e14155552222)(forward - e14155553333)"),
		"0 start | try 0:b0\n"
		"50 b0 483 | reply b0 483, done\n"),
};

#endif
