/* DIDs of a bulk request, checked one by one against the fields and turned into lines for
 * db/did_load.h. What is kept of each is one line of text; its JSON is forgotten at once.
 *
 * Rows are objects like the body of POST /v1/dids. With `failover` they may also have "forwardings", and
 * a member "failover" like the body of PUT …/failover, or, flat, members "failover_number" and so on. */
#ifndef TRUNKGUARD_API_DID_ROWS_H
#define TRUNKGUARD_API_DID_ROWS_H

#include <jansson.h>
#include <stdbool.h>

#include "api/field_check.h"
#include "api/http.h"
#include "core/uuid.h"
#include "db/did_load.h"

enum { DID_ROWS_MAX = 200000 };

struct did_rows {
	struct http_request *req;
	const char *base; /* of pointers: "/dids" */
	bool failover, flat; /* see above */
	bool update; /* account_id may be left out by an operator: the DID may be there */
	/* A trunk and a dial plan by another name than the id, in members "trunk" and "dial_plan"; NULL:
	 * there are no such members. The bare UUID, or NULL: there is none. */
	const char *(*trunk)(const char *name, void *arg);
	const char *(*dial_plan)(const char *name, void *arg);
	void *ref_arg;
	const char *account; /* bare UUID: what all rows are of; NULL: as they say */
	/* the rest begins as zero */
	struct problems problems;
	struct field_context context;
	char owner[UUID_TEXT_SIZE];
	char country[3], country_account[UUID_TEXT_SIZE];
	char row_account[UUID_TEXT_SIZE]; /* of the row in hand */
	struct did_load load;
	char *text;
	size_t len, size, count;
};

void did_rows_init(struct did_rows *d, struct http_request *req, const char *base);
void did_rows_fini(struct did_rows *d);

/* Problems of the row are added under base/line. false: the request is answered. */
bool did_rows_add(struct did_rows *d, unsigned long line, const json_t *row);
/* The load that the rows make; points into d. */
const struct did_load *did_rows_load(struct did_rows *d);
/* The handler for did_load_check(), arg being d. */
void did_rows_problem(
	int64_t line, unsigned column, enum did_load_error error, const char *text, void *arg);
/* Was the load refused because of a circle that only the schema sees? Then that is a problem. */
bool did_rows_circle(struct did_rows *d, struct db *db, int err);
/* Answers with all problems, also those that were only counted: 409 when all are that numbers exist,
 * as POST /v1/dids does, else 422. false: there are none. */
bool did_rows_refuse(struct did_rows *d, uint64_t found);

#endif
