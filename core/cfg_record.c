#include "core/cfg_record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/cfg_change.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/record.h"
#include "core/zoneinfo.h"

static struct log_kind unknown_zone = LOG_KIND("time_zone", LOG_LEVEL_ERROR);

enum { SECONDS_MAX = 7 * 86400, LINE_MAX_LEN = 1 << 20 };

static void read_country(struct record *r, char out[3])
{
	struct str raw;
	bool null;

	if (!record_next(r, "default_country", &raw, &null) || null || !raw.len)
		return;
	if (str_copy(out, 3, raw) || !e164_country_known(out))
		record_fail(r, EINVAL, "default_country", "is no known country");
}

static void *new_node(struct record *r, size_t size)
{
	void *node = mem_zalloc(1, size);

	if (!node)
		record_fail(r, ENOMEM, "the record", "finds no memory");
	return node;
}

static void read_destination_rules(struct record *r, struct destination_rules *out)
{
	struct str raw;
	const char *wrong;
	bool null;
	int err;

	if (!record_next(r, "destination_rules", &raw, &null) || null)
		return;
	err = destination_rules_parse(raw, out, &wrong);
	if (err)
		record_fail(r, err, "destination_rules", err == ENOMEM ? "finds no memory" : wrong);
}

/* A zone that this machine does not know must not make an account vanish: it is UTC then. */
static void read_timezone(struct record *r, struct cfg_account *a)
{
	record_text_or_empty(r, "timezone", &a->timezone);
	if (a->timezone && zoneinfo_rule(a->timezone[0] ? a->timezone : "UTC", &a->zone))
		log_limited(&unknown_zone, "the time zone %s is not known here, UTC is used for it",
			a->timezone);
}

static void read_account(struct record *r, struct cfg_change *c)
{
	struct account_node *n = c->account = new_node(r, sizeof(*n));
	struct cfg_account *a;
	int display;

	if (!n)
		return;
	a = &n->account;
	record_uuid(r, "id", &a->id);
	record_bool(r, "enabled", &a->enabled);
	read_country(r, a->default_country);
	read_timezone(r, a);
	record_bool(r, "ha_addon", &a->ha_addon);
	record_number(r, "failover_number", &a->failover_number);
	record_addresses(r, "backup_pbxs", &a->backup_pbxs);
	record_word(r, "calling_party_display", calling_party_display_parse, &display);
	record_number(r, "calling_party_number", &a->calling_party_number);
	if (record_more(r))
		read_destination_rules(r, &a->destination_rules);
	a->calling_party_display = (enum calling_party_display)display;
}

static void read_trunk(struct record *r, struct cfg_change *c)
{
	struct trunk_node *n = c->trunk = new_node(r, sizeof(*n));
	struct cfg_trunk *t;
	int delivery, mode;
	bool has;

	if (!n)
		return;
	t = &n->trunk;
	record_uuid(r, "id", &t->id);
	record_uuid(r, "account_id", &c->owner);
	record_bool(r, "enabled", &t->enabled);
	record_uint(r, "max_concurrent_calls", 0, UINT32_MAX, &t->max_concurrent_calls);
	record_u16(r, "first_response_seconds", false, &t->first_response_seconds);
	record_u16(r, "ring_seconds", false, &t->ring_seconds);
	record_uint(r, "max_call_seconds", 1, SECONDS_MAX, &t->max_call_seconds);
	record_text_or_empty(r, "caller_id", &t->caller_id);
	record_word(r, "did_delivery", did_delivery_parse, &delivery);
	record_word(r, "ha_mode", ha_mode_parse, &mode);
	record_bool(r, "failover_enabled", &t->failover_enabled);
	record_uuid_or_none(r, "failover_dial_plan_id", &t->failover_dial_plan_id);
	record_triggers(r, "triggers", &t->triggers, &has);
	if (!has)
		t->triggers = TRIGGERS_DEFAULT;
	if (record_more(r))
		record_bool(r, "draining", &t->draining);
	t->did_delivery = (enum did_delivery)delivery;
	t->ha_mode = (enum ha_mode)mode;
}

static void read_dial_plan(struct record *r, struct cfg_change *c)
{
	struct dial_plan_node *n = c->dial_plan = new_node(r, sizeof(*n));
	struct cfg_dial_plan *p;

	if (!n)
		return;
	p = &n->plan;
	record_uuid(r, "id", &p->id);
	record_uuid(r, "account_id", &c->owner);
	record_text_or_empty(r, "name", &p->name);
	record_text_or_empty(r, "internal_number", &p->internal_number);
	if (!r->err && !dial_internal_ok(p->internal_number, strlen(p->internal_number)))
		record_fail(r, EINVAL, "internal_number", "is none");
	record_dial_steps(r, "steps", &p->steps);
}

/* The entries of an index, made beforehand so that applying cannot fail. */
static struct ip_entry *make_entries(struct record *r, const struct cidr_list *list, void *owner)
{
	struct ip_entry *entry;

