#include "sip/setup_target.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/binding.h"
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

/* Who is called there, as the user of a URI: a SIP URI's own, a number, or an internal number. */
static void write_user(struct sip_build *b, const struct plan *plan, const struct attempt *a)
{
	bool of_uri = a->kind == ATTEMPT_SIP_URI || a->kind == ATTEMPT_MEDIA;
	e164_t number = a->number ? a->number : plan->did;

	if (of_uri && a->text)
		sip_build_str(b, str_of(a->text));
	else if (number)
		sip_build_number(b, number);
	else
		sip_build_str(b, str_of(plan->internal));
}

/* "sip:+14155550100@192.0.2.1:5060;transport=tcp" */
static char *address_uri(const struct plan *plan, const struct attempt *a)
{
	char text[PLAN_HOST_MAX + DIAL_SIP_URI_USER_MAX + 64];
	struct str host = str_of(a->address.host);
	bool ipv6 = memchr(host.p, ':', host.len) != NULL;
	struct sip_build b;

	sip_build_init(&b, text, sizeof(text));
	sip_build_lit(&b, "sip:");
	write_user(&b, plan, a);
	sip_build_lit(&b, "@");
	sip_build_str(&b, ipv6 ? str_lit("[") : str_lit(""));
	sip_build_str(&b, host);
	sip_build_str(&b, ipv6 ? str_lit("]") : str_lit(""));
	if (a->address.port) {
		sip_build_lit(&b, ":");
		sip_build_u32(&b, a->address.port);
	}
	if (a->address.transport == TRANSPORT_TCP)
		sip_build_lit(&b, ";transport=tcp");
	if (a->kind == ATTEMPT_NUMBER)
		sip_build_lit(&b, ";user=phone");
	return b.err ? NULL : strndup(text, b.len);
}

/* The registered Contact, with the DID as its user when the trunk wants it there. */
static char *contact_uri(const struct plan *plan, const struct attempt *a, struct str contact)
{
	char user[DIAL_SIP_URI_USER_MAX];
	struct sip_build b;
	struct sip_uri uri;
	char *out = NULL;

	sip_build_init(&b, user, sizeof(user));
	write_user(&b, plan, a);
	if (a->did_delivery == DELIVER_REQUEST_URI && b.len > 0 &&
		sip_uri_parse(&uri, contact) == 0 && !str_empty(uri.host)) {
		const char *host = uri.host_ipv6 ? uri.host.p - 1 : uri.host.p;
		struct str scheme = str_span(uri.all.p, strchr(uri.all.p, ':'));
		/* URI headers never become part of a Request-URI (RFC 3261 19.1.5). */
		const char *end = str_empty(uri.headers) ? str_end(uri.all) : uri.headers.p - 1;
		struct str behind = str_span(host, end);
		if (asprintf(&out, "%.*s:%.*s@%.*s", (int)scheme.len, scheme.p, (int)b.len, user,
			    (int)behind.len, behind.p) < 0)
			return NULL;
		return out;
	}
	return strndup(contact.p, contact.len);
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
	const struct plan *plan = &lane->call->setup->plan;
	struct setup_target *t = &lane->target[lane->target_count];

	if (lane->target_count == SETUP_TARGETS_MAX)
		return 1;
	t->flow = b->flow;
	t->bound = true;
	t->ruri = contact_uri(plan, &plan->attempt[lane->attempt], str_of(b->contact));
	t->route = path_lines(b->path);
	if (t->ruri)
		lane->target_count++;
	return 0;
}

static void add_address(struct setup_lane *lane, const struct resolve_target *at)
{
	const struct plan *plan = &lane->call->setup->plan;
	struct setup_target *t = &lane->target[lane->target_count];

	if (net_flow_to(lane->call->w->net, (enum transport)at->transport, &at->addr, &t->flow))
		return;
	t->bound = false;
	t->route = NULL;
	t->ruri = address_uri(plan, &plan->attempt[lane->attempt]);
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

/* Fills the target list: 0, EAGAIN while DNS is asked, or ENOENT. */
static int collect(
	struct setup_lane *lane, unsigned branch, const struct attempt *a, enum trigger *why)
{
	struct worker *w = lane->call->w;
	struct resolve_list list;
	int err;

	if (a->kind == ATTEMPT_SIP_ACCOUNT && a->auth_mode == AUTH_REGISTRATION) {
		*why = TRIGGER_NOT_REGISTERED;
		binding_each(w->bindings, &a->sip_account_id, collect_binding, lane);
		return lane->target_count ? 0 : ENOENT;
	}
	*why = a->address.host ? TRIGGER_UNREACHABLE : TRIGGER_NOT_REGISTERED;
	if (!a->address.host)
		return ENOENT;
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
	if (lane->target_next >= lane->target_count)
		return ENOENT;
	*target = &lane->target[lane->target_next++];
	return 0;
}
