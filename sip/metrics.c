#include "sip/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "sip/auth.h"
#include "sip/feed.h"
#include "sip/loop.h"
#include "sip/net.h"
#include "sip/prober.h"
#include "sip/registrant.h"
#include "sip/recorder.h"
#include "sip/resolve.h"
#include "sip/statepage.h"
#include "sip/txn.h"
#include "sip/worker.h"

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP trunkguard_sip_%s %s\n# TYPE trunkguard_sip_%s %s\n", name, help, name,
		type);
}

static void one(FILE *f, const char *name, const char *type, const char *help, uint64_t v)
{
	head(f, name, type, help);
	fprintf(f, "trunkguard_sip_%s %" PRIu64 "\n", name, v);
}

static void labelled(FILE *f, const char *name, const char *label, const char *value, uint64_t v)
{
	fprintf(f, "trunkguard_sip_%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, v);
}

static void write_calls(FILE *f, const struct worker *w)
{
	const struct calls *c = &w->calls;

	one(f, "calls", "gauge", "Calls in set-up or up.", c->by_dialog.count);
	one(f, "calls_started_total", "counter", "INVITEs admitted.", c->started);
	one(f, "calls_answered_total", "counter", "Calls answered.", c->answered);
	one(f, "calls_failed_total", "counter", "Calls that nobody answered.", c->failed);
	one(f, "calls_failed_over_total", "counter", "Calls that got past their first attempt.",
		c->failed_over);
	one(f, "failover_legs_total", "counter",
		"Legs to outside numbers, on behalf of who was called.", w->leg_stats.sent);
	head(f, "failover_legs_refused_total", "counter",
		"Legs that the account's destination rules kept back.");
	labelled(f, "failover_legs_refused_total", "limit", "max_failover_calls",
		w->leg_stats.over_calls);
	labelled(f, "failover_legs_refused_total", "limit", "max_failover_calls_per_minute",
		w->leg_stats.over_rate);
	one(f, "draining", "gauge", "1 when no new calls are taken.", w->draining);
	one(f, "calls_drained_total", "counter", "Calls refused while draining.", w->stats.drained);
	one(f, "forbidden_total", "counter", "Calls and relays asked for by those who may not.",
		w->stats.forbidden);
}

static void write_refused(FILE *f, const struct worker *w)
{
	const struct guard_stats *g = guard_stats(w->guard);

	head(f, "messages_refused_total", "counter", "Messages refused, by what was wrong.");
	for (int i = SIP_FAULT_NONE + 1; i < SIP_FAULT_COUNT; i++)
		labelled(f, "messages_refused_total", "reason", sip_fault_word((enum sip_fault)i),
			w->stats.faults[i]);
	for (int i = GUARD_OK + 1; i < GUARD_REFUSAL_COUNT; i++)
		labelled(f, "messages_refused_total", "reason",
			guard_refusal_word((enum guard_refusal)i), g->refused[i]);
	head(f, "messages_received_total", "counter", "Messages received, by who sent them.");
	for (int i = 0; i < GUARD_CLASS_COUNT; i++)
		labelled(f, "messages_received_total", "source",
			guard_class_word((enum guard_class)i), g->messages[i]);
	one(f, "unanswered_total", "counter", "Refused messages that got no answer.",
		w->stats.unanswered);
}

static void write_registrar(FILE *f, const struct worker *w)
{
	const struct auth_stats *a = auth_stats(w->auth);
	const struct registrar_stats *r = registrar_stats(w->registrar);

	one(f, "bindings", "gauge", "Live bindings.", binding_total(w->bindings));
	one(f, "registrations_total", "counter", "REGISTERs accepted.",
		r->registered + r->unregistered);
	one(f, "registrations_refused_total", "counter", "REGISTERs refused.", r->refused);
	one(f, "authentication_failures_total", "counter", "Wrong passwords and unknown usernames.",
		a->failed);
}

static void write_transport(FILE *f, const struct worker *w)
{
	const struct net_stats *n = net_stats(w->net);
	const struct txn_stats *t = txn_stats(w->txn);

	head(f, "messages_total", "counter", "Messages by transport and direction.");
	fprintf(f,
		"trunkguard_sip_messages_total{transport=\"udp\",direction=\"in\"} %" PRIu64 "\n"
		"trunkguard_sip_messages_total{transport=\"udp\",direction=\"out\"} %" PRIu64 "\n"
		"trunkguard_sip_messages_total{transport=\"tcp\",direction=\"in\"} %" PRIu64 "\n"
		"trunkguard_sip_messages_total{transport=\"tcp\",direction=\"out\"} %" PRIu64 "\n"
		"trunkguard_sip_messages_total{transport=\"tls\",direction=\"in\"} %" PRIu64 "\n"
		"trunkguard_sip_messages_total{transport=\"tls\",direction=\"out\"} %" PRIu64 "\n",
		n->udp_in, n->udp_out, n->tcp_in, n->tcp_out, n->tls_in, n->tls_out);
	one(f, "framing_errors_total", "counter",
		"Connections closed because messages in them could not be told apart.",
		n->bad_framing);
	one(f, "connections", "gauge", "Stream connections.", n->connections);
	one(f, "transactions", "gauge", "Transactions under way.", t->servers + t->clients);
	one(f, "retransmissions_total", "counter", "Messages sent again.", t->retransmissions_out);
	one(f, "transaction_timeouts_total", "counter", "Transactions without an answer.",
		t->timeouts);
	one(f, "dns_questions_total", "counter", "Questions to DNS.",
		resolve_stats(w->resolve)->asked);
}

static void write_tls(FILE *f, const struct worker *w)
{
	const struct net_stats *n = net_stats(w->net);
	const struct tls_context *ctx = net_tls(w->net);

	if (!ctx)
		return;
	one(f, "tls_handshakes_total", "counter", "TLS connections made, either way.",
		n->tls_handshakes);
	one(f, "tls_handshakes_failed_total", "counter",
		"TLS connections that failed, also for a certificate that is not good.",
		n->tls_failed);
	one(f, "tls_handshakes_refused_total", "counter",
		"TLS connections refused because one source began too many.",
		n->refused_handshakes);
	one(f, "tls_certificate_expires_timestamp_seconds", "gauge",
		"When our certificate ends, in seconds since 1970.",
		(uint64_t)tls_context_expires(ctx));
}

static void write_targets(FILE *f, const struct worker *w)
{
	const struct prober_stats *p = prober_stats(w->prober);

	one(f, "targets_up", "gauge", "Targets that answer their probes.", p->up);
	one(f, "targets_down", "gauge", "Targets that do not.", p->down);
}

static void write_registrant(FILE *f, const struct worker *w)
{
	struct registrant_stats s;

	registrant_stats(w->registrant, &s);
	head(f, "gateway_registrations", "gauge", "Registrations with gateways, by state.");
	for (int i = 0; i < REGISTRANT_STATE_COUNT; i++)
		labelled(f, "gateway_registrations", "state",
			registrant_state_word((enum registrant_state)i), s.state[i]);
}

static void write_feed(FILE *f, const struct feed_health *h)
{
	one(f, "config_dids", "gauge", "DIDs in the configuration.", h->counts.dids);
	one(f, "config_trunks", "gauge", "Trunks in the configuration.", h->counts.trunks);
	one(f, "config_bytes", "gauge", "Memory of the configuration.", h->counts.bytes);
	one(f, "config_changes_total", "counter", "Changes applied.", h->changes);
	one(f, "config_full_loads_total", "counter", "Full loads.", h->full_loads);
	one(f, "config_rejected", "gauge", "Objects that are refused now.", h->rejected);
	one(f, "database_connected", "gauge", "1 when PostgreSQL answers.", h->connected);
	head(f, "config_age_seconds", "gauge",
		"Since PostgreSQL last confirmed the configuration.");
	fprintf(f, "trunkguard_sip_config_age_seconds %.3f\n", (double)h->age_ms / 1000.0);
}

static void write_recorder(FILE *f, struct worker *w)
{
	struct recorder_stats r;

	recorder_stats(w->recorder, &r);
	one(f, "records_total", "counter", "Call records made.", r.records);
	one(f, "records_waiting", "gauge", "Call records not in PostgreSQL yet.", r.waiting);
	one(f, "records_lost_total", "counter", "Records lost: no room on disk nor in memory.",
		r.lost);
	one(f, "disk_error", "gauge", "errno of the last write to the journal, 0 good.",
		(uint64_t)r.disk_error);
}

/* "": ready. A configuration from disk is good enough to serve calls; its age is a metric. */
static const char *not_ready(struct worker *w, const struct feed_health *h)
{
	return h->source == FEED_NOTHING ? "no configuration yet"
	       : worker_draining(w)      ? "draining"
					 : "";
}

bool metrics_publish(struct worker *w)
{
	struct feed_health health;
	const char *why;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return false;
	feed_health(w->feed, &health);
	why = not_ready(w, &health);
	write_calls(f, w);
	write_refused(f, w);
	write_registrar(f, w);
	write_transport(f, w);
	write_tls(f, w);
	write_targets(f, w);
	write_registrant(f, w);
	write_feed(f, &health);
	write_recorder(f, w);
	if (fclose(f) == 0)
		(void)statepage_publish(w->page, !*why, why, text, len);
	free(text);
	return health.source != FEED_NOTHING;
}
