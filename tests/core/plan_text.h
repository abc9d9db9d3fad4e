/* A plan as text, a line for each attempt:
 *
 *	[group.lane] kind rule target [unavailable] first_response/ring[/group] [slot] [diverts] [display]
 *	triggers [>attempt [leave triggers]]
 *
 * where the target of a secondary SIP account has a "!" before it, that of a PBX called for another DID
 * than the plan's has the DID. Triggers are "default" (all but busy, rejected, no_answer), "gateway"
 * (no_response, server_error, unreachable), "all", "none" or a list; those behind '>' lead to that attempt,
 * "end" being behind the last one, and are all of them unless they are said. A refused plan reads
 * "refusal status". */
#ifndef TESTS_CORE_PLAN_TEXT_H
#define TESTS_CORE_PLAN_TEXT_H

#include <stdio.h>

#include "core/plan.h"

static inline void write_triggers(FILE *out, trigger_set set)
{
	const trigger_set gateway = TRIGGER_BIT(TRIGGER_NO_RESPONSE) |
				    TRIGGER_BIT(TRIGGER_SERVER_ERROR) |
				    TRIGGER_BIT(TRIGGER_UNREACHABLE);
	const char *comma = " ";

	if (set == TRIGGERS_DEFAULT || set == gateway || set == TRIGGERS_ALL || !set) {
		fputs(!set                    ? " none"
			: set == gateway      ? " gateway"
			: set == TRIGGERS_ALL ? " all"
					      : " default",
			out);
		return;
	}
	/* What the destination rules deny always moves on, and goes without saying. */
	for (int t = 0; t < TRIGGER_COUNT; t++) {
		if (!(set & TRIGGER_BIT(t)))
			continue;
		fprintf(out, "%s%s", comma, trigger_word((enum trigger)t));
		comma = ",";
	}
}

static inline void write_target(FILE *out, const struct attempt *a)
{
	char number[E164_TEXT_SIZE];

	e164_format(a->number, number);
	if (a->number)
		fprintf(out, " %s", number);
	fputs(a->role == ROLE_SECONDARY ? " !" : " ", out);
	if (a->status)
		fprintf(out, "%u", a->status);
	if (a->text)
		fprintf(out, "%s%s", a->text, a->address.host ? "@" : "");
	if (a->address.host)
		fprintf(out, "%s:%u;%s", a->address.host, a->address.port,
			transport_word(a->address.transport));
	else if (a->kind == ATTEMPT_SIP_ACCOUNT && a->auth_mode == AUTH_REGISTRATION &&
		 !uuid_is_zero(&a->sip_account_id))
		fputs("bindings", out);
	else if (!a->status)
		fputs("-", out);
	/* Trunks are told apart by the last digit of their ids. */
	if (a->kind == ATTEMPT_SIP_ACCOUNT && (a->trunk_id.b[15] & 15) != 1)
		fprintf(out, "@trunk%u", a->trunk_id.b[15] & 15);
}

static inline void write_attempt(FILE *out, const struct plan *plan, const struct attempt *a)
{
	char number[E164_TEXT_SIZE];

	if (a->group)
		fprintf(out, "[%u.%u] ", a->group, a->lane);
	fprintf(out, "%s %s", attempt_kind_word(a->kind), plan_rule_word(a->rule));
	write_target(out, a);
	if (a->unavailable != TRIGGER_NONE)
		fprintf(out, " %s", trigger_word(a->unavailable));
	fprintf(out, " %u/%u", a->first_response_seconds, a->ring_seconds);
	if (a->group)
		fprintf(out, "/%u", a->group_ring_seconds);
	fprintf(out, "%s%s", a->holds_slot ? " slot" : "", a->diverts ? " diverts" : "");
	if (a->diverts)
		fprintf(out, " %s", calling_party_display_word(a->display));
	e164_format(a->display_number, number);
	if (a->display_number)
		fprintf(out, ":%s", number);
	write_triggers(out, a->triggers);
	if (a->leave_to && a->leave_to < plan->count)
		fprintf(out, " >%u", a->leave_to);
	else if (a->leave_to)
		fputs(" >end", out);
	if (a->leave_to && a->leave_triggers != TRIGGERS_ALL)
		write_triggers(out, a->leave_triggers);
	fputc('\n', out);
}

static inline char *plan_text(const struct plan *plan)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (plan->refusal != PLAN_OK)
		fprintf(out, "%s %u\n", plan_refusal_word(plan->refusal), plan->status);
	for (unsigned i = 0; i < plan->count; i++)
		write_attempt(out, plan, &plan->attempt[i]);
	fclose(out);
	return text;
}

#endif
