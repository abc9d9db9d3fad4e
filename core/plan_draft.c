#include "core/plan_draft.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

void plan_draft_address(struct attempt *a, const struct sip_address *from)
{
	a->address.host = from->host;
	a->address.port = from->port;
	a->address.transport = (uint8_t)from->transport;
}

struct attempt *plan_draft_add(struct plan_draft *d, enum attempt_kind kind, enum plan_rule rule)
{
	const struct cfg_did *did = d->did;
	const struct cfg_trunk *trunk = did->trunk;
	struct attempt *a;

	if (d->count == PLAN_ATTEMPTS_MAX)
		return NULL;
	a = &d->attempt[d->count++];
	*a = (struct attempt){
		.kind = (uint8_t)kind,
		.rule = (uint8_t)rule,
		.unavailable = TRIGGER_NONE,
		.did_delivery = (uint8_t)(trunk ? trunk->did_delivery : DELIVER_REQUEST_URI),
		.triggers = trunk ? trunk->triggers : TRIGGERS_DEFAULT,
		.first_response_seconds =
			trunk ? trunk->first_response_seconds : PLAN_FIRST_RESPONSE_SECONDS,
		.ring_seconds = trunk ? trunk->ring_seconds : PLAN_RING_SECONDS,
	};
	if (did->has_triggers)
		a->triggers = did->triggers;
	return a;
}

int plan_draft_take(const struct plan_draft *d, struct plan *plan)
{
	size_t size = d->count * sizeof(*plan->attempt);
	char *text;

	for (unsigned i = 0; i < d->count; i++)
		if (d->attempt[i].address.host)
			size += strlen(d->attempt[i].address.host) + 1;
	plan->attempt = mem_alloc(size);
	if (!plan->attempt)
		return ENOMEM;
	memcpy(plan->attempt, d->attempt, d->count * sizeof(*plan->attempt));
	text = (char *)(plan->attempt + d->count);
	for (unsigned i = 0; i < d->count; i++) {
		struct attempt *a = &plan->attempt[i];
		size_t len;

		if (!a->address.host)
			continue;
		len = strlen(a->address.host) + 1;
		a->address.host = memcpy(text, a->address.host, len);
		text += len;
	}
	plan->count = d->count;
	return 0;
}
