#include "core/plan.h"

#include <string.h>

#include "core/mem.h"
#include "core/plan_draft.h"

enum {
	MAX_CALL_SECONDS = 4 * 3600,
	STATUS_NOT_FOUND = 404,
	STATUS_UNAVAILABLE = 480,
};

static void refuse(struct plan *plan, enum plan_refusal refusal, unsigned status)
{
	plan->refusal = refusal;
	plan->status = status;
}

/* The DID that was dialled. */
static void add_dialled(struct plan_draft *d, struct plan *plan)
{
	const struct cfg_did *did = cfg_did(d->cfg, d->call->did);

	if (!did) {
		refuse(plan, PLAN_UNKNOWN_DID, STATUS_NOT_FOUND);
		return;
	}
	plan->account_id = did->account->id;
	if (did->trunk) {
		plan->trunk_id = did->trunk->id;
		plan->max_call_seconds = did->trunk->max_call_seconds;
	}
	if (!did->enabled || !did->account->enabled)
		refuse(plan, PLAN_DISABLED, STATUS_NOT_FOUND);
	else if (did->trunk && !did->trunk->enabled)
		refuse(plan, PLAN_DISABLED, STATUS_UNAVAILABLE);
	if (plan->refusal)
		return;
	/* Not entered by any rule: each source of its attempts has its own. */
	d->path[d->depth++] = did;
	d->account = did->account;
	plan_add_did(d, did);
}

/* An internal number that a PBX of the account dialled. */
static void add_dialled_internal(struct plan_draft *d, struct plan *plan)
{
	const struct plan_call *call = d->call;
	struct str number = call->internal;

	plan->account_id = call->account->id;
	if (number.len < sizeof(plan->internal))
		memcpy(plan->internal, number.p, number.len);
	d->scope.account = d->account = call->account;
	if (!plan_add_internal(d, RULE_INTERNAL_NUMBER, number.p, number.len))
		refuse(plan, PLAN_UNKNOWN_DID, STATUS_NOT_FOUND);
	else if (!call->account->enabled)
		refuse(plan, PLAN_DISABLED, STATUS_NOT_FOUND);
}

static bool takes_turn(const struct plan_draft *d)
{
	/* A call that finds the trunk full reaches nobody and costs nobody's turn. */
	for (unsigned i = 0; i < d->count; i++)
		if (d->attempt[i].takes_turn && d->attempt[i].unavailable != TRIGGER_CAPACITY)
			return true;
	return false;
}

int plan_build(const struct cfg *cfg, const struct plan_call *call, plan_observe_h *observe,
	void *arg, struct plan *plan)
{
	struct plan_draft d;

	*plan = (struct plan){.did = call->did, .max_call_seconds = MAX_CALL_SECONDS};
	/* The attempts are not worth clearing. */
	d.cfg = cfg;
	d.call = call;
	d.observe = observe;
	d.arg = arg;
	d.scope = (struct plan_scope){.rule = -1};
	d.depth = d.entered = d.numbers = d.count = 0;
	d.group = d.groups = d.lane = 0;
	if (call->account)
		add_dialled_internal(&d, plan);
	else
		add_dialled(&d, plan);
	if (plan->refusal)
		return 0;
	plan->takes_turn = takes_turn(&d);
	if (d.count)
		return plan_draft_take(&d, plan);
	refuse(plan, PLAN_NO_TARGET, STATUS_UNAVAILABLE);
	return 0;
}

void plan_fini(struct plan *plan)
{
	mem_free(plan->attempt);
	plan->attempt = NULL;
	plan->count = 0;
}

/* One lane, or what rings alone: from *i on, which silence moves to where it leaves them. */
static uint32_t silent_seconds(const struct plan *plan, unsigned *i, unsigned end)
{
	uint32_t seconds = 0;

	while (*i < end) {
		const struct attempt *a = &plan->attempt[*i];
		unsigned fails = a->unavailable;

		if (fails == TRIGGER_NONE) {
			seconds += a->first_response_seconds;
			fails = TRIGGER_NO_RESPONSE;
		}
		if (a->triggers & TRIGGER_BIT(fails))
			++*i;
		else if (a->leave_triggers & TRIGGER_BIT(fails))
			*i = a->leave_to;
		else
			*i = plan->count;
	}
	return seconds;
}

static unsigned lane_end(const struct plan *plan, unsigned i)
{
	const struct attempt *a = &plan->attempt[i];

	for (; i < plan->count; i++)
		if (plan->attempt[i].group != a->group || plan->attempt[i].lane != a->lane)
			break;
	return i;
}

uint32_t plan_worst_case_seconds(const struct plan *plan)
{
	uint32_t seconds = 0;
	unsigned i = 0;

	while (i < plan->count) {
		unsigned group = plan->attempt[i].group, last = i;
		uint32_t longest = 0;

		if (!group) {
			seconds += silent_seconds(plan, &i, i + 1);
			continue;
		}
		for (; i < plan->count && plan->attempt[i].group == group; i = lane_end(plan, i)) {
			unsigned at = last = i;
			uint32_t lane = silent_seconds(plan, &at, lane_end(plan, i));

			longest = lane > longest ? lane : longest;
		}
		seconds += longest;
		if (!(plan->attempt[last].leave_triggers & TRIGGER_BIT(TRIGGER_NO_RESPONSE)))
			break;
	}
	return seconds;
}

e164_t plan_did_of_user(const struct cfg *cfg, const char *user, size_t len)
{
	const char *parameters = memchr(user, ';', len); /* "+14155550100;npdi", RFC 3966 */
	e164_t number;

	if (parameters)
		len = (size_t)(parameters - user);
	if (e164_parse(user, len, "", &number, NULL))
		return 0;
	if (user[0] != '+' && e164_digits(number) == 10 && !cfg_did(cfg, number)) {
		e164_t with_one = number + UINT64_C(10000000000);

		if (cfg_did(cfg, with_one))
			return with_one;
	}
	return number;
}
