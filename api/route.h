/* The routes: one line each says which path, which methods, who may, and what it is about. */
#ifndef TRUNKGUARD_API_ROUTE_H
#define TRUNKGUARD_API_ROUTE_H

#include "api/http.h"
#include "db/resource.h"
#include "db/resource_list.h"

typedef void route_h(struct http_request *req);

enum {
	ROUTE_PUBLIC = 1, /* without a key */
	ROUTE_OPERATOR = 2, /* with an operator's key only */
	ROUTE_LARGE = 4, /* bodies up to 32 MiB */
	ROUTE_TABLE = 16, /* GET answers application/x-ndjson and text/csv, too */
	ROUTE_LONG = 8, /* statements that may take long: request_db_long() */
};

/* A pattern's variable segments: {acc} {trk} {dp} {gw} {call} {cdr} {evt} {whk} {dlv} {key} {mop} are ids with that prefix, {number} is a
 * phone number, {word} is anything. What has not that form is not found. */
struct route {
	const char *pattern; /* without the first slash */
	unsigned flags;
	route_h *handler[HTTP_METHOD_COUNT];
	enum resource_id resource;
	enum list_id list;
};

/* The route of a path, its variables in args; NULL: none. */
const struct route *route_find(const struct target *t, struct route_args *args);
/* For metrics: 0 to route_count() - 1. */
unsigned route_index(const struct route *route);
unsigned route_count(void);
const struct route *route_at(unsigned index);

#endif
