#include "sip/observed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "core/log.h"
#include "sip/binding_record.h"
#include "sip/call_journal.h"
#include "sip/commander.h"
#include "sip/feed.h"
#include "sip/loop.h"
#include "sip/recorder.h"
#include "sip/trunk_watch.h"
#include "sip/worker.h"

static struct binding_clock clock_of(const struct worker *w)
{
	return (struct binding_clock){
		.now_ms = loop_now(w->loop), .wall_ms = loop_wall_ms(w->loop), .boot = w->boot_id};
}

static void journal_binding(struct worker *w, enum binding_event ev, const struct binding *b)
{
	uint8_t key[BINDING_KEY_MAX], value[BINDING_VALUE_MAX];
	struct binding_clock clock = clock_of(w);
	size_t key_len = binding_record_key(b, key);

	if (ev == BINDING_ADDED || ev == BINDING_REFRESHED)
		(void)recorder_put(w->recorder, JOURNAL_BINDING, key, key_len, value,
			binding_record_value(b, &clock, value));
	else
		(void)recorder_delete(w->recorder, JOURNAL_BINDING, key, key_len);
}

static void source_text(const union net_addr *addr, char *text, size_t size)
{
	char ip[FLOW_IP_TEXT_MAX];
	struct str s = net_addr_ip(addr, ip);
	bool v6 = memchr(s.p, ':', s.len) != NULL;

	snprintf(text, size, v6 ? "[%.*s]:%u" : "%.*s:%u", (int)s.len, s.p, net_addr_port(addr));
}

static void report_binding(struct worker *w, const struct binding *b)
{
	char source[FLOW_IP_TEXT_MAX + 10];
	struct observed_binding row = {.sip_account_id = b->sip_account_id,
		.contact = b->contact,
		.source = source,
		.path = b->path,
		.user_agent = b->user_agent,
		.call_id = b->call_id,
		.transport = (enum transport)b->flow.transport,
		.cseq = b->cseq,
		.registered_ms = b->registered_wall_ms,
		.expires_ms = loop_wall_ms(w->loop) + (b->expires_ms - loop_now(w->loop))};

	source_text(&b->source, source, sizeof(source));
	(void)recorder_binding(w->recorder, &row);
}

void observed_binding(enum binding_event ev, const struct binding *b, void *arg)
{
	struct worker *w = arg;

	if (!w->recorder)
		return;
	journal_binding(w, ev, b);
	trunk_watch_binding(
		w->trunk_watch, &b->sip_account_id, ev == BINDING_ADDED || ev == BINDING_REFRESHED);
	if (ev == BINDING_ADDED || ev == BINDING_REFRESHED)
		report_binding(w, b);
	else
		(void)recorder_binding_gone(w->recorder, &b->sip_account_id, b->contact);
	log_debug("binding", "%s %s", binding_event_word(ev), b->contact);
}

void observed_health(const struct probe_target *t, enum probe_state before, void *arg)
{
	struct worker *w = arg;
	char target[320];
	struct observed_health row = {.kind = "address",
		.target = target,
		.state = probe_state_word(t->state),
		.status = t->status,
		.rtt_ms = t->rtt_ms,
		/* One that is not known yet is so since it was first looked at. */
		.since_ms = t->changed_wall_ms ? t->changed_wall_ms : t->probed_wall_ms,
		.checked_ms = t->probed_wall_ms};

	snprintf(
		target, sizeof(target), "%s|%u|%s", t->host, t->port, transport_word(t->transport));
	if (w->recorder)
		(void)recorder_health(w->recorder, &row);
	if (before == t->state)
		return;
	trunk_watch_all(w->trunk_watch);
	log_info("health", "%s is %s (%u)", target, probe_state_word(t->state), t->status);
}

void observed_registration(const struct registrant_row *row, void *arg)
{
	struct worker *w = arg;
	char registrar[320], source[FLOW_IP_TEXT_MAX + 10];
	struct observed_registration o = {.gateway_id = row->gateway_id};

	if (!w->recorder)
		return;
	if (!row->gone) {
		o.state = registrant_state_word(row->state);
		o.registrar = registrar;
		o.status = row->status;
		o.since_ms = row->since_wall_ms;
		o.checked_ms = row->checked_wall_ms;
		if (row->expires_ms)
			o.expires_ms =
				loop_wall_ms(w->loop) + (row->expires_ms - loop_now(w->loop));
		snprintf(registrar, sizeof(registrar), "%s|%u|%s", row->registrar->host,
			row->registrar->port, transport_word(row->registrar->transport));
		if (row->source)
			source_text(row->source, source, sizeof(source));
		o.source = row->source ? source : NULL;
	}
	(void)recorder_registration(w->recorder, &o);
}

