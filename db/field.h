/* The fields of a resource. One line of a table says all of a field: its name (in JSON, and in the
 * database behind the resource's prefix), its kind, whether it may be null, its default, its range.
 * The API checks by it (api/field_check.c), and db/resource.c makes the SQL from it. */
#ifndef TRUNKGUARD_DB_FIELD_H
#define TRUNKGUARD_DB_FIELD_H

#include <stdbool.h>
#include <stdint.h>

enum field_kind {
	FIELD_TEXT, /* min to max characters, none of them control characters */
	FIELD_NAME, /* a SIP user name: letters, digits, . _ ~ + - */
	FIELD_BOOLEAN,
	FIELD_INTEGER, /* min to max */
	FIELD_NUMBER, /* E.164; bigint */
	FIELD_ID, /* prefix and UUID; uuid */
	FIELD_WORD, /* one of a table of words */
	FIELD_WORDS, /* a set of them; text[] */
	FIELD_PREFIXES, /* beginnings of numbers, of min digits at least; text[] */
	FIELD_CIDRS, /* addresses and blocks; cidr[] */
	FIELD_ADDRESS, /* {"host", "port", "transport"}; jsonb; min: the port when none is given */
	FIELD_ADDRESSES, /* a list of them, at most max */
	FIELD_COUNTRY, /* ISO 3166-1 alpha-2; text */
	FIELD_COUNTRIES, /* a set of them; text[] */
	FIELD_TIMEZONE, /* IANA; text */
	FIELD_INTERNAL, /* an internal number: digits and '*' */
	FIELD_STEPS, /* of a dial plan; jsonb */
	FIELD_FORWARDINGS, /* of a DID; jsonb */
	FIELD_PASSWORD, /* no column of its own: a resource's check makes others of it */
	FIELD_REGISTRATION, /* of a gateway, with a password; jsonb */
	FIELD_URL, /* of a webhook; text */
	FIELD_TIME, /* timestamptz */
	FIELD_DERIVED, /* read only, made by SQL of its own: expression */
	FIELD_KIND_COUNT
};

enum {
	FIELD_NULL = 1, /* may be null */
	FIELD_READ_ONLY = 2, /* set by us */
	FIELD_CREATE_ONLY = 4, /* set when the thing is made, never changed */
	FIELD_REQUIRED = 8, /* must be given when the thing is made, and has no default */
	FIELD_OPERATOR = 16, /* only an operator's key may set it */
	FIELD_HIDDEN = 32, /* a column that never shows in JSON */
};

typedef int field_word_h(const char *word); /* -1: no such word */

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;
	int64_t min, max;
	const char *fallback; /* default, as SQL text; NULL: null */
	const char *id_prefix; /* FIELD_ID: "trk" */
	field_word_h *word; /* FIELD_WORD, FIELD_WORDS */
	const char *words; /* the allowed ones, for the error message */
	const char *expression; /* FIELD_DERIVED: SQL */
};

/* Is there a column of the resource's table behind it? */
static inline bool field_is_column(const struct field *f)
{
	return f->kind != FIELD_DERIVED && f->kind != FIELD_PASSWORD;
}

/* Does a statement that makes a row, or one that changes it, set it? */
static inline bool field_is_inserted(const struct field *f)
{
	return field_is_column(f) && !(f->flags & FIELD_READ_ONLY);
}

static inline bool field_is_updated(const struct field *f)
{
	return field_is_inserted(f) && !(f->flags & FIELD_CREATE_ONLY);
}

#endif
