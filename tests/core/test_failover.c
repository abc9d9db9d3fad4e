/* The failover machine in virtual time: the scenarios of failover_scenarios.h, and whatever order of
 * events chance makes up. */
#include <inttypes.h>
#include <stdio.h>

#include "core/failover.h"
#include "tests/core/failover_group_scenarios.h"
#include "tests/core/feed.h"
#include "tests/core/suite.h"

static void observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg)
{
	const struct scenario *s = arg;
	struct uuid trk2 = id_of(TRK2);

	if (uuid_equal(&trunk->id, &trk2)) {
		obs->registered = !s->not_registered_2;
		obs->calls_up = s->full_2 ? trunk->max_concurrent_calls : 0;
		return;
	}
	obs->registered = !s->not_registered || acc->role == ROLE_SECONDARY;
	obs->down = s->down && acc->role == ROLE_PRIMARY;
	obs->calls_up = s->full ? trunk->max_concurrent_calls : 0;
}

static void write_branch(FILE *out, const char *verb, const struct failover_action *a)
{
	fprintf(out, "%s", verb);
	if (a->branch != FAILOVER_NO_BRANCH)
		fprintf(out, " b%u", a->branch);
	if (a->status)
		fprintf(out, " %u", a->status);
}

/* Trunks are told apart by the last digit of their ids. */
static void write_slot(
	FILE *out, const char *verb, const struct plan *plan, const struct failover_action *a)
{
	unsigned trunk = plan->attempt[a->attempt].trunk_id.b[15] & 15;

	fputs(verb, out);
	if (trunk > 1)
		fprintf(out, " trunk%u", trunk);
}

static void write_action(FILE *out, const struct plan *plan, const struct failover_action *a)
{
	switch (a->kind) {
	case FAILOVER_TRY:
		fprintf(out, "try %u:b%u", a->attempt, a->branch);
		break;
	case FAILOVER_CANCEL_BRANCH:
		write_branch(out, "cancel", a);
		break;
	case FAILOVER_FORWARD:
		write_branch(out, "relay", a);
		break;
	case FAILOVER_END_LATE:
		fprintf(out, "end b%u", a->branch);
		break;
	case FAILOVER_REPLY:
		write_branch(out, "reply", a);
		break;
	case FAILOVER_RELEASE_SLOT:
		write_slot(out, "release", plan, a);
		break;
	case FAILOVER_RETAKE_SLOT:
		write_slot(out, "retake", plan, a);
		break;
	case FAILOVER_DONE:
		fputs("done", out);
		break;
	}
}

struct run {
	const struct scenario *scenario;
	struct plan plan;
	struct failover *fo;
	char line[160]; /* of the script, for messages */
	char got[512];
};

static void step(struct run *r, const struct failover_event *event, int64_t now_ms)
{
	struct failover_actions actions;
	FILE *out = fmemopen(r->got, sizeof(r->got), "w");

	memset(&actions, 0xa5, sizeof(actions));
	failover_step(r->fo, event, now_ms, &actions);
	for (unsigned i = 0; i < actions.count; i++) {
		if (i)
			fputs(", ", out);
		write_action(out, &r->plan, &actions.item[i]);
		if (actions.item[i].kind == FAILOVER_DONE)
			ck_assert_int_eq(failover_deadline(r->fo), -1);
	}
	fputc('\0', out);
	fclose(out);
}

static void outcome(struct run *r, const struct attempt_outcome *o, bool failed_over)
{
	snprintf(r->got, sizeof(r->got), "%u %s %s %s %" PRId64 "..%" PRId64 "%s", o->status,
		o->trigger == TRIGGER_NONE ? "none" : trigger_word(o->trigger),
		disposition_word(o->disposition), cause_word(o->cause), o->started_ms, o->ended_ms,
		failed_over ? " failed_over" : "");
	ck_assert_int_eq(o->answered, o->disposition == DISPOSITION_ANSWERED);
}

/* "b0 180", "b0 unreachable", "b0 exhausted not_registered". */
static void branch_event(struct run *r, int64_t now_ms, unsigned branch, const char *what)
{
	struct failover_event e = {.branch = branch, .trigger = TRIGGER_NONE};

	if (strspn(what, "0123456789") == strlen(what)) {
		e.kind = FAILOVER_RESPONSE;
		e.status = (unsigned)atoi(what);
	} else if (!strncmp(what, "exhausted", 9)) {
		e.kind = FAILOVER_EXHAUSTED;
		if (what[9])
			e.trigger = (enum trigger)trigger_parse(what + 10);
	} else {
		e.kind = FAILOVER_NETWORK;
		e.trigger = (enum trigger)trigger_parse(what);
		ck_assert_int_ge((int)e.trigger, 0);
	}
	step(r, &e, now_ms);
}

