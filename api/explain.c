/* GET /v1/dids/{number}/route: what a call to the DID would do now. The worker's own records of it
 * go into a configuration of their own, and the worker's own plan_build() makes the plan. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/explain_parts.h"
#include "api/app.h"
#include "api/explain_flow.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/problem.h"
#include "api/query.h"
#include "api/request_db.h"
#include "core/attempt_target.h"
#include "core/clock.h"
#include "core/json_out.h"
#include "core/plan.h"
#include "core/time_text.h"
#include "db/fire_drill.h"
#include "db/resource_route.h"

struct explain {
	struct http_request *req;
	struct cfg *cfg;
	struct plan_call call;
	struct plan plan; /* of a call that begins with the primary */
	struct plan next; /* of the call after that, when the accounts take turns; else empty */
	const char *caller; /* as given, NULL: not */
	e164_t caller_number;
	uint32_t turn; /* whose it is in the plan being made */
	char proven[2][PLAN_ATTEMPTS_MAX][TIME_TEXT_SIZE]; /* of plan and next; "": never */
	int err; /* of an observation */
};

static void observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg)
{
	char account_id[UUID_TEXT_SIZE], trunk_id[UUID_TEXT_SIZE];
	struct route_observation seen = {0};
	struct explain *x = arg;

	uuid_format(&acc->id, account_id);
	uuid_format(&trunk->id, trunk_id);
	if (x->err == 0)
		x->err = route_observed(x->req->db, account_id, trunk_id, &seen);
	obs->registered = seen.registered;
	obs->down = seen.down;
	obs->calls_up = seen.calls_up > 0 ? (uint32_t)seen.calls_up : 0;
	obs->turn = x->turn;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Is the mode another one than what the plan was made by? */
static bool mode_rests(const struct explain *x)
{
	const struct cfg_trunk *trunk = cfg_trunk(x->cfg, &x->plan.trunk_id);

	return trunk &&
	       strcmp(plan_rule_word(x->plan.attempt[0].rule), ha_mode_word(trunk->ha_mode)) != 0;
}

static bool draining(const struct explain *x)
{
	const struct cfg_trunk *trunk = cfg_trunk(x->cfg, &x->plan.trunk_id);

	return trunk && trunk->draining;
}

static bool possible(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->count; i++) {
		if (plan->attempt[i].unavailable == TRIGGER_NONE)
			return true;
	}
	return false;
}

/* Of the DID's own trunk, which is rung first of all. */
static bool is_delivery(const struct attempt *a)
{
	return a->rule < (unsigned)HA_MODE_COUNT;
}

static void attempt_warning_write(struct json_out *j, const struct attempt *a)
{
	if (a->unavailable == TRIGGER_DENIED)
		json_out_str(j, NULL,
			"The account's destination rules deny a number that calls would go to: "
			"nothing is sent there.");
	else if (a->kind == ATTEMPT_LOOP)
		json_out_str(j, NULL,
			"Calls would come round to where they have been: that attempt fails at "
			"once.");
	else if (a->unavailable == TRIGGER_NOT_FOUND)
		json_out_str(j, NULL, "A number that calls would go to takes none.");
	else if (a->kind == ATTEMPT_NUMBER && uuid_is_zero(&a->gateway_id))
		json_out_str(j, NULL, "No gateway takes the failover number.");
}

static void plan_warnings_write(struct json_out *j, const struct explain *x)
{
	const struct plan *plan = &x->plan;
	unsigned delivery = 0, failover = 0;

	for (unsigned i = 0; i < plan->count; i++) {
		delivery += is_delivery(&plan->attempt[i]);
		failover +=
			!is_delivery(&plan->attempt[i]) && plan->attempt[i].kind != ATTEMPT_PEER;
	}
	if (!possible(plan) && !possible(&x->next))
		json_out_str(j, NULL, "No attempt is available right now: a call fails at once.");
	if (failover == 0)
		json_out_str(j, NULL,
			delivery > 1 ? "No failover is configured: when both PBXs fail, the call "
				       "fails."
				     : "No failover is configured: when the PBX fails, the call "
				       "fails.");
	if (delivery == 0 && plan->attempt[0].rule != RULE_DID_DIAL_PLAN)
		json_out_str(
			j, NULL, "The DID reaches no PBX: it has no trunk with a SIP account.");
	if (draining(x))
		json_out_str(j, NULL, "The trunk is draining: it takes no new calls.");
	if (delivery > 0 && mode_rests(x))
		json_out_str(j, NULL,
			"The High Availability mode rests: the account has not got the add-on, or "
			"the trunk no secondary SIP account. Calls go to the primary.");
	explain_flow_warnings(j, x->cfg, x->call.did, x->call.now_ms);
	for (unsigned i = 0; i < plan->count; i++)
		attempt_warning_write(j, &plan->attempt[i]);
}

static void warnings_write(struct json_out *j, const struct explain *x)
{
	json_out_array(j, "warnings");
	if (x->plan.refusal == PLAN_OK)
		plan_warnings_write(j, x);
	else {
		json_out_str(j, NULL, "A call is refused at once; see refusal and status.");
		explain_flow_warnings(j, x->cfg, x->call.did, x->call.now_ms);
	}
	json_out_end(j);
}

static void attempts_write(
	struct json_out *j, const char *key, const struct explain *x, const struct plan *plan)
{
	json_out_array(j, key);
	for (unsigned i = 0; i < plan->count; i++)
		explain_attempt_write(
			j, x->cfg, &plan->attempt[i], i, x->proven[plan == &x->next][i]);
	json_out_end(j);
}

