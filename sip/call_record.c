#include "sip/call_record.h"

#include <stdlib.h>

#include "core/attempt_target.h"
#include "sip/feed.h"
#include "sip/loop.h"
#include "sip/recorder.h"
#include "sip/setup.h"
#include "sip/worker.h"

/* The same words as in the explain endpoint. */
static size_t target_text(const struct call_setup *s, unsigned i, char text[ATTEMPT_TARGET_SIZE])
{
	attempt_target(&s->plan.attempt[i], text);
	return strlen(text);
}

static void fill_attempt(const struct call *call, unsigned i, struct call_record_attempt *out)
{
	const struct attempt *a = &call->setup->plan.attempt[i];
	const struct attempt_outcome *o = failover_outcome(call->setup->fo, i);

	*out = (struct call_record_attempt){
		.status = o->status,
		.kind = a->kind,
		.rule = a->rule,
		.trigger = o->trigger,
		.disposition = o->disposition,
		.cause = o->cause,
	};
	if (!o->started_ms)
		return;
	out->started_wall_ms = call->started_wall_ms + (o->started_ms - call->started_ms);
	out->duration_ms =
		o->ended_ms > o->started_ms ? (uint32_t)(o->ended_ms - o->started_ms) : 0;
}

/* Nothing was tried. */
static void fill_refusal(const struct plan *plan, struct call_record *r)
{
	r->status = (uint16_t)plan->status;
	switch (plan->refusal) {
	case PLAN_CAPACITY:
		r->disposition = DISPOSITION_CONGESTION;
		r->cause = CAUSE_CAPACITY;
		break;
	case PLAN_DENIED:
		r->disposition = DISPOSITION_REJECTED;
		r->cause = CAUSE_FAREND_REJECTED;
		break;
	default:
		r->disposition = DISPOSITION_CONGESTION;
		r->cause = CAUSE_FAREND_RESPONSE;
		break;
	}
}

static void fill_result(const struct call *call, struct call_record *r)
{
	const struct call_setup *s = call->setup;
	struct attempt_outcome result;
	unsigned attempt, branch;

	r->answered_by = -1;
	if (s->plan.status && s->plan.count == 0) {
		fill_refusal(&s->plan, r);
		return;
	}
	failover_result(s->fo, &result);
	r->status = result.status;
	r->disposition = result.disposition;
	r->cause = result.cause;
	r->failed_over = failover_failed_over(s->fo);
	if (failover_answered(s->fo, &attempt, &branch))
		r->answered_by = (int8_t)attempt;
}

/* The attempts that were reached, in the order of the plan; others may lie between them. */
static unsigned reached(const struct call_setup *s, uint8_t index[PLAN_ATTEMPTS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->plan.count; i++)
		if (failover_outcome(s->fo, i)->started_ms)
			index[n++] = (uint8_t)i;
	return n;
}

static struct call_record *record_of(const struct call *call)
{
	const struct call_setup *s = call->setup;
	char text[ATTEMPT_TARGET_SIZE];
	uint8_t index[PLAN_ATTEMPTS_MAX];
	unsigned count = reached(s, index);
	size_t size = sizeof(struct call_record) + count * sizeof(struct call_record_attempt);
	size_t at = size;
	struct call_record *r;
	int answered_by = -1;

	for (unsigned i = 0; i < count; i++)
		size += target_text(s, index[i], text) + 1;
	r = calloc(1, size);
	if (!r)
		return NULL;
	r->size = (uint32_t)size;
	r->count = (uint8_t)count;
	fill_result(call, r);
	(void)str_copy(r->revision, sizeof(r->revision), str_of(feed_revision(call->w->feed)));
	for (unsigned i = 0; i < count; i++) {
		size_t n = target_text(s, index[i], text);
		fill_attempt(call, index[i], &r->attempt[i]);
		if (index[i] == r->answered_by)
			answered_by = (int)i;
		r->attempt[i].target = (uint16_t)at;
		memcpy((char *)r + at, text, n + 1);
		at += n + 1;
	}
	r->answered_by = (int8_t)answered_by;
	return r;
}

bool call_record_valid(const struct call_record *r, size_t size)
{
	if (size < sizeof(*r) || r->size != size || r->count > PLAN_ATTEMPTS_MAX ||
		sizeof(*r) + r->count * sizeof(r->attempt[0]) > size ||
		r->answered_by >= r->count || !memchr(r->revision, '\0', sizeof(r->revision)))
		return false;
	for (unsigned i = 0; i < r->count; i++) {
		size_t at = r->attempt[i].target;
		if (at >= size || !memchr((const char *)r + at, '\0', size - at))
			return false;
	}
	return true;
}

static const char *word_or_null(const char *word)
{
	return *word ? word : NULL;
}

