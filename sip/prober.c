#include "sip/prober.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/clock.h"
#include "core/hash.h"
#include "core/health.h"
#include "core/siphash.h"
#include "sip/forward.h"
#include "sip/guard.h"
#include "sip/net.h"
#include "sip/probe_message.h"
#include "sip/resolve.h"
#include "sip/sip_build.h"
#include "sip/txn.h"

enum {
	PROBE_INTERVAL_MS = 30000,
	PROBE_UNCERTAIN_MS = 3000,
	PROBE_TARGETS_MAX = 20000,
	PROBE_UNDER_WAY_MAX = 200,
	PROBE_BUSY_MS = 200, /* all places taken: again so soon */
	PROBE_RELOAD_MS = 5000,
	PROBE_USED_MS = 3600 * 1000,
	PROBE_ANSWER_MS = 5000, /* four requests over UDP; who is there has answered one of them */
	PROBE_EXPECT_MS = 40000, /* Timer F, and a little */
};

struct target {
	struct hash_link link;
	struct prober *p;
	struct probe_target shown;
	struct health health;
	struct wheel_timer timer; /* the next probe, or the end of waiting for this one's answer */
	struct resolve_query *query;
	struct txn_client *ct; /* a probe without its result yet */
	int64_t sent_ms;
	int64_t used_ms; /* by a call, when it is no part of the configuration; 0: never */
	uint32_t generation; /* of the configuration that last had it; 0: none */
	bool peer; /* no customer's address: it may be a private one */
	char host[];
};

struct prober {
	struct prober_config config;
	struct wheel *wheel;
	struct net *net;
	struct txn_layer *txn;
	struct resolve *resolve;
	struct guard *guard;
	prober_event_h *h;
	void *arg;
	struct hash targets;
	const struct cfg *cfg;
	struct wheel_timer reload;
	uint32_t generation;
	uint64_t made; /* requests so far */
	uint8_t key[SIPHASH_KEY_LEN];
	struct prober_stats stats;
};

const char *probe_state_word(enum probe_state s)
{
	static const char *const word[] = {"unknown", "up", "down"};

	return (unsigned)s <= PROBE_DOWN ? word[s] : "";
}

static uint64_t target_hash(
	const struct prober *p, const char *host, uint16_t port, enum transport transport)
{
	/* The same host at another port or over another transport is another target. */
	return hash_key(&p->targets, host, strlen(host)) + ((uint64_t)port << 2 | transport);
}

static struct target *target_find(
	const struct prober *p, const char *host, uint16_t port, enum transport transport)
{
	struct hash_link *l = hash_first(&p->targets, target_hash(p, host, port, transport));

	for (; l; l = hash_next(l)) {
		struct target *t = HASH_OBJECT(l, struct target, link);
		if (strcmp(t->host, host) == 0 && t->shown.port == port &&
			t->shown.transport == transport)
			return t;
	}
	return NULL;
}

static uint64_t random_u64(struct prober *p)
{
	p->made++;
	return siphash(p->key, &p->made, sizeof(p->made));
}

/* Half to one and a half of ms, so that probes never march in step. */
static int64_t jitter(struct prober *p, int64_t ms)
{
	return ms / 2 + (int64_t)(random_u64(p) % (uint64_t)(ms + 1));
}

static void count_state(struct prober *p, enum probe_state s, int step)
{
	if (s == PROBE_UP)
		p->stats.up += (uint32_t)step;
	if (s == PROBE_DOWN)
		p->stats.down += (uint32_t)step;
}

static enum probe_state state_of(const struct health *h)
{
	switch ((enum health_state)h->state) {
	case HEALTH_UP:
		return PROBE_UP;
	case HEALTH_DOWN:
		return PROBE_DOWN;
	case HEALTH_UNKNOWN:
	case HEALTH_STATE_COUNT:
		break;
	}
	return PROBE_UNKNOWN;
}

