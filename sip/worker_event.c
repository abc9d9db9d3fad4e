#include "sip/worker_event.h"

#include <stdio.h>

#include "core/attempt_target.h"
#include "core/failover.h"
#include "core/json_out.h"
#include "sip/loop.h"
#include "sip/recorder.h"
#include "sip/setup.h"
#include "sip/worker.h"

enum { SUBJECT_MAX = 64 };

static void id_json(struct json_out *j, const char *key, const char *prefix, const struct uuid *id)
{
	char text[UUID_ID_SIZE];

	uuid_format_id(prefix, id, text);
	json_out_str(j, key, text);
}

/* Ends the data and hands the event over. What does not fit into memory or the queue is counted there. */
static void hand_over(struct worker *w, struct worker_event *e, struct json_out *data)
{
	size_t len;

	json_out_end(data);
	worker_uuid(w, &e->id);
	e->at_ms = loop_wall_ms(w->loop);
	if (w->recorder && json_out_text(data, &e->data, &len) == 0)
		(void)recorder_event(w->recorder, e);
	json_out_fini(data);
}

static void begin(struct json_out *data)
{
	json_out_init(data);
	json_out_object(data, NULL);
}

void worker_event_trunk(struct worker *w, const struct cfg_trunk *trunk, const char *reason)
{
	char subject[SUBJECT_MAX] = "trunks/";
	struct worker_event e = {.type = reason ? "trunk.down" : "trunk.up",
		.subject = subject,
		.account_id = trunk->account->id,
		.trunk_id = trunk->id};
	struct json_out data;

	uuid_format_id("trk", &trunk->id, subject + strlen(subject));
	begin(&data);
	json_out_str(&data, "reason", reason);
	hand_over(w, &e, &data);
}

static void attempt_json(struct json_out *j, const struct call_setup *s, unsigned attempt)
{
	const struct attempt *a = &s->plan.attempt[attempt];
	char target[ATTEMPT_TARGET_SIZE];

	attempt_target(a, target);
	json_out_object(j, "attempt");
	json_out_uint(j, "position", attempt + 1);
	json_out_str(j, "kind", attempt_kind_word(a->kind));
	json_out_str(j, "target", target);
	json_out_end(j);
}

void worker_event_failed_over(const struct call *call)
{
	const struct call_setup *s = call->setup;
	const struct attempt_outcome *first = failover_outcome(s->fo, 0);
	char subject[SUBJECT_MAX] = "dids/";
	struct worker_event e = {.type = "call.failed_over",
		.subject = subject,
		.account_id = call->account_id,
		.trunk_id = call->trunk_id,
		.did = call->did};
	unsigned attempt, branch;
	struct json_out data;
	const char *trigger = trigger_word((enum trigger)first->trigger);

	if (call->did)
		e164_format(call->did, subject + strlen(subject));
	else /* of a PBX that called out */
		snprintf(subject, sizeof(subject), "calls");
	begin(&data);
	id_json(&data, "call_id", "cdr", &call->id);
	json_out_str(&data, "caller", call->caller);
	json_out_str(&data, "trigger", *trigger ? trigger : NULL);
	json_out_bool(&data, "answered", failover_answered(s->fo, &attempt, &branch));
	if (failover_answered(s->fo, &attempt, &branch))
		attempt_json(&data, s, attempt);
	else
		json_out_null(&data, "attempt");
	hand_over(call->w, &e, &data);
}

void worker_event_capped(
	struct worker *w, const struct uuid *account_id, const char *limit, uint32_t refused)
{
	char subject[SUBJECT_MAX] = "accounts/";
	struct worker_event e = {
		.type = "failover.capped", .subject = subject, .account_id = *account_id};
	struct json_out data;

	uuid_format_id("acc", account_id, subject + strlen(subject));
	begin(&data);
	json_out_str(&data, "limit", limit);
	json_out_uint(&data, "refused", refused);
	hand_over(w, &e, &data);
}

void worker_event_proof(struct worker *w, const struct worker_event_proof *proof)
{
	char subject[SUBJECT_MAX] = "fire-drills/";
	struct worker_event e = {.type = proof->proven ? "backup.proven" : "backup.failed",
		.subject = subject,
		.account_id = proof->account_id,
		.trunk_id = proof->trunk_id,
		.did = proof->did};
	struct json_out data;

	uuid_format_id("drl", &proof->drill_id, subject + strlen(subject));
	begin(&data);
	id_json(&data, "fire_drill_id", "drl", &proof->drill_id);
	json_out_str(&data, "kind", proof->kind);
	json_out_str(&data, "target", proof->target);
	if (proof->status)
		json_out_uint(&data, "status", proof->status);
	else
		json_out_null(&data, "status");
	if (proof->proven)
		json_out_int(&data, "rtt_ms", proof->rtt_ms);
	else
		json_out_null(&data, "rtt_ms");
	json_out_str(&data, "reason", proof->proven ? NULL : trigger_word(proof->reason));
	hand_over(w, &e, &data);
}
