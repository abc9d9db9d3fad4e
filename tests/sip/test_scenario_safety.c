/* What a worker tells of trunks, and what it counts of paid legs, in virtual time and across restarts. */
#include "scenario_rig.h"

#include "core/failover_cap.h"
#include "sip/binding.h"
#include "tests/core/suite.h"
#include "tests/fakes/loop.c"
#include "tests/fakes/net.c"
#include "tests/fakes/worker_edges.c"

#define DOWN(reason) "trunk.down {\"reason\":\"" reason "\"}\n"
#define UP "trunk.up {\"reason\":null}\n"

#define told(text) ck_assert_str_eq(fake_events(), text)

/* The PBX registers at its usual address, 0: takes its registration back. */
static void register_pbx(uint32_t expires_seconds)
{
	static uint32_t cseq;
	struct flow flow = fake_flow(TRANSPORT_UDP, "203.0.113.3", 5060);
	struct binding_contact contact = {.uri = str_lit("sip:203.0.113.3:5060"),
		.flow = flow,
		.q = 1000,
		.expires_seconds = expires_seconds};
	struct uuid id;
	struct binding_update u = {.source = &flow.peer,
		.call_id = str_lit("registration"),
		.cseq = ++cseq,
		.path = str_lit(""),
		.user_agent = str_lit(""),
		.max = 5,
		.count = 1,
		.contact = &contact};

	ck_assert_int_eq(uuid_parse(SIP_ACCOUNT, strlen(SIP_ACCOUNT), &id), 0);
	u.account = cfg_sip_account(rig.w->cfg, &id);
	ck_assert_int_eq(binding_update(rig.w->bindings, &u, loop_now(rig.w->loop), 1000000), 0);
}

static void begin_registered(void)
{
	rig_config(DID_PLAIN, "10");
	fake_config("S\t" SIP_ACCOUNT "\t" TRUNK "\tprimary\t\tregistration\tpbx\t\\N\t\\N\t\t\\N");
	rig_start();
	register_pbx(3600);
	rig_wait(2000);
	told("");
}

START_TEST(a_pbx_that_is_gone_is_told_once_and_so_is_its_return)
{
	begin_registered();
	register_pbx(0);
	rig_wait(4000);
	told("");
	rig_wait(3000);
	told(DOWN("not_registered"));
	rig_wait(600000);
	told(DOWN("not_registered"));
	register_pbx(3600);
	rig_wait(3000);
	told(DOWN("not_registered") UP);
	rig_stop();
}
END_TEST

START_TEST(a_pbx_that_restarts_is_nobodys_news)
{
	begin_registered();
	for (int i = 0; i < 20; i++) {
		register_pbx(0);
		rig_wait(3000);
		register_pbx(3600);
		rig_wait(10000);
	}
	told("");
	rig_stop();
}
END_TEST

START_TEST(a_registered_pbx_that_answers_nothing_is_down)
{
	begin_registered();
	for (int i = 0; i < 3; i++) {
		rig_invite();
		rig_wait(20000);
	}
	rig_take();
	rig_wait(3000);
	told(DOWN("no_response"));
	/* A call that it answers makes no spring; a registration tells more. */
	register_pbx(3600);
	rig_wait(3000);
	told(DOWN("no_response") UP);
	rig_stop();
}
END_TEST

START_TEST(a_restart_repeats_and_forgets_nothing)
{
	begin_registered();
	register_pbx(0);
	rig_wait(7000);
	told(DOWN("not_registered"));
	ck_assert_uint_eq(fake_journal_count(JOURNAL_TRUNK), 1);
	rig_stop();
	rig_start();
	rig_wait(300000);
	told(DOWN("not_registered"));
	register_pbx(3600);
	rig_wait(3000);
	told(DOWN("not_registered") UP);
	rig_stop();
}
END_TEST

/* Its registration ended while the worker was away: it gets time to come back. */
START_TEST(after_a_restart_a_pbx_has_a_minute_to_register_again)
{
	begin_registered();
	register_pbx(0);
	rig_stop();
	rig_start();
	rig_wait(55000);
	told("");
	register_pbx(3600);
	rig_wait(200000);
	told("");
	register_pbx(0);
	rig_wait(8000);
	told(DOWN("not_registered"));
	rig_stop();

	fake_edges_reset();
	begin_registered();
	register_pbx(0);
	rig_stop();
	rig_start();
	rig_wait(59000);
	told("");
	rig_wait(130000);
	told(DOWN("not_registered"));
	rig_stop();
}
END_TEST

