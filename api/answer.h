/* Answers of JSON, their ETag, and what a write says about its revision. */
#ifndef TRUNKGUARD_API_ANSWER_H
#define TRUNKGUARD_API_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

struct http_request;
struct json_out;
struct resource_row;

enum { ETAG_SIZE = 48 };

/* A strong validator (RFC 9110, 8.8.3): the row's version, and a hash of the text for what the
 * version does not count (parts that other rows make). */
void etag_make(const char *version, const char *json, char etag[ETAG_SIZE]);
/* Is etag in the field's list, or the field "*"? Weak ones match only with weak. */
bool etag_listed(const char *field, const char *etag, bool weak);

/* A copy of the JSON text. */
void answer_json(struct http_request *req, unsigned status, const char *json);
/* What was written; the writer is finished. */
void answer_json_out(struct http_request *req, unsigned status, struct json_out *out);
/* A row, with ETag; 304 when a GET's If-None-Match names it. */
void answer_row(struct http_request *req, unsigned status, const struct resource_row *row);

/* After a committed write, and after the answer is made: its revision, and with Prefer: wait whether
 * it was applied in time (RFC 7240). Ends the transaction of an Idempotency-Key, gives the connection
 * back and may wait. */
void answer_revision(struct http_request *req, const char *revision);

/* The seconds of "wait=5" in a Prefer field, -1: none. */
int prefer_wait(const char *field);

#endif