static void tell(struct target *t, bool changed)
{
	struct prober *p = t->p;
	enum probe_state before = t->shown.state;

	if (changed) {
		count_state(p, before, -1);
		t->shown.state = state_of(&t->health);
		count_state(p, t->shown.state, 1);
		t->shown.changed_wall_ms = clock_wall_ms();
	}
	if (p->h)
		p->h(&t->shown, before, p->arg);
}

static bool is_uncertain(const struct health *h)
{
	return h->state == HEALTH_UNKNOWN || (h->state == HEALTH_UP && h->failed > 0) ||
	       (h->state == HEALTH_DOWN && h->ok > 0);
}

static void schedule(struct target *t)
{
	int64_t ms =
		is_uncertain(&t->health) ? t->p->config.uncertain_ms : t->p->config.interval_ms;

	wheel_set(t->p->wheel, &t->timer, t->p->wheel->now_ms + jitter(t->p, ms));
}

/* The transaction goes on to its end by itself; its place is free for another probe. */
static void probe_let_go(struct target *t)
{
	if (!t->ct)
		return;
	txn_client_detach(t->ct);
	t->ct = NULL;
	t->p->stats.under_way--;
}

static void target_free(struct target *t)
{
	struct prober *p = t->p;

	wheel_cancel(p->wheel, &t->timer);
	if (t->query)
		resolve_cancel(t->query);
	probe_let_go(t);
	count_state(p, t->shown.state, -1);
	p->stats.targets--;
	hash_remove(&p->targets, &t->link);
	free(t);
}

static void probe_failed(struct target *t, unsigned status)
{
	t->shown.status = status;
	t->shown.probed_wall_ms = clock_wall_ms();
	t->p->stats.failed++;
	tell(t, health_failed(&t->health, t->p->wheel->now_ms));
	schedule(t);
}

static uint32_t retry_after(const struct sip_msg *m)
{
	struct str value = sip_msg_get(m, SIP_HDR_RETRY_AFTER);
	uint32_t seconds = 0;
	size_t n = 0;

	while (n < value.len && value.p[n] >= '0' && value.p[n] <= '9')
		n++;
	return str_u32((struct str){value.p, n}, 86400, &seconds) == 0 ? seconds : 0;
}

static void probe_answered(struct target *t, const struct sip_msg *m)
{
	int64_t now = t->p->wheel->now_ms;
	bool changed;

	t->shown.status = m->status;
	t->shown.probed_wall_ms = t->shown.seen_wall_ms = clock_wall_ms();
	t->shown.rtt_ms = (uint32_t)(now - t->sent_ms);
	if (m->status == 503 && retry_after(m))
		changed = health_retry_after(&t->health, retry_after(m), now);
	else if (m->status == 503 || m->status == 408)
		changed = health_failed(&t->health, now);
	else
		changed = health_ok(&t->health, now);
	t->p->stats.answered++;
	tell(t, changed);
	schedule(t);
}

static void probe_h(struct txn_client *ct, enum txn_event ev, const struct sip_msg *m,
	const struct flow *from, void *arg)
{
	struct target *t = arg;

	(void)ct, (void)from;
	if (ev == TXN_RESPONSE && m->status < 200)
		return;
	probe_let_go(t);
	if (ev == TXN_RESPONSE)
		probe_answered(t, m);
	else
		probe_failed(t, 0);
}

static int send_probe(struct target *t, const struct resolve_target *at)
{
	struct prober *p = t->p;
	char text[PROBE_MESSAGE_MAX], branch[BRANCH_MAX];
	int64_t now = p->wheel->now_ms;
	struct probe_message message = {.host = str_of(t->host), .port = t->shown.port};
	struct flow to;
	struct sip_build b;
	int err = net_flow_to(p->net, (enum transport)at->transport, &at->addr, &to);

	if (err)
		return err;
	net_set_name(p->net, &to, str_of(t->host));
	snprintf(branch, sizeof(branch), "z9hG4bKpr%016llx", (unsigned long long)random_u64(p));
	message.self = net_advertise(p->net, &to);
	message.branch = str_of(branch);
	message.unique = str_of(branch + strlen("z9hG4bK"));
	sip_build_init(&b, text, sizeof(text));
	probe_message_write(&b, &message, &to);
	if (b.err)
		return b.err;
	guard_expect(p->guard, &at->addr, now, PROBE_EXPECT_MS);
	err = txn_client_new(
		&t->ct, p->txn, &to, SIP_OPTIONS, message.branch, text, b.len, probe_h, t, now);
	if (err) {
		t->ct = NULL;
		return err;
	}
	t->sent_ms = now;
	p->stats.sent++;
	p->stats.under_way++;
	wheel_set(p->wheel, &t->timer, now + PROBE_ANSWER_MS);
	return 0;
}

