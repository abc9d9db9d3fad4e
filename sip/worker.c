#include "sip/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/failover_cap.h"
#include "core/log.h"
#include "sip/auth.h"
#include "sip/command.h"
#include "sip/commander.h"
#include "sip/digest.h"
#include "sip/dispatch.h"
#include "sip/feed.h"
#include "sip/fire_drill.h"
#include "sip/forward.h"
#include "sip/live_call.h"
#include "sip/loop.h"
#include "sip/metrics.h"
#include "sip/net.h"
#include "sip/observed.h"
#include "sip/prober.h"
#include "sip/recorder.h"
#include "sip/registrant.h"
#include "sip/resolve.h"
#include "sip/statepage.h"
#include "sip/tls_reload.h"
#include "sip/trunk_watch.h"
#include "sip/turns.h"

enum {
	CONFIG_ACCOUNTS_A_TURN = 500,
	UNREADY_MS = 100, /* between looks at a worker that is not ready yet */
};

void worker_observe(struct worker *w, const struct cfg_trunk *trunk,
	const struct cfg_sip_account *acc, struct observation *obs)
{
	*obs = (struct observation){.calls_up = slots_count(w->slots, &trunk->id),
		.turn = turns_now(w->turns, &trunk->id)};
	if (!acc)
		return;
	obs->registered = binding_count(w->bindings, &acc->id) > 0;
	if (acc->auth_mode == AUTH_IP && acc->address.host)
		obs->down = prober_state(w->prober, acc->address.host, acc->address.port,
				    acc->address.transport) == PROBE_DOWN;
}

bool worker_binding_source(const struct worker *w, const struct flow *from)
{
	uint8_t octets[16];

	net_addr_octets(&from->peer, octets);
	return binding_source_known(w->bindings, octets);
}

const struct cfg_gateway *worker_gateway(const struct worker *w, const struct flow *from)
{
	const struct cfg_gateway *gw;
	const struct uuid *id;
	uint8_t octets[16];

	net_addr_octets(&from->peer, octets);
	gw = cfg_gateway_by_ip(w->cfg, octets);
	if (gw)
		return gw;
	id = registrant_gateway(w->registrant, octets);
	gw = id ? cfg_gateway(w->cfg, id) : NULL;
	return gw && gw->enabled ? gw : NULL;
}

bool worker_draining(struct worker *w)
{
	static const char key[] = "draining";
	int draining = feed_draining(w->feed);

	if (draining < 0 || w->draining == (draining > 0))
		return w->draining;
	w->draining = draining > 0;
	log_info("drain", w->draining ? "no new calls are taken" : "new calls are taken again");
	if (w->draining)
		(void)recorder_put(w->recorder, JOURNAL_DRAINING, key, sizeof(key), "", 0);
	else
		(void)recorder_delete(w->recorder, JOURNAL_DRAINING, key, sizeof(key));
	return w->draining;
}

static void revalidate(struct worker *w, bool changed)
{
	w->revalidate = !binding_revalidate(w->bindings, w->cfg, changed, CONFIG_ACCOUNTS_A_TURN);
}

/* Another configuration, or changes in this one. Calls that are up keep what they started with. */
static void config_changed(struct worker *w)
{
	const struct cfg *cfg = feed_cfg(w->feed);

	w->cfg = cfg ? cfg : w->no_cfg;
	guard_config_changed(w->guard, w->cfg);
	prober_reload(w->prober, w->cfg);
	registrant_reload(w->registrant, w->cfg);
	trunk_watch_all(w->trunk_watch);
	revalidate(w, true);
}

static void feed_ready(uint32_t events, void *arg)
{
	struct worker *w = arg;

	(void)events;
	(void)worker_draining(w);
	if (!feed_poll(w->feed))
		return;
	config_changed(w);
}

static void each_turn(void *arg)
{
	struct worker *w = arg;

	if (w->revalidate)
		revalidate(w, false);
}

