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

int plan_build(const struct cfg *cfg, const struct plan_call *call, plan_observe_h *observe,
	void *arg, struct plan *plan)
{
	const struct cfg_did *did = cfg_did(cfg, call->did);
	struct plan_draft d;

	*plan = (struct plan){.did = call->did, .max_call_seconds = MAX_CALL_SECONDS};
	if (!did) {
		refuse(plan, PLAN_UNKNOWN_DID, STATUS_NOT_FOUND);
		return 0;
	}
	plan->account_id = did->account->id;
	if (did->trunk) {
		plan->trunk_id = did->trunk->id;
		plan->max_concurrent_calls = did->trunk->max_concurrent_calls;
		plan->max_call_seconds = did->trunk->max_call_seconds;
	}
	if (!did->enabled || !did->account->enabled)
		refuse(plan, PLAN_DISABLED, STATUS_NOT_FOUND);
	else if (did->trunk && !did->trunk->enabled)
		refuse(plan, PLAN_DISABLED, STATUS_UNAVAILABLE);
	if (plan->refusal)
		return 0;
	d.cfg = cfg;
	d.did = did;
	d.observe = observe;
	d.arg = arg;
	d.turn = call->turn;
	d.takes_turn = false;
	d.count = 0;
	plan_add_delivery(&d);
	plan->takes_turn = d.takes_turn;
	plan_add_backup_pbxs(&d);
	plan_add_failover_number(&d);
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

uint32_t plan_worst_case_seconds(const struct plan *plan)
{
	uint32_t seconds = 0;

	for (unsigned i = 0; i < plan->count; i++) {
		const struct attempt *a = &plan->attempt[i];
		unsigned fails = a->unavailable;

		if (fails == TRIGGER_NONE) {
			seconds += a->first_response_seconds;
			fails = TRIGGER_NO_RESPONSE;
		}
		if (!(a->triggers & TRIGGER_BIT(fails)))
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
