#include "sip/call.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "core/slots.h"
#include "sip/live_call.h"
#include "sip/loop.h"
#include "sip/relay.h"
#include "sip/setup.h"
#include "sip/worker.h"

enum { DIALOG_KEY_MAX = 1024 };

int calls_init(struct calls *calls, const uint8_t key[16])
{
	*calls = (struct calls){.round = 1};
	calls->changed.next = calls->changed.before = &calls->changed;
	calls->told.next = calls->told.before = &calls->told;
	return hash_init(&calls->by_dialog, key, 1024);
}

static int free_link(struct hash_link *link, void *arg)
{
	struct call *call = HASH_OBJECT(link, struct call, link);

	(void)arg;
	call->live.reported = false;
	call_free(call);
	return 0;
}

void calls_fini(struct calls *calls)
{
	hash_each(&calls->by_dialog, free_link, NULL);
	hash_fini(&calls->by_dialog);
}

static uint64_t dialog_hash(const struct hash *table, struct str call_id, struct str tag)
{
	char key[DIALOG_KEY_MAX];
	size_t n = call_id.len < sizeof(key) / 2 ? call_id.len : sizeof(key) / 2;
	size_t t = tag.len < sizeof(key) / 2 ? tag.len : sizeof(key) / 2;

	if (n)
		memcpy(key, call_id.p, n);
	if (t)
		memcpy(key + n, tag.p, t);
	return hash_key(table, key, n + t);
}

int call_new(struct call **callp, struct worker *w, struct str call_id, struct str caller_tag)
{
	struct call *call = calloc(1, sizeof(*call) + call_id.len + 1);

	if (!call)
		return ENOMEM;
	if (leg_set(&call->leg[LEG_CALLER], caller_tag, str_lit(""), str_lit(""), str_lit(""))) {
		free(call);
		return ENOMEM;
	}
	if (call_id.len)
		memcpy(call->call_id, call_id.p, call_id.len);
	call->call_id_len = call_id.len;
	call->w = w;
	call->started_ms = loop_now(w->loop);
	call->started_wall_ms = loop_wall_ms(w->loop);
	call->end_at = call->session_at = call->probe_at = INT64_MAX;
	hash_insert(&w->calls.by_dialog, &call->link,
		dialog_hash(&w->calls.by_dialog, call_id, caller_tag));
	live_call_changed(call);
	*callp = call;
	return 0;
}

struct uuid call_caller_id(const struct call *call)
{
	struct uuid id = call->id;

	id.b[sizeof(id.b) - 1] ^= 0x80;
	return id;
}

void call_take_caller_slot(struct call *call)
{
	struct call_origin *o = &call->origin;
	struct uuid id = call_caller_id(call);

	if (uuid_is_zero(&o->trunk_id) || o->holds_slot)
		return;
	if (slots_take(call->w->slots, &o->trunk_id, &id, UINT32_MAX) == 0) {
		o->holds_slot = true;
		worker_trunk_changed(call->w, &o->trunk_id);
	}
}

static void release_caller_slot(struct call *call)
{
	struct call_origin *o = &call->origin;
	struct uuid id = call_caller_id(call);

	if (!o->holds_slot)
		return;
	o->holds_slot = false;
	slots_release(call->w->slots, &o->trunk_id, &id);
	worker_trunk_changed(call->w, &o->trunk_id);
}

void call_free(struct call *call)
{
	hash_remove(&call->w->calls.by_dialog, &call->link);
	wheel_cancel(loop_wheel(call->w->loop), &call->timer);
	live_call_gone(call);
	call_release_slots(call);
	failover_leg_release(call);
	release_caller_slot(call);
	setup_free(call->setup);
	relay_orphan(call);
	leg_fini(&call->leg[LEG_CALLER]);
	leg_fini(&call->leg[LEG_CALLEE]);
	free(call->mask);
	free(call->record);
	free(call->caller);
	free(call->called);
	free(call);
}

struct call *call_find(struct worker *w, struct str call_id, struct str caller_tag)
{
	const struct hash *table = &w->calls.by_dialog;
	struct hash_link *l = hash_first(table, dialog_hash(table, call_id, caller_tag));

	for (; l; l = hash_next(l)) {
		struct call *call = HASH_OBJECT(l, struct call, link);
		if (str_eq((struct str){call->call_id, call->call_id_len}, call_id) &&
			str_eq(str_of(call->leg[LEG_CALLER].tag), caller_tag))
			return call;
	}
	return NULL;
}

struct call *call_of(struct worker *w, const struct sip_msg *m, enum leg_side *from)
{
	struct call *call = call_find(w, m->call_id, m->from.tag);

	*from = LEG_CALLER;
	if (call)
		return call;
	*from = LEG_CALLEE;
	return call_find(w, m->call_id, m->to.tag);
}

static struct uuid *slot_at(struct call *call, unsigned i)
{
	return i ? &call->setup->slot[i - 1] : &call->slot;
}

static unsigned slot_index(struct call *call, const struct uuid *trunk)
{
	unsigned i = 0;

	while (i < call->slots && !uuid_equal(slot_at(call, i), trunk))
		i++;
	return i;
}

int call_take_slot(struct call *call, const struct uuid *trunk, uint32_t limit)
{
	unsigned i = slot_index(call, trunk);
	int err;

	if (i < call->slots)
		return 0;
	err = i < CALL_SLOTS_MAX ? slots_take(call->w->slots, trunk, &call->id, limit) : EBUSY;
	if (err)
		return err;
	*slot_at(call, call->slots++) = *trunk;
	worker_trunk_changed(call->w, trunk);
	return 0;
}

void call_release_slot(struct call *call, const struct uuid *trunk)
{
	unsigned i = slot_index(call, trunk);
	struct uuid id;

	if (i == call->slots)
		return;
	id = *slot_at(call, i); /* trunk may point there */
	*slot_at(call, i) = *slot_at(call, --call->slots);
	slots_release(call->w->slots, &id, &call->id);
	worker_trunk_changed(call->w, &id);
}

void call_release_slots(struct call *call)
{
	while (call->slots)
		call_release_slot(call, &call->slot);
}

void call_keep_slot(struct call *call, const struct uuid *trunk)
{
	while (call->slots > 1)
		call_release_slot(call, slot_at(call, uuid_equal(&call->slot, trunk)));
}

int leg_set(
	struct leg *leg, struct str tag, struct str address, struct str contact, struct str route)
{
	const struct str part[] = {tag, address, contact, route};
	char **const field[] = {&leg->tag, &leg->address, &leg->contact, &leg->route};
	size_t size = 0;
	char *at;

	for (unsigned i = 0; i < 4; i++)
		size += part[i].len + 1;
	at = malloc(size);
	if (!at)
		return ENOMEM;
	char *old = leg->tag;
	for (unsigned i = 0; i < 4; i++) {
		if (part[i].len)
			memcpy(at, part[i].p, part[i].len);
		at[part[i].len] = '\0';
		*field[i] = at;
		at += part[i].len + 1;
	}
	free(old);
	return 0;
}

void leg_fini(struct leg *leg)
{
	free(leg->tag);
	leg->tag = NULL;
}
