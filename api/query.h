/* Query parameters of lists: limit, cursor and the list's filters; anything else is refused, for a
 * misspelt filter would answer with everything. */
#ifndef TRUNKGUARD_API_QUERY_H
#define TRUNKGUARD_API_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/e164.h"
#include "db/resource_list.h"

struct http_request;
struct problems;

struct query {
	struct list_query list;
	char *text[LIST_FILTERS_MAX]; /* owned, what list.value points to */
	char *cursor; /* owned, what list.after points to */
};

/* false: the request is answered (400, all errors at once). query_fini() in both cases. */
bool query_parse(struct http_request *req, enum list_id id, struct query *q);
void query_fini(struct query *q);

/* The cursor of a page's last key; malloc'ed. */
char *query_cursor(const char *const *key, unsigned keys);

/* The value of a parameter, NULL: not given. */
const char *query_value(const struct http_request *req, const char *name);

/* RFC 3339 ("2026-11-23T08:15:30Z", fraction and offset as they may be) or a date, which is its
 * beginning in UTC. EINVAL. */
int query_time(const char *text, int64_t *unix_ms);
/* "+1…", or with the "+" that became a space, or without. EINVAL. */
int query_number(const char *text, e164_t *number);

#endif