static void each_second(void *arg, int64_t now_ms)
{
	struct worker *w = arg;

	failover_caps_expire(w->caps, now_ms);
	trunk_watch_tick(w->trunk_watch, now_ms);
	if (recorder_entries_lost(w->recorder))
		live_call_all_lost(w);
	if (recorder_calls_lost(w->recorder))
		live_call_all_changed(w);
	wheel_set(
		loop_wheel(w->loop), &w->second, now_ms + (metrics_publish(w) ? 1000 : UNREADY_MS));
}

static int fail(const char *what, int err, const char *why)
{
	log_error("start", "%s: %s", what, why && *why ? why : strerror(err));
	return err;
}

/* Where SIP is spoken; a certificate that is no use stops the start like any other bad setting. */
static int open_sockets(struct worker *w)
{
	const struct worker_settings *s = w->settings;
	struct net_config net = {
		.listen = &s->sip_listen, .advertise = *s->advertise ? s->advertise : NULL};
	char why[NET_WHY_MAX] = "";
	bool tls = *s->tls.certificate || *s->tls.key;
	int err = tls ? tls_context_new(&net.tls, &s->tls, why) : 0;

	if (err) {
		fail("TLS settings", err, why);
		return err == ENOMEM ? err : EINVAL;
	}
	err = net_new(&w->net, w->loop, &net, dispatch_recv, dispatch_error, w, why);
	if (err)
		return fail("TRUNKGUARD_SIP_LISTEN", err, why);
	err = tls ? tls_reload_new(&w->tls_reload, w->loop, w->net, &s->tls) : 0;
	return err ? fail("TLS", err, NULL) : 0;
}

/* Sockets and what stands right on them. */
static int open_network(struct worker *w)
{
	const struct worker_settings *s = w->settings;
	struct resolve_config dns = {
		.dns = *s->dns ? s->dns : NULL, .private_targets = &w->private_targets};
	char why[NET_WHY_MAX] = "";
	int err = loop_new(&w->loop);

	if (err)
		return fail("event loop", err, NULL);
	err = open_sockets(w);
	if (err)
		return err;
	dns.no_ipv4 = !net_has_family(w->net, AF_INET);
	dns.no_ipv6 = !net_has_family(w->net, AF_INET6);
	err = txn_layer_new(&w->txn, w->net, loop_wheel(w->loop), NULL, &dispatch_handlers, w);
	if (err)
		return fail("transactions", err, NULL);
	err = resolve_new(&w->resolve, w->loop, &dns);
	if (err)
		return fail("DNS", err, NULL);
	err = statepage_new(&w->page, &s->http_listen, why);
	if (err)
		return fail("TRUNKGUARD_WORKER_HTTP_LISTEN", err, why);
	return 0;
}

static int open_registrant(struct worker *w)
{
	struct registrant_config rc = {.wheel = loop_wheel(w->loop),
		.net = w->net,
		.txn = w->txn,
		.resolve = w->resolve,
		.guard = w->guard,
		.event_h = observed_registration,
		.arg = w};
	int err = digest_new(&w->digest);

	rc.digest = w->digest;
	if (!err)
		err = registrant_new(&w->registrant, &rc);
	return err ? fail("registrations", err, NULL) : 0;
}