static void resolved(int err, const struct resolve_list *list, void *arg)
{
	struct target *t = arg;

	t->query = NULL;
	if (!err)
		err = send_probe(t, &list->item[0]);
	if (err)
		probe_failed(t, 0);
}

static void due(void *arg, int64_t now_ms)
{
	struct target *t = arg;
	struct prober *p = t->p;
	struct resolve_list list;
	int err;

	if (t->ct) {
		probe_let_go(t);
		probe_failed(t, 0);
		return;
	}
	if (t->query || p->stats.under_way >= p->config.probes_max) {
		wheel_set(p->wheel, &t->timer, now_ms + jitter(p, PROBE_BUSY_MS));
		return;
	}
	if (!t->generation && now_ms - t->used_ms > PROBE_USED_MS) {
		target_free(t);
		return;
	}
	if (t->peer)
		err = resolve_trusted(str_of(t->host), t->shown.port, t->shown.transport, &list);
	else
		err = resolve_try(
			p->resolve, str_of(t->host), t->shown.port, t->shown.transport, &list);
	if (err == EAGAIN)
		err = resolve_start(p->resolve, &t->query, str_of(t->host), t->shown.port,
			t->shown.transport, resolved, t);
	else if (!err)
		err = send_probe(t, &list.item[0]);
	if (err)
		probe_failed(t, 0);
}

static struct target *target_get(
	struct prober *p, const char *host, uint16_t port, enum transport transport)
{
	struct target *t = target_find(p, host, port, transport);
	size_t len = strlen(host);

	if (t || p->stats.targets >= p->config.targets_max)
		return t;
	t = calloc(1, sizeof(*t) + len + 1);
	if (!t)
		return NULL;
	memcpy(t->host, host, len + 1);
	t->p = p;
	t->shown = (struct probe_target){.host = t->host, .port = port, .transport = transport};
	wheel_timer_init(&t->timer, due, t);
	hash_insert(&p->targets, &t->link, target_hash(p, host, port, transport));
	p->stats.targets++;
	/* Soon, but a thousand new ones not in one instant. */
	wheel_set(p->wheel, &t->timer, p->wheel->now_ms + jitter(p, p->config.uncertain_ms));
	return t;
}

static void want(struct prober *p, const struct sip_address *a)
{
	struct target *t = a->host ? target_get(p, a->host, a->port, a->transport) : NULL;

	if (t)
		t->generation = p->generation;
}

static void want_peers(struct prober *p)
{
	const struct sip_address_list *list = p->config.peers;

	for (unsigned i = 0; list && i < list->count; i++) {
		const struct sip_address *a = &list->item[i];
		struct target *t = target_get(p, a->host, a->port, a->transport);

		if (t) {
			t->generation = p->generation;
			t->peer = true;
		}
	}
}

static int want_trunk(const struct cfg_trunk *trunk, void *arg)
{
	struct prober *p = arg;

	if (!trunk->enabled || !trunk->account->enabled)
		return 0;
	for (int i = 0; i < ROLE_COUNT; i++) {
		const struct cfg_sip_account *acc = trunk->sip_account[i];
		if (acc && acc->auth_mode == AUTH_IP)
			want(p, &acc->address);
	}
	for (unsigned i = 0; i < trunk->account->backup_pbxs.count; i++)
		want(p, &trunk->account->backup_pbxs.item[i]);
	return 0;
}

