#include "sip/recorder_item.h"

#include <string.h>

#include "core/mem.h"

static size_t room(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

/* Moves a text behind the item; *text then points there. */
static void pack(char **at, const char **text)
{
	size_t len = room(*text);

	if (!len)
		return;
	memcpy(*at, *text, len);
	*text = *at;
	*at += len;
}

static struct recorder_item *item_new(enum recorder_item_kind kind, size_t text)
{
	struct recorder_item *item = mem_alloc(sizeof(*item) + text);

	if (item)
		item->kind = kind;
	return item;
}

struct recorder_item *recorder_item_entry(enum recorder_item_kind kind, uint8_t entry_kind,
	const void *key, size_t key_len, const void *value, size_t value_len)
{
	struct recorder_item *item = item_new(kind, key_len + value_len);

	if (!item)
		return NULL;
	item->entry.kind = entry_kind;
	item->entry.key_len = key_len;
	item->entry.value_len = value_len;
	if (key_len)
		memcpy(item->text, key, key_len);
	if (value_len)
		memcpy(item->text + key_len, value, value_len);
	return item;
}

static size_t cdr_room(const struct cdr *c)
{
	size_t size = room(c->direction) + room(c->caller) + room(c->called) +
		      room(c->sip_call_id) + room(c->disposition) + room(c->cause) +
		      room(c->ended_by) + room(c->revision);

	for (unsigned i = 0; i < c->attempts; i++) {
		const struct cdr_attempt *a = &c->attempt[i];

		size += room(a->kind) + room(a->target) + room(a->rule) + room(a->trigger) +
			room(a->disposition) + room(a->cause);
	}
	return size;
}

struct recorder_item *recorder_item_cdr(const struct cdr *cdr)
{
	size_t attempts = cdr->attempts * sizeof(*cdr->attempt);
	/* The attempts need their alignment: they come first behind the item, at a multiple of eight. */
	size_t pad = -sizeof(struct recorder_item) % _Alignof(struct cdr_attempt);
	struct recorder_item *item = item_new(ITEM_CDR, pad + attempts + cdr_room(cdr));
	struct cdr_attempt *copy;
	struct cdr *c;
	char *at;

	if (!item)
		return NULL;
	c = &item->cdr;
	*c = *cdr;
	copy = (struct cdr_attempt *)(void *)((char *)item + sizeof(*item) + pad);
	at = (char *)copy + attempts;
	if (attempts)
		memcpy(copy, cdr->attempt, attempts);
	c->attempt = copy;
	pack(&at, &c->direction);
	pack(&at, &c->caller);
	pack(&at, &c->called);
	pack(&at, &c->sip_call_id);
	pack(&at, &c->disposition);
	pack(&at, &c->cause);
	pack(&at, &c->ended_by);
	pack(&at, &c->revision);
	for (unsigned i = 0; i < c->attempts; i++) {
		pack(&at, &copy[i].kind);
		pack(&at, &copy[i].target);
		pack(&at, &copy[i].rule);
		pack(&at, &copy[i].trigger);
		pack(&at, &copy[i].disposition);
		pack(&at, &copy[i].cause);
	}
	return item;
}

struct recorder_item *recorder_item_event(const struct worker_event *event)
{
	struct recorder_item *item =
		item_new(ITEM_EVENT, room(event->type) + room(event->subject) + room(event->data));
	struct worker_event *e;
	char *at;

	if (!item)
		return NULL;
	e = &item->event;
	*e = *event;
	at = item->text;
	pack(&at, &e->type);
	pack(&at, &e->subject);
	pack(&at, &e->data);
	return item;
}

struct recorder_item *recorder_item_binding(
	enum recorder_item_kind kind, const struct observed_binding *binding)
{
	struct recorder_item *item = item_new(
		kind, room(binding->contact) + room(binding->source) + room(binding->path) +
			      room(binding->user_agent) + room(binding->call_id));
	struct observed_binding *b;
	char *at;

	if (!item)
		return NULL;
	b = &item->binding;
	*b = *binding;
	at = item->text;
	pack(&at, &b->contact);
	pack(&at, &b->source);
	pack(&at, &b->path);
	pack(&at, &b->user_agent);
	pack(&at, &b->call_id);
	return item;
}

struct recorder_item *recorder_item_health(const struct observed_health *health)
{
	struct recorder_item *item = item_new(
		ITEM_HEALTH, room(health->kind) + room(health->target) + room(health->state));
	struct observed_health *h;
	char *at;

	if (!item)
		return NULL;
	h = &item->health;
	*h = *health;
	at = item->text;
	pack(&at, &h->kind);
	pack(&at, &h->target);
	pack(&at, &h->state);
	return item;
}

struct recorder_item *recorder_item_call(
	enum recorder_item_kind kind, const struct observed_call *call)
{
	struct recorder_item *item =
		item_new(kind, room(call->caller) + room(call->called) + room(call->sip_call_id) +
				       room(call->caller_tag) + room(call->attempt_kind) +
				       room(call->attempt_target));
	struct observed_call *c;
	char *at;

	if (!item)
		return NULL;
	c = &item->call;
	*c = *call;
	at = item->text;
	pack(&at, &c->caller);
	pack(&at, &c->called);
	pack(&at, &c->sip_call_id);
	pack(&at, &c->caller_tag);
	pack(&at, &c->attempt_kind);
	pack(&at, &c->attempt_target);
	return item;
}

struct recorder_item *recorder_item_registration(const struct observed_registration *registration)
{
	struct recorder_item *item = item_new(
		ITEM_REGISTRATION, room(registration->state) + room(registration->registrar) +
					   room(registration->source));
	struct observed_registration *r;
	char *at;

	if (!item)
		return NULL;
	r = &item->registration;
	*r = *registration;
	at = item->text;
	pack(&at, &r->state);
	pack(&at, &r->registrar);
	pack(&at, &r->source);
	return item;
}

struct recorder_item *recorder_item_calls(const struct uuid *trunk_id, uint32_t calls_up)
{
	struct recorder_item *item = item_new(ITEM_CALLS, 0);

	if (item) {
		item->calls.trunk_id = *trunk_id;
		item->calls.calls_up = calls_up;
	}
	return item;
}