static void event(struct run *r, const char *what)
{
	struct failover_event e = {.kind = FAILOVER_TICK};
	char *name;
	int64_t now_ms = strtoll(what, &name, 10);
	int64_t deadline = failover_deadline(r->fo);

	name++;
	if (!strcmp(name, "start"))
		e.kind = FAILOVER_START;
	else if (!strcmp(name, "cancel"))
		e.kind = FAILOVER_CANCEL;
	else if (!strcmp(name, "tick"))
		ck_assert_msg(deadline == now_ms, "%s: %s: due %" PRId64, r->scenario->rule,
			r->line, deadline);
	else if (!strcmp(name, "idle"))
		ck_assert(deadline == -1 || deadline > now_ms);
	else if (!strcmp(name, "late-tick"))
		ck_assert(deadline >= 0 && deadline < now_ms);
	else if (name[0] == 'b') {
		char *rest;
		unsigned branch = (unsigned)strtoul(name + 1, &rest, 10);

		branch_event(r, now_ms, branch, rest + 1);
		return;
	} else
		ck_abort_msg("unknown event: %s", r->line);
	step(r, &e, now_ms);
}

static void run_line(struct run *r)
{
	char left[128], *expected = strstr(r->line, " |");

	ck_assert_ptr_nonnull(expected);
	snprintf(left, sizeof(left), "%.*s", (int)(expected - r->line), r->line);
	expected += expected[2] == ' ' ? 3 : 2;
	if (!strncmp(left, "attempt ", 8)) {
		outcome(r, failover_outcome(r->fo, (unsigned)atoi(left + 8)), false);
	} else if (!strcmp(left, "result")) {
		struct attempt_outcome o;

		failover_result(r->fo, &o);
		outcome(r, &o, failover_failed_over(r->fo));
	} else {
		event(r, left);
	}
	if (strcmp(r->got, expected))
		ck_abort_msg("%s:\n%s\ngot: %s", r->scenario->rule, r->line, r->got);
}

static void run_scenario(const struct scenario *s)
{
	struct run r = {.scenario = s};
	struct plan_call call = {.did = 14155550100};
	struct cfg *cfg = cfg_new();
	const char *at = s->script;

	feed(cfg, s->records);
	ck_assert_int_eq(plan_build(cfg, &call, observe, (void *)s, &r.plan), 0);
	cfg_free(cfg);
	ck_assert_int_eq(failover_new(&r.fo, &r.plan), 0);
	while (*at) {
		const char *end = strchr(at, '\n');

		snprintf(r.line, sizeof(r.line), "%.*s", (int)(end - at), at);
		run_line(&r);
		at = end + 1;
	}
	failover_free(r.fo);
	plan_fini(&r.plan);
}

START_TEST(every_rule_and_race_has_its_scenario)
{
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		run_scenario(&scenarios[i]);
}
END_TEST

START_TEST(what_rings_at_once_has_its_scenarios)
{
	for (size_t i = 0; i < sizeof(group_scenarios) / sizeof(group_scenarios[0]); i++)
		run_scenario(&group_scenarios[i]);
}
END_TEST

START_TEST(a_plan_without_attempts_needs_no_machine)
{
	struct plan plan = {.refusal = PLAN_NO_TARGET, .status = 480};
	struct failover *fo = NULL;

	ck_assert_int_eq(failover_new(&fo, &plan), EINVAL);
	ck_assert_ptr_null(fo);
}
END_TEST

/* Addresses that are all out of reach: the machine asks for one after the other, ends by itself, and
 * moves on when it has no more branches. */
START_TEST(endless_addresses_come_to_an_end)
{
	struct attempt attempt[2] = {{.triggers = TRIGGERS_ALL,
					     .unavailable = TRIGGER_NONE,
					     .first_response_seconds = 15,
					     .ring_seconds = 60},
		{.unavailable = TRIGGER_UNREACHABLE}};
	struct plan plan = {.count = 2, .attempt = attempt};
	struct failover_event e = {.kind = FAILOVER_START};
	struct failover_actions actions;
	struct failover *fo;
	unsigned tries = 0;

	ck_assert_int_eq(failover_new(&fo, &plan), 0);
	failover_step(fo, &e, 0, &actions);
	while (actions.count && actions.item[0].kind == FAILOVER_TRY) {
		tries++;
		e = (struct failover_event){.kind = FAILOVER_NETWORK,
			.branch = actions.item[0].branch,
			.trigger = TRIGGER_UNREACHABLE};
		failover_step(fo, &e, 1, &actions);
	}
	ck_assert_uint_eq(tries, FAILOVER_BRANCHES_MAX);
	ck_assert_uint_eq(actions.count, 2);
	ck_assert_int_eq(actions.item[0].kind, FAILOVER_REPLY);
	ck_assert_uint_eq(actions.item[0].status, 408);
	ck_assert_int_eq(actions.item[1].kind, FAILOVER_DONE);
	failover_free(fo);
}
END_TEST

/* Whatever comes in whatever order: one final response at most, each slot given back as often as taken,
 * no attempt after the end, never more than four branches that ring at once, and an answered call has
 * one winner. */
