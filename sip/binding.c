#include "sip/binding.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sip/binding_store.h"

enum { EXPECTED = 1024 };

static const char *const event_words[] = {
	[BINDING_ADDED] = "added",
	[BINDING_REFRESHED] = "refreshed",
	[BINDING_REMOVED] = "removed",
	[BINDING_EXPIRED] = "expired",
	[BINDING_DROPPED] = "dropped",
};

const char *binding_event_word(enum binding_event ev)
{
	return event_words[ev];
}

int binding_store_new(struct binding_store **sp, struct wheel *wheel, binding_event_h *h, void *arg)
{
	uint8_t key[SIPHASH_KEY_LEN];
	struct binding_store *s;

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return EIO;
	s = calloc(1, sizeof(*s));
	if (!s)
		return ENOMEM;
	s->wheel = wheel;
	s->h = h;
	s->arg = arg;
	if (hash_init(&s->owners, key, EXPECTED) || hash_init(&s->sources, key, EXPECTED) ||
		hash_init(&s->conns, key, EXPECTED)) {
		binding_store_free(s);
		return ENOMEM;
	}
	*sp = s;
	return 0;
}

void binding_store_free(struct binding_store *s)
{
	if (!s)
		return;
	s->h = NULL;
	while (s->oldest)
		binding_remove(s, s->oldest->first, BINDING_DROPPED);
	hash_fini(&s->owners);
	hash_fini(&s->sources);
	hash_fini(&s->conns);
	free(s);
}

void binding_tell(const struct binding_store *s, enum binding_event ev, const struct binding *b)
{
	if (s->h)
		s->h(ev, b, s->arg);
}

uint64_t binding_secret(const struct cfg_sip_account *acc)
{
	static const uint8_t key[SIPHASH_KEY_LEN] = "binding secret";
	const char *username = acc->username ? acc->username : "";

	return siphash(key, username, strlen(username)) * 31 +
	       siphash(key, acc->ha1_md5, strlen(acc->ha1_md5)) * 37 +
	       siphash(key, acc->ha1_sha256, strlen(acc->ha1_sha256));
}

struct binding_owner *binding_owner_of(const struct binding_store *s, const struct uuid *id)
{
	uint64_t hash = hash_key(&s->owners, id, sizeof(*id));

	for (struct hash_link *l = hash_first(&s->owners, hash); l; l = hash_next(l)) {
		struct binding_owner *o = HASH_OBJECT(l, struct binding_owner, link);

		if (uuid_equal(&o->id, id))
			return o;
	}
	return NULL;
}

static struct binding_source *source_of(const struct binding_store *s, const uint8_t octets[16])
{
	uint64_t hash = hash_key(&s->sources, octets, 16);

	for (struct hash_link *l = hash_first(&s->sources, hash); l; l = hash_next(l)) {
		struct binding_source *src = HASH_OBJECT(l, struct binding_source, link);

		if (!memcmp(src->octets, octets, 16))
			return src;
	}
	return NULL;
}

static void owner_unlist(struct binding_store *s, struct binding_owner *o)
{
	*(o->prev ? &o->prev->next : &s->oldest) = o->next;
	*(o->next ? &o->next->prev : &s->newest) = o->prev;
}

static void owner_list(struct binding_store *s, struct binding_owner *o)
{
	o->next = NULL;
	o->prev = s->newest;
	*(s->newest ? &s->newest->next : &s->oldest) = o;
	s->newest = o;
}

void binding_owner_checked(struct binding_store *s, struct binding_owner *o)
{
	owner_unlist(s, o);
	owner_list(s, o);
	o->checked = s->generation;
}

static char *text_put(char *at, struct str s, const char **where)
{
	*where = at;
	if (s.len)
		memcpy(at, s.p, s.len);
	at[s.len] = '\0';
	return at + s.len + 1;
}

struct binding *binding_alloc(
	const struct binding_contact *c, struct str path, struct str call_id, struct str user_agent)
{
	size_t len = c->uri.len + path.len + call_id.len + user_agent.len + 4;
	struct binding *b = calloc(1, sizeof(*b) + len);
	char *at;

	if (!b)
		return NULL;
	at = text_put(b->text, c->uri, &b->contact);
	at = text_put(at, path, &b->path);
	at = text_put(at, call_id, &b->call_id);
	(void)text_put(at, user_agent, &b->user_agent);
	b->flow = c->flow;
	b->q = c->q;
	b->expires_seconds = c->expires_seconds;
	return b;
}

int binding_places_find(struct binding_store *s, struct binding_places *p, const struct uuid *id,
	const union net_addr *source)
{
	uint8_t octets[16];

	net_addr_octets(source, octets);
	*p = (struct binding_places){binding_owner_of(s, id), source_of(s, octets), false, false};
	if (!p->owner) {
		p->owner = calloc(1, sizeof(*p->owner));
		if (!p->owner)
			return ENOMEM;
		p->owner->id = *id;
		p->owner->store = s;
		p->owner->checked = s->generation;
		hash_insert(&s->owners, &p->owner->link, hash_key(&s->owners, id, sizeof(*id)));
		owner_list(s, p->owner);
	}
	if (!p->source) {
		p->source = calloc(1, sizeof(*p->source));
		if (!p->source) {
			binding_places_release(s, p);
			return ENOMEM;
		}
		memcpy(p->source->octets, octets, sizeof(octets));
		hash_insert(&s->sources, &p->source->link, hash_key(&s->sources, octets, 16));
	}
	return 0;
}