START_TEST(a_trunk_that_is_deleted_leaves_nothing_behind)
{
	begin_registered();
	ck_assert_uint_eq(fake_journal_count(JOURNAL_TRUNK), 1);
	fake_config("-D\t14155550100");
	fake_config("-S\t" SIP_ACCOUNT);
	fake_config("-T\t" TRUNK);
	rig.w->feed_fd.h(EPOLLIN, rig.w->feed_fd.arg);
	rig_wait(5000);
	ck_assert_uint_eq(fake_journal_count(JOURNAL_TRUNK), 0);
	told("");
	rig_stop();
}
END_TEST

/* ---- paid legs ------------------------------------------------------------------------------- */

static void begin_capped(const char *rules)
{
	char record[256];

	rig_config(DID_NUMBER, "0");
	snprintf(record, sizeof(record), "A\t" ACCOUNT "\tt\t\tUTC\tf\t\\N\t\tcaller\t\\N\t%s",
		rules);
	fake_config(record);
	rig_start();
}

static uint32_t legs_up(void)
{
	struct uuid account;

	ck_assert_int_eq(uuid_parse(ACCOUNT, strlen(ACCOUNT), &account), 0);
	return failover_cap_count(rig.w->caps, &account);
}

START_TEST(a_leg_counts_from_its_invite_to_its_end)
{
	begin_capped("*|||f|1||");
	rig_invite();
	rig_expect("0 out<INVITE");
	ck_assert_uint_eq(legs_up(), 1);
	rig_reply(OUT, 486);
	rig_expect("0 out<ACK; 0 carrier<486");
	ck_assert_uint_eq(legs_up(), 0);
	rig_call_up(OUT);
	ck_assert_uint_eq(legs_up(), 1);
	rig_in_dialog(CARRIER, "BYE", 2, "");
	ck_assert_uint_eq(legs_up(), 0);
	rig_stop();
}
END_TEST

START_TEST(over_the_cap_the_call_fails_at_once_and_the_alarm_goes_off)
{
	begin_capped("*|||f|1||");
	rig_call_up(OUT);
	rig_invite();
	rig_expect("0 carrier<503");
	ck_assert_uint_eq(legs_up(), 1);
	ck_assert_ptr_nonnull(strstr(fake_events(),
		"failover.capped {\"limit\":\"max_failover_calls\",\"refused\":1}\n"));
	rig_stop();
}
END_TEST

START_TEST(a_cancelled_leg_is_given_back)
{
	begin_capped("*|||f|1||");
	rig_invite();
	rig_reply(OUT, 180);
	ck_assert_uint_eq(legs_up(), 1);
	rig_cancel();
	ck_assert_uint_eq(legs_up(), 0);
	rig_stop();
}
END_TEST

START_TEST(a_restart_keeps_the_count)
{
	begin_capped("*|||f|1||");
	rig_call_up(OUT);
	rig_stop();
	rig_start();
	ck_assert_uint_eq(legs_up(), 1);
	rig_invite();
	rig_expect("0 carrier<503");
	rig_stop();
}
END_TEST

START_TEST(the_rules_shorten_a_paid_call)
{
	begin_capped("*|||f|||60");
	rig_call_up(OUT);
	rig_wait(59000);
	ck_assert_uint_eq(legs_up(), 1);
	rig_wait(2000);
	ck_assert_uint_eq(legs_up(), 0);
	ck_assert_ptr_nonnull(strstr(fake_records(), " worker"));
	rig_stop();
}
END_TEST

START_TEST(what_the_rules_deny_is_never_sent)
{
	begin_capped("GB|||f|||");
	rig_invite();
	rig_expect("0 carrier<480");
	ck_assert_ptr_nonnull(strstr(
		fake_records(), "did_failover_number 480 destination_denied DESTINATION_DENIED"));
	rig_stop();
}
END_TEST

int main(void)
{
	return SUITE_RUN("scenario_safety", NULL,
		a_pbx_that_is_gone_is_told_once_and_so_is_its_return,
		a_pbx_that_restarts_is_nobodys_news, a_registered_pbx_that_answers_nothing_is_down,
		a_restart_repeats_and_forgets_nothing,
		after_a_restart_a_pbx_has_a_minute_to_register_again,
		a_trunk_that_is_deleted_leaves_nothing_behind,
		a_leg_counts_from_its_invite_to_its_end,
		over_the_cap_the_call_fails_at_once_and_the_alarm_goes_off,
		a_cancelled_leg_is_given_back, a_restart_keeps_the_count,
		the_rules_shorten_a_paid_call, what_the_rules_deny_is_never_sent);
}
