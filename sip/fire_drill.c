#include "sip/fire_drill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/wheel.h"
#include "sip/binding.h"
#include "sip/commander.h"
#include "sip/forward.h"
#include "sip/guard.h"
#include "sip/loop.h"
#include "sip/net.h"
#include "sip/probe_message.h"
#include "sip/resolve.h"
#include "sip/sip_build.h"
#include "sip/txn.h"
#include "sip/worker.h"
#include "sip/worker_event.h"

enum {
	PROBES_MAX = 2000, /* under way; a drill that does not fit is refused */
	WAYS_MAX = RESOLVE_TARGETS_MAX,
	ANSWER_MS = 5000,
	EXPECT_MS = 40000,
};

struct drill;

/* One address or binding of a target. */
struct way {
	struct flow flow;
	char *uri, *route; /* of a binding; NULL: the target's own */
};

struct probe {
	struct probe *next; /* of the drill */
	struct drill *drill;
	struct wheel_timer timer;
	struct resolve_query *query;
	struct txn_client *ct;
	int64_t sent_ms;
	unsigned ways, way; /* way: the next one */
	struct way list[WAYS_MAX];
	unsigned status; /* of the last answer that proved nothing */
	enum trigger reason;
	uint16_t port;
	enum transport transport;
	const char *kind, *target, *place; /* in the command's text */
	char *host; /* malloc'ed; NULL: bindings */
};

struct drill {
	struct drill *next;
	struct fire_drills *all;
	struct command *command;
	struct worker_event_proof proof; /* what its events have in common */
	struct probe *probes;
	unsigned open;
};

struct fire_drills {
	struct worker *w;
	struct drill *first;
	unsigned probes;
	uint64_t made; /* requests so far */
};