void binding_places_release(struct binding_store *s, struct binding_places *p)
{
	if (p->owner && !p->owner->count) {
		owner_unlist(s, p->owner);
		hash_remove(&s->owners, &p->owner->link);
		free(p->owner);
	}
	if (p->source && !p->source->bindings) {
		hash_remove(&s->sources, &p->source->link);
		free(p->source);
	}
}

static void expired_h(void *arg, int64_t now_ms)
{
	struct binding *b = arg;

	(void)now_ms;
	binding_remove(b->owner->store, b, BINDING_EXPIRED);
}

int64_t binding_refreshed_ms(const struct binding *b)
{
	return b->expires_ms - b->expires_seconds * 1000LL;
}

static bool better(const struct binding *a, const struct binding *b)
{
	return a->q != b->q ? a->q > b->q : binding_refreshed_ms(a) > binding_refreshed_ms(b);
}

/* Before the first one that is not better. */
static void owner_insert(struct binding_owner *o, struct binding *b)
{
	struct binding **place = &o->first;

	while (*place && better(*place, b))
		place = &(*place)->next;
	b->next = *place;
	*place = b;
	o->count++;
}

void binding_attach(struct binding_places *p, struct binding *b)
{
	struct binding_store *s = p->owner->store;

	b->owner = p->owner;
	b->sip_account_id = p->owner->id;
	owner_insert(p->owner, b);
	p->source->bindings++;
	s->total++;
	if (b->flow.conn)
		hash_insert(&s->conns, &b->by_conn,
			hash_key(&s->conns, &b->flow.conn, sizeof(b->flow.conn)));
	wheel_timer_init(&b->timer, expired_h, b);
	wheel_set(s->wheel, &b->timer, b->expires_ms);
}

static void binding_detach(struct binding_store *s, struct binding *b)
{
	struct binding_owner *o = b->owner;
	struct binding_places p = {.owner = o};
	struct binding **place = &o->first;
	uint8_t octets[16];

	net_addr_octets(&b->source, octets);
	p.source = source_of(s, octets);
	while (*place != b)
		place = &(*place)->next;
	*place = b->next;
	o->count--;
	p.source->bindings--;
	s->total--;
	if (b->flow.conn)
		hash_remove(&s->conns, &b->by_conn);
	wheel_cancel(s->wheel, &b->timer);
	binding_places_release(s, &p);
}

void binding_remove(struct binding_store *s, struct binding *b, enum binding_event ev)
{
	binding_detach(s, b);
	binding_tell(s, ev, b);
	free(b);
}

void binding_discard(struct binding_store *s, struct binding *b)
{
	binding_detach(s, b);
	free(b);
}

int binding_each(
	const struct binding_store *s, const struct uuid *sip_account_id, binding_h *h, void *arg)
{
	const struct binding_owner *o = binding_owner_of(s, sip_account_id);
	int stop = 0;

	for (const struct binding *b = o ? o->first : NULL; b && !stop; b = b->next)
		stop = h(b, arg);
	return stop;
}

unsigned binding_count(const struct binding_store *s, const struct uuid *sip_account_id)
{
	const struct binding_owner *o = binding_owner_of(s, sip_account_id);

	return o ? o->count : 0;
}

size_t binding_total(const struct binding_store *s)
{
	return s->total;
}

int binding_all(const struct binding_store *s, binding_h *h, void *arg)
{
	for (const struct binding_owner *o = s->oldest; o; o = o->next) {
		for (const struct binding *b = o->first; b; b = b->next) {
			int stop = h(b, arg);

			if (stop)
				return stop;
		}
	}
	return 0;
}

bool binding_source_known(const struct binding_store *s, const uint8_t source[16])
{
	return source_of(s, source) != NULL;
}

void binding_conn_gone(struct binding_store *s, uint32_t conn)
{
	uint64_t hash = hash_key(&s->conns, &conn, sizeof(conn));
	struct hash_link *l = hash_first(&s->conns, hash), *next;

	for (; l; l = next) {
		struct binding *b = HASH_OBJECT(l, struct binding, by_conn);

		next = hash_next(l);
		if (b->flow.conn != conn)
			continue;
		if (!b->flow.return_port) {
			binding_remove(s, b, BINDING_DROPPED);
			continue;
		}
		hash_remove(&s->conns, l);
		b->flow.conn = 0;
	}
}

static bool owner_valid(const struct binding_owner *o, const struct cfg *cfg)
{
	const struct cfg_sip_account *acc = cfg_sip_account(cfg, &o->id);

	return acc && acc->auth_mode == AUTH_REGISTRATION && acc->trunk->enabled &&
	       acc->trunk->account->enabled && binding_secret(acc) == o->secret;
}

bool binding_revalidate(struct binding_store *s, const struct cfg *cfg, bool changed, unsigned max)
{
	if (changed)
		s->generation++;
	for (; s->oldest && s->oldest->checked != s->generation; max--) {
		struct binding_owner *o = s->oldest;

		if (!max)
			return false;
		binding_owner_checked(s, o);
		if (owner_valid(o, cfg))
			continue;
		for (unsigned n = o->count; n; n--)
			binding_remove(s, o->first, BINDING_DROPPED);
	}
	return true;
}
