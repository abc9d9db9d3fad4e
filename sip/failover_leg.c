#include "sip/failover_leg.h"

#include <errno.h>

#include "core/failover.h"
#include "core/failover_cap.h"
#include "core/log.h"
#include "sip/branch.h"
#include "sip/call.h"
#include "sip/loop.h"
#include "sip/setup.h"
#include "sip/worker.h"
#include "sip/worker_event.h"

static bool is_leg(const struct attempt *a)
{
	return a->kind == ATTEMPT_NUMBER && a->diverts;
}

/* An id of its own for each number that a call rings. */
static struct uuid leg_id(const struct call *call, e164_t number)
{
	struct uuid id = call->id;

	for (unsigned i = 0; i < sizeof(number); i++)
		id.b[sizeof(id.b) - 1 - i] ^= (uint8_t)(number >> (8 * i));
	return id;
}

static int find(const struct failover_legs *legs, e164_t number)
{
	for (int i = 0; i < legs->count; i++)
		if (legs->number[i] == number)
			return i;
	return -1;
}

static void give_back(struct call *call, e164_t number)
{
	struct uuid id = leg_id(call, number);

	failover_cap_release(call->w->caps, &call->account_id, &id);
}

static void drop(struct call *call, int i)
{
	struct failover_legs *legs = &call->setup->legs;

	give_back(call, legs->number[i]);
	legs->number[i] = legs->number[--legs->count];
}

static void alarm(struct call *call, int why)
{
	struct worker *w = call->w;
	const char *limit = why == EAGAIN ? "max_failover_calls_per_minute" : "max_failover_calls";
	char account[UUID_TEXT_SIZE];
	uint32_t refused;

	if (why == EAGAIN)
		w->leg_stats.over_rate++;
	else
		w->leg_stats.over_calls++;
	if (!failover_cap_alarm(w->caps, &call->account_id, loop_now(w->loop), &refused))
		return;
	uuid_format(&call->account_id, account);
	log_warn("failover_cap", "account %s: %u calls were kept from outside numbers by %s",
		account, refused, limit);
	worker_event_capped(w, &call->account_id, limit, refused);
}

bool failover_leg_take(struct call *call, const struct attempt *a)
{
	static const struct destination_rules none;
	struct failover_legs *legs = &call->setup->legs;
	struct worker *w = call->w;
	const struct cfg_account *account = cfg_account(w->cfg, &call->account_id);
	const struct destination_rules *rules = account ? &account->destination_rules : &none;
	struct uuid id = leg_id(call, a->number);
	int err;

	if (!is_leg(a) || find(legs, a->number) >= 0)
		return true;
	err = legs->count < FAILOVER_LEGS_MAX
		      ? failover_cap_take(w->caps, &call->account_id, &id, rules, loop_now(w->loop))
		      : EBUSY;
	if (err) {
		alarm(call, err);
		return false;
	}
	w->leg_stats.sent++;
	legs->number[legs->count++] = a->number;
	return true;
}

/* Is the number still being tried, or may a branch to it that was given up still answer? */
static bool is_up(const struct call_setup *s, e164_t number)
{
	for (unsigned i = 0; i < s->plan.count; i++) {
		const struct attempt_outcome *o = failover_outcome(s->fo, i);

		if (is_leg(&s->plan.attempt[i]) && s->plan.attempt[i].number == number &&
			o->started_ms && !o->ended_ms)
			return true;
	}
	for (const struct branch *b = s->branches; b; b = b->next)
		if (s->plan.attempt[b->attempt].number == number && b->ct && !b->response)
			return true;
	return false;
}

void failover_leg_settle(struct call *call)
{
	const struct failover_legs *legs = &call->setup->legs;

	for (int i = legs->count - 1; i >= 0; i--)
		if (!is_up(call->setup, legs->number[i]))
			drop(call, i);
}

void failover_leg_answered(struct call *call, const struct attempt *a)
{
	const struct cfg_account *account = cfg_account(call->w->cfg, &call->account_id);
	struct failover_legs *legs = &call->setup->legs;
	uint32_t most = account ? account->destination_rules.max_failover_call_seconds : 0;

	for (int i = legs->count - 1; i >= 0; i--)
		if (!is_leg(a) || legs->number[i] != a->number)
			drop(call, i);
	call->failover_leg = legs->count ? legs->number[0] : 0;
	legs->count = 0;
	if (is_leg(a) && most && (!call->max_call_seconds || most < call->max_call_seconds))
		call->max_call_seconds = most;
}

void failover_leg_release(struct call *call)
{
	while (call->setup && call->setup->legs.count)
		drop(call, 0);
	if (call->failover_leg)
		give_back(call, call->failover_leg);
	call->failover_leg = 0;
}

void failover_leg_restore(struct call *call, e164_t number)
{
	struct uuid id;

	if (!number)
		return;
	id = leg_id(call, number);
	failover_cap_restore(call->w->caps, &call->account_id, &id);
	call->failover_leg = number;
}
