/* The resources of the API: what they are (db/resource_tables.c), and the SQL to read and write
 * them, made from the tables once and prepared on each connection. PostgreSQL builds the JSON text
 * of an answer; it is passed on as it is.
 *
 * Tenant isolation: every statement compares the owner's column with the caller's account; an
 * operator's NULL matches all. What belongs to somebody else is not found. */
#ifndef TRUNKGUARD_DB_RESOURCE_H
#define TRUNKGUARD_DB_RESOURCE_H

#include <stdbool.h>

#include "db/conn.h"
#include "db/field.h"

enum { RESOURCE_FIELDS_MAX = 32 };

enum resource_id {
	RESOURCE_ACCOUNT,
	RESOURCE_ACCOUNT_FAILOVER,
	RESOURCE_DESTINATION_RULES,
	RESOURCE_TRUNK,
	RESOURCE_TRUNK_HA,
	RESOURCE_TRUNK_FAILOVER,
	RESOURCE_SIP_ACCOUNT_PRIMARY,
	RESOURCE_SIP_ACCOUNT_SECONDARY,
	RESOURCE_DID,
	RESOURCE_DID_FAILOVER,
	RESOURCE_DID_FORWARDINGS,
	RESOURCE_DIAL_PLAN,
	RESOURCE_GATEWAY,
	RESOURCE_WEBHOOK,
	RESOURCE_COUNT
};

struct resource {
	const char *what; /* in messages: "trunk" */
	const char *table;
	const char *key; /* column */
	const char *prefix; /* of the columns of a part of a row: "failover_" */
	const char *where; /* a condition more, NULL: none */
	const char *owner; /* column with the account's id, NULL: operators only */
	const char *parent; /* table whose row must be there; a new row takes its key from it */
	const char *parent_columns, *parent_values;
	bool operator_writes; /* others may only read it */
	const char *part_name; /* in types and subjects of events; NULL: as prefix */
	const char *subject; /* of its events, as SQL; NULL: "<table>s/<id>", and the part's name */
	bool part; /* of a row: it is there when the row is, DELETE sets its defaults */
	const struct field *field;
	unsigned fields;
};

const struct resource *resource(enum resource_id id);

/* Which row, for whom, and in which version; texts, NULL where it does not matter. */
struct resource_key {
	const char *key; /* bare UUID or digits */
	const char *owner; /* bare UUID of an account; NULL: an operator asks */
	const char *version; /* decimal; NULL: any */
};

/* A value to write, for the field of the same index; kept: leave the column as it is. */
struct resource_value {
	bool set;
	const char *text; /* NULL: null */
};

/* A row that was read or written. Texts live as long as result; db_clear() it. */
struct resource_row {
	struct pg_result *result;
	const char *json;
	const char *version;
	const char *key; /* after an insert: as in resource_key */
	const char *revision; /* after a write */
};

/* 0; ESRCH: not there, or not the caller's (or, with a version, another one by now: read again to
 * tell); else as in db/conn.h, ENOENT only for a foreign key. */
DB_MUST_CHECK int resource_read(struct db *db, enum resource_id id, const struct resource_key *key,
	struct resource_row *row);
DB_MUST_CHECK int resource_update(struct db *db, enum resource_id id,
	const struct resource_key *key, const struct resource_value *value,
	struct resource_row *row);
/* value: one for every field that is a column. A resource with a parent row (a trunk's SIP account)
 * takes its key and owner from there: ESRCH when that is missing. */
DB_MUST_CHECK int resource_insert(struct db *db, enum resource_id id,
	const struct resource_key *key, const struct resource_value *value,
	struct resource_row *row);
DB_MUST_CHECK int resource_delete(struct db *db, enum resource_id id,
	const struct resource_key *key, struct resource_row *row);

/* After a DELETE that a foreign key refused: a sentence that names what uses the row. */
DB_MUST_CHECK int resource_users(
	struct db *db, enum resource_id id, const char *key, char *out, size_t size);

/* Makes the statements; once, before any other call. */
int resource_init(void);
void resource_fini(void);

#endif