static int want_gateway(const struct cfg_gateway *gw, void *arg)
{
	if (gw->enabled) {
		want(arg, &gw->address);
		want(arg, &gw->failover_address);
	}
	return 0;
}

static int drop_unwanted(struct hash_link *link, void *arg)
{
	struct prober *p = arg;
	struct target *t = HASH_OBJECT(link, struct target, link);

	if (t->generation == p->generation)
		return 0;
	t->generation = 0;
	if (!t->used_ms)
		target_free(t);
	return 0;
}

static void reload(void *arg, int64_t now_ms)
{
	struct prober *p = arg;

	(void)now_ms;
	if (++p->generation == 0)
		p->generation = 1;
	want_peers(p);
	cfg_each_trunk(p->cfg, want_trunk, p);
	cfg_each_gateway(p->cfg, want_gateway, p);
	hash_each(&p->targets, drop_unwanted, p);
}

void prober_reload(struct prober *p, const struct cfg *cfg)
{
	p->cfg = cfg;
	if (!wheel_timer_is_set(&p->reload))
		wheel_set(p->wheel, &p->reload,
			p->wheel->now_ms + (p->generation ? PROBE_RELOAD_MS : 0));
}

void prober_use(struct prober *p, const char *host, uint16_t port, enum transport transport)
{
	struct target *t = target_get(p, host, port, transport);

	if (t)
		t->used_ms = p->wheel->now_ms;
}

void prober_evidence(
	struct prober *p, const char *host, uint16_t port, enum transport transport, bool ok)
{
	struct target *t = target_find(p, host, port, transport);
	int64_t now = p->wheel->now_ms;
	bool changed;

	if (!t)
		return;
	changed = ok ? health_ok(&t->health, now) : health_failed(&t->health, now);
	if (changed)
		tell(t, true);
	/* What a call saw is looked into at once, not in half a minute; but many calls must not put
	 * the probe off again and again. */
	if (is_uncertain(&t->health) && !t->ct && !t->query &&
		t->timer.at_ms > now + p->config.uncertain_ms * 3 / 2)
		schedule(t);
}

enum probe_state prober_state(
	const struct prober *p, const char *host, uint16_t port, enum transport transport)
{
	const struct target *t = target_find(p, host, port, transport);

	return t ? t->shown.state : PROBE_UNKNOWN;
}

const struct prober_stats *prober_stats(const struct prober *p)
{
	return &p->stats;
}

int prober_new(struct prober **pp, const struct prober_config *config, struct wheel *wheel,
	struct net *net, struct txn_layer *txn, struct resolve *resolve, struct guard *guard,
	prober_event_h *h, void *arg)
{
	struct prober *p = calloc(1, sizeof(*p));

	if (!p)
		return ENOMEM;
	if (config)
		p->config = *config;
	if (!p->config.interval_ms)
		p->config.interval_ms = PROBE_INTERVAL_MS;
	if (!p->config.uncertain_ms)
		p->config.uncertain_ms = PROBE_UNCERTAIN_MS;
	if (!p->config.targets_max)
		p->config.targets_max = PROBE_TARGETS_MAX;
	if (!p->config.probes_max)
		p->config.probes_max = PROBE_UNDER_WAY_MAX;
	p->wheel = wheel;
	p->net = net;
	p->txn = txn;
	p->resolve = resolve;
	p->guard = guard;
	p->h = h;
	p->arg = arg;
	wheel_timer_init(&p->reload, reload, p);
	if (getrandom(p->key, sizeof(p->key), 0) != (ssize_t)sizeof(p->key)) {
		free(p);
		return EIO;
	}
	if (hash_init(&p->targets, p->key, 64)) {
		free(p);
		return ENOMEM;
	}
	*pp = p;
	return 0;
}

static int free_one(struct hash_link *link, void *arg)
{
	(void)arg;
	target_free(HASH_OBJECT(link, struct target, link));
	return 0;
}

void prober_free(struct prober *p)
{
	if (!p)
		return;
	wheel_cancel(p->wheel, &p->reload);
	hash_each(&p->targets, free_one, NULL);
	hash_fini(&p->targets);
	free(p);
}
