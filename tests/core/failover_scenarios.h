/* The failover machine in virtual time, one scenario for each rule and race.
 *
 * A scenario is a plan and a script. A line of the script is a moment in milliseconds, an event, and
 * behind '|' the actions that must come out, in that order:
 *
 *	0 start            | try 0:b0             attempt 0 is sent as branch b0
 *	200 b0 180         | relay b0 180         a response of a branch, and what the caller sees
 *	15000 tick         | cancel b0, try 1:b1  the deadline, which must be exactly then
 *	700 b0 unreachable |                      a transport failure
 *	700 b0 exhausted   |                      the attempt has no more addresses
 *	700 cancel         | cancel b0, reply 487, done
 *	700 idle           |                      a tick that comes too early
 *
 * "reply b2 486" relays the branch's response, "reply 408" makes one; "end b0" ends a late 2xx;
 * "release" and "retake" are the trunk's slot. At the end:
 *
 *	attempt 0 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..15000
 *	result    | 200 none ANSWERED NORMAL 0..900 failed_over
 */
#ifndef TESTS_CORE_FAILOVER_SCENARIOS_H
#define TESTS_CORE_FAILOVER_SCENARIOS_H

#include <stdbool.h>

#include "tests/core/feed.h"

#define NUMBER "14155550100"
#define TRUNK(triggers)                                                                            \
	"T\t" TRK1 "\t" ACC1                                                                       \
	"\tt\t30\t15\t60\t14400\t\\N\trequest_uri\tonly_primary\tf\t\\N\t" triggers "\n"
#define PBX REGISTERING_RECORD(SIP1, TRK1, "pbx")
#define DID DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, NUL, "")
#define GATEWAY_1 GATEWAY_RECORD(GW1, "t", "gw1.example|5060|udp", NUL, "", "1", "f")
#define GATEWAY_2 GATEWAY_RECORD(GW2, "t", "gw2.example|5060|udp", NUL, "", "2", "f")
#define NO_FAILOVER ACCOUNT_RECORD(ACC1, "t", NUL, "")
#define BACKUP ACCOUNT_RECORD(ACC1, "t", NUL, "backup.example|5060|udp")
#define FAILOVER_NUMBER ACCOUNT_RECORD(ACC1, "t", "14155551111", "")
#define BOTH ACCOUNT_RECORD(ACC1, "t", "14155551111", "backup.example|5060|udp")

/* Attempts are numbered as they stand in these names. Responses are awaited for 15 seconds from a
 * PBX and 10 from a gateway; a PBX may ring for 60. */
#define PBX_ONLY                                                                                   \
	NO_FAILOVER TRUNK(DEFAULTS)                                                                \
	PBX DID
#define PBX_BACKUP                                                                                 \
	BACKUP TRUNK(DEFAULTS)                                                                     \
	PBX DID
#define PBX_NUMBER                                                                                 \
	FAILOVER_NUMBER TRUNK(DEFAULTS)                                                            \
	PBX DID GATEWAY_1
#define PBX_GW1_GW2                                                                                \
	FAILOVER_NUMBER TRUNK(DEFAULTS)                                                            \
	PBX DID GATEWAY_1 GATEWAY_2
#define PBX_BACKUP_NUMBER                                                                          \
	BOTH TRUNK(DEFAULTS)                                                                       \
	PBX DID GATEWAY_1
#define PBX_BACKUP_ALL BACKUP TRUNK(DEFAULTS ",busy,rejected,no_answer") PBX DID
#define PBX_BACKUP_NONE BACKUP TRUNK("") PBX DID
#define PBX_NUMBER_NO_GATEWAY                                                                      \
	FAILOVER_NUMBER TRUNK(DEFAULTS)                                                            \
	PBX DID

/* High Availability: attempt 0 is the primary, 1 the secondary, 2 what is behind them. */
#define HA(account, mode, triggers)                                                                \
	account "T\t" TRK1 "\t" ACC1 "\tt\t30\t15\t60\t14400\t\\N\trequest_uri\t" mode             \
		"\tf\t\\N\t" triggers "\n" PBX                                                     \
		SECONDARY_RECORD(SIP2, TRK1, "pbx2") DID
#define AUTO HA(HA_ACCOUNT_RECORD(ACC1, NUL, ""), "auto_failover", DEFAULTS)
#define AUTO_BACKUP                                                                                \
	HA(HA_ACCOUNT_RECORD(ACC1, NUL, "backup.example|5060|udp"), "auto_failover", DEFAULTS)