int fire_drills_new(struct fire_drills **drills, struct worker *w)
{
	*drills = calloc(1, sizeof(**drills));
	if (!*drills)
		return ENOMEM;
	(*drills)->w = w;
	return 0;
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void probe_stop(struct probe *p)
{
	struct worker *w = p->drill->all->w;

	wheel_cancel(loop_wheel(w->loop), &p->timer);
	if (p->query)
		resolve_cancel(p->query);
	if (p->ct)
		txn_client_detach(p->ct);
	p->query = NULL;
	p->ct = NULL;
}

static void probe_free(struct probe *p)
{
	probe_stop(p);
	for (unsigned i = 0; i < p->ways; i++) {
		free(p->list[i].uri);
		free(p->list[i].route);
	}
	free(p->host);
	free(p);
}

static void drill_free(struct drill *d)
{
	struct drill **at = &d->all->first;

	while (*at && *at != d)
		at = &(*at)->next;
	if (*at)
		*at = d->next;
	while (d->probes) {
		struct probe *p = d->probes;

		d->probes = p->next;
		d->all->probes--;
		probe_free(p);
	}
	free(d);
}

void fire_drills_free(struct fire_drills *drills)
{
	if (!drills)
		return;
	while (drills->first) {
		mem_free(drills->first->command);
		drill_free(drills->first);
	}
	free(drills);
}

static void drill_end(struct drill *d, const char *result)
{
	struct command *c = d->command;
	struct worker *w = d->all->w;

	drill_free(d);
	commander_done(w->commander, c, result);
}

/* The probe is over; so is the drill, when it was the last one. */
static void probe_end(struct probe *p, bool proven, int64_t rtt_ms)
{
	struct drill *d = p->drill;
	struct worker_event_proof proof = d->proof;

	probe_stop(p);
	proof.kind = p->kind;
	proof.target = p->target;
	proof.proven = proven;
	proof.status = p->status;
	proof.rtt_ms = rtt_ms;
	proof.reason = p->reason;
	worker_event_proof(d->all->w, &proof);
	if (--d->open == 0)
		drill_end(d, "done");
}

/* ---- one address after another --------------------------------------------------------------- */

static void probe_next(struct probe *p);

static bool proves(unsigned status)
{
	return status != 408 && (status < 500 || status == 501 || status >= 600);
}

static void answered(struct txn_client *ct, enum txn_event ev, const struct sip_msg *m,
	const struct flow *from, void *arg)
{
	struct probe *p = arg;

	(void)ct, (void)from;
	if (ev == TXN_RESPONSE && m->status < 200)
		return;
	txn_client_detach(p->ct);
	p->ct = NULL;
	if (ev != TXN_RESPONSE) {
		p->reason = ev == TXN_TIMEOUT ? TRIGGER_NO_RESPONSE : TRIGGER_UNREACHABLE;
		probe_next(p);
		return;
	}
	p->status = m->status;
	p->reason = trigger_of_response(m->status);
	if (proves(m->status))
		probe_end(p, true, loop_now(p->drill->all->w->loop) - p->sent_ms);
	else
		probe_next(p);
}

static int send_to(struct probe *p, const struct way *way)
{
	struct fire_drills *all = p->drill->all;
	struct worker *w = all->w;
	char text[PROBE_MESSAGE_MAX + 1536], branch[BRANCH_MAX];
	struct probe_message message = {.host = str_of(p->host),
		.port = p->port,
		.uri = str_of(way->uri),
		.route = str_of(way->route),
		.self = net_advertise(w->net, &way->flow)};
	int64_t now = loop_now(w->loop);
	struct sip_build b;

	snprintf(branch, sizeof(branch), "z9hG4bKprd%016llx%llx", (unsigned long long)w->started_ms,
		(unsigned long long)++all->made);
	message.branch = str_of(branch);
	message.unique = str_of(branch + strlen("z9hG4bK"));
	sip_build_init(&b, text, sizeof(text));
	probe_message_write(&b, &message, &way->flow);
	if (b.err)
		return b.err;
	guard_expect(w->guard, &way->flow.peer, now, EXPECT_MS);
	p->sent_ms = now;
	return txn_client_new(&p->ct, w->txn, &way->flow, SIP_OPTIONS, message.branch, text, b.len,
		answered, p, now);
}

/* No answer in time: who is there has answered one of four by now. */
static void too_late(void *arg, int64_t now_ms)
{
	struct probe *p = arg;

	(void)now_ms;
	if (p->ct)
		txn_client_detach(p->ct);
	p->ct = NULL;
	p->reason = TRIGGER_NO_RESPONSE;
	probe_next(p);
}

static void probe_next(struct probe *p)
{
	struct wheel *wheel = loop_wheel(p->drill->all->w->loop);

	wheel_cancel(wheel, &p->timer);
	while (p->way < p->ways) {
		if (send_to(p, &p->list[p->way++]) == 0) {
			wheel_set(wheel, &p->timer, p->sent_ms + ANSWER_MS);
			return;
		}
		p->ct = NULL;
		p->reason = TRIGGER_UNREACHABLE;
	}
	probe_end(p, false, -1);
}

/* ---- where to ask ---------------------------------------------------------------------------- */

static void add_addresses(struct probe *p, const struct resolve_list *list)
{
	struct worker *w = p->drill->all->w;

	for (unsigned i = 0; i < list->count && p->ways < WAYS_MAX; i++) {
		const struct resolve_target *at = &list->item[i];
		struct flow *to = &p->list[p->ways].flow;

		if (net_flow_to(w->net, (enum transport)at->transport, &at->addr, to))
			continue;
		net_set_name(w->net, to, str_of(p->host));
		p->ways++;
	}
}

static void resolved(int err, const struct resolve_list *list, void *arg)
{
	struct probe *p = arg;

	p->query = NULL;
	if (!err)
		add_addresses(p, list);
	probe_next(p);
}

static int add_binding(const struct binding *b, void *arg)
{
	struct probe *p = arg;
	struct way *way = &p->list[p->ways];
	char *route = NULL;

	if (p->ways == WAYS_MAX)
		return 1;
	if (*b->path && asprintf(&route, "Route: %s\r\n", b->path) < 0)
		return 1;
	way->flow = b->flow;
	way->uri = strdup(b->contact);
	way->route = route;
	p->ways++;
	return way->uri ? 0 : 1;
}

/* "host|port|transport" */
static bool address_read(struct probe *p)
{
	const char *bar = strchr(p->place, '|'), *second = bar ? strchr(bar + 1, '|') : NULL;
	int transport = second ? transport_parse(second + 1) : -1;
	uint32_t port = 0;

	if (transport < 0 || bar == p->place ||
		(second > bar + 1 && str_u32(str_span(bar + 1, second), 65535, &port)))
		return false;
	p->port = (uint16_t)port;
	p->transport = (enum transport)transport;
	p->host = strndup(p->place, (size_t)(bar - p->place));
	return p->host != NULL;
}

static void probe_start(struct probe *p)
{
	struct worker *w = p->drill->all->w;
	struct resolve_list list;
	struct uuid account;
	int err;

	p->reason = TRIGGER_NOT_REGISTERED;
	if (uuid_parse(p->place, strlen(p->place), &account) == 0) {
		binding_each(w->bindings, &account, add_binding, p);
		probe_next(p);
		return;
	}
	if (!address_read(p)) {
		probe_next(p);
		return;
	}
	p->reason = TRIGGER_UNREACHABLE;
	err = resolve_try(w->resolve, str_of(p->host), p->port, p->transport, &list);
	if (err == EAGAIN)
		err = resolve_start(
			w->resolve, &p->query, str_of(p->host), p->port, p->transport, resolved, p);
	else if (!err)
		add_addresses(p, &list);
	if (!p->query)
		probe_next(p);
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Cuts the next part off *rest, in place; NULL: there is none. */
static char *cut(char **rest, char separator)
{
	char *part = *rest, *end;

	if (!part || !*part)
		return NULL;
	end = strchr(part, separator);
	if (end)
		*end = '\0';
	*rest = end ? end + 1 : NULL;
	return part;
}

static bool head_read(struct drill *d, char **rest)
{
	char *drill = cut(rest, '\n'), *account = cut(rest, '\n'), *trunk = cut(rest, '\n'),
	     *did = cut(rest, '\n');
	struct worker_event_proof *p = &d->proof;

	if (!did || uuid_parse(drill, strlen(drill), &p->drill_id) ||
		uuid_parse(account, strlen(account), &p->account_id))
		return false;
	if (strcmp(trunk, "-") != 0 && uuid_parse(trunk, strlen(trunk), &p->trunk_id))
		return false;
	return strcmp(did, "-") == 0 || e164_parse_digits(did, strlen(did), &p->did) == 0;
}

static bool target_read(struct drill *d, char *line)
{
	struct probe *p = calloc(1, sizeof(*p));

	if (!p)
		return false;
	p->drill = d;
	wheel_timer_init(&p->timer, too_late, p);
	p->next = d->probes;
	d->probes = p;
	d->open++;
	d->all->probes++;
	p->kind = cut(&line, '\t');
	p->target = cut(&line, '\t');
	p->place = line ? line : "";
	return p->kind && p->target && d->all->probes <= PROBES_MAX;
}

void fire_drill_command(struct worker *w, struct command *c)
{
	struct fire_drills *all = w->fire_drills;
	struct drill *d = calloc(1, sizeof(*d));
	char *rest = (char *)(uintptr_t)c->argument, *line;
	bool ok;

	if (!d) {
		commander_done(w->commander, c, "busy");
		return;
	}
	*d = (struct drill){.next = all->first, .all = all, .command = c};
	all->first = d;
	ok = head_read(d, &rest);
	while (ok && (line = cut(&rest, '\n')) != NULL)
		ok = target_read(d, line);
	if (!ok || !d->open) {
		drill_end(d, all->probes > PROBES_MAX ? "busy" : ok ? "done" : "malformed");
		return;
	}
	/* One more, so that the drill outlives a probe that ends at once. */
	d->open++;
	for (struct probe *p = d->probes; p; p = p->next)
		probe_start(p);
	if (--d->open == 0)
		drill_end(d, "done");
}
