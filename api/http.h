/* A request and its answer, as the handlers see them. One thread serves a connection and may block
 * in a handler (libmicrohttpd in thread-per-connection mode), on the bounded database pool or on
 * Prefer: wait. Nothing is ever suspended: 0.9.75 can leave ready connections waiting, possibly for
 * ever, while it suspends another. */
#ifndef TRUNKGUARD_API_HTTP_H
#define TRUNKGUARD_API_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "api/route_args.h"
#include "api/target.h"
#include "db/event.h"

enum http_method {
	HTTP_GET, /* HEAD too: the library leaves the body out */
	HTTP_POST,
	HTTP_PUT,
	HTTP_PATCH,
	HTTP_DELETE,
	HTTP_METHOD_COUNT /* any other */
};
/* "GET", …; "other" for HTTP_METHOD_COUNT. */
const char *http_method_word(enum http_method m);

enum { HTTP_HEADERS_MAX = 16 };

/* A body that is made while it is sent; the first member of what makes it. */
struct http_stream {
	/* At most max octets, how many; 0: the end; -1: it cannot go on, which the client shall notice.
	 * May block. */
	ssize_t (*read)(struct http_stream *stream, char *buf, size_t max);
	void (*free)(struct http_stream *stream);
};

struct http_response {
	unsigned status; /* 0: no answer yet */
	const char *type; /* Content-Type; NULL with no body */
	char *body; /* malloc'ed, owned; NULL: none */
	size_t body_len;
	const char *text; /* or a body that lives for ever */
	struct http_stream *stream; /* or one in the making, owned */
	struct {
		const char *name;
		char *value; /* owned */
	} header[HTTP_HEADERS_MAX];
	unsigned headers;
	bool close;
};

struct http_body {
	char *p;
	size_t len, size;
	size_t limit; /* set by request_begin(); longer ones are 413 */
};

struct app;
struct db;
struct route;
struct MHD_Connection;
struct http_conn;
struct idempotency;

struct http_request {
	struct app *app;
	enum http_method method;
	char *raw; /* the request target as it came */
	char id[EVENT_REQUEST_ID_MAX + 1]; /* X-Request-Id of the answer; api/request_origin.h */
	char source_ip[EVENT_SOURCE_MAX + 1]; /* "": not known */
	struct target target;
	struct http_body body;
	struct http_response res;
	/* set by request_begin() */
	const struct route *route; /* NULL: none matched */
	struct route_args args;
	struct principal principal;
	struct db *db; /* held: api/request_db.h */
	bool db_long; /* it is of the pool for long statements */
	struct idempotency *idempotency; /* its transaction is open; NULL: none */
	/* the server's own */
	struct MHD_Connection *mhd;
	struct http_conn *conn;
	const char *raw_end; /* its end where the library has it */
	int64_t started_ms;
	size_t budget; /* octets taken from the memory budget, given back at the end */
	bool begun, queued;
};

/* The value of a header field, NULL: not sent. Several of one name: the first. */
const char *http_field(const struct http_request *req, const char *name);
/* All values of a list field (RFC 9110, 5.3) joined with ", " into out; cut at size. */
void http_field_list(const struct http_request *req, const char *name, char *out, size_t size);

/* The last one for a name wins. Values must be made of validated parts only. */
void http_response_header(struct http_response *res, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The value of a header set before, NULL: none. */
const char *http_response_find(const struct http_response *res, const char *name);
/* body: malloc'ed, taken over. */
void http_response_body(
	struct http_response *res, unsigned status, const char *type, char *body, size_t len);
void http_response_fini(struct http_response *res);

/* Takes n octets of what all requests together may hold; false: answer 503. */
bool http_budget_take(struct http_request *req, size_t n);

/* True while the server ends: handlers that wait shall stop waiting. */
bool http_stopping(const struct http_request *req);

/* What the server calls, defined in api/dispatch.c. begin: headers are in; routes, authenticates,
 * sets body.limit; an answer given here is sent without handle. handle: the body is in.
 * done: the answer was sent, or the connection broke. */
void request_begin(struct http_request *req);
void request_handle(struct http_request *req);
void request_done(const struct http_request *req);

#endif