#define AUTO_NONE HA(HA_ACCOUNT_RECORD(ACC1, NUL, ""), "auto_failover", "")
#define AUTO_RINGING HA(HA_ACCOUNT_RECORD(ACC1, NUL, ""), "auto_failover", DEFAULTS ",no_answer")
#define BALANCING HA(HA_ACCOUNT_RECORD(ACC1, NUL, ""), "load_balancing", DEFAULTS)
#define BALANCING_BACKUP                                                                           \
	HA(HA_ACCOUNT_RECORD(ACC1, NUL, "backup.example|5060|udp"), "load_balancing", DEFAULTS)
#define HEALTHY HA(HA_ACCOUNT_RECORD(ACC1, NUL, ""), "load_balancing_healthy", DEFAULTS)

struct scenario {
	const char *rule;
	const char *records;
	const char *script;
	bool not_registered, full;
	bool down; /* the primary */
	bool not_registered_2, full_2; /* of trunk 2 */
};
#define SCENARIO(rule_, records_, ...)                                                             \
	{                                                                                          \
		.rule = (rule_), .records = (records_), .script = __VA_ARGS__                      \
	}

static const struct scenario scenarios[] = {
	/* A call that is answered. */
	SCENARIO("ringing and the answer are relayed", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"40 b0 100 |\n"
		"200 b0 180 | relay b0 180\n"
		"300 b0 183 | relay b0 183\n"
		"900 b0 200 | relay b0 200, done\n"
		"attempt 0 | 200 none ANSWERED NORMAL 0..900\n"
		"attempt 1 | 0 none CANCELLED NORMAL 0..0\n"
		"result | 200 none ANSWERED NORMAL 0..900\n"),
	SCENARIO("an answer without ringing", PBX_ONLY,
		"0 start | try 0:b0\n"
		"900 b0 202 | relay b0 202, done\n"
		"result | 202 none ANSWERED NORMAL 0..900\n"),
	SCENARIO("the winner's repeated 200 is relayed again", PBX_ONLY,
		"0 start | try 0:b0\n"
		"900 b0 200 | relay b0 200, done\n"
		"1400 b0 200 | relay b0 200\n"),
	SCENARIO("what comes in after the answer changes nothing", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"900 b0 200 | relay b0 200, done\n"
		"1000 b0 180 |\n"
		"1000 b0 486 |\n"
		"1000 b0 unreachable |\n"
		"1000 b7 200 |\n"
		"1000 cancel |\n"
		"99000 idle |\n"
		"result | 200 none ANSWERED NORMAL 0..900\n"),

	/* Each trigger that is on by default moves the call on; the slot is free at once. */
	SCENARIO("401 moves on", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 401 | release, try 1:b1\n"
		"90 b1 200 | relay b1 200, done\n"
		"attempt 0 | 401 auth_required CONGESTION FAREND_REQUIRE_AUTH 0..50\n"
		"attempt 1 | 200 none ANSWERED NORMAL 50..90\n"
		"result | 200 none ANSWERED NORMAL 0..90 failed_over\n"),
	SCENARIO("407 moves on", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 407 | release, try 1:b1\n"
		"attempt 0 | 407 auth_required CONGESTION FAREND_REQUIRE_AUTH 0..50\n"),
	SCENARIO("404 moves on", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 404 | release, try 1:b1\n"
		"attempt 0 | 404 not_found CONGESTION FAREND_RESPONSE 0..50\n"),
	SCENARIO("410 moves on", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 410 | release, try 1:b1\n"
		"attempt 0 | 410 not_found CONGESTION FAREND_RESPONSE 0..50\n"),
	SCENARIO("604 moves on, a 6xx whose trigger is on", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 604 | release, try 1:b1\n"
		"attempt 0 | 604 not_found CONGESTION FAREND_RESPONSE 0..50\n"),
	SCENARIO("408 from the PBX moves on", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 408 | release, try 1:b1\n"
		"attempt 0 | 408 timeout CONGESTION FAREND_RESPONSE 0..50\n"),
	SCENARIO("500 moves on", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"attempt 0 | 500 server_error CONGESTION FAREND_RESPONSE 0..50\n"),
	SCENARIO("no 1xx within first_response_seconds moves on", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"14999 idle |\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"attempt 0 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..15000\n"),
	SCENARIO("the transaction's Timer B counts as silence", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"9000 b0 no_response | release, try 1:b1\n"
		"attempt 0 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..9000\n"),
	SCENARIO("out of reach moves on when no address is left", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"20 b0 unreachable | try 0:b1\n"
		"20 b1 exhausted | release, try 1:b2\n"
		"attempt 0 | 408 unreachable CONGESTION FAREND_CONNECTION_ERROR 0..20\n"),
	SCENARIO("a name that DNS does not know", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"700 b0 exhausted unreachable | release, try 1:b1\n"
		"attempt 0 | 408 unreachable CONGESTION FAREND_CONNECTION_ERROR 0..700\n"),
	SCENARIO("the last binding went while the call came in", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"0 b0 exhausted not_registered | release, try 1:b1\n"
		"attempt 0 | 404 not_registered CONGESTION NOT_REGISTERED 0..0\n"),
	SCENARIO("not registered: no INVITE to the PBX", PBX_BACKUP,
		"5 start | try 1:b0\n"
		"attempt 0 | 404 not_registered CONGESTION NOT_REGISTERED 5..5\n",
		.not_registered = true),
	SCENARIO("all calls used up: no INVITE to the PBX, no slot to release", PBX_BACKUP,
		"5 start | try 1:b0\n"
		"90 b0 200 | relay b0 200, done\n"
		"attempt 0 | 503 capacity CONGESTION CAPACITY 5..5\n"
		"result | 200 none ANSWERED NORMAL 5..90 failed_over\n",
		.full = true),

	/* Each trigger that is off by default does not. */
	SCENARIO("486 goes to the caller", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 486 | release, reply b0 486, done\n"
		"attempt 0 | 486 busy BUSY FAREND_BUSY 0..50\n"
		"result | 486 busy BUSY FAREND_BUSY 0..50\n"),
	SCENARIO("600 goes to the caller", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 600 | release, reply b0 600, done\n"
		"result | 600 busy BUSY FAREND_BUSY 0..50\n"),
	SCENARIO("403 goes to the caller", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 403 | release, reply b0 403, done\n"
		"result | 403 rejected REJECTED FAREND_REJECTED 0..50\n"),
	SCENARIO("480 goes to the caller", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 480 | release, reply b0 480, done\n"
		"result | 480 rejected REJECTED FAREND_REJECTED 0..50\n"),
	SCENARIO("603 goes to the caller", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 603 | release, reply b0 603, done\n"
		"result | 603 rejected REJECTED FAREND_REJECTED 0..50\n"),
	SCENARIO("302 is a refusal, and never tells the caller where to go", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 302 | release, reply 480, done\n"
		"attempt 0 | 302 rejected REJECTED FAREND_REJECTED 0..50\n"
		"result | 480 rejected REJECTED FAREND_REJECTED 0..50\n"),
	SCENARIO("nobody answered within ring_seconds: 480, when the cancelled PBX has spoken",
		PBX_BACKUP,
		"0 start | try 0:b0\n"
		"1000 b0 180 | relay b0 180\n"
		"60999 idle |\n"
		"61000 tick | cancel b0\n"
		"61040 b0 487 | release, reply 480, done\n"
		"attempt 0 | 480 no_answer NO_ANSWER NO_ANSWER 0..61000\n"
		"result | 480 no_answer NO_ANSWER NO_ANSWER 0..61040\n"),

	/* The same with their triggers on. */
	SCENARIO("busy on: 486 moves on", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"50 b0 486 | release, try 1:b1\n"),
	SCENARIO("busy on: 600 moves on", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"50 b0 600 | release, try 1:b1\n"),
	SCENARIO("rejected on: 403 moves on", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"50 b0 403 | release, try 1:b1\n"),
	SCENARIO("rejected on: 603 moves on", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"50 b0 603 | release, try 1:b1\n"),
	SCENARIO("rejected on: 302 moves on", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"50 b0 302 | release, try 1:b1\n"),
	SCENARIO("no_answer on: the next one rings at once", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"1000 b0 180 | relay b0 180\n"
		"61000 tick | cancel b0, release, try 1:b1\n"
		"61040 b0 487 |\n"
		"61100 b1 180 | relay b1 180\n"
		"62000 b1 200 | relay b1 200, done\n"
		"attempt 0 | 480 no_answer NO_ANSWER NO_ANSWER 0..61000\n"
		"attempt 1 | 200 none ANSWERED NORMAL 61000..62000\n"),

	/* What never moves on, and what no trigger is on for. */
	SCENARIO("607 never moves on", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"50 b0 607 | release, reply b0 607, done\n"
		"result | 607 none REJECTED FAREND_REJECTED 0..50\n"),
	SCENARIO("608 never moves on", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"50 b0 608 | release, reply b0 608, done\n"
		"result | 608 none REJECTED FAREND_REJECTED 0..50\n"),
	SCENARIO("a PBX's own 487 never moves on", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"50 b0 487 | release, reply b0 487, done\n"),
	SCENARIO("no trigger on: 500 ends the plan", PBX_BACKUP_NONE,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, reply b0 500, done\n"),
	SCENARIO("no trigger on: silence ends the plan, nothing to wait for", PBX_BACKUP_NONE,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, reply 408, done\n"
		"result | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..15000\n"),
	SCENARIO("no trigger on: not registered ends the plan", PBX_BACKUP_NONE,
		"0 start | reply 404, done\n"
		"result | 404 not_registered CONGESTION NOT_REGISTERED 0..0\n",
		.not_registered = true),
	SCENARIO("no trigger on: a full trunk ends the plan with 503", PBX_BACKUP_NONE,
		"0 start | reply 503, done\n"
		"result | 503 capacity CONGESTION CAPACITY 0..0\n",
		.full = true),

	/* Timers. */
	SCENARIO("100 ends the wait for a first response and starts ring_seconds", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"14999 b0 100 |\n"
		"15000 idle |\n"
		"74999 tick | cancel b0, release, try 1:b1\n"),
	SCENARIO("a later provisional does not prolong the ringing", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"1000 b0 100 |\n"
		"5000 b0 180 | relay b0 180\n"
		"60000 b0 183 | relay b0 183\n"
		"61000 tick | cancel b0, release, try 1:b1\n"),
	SCENARIO("each attempt has its own wait", PBX_BACKUP_NUMBER,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"30000 tick | cancel b1, try 2:b2\n"
		"40000 tick | cancel b2, try 2:b3\n"
		"40000 b3 exhausted | reply 408, done\n"
		"attempt 2 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 30000..40000\n"
		"result | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..40000 "
		"failed_over\n"),
	SCENARIO("a tick long after its time does what was due", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"45000 late-tick | cancel b0, release, try 1:b1\n"
		"60000 tick | cancel b1, reply 408, done\n"),

	/* Several addresses of one attempt. */
	SCENARIO("the next binding after a transport failure, within the same wait", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"5000 b0 unreachable | try 0:b1\n"
		"15000 tick | cancel b1, release, try 1:b2\n"),
	SCENARIO("the next address after a 503 has a wait of its own", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"5000 b0 503 | try 0:b1\n"
		"20000 tick | cancel b1, release, try 1:b2\n"
		"attempt 0 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..20000\n"),
	SCENARIO("a 503 of the last address is the attempt's", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 503 | try 0:b1\n"
		"60 b1 503 | try 0:b2\n"
		"60 b2 exhausted | release, try 1:b3\n"
		"attempt 0 | 503 server_error CONGESTION FAREND_RESPONSE 0..60\n"),
	SCENARIO("a 503 says more than that another address is out of reach", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 503 | try 0:b1\n"
		"60 b1 unreachable | try 0:b2\n"
		"60 b2 exhausted unreachable | release, try 1:b3\n"
		"attempt 0 | 503 server_error CONGESTION FAREND_RESPONSE 0..60\n"),
	SCENARIO("the second address answers", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 unreachable | try 0:b1\n"
		"90 b1 180 | relay b1 180\n"
		"900 b1 200 | relay b1 200, done\n"
		"result | 200 none ANSWERED NORMAL 0..900\n"),
	SCENARIO("any other response is the attempt's, whatever addresses are left", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"),
	SCENARIO("a connection that breaks while it rings: the next address", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 180 | relay b0 180\n"
		"5000 b0 unreachable | try 0:b1\n"
		"20000 tick | cancel b1, release, try 1:b2\n"),
	SCENARIO("an address that comes out of DNS too late", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"15100 b0 exhausted unreachable |\n"
		"15200 b1 200 | relay b1 200, done\n"),

	/* Gateways. */
	SCENARIO("a gateway's silence tries its next address, with a wait of its own", PBX_NUMBER,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"10050 tick | cancel b1, try 1:b2\n"
		"20050 tick | cancel b2, try 1:b3\n"
		"20100 b3 183 | relay b3 183\n"
		"21000 b3 200 | relay b3 200, done\n"),
	SCENARIO("a gateway's 5xx tries its next address, then the next gateway", PBX_GW1_GW2,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"80 b1 502 | try 1:b2\n"
		"80 b2 exhausted | try 2:b3\n"
		"attempt 1 | 502 server_error CONGESTION FAREND_RESPONSE 50..80\n"),
	SCENARIO("a gateway out of reach: the next gateway", PBX_GW1_GW2,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"80 b1 unreachable | try 1:b2\n"
		"80 b2 exhausted | try 2:b3\n"),
	SCENARIO("a silent gateway: the next gateway", PBX_GW1_GW2,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"10050 tick | cancel b1, try 1:b2\n"
		"10050 b2 exhausted | try 2:b3\n"
		"attempt 1 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 50..10050\n"),
	SCENARIO("what the called party says is the answer: 404", PBX_GW1_GW2,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"80 b1 404 | reply b1 404, done\n"),
	SCENARIO("what the called party says is the answer: 486", PBX_GW1_GW2,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"80 b1 486 | reply b1 486, done\n"
		"result | 486 busy BUSY FAREND_BUSY 0..80 failed_over\n"),
	SCENARIO("nobody answers the failover number: no further gateway", PBX_GW1_GW2,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"80 b1 180 | relay b1 180\n"
		"60080 tick | cancel b1\n"
		"60090 b1 487 | reply 480, done\n"
		"result | 480 no_answer NO_ANSWER NO_ANSWER 0..60090 failed_over\n"),
	SCENARIO("no gateway carries the number", PBX_NUMBER_NO_GATEWAY,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, reply 408, done\n"
		"attempt 1 | 408 unreachable CONGESTION FAREND_CONNECTION_ERROR 50..50\n"),

	/* Provisionals over several attempts. */
	SCENARIO("the next attempt's ringing is relayed after the first one's was", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 183 | relay b0 183\n"
		"90 b0 500 | release, try 1:b1\n"
		"150 b1 100 |\n"
		"200 b1 180 | relay b1 180\n"),
	SCENARIO("a given-up branch that begins to ring is not relayed", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"15100 b0 180 |\n"
		"15200 b1 180 | relay b1 180\n"),

	/* The best response (RFC 3261 section 16.7). */
	SCENARIO("the lowest class: 404 before 500", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 404 | release, try 1:b1\n"
		"90 b1 500 | reply b0 404, done\n"
		"result | 404 not_found CONGESTION FAREND_RESPONSE 0..90 failed_over\n"),
	SCENARIO("a 6xx before all", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 604 | release, try 1:b1\n"
		"90 b1 486 | reply b0 604, done\n"),
	SCENARIO("the later one of a class", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 404 | release, try 1:b1\n"
		"90 b1 486 | reply b1 486, done\n"),
	SCENARIO("of 4xx those that say what to change: 484 before 404", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"50 b0 484 | release, try 1:b1\n"
		"90 b1 404 | reply b0 484, done\n"),
	SCENARIO("what came from a far end before what was made here", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 404 | release, try 1:b1\n"
		"15050 tick | cancel b1, reply b0 404, done\n"),
	SCENARIO("silence is a 408, a class below the 500", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"15050 tick | cancel b1, reply 408, done\n"),
	SCENARIO("the PBX's 401 is never passed on: 480", PBX_ONLY,
		"0 start | try 0:b0\n"
		"50 b0 401 | release, reply 480, done\n"
		"result | 480 auth_required CONGESTION FAREND_REQUIRE_AUTH 0..50\n"),
	SCENARIO("the PBX's 407 is never passed on: 480", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 407 | release, try 1:b1\n"
		"90 b1 500 | reply 480, done\n"),
	SCENARIO("a far end's 503 becomes 500", PBX_ONLY,
		"0 start | try 0:b0\n"
		"50 b0 503 | try 0:b1\n"
		"50 b1 exhausted | release, reply 500, done\n"
		"attempt 0 | 503 server_error CONGESTION FAREND_RESPONSE 0..50\n"
		"result | 500 server_error CONGESTION FAREND_RESPONSE 0..50\n"),
	SCENARIO("capacity with nothing left: 503 at once", PBX_ONLY,
		"7 start | reply 503, done\n"
		"result | 503 capacity CONGESTION CAPACITY 7..7\n",
		.full = true),
	SCENARIO("capacity, then the backup's 486", PBX_BACKUP,
		"0 start | try 1:b0\n"
		"50 b0 486 | reply b0 486, done\n",
		.full = true),
	SCENARIO("not registered with nothing left: 404", PBX_ONLY, "0 start | reply 404, done\n",
		.not_registered = true),
	SCENARIO("not registered and no gateway for the number", PBX_NUMBER_NO_GATEWAY,
		"0 start | reply 408, done\n"
		"result | 408 unreachable CONGESTION FAREND_CONNECTION_ERROR 0..0 failed_over\n",
		.not_registered = true),

	/* The caller hangs up. */
	SCENARIO("CANCEL while it rings: 487, the branch is cancelled, nothing else is tried",
		PBX_BACKUP_NUMBER,
		"0 start | try 0:b0\n"
		"50 b0 180 | relay b0 180\n"
		"700 cancel | cancel b0, release, reply 487, done\n"
		"740 b0 487 |\n"
		"99000 idle |\n"
		"attempt 0 | 487 none CANCELLED CALLER 0..700\n"
		"attempt 1 | 0 none CANCELLED NORMAL 0..0\n"
		"result | 487 none CANCELLED CALLER 0..700\n"),
	SCENARIO("CANCEL before any response", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"700 cancel | cancel b0, release, reply 487, done\n"),
	SCENARIO("CANCEL during the second attempt: the first is not cancelled twice", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"15700 cancel | cancel b1, reply 487, done\n"
		"attempt 0 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..15000\n"
		"attempt 1 | 487 none CANCELLED CALLER 15000..15700\n"
		"result | 487 none CANCELLED CALLER 0..15700 failed_over\n"),
	SCENARIO("a 200 that crosses the caller's CANCEL is ended, each time it comes", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 180 | relay b0 180\n"
		"700 cancel | cancel b0, release, reply 487, done\n"
		"720 b0 200 | end b0\n"
		"1220 b0 200 | end b0\n"
		"result | 487 none CANCELLED CALLER 0..700\n"),
	SCENARIO("a failure that crosses the CANCEL moves nothing on", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"700 cancel | cancel b0, release, reply 487, done\n"
		"720 b0 500 |\n"),
	SCENARIO("CANCEL comes after the plan has ended: nothing", PBX_ONLY,
		"0 start | try 0:b0\n"
		"50 b0 486 | release, reply b0 486, done\n"
		"60 cancel |\n"
		"result | 486 busy BUSY FAREND_BUSY 0..50\n"),
	SCENARIO("CANCEL while the last word is waited for", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"1000 b0 180 | relay b0 180\n"
		"61000 tick | cancel b0\n"
		"61010 cancel | release, reply 487, done\n"
		"61040 b0 200 | end b0\n"
		"attempt 0 | 480 no_answer NO_ANSWER NO_ANSWER 0..61000\n"
		"result | 487 none CANCELLED CALLER 0..61010\n"),

	/* Late answers: never two connected calls. */
	SCENARIO("a late 200 wins over the next attempt that still rings", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"15200 b1 180 | relay b1 180\n"
		"15300 b0 200 | retake, relay b0 200, cancel b1, done\n"
		"15400 b1 487 |\n"
		"attempt 0 | 200 none ANSWERED NORMAL 0..15300\n"
		"attempt 1 | 487 none CANCELLED NORMAL 15000..15300\n"
		"result | 200 none ANSWERED NORMAL 0..15300 failed_over\n"),
	SCENARIO("two 200s: the second is ended", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"15200 b1 180 | relay b1 180\n"
		"15300 b0 200 | retake, relay b0 200, cancel b1, done\n"
		"15301 b1 200 | end b1\n"
		"result | 200 none ANSWERED NORMAL 0..15300 failed_over\n"),
	SCENARIO("a late 200 after the next attempt was answered is ended", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"15200 b1 200 | relay b1 200, done\n"
		"15300 b0 200 | end b0\n"
		"attempt 0 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..15000\n"
		"result | 200 none ANSWERED NORMAL 0..15200 failed_over\n"),
	SCENARIO("a late 200 after the caller got his refusal is ended", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"15200 b1 486 | reply b1 486, done\n"
		"15300 b0 200 | end b0\n"),
	SCENARIO("a late 200 of an earlier address of the same attempt", PBX_NUMBER,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"10050 tick | cancel b1, try 1:b2\n"
		"10100 b1 200 | relay b1 200, cancel b2, done\n"
		"attempt 1 | 200 none ANSWERED NORMAL 50..10100\n"),
	SCENARIO("a given-up branch that refuses late changes nothing", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, release, try 1:b1\n"
		"15100 b0 603 |\n"
		"15200 b1 404 | reply b1 404, done\n"
		"attempt 0 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..15000\n"),
	SCENARIO("a 200 that crosses our own CANCEL at the end of ringing is the answer",
		PBX_BACKUP,
		"0 start | try 0:b0\n"
		"1000 b0 180 | relay b0 180\n"
		"61000 tick | cancel b0\n"
		"61030 b0 200 | relay b0 200, done\n"
		"attempt 0 | 200 none ANSWERED NORMAL 0..61030\n"
		"result | 200 none ANSWERED NORMAL 0..61030\n"),
	SCENARIO("the last word is waited for two seconds", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"1000 b0 180 | relay b0 180\n"
		"61000 tick | cancel b0\n"
		"63000 tick | release, reply 480, done\n"
		"63100 b0 200 | end b0\n"),
	SCENARIO("the last word of a branch that rang before", PBX_BACKUP_ALL,
		"0 start | try 0:b0\n"
		"1000 b0 180 | relay b0 180\n"
		"61000 tick | cancel b0, release, try 1:b1\n"
		"61010 b1 500 |\n"
		"61040 b0 200 | retake, relay b0 200, done\n"
		"attempt 1 | 500 server_error CONGESTION FAREND_RESPONSE 61000..61010\n"
		"result | 200 none ANSWERED NORMAL 0..61040 failed_over\n"),
	SCENARIO("a cancelled branch whose connection is gone has no last word", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"1000 b0 180 | relay b0 180\n"
		"61000 tick | cancel b0\n"
		"61500 b0 unreachable | release, reply 480, done\n"),

	/* High Availability. The slot stays where it is between two accounts: they share the count. */
	SCENARIO("auto_failover: a 401 of the primary moves the call to the secondary", AUTO,
		"0 start | try 0:b0\n"
		"200 b0 401 | try 1:b1\n"
		"300 b1 180 | relay b1 180\n"
		"900 b1 200 | relay b1 200, done\n"
		"attempt 0 | 401 auth_required CONGESTION FAREND_REQUIRE_AUTH 0..200\n"
		"attempt 1 | 200 none ANSWERED NORMAL 200..900\n"
		"result | 200 none ANSWERED NORMAL 0..900 failed_over\n"),
	SCENARIO("auto_failover: a 407 of the primary moves the call to the secondary", AUTO,
		"0 start | try 0:b0\n"
		"200 b0 407 | try 1:b1\n"
		"300 b1 180 | relay b1 180\n"
		"900 b1 200 | relay b1 200, done\n"
		"attempt 0 | 407 auth_required CONGESTION FAREND_REQUIRE_AUTH 0..200\n"
		"attempt 1 | 200 none ANSWERED NORMAL 200..900\n"
		"result | 200 none ANSWERED NORMAL 0..900 failed_over\n"),
	SCENARIO("auto_failover: a 408 of the primary moves the call to the secondary", AUTO,
		"0 start | try 0:b0\n"
		"200 b0 408 | try 1:b1\n"
		"300 b1 180 | relay b1 180\n"
		"900 b1 200 | relay b1 200, done\n"
		"attempt 0 | 408 timeout CONGESTION FAREND_RESPONSE 0..200\n"
		"attempt 1 | 200 none ANSWERED NORMAL 200..900\n"
		"result | 200 none ANSWERED NORMAL 0..900 failed_over\n"),
	SCENARIO("auto_failover: a 404 of the primary moves the call to the secondary", AUTO,
		"0 start | try 0:b0\n"
		"200 b0 404 | try 1:b1\n"
		"300 b1 180 | relay b1 180\n"
		"900 b1 200 | relay b1 200, done\n"
		"attempt 0 | 404 not_found CONGESTION FAREND_RESPONSE 0..200\n"
		"attempt 1 | 200 none ANSWERED NORMAL 200..900\n"
		"result | 200 none ANSWERED NORMAL 0..900 failed_over\n"),
	SCENARIO("auto_failover: a 500 of the primary moves the call to the secondary", AUTO,
		"0 start | try 0:b0\n"
		"200 b0 500 | try 1:b1\n"
		"300 b1 180 | relay b1 180\n"
		"900 b1 200 | relay b1 200, done\n"
		"attempt 0 | 500 server_error CONGESTION FAREND_RESPONSE 0..200\n"
		"attempt 1 | 200 none ANSWERED NORMAL 200..900\n"
		"result | 200 none ANSWERED NORMAL 0..900 failed_over\n"),
	SCENARIO("auto_failover: silence of the primary", AUTO,
		"0 start | try 0:b0\n"
		"15000 tick | cancel b0, try 1:b1\n"
		"15900 b1 200 | relay b1 200, done\n"
		"attempt 0 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 0..15000\n"),
	SCENARIO("auto_failover: a primary out of reach", AUTO,
		"0 start | try 0:b0\n"
		"10 b0 unreachable | try 0:b1\n"
		"10 b1 exhausted | try 1:b2\n"
		"90 b2 200 | relay b2 200, done\n"),
	SCENARIO("auto_failover: down is known before, so no INVITE goes to the primary", AUTO,
		"0 start | try 1:b0\n"
		"90 b0 200 | relay b0 200, done\n"
		"attempt 0 | 408 unreachable CONGESTION FAREND_CONNECTION_ERROR 0..0\n"
		"result | 200 none ANSWERED NORMAL 0..90 failed_over\n",
		.down = true),
	SCENARIO("auto_failover: not registered, the same, without any trigger", AUTO_NONE,
		"0 start | try 1:b0\n"
		"90 b0 200 | relay b0 200, done\n"
		"attempt 0 | 404 not_registered CONGESTION NOT_REGISTERED 0..0\n",
		.not_registered = true),
	SCENARIO("auto_failover: a trigger that is off moves nothing", AUTO_NONE,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, reply b0 500, done\n"),
	SCENARIO("auto_failover: busy is an answer", AUTO,
		"0 start | try 0:b0\n"
		"50 b0 486 | release, reply b0 486, done\n"),
	SCENARIO("auto_failover: both fail, the best response", AUTO,
		"0 start | try 0:b0\n"
		"50 b0 404 | try 1:b1\n"
		"60 b1 500 | release, reply b0 404, done\n"
		"result | 404 not_found CONGESTION FAREND_RESPONSE 0..60 failed_over\n"),
	SCENARIO("auto_failover: both fail, the backup PBX gets the call and the slot is free",
		AUTO_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 401 | try 1:b1\n"
		"60 b1 407 | release, try 2:b2\n"
		"70 b2 200 | relay b2 200, done\n"),
	SCENARIO("auto_failover: a late answer of the primary wins over the ringing secondary",
		AUTO_RINGING,
		"0 start | try 0:b0\n"
		"10 b0 180 | relay b0 180\n"
		"60010 tick | cancel b0, try 1:b1\n"
		"60020 b1 180 | relay b1 180\n"
		"60030 b0 200 | relay b0 200, cancel b1, done\n"),
	SCENARIO("auto_failover: a full trunk is full on both", AUTO_BACKUP,
		"0 start | try 2:b0\n"
		"90 b0 200 | relay b0 200, done\n"
		"attempt 0 | 503 capacity CONGESTION CAPACITY 0..0\n"
		"attempt 1 | 503 capacity CONGESTION CAPACITY 0..0\n",
		.full = true),
	SCENARIO("auto_failover: a full trunk with nothing behind", AUTO,
		"0 start | reply 503, done\n", .full = true),
	SCENARIO("load_balancing: the other account is not tried", BALANCING,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, reply b0 500, done\n"),
	SCENARIO("load_balancing: nor when the chosen one is not registered", BALANCING,
		"0 start | reply 404, done\n", .not_registered = true),
	SCENARIO("load_balancing: what is configured behind it still applies", BALANCING_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"90 b1 200 | relay b1 200, done\n"),
	SCENARIO("load_balancing_healthy: the other account is the retry", HEALTHY,
		"0 start | try 0:b0\n"
		"50 b0 500 | try 1:b1\n"
		"90 b1 200 | relay b1 200, done\n"),

	/* The whole way down, and events that make no sense. */
	SCENARIO("PBX, backup, number", PBX_BACKUP_NUMBER,
		"1000 start | try 0:b0\n"
		"1100 b0 503 | try 0:b1\n"
		"1100 b1 exhausted | release, try 1:b2\n"
		"16100 tick | cancel b2, try 2:b3\n"
		"16200 b3 183 | relay b3 183\n"
		"20000 b3 200 | relay b3 200, done\n"
		"attempt 0 | 503 server_error CONGESTION FAREND_RESPONSE 1000..1100\n"
		"attempt 1 | 408 no_response CONGESTION FAREND_CONNECTION_ERROR 1100..16100\n"
		"attempt 2 | 200 none ANSWERED NORMAL 16100..20000\n"
		"result | 200 none ANSWERED NORMAL 1000..20000 failed_over\n"),
	SCENARIO("a second start, and events before the first", PBX_ONLY,
		"0 cancel |\n"
		"0 b0 200 |\n"
		"0 idle |\n"
		"0 start | try 0:b0\n"
		"1 start |\n"),
	SCENARIO("a final response comes twice", PBX_BACKUP,
		"0 start | try 0:b0\n"
		"50 b0 500 | release, try 1:b1\n"
		"60 b0 500 |\n"
		"60 b0 180 |\n"
		"60 b0 exhausted |\n"),
};

#endif
