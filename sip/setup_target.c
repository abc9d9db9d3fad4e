#include "sip/setup_target.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/binding.h"
#include "sip/contact.h"
#include "sip/forward.h"
#include "sip/loop.h"
#include "sip/net.h"
#include "sip/prober.h"
#include "sip/sip_build.h"
#include "sip/worker.h"

static void lane_clear(struct setup_lane *lane)
{
	for (unsigned i = 0; i < lane->target_count; i++) {
		free(lane->target[i].ruri);
		free(lane->target[i].route);
	}
	lane->target_count = lane->target_next = 0;
}

void setup_target_clear(struct call_setup *s)
{
	for (unsigned i = 0; i < PLAN_LANES_MAX; i++) {
		struct setup_lane *lane = s->lane[i];

		if (!lane)
			continue;
		if (lane->query)
			resolve_cancel(lane->query);
		lane_clear(lane);
		free(lane);
		s->lane[i] = NULL;
	}
}

void setup_target_cancel(struct call_setup *s, unsigned branch)
{
	for (unsigned i = 0; i < PLAN_LANES_MAX; i++) {
		struct setup_lane *lane = s->lane[i];

		if (lane && lane->query && lane->query_branch == branch) {
			resolve_cancel(lane->query);
			lane->query = NULL;
		}
	}
}

/* Who is called there, as the user of a URI: a SIP URI's own, an emergency number, a number,
 * or an internal number. */
static void write_user(struct sip_build *b, const struct plan *plan, const struct attempt *a)
{
	bool by_text =
		a->kind == ATTEMPT_SIP_URI || a->kind == ATTEMPT_MEDIA || a->kind == ATTEMPT_NUMBER;
	e164_t number = a->number ? a->number : plan->did;

	if (by_text && a->text)
		sip_build_str(b, str_of(a->text));
	else if (number)
		sip_build_number(b, number);
	else
		sip_build_str(b, str_of(plan->internal));
}

/* "sip:+14155550100@192.0.2.1:5060;transport=tcp". A sips URI says TLS by itself. */
static char *address_uri(const struct plan *plan, const struct attempt *a, bool sips)
{
	char text[PLAN_HOST_MAX + DIAL_SIP_URI_USER_MAX + 64];
	struct str host = str_of(a->address.host);
	bool ipv6 = memchr(host.p, ':', host.len) != NULL;
	struct sip_build b;

	sip_build_init(&b, text, sizeof(text));
	sip_build_str(&b, sips ? str_lit("sips:") : str_lit("sip:"));
	write_user(&b, plan, a);
	sip_build_lit(&b, "@");
	sip_build_str(&b, ipv6 ? str_lit("[") : str_lit(""));
	sip_build_str(&b, host);
	sip_build_str(&b, ipv6 ? str_lit("]") : str_lit(""));
	if (a->address.port) {
		sip_build_lit(&b, ":");
		sip_build_u32(&b, a->address.port);
	}
	if (!sips)
		sip_build_str(&b, forward_transport_param(a->address.transport));
	if (a->kind == ATTEMPT_NUMBER && !a->text)
		sip_build_lit(&b, ";user=phone");
	return b.err ? NULL : strndup(text, b.len);
}

/* The registered Contact, with the DID as its user when the trunk wants it there. */
static char *contact_uri(
	const struct plan *plan, const struct attempt *a, struct str contact, bool sips)
{
	char user[DIAL_SIP_URI_USER_MAX];
	struct sip_build b;

	sip_build_init(&b, user, sizeof(user));
	write_user(&b, plan, a);
	return contact_target(
		contact, sip_build_since(&b, 0), a->did_delivery == DELIVER_REQUEST_URI, sips);
}

/* The Path of a registration is the Route of its calls (RFC 3327 5.3). */
static char *path_lines(const char *path)
{
	char *lines;

	return *path && asprintf(&lines, "Route: %s\r\n", path) >= 0 ? lines : NULL;
}

static int collect_binding(const struct binding *b, void *arg)
{
	struct setup_lane *lane = arg;
	const struct call_setup *s = lane->call->setup;
	struct setup_target *t = &lane->target[lane->target_count];

	if (lane->target_count == SETUP_TARGETS_MAX)
		return 1;
	if (s->sips && b->flow.transport != TRANSPORT_TLS)
		return 0;
	t->flow = b->flow;
	t->bound = true;
	t->ruri =
		contact_uri(&s->plan, &s->plan.attempt[lane->attempt], str_of(b->contact), s->sips);
	t->route = path_lines(b->path);
	if (t->ruri)
		lane->target_count++;
	return 0;
}

