/* What the tables of dial plans and forwardings share: a usual world, and running a row of it. */
#ifndef TESTS_CORE_PLAN_WORLD_H
#define TESTS_CORE_PLAN_WORLD_H

#include <stdlib.h>

#include "tests/core/feed.h"
#include "tests/core/plan_text.h"

#define NUMBER "14155550100"
#define OTHER "14155550200"
#define PLAIN ACCOUNT_RECORD(ACC1, "t", NUL, "")
#define GLOBAL_NUMBER ACCOUNT_RECORD(ACC1, "t", "14155551111", "")
#define GLOBAL_BOTH ACCOUNT_RECORD(ACC1, "t", "14155551111", "acc1.example|5060|udp")
#define TRUNK TRUNK_RECORD(TRK1, ACC1, "t", "30", DEFAULTS)
/* Its failover leads to the dial plan 1; enabled: "t", "f". */
#define FAILOVER_TRUNK(enabled)                                                                    \
	"T" T TRK1 T ACC1 T "t" T "30" T "15" T "180" T "14400" T NUL T "request_uri" T            \
	"only_primary" T enabled T DP1 T DEFAULTS "\n"
#define PBX REGISTERING_RECORD(SIP1, TRK1, "pbx")
#define TRUNK_2 TRUNK_RECORD(TRK2, ACC1, "t", "2", DEFAULTS)
#define PBX_2 REGISTERING_RECORD(SIP2, TRK2, "pbx2")
#define DID DID_RECORD(NUMBER, ACC1, TRK1, "t", NUL, NUL, "")
#define OTHER_DID DID_RECORD(OTHER, ACC1, TRK2, "t", NUL, NUL, "")
#define GATEWAY GATEWAY_RECORD(GW1, "t", "gw1.example|5060|udp", NUL, "", "10", "f")
#define GATEWAY_B GATEWAY_RECORD(GW2, "t", "gw2.example|5060|udp", NUL, "", "20", "f")
#define PLAN_1(steps) DIAL_PLAN_RECORD(DP1, ACC1, "801", steps)
#define PLAN_2(steps) DIAL_PLAN_RECORD(DP2, ACC1, "802", steps)

#define DELIVERY "sip_account only_primary bindings 15/180 slot default\n"

/* The PBXs are registered, no call is up; it is Monday, 23 November 2026, 12:00 in New York. */
#define MONDAY_NOON_MS (INT64_C(1795453200000))

struct row {
	const char *rule;
	const char *records;
	const char *plan;
	const char *internal; /* called by a PBX; NULL: NUMBER is called */
	int64_t hours; /* later than Monday noon */
	unsigned diversions;
	bool full_2; /* trunk 2 */
	bool not_registered_2;
	uint32_t worst_case_seconds; /* 0: not looked at */
};

#define ROW(rule_, records_, ...)                                                                  \
	{                                                                                          \
		.rule = (rule_), .records = (records_), .plan = __VA_ARGS__                        \
	}

static inline void observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg)
{
	const struct row *row = arg;
	struct uuid trk2 = id_of(TRK2);
	bool second = uuid_equal(&trunk->id, &trk2);

	ck_assert_ptr_eq(trunk->sip_account[acc->role], acc);
	obs->registered = !(second && row->not_registered_2);
	obs->calls_up = second && row->full_2 ? trunk->max_concurrent_calls : 0;
}

static inline int row_build(struct cfg *cfg, const struct row *row, struct plan *plan)
{
	struct uuid account = id_of(ACC1);
	struct plan_call call = {
		.now_ms = MONDAY_NOON_MS + row->hours * 3600 * 1000, .diversions = row->diversions};

	if (row->internal) {
		call.account = cfg_account(cfg, &account);
		call.internal = str_of(row->internal);
	} else {
		call.did = 14155550100;
	}
	return plan_build(cfg, &call, observe, (void *)row, plan);
}

static inline void row_run(const struct row *row)
{
	struct cfg *cfg = cfg_new();
	struct plan plan;
	char *text;

	feed(cfg, row->records);
	ck_assert_int_eq(row_build(cfg, row, &plan), 0);
	/* The plan is a copy: the configuration may go. */
	cfg_free(cfg);
	text = plan_text(&plan);
	if (strcmp(text, row->plan))
		ck_abort_msg("%s:\n%s---- expected:\n%s", row->rule, text, row->plan);
	ck_assert_int_eq(plan.status == 0, plan.count > 0);
	if (row->worst_case_seconds && plan_worst_case_seconds(&plan) != row->worst_case_seconds)
		ck_abort_msg(
			"%s: worst case %u seconds", row->rule, plan_worst_case_seconds(&plan));
	free(text);
	plan_fini(&plan);
}

#endif
