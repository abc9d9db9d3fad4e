/* The inside of the store, for sip/binding*.c only. */
#ifndef SIP_BINDING_STORE_H
#define SIP_BINDING_STORE_H

#include "sip/binding.h"

/* A SIP account that has bindings. */
struct binding_owner {
	struct hash_link link;
	struct uuid id;
	struct binding_store *store;
	struct binding *first; /* best first */
	unsigned count;
	uint64_t secret; /* of username and password: binding_secret() */
	struct binding_owner *prev, *next; /* least recently checked first */
	uint32_t checked; /* the store's generation when it was */
};

/* An address that bindings come from. */
struct binding_source {
	struct hash_link link;
	uint8_t octets[16];
	unsigned bindings;
};

struct binding_store {
	struct hash owners, sources, conns;
	struct wheel *wheel;
	binding_event_h *h;
	void *arg;
	size_t total;
	uint32_t generation;
	struct binding_owner *oldest, *newest;
};

/* What binding_attach() needs memory for is found before anything is changed. */
struct binding_places {
	struct binding_owner *owner;
	struct binding_source *source;
	bool new_owner, new_source;
};

/* Stands for the username and password without holding them. */
uint64_t binding_secret(const struct cfg_sip_account *acc);

struct binding *binding_alloc(const struct binding_contact *c, struct str path, struct str call_id,
	struct str user_agent);
int binding_places_find(struct binding_store *s, struct binding_places *p, const struct uuid *id,
	const union net_addr *source);
/* Frees what was made for nothing. */
void binding_places_release(struct binding_store *s, struct binding_places *p);
/* Cannot fail; sets the timer. */
void binding_attach(struct binding_places *p, struct binding *b);
/* Takes it out, tells the handler, frees it, and its owner with the last one. */
void binding_remove(struct binding_store *s, struct binding *b, enum binding_event ev);
/* The same without telling. */
void binding_discard(struct binding_store *s, struct binding *b);
void binding_tell(const struct binding_store *s, enum binding_event ev, const struct binding *b);

/* Monotonic. */
int64_t binding_refreshed_ms(const struct binding *b);

struct binding_owner *binding_owner_of(const struct binding_store *s, const struct uuid *id);
/* To the end of the list of those to be checked. */
void binding_owner_checked(struct binding_store *s, struct binding_owner *o);

#endif