static void answer_plan(const struct explain *x)
{
	const struct plan *plan = &x->plan;
	uint32_t worst = plan_worst_case_seconds(plan), next = plan_worst_case_seconds(&x->next);
	char at[TIME_TEXT_SIZE] = "";
	struct json_out j;

	(void)time_format(x->call.now_ms, at);
	json_out_init(&j);
	json_out_object(&j, NULL);
	explain_number_write(&j, "number", x->call.did);
	explain_number_write(&j, "caller", x->caller_number);
	json_out_str(&j, "at", at);
	explain_id_write(&j, "account_id", "acc", &plan->account_id);
	explain_id_write(&j, "trunk_id", "trk", &plan->trunk_id);
	explain_refusal_write(&j,
		plan->refusal == PLAN_OK ? NULL : plan_refusal_word(plan->refusal), plan->status);
	attempts_write(&j, "attempts", x, plan);
	if (plan->takes_turn)
		attempts_write(&j, "next_attempts", x, &x->next);
	else
		json_out_null(&j, "next_attempts");
	json_out_uint(&j, "worst_case_seconds", worst > next ? worst : next);
	warnings_write(&j, x);
	json_out_end(&j);
	answer_json_out(x->req, 200, &j);
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool parameters_take(struct explain *x)
{
	struct problems p = {0};
	bool ok;

	x->call.now_ms = clock_wall_ms();
	for (unsigned i = 0; i < x->req->target.params; i++) {
		const struct target_param *param = &x->req->target.param[i];

		if (strcmp(param->name, "at") == 0) {
			if (query_time(param->value, &x->call.now_ms) != 0)
				problems_add_parameter(&p, "at", PROBLEM_INVALID_PARAMETER,
					"Must be a time such as 2026-11-23T08:15:30Z.");
		} else if (strcmp(param->name, "caller") == 0) {
			if (query_number(param->value, &x->caller_number) != 0)
				problems_add_parameter(&p, "caller", PROBLEM_INVALID_PARAMETER,
					"Must be a phone number like +14155550100.");
		} else {
			problems_add_parameter(&p, param->name, PROBLEM_UNKNOWN_PARAMETER,
				"There is no such parameter.");
		}
	}
	ok = !problems_answer(x->req, 400, PROBLEM_INVALID_PARAMETERS, &p);
	problems_fini(&p);
	return ok;
}

/* How fire drills name what the attempt is sent to; see fire_drill_targets(). */
static void proof_target(
	const struct explain *x, const struct attempt *a, char out[ATTEMPT_TARGET_SIZE])
{
	const struct cfg_gateway *gw = cfg_gateway(x->cfg, &a->gateway_id);
	bool main_address;
	char id[UUID_ID_SIZE];

	if (!gw) {
		attempt_target(a, out);
		return;
	}
	main_address = a->address.host && strcmp(a->address.host, gw->address.host) == 0 &&
		       a->address.port == gw->address.port;
	uuid_format_id("gw", &gw->id, id);
	snprintf(out, ATTEMPT_TARGET_SIZE, "%s/%s", id,
		main_address ? "address" : "failover_address");
}

static int proofs_take(struct explain *x, struct db *db, const struct plan *plan)
{
	char account[UUID_TEXT_SIZE];
	int err = 0;

	uuid_format(&plan->account_id, account);
	for (unsigned i = 0; i < plan->count && !err; i++) {
		char target[ATTEMPT_TARGET_SIZE];

		proof_target(x, &plan->attempt[i], target);
		err = fire_drill_last_proven(db, target, account, x->proven[plan == &x->next][i]);
	}
	return err;
}

/* Records and observations of one snapshot. The workers know whose turn it is, each for itself: of
 * accounts that take turns both plans are made. */
static int plans_make(struct explain *x, struct db *db)
{
	char number[E164_TEXT_SIZE], owner[UUID_TEXT_SIZE];
	bool is_operator = x->req->principal.is_operator;
	int err;

	e164_format(x->call.did, number);
	uuid_format(&x->req->principal.account_id, owner);
	err = db_begin_read(db);
	if (err)
		return err;
	err = route_records(
		db, number + 1, is_operator ? NULL : owner, explain_record_take, x->cfg);
	if (err == 0)
		err = plan_build(x->cfg, &x->call, observe, x, &x->plan);
	if (err == 0 && x->plan.takes_turn) {
		x->turn = 1;
		err = plan_build(x->cfg, &x->call, observe, x, &x->next);
	}
	if (err == 0)
		err = x->err;
	if (err == 0)
		err = proofs_take(x, db, &x->plan);
	if (err == 0)
		err = proofs_take(x, db, &x->next);
	if (err == 0)
		err = db_commit(db);
	else
		db_rollback(db);
	return err;
}

void handle_explain(struct http_request *req)
{
	struct explain x = {
		.req = req, .call = {.did = req->args.number, .peers = &req->app->peers.servers}};
	struct db *db;
	int err;

	if (!parameters_take(&x))
		return;
	db = request_db(req);
	if (!db)
		return;
	x.cfg = cfg_new();
	err = x.cfg ? plans_make(&x, db) : ENOMEM;
	if (err == ESRCH)
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such DID.");
	else if (err)
		request_db_failed(req, err);
	else
		answer_plan(&x);
	plan_fini(&x.plan);
	plan_fini(&x.next);
	cfg_free(x.cfg);
}
