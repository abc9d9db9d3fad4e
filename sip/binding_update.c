/* One REGISTER's changes: planned first, then carried out, so that it is all or nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sip/binding_store.h"
#include "sip/contact.h"

/* What becomes of one contact. */
struct step {
	const struct binding_contact *contact;
	struct binding *old; /* replaced or removed; NULL: none */
	struct binding *new; /* NULL: none */
};

struct plan {
	unsigned count;
	struct step step[BINDINGS_MAX];
	struct binding *evicted[BINDINGS_MAX];
	unsigned evictions;
	bool adds;
};

static bool out_of_order(const struct binding *b, const struct binding_update *u)
{
	return u->cseq <= b->cseq && str_eq(str_of(b->call_id), u->call_id);
}

static struct binding *find(const struct binding_owner *o, struct str uri)
{
	struct sip_uri wanted, have;

	if (!o || sip_uri_parse(&wanted, uri))
		return NULL;
	for (struct binding *b = o->first; b; b = b->next) {
		if (!sip_uri_parse(&have, str_of(b->contact)) && contact_same(&wanted, &have))
			return b;
	}
	return NULL;
}

static int star_plan(struct plan *p, const struct binding_owner *o, const struct binding_update *u)
{
	for (struct binding *b = o ? o->first : NULL; b; b = b->next) {
		if (out_of_order(b, u))
			return ESTALE;
		p->step[p->count++].old = b;
	}
	return 0;
}

static bool planned(const struct plan *p, const struct binding *b)
{
	for (unsigned i = 0; i < p->count; i++) {
		if (p->step[i].old == b)
			return true;
	}
	return false;
}

/* One contact named twice in a request: the first one counts. */
static bool named_before(const struct plan *p, const struct binding *old, struct str uri)
{
	struct sip_uri a, b;

	if (old)
		return planned(p, old);
	for (unsigned i = 0; i < p->count; i++) {
		if (!sip_uri_parse(&a, uri) && !sip_uri_parse(&b, p->step[i].contact->uri) &&
			contact_same(&a, &b))
			return true;
	}
	return false;
}

static int contacts_plan(
	struct plan *p, const struct binding_owner *o, const struct binding_update *u)
{
	for (unsigned i = 0; i < u->count; i++) {
		const struct binding_contact *c = &u->contact[i];
		struct binding *old = find(o, c->uri);

		if (old && out_of_order(old, u))
			return ESTALE;
		if (named_before(p, old, c->uri))
			continue;
		if (!old && !c->expires_seconds)
			continue;
		p->step[p->count++] = (struct step){.contact = c, .old = old};
	}
	return 0;
}

/* The least recently refreshed one of the same source address that this request does not name. */
static struct binding *evictable(
	const struct plan *p, const struct binding_owner *o, const struct binding_update *u)
{
	struct binding *oldest = NULL;
	uint8_t mine[16], its[16];

	net_addr_octets(u->source, mine);
	for (struct binding *b = o ? o->first : NULL; b; b = b->next) {
		bool gone = planned(p, b);

		for (unsigned i = 0; i < p->evictions; i++)
			gone |= p->evicted[i] == b;
		net_addr_octets(&b->source, its);
		if (!gone && !memcmp(mine, its, 16) &&
			(!oldest || binding_refreshed_ms(b) < binding_refreshed_ms(oldest)))
			oldest = b;
	}
	return oldest;
}

static int room_plan(struct plan *p, const struct binding_owner *o, const struct binding_update *u)
{
	unsigned after = o ? o->count : 0;

	for (unsigned i = 0; i < p->count; i++) {
		after -= p->step[i].old != NULL;
		if (p->step[i].contact && p->step[i].contact->expires_seconds) {
			after++;
			p->adds = true;
		}
	}
	for (; after > u->max; after--) {
		struct binding *b = evictable(p, o, u);

		if (!b)
			return EUSERS;
		p->evicted[p->evictions++] = b;
	}
	return 0;
}

static struct binding *binding_make(
	const struct binding_update *u, const struct step *step, int64_t now_ms, int64_t wall_ms)
{
	struct binding *b = binding_alloc(step->contact, u->path, u->call_id, u->user_agent);

	if (!b)
		return NULL;
	b->source = *u->source;
	b->cseq = u->cseq;
	b->expires_ms = now_ms + step->contact->expires_seconds * 1000LL;
	b->registered_wall_ms = step->old ? step->old->registered_wall_ms : wall_ms;
	b->refreshed_wall_ms = wall_ms;
	return b;
}

static int bindings_make(
	struct plan *p, const struct binding_update *u, int64_t now_ms, int64_t wall_ms)
{
	for (unsigned i = 0; i < p->count; i++) {
		struct step *step = &p->step[i];

		if (!step->contact || !step->contact->expires_seconds)
			continue;
		step->new = binding_make(u, step, now_ms, wall_ms);
		if (!step->new)
			return ENOMEM;
	}
	return 0;
}

/* Memory for all that comes in, found before anything goes. */
static int additions_make(struct binding_store *s, struct plan *p, struct binding_places *places,
	const struct binding_update *u, int64_t now_ms, int64_t wall_ms)
{
	int err = binding_places_find(s, places, &u->account->id, u->source);

	if (err)
		return err;
	err = bindings_make(p, u, now_ms, wall_ms);
	if (err) {
		for (unsigned i = 0; i < p->count; i++)
			free(p->step[i].new);
		binding_places_release(s, places);
		return err;
	}
	places->owner->secret = binding_secret(u->account);
	binding_owner_checked(s, places->owner);
	return 0;
}

static void step_carry_out(struct binding_store *s, struct step *step)
{
	if (step->old && step->new && !strcmp(step->old->contact, step->new->contact)) {
		binding_discard(s, step->old);
		binding_tell(s, BINDING_REFRESHED, step->new);
		return;
	}
	if (step->old)
		binding_remove(s, step->old, BINDING_REMOVED);
	if (step->new)
		binding_tell(s, BINDING_ADDED, step->new);
}

/* The new ones first, so that owner and source do not go in between; backwards, so that of two with
 * the same q the one that the PBX named first is tried first. */
static void plan_carry_out(struct binding_store *s, struct plan *p, struct binding_places *places)
{
	for (unsigned i = p->count; i-- > 0;) {
		if (p->step[i].new)
			binding_attach(places, p->step[i].new);
	}
	for (unsigned i = 0; i < p->evictions; i++)
		binding_remove(s, p->evicted[i], BINDING_REMOVED);
	for (unsigned i = 0; i < p->count; i++)
		step_carry_out(s, &p->step[i]);
}

int binding_update(
	struct binding_store *s, const struct binding_update *u, int64_t now_ms, int64_t wall_ms)
{
	const struct binding_owner *o = binding_owner_of(s, &u->account->id);
	struct binding_places places = {.owner = NULL};
	struct plan p = {.count = 0};
	int err;

	if (u->count > BINDINGS_MAX || u->max > BINDINGS_MAX)
		return EUSERS;
	err = u->star ? star_plan(&p, o, u) : contacts_plan(&p, o, u);
	if (!err)
		err = room_plan(&p, o, u);
	if (!err && p.adds)
		err = additions_make(s, &p, &places, u, now_ms, wall_ms);
	if (!err)
		plan_carry_out(s, &p, &places);
	return err;
}
