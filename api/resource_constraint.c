#include "api/resource_write.h"

#include <errno.h>
#include <string.h>

#include "api/request_db.h"
#include "db/flow.h"

/* What several constraints mean. */
#define NO_ACCOUNT 422, PROBLEM_UNKNOWN_ACCOUNT, "/account_id", "There is no such account."
#define NO_DIAL_PLAN                                                                               \
	422, PROBLEM_UNKNOWN_DIAL_PLAN, "/dial_plan_id",                                           \
		"There is no such dial plan in the account."
#define NO_FIXED_NUMBER                                                                            \
	422, PROBLEM_REQUIRED, "/calling_party_number",                                            \
		"Is required with calling_party_display fixed."

/* What a constraint of the schema means to the client. */
static const struct constraint {
	const char *name;
	unsigned status;
	enum problem_code code;
	const char *pointer, *detail;
} constraints[] = {
	{"trunk_account_id_fkey", NO_ACCOUNT},
	{"did_account_id_fkey", NO_ACCOUNT},
	{"did_account_id_trunk_id_fkey", 422, PROBLEM_UNKNOWN_TRUNK, "/trunk_id",
		"There is no such trunk in the account."},
	{"webhook_account_id_fkey", NO_ACCOUNT},
	{"dial_plan_account_id_fkey", NO_ACCOUNT},
	{"did_account_id_dial_plan_id_fkey", NO_DIAL_PLAN},
	{"trunk_account_id_failover_dial_plan_id_fkey", NO_DIAL_PLAN},
	{"did_target_check", 422, PROBLEM_CONFLICTING_FIELDS, "/dial_plan_id",
		"A DID leads to a trunk or to a dial plan, not to both."},
	{"trunk_failover_dial_plan_check", 422, PROBLEM_REQUIRED, "/dial_plan_id",
		"Is required with enabled true."},
	{"dial_plan_account_id_internal_number_key", 409, PROBLEM_ALREADY_EXISTS,
		"/internal_number", "Another dial plan of the account has this internal number."},
	{"did_forwardings_target", 422, PROBLEM_UNKNOWN_INTERNAL_NUMBER, "/forwardings",
		"A dial plan that it leads to is gone."},
	{"dial_plan_steps_target", 422, PROBLEM_UNKNOWN_INTERNAL_NUMBER, "/steps",
		"A dial plan or trunk that it leads to is gone."},
	{"did_pkey", 409, PROBLEM_ALREADY_EXISTS, "/number", "The number is provisioned already."},
	{"sip_account_username_key", 409, PROBLEM_USERNAME_TAKEN, "/username",
		"Another SIP account has this user name."},
	{"sip_account_registration_check", 422, PROBLEM_REQUIRED, "/username",
		"Is required with auth_mode registration."},
	{"trunk_ha_secondary", 422, PROBLEM_SECONDARY_REQUIRED, "/mode",
		"The trunk has no secondary SIP account."},
	{"did_failover_self_check", 422, PROBLEM_SELF_FORWARD, "/number",
		"The DID would fail over to itself."},
	{"did_failover_fixed_check", NO_FIXED_NUMBER},
	{"account_failover_fixed_check", NO_FIXED_NUMBER},
};

/* The field that closes a circle. */
static const char *circle_pointer(const struct resource_write *w)
{
	switch (w->id) {
	case RESOURCE_DIAL_PLAN:
		return "/steps";
	case RESOURCE_DID_FORWARDINGS:
		return "/forwardings";
	case RESOURCE_ACCOUNT_FAILOVER:
	case RESOURCE_DID_FAILOVER:
		return "/number";
	case RESOURCE_TRUNK_FAILOVER:
		return "/dial_plan_id";
	case RESOURCE_DID:
		return resource_write_text(w, "trunk_id")       ? "/trunk_id"
		       : resource_write_text(w, "dial_plan_id") ? "/dial_plan_id"
								: "/number";
	default:
		return "";
	}
}

/* What only the schema knows, because nobody else can write while it looks: as
 * resource_write_problem(). */
static unsigned flow_problem(struct resource_write *w, int err)
{
	const char *circle;

	if (!w->req->db || (err != EINVAL && err != ENOENT))
		return 0;
	circle = flow_circle(w->req->db);
	if (circle) {
		problems_add(&w->problems, circle_pointer(w), PROBLEM_FORWARDING_LOOP,
			"Calls would go round in a circle: %s.", circle);
		return 422;
	}
	if (strcmp(db_error(w->req->db)->constraint, "dial_plan_internal_in_use") != 0)
		return 0;
	problems_add(&w->problems, "/internal_number", PROBLEM_IN_USE,
		"The present one is used by %s.", db_error(w->req->db)->message);
	return 409;
}

static const struct constraint *constraint_of(const struct resource_write *w, int err)
{
	const struct db_error *e = w->req->db ? db_error(w->req->db) : NULL;

	for (size_t i = 0; e && (err == ENOENT || err == EEXIST || err == EINVAL) &&
			   i < sizeof(constraints) / sizeof(constraints[0]);
		i++) {
		if (strcmp(constraints[i].name, e->constraint) == 0)
			return &constraints[i];
	}
	return NULL;
}

unsigned resource_write_problem(struct resource_write *w, int err)
{
	const struct constraint *c = constraint_of(w, err);

	if (!c)
		return flow_problem(w, err);
	problems_add(&w->problems, c->pointer, c->code, "%s", c->detail);
	return c->status;
}

void resource_write_failed(struct resource_write *w, int err)
{
	const struct constraint *c = constraint_of(w, err);
	unsigned status = resource_write_problem(w, err);

	if (status == 0)
		request_db_failed(w->req, err);
	else
		problems_answer(w->req, status,
			status == 422 ? PROBLEM_VALIDATION_FAILED
			: c           ? c->code
				      : PROBLEM_IN_USE,
			&w->problems);
}
