#include "core/plan_draft.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

enum { STATUS_LOOP = 482 };

void plan_draft_address(struct attempt *a, const struct sip_address *from)
{
	a->address.host = from->host;
	a->address.port = from->port;
	a->address.transport = (uint8_t)from->transport;
}

struct attempt *plan_draft_add(struct plan_draft *d, enum attempt_kind kind, enum plan_rule rule,
	const struct cfg_trunk *trunk)
{
	const struct plan_scope *in = &d->scope;
	struct attempt *a;

	if (d->count == PLAN_ATTEMPTS_MAX)
		return NULL;
	a = &d->attempt[d->count++];
	*a = (struct attempt){
		.kind = (uint8_t)kind,
		.rule = (uint8_t)(in->rule < 0 ? (int)rule : in->rule),
		.unavailable = TRIGGER_NONE,
		.did_delivery = (uint8_t)(trunk ? trunk->did_delivery : DELIVER_REQUEST_URI),
		.group = d->group,
		.lane = d->lane,
		.diverts = in->diverts,
		.triggers = trunk ? trunk->triggers : TRIGGERS_DEFAULT,
		.first_response_seconds =
			trunk ? trunk->first_response_seconds : PLAN_FIRST_RESPONSE_SECONDS,
		.ring_seconds = trunk ? trunk->ring_seconds : PLAN_RING_SECONDS,
	};
	if (in->ring_seconds)
		a->ring_seconds = in->ring_seconds;
	if (in->has_display) {
		a->display = (uint8_t)in->display;
		a->display_number = in->display_number;
	}
	if (in->dial_plan)
		a->dial_plan_id = in->dial_plan->id;
	if (in->account != d->account && in->did)
		a->stranger = in->did->number;
	return a;
}

void plan_draft_loop(struct plan_draft *d, enum plan_rule rule, e164_t number, const char *internal)
{
	struct attempt *a = plan_draft_add(d, ATTEMPT_LOOP, rule, NULL);

	if (!a)
		return;
	a->unavailable = TRIGGER_REJECTED;
	a->status = STATUS_LOOP;
	a->triggers = 0;
	a->first_response_seconds = a->ring_seconds = 0;
	a->diverts = false;
	a->number = number;
	a->text = (char *)internal;
}

bool plan_draft_enter(struct plan_draft *d, enum plan_rule rule, const void *thing, e164_t number,
	const char *internal)
{
	bool loop = d->depth == PLAN_PATH_MAX || d->entered == PLAN_ENTERED_MAX;

	for (unsigned i = 0; i < d->depth && !loop; i++)
		loop = d->path[i] == thing;
	if (loop) {
		plan_draft_loop(d, rule, number, internal);
		return false;
	}
	d->entered++;
	d->path[d->depth++] = thing;
	if (d->scope.rule < 0)
		d->scope.rule = (int)rule;
	return true;
}

void plan_draft_leave(struct plan_draft *d, const struct plan_scope *before)
{
	d->depth--;
	d->scope = *before;
}

void plan_draft_target(struct plan_draft *d, unsigned from, trigger_set leave)
{
	for (unsigned i = from; i < d->count; i++) {
		struct attempt *a = &d->attempt[i];

		/* What is inside of a target has its own way on, as long as that is still inside. */
		if (a->leave_to && a->leave_to < d->count)
			continue;
		a->leave_to = (uint8_t)d->count;
		a->leave_triggers = leave;
	}
}

/* Puts a copy of the text behind those that are there. */
static char *keep(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memcpy(*at, text, size);

	*at += size;
	return copy;
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

int plan_draft_take(const struct plan_draft *d, struct plan *plan)
{
	size_t size = d->count * sizeof(*plan->attempt);
	char *at;

	for (unsigned i = 0; i < d->count; i++)
		size += text_size(d->attempt[i].address.host) + text_size(d->attempt[i].text);
	plan->attempt = mem_alloc(size);
	if (!plan->attempt)
		return ENOMEM;
	memcpy(plan->attempt, d->attempt, d->count * sizeof(*plan->attempt));
	at = (char *)(plan->attempt + d->count);
	for (unsigned i = 0; i < d->count; i++) {
		struct attempt *a = &plan->attempt[i];

		if (a->address.host)
			a->address.host = keep(&at, a->address.host);
		if (a->text)
			a->text = keep(&at, a->text);
	}
	plan->count = d->count;
	return 0;
}
