/* A write to a resource in the making: the body checked against the fields, what will be stored. */
#ifndef TRUNKGUARD_API_RESOURCE_WRITE_H
#define TRUNKGUARD_API_RESOURCE_WRITE_H

#include <jansson.h>

#include "api/field_check.h"
#include "api/http.h"
#include "api/webhook_secret.h"
#include "core/uuid.h"
#include "db/resource.h"

enum write_mode {
	WRITE_CREATE, /* POST: what is left out gets its default */
	WRITE_REPLACE, /* PUT: the same */
	WRITE_MERGE, /* PATCH: what is left out stays (RFC 7396) */
	WRITE_CLEAR, /* DELETE of a part of a row: all get their defaults */
};

struct resource_write {
	struct http_request *req;
	enum resource_id id;
	const struct resource *r;
	enum write_mode mode;
	json_t *body; /* NULL: WRITE_CLEAR */
	json_t *current; /* what is there, if the write needs to know it; else NULL */
	struct resource_key key;
	char key_text[UUID_TEXT_SIZE], owner_text[UUID_TEXT_SIZE], version[24];
	struct resource_value value[RESOURCE_FIELDS_MAX]; /* texts owned, but for defaults */
	char *text[RESOURCE_FIELDS_MAX]; /* the owned ones */
	struct field_context context;
	struct problems problems;
	char shown_secret[WEBHOOK_SECRET_SIZE]; /* a new one, in this answer alone; "": none */
	char country[3];
	bool country_known;
};

void resource_write_init(struct resource_write *w, struct http_request *req, enum write_mode mode);
/* The same for a resource and a row that the request does not name itself: key is a bare UUID or digits,
 * owner as in struct resource_key. */
void resource_write_open(struct resource_write *w, struct http_request *req, enum resource_id id,
	enum write_mode mode, const char *key, const char *owner);
void resource_write_fini(struct resource_write *w);

/* Checks the body and sets the values. false: the request is answered. */
bool resource_write_check(struct resource_write *w);
/* The same, but the problems are left in w->problems. */
bool resource_write_take(struct resource_write *w);
/* What only the resource itself knows, api/resource_rule.c; errors go to w->problems. false: the
 * request is answered. */
bool resource_rule_check(struct resource_write *w);
/* Must the write know what is there? */
bool resource_rule_needs_current(const struct resource_write *w);

/* The default country of the account that is written to or for, asked once; arg is the write. "": nobody knows
 * it, NULL: the request is answered. As in struct field_context. */
const char *resource_write_country(void *arg);

/* The index of a field by its name; it must be there. */
unsigned resource_field(const struct resource *r, const char *name);
/* The text a field will have, NULL: null, or it is not set. */
const char *resource_write_text(const struct resource_write *w, const char *name);
bool resource_write_is_set(const struct resource_write *w, const char *name);
/* Sets a field; text is copied, NULL: null. */
void resource_write_set(struct resource_write *w, const char *name, const char *text);

/* Adds the problem that a statement's error means; the answer's status, 0: it means none. */
unsigned resource_write_problem(struct resource_write *w, int err);
/* Answers for an error that a statement of this write gave. */
void resource_write_failed(struct resource_write *w, int err);

#endif
