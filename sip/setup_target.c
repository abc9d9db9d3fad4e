#include "sip/setup_target.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/binding.h"
#include "sip/loop.h"
#include "sip/net.h"
#include "sip/prober.h"
#include "sip/sip_build.h"
#include "sip/worker.h"

void setup_target_clear(struct call_setup *s)
{
	for (unsigned i = 0; i < s->target_count; i++) {
		free(s->target[i].ruri);
		free(s->target[i].route);
	}
	s->target_count = s->target_next = 0;
}

/* "sip:+14155550100@192.0.2.1:5060;transport=tcp" */
static char *number_uri(e164_t number, struct str host, bool ipv6, uint16_t port,
	enum transport transport, bool phone)
{
	char text[PLAN_HOST_MAX + 64];
	struct sip_build b;

	sip_build_init(&b, text, sizeof(text));
	sip_build_lit(&b, "sip:");
	sip_build_number(&b, number);
	sip_build_lit(&b, "@");
	sip_build_str(&b, ipv6 ? str_lit("[") : str_lit(""));
	sip_build_str(&b, host);
	sip_build_str(&b, ipv6 ? str_lit("]") : str_lit(""));
	if (port) {
		sip_build_lit(&b, ":");
		sip_build_u32(&b, port);
	}
	if (transport == TRANSPORT_TCP)
		sip_build_lit(&b, ";transport=tcp");
	if (phone)
		sip_build_lit(&b, ";user=phone");
	return b.err ? NULL : strndup(text, b.len);
}

/* The registered Contact, with the DID as its user when the trunk wants it there. */
static char *contact_uri(const struct attempt *a, e164_t did, struct str contact)
{
	struct sip_uri uri;
	char *out = NULL;

	if (a->did_delivery == DELIVER_REQUEST_URI && sip_uri_parse(&uri, contact) == 0 &&
		!str_empty(uri.host)) {
		const char *host = uri.host_ipv6 ? uri.host.p - 1 : uri.host.p;
		struct str scheme = str_span(uri.all.p, strchr(uri.all.p, ':'));
		/* URI headers never become part of a Request-URI (RFC 3261 19.1.5). */
		const char *end = str_empty(uri.headers) ? str_end(uri.all) : uri.headers.p - 1;
		struct str behind = str_span(host, end);
		if (asprintf(&out, "%.*s:+%" PRIu64 "@%.*s", (int)scheme.len, scheme.p, did,
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

struct collect {
	struct call *call;
	const struct attempt *attempt;
};

static int collect_binding(const struct binding *b, void *arg)
{
	struct collect *c = arg;
	struct call_setup *s = c->call->setup;
	struct setup_target *t = &s->target[s->target_count];

	if (s->target_count == SETUP_TARGETS_MAX)
		return 1;
	t->flow = b->flow;
	t->bound = true;
	t->ruri = contact_uri(c->attempt, s->plan.did, str_of(b->contact));
	t->route = path_lines(b->path);
	if (t->ruri)
		s->target_count++;
	return 0;
}

static void add_address(struct call *call, const struct attempt *a, const struct resolve_target *at)
{
	struct call_setup *s = call->setup;
	struct setup_target *t = &s->target[s->target_count];
	bool to_number = a->kind == ATTEMPT_NUMBER;
	struct str host = str_of(a->address.host);

	if (net_flow_to(call->w->net, (enum transport)at->transport, &at->addr, &t->flow))
		return;
	t->bound = false;
	t->route = NULL;
	t->ruri = number_uri(to_number ? a->number : s->plan.did, host,
		memchr(host.p, ':', host.len) != NULL, a->address.port,
		(enum transport)a->address.transport, to_number);
	if (t->ruri)
		s->target_count++;
}

static void add_addresses(
	struct call *call, const struct attempt *a, const struct resolve_list *list)
{
	for (unsigned i = 0; i < list->count && call->setup->target_count < SETUP_TARGETS_MAX; i++)
		add_address(call, a, &list->item[i]);
}

static void resolved(int err, const struct resolve_list *list, void *arg)
{
	struct call *call = arg;
	struct call_setup *s = call->setup;
	struct failover_event ev = {.kind = FAILOVER_EXHAUSTED,
		.branch = s->query_branch,
		.trigger = TRIGGER_UNREACHABLE};

	s->query = NULL;
	if (err == 0)
		add_addresses(call, &s->plan.attempt[s->attempt], list);
	if (s->target_count > 0)
		setup_resume(call, s->query_branch);
	else
		setup_event(call, &ev, NULL);
}

/* Fills the target list: 0, EAGAIN while DNS is asked, or ENOENT. */
static int collect(struct call *call, unsigned branch, const struct attempt *a, enum trigger *why)
{
	struct call_setup *s = call->setup;
	struct worker *w = call->w;
	struct resolve_list list;
	int err;

	if (a->kind == ATTEMPT_SIP_ACCOUNT && a->auth_mode == AUTH_REGISTRATION) {
		struct collect c = {call, a};
		*why = TRIGGER_NOT_REGISTERED;
		binding_each(w->bindings, &a->sip_account_id, collect_binding, &c);
		return s->target_count ? 0 : ENOENT;
	}
	*why = a->address.host ? TRIGGER_UNREACHABLE : TRIGGER_NOT_REGISTERED;
	if (!a->address.host)
		return ENOENT;
	prober_use(
		w->prober, a->address.host, a->address.port, (enum transport)a->address.transport);
	err = resolve_try(w->resolve, str_of(a->address.host), a->address.port,
		(enum transport)a->address.transport, &list);
	if (err == EAGAIN) {
		s->query_branch = branch;
		err = resolve_start(w->resolve, &s->query, str_of(a->address.host), a->address.port,
			(enum transport)a->address.transport, resolved, call);
		return err ? ENOENT : EAGAIN;
	}
	if (err)
		return ENOENT;
	add_addresses(call, a, &list);
	return s->target_count ? 0 : ENOENT;
}

int setup_target_next(struct call *call, unsigned attempt, unsigned branch,
	const struct setup_target **target, enum trigger *why)
{
	struct call_setup *s = call->setup;
	int err;

	*why = TRIGGER_NONE; /* no more addresses: what the last one did stands */
	if (s->attempt != attempt) {
		setup_target_clear(s);
		s->attempt = attempt;
		err = collect(call, branch, &s->plan.attempt[attempt], why);
		if (err)
			return err;
	}
	if (s->target_next >= s->target_count)
		return ENOENT;
	*target = &s->target[s->target_next++];
	return 0;
}
