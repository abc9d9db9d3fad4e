/* A configuration as sorted text, every field of every object, to compare two. */
#ifndef TESTS_SIP_CFG_DUMP_H
#define TESTS_SIP_CFG_DUMP_H

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cfg_store.h"

struct cfg_dump {
	char **line;
	size_t count, size;
};

static inline void cfg_dump_add(struct cfg_dump *d, char *line)
{
	if (d->count == d->size) {
		d->size = d->size ? d->size * 2 : 1024;
		d->line = realloc(d->line, d->size * sizeof(*d->line));
	}
	d->line[d->count++] = line;
}

static inline void dump_uuid(FILE *f, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	uuid_format(id, text);
	fprintf(f, " %s", text);
}

static inline void dump_address(FILE *f, const struct sip_address *a)
{
	fprintf(f, " %s|%u|%d", a->host ? a->host : "-", a->port, a->host ? (int)a->transport : 0);
}

static inline void dump_addresses(FILE *f, const struct sip_address_list *l)
{
	fprintf(f, " (");
	for (unsigned i = 0; i < l->count; i++)
		dump_address(f, &l->item[i]);
	fprintf(f, ")");
}

static inline void dump_cidrs(FILE *f, const struct cidr_list *l)
{
	fprintf(f, " (");
	for (unsigned i = 0; i < l->count; i++) {
		for (unsigned b = 0; b < 16; b++)
			fprintf(f, "%02x", l->item[i].addr[b]);
		fprintf(f, "/%u ", l->item[i].bits);
	}
	fprintf(f, ")");
}

static inline const char *dump_text(const char *s)
{
	return s ? s : "-";
}

struct dump_line {
	FILE *f;
	char *text;
	size_t len;
};

static inline FILE *dump_open(struct dump_line *l)
{
	return l->f = open_memstream(&l->text, &l->len);
}

static inline void dump_close(struct dump_line *l, struct cfg_dump *d)
{
	fclose(l->f);
	cfg_dump_add(d, l->text);
}

static inline int dump_account(struct hash_link *link, void *arg)
{
	const struct account_node *n = HASH_OBJECT(link, struct account_node, by_id);
	const struct cfg_account *a = &n->account;
	struct dump_line l;
	FILE *f = dump_open(&l);

	fprintf(f, "A");
	dump_uuid(f, &a->id);
	fprintf(f, " %d %d %s %s %" PRIu64 " %d %" PRIu64 " used %u %u", a->enabled, a->ha_addon,
		a->default_country, dump_text(a->timezone), a->failover_number,
		a->calling_party_display, a->calling_party_number, n->trunks, n->dids);
	fprintf(f, " zone %d %d %d", a->zone.standard_seconds, a->zone.has_daylight,
		a->zone.daylight_seconds);
	dump_addresses(f, &a->backup_pbxs);
	fprintf(f, " rules %s|%s|%s|%d %d/%u %u %u",
		dump_text(a->destination_rules.allowed_countries),
		dump_text(a->destination_rules.denied_prefixes),
		dump_text(a->destination_rules.allowed_prefixes),
		a->destination_rules.allow_premium, a->destination_rules.has_max,
		a->destination_rules.max_failover_calls,
		a->destination_rules.max_failover_calls_per_minute,
		a->destination_rules.max_failover_call_seconds);
	dump_close(&l, arg);
	return 0;
}

static inline int dump_trunk(struct hash_link *link, void *arg)
{
	const struct trunk_node *n = HASH_OBJECT(link, struct trunk_node, by_id);
	const struct cfg_trunk *t = &n->trunk;
	struct dump_line l;
	FILE *f = dump_open(&l);

	fprintf(f, "T");
	dump_uuid(f, &t->id);
	dump_uuid(f, &t->account->id);
	dump_uuid(f, &t->failover_dial_plan_id);
	fprintf(f, " %d %d %u %u %u %u %s %d %d %x used %u %u", t->enabled, t->failover_enabled,
		t->max_concurrent_calls, t->first_response_seconds, t->ring_seconds,
		t->max_call_seconds, dump_text(t->caller_id), t->did_delivery, t->ha_mode,
		t->triggers, n->sip_accounts, n->dids);
	for (int r = 0; r < ROLE_COUNT; r++)
		if (t->sip_account[r])
			dump_uuid(f, &t->sip_account[r]->id);
		else
			fprintf(f, " -");
	dump_close(&l, arg);
	return 0;
}

static inline int dump_sip_account(struct hash_link *link, void *arg)
{
	const struct cfg_sip_account *a = &HASH_OBJECT(link, struct sip_account_node, by_id)->acc;
	struct dump_line l;
	FILE *f = dump_open(&l);

	fprintf(f, "S");
	dump_uuid(f, &a->id);
	dump_uuid(f, &a->trunk->id);
	fprintf(f, " %d %d %s %s %s %s", a->role, a->auth_mode, dump_text(a->label),
		dump_text(a->username), a->ha1_md5, a->ha1_sha256);
	dump_cidrs(f, &a->ip_addresses);
	dump_address(f, &a->address);
	dump_close(&l, arg);
	return 0;
}

