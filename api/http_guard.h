/* What is asked of a request's header fields before anything else. libmicrohttpd 0.9.75 lets
 * request smuggling shapes through (two Content-Length, Content-Length beside Transfer-Encoding,
 * "Transfer-Encoding :", codings it does not know, two Host): each is refused here, and the
 * connection is closed after the answer, for nobody knows where the next request would begin.
 * RFC 9110, 5; RFC 9112, 6. */
#ifndef TRUNKGUARD_API_HTTP_GUARD_H
#define TRUNKGUARD_API_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/problem_code.h"

struct http_guard {
	unsigned status; /* 0: fine; else 400, 415 or 417, the first reason wins */
	enum problem_code code;
	const char *why; /* a sentence */
	bool close; /* the framing cannot be trusted */
	unsigned hosts, lengths, codings, types, authorizations;
	bool chunked;
	uint64_t content_length;
};

void http_guard_init(struct http_guard *g);
/* Once for each header field, in any order. */
void http_guard_field(struct http_guard *g, const char *name, size_t name_len, const char *value,
	size_t value_len);
/* After the last one: what only the whole shows. */
void http_guard_end(struct http_guard *g, bool http_1_1);

/* 400 for another reason, with framing that cannot be trusted. */
void http_guard_refuse(struct http_guard *g, const char *why);

#endif
