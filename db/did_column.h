/* The columns of a DID that a client writes in bulk: the fields of a DID, its forwardings and its failover,
 * in one row, under the names that the database has for them. */
#ifndef TRUNKGUARD_DB_DID_COLUMN_H
#define TRUNKGUARD_DB_DID_COLUMN_H

#include <stdbool.h>

#include "db/resource.h"

enum { DID_COLUMNS_MAX = 2 * RESOURCE_FIELDS_MAX };

struct did_column {
	const struct field *field;
	const char *name; /* "failover_number" */
	bool failover; /* field is one of RESOURCE_DID_FAILOVER */
	bool part; /* field is not one of RESOURCE_DID */
};

unsigned did_columns(void);
const struct did_column *did_column(unsigned i);
/* did_columns(): there is no such column. */
unsigned did_column_find(const char *name);

/* JSON of a row named "did" in the statement: {"number", …, "forwardings": […], "failover": {…}}, as a client would write it. */
const char *did_row_json_sql(void);
struct sql;
/* Adds that; trunk: an expression for a member "trunk" in the place of account_id and trunk_id, and the
 * dial plan by its internal number. */
void did_row_json_add(struct sql *s, const char *trunk);

/* Makes the list; resource_init() does. */
int did_columns_init(void);
void did_columns_fini(void);

#endif
