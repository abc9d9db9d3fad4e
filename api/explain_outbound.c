/* GET /v1/trunks/{id}/route: what a call would do now that the trunk's PBX makes. The number is read, the
 * caller ID chosen and the plan made by the worker's own functions. */
#include <errno.h>
#include <string.h>

#include "api/answer.h"
#include "api/explain_parts.h"
#include "api/handlers.h"
#include "api/http.h"
#include "api/problem.h"
#include "api/request_db.h"
#include "core/caller_id.h"
#include "core/plan_outbound.h"
#include "db/resource_route.h"

struct explain_outbound {
	struct http_request *req;
	struct cfg *cfg;
	const char *called, *caller; /* as given; caller NULL: not */
	struct outbound_call call;
	struct plan plan;
	struct caller_id shown;
	bool own; /* a DID of somebody here: no gateway is asked */
	bool shows;
	const char *refusal; /* NULL: none */
	unsigned status;
	int err; /* of an observation */
};

static void observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg)
{
	struct route_observation seen = {0};
	struct explain_outbound *x = arg;
	char id[UUID_TEXT_SIZE];

	(void)acc;
	uuid_format(&trunk->id, id);
	if (x->err == 0)
		x->err = route_observed(x->req->db, NULL, id, &seen);
	obs->calls_up = seen.calls_up > 0 ? (uint32_t)seen.calls_up : 0;
}

static void refuse(struct explain_outbound *x, const char *why, unsigned status)
{
	if (x->refusal)
		return;
	x->refusal = why;
	x->status = status;
}

/* In the order in which the worker asks. */
static int decide(struct explain_outbound *x, const struct cfg_trunk *trunk)
{
	struct caller_claim claim = {.from = str_of(x->caller)};
	bool emergency = x->call.dialled.kind == DIALLED_EMERGENCY;

	x->call.trunk = trunk;
	if (!trunk->enabled || !trunk->account->enabled)
		refuse(x, "disabled", 403);
	if (x->call.dialled.kind == DIALLED_INCOMPLETE)
		refuse(x, "incomplete", 484);
	if (x->call.dialled.kind == DIALLED_NOTHING)
		refuse(x, "no_number", 404);
	x->shows = caller_id_choose(x->cfg, trunk, &claim, &x->shown) == 0;
	if (x->refusal)
		return 0;
	if (!x->shows && !emergency && !x->own)
		refuse(x, "caller_id", 403);
	if (x->refusal || x->own) {
		enum plan_refusal full = plan_caller_refusal(trunk, emergency, observe, x);

		if (full == PLAN_CAPACITY)
			refuse(x, plan_refusal_word(full), 503);
		return x->err;
	}
	if (plan_build_outbound(x->cfg, &x->call, observe, x, &x->plan))
		return ENOMEM;
	if (x->plan.refusal)
		refuse(x, plan_refusal_word(x->plan.refusal), x->plan.status);
	return x->err;
}

/* Digits of a number for SQL; NULL: none. */
static const char *digits_of(const struct dialled *d, char text[E164_TEXT_SIZE])
{
	if (d->kind != DIALLED_NUMBER)
		return NULL;
	e164_format(d->number, text);
	return text + 1;
}

/* Records and observations of one snapshot. */
static int read_all(struct explain_outbound *x, struct db *db)
{
	char trunk_id[UUID_TEXT_SIZE], owner[UUID_TEXT_SIZE];
	char called_text[E164_TEXT_SIZE], shown_text[E164_TEXT_SIZE];
	bool is_operator = x->req->principal.is_operator;
	const char *called, *shown, *country;
	const struct cfg_trunk *trunk;
	struct dialled caller;
	int err;

	uuid_format(&x->req->args.id, trunk_id);
	uuid_format(&x->req->principal.account_id, owner);
	err = route_trunk_itself(
		db, trunk_id, is_operator ? NULL : owner, explain_record_take, x->cfg);
	trunk = err ? NULL : cfg_trunk(x->cfg, &x->req->args.id);
	if (!trunk)
		return err ? err : ESRCH;
	country = trunk->account->default_country;
	dialled_parse(x->called, strlen(x->called), country, &x->call.dialled);
	dialled_parse(x->caller, strlen(x->caller), country, &caller);
	called = digits_of(&x->call.dialled, called_text);
	shown = digits_of(&caller, shown_text);
	err = route_trunk_records(db, trunk_id, called, shown, explain_record_take, x->cfg);
	if (!err && called)
		err = route_is_own(db, called, &x->own);
	return err ? err : decide(x, trunk);
}

