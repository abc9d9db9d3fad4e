#include "sip/admit.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "sip/answer.h"
#include "sip/call_record.h"
#include "sip/dialog.h"
#include "sip/diversion.h"
#include "sip/live_call.h"
#include "sip/loop.h"
#include "sip/worker.h"

void admit_observe(const struct cfg_trunk *trunk, const struct cfg_sip_account *acc,
	struct observation *obs, void *arg)
{
	worker_observe(arg, trunk, acc, obs);
}

static void caller_gone(struct txn_server *st, enum txn_event ev, void *arg)
{
	struct failover_event cancel = {.kind = FAILOVER_CANCEL};
	struct call *call = arg;

	(void)st;
	if (!call->setup)
		return;
	if (ev == TXN_TERMINATED)
		call->setup->st = NULL;
	else if (ev == TXN_TRANSPORT)
		setup_event(call, &cancel, NULL);
}

static int setup_new(struct call *call, const struct admission *a)
{
	struct call_setup *s = calloc(1, sizeof(*s));
	const struct sip_msg *m = a->m;

	if (!s)
		return ENOMEM;
	call->setup = s;
	s->attempt = UINT_MAX;
	s->from = *a->from;
	s->invite = malloc(m->len);
	call->caller = strndup(m->from.uri.user.p, m->from.uri.user.len);
	if (!s->invite || !call->caller)
		return ENOMEM;
	memcpy(s->invite, m->buf, m->len);
	s->invite_len = m->len;
	s->received = m;
	s->sips = m->ruri.scheme == SIP_SCHEME_SIPS;
	s->st = a->st;
	txn_server_listen(a->st, caller_gone, call);
	return dialog_begin(call, m);
}

/* What has come back to us is not another call. */
static bool is_loop(const struct admission *a, e164_t did)
{
	return call_find(a->w, a->m->call_id, a->m->from.tag) || worker_is_loop(a->w, a->m, did) ||
	       diversion_count(a->m) >= DIVERSIONS_MAX;
}

static bool session_refused(const struct admission *a)
{
	struct session_offer offer;
	struct sip_build unused;

	sip_build_init(&unused, NULL, 0);
	switch (session_request(a->m, SESSION_DEFAULT, &offer, &unused)) {
	case SESSION_TOO_SMALL:
		answer(a->w, a->st, a->m, a->from, 422, "Session Interval Too Small",
			"Min-SE: 90\r\n");
		return true;
	case SESSION_BAD:
		answer(a->w, a->st, a->m, a->from, 400, "Bad Session-Expires", NULL);
		return true;
	case SESSION_PASS:
	case SESSION_EDIT:
		break;
	}
	return false;
}

static void no_memory(const struct admission *a)
{
	answer(a->w, a->st, a->m, a->from, 503, "Service Unavailable", "Retry-After: 5\r\n");
}

void admit(const struct admission *a, e164_t did, admit_plan_h *plan_h, void *arg)
{
	struct failover_event start = {.kind = FAILOVER_START};
	struct worker *w = a->w;
	struct call *call;

	if (is_loop(a, did)) {
		answer(w, a->st, a->m, a->from, 482, "Loop Detected", NULL);
		return;
	}
	if (session_refused(a))
		return;
	if (call_new(&call, w, a->m->call_id, a->m->from.tag)) {
		no_memory(a);
		return;
	}
	worker_uuid(w, &call->id);
	if (setup_new(call, a) || plan_h(call, a, arg) ||
		(call->setup->plan.count && failover_new(&call->setup->fo, &call->setup->plan))) {
		no_memory(a);
		call_free(call);
		return;
	}
	w->calls.started++;
	if (call->setup->plan.status) {
		setup_reply(
			call, call->setup->plan.status, answer_reason(call->setup->plan.status));
		/* A number that is not ours is not a call of ours. */
		if (call->setup->plan.refusal != PLAN_UNKNOWN_DID)
			call_record_failed(call);
		call_free(call);
		return;
	}
	answer(w, a->st, a->m, a->from, 100, "Trying", NULL);
	setup_event(call, &start, NULL);
}