struct tally {
	unsigned finals, dones, tries_after;
	int slots[3]; /* held, by trunk */
};

static unsigned trunk_of(const struct plan *plan, unsigned attempt)
{
	return plan->attempt[attempt].trunk_id.b[15] & 15;
}

static void tally(const struct failover_actions *actions, const struct plan *plan, struct tally *t)
{
	for (unsigned i = 0; i < actions->count; i++) {
		const struct failover_action *a = &actions->item[i];

		switch (a->kind) {
		case FAILOVER_TRY:
			t->tries_after += t->dones;
			/* One slot of a trunk for the call, taken with the first address. */
			if (plan->attempt[a->attempt].holds_slot)
				t->slots[trunk_of(plan, a->attempt)] = 1;
			break;
		case FAILOVER_REPLY:
			t->finals++;
			break;
		case FAILOVER_RELEASE_SLOT:
			t->slots[trunk_of(plan, a->attempt)]--;
			break;
		case FAILOVER_RETAKE_SLOT:
			t->slots[trunk_of(plan, a->attempt)]++;
			break;
		case FAILOVER_DONE:
			t->dones++;
			break;
		default:
			break;
		}
	}
	for (unsigned trunk = 1; trunk < 3; trunk++)
		if (t->slots[trunk] & ~1)
			ck_abort_msg("slot of trunk %u: %d", trunk, t->slots[trunk]);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static struct failover_event random_event(uint32_t *seed)
{
	static const unsigned status[] = {
		100, 180, 183, 200, 302, 401, 404, 408, 486, 487, 500, 503, 603, 604, 607};
	static const enum failover_event_kind kind[] = {FAILOVER_RESPONSE, FAILOVER_RESPONSE,
		FAILOVER_RESPONSE, FAILOVER_RESPONSE, FAILOVER_NETWORK, FAILOVER_EXHAUSTED,
		FAILOVER_TICK, FAILOVER_CANCEL};

	return (struct failover_event){
		.kind = kind[next_random(seed) % 8],
		.branch = next_random(seed) % 12,
		.status = status[next_random(seed) % 15],
		.trigger = next_random(seed) % 2 ? TRIGGER_UNREACHABLE : TRIGGER_NO_RESPONSE,
	};
}

static void random_call(const struct plan *plan, uint32_t seed)
{
	struct failover_event e = {.kind = FAILOVER_START};
	struct failover_actions actions;
	struct tally t = {0};
	struct failover *fo;
	unsigned attempt, branch;
	int64_t now_ms = 0;
	bool answered;

	if (failover_new(&fo, plan))
		ck_abort();
	for (unsigned i = 0; i < 40; i++) {
		failover_step(fo, &e, now_ms, &actions);
		tally(&actions, plan, &t);
		e = random_event(&seed);
		now_ms += next_random(&seed) % 3000;
	}
	/* Then nothing but the passing of time: it comes to an end. */
	for (unsigned i = 0; i < 200 && failover_deadline(fo) >= 0; i++) {
		e = (struct failover_event){.kind = FAILOVER_TICK};
		failover_step(fo, &e, failover_deadline(fo), &actions);
		tally(&actions, plan, &t);
	}
	answered = failover_answered(fo, &attempt, &branch);
	if (t.dones != 1 || t.tries_after || t.finals != !answered)
		ck_abort_msg("seed %u", seed);
	for (unsigned trunk = 1; trunk < 3; trunk++) {
		bool held = answered && plan->attempt[attempt].holds_slot &&
			    trunk_of(plan, attempt) == trunk;

		if (t.slots[trunk] != held)
			ck_abort_msg("slot of trunk %u, seed %u", trunk, seed);
	}
	failover_free(fo);
}

static void random_calls(const char *records, unsigned count)
{
	static const struct scenario world = {.rule = ""};
	struct plan_call call = {.did = 14155550100};
	struct cfg *cfg = cfg_new();
	struct plan plan;

	feed(cfg, records);
	ck_assert_int_eq(plan_build(cfg, &call, observe, (void *)&world, &plan), 0);
	ck_assert_uint_eq(plan.count, count);
	for (uint32_t seed = 1; seed <= 30000; seed++)
		random_call(&plan, seed * 2654435761u);
	plan_fini(&plan);
	cfg_free(cfg);
}

START_TEST(no_order_of_events_breaks_the_promises)
{
	random_calls(BOTH TRUNK(DEFAULTS ",busy,no_answer") PBX DID GATEWAY_1 GATEWAY_2, 4);
	random_calls(PBX_PLAN("(ring - sequential 3 t" TRK2 ")" THREE
			      "(ring - simultaneous 4 e14155552222 t" TRK1 " i801)(reject - 486 )"),
		10);
}
END_TEST

int main(void)
{
	return SUITE_RUN("failover", NULL, every_rule_and_race_has_its_scenario,
		what_rings_at_once_has_its_scenarios, a_plan_without_attempts_needs_no_machine,
		endless_addresses_come_to_an_end, no_order_of_events_breaks_the_promises);
}