/* The DID that a PBX's call shows; 0: what it shows is none of ours. */
static e164_t shown_did(const struct call *call)
{
	e164_t number = call->origin.number;

	return number && cfg_did(call->w->cfg, number) ? number : 0;
}

/* A PBX called one of our own DIDs. Its account gets a record of its own, which says nothing of how the DID's
 * account has its calls delivered. */
static void hand_over_caller(const struct call *call, const struct cdr *whole)
{
	struct cdr_attempt attempt = {.kind = attempt_kind_word(ATTEMPT_NUMBER),
		.target = whole->called,
		.rule = plan_rule_word(RULE_OWN_DID),
		.started_ms = whole->started_ms,
		.duration_ms = (whole->answered_ms ? whole->answered_ms : whole->ended_ms) -
			       whole->started_ms,
		.status = whole->status,
		.disposition = whole->disposition,
		.cause = whole->cause};
	struct cdr cdr = *whole;

	cdr.id = call_caller_id(call);
	cdr.account_id = call->origin.account_id;
	cdr.trunk_id = call->origin.trunk_id;
	cdr.direction = call_direction_word(CALL_OUTBOUND);
	cdr.did = shown_did(call);
	cdr.failed_over = false;
	cdr.answered_by = whole->answered_ms ? 0 : -1;
	cdr.attempts = 1;
	cdr.attempt = &attempt;
	(void)recorder_cdr(call->w->recorder, &cdr);
}

static void hand_over(const struct call *call, const struct call_record *r, const char *ended_by)
{
	struct cdr_attempt attempt[PLAN_ATTEMPTS_MAX];
	char called[E164_TEXT_SIZE];
	int64_t now = loop_now(call->w->loop);
	struct cdr cdr = {.id = call->id,
		.account_id = call->account_id,
		.trunk_id = call->trunk_id,
		.direction = call_direction_word(call->direction),
		.did = call->direction == CALL_OUTBOUND ? shown_did(call) : call->did,
		.caller = call->caller,
		.called = call->called ? call->called : called,
		.sip_call_id = call->call_id,
		.started_ms = call->started_wall_ms,
		.answered_ms = call->answered_wall_ms,
		.ended_ms = call->started_wall_ms + (now - call->started_ms),
		.duration_ms = call->answered_wall_ms ? now - call->answered_ms : 0,
		.disposition = disposition_word((enum disposition)r->disposition),
		.cause = cause_word((enum cause)r->cause),
		.status = r->status,
		.failed_over = r->failed_over,
		.answered_by = r->answered_by,
		.ended_by = ended_by,
		.revision = r->revision,
		.attempts = r->count,
		.attempt = attempt};

	e164_format(call->did, called);
	for (unsigned i = 0; i < r->count; i++) {
		const struct call_record_attempt *a = &r->attempt[i];
		attempt[i] =
			(struct cdr_attempt){.kind = attempt_kind_word((enum attempt_kind)a->kind),
				.target = (const char *)r + a->target,
				.rule = plan_rule_word((enum plan_rule)a->rule),
				.started_ms = a->started_wall_ms,
				.duration_ms = a->duration_ms,
				.status = a->status,
				.trigger = word_or_null(trigger_word((enum trigger)a->trigger)),
				.disposition = disposition_word((enum disposition)a->disposition),
				.cause = cause_word((enum cause)a->cause)};
	}
	/* A full queue is counted by the recorder and told by its metrics. */
	(void)recorder_cdr(call->w->recorder, &cdr);
	if (call->direction == CALL_INBOUND && !uuid_is_zero(&call->origin.trunk_id))
		hand_over_caller(call, &cdr);
}

static const char *end_word(enum call_end by)
{
	static const char *const word[] = {[END_CALLER] = "caller",
		[END_CALLEE] = "callee",
		[END_SYSTEM] = "worker",
		[END_OPERATOR] = "operator"};

	return word[by];
}

void call_record_answered(struct call *call)
{
	call->record = record_of(call);
}

/* The failover machine knows only callers who give up. */
static void note_hung_up(struct call_record *r)
{
	r->status = 480;
	r->cause = CAUSE_NORMAL;
	for (unsigned i = 0; i < r->count; i++) {
		if (r->attempt[i].cause == CAUSE_CALLER)
			r->attempt[i].cause = CAUSE_NORMAL;
	}
}

void call_record_failed(struct call *call)
{
	struct call_record *r = record_of(call);

	if (!r)
		return;
	if (call->hung_up)
		note_hung_up(r);
	hand_over(call, r,
		call->hung_up                             ? end_word(END_OPERATOR)
		: r->disposition == DISPOSITION_CANCELLED ? end_word(END_CALLER)
							  : end_word(END_CALLEE));
	free(r);
}

void call_record_ended(struct call *call, enum call_end by)
{
	if (call->record)
		hand_over(call, call->record, end_word(by));
}