	if (r->err || !list->count)
		return NULL;
	entry = mem_zalloc(list->count, sizeof(*entry));
	if (!entry) {
		record_fail(r, ENOMEM, "the record", "finds no memory");
		return NULL;
	}
	for (unsigned i = 0; i < list->count; i++)
		entry[i] = (struct ip_entry){.block = list->item[i], .owner = owner};
	return entry;
}

static void read_sip_account(struct record *r, struct cfg_change *c)
{
	struct sip_account_node *n = c->sip_account = new_node(r, sizeof(*n));
	struct cfg_sip_account *a;
	int role, mode;

	if (!n)
		return;
	a = &n->acc;
	record_uuid(r, "id", &a->id);
	record_uuid(r, "trunk_id", &c->owner);
	record_word(r, "role", sip_account_role_parse, &role);
	record_text_or_empty(r, "label", &a->label);
	record_word(r, "auth_mode", auth_mode_parse, &mode);
	record_text(r, "username", &a->username);
	record_hex(r, "ha1_md5", a->ha1_md5, sizeof(a->ha1_md5));
	record_hex(r, "ha1_sha256", a->ha1_sha256, sizeof(a->ha1_sha256));
	record_cidrs(r, "ip_addresses", &a->ip_addresses);
	record_address(r, "address", &a->address);
	a->role = (enum sip_account_role)role;
	a->auth_mode = (enum auth_mode)mode;
	if (a->auth_mode == AUTH_REGISTRATION && (!a->username || !a->username[0]))
		record_fail(r, EINVAL, "username", "is missing in registration mode");
	n->ip = make_entries(r, &a->ip_addresses, a);
}

/* All of it is null when there is none. */
static void read_registration(struct record *r, struct cfg_registration *g)
{
	uint32_t expires = 0;

	record_text(r, "username", &g->username);
	record_text(r, "password", &g->password);
	record_address(r, "registrar", &g->registrar);
	record_address(r, "failover_registrar", &g->failover_registrar);
	if (!g->username) {
		record_u16(r, "expires_seconds", true, &(uint16_t){0});
		record_u16(r, "register_failover_seconds", true, &(uint16_t){0});
		return;
	}
	if (!g->username[0] || !g->password)
		record_fail(r, EINVAL, "registration", "has no username or no password");
	record_uint(r, "expires_seconds", 1, SECONDS_MAX, &expires);
	record_u16(r, "register_failover_seconds", false, &g->register_failover_seconds);
	g->expires_seconds = expires;
}

static void read_gateway(struct record *r, struct cfg_change *c)
{
	struct gateway_node *n = c->gateway = new_node(r, sizeof(*n));
	struct cfg_gateway *g;
	uint32_t priority = 0;

	if (!n)
		return;
	g = &n->gw;
	record_uuid(r, "id", &g->id);
	record_text_or_empty(r, "name", &g->name);
	record_bool(r, "enabled", &g->enabled);
	record_address(r, "address", &g->address);
	if (!g->address.host)
		record_fail(r, EINVAL, "address", "is null");
	record_address(r, "failover_address", &g->failover_address);
	record_u16(r, "failover_seconds", false, &g->failover_seconds);
	record_prefixes(r, "prefixes", &g->prefixes);
	record_uint(r, "priority", 0, UINT16_MAX, &priority);
	record_bool(r, "public_trunk", &g->public_trunk);
	record_cidrs(r, "inbound_ip_addresses", &g->inbound_ip_addresses);
	if (record_more(r))
		read_registration(r, &g->registration);
	g->priority = (uint16_t)priority;
	n->ip = make_entries(r, &g->inbound_ip_addresses, g);
}

/* calling_party_display of a DID: \N means the account's, which a word cannot say. */
static void read_did_display(struct record *r, struct cfg_did *did)
{
	struct str raw;
	int display;

	if (!record_next(r, "calling_party_display", &raw, &(bool){false}))
		return;
	if (str_eq(raw, str_lit("\\N")))
		return;
	display = record_word_of(raw, calling_party_display_parse);
	if (display < 0)
		record_fail(r, EINVAL, "calling_party_display", "is an unknown word");
	else
		did->calling_party_display = (unsigned)display & 3;
	did->has_display = true;
}

static void read_did(struct record *r, struct cfg_change *c)
{
	struct did_record *d = &c->did;
	struct cfg_did_failover *f = &d->failover;
	bool enabled = false, has = false;
	int action;

	record_number(r, "number", &d->did.number);
	if (!d->did.number)
		record_fail(r, EINVAL, "number", "is null");
	record_uuid(r, "account_id", &d->account_id);
	record_uuid_or_none(r, "trunk_id", &d->trunk_id);
	record_uuid_or_none(r, "dial_plan_id", &d->dial_plan_id);
	if (!uuid_is_zero(&d->trunk_id) && !uuid_is_zero(&d->dial_plan_id))
		record_fail(r, EINVAL, "dial_plan_id", "stands beside a trunk_id");
	record_bool(r, "enabled", &enabled);
	record_word(r, "incoming_action", incoming_action_parse, &action);
	record_u16(r, "ring_seconds", true, &d->did.ring_seconds);
	record_triggers(r, "triggers", &d->did.triggers, &has);
	record_number(r, "failover_number", &f->number);
	record_addresses(r, "backup_pbxs", &f->backup_pbxs);
	read_did_display(r, &d->did);
	record_number(r, "calling_party_number", &f->calling_party_number);
	d->did.enabled = enabled;
	d->did.has_triggers = has;
	d->did.incoming_action = action == INCOMING_RING_THEN_FORWARD;
	if (record_more(r))
		record_forwardings(
			r, "forwardings", &d->flow.forwarding, &d->flow.forwarding_count);
	d->has_flow = d->flow.forwarding_count || !uuid_is_zero(&d->dial_plan_id);
	d->has_failover =
		f->number || f->backup_pbxs.count || f->calling_party_number || d->has_flow;
}