static void add_address(struct setup_lane *lane, const struct resolve_target *at)
{
	const struct call_setup *s = lane->call->setup;
	const struct attempt *a = &s->plan.attempt[lane->attempt];
	struct setup_target *t = &lane->target[lane->target_count];

	/* Who called a sips URI asked for TLS all the way (RFC 3261 26.2.2). */
	if (s->sips && at->transport != TRANSPORT_TLS)
		return;
	if (net_flow_to(lane->call->w->net, (enum transport)at->transport, &at->addr, &t->flow))
		return;
	net_set_name(lane->call->w->net, &t->flow, str_of(a->address.host));
	t->bound = false;
	t->route = NULL;
	t->ruri = address_uri(&s->plan, a, s->sips);
	if (t->ruri)
		lane->target_count++;
}

static void add_addresses(struct setup_lane *lane, const struct resolve_list *list)
{
	for (unsigned i = 0; i < list->count && lane->target_count < SETUP_TARGETS_MAX; i++)
		add_address(lane, &list->item[i]);
}

static void resolved(int err, const struct resolve_list *list, void *arg)
{
	struct setup_lane *lane = arg;
	struct failover_event ev = {.kind = FAILOVER_EXHAUSTED,
		.branch = lane->query_branch,
		.trigger = TRIGGER_UNREACHABLE};

	lane->query = NULL;
	if (err == 0)
		add_addresses(lane, list);
	if (lane->target_count > 0)
		setup_resume(lane->call, lane->attempt, lane->query_branch);
	else
		setup_event(lane->call, &ev, NULL);
}

static int collect_bindings(struct setup_lane *lane, const struct attempt *a, enum trigger *why)
{
	const struct binding_store *bindings = lane->call->w->bindings;

	binding_each(bindings, &a->sip_account_id, collect_binding, lane);
	if (lane->target_count)
		return 0;
	/* Registered, but not over TLS? */
	*why = lane->call->setup->sips && binding_count(bindings, &a->sip_account_id)
		       ? TRIGGER_UNREACHABLE
		       : TRIGGER_NOT_REGISTERED;
	return ENOENT;
}

/* Another trunking server: no customer named it, so it may be a private address. */
static int collect_peer(struct setup_lane *lane, const struct attempt *a)
{
	struct resolve_list list;

	if (resolve_trusted(str_of(a->address.host), a->address.port,
		    (enum transport)a->address.transport, &list) == 0)
		add_addresses(lane, &list);
	return lane->target_count ? 0 : ENOENT;
}

/* Fills the target list: 0, EAGAIN while DNS is asked, or ENOENT. */
static int collect(
	struct setup_lane *lane, unsigned branch, const struct attempt *a, enum trigger *why)
{
	struct worker *w = lane->call->w;
	struct resolve_list list;
	int err;

	if (a->kind == ATTEMPT_SIP_ACCOUNT && a->auth_mode == AUTH_REGISTRATION)
		return collect_bindings(lane, a, why);
	*why = a->address.host ? TRIGGER_UNREACHABLE : TRIGGER_NOT_REGISTERED;
	if (!a->address.host)
		return ENOENT;
	if (a->kind == ATTEMPT_PEER)
		return collect_peer(lane, a);
	prober_use(
		w->prober, a->address.host, a->address.port, (enum transport)a->address.transport);
	err = resolve_try(w->resolve, str_of(a->address.host), a->address.port,
		(enum transport)a->address.transport, &list);
	if (err == EAGAIN) {
		lane->query_branch = branch;
		err = resolve_start(w->resolve, &lane->query, str_of(a->address.host),
			a->address.port, (enum transport)a->address.transport, resolved, lane);
		return err ? ENOENT : EAGAIN;
	}
	if (err)
		return ENOENT;
	add_addresses(lane, &list);
	return lane->target_count ? 0 : ENOENT;
}

static struct setup_lane *lane_get(struct call *call, unsigned attempt)
{
	struct setup_lane **at = &call->setup->lane[call->setup->plan.attempt[attempt].lane];

	if (!*at)
		*at = calloc(1, sizeof(**at));
	if (!*at || (*at)->call)
		return *at;
	(*at)->call = call;
	(*at)->attempt = UINT_MAX;
	return *at;
}

int setup_target_next(struct call *call, unsigned attempt, unsigned branch,
	const struct setup_target **target, enum trigger *why)
{
	struct setup_lane *lane = lane_get(call, attempt);
	int err;

	*why = TRIGGER_NONE; /* no more addresses: what the last one did stands */
	if (!lane)
		return ENOENT;
	if (lane->attempt != attempt) {
		lane_clear(lane);
		lane->attempt = attempt;
		err = collect(lane, branch, &call->setup->plan.attempt[attempt], why);
		if (err)
			return err;
	}
	if (lane->target_next >= lane->target_count ||
		(lane->target_next > 0 && call->setup->plan.attempt[attempt].one_address))
		return ENOENT;
	*target = &lane->target[lane->target_next++];
	return 0;
}
