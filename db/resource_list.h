/* Lists, a page at a time, in the order of a key; the cursor is the last key of the page before. */
#ifndef TRUNKGUARD_DB_RESOURCE_LIST_H
#define TRUNKGUARD_DB_RESOURCE_LIST_H

#include "db/resource.h"

enum list_id {
	LIST_ACCOUNTS,
	LIST_API_KEYS,
	LIST_TRUNKS,
	LIST_DIDS,
	LIST_DIAL_PLANS,
	LIST_GATEWAYS,
	LIST_REGISTRATIONS,
	LIST_CALLS,
	LIST_CDRS,
	LIST_EVENTS,
	LIST_WEBHOOKS,
	LIST_WEBHOOK_DELIVERIES,
	LIST_WORKERS,
	LIST_MASS_OPERATIONS,
	LIST_FIRE_DRILLS,
	LIST_COUNT
};

enum filter_kind {
	FILTER_ID, /* prefix and UUID */
	FILTER_NUMBER,
	FILTER_PREFIX, /* beginning of a number; lists whose key is one */
	FILTER_TEXT,
	FILTER_BOOLEAN,
	FILTER_WORD,
	FILTER_SEARCH, /* a part of a text, in any case */
	FILTER_FROM, /* times, in milliseconds since 1970 as text */
	FILTER_TO,
};

struct list_filter {
	const char *name; /* query parameter */
	enum filter_kind kind;
	const char *condition; /* SQL, "%s" where the parameter stands; for FILTER_BOOLEAN too */
	const char *id_prefix;
	field_word_h *word;
	const char *words;
};

enum { LIST_FILTERS_MAX = 12, LIST_KEYS_MAX = 3, LIST_LIMIT_DEFAULT = 50, LIST_LIMIT_MAX = 1000 };

struct list {
	const struct list_filter *filter;
	unsigned filters;
	unsigned keys;
};

const struct list *list(enum list_id id);

struct list_query {
	const char *owner; /* account; NULL: an operator asks */
	const char *value[LIST_FILTERS_MAX]; /* of the filter of the same index, NULL: not given */
	const char *after[LIST_KEYS_MAX]; /* the cursor, all NULL: from the beginning */
	unsigned limit;
	const char *expression; /* SQL that makes column 0; NULL: the list's own */
};

/* Rows: column 0 is the JSON, from column 1 on the key. One row more than limit when there are more. */
DB_MUST_CHECK int list_read(
	struct db *db, enum list_id id, const struct list_query *query, struct pg_result **result);

#endif