void worker_trunk_changed(struct worker *w, const struct uuid *trunk_id)
{
	if (w->recorder)
		(void)recorder_trunk_calls(w->recorder, trunk_id, slots_count(w->slots, trunk_id));
}

static int report_restored(const struct binding *b, void *arg)
{
	report_binding(arg, b);
	return 0;
}

/* Calls that came back took their slots before there was a recorder to tell. */
static void report_slots(const struct uuid *trunk_id, uint32_t count, void *arg)
{
	struct worker *w = arg;

	(void)recorder_trunk_calls(w->recorder, trunk_id, count);
}

/* A journal record that is of no more use: nothing else would ever delete it. */
struct leftover {
	struct leftover *next;
	uint8_t kind;
	size_t key_len;
	uint8_t key[];
};

struct restored {
	struct worker *w;
	unsigned bindings, calls, refused;
	struct leftover *leftovers;
};

static void leftover_keep(struct restored *r, uint8_t kind, const void *key, size_t key_len)
{
	struct leftover *l = malloc(sizeof(*l) + key_len);

	if (!l)
		return; /* the next start tries again */
	l->kind = kind;
	l->key_len = key_len;
	memcpy(l->key, key, key_len);
	l->next = r->leftovers;
	r->leftovers = l;
}

/* Once the recorder runs, or, when it does not, only their memory. */
static void leftovers_delete(struct restored *r)
{
	while (r->leftovers) {
		struct leftover *l = r->leftovers;

		r->leftovers = l->next;
		if (r->w->recorder)
			(void)recorder_delete(r->w->recorder, l->kind, l->key, l->key_len);
		free(l);
	}
}

static void restore(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg)
{
	struct restored *r = arg;
	struct binding_clock clock = clock_of(r->w);
	int err = EBADMSG;

	if (kind == JOURNAL_BINDING) {
		err = binding_restore(
			r->w->bindings, key, key_len, value, value_len, &clock, r->w->net);
		r->bindings += err == 0;
	} else if (kind == JOURNAL_CALL) {
		err = call_journal_restore(r->w, key, key_len, value, value_len);
		r->calls += err == 0;
	} else if (kind == JOURNAL_TRUNK) {
		err = trunk_watch_restore(r->w->trunk_watch, key, key_len, value, value_len);
	} else if (kind == JOURNAL_DRAINING) {
		r->w->draining = true;
		err = 0;
	}
	r->refused += err != 0;
	if (err && err != ENOMEM)
		leftover_keep(r, kind, key, key_len);
}

int observed_open(struct worker *w)
{
	const struct worker_settings *s = w->settings;
	struct recorder_config rc = {.url = s->database_url,
		.worker = s->name,
		.data_dir = s->data_dir,
		.resting = JOURNAL_CALL};
	struct feed_config fc = {
		.url = s->database_url, .worker = s->name, .data_dir = s->data_dir};
	struct restored r = {.w = w};
	int err;

	if (mkdir(s->data_dir, 0750) && errno != EEXIST) {
		err = errno;
		log_error("start", "TRUNKGUARD_DATA_DIR %s: %s", s->data_dir, strerror(err));
		return err;
	}
	w->boot_id = binding_boot_id();
	err = recorder_start(&w->recorder, &rc, restore, &r);
	leftovers_delete(&r);
	if (err) {
		log_error("start", "journal in %s: %s", s->data_dir,
			err == EBUSY ? "another worker uses it" : strerror(err));
		return err;
	}
	if (r.bindings || r.calls || r.refused)
		log_info("restored", "%u bindings, %u calls; %u records are over or unreadable",
			r.bindings, r.calls, r.refused);
	binding_all(w->bindings, report_restored, w);
	slots_each(w->slots, report_slots, w);
	err = feed_start(&w->feed, &fc);
	if (err)
		log_error("start", "configuration feed: %s", strerror(err));
	if (!err)
		err = commander_start(&w->commander, s->database_url, s->name);
	return err;
}

void observed_close(struct worker *w)
{
	commander_stop(w->commander);
	if (w->feed)
		feed_stop(w->feed);
	if (w->recorder)
		recorder_stop(w->recorder);
	w->commander = NULL;
	w->feed = NULL;
	w->recorder = NULL;
}