static int open_rules(struct worker *w)
{
	struct guard_config guard = {.peers = w->settings->peers.sources};
	struct prober_config prober = {.peers = &w->settings->peers.servers};
	struct registrar_config registrar = {.private_targets = w->private_targets};
	int err;

	w->cfg = w->no_cfg = cfg_new();
	w->slots = slots_new(w->hash_key);
	w->caps = failover_caps_new(w->hash_key);
	w->turns = turns_new(w->hash_key);
	w->out = malloc(FORWARD_MAX);
	if (!w->cfg || !w->slots || !w->caps || !w->turns || !w->out)
		return fail("memory", ENOMEM, NULL);
	err = trunk_watch_new(&w->trunk_watch, w);
	if (!err)
		err = fire_drills_new(&w->fire_drills, w);
	if (err)
		return fail("memory", err, NULL);
	err = calls_init(&w->calls, w->hash_key);
	if (err)
		return fail("calls", err, NULL);
	err = binding_store_new(&w->bindings, loop_wheel(w->loop), observed_binding, w);
	if (err)
		return fail("bindings", err, NULL);
	err = auth_new(&w->auth, str_of(w->settings->realm));
	if (err)
		return fail("TRUNKGUARD_REALM", err, NULL);
	err = registrar_new(&w->registrar, &registrar, w->auth, w->bindings);
	if (err)
		return fail("registrar", err, NULL);
	err = guard_new(&w->guard, &guard, w->cfg, w->bindings);
	if (err)
		return fail("guard", err, NULL);
	err = prober_new(&w->prober, &prober, loop_wheel(w->loop), w->net, w->txn, w->resolve,
		w->guard, observed_health, w);
	if (err)
		return fail("prober", err, NULL);
	return open_registrant(w);
}

int worker_new(struct worker **wp, const struct worker_settings *settings)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return fail("memory", ENOMEM, NULL);
	w->settings = settings;
	w->private_targets = settings->private_targets;
	w->probe_ms = (int64_t)settings->probe_seconds * 1000;
	if (getrandom(w->hash_key, sizeof(w->hash_key), 0) != sizeof(w->hash_key)) {
		free(w);
		return fail("random numbers", EIO, NULL);
	}
	err = open_network(w);
	if (!err)
		err = open_rules(w);
	if (!err)
		err = observed_open(w);
	if (!err)
		err = loop_add(w->loop, &w->feed_fd, feed_fd(w->feed), EPOLLIN, feed_ready, w);
	if (!err)
		err = loop_add(w->loop, &w->command_fd, commander_fd(w->commander), EPOLLIN,
			command_ready, w);
	if (err) {
		worker_free(w);
		return err;
	}
	loop_set_hook(w->loop, each_turn, w);
	wheel_timer_init(&w->second, each_second, w);
	wheel_set(loop_wheel(w->loop), &w->second, loop_now(w->loop));
	w->started_ms = loop_now(w->loop);
	*wp = w;
	return 0;
}

/* From the top down: each floor still stands while the one above it goes. */
void worker_free(struct worker *w)
{
	if (w->page)
		statepage_free(w->page);
	if (w->feed && w->feed_fd.h)
		loop_del(w->loop, &w->feed_fd);
	if (w->commander && w->command_fd.h)
		loop_del(w->loop, &w->command_fd);
	if (w->calls.by_dialog.bucket)
		calls_fini(&w->calls);
	registrant_free(w->registrant);
	fire_drills_free(w->fire_drills);
	if (w->txn)
		txn_layer_free(w->txn);
	if (w->prober)
		prober_free(w->prober);
	observed_close(w);
	if (w->guard)
		guard_free(w->guard);
	if (w->registrar)
		registrar_free(w->registrar);
	if (w->auth)
		auth_free(w->auth);
	digest_free(w->digest);
	if (w->resolve)
		resolve_free(w->resolve);
	tls_reload_free(w->tls_reload);
	if (w->net)
		net_free(w->net);
	if (w->bindings)
		binding_store_free(w->bindings);
	if (w->slots)
		slots_free(w->slots);
	failover_caps_free(w->caps);
	trunk_watch_free(w->trunk_watch);
	turns_free(w->turns);
	if (w->no_cfg)
		cfg_free(w->no_cfg);
	if (w->loop)
		loop_free(w->loop);
	free(w->out);
	free(w);
}

int worker_run(struct worker *w)
{
	return loop_run(w->loop);
}

static void left(void *arg)
{
	struct worker *w = arg;

	loop_stop(w->loop);
}

void worker_leave(struct worker *w)
{
	registrant_leave(w->registrant, left, w);
	(void)loop_run(w->loop);
}

void worker_reload(struct worker *w)
{
	if (w->tls_reload)
		tls_reload_ask(w->tls_reload);
}
