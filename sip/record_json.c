#include "sip/record_json.h"

#include "core/time_text.h"

static void uuid_json(struct json_out *j, const char *key, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	if (uuid_is_zero(id)) {
		json_out_null(j, key);
		return;
	}
	uuid_format(id, text);
	json_out_str(j, key, text);
}

static void time_json(struct json_out *j, const char *key, int64_t wall_ms)
{
	char text[TIME_TEXT_SIZE];

	json_out_str(j, key, wall_ms > 0 && !time_format(wall_ms, text) ? text : NULL);
}

/* 0 is null. */
static void uint_json(struct json_out *j, const char *key, uint64_t n)
{
	if (n)
		json_out_uint(j, key, n);
	else
		json_out_null(j, key);
}

/* Whose call it is. */
static void of_whom_json(
	struct json_out *j, const struct uuid *account_id, const struct uuid *trunk_id, e164_t did)
{
	uuid_json(j, "account_id", account_id);
	uuid_json(j, "trunk_id", trunk_id);
	uint_json(j, "did", did);
}

/* For columns that are not null. */
static void text_json(struct json_out *j, const char *key, const char *text)
{
	json_out_str(j, key, text ? text : "");
}

/* Which of the attempts, and where it led. */
static void where_json(struct json_out *j, unsigned position, const char *kind, const char *target)
{
	json_out_uint(j, "position", position);
	json_out_str(j, "kind", kind);
	json_out_str(j, "target", target);
}

static void attempt_json(struct json_out *j, const struct cdr_attempt *a, unsigned position)
{
	json_out_object(j, NULL);
	where_json(j, position, a->kind, a->target);
	json_out_str(j, "rule", a->rule);
	time_json(j, "started_at", a->started_ms);
	json_out_int(j, "milliseconds", a->duration_ms);
	uint_json(j, "response_code", a->status);
	json_out_str(j, "trigger", a->trigger);
	json_out_str(j, "disposition", a->disposition);
	json_out_str(j, "cause", a->cause);
	json_out_end(j);
}

static void answered_by_json(struct json_out *j, const struct cdr *c)
{
	const struct cdr_attempt *a;

	if (c->answered_by < 0 || (unsigned)c->answered_by >= c->attempts) {
		json_out_null(j, "answered_by");
		return;
	}
	json_out_object(j, "answered_by");
	a = &c->attempt[c->answered_by];
	where_json(j, (unsigned)c->answered_by + 1, a->kind, a->target);
	json_out_end(j);
}

void cdr_json(struct json_out *j, const struct cdr *c)
{
	json_out_object(j, NULL);
	uuid_json(j, "id", &c->id);
	of_whom_json(j, &c->account_id, &c->trunk_id, c->did);
	json_out_str(j, "direction", c->direction);
	text_json(j, "caller", c->caller);
	text_json(j, "called", c->called);
	text_json(j, "sip_call_id", c->sip_call_id);
	time_json(j, "started_at", c->started_ms);
	time_json(j, "answered_at", c->answered_ms);
	time_json(j, "ended_at", c->ended_ms);
	json_out_int(j, "duration_ms", c->duration_ms);
	text_json(j, "disposition", c->disposition);
	text_json(j, "cause", c->cause);
	uint_json(j, "status", c->status);
	json_out_bool(j, "failed_over", c->failed_over);
	answered_by_json(j, c);
	json_out_str(j, "ended_by", c->ended_by);
	json_out_array(j, "attempts");
	for (unsigned i = 0; i < c->attempts; i++)
		attempt_json(j, &c->attempt[i], i + 1);
	json_out_end(j);
	json_out_str(j, "revision", c->revision);
	json_out_end(j);
}

void event_json(struct json_out *j, const struct worker_event *e)
{
	json_out_object(j, NULL);
	json_out_str(j, "type", e->type);
	uuid_json(j, "id", &e->id);
	json_out_str(j, "subject", e->subject);
	of_whom_json(j, &e->account_id, &e->trunk_id, e->did);
	time_json(j, "at", e->at_ms);
	json_out_raw(j, "data", e->data);
	json_out_end(j);
}

void binding_json(struct json_out *j, const struct observed_binding *b)
{
	json_out_object(j, NULL);
	uuid_json(j, "sip_account_id", &b->sip_account_id);
	text_json(j, "contact", b->contact);
	text_json(j, "source", b->source);
	json_out_str(j, "transport", transport_word(b->transport));
	text_json(j, "path", b->path);
	text_json(j, "user_agent", b->user_agent);
	text_json(j, "call_id", b->call_id);
	json_out_uint(j, "cseq", b->cseq);
	time_json(j, "registered_at", b->registered_ms);
	time_json(j, "expires_at", b->expires_ms);
	json_out_end(j);
}

void health_json(struct json_out *j, const struct observed_health *h)
{
	json_out_object(j, NULL);
	text_json(j, "kind", h->kind);
	text_json(j, "target", h->target);
	json_out_str(j, "state", h->state);
	uint_json(j, "status", h->status);
	uint_json(j, "rtt_ms", h->rtt_ms);
	time_json(j, "since", h->since_ms);
	time_json(j, "checked_at", h->checked_ms);
	json_out_end(j);
}

void call_json(struct json_out *j, const struct observed_call *c)
{
	json_out_object(j, NULL);
	uuid_json(j, "id", &c->id);
	of_whom_json(j, &c->account_id, &c->trunk_id, c->did);
	json_out_str(j, "direction", c->outbound ? "outbound" : "inbound");
	json_out_str(j, "state", c->answered_ms ? "answered" : "ringing");
	text_json(j, "caller", c->caller);
	text_json(j, "called", c->called);
	text_json(j, "sip_call_id", c->sip_call_id);
	text_json(j, "caller_tag", c->caller_tag);
	if (c->attempt_position) {
		json_out_object(j, "attempt");
		where_json(j, c->attempt_position, c->attempt_kind, c->attempt_target);
		json_out_end(j);
	} else {
		json_out_null(j, "attempt");
	}
	time_json(j, "started_at", c->started_ms);
	time_json(j, "answered_at", c->answered_ms);
	json_out_end(j);
}

void registration_json(struct json_out *j, const struct observed_registration *g)
{
	json_out_object(j, NULL);
	uuid_json(j, "gateway_id", &g->gateway_id);
	json_out_str(j, "state", g->state);
	json_out_str(j, "registrar", g->registrar);
	json_out_str(j, "source", g->source);
	uint_json(j, "status", g->status);
	time_json(j, "expires_at", g->expires_ms);
	time_json(j, "since", g->since_ms);
	time_json(j, "checked_at", g->checked_ms);
	json_out_end(j);
}

void calls_json(struct json_out *j, const struct uuid *trunk_id, uint32_t calls_up)
{
	json_out_object(j, NULL);
	uuid_json(j, "trunk_id", trunk_id);
	json_out_uint(j, "calls_up", calls_up);
	json_out_end(j);
}