static inline int dump_gateway(struct hash_link *link, void *arg)
{
	const struct cfg_gateway *g = &HASH_OBJECT(link, struct gateway_node, by_id)->gw;
	struct dump_line l;
	FILE *f = dump_open(&l);

	fprintf(f, "G");
	dump_uuid(f, &g->id);
	fprintf(f, " %s %d %d %u %u", dump_text(g->name), g->enabled, g->public_trunk,
		g->failover_seconds, g->priority);
	dump_address(f, &g->address);
	dump_address(f, &g->failover_address);
	dump_cidrs(f, &g->inbound_ip_addresses);
	for (char **p = g->prefixes; p && *p; p++)
		fprintf(f, " '%s'", *p);
	dump_close(&l, arg);
	return 0;
}

static inline void dump_times(FILE *f, const struct active_times *times)
{
	for (unsigned i = 0; i < times->count; i++)
		fprintf(f, " %u:%u-%u", times->item[i].days, times->item[i].from_minute,
			times->item[i].to_minute);
}

static inline void dump_target(FILE *f, const struct dial_target *t)
{
	fprintf(f, " %d %s %" PRIu64 " %s", t->kind, dump_text(t->internal), t->external,
		dump_text(t->sip_uri.user));
	dump_uuid(f, &t->trunk_id);
	dump_address(f, &t->sip_uri.address);
}

static inline void dump_steps(FILE *f, const struct dial_steps *steps)
{
	fprintf(f, " {");
	for (unsigned i = 0; i < steps->count; i++) {
		const struct dial_step *s = &steps->item[i];

		fprintf(f, " %d %d %u %u %s", s->app, s->simultaneous, s->ring_seconds, s->code,
			dump_text(s->reason));
		dump_times(f, &s->active_times);
		for (unsigned t = 0; t < s->target_count; t++)
			dump_target(f, &s->target[t]);
		dump_steps(f, &s->then_steps);
		dump_steps(f, &s->else_steps);
	}
	fprintf(f, "}");
}

static inline int dump_dial_plan(struct hash_link *link, void *arg)
{
	const struct dial_plan_node *n = HASH_OBJECT(link, struct dial_plan_node, by_id);
	struct dump_line l;
	FILE *f = dump_open(&l);

	fprintf(f, "P");
	dump_uuid(f, &n->plan.id);
	dump_uuid(f, &n->plan.account->id);
	fprintf(f, " %s %s used %u", dump_text(n->plan.name), n->plan.internal_number, n->dids);
	dump_steps(f, &n->plan.steps);
	dump_close(&l, arg);
	return 0;
}

static inline void dump_flow(FILE *f, const struct cfg_did_flow *flow)
{
	fprintf(f, " flow");
	if (flow->dial_plan)
		dump_uuid(f, &flow->dial_plan->id);
	for (unsigned i = 0; i < flow->forwarding_count; i++) {
		const struct forwarding *w = &flow->forwarding[i];

		fprintf(f, " (%s %d %u %d %d %" PRIu64, w->designation, w->enabled, w->ring_seconds,
			w->has_display, w->calling_party_display, w->calling_party_number);
		dump_target(f, &w->target);
		dump_times(f, &w->active_times);
		fprintf(f, ")");
	}
}

static inline void dump_did(struct cfg_did *d, void *arg)
{
	struct dump_line l;
	FILE *f = dump_open(&l);

	fprintf(f, "D %" PRIu64, d->number);
	dump_uuid(f, &d->account->id);
	if (d->trunk)
		dump_uuid(f, &d->trunk->id);
	fprintf(f, " %u %d %x %d %d %d %d", d->ring_seconds, d->has_triggers, d->triggers,
		d->enabled, d->incoming_action, d->has_display, d->calling_party_display);
	if (d->failover) {
		fprintf(f, " failover %" PRIu64 " %" PRIu64, d->failover->number,
			d->failover->calling_party_number);
		dump_addresses(f, &d->failover->backup_pbxs);
		if (d->failover->flow)
			dump_flow(f, d->failover->flow);
	}
	dump_close(&l, arg);
}

static inline int dump_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void cfg_dump_make(struct cfg_dump *d, const struct cfg *cfg)
{
	memset(d, 0, sizeof(*d));
	hash_each(&cfg->accounts, dump_account, d);
	hash_each(&cfg->trunks, dump_trunk, d);
	hash_each(&cfg->sip_accounts, dump_sip_account, d);
	hash_each(&cfg->dial_plans, dump_dial_plan, d);
	hash_each(&cfg->gateways, dump_gateway, d);
	did_table_each(&cfg->dids, dump_did, d);
	if (d->count)
		qsort(d->line, d->count, sizeof(*d->line), dump_compare);
}

static inline void cfg_dump_fini(struct cfg_dump *d)
{
	for (size_t i = 0; i < d->count; i++)
		free(d->line[i]);
	free(d->line);
}

/* The first difference as text, "" when both are the same. */
static inline const char *cfg_difference(const struct cfg *a, const struct cfg *b)
{
	static char text[2048];
	struct cfg_dump x, y;
	size_t i = 0;

	cfg_dump_make(&x, a);
	cfg_dump_make(&y, b);
	while (i < x.count && i < y.count && !strcmp(x.line[i], y.line[i]))
		i++;
	text[0] = '\0';
	if (i < x.count || i < y.count)
		snprintf(text, sizeof(text), "%zu and %zu objects; \"%s\" against \"%s\"", x.count,
			y.count, i < x.count ? x.line[i] : "nothing",
			i < y.count ? y.line[i] : "nothing");
	cfg_dump_fini(&x);
	cfg_dump_fini(&y);
	return text;
}

#endif
