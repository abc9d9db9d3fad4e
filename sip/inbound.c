#include "sip/inbound.h"

#include "sip/answer.h"
#include "sip/diversion.h"
#include "sip/loop.h"
#include "sip/worker.h"

int inbound_plan(struct call *call, const struct admission *a, struct plan_call *pc)
{
	struct call_setup *s = call->setup;
	int err;

	pc->now_ms = loop_wall_ms(a->w->loop);
	pc->diversions = diversion_count(a->m);
	pc->peers = &a->w->settings->peers.servers;
	pc->from_peer = guard_is_peer(a->w->guard, &a->from->peer);
	err = plan_build(a->w->cfg, pc, admit_observe, a->w, &s->plan);
	if (err)
		return err;
	call->did = pc->did;
	call->account_id = s->plan.account_id;
	call->trunk_id = s->plan.trunk_id;
	return 0;
}

static int plan_h(struct call *call, const struct admission *a, void *arg)
{
	return inbound_plan(call, a, arg);
}

/* A gateway that we are registered with calls the Contact that it was told; the DID is in To then. */
static e164_t called_did(const struct admission *a)
{
	const struct cfg_gateway *gw = worker_gateway(a->w, a->from);
	struct str user = a->m->ruri.user;
	char name[256];
	size_t len;

	if (gw && gw->registration.username && !sip_unescape(name, sizeof(name), user, &len) &&
		str_eq((struct str){name, len}, str_of(gw->registration.username)))
		user = a->m->to.uri.user;
	return plan_did_of_user(a->w->cfg, user.p, user.len);
}

void inbound_start(const struct admission *a)
{
	struct plan_call pc = {.did = called_did(a)};

	if (pc.did)
		admit(a, pc.did, plan_h, &pc);
	else
		answer(a->w, a->st, a->m, a->from, 404, "Not Found", NULL);
}
