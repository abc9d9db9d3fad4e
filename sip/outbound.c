#include "sip/outbound.h"

#include <errno.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/plan_outbound.h"
#include "sip/answer.h"
#include "sip/caller.h"
#include "sip/inbound.h"
#include "sip/worker.h"

static struct log_kind log_caller_id = LOG_KIND("caller_id_refused", LOG_LEVEL_INFO);

/* What is known of the call before it is one. */
struct outbound {
	const struct cfg_sip_account *account;
	const struct cfg_trunk *trunk;
	bool by_address;
	struct dialled dialled;
	const struct cfg_did *did; /* one of ours, else NULL */
	char internal[DIAL_INTERNAL_MAX + 1]; /* an internal number of the account, else "" */
	bool shows; /* a number of the trunk; else From goes as it came */
	struct caller_id shown;
};

static int refuse(unsigned code, const char *why, const char **reason)
{
	*reason = why;
	return (int)code;
}

/* The digits that were dialled, with their parameters. */
static bool dialled_text(const struct sip_uri *uri, char text[512], size_t *len)
{
	size_t n;

	if (sip_unescape(text, 256, uri->user, &n))
		return false;
	if (uri->scheme == SIP_SCHEME_TEL && uri->params.len < 256) {
		memcpy(text + n, uri->params.p, uri->params.len);
		n += uri->params.len;
	}
	*len = n;
	return true;
}

/* An internal number of the account, which may look like anything but an emergency number. */
static bool is_internal(const struct admission *a, struct outbound *o, const char *text, size_t len)
{
	const char *semi = memchr(text, ';', len);
	struct str number = {text, semi ? (size_t)(semi - text) : len};

	return cfg_dial_plan_by_internal(a->w->cfg, &o->trunk->account->id, number.p, number.len) &&
	       str_copy(o->internal, sizeof(o->internal), number) == 0;
}

static bool stays_inside(const struct outbound *o)
{
	return o->internal[0] || (o->did && o->did->account == o->trunk->account);
}

/* 0, or the status that refuses it. */
static int read_number(const struct admission *a, struct outbound *o, const char **reason)
{
	const struct sip_uri *uri = &a->m->ruri;
	char text[512];
	size_t len;

	if (uri->scheme == SIP_SCHEME_OTHER)
		return refuse(416, "Unsupported URI Scheme", reason);
	if (!dialled_text(uri, text, &len))
		return refuse(404, "Not Found", reason);
	dialled_parse(text, len, o->trunk->account->default_country, &o->dialled);
	if (o->dialled.kind != DIALLED_EMERGENCY && is_internal(a, o, text, len))
		return 0;
	switch (o->dialled.kind) {
	case DIALLED_NUMBER:
		o->did = cfg_did(a->w->cfg, o->dialled.number);
		return 0;
	case DIALLED_EMERGENCY:
		return 0;
	case DIALLED_INCOMPLETE:
		return refuse(484, "Address Incomplete", reason);
	default:
		return refuse(404, "Not Found", reason);
	}
}

/* Calls inside of an account may show extensions, and an emergency call goes out whatever it shows. */
static int read_caller(const struct admission *a, struct outbound *o, const char **reason)
{
	struct caller_texts texts;
	struct caller_claim claim;

	caller_claim_read(a->m, &texts, &claim);
	o->shows = caller_id_choose(a->w->cfg, o->trunk, &claim, &o->shown) == 0;
	if (o->shows || o->dialled.kind == DIALLED_EMERGENCY || stays_inside(o))
		return 0;
	log_limited(&log_caller_id, "%s shows \"%.*s\", and its trunk has no caller_id",
		o->account->username ? o->account->username : o->account->label,
		(int)claim.from.len, claim.from.p);
	return refuse(403, "Caller ID Not Allowed", reason);
}

static char *number_text(e164_t number)
{
	char text[E164_TEXT_SIZE];

	e164_format(number, text);
	return strdup(text);
}

/* The caller's side of the call. */
static int name_parties(struct call *call, const struct outbound *o)
{
	call->origin = (struct call_origin){.account_id = o->trunk->account->id,
		.trunk_id = o->trunk->id,
		.number = o->shows ? o->shown.number : 0,
		.by_address = o->by_address,
		.inside = o->did || o->internal[0]};
	call->setup->shows = o->shows;
	call->setup->shown = o->shown;
	call->setup->caller_bound = !o->by_address;
	if (o->internal[0])
		call->called = strdup(o->internal);
	else if (o->dialled.kind == DIALLED_EMERGENCY)
		call->called = strdup(o->dialled.short_code);
	else
		call->called = number_text(o->dialled.number);
	if (!call->called)
		return ENOMEM;
	if (!o->shows)
		return 0;
	free(call->caller);
	call->caller = number_text(o->shown.number);
	return call->caller ? 0 : ENOMEM;
}

static void belongs_to_caller(struct call *call, const struct outbound *o)
{
	call->direction = CALL_OUTBOUND;
	call->account_id = o->trunk->account->id;
	call->trunk_id = o->trunk->id;
}

/* What is ours needs no gateway, and room on the caller's trunk all the same. */
static int plan_inside(struct call *call, const struct admission *a, const struct outbound *o)
{
	struct plan_call pc = {.did = o->did ? o->did->number : 0};
	struct plan *plan = &call->setup->plan;
	int err;

	*plan = (struct plan){.refusal = plan_caller_refusal(o->trunk, false, admit_observe, a->w)};
	if (plan->refusal) {
		plan->status = plan->refusal == PLAN_CAPACITY ? 503 : 403;
		belongs_to_caller(call, o);
		return 0;
	}
	if (o->internal[0]) {
		pc.did = 0;
		pc.account = o->trunk->account;
		pc.internal = str_of(o->internal);
	}
	err = inbound_plan(call, a, &pc);
	if (o->internal[0])
		belongs_to_caller(call, o);
	return err;
}

static int plan_h(struct call *call, const struct admission *a, void *arg)
{
	const struct outbound *o = arg;
	struct outbound_call oc = {.trunk = o->trunk, .dialled = o->dialled};
	int err = name_parties(call, o);

	if (err)
		return err;
	if (o->did || o->internal[0]) {
		err = plan_inside(call, a, o);
	} else {
		belongs_to_caller(call, o);
		err = plan_build_outbound(a->w->cfg, &oc, admit_observe, a->w, &call->setup->plan);
	}
	/* Counted in this very turn of the loop, so there is room. */
	if (!err && !call->setup->plan.status)
		call_take_caller_slot(call);
	return err;
}

void outbound_start(
	const struct admission *a, const struct cfg_sip_account *account, bool by_address)
{
	struct outbound o = {.account = account, .trunk = account->trunk, .by_address = by_address};
	const char *reason = "";
	int code = 0;

	if (!o.trunk->enabled || !o.trunk->account->enabled)
		code = refuse(403, "Trunk Disabled", &reason);
	if (!code)
		code = read_number(a, &o, &reason);
	if (!code && o.dialled.kind != DIALLED_EMERGENCY && worker_draining(a->w)) {
		answer_draining(a->w, a->st, a->m, a->from);
		return;
	}
	if (!code)
		code = read_caller(a, &o, &reason);
	if (code)
		answer(a->w, a->st, a->m, a->from, (unsigned)code, reason, NULL);
	else
		admit(a, o.did ? o.did->number : 0, plan_h, &o);
}