static void read_kind(struct record *r, struct cfg_change *c)
{
	struct str kind;
	bool null;

	if (!record_next(r, "the kind", &kind, &null))
		return;
	c->deletes = kind.len == 2 && kind.p[0] == '-';
	if ((kind.len == 1 || c->deletes) && memchr("ATPSGD", kind.p[kind.len - 1], 6))
		c->kind = kind.p[kind.len - 1];
	else
		record_fail(r, EINVAL, "the kind", "is unknown");
}

static void read_key(struct record *r, struct cfg_change *c)
{
	if (c->kind != 'D') {
		record_uuid(r, "id", &c->id);
		return;
	}
	record_number(r, "number", &c->did.did.number);
	if (!c->did.did.number)
		record_fail(r, EINVAL, "number", "is null");
}

int cfg_change_read(struct cfg_change *c, const char *line, size_t len, struct cfg_reject *reject)
{
	struct record r;
	int err;

	memset(c, 0, sizeof(*c));
	record_init(&r, line, len, reject);
	if (len > LINE_MAX_LEN)
		record_fail(&r, EINVAL, "the record", "is too long");
	read_kind(&r, c);
	if (c->deletes)
		read_key(&r, c);
	else if (c->kind == 'A')
		read_account(&r, c);
	else if (c->kind == 'T')
		read_trunk(&r, c);
	else if (c->kind == 'P')
		read_dial_plan(&r, c);
	else if (c->kind == 'S')
		read_sip_account(&r, c);
	else if (c->kind == 'G')
		read_gateway(&r, c);
	else if (c->kind == 'D')
		read_did(&r, c);
	err = record_end(&r);
	if (err)
		cfg_change_fini(c);
	return err;
}

void cfg_change_fini(struct cfg_change *c)
{
	switch (c->deletes ? 0 : c->kind) {
	case 'A':
		account_node_free(c->account);
		break;
	case 'T':
		trunk_node_free(c->trunk);
		break;
	case 'P':
		dial_plan_node_free(c->dial_plan);
		break;
	case 'S':
		sip_account_node_free(c->sip_account);
		break;
	case 'G':
		gateway_node_free(c->gateway);
		break;
	default:
		sip_address_list_fini(&c->did.failover.backup_pbxs);
		did_flow_clear(&c->did.flow);
		break;
	}
	memset(c, 0, sizeof(*c));
}

int cfg_change_parse(
	const char *line, size_t len, struct cfg_change **change, struct cfg_reject *reject)
{
	struct cfg_change *c = mem_alloc(sizeof(*c));
	int err = c ? cfg_change_read(c, line, len, reject) : ENOMEM;

	if (err) {
		mem_free(c);
		return err;
	}
	*change = c;
	return 0;
}

void cfg_change_free(struct cfg_change *change)
{
	if (!change)
		return;
	cfg_change_fini(change);
	mem_free(change);
}

int cfg_change_apply(struct cfg *cfg, struct cfg_change *change, struct cfg_reject *reject)
{
	int err = cfg_change_carry_out(cfg, change, reject);

	cfg_change_free(change);
	return err;
}

int cfg_record_apply(struct cfg *cfg, const char *line, size_t len, struct cfg_reject *reject)
{
	struct cfg_change c;
	int err = cfg_change_read(&c, line, len, reject);

	if (err)
		return err;
	err = cfg_change_carry_out(cfg, &c, reject);
	cfg_change_fini(&c);
	return err;
}

void cfg_record_name(const char *line, size_t len, char *out, size_t size)
{
	struct record r;
	struct str kind = {"", 0}, key = {"", 0};
	bool null, number;
	int written;

	record_init(&r, line, len, NULL);
	if (record_next(&r, "the kind", &kind, &null))
		record_next(&r, "id", &key, &null);
	number = kind.len && kind.p[kind.len - 1] == 'D';
	/* Longer than any kind and key: not a record, but still worth a look. */
	written = snprintf(out, size, "%.*s %s%.*s", kind.len > 2 ? 2 : (int)kind.len, kind.p,
		number ? "+" : "", key.len > UUID_TEXT_LEN ? UUID_TEXT_LEN : (int)key.len, key.p);
	for (int i = 0; i < written && (size_t)i + 1 < size; i++)
		if (out[i] < 0x20 || out[i] > 0x7e)
			out[i] = '?';
}