static int plan_make(struct explain_outbound *x, struct db *db)
{
	int err = db_begin_read(db);

	if (err)
		return err;
	err = read_all(x, db);
	if (err == 0)
		return db_commit(db);
	db_rollback(db);
	return err;
}

/* ---- writing ------------------------------------------------------------------------------- */

static void called_write(struct json_out *j, const struct explain_outbound *x)
{
	const struct dialled *d = &x->call.dialled;

	if (d->kind == DIALLED_EMERGENCY)
		json_out_str(j, "called", d->short_code);
	else
		explain_number_write(j, "called", d->kind == DIALLED_NUMBER ? d->number : 0);
	json_out_str(j, "kind",
		d->kind == DIALLED_EMERGENCY ? "emergency"
		: d->kind != DIALLED_NUMBER  ? NULL
		: x->own                     ? "own_number"
					     : "number");
}

static void warnings_write(struct json_out *j, const struct explain_outbound *x)
{
	json_out_array(j, "warnings");
	if (x->refusal)
		json_out_str(j, NULL, "A call is refused at once; see refusal and status.");
	else if (x->own)
		json_out_str(j, NULL,
			"The number is a DID here: the call goes the DID's own way, without a "
			"gateway.");
	else if (x->plan.count && x->plan.attempt[0].unavailable != TRIGGER_NONE)
		json_out_str(j, NULL, "No gateway takes the number.");
	json_out_end(j);
}

static void answer_plan(const struct explain_outbound *x)
{
	const struct cfg_trunk *trunk = x->call.trunk;
	struct json_out j;

	json_out_init(&j);
	json_out_object(&j, NULL);
	explain_id_write(&j, "account_id", "acc", &trunk->account->id);
	explain_id_write(&j, "trunk_id", "trk", &trunk->id);
	called_write(&j, x);
	explain_number_write(&j, "caller_id", x->shows ? x->shown.number : 0);
	json_out_bool(&j, "caller_id_replaced", x->shows && x->shown.replaced);
	explain_refusal_write(&j, x->refusal, x->status);
	json_out_array(&j, "attempts");
	for (unsigned i = 0; i < x->plan.count; i++)
		explain_attempt_write(&j, x->cfg, &x->plan.attempt[i], i, "");
	json_out_end(&j);
	json_out_uint(&j, "worst_case_seconds", plan_worst_case_seconds(&x->plan));
	warnings_write(&j, x);
	json_out_end(&j);
	answer_json_out(x->req, 200, &j);
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool parameters_take(struct explain_outbound *x)
{
	struct problems p = {0};
	bool ok;

	x->caller = "";
	for (unsigned i = 0; i < x->req->target.params; i++) {
		const struct target_param *param = &x->req->target.param[i];

		if (strcmp(param->name, "called") == 0)
			x->called = param->value;
		else if (strcmp(param->name, "caller") == 0)
			x->caller = param->value;
		else
			problems_add_parameter(&p, param->name, PROBLEM_UNKNOWN_PARAMETER,
				"There is no such parameter.");
	}
	if (!x->called || !*x->called)
		problems_add_parameter(&p, "called", PROBLEM_INVALID_PARAMETER,
			"Is required: the number as the PBX dials it.");
	ok = !problems_answer(x->req, 400, PROBLEM_INVALID_PARAMETERS, &p);
	problems_fini(&p);
	return ok;
}

void handle_explain_outbound(struct http_request *req)
{
	struct explain_outbound x = {.req = req};
	struct db *db;
	int err;

	if (!parameters_take(&x))
		return;
	db = request_db(req);
	if (!db)
		return;
	x.cfg = cfg_new();
	err = x.cfg ? plan_make(&x, db) : ENOMEM;
	if (err == ESRCH)
		problem_answer(req, 404, PROBLEM_NOT_FOUND, "There is no such trunk.");
	else if (err)
		request_db_failed(req, err);
	else
		answer_plan(&x);
	plan_fini(&x.plan);
	cfg_free(x.cfg);
}
