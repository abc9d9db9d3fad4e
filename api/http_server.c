#include "api/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "api/http.h"
#include "api/http_guard.h"
#include "api/http_lines.h"
#include "api/http_listen.h"
#include "api/problem.h"
#include "api/request_origin.h"
#include "core/clock.h"
#include "core/log.h"

enum {
	STACK_SIZE = 512 * 1024,
	POOL_SIZE = 32 * 1024, /* of a connection: its headers and its output */
	BUDGET = 128 * 1024 * 1024,
	/* A refused body up to this size is read and thrown away, so that the client reads the
	 * answer and not a reset; a longer one is cut off. */
	DISCARD_MAX = 8 * 1024 * 1024,
};

struct http_server {
	struct MHD_Daemon *daemon;
	struct http_conns *conns;
	struct app *app;
	atomic_size_t budget;
	atomic_bool stopping;
	bool lines_known;
};

/* There is one; the handlers reach it through their connection only for these. */
static struct http_server *the_server;

bool http_budget_take(struct http_request *req, size_t n)
{
	if (atomic_fetch_add(&the_server->budget, n) + n > BUDGET) {
		atomic_fetch_sub(&the_server->budget, n);
		return false;
	}
	req->budget += n;
	return true;
}

bool http_stopping(const struct http_request *req)
{
	(void)req;
	return the_server->stopping;
}

const char *http_field(const struct http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->mhd, MHD_HEADER_KIND, name);
}

struct field_list {
	const char *name;
	char *out;
	size_t size, len;
};

static enum MHD_Result field_join(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct field_list *list = cls;
	int n;

	(void)kind;
	if (strcasecmp(name, list->name) != 0 || !value)
		return MHD_YES;
	n = snprintf(list->out + list->len, list->size - list->len, "%s%s",
		list->len > 0 ? ", " : "", value);
	if (n > 0 && (size_t)n < list->size - list->len)
		list->len += (size_t)n;
	else
		list->out[list->len] = '\0';
	return MHD_YES;
}

void http_field_list(const struct http_request *req, const char *name, char *out, size_t size)
{
	struct field_list list = {name, out, size, 0};

	out[0] = '\0';
	MHD_get_connection_values(req->mhd, MHD_HEADER_KIND, field_join, &list);
}

/* ---- sending ----------------------------------------------------------------------------- */

/* A streamed answer has its time for each piece, and this long in all. */
enum { STREAM_MAX_MS = 10 * 60 * 1000, STREAM_BLOCK = 16 * 1024 };

struct stream {
	struct http_stream *from;
	struct http_conn *conn;
	int64_t end_ms;
};

static ssize_t stream_read(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct stream *s = cls;
	ssize_t n;

	(void)pos;
	http_conn_phase(s->conn, HTTP_PHASE_WORK);
	n = clock_ms() < s->end_ms && !the_server->stopping ? s->from->read(s->from, buf, max) : -1;
	http_conn_phase(s->conn, HTTP_PHASE_ANSWER);
	return n > 0    ? n
	       : n == 0 ? MHD_CONTENT_READER_END_OF_STREAM
			: MHD_CONTENT_READER_END_WITH_ERROR;
}

static void stream_free(void *cls)
{
	struct stream *s = cls;

	s->from->free(s->from);
	free(s);
}

static struct MHD_Response *stream_make(struct http_response *res, struct http_conn *conn)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct MHD_Response *out;

	if (!s)
		return NULL;
	*s = (struct stream){res->stream, conn, clock_ms() + STREAM_MAX_MS};
	out = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, s, stream_free);
	if (out)
		res->stream = NULL;
	else
		free(s);
	return out;
}

static struct MHD_Response *response_make(struct http_request *req)
{
	struct http_response *res = &req->res;
	struct MHD_Response *out;

	if (res->stream) {
		out = stream_make(res, req->conn);
	} else if (res->body) {
		out = MHD_create_response_from_buffer(
			res->body_len, res->body, MHD_RESPMEM_MUST_FREE);
		if (out)
			res->body = NULL;
	} else {
		const char *text = res->text ? res->text : "";

		out = MHD_create_response_from_buffer(res->text ? res->body_len : 0,
			(void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
	}
	if (!out)
		return NULL;
	if (res->type)
		MHD_add_response_header(out, "Content-Type", res->type);
	MHD_add_response_header(out, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(out, "X-Request-Id", req->id);
	for (unsigned i = 0; i < res->headers; i++)
		MHD_add_response_header(out, res->header[i].name, res->header[i].value);
	if (res->close)
		MHD_add_response_header(out, "Connection", "close");
	return out;
}

static enum MHD_Result answer(struct http_request *req)
{
	struct MHD_Response *out;
	enum MHD_Result rc;

	if (http_stopping(req))
		req->res.close = true;
	out = response_make(req);
	if (!out)
		return MHD_NO;
	http_conn_phase(req->conn, HTTP_PHASE_ANSWER);
	req->queued = true;
	rc = MHD_queue_response(req->mhd, req->res.status, out);
	MHD_destroy_response(out);
	return rc;
}

/* ---- receiving --------------------------------------------------------------------------- */

struct head {
	struct http_guard guard;
	struct http_lines lines;
};

static enum MHD_Result head_one(void *cls, enum MHD_ValueKind kind, const char *name,
	size_t name_len, const char *value, size_t value_len)
{
	struct head *h = cls;

	(void)kind;
	http_guard_field(&h->guard, name, name_len, value ? value : "", value ? value_len : 0);
	http_lines_field(&h->lines, name, value ? value : "");
	return MHD_YES;
}

static enum http_method method_of(const char *word)
{
	if (strcmp(word, "HEAD") == 0)
		return HTTP_GET;
	for (enum http_method m = 0; m < HTTP_METHOD_COUNT; m++) {
		if (strcmp(word, http_method_word(m)) == 0)
			return m;
	}
	return HTTP_METHOD_COUNT;
}

/* What can be said from the request line and the headers alone. */
static bool lines_good(
	const struct http_request *req, const struct http_lines *lines, const char *method)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(req->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info && http_lines_good(lines, method + info->header_size);
}

static void head_check(
	struct http_request *req, struct http_guard *guard, const char *method, const char *version)
{
	struct head h;
	const char *why;
	int rc;

	http_guard_init(&h.guard);
	http_lines_begin(&h.lines, req->raw_end, version);
	MHD_get_connection_values_n(req->mhd, MHD_HEADER_KIND, head_one, &h);
	http_guard_end(&h.guard, strcmp(version, MHD_HTTP_VERSION_1_1) == 0);
	if (the_server->lines_known && !lines_good(req, &h.lines, method))
		http_guard_refuse(
			&h.guard, "A line does not end in CR LF, is folded, or holds a NUL.");
	*guard = h.guard;
	if (guard->status != 0) {
		problem_answer(req, guard->status, guard->code, guard->why);
		req->res.close = guard->close;
		return;
	}
	rc = target_parse(req->raw, &req->target, &why);
	if (rc == ENAMETOOLONG) {
		problem_answer(req, 414, PROBLEM_TARGET_TOO_LONG, why);
	} else if (rc != 0) {
		problem_answer(req, 400, PROBLEM_MALFORMED_REQUEST, why);
		req->res.close = true;
	}
}

static void too_large(struct http_request *req)
{
	problem_answer(req, 413, PROBLEM_BODY_TOO_LARGE, "The body is longer than allowed here.");
}

static enum MHD_Result head(struct http_request *req, const char *method, const char *version)
{
	struct http_guard guard;
	bool body, expects;

	req->begun = true;
	request_origin_take(req);
	req->method = method_of(method);
	head_check(req, &guard, method, version);
	if (req->res.status == 0)
		request_begin(req);
	body = guard.chunked || guard.content_length > 0;
	if (req->res.status == 0 && guard.content_length > req->body.limit)
		too_large(req);
	if (http_conn_request(req->conn))
		req->res.close = true;
	expects = http_field(req, "Expect") != NULL;
	/* An answer now makes the library close the connection without reading the body. */
	if (req->res.status != 0 &&
		(guard.close || guard.content_length > DISCARD_MAX || (body && expects)))
		return answer(req);
	http_conn_phase(req->conn, body ? HTTP_PHASE_BODY : HTTP_PHASE_WORK);
	return MHD_YES;
}

static bool body_grow(struct http_request *req, size_t need)
{
	size_t size = req->body.size == 0 ? 1024 : req->body.size;
	char *p;

	while (size < need)
		size *= 2;
	if (size > req->body.limit + 1)
		size = req->body.limit + 1;
	if (size == req->body.size)
		return true;
	if (!http_budget_take(req, size - req->body.size))
		return false;
	p = realloc(req->body.p, size);
	if (!p)
		return false;
	req->body.p = p;
	req->body.size = size;
	return true;
}

static enum MHD_Result body_take(struct http_request *req, const char *data, size_t len)
{
	struct http_body *b = &req->body;

	if (b->len + len > DISCARD_MAX && b->len + len > b->limit)
		return MHD_NO;
	if (req->res.status == 0 && b->len + len > b->limit)
		too_large(req);
	if (req->res.status == 0 && !body_grow(req, b->len + len + 1))
		problem_busy(req);
	if (req->res.status == 0) {
		memcpy(b->p + b->len, data, len);
		b->p[b->len + len] = '\0';
	}
	b->len += len;
	return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *data, size_t *len, void **con_cls)
{
	struct http_request *req = *con_cls;

	(void)cls;
	(void)mhd;
	(void)url;
	if (!req)
		return MHD_NO;
	if (!req->begun)
		return head(req, method, version);
	if (*len > 0) {
		size_t n = *len;

		*len = 0;
		return body_take(req, data, n);
	}
	if (req->queued)
		return MHD_YES;
	http_conn_phase(req->conn, HTTP_PHASE_WORK);
	if (req->res.status == 0)
		request_handle(req);
	return answer(req);
}

/* ---- the library's other callbacks --------------------------------------------------------- */

/* The request line is in; the target as it came, before the library decodes it. */
static void *on_target(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_server *s = cls;
	struct http_request *req;

	if (!info || !info->socket_context)
		return NULL;
	req = calloc(1, sizeof(*req));
	if (!req)
		return NULL;
	req->app = s->app;
	req->mhd = mhd;
	req->conn = info->socket_context;
	req->raw_end = uri + strlen(uri);
	req->raw = strdup(uri);
	if (!req->raw) {
		free(req);
		return NULL;
	}
	req->started_ms = clock_ms();
	http_conn_phase(req->conn, HTTP_PHASE_HEADERS);
	return req;
}

static void on_completed(
	void *cls, struct MHD_Connection *mhd, void **con_cls, enum MHD_RequestTerminationCode code)
{
	struct http_server *s = cls;
	struct http_request *req = *con_cls;

	(void)mhd;
	if (!req)
		return;
	*con_cls = NULL;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		http_conn_phase(req->conn, HTTP_PHASE_IDLE);
	if (req->begun)
		request_done(req);
	http_response_fini(&req->res);
	free(req->body.p);
	free(req->raw);
	atomic_fetch_sub(&s->budget, req->budget);
	free(req);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	struct http_server *s = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *fd =
			MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
		const union MHD_ConnectionInfo *addr =
			MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

		*socket_context =
			http_conns_add(s->conns, fd->connect_fd, addr ? addr->client_addr : NULL);
	} else if (*socket_context) {
		http_conns_remove(s->conns, *socket_context);
		*socket_context = NULL;
	}
}

static enum MHD_Result on_accept(void *cls, const struct sockaddr *addr, socklen_t len)
{
	struct http_server *s = cls;

	(void)len;
	return http_conns_admit(s->conns, addr) ? MHD_YES : MHD_NO;
}

/* Targets are decoded by api/target.c. */
static size_t on_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *fmt, va_list ap)
{
	static struct log_kind kind = LOG_KIND("libmicrohttpd", LOG_LEVEL_DEBUG);
	char text[512];

	(void)cls;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\r\n")] = '\0';
	log_limited(&kind, "%s", text);
}

static void on_panic(void *cls, const char *file, unsigned line, const char *reason)
{
	(void)cls;
	log_error("libmicrohttpd", "gives up at %s:%u: %s", file, line, reason ? reason : "");
	abort();
}

/* ---- start and stop ------------------------------------------------------------------------ */

static struct MHD_Daemon *daemon_start(
	struct http_server *s, int fd, const struct http_conn_limits *limits)
{
	return MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
					MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG,
		0, on_accept, s, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, limits->connections,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_SIZE, MHD_OPTION_THREAD_STACK_SIZE,
		(size_t)STACK_SIZE, MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_URI_LOG_CALLBACK, on_target, s, MHD_OPTION_UNESCAPE_CALLBACK,
		on_unescape, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
}

int http_server_start(struct http_server **server, const struct listen_address *listen,
	const struct http_conn_limits *limits, struct app *app)
{
	struct http_server *s = calloc(1, sizeof(*s));
	int fd, rc;

	if (!s)
		return ENOMEM;
	s->app = app;
	rc = http_listen(listen, &fd);
	if (rc != 0)
		goto out;
	rc = http_conns_new(&s->conns, limits);
	if (rc != 0)
		goto out_fd;
	the_server = s;
	s->lines_known = http_lines_known(MHD_get_version());
	MHD_set_panic_func(on_panic, NULL);
	s->daemon = daemon_start(s, fd, limits);
	if (!s->daemon) {
		rc = EIO;
		log_error("http_listen", "the HTTP library does not start");
		goto out_fd;
	}
	*server = s;
	return 0;
out_fd:
	close(fd);
	http_conns_free(s->conns);
out:
	free(s);
	return rc;
}

void http_server_stop(struct http_server *server, int64_t drain_ms)
{
	int64_t end_ms = clock_ms() + drain_ms;
	struct http_conn_counts counts;
	int fd;

	server->stopping = true;
	fd = MHD_quiesce_daemon(server->daemon);
	if (fd >= 0)
		close(fd);
	for (;;) {
		http_conns_count(server->conns, &counts);
		if (counts.busy == 0 || clock_ms() >= end_ms)
			break;
		usleep(10000);
	}
	MHD_stop_daemon(server->daemon);
	http_conns_free(server->conns);
	free(server);
}

void http_server_count(struct http_server *server, struct http_conn_counts *counts)
{
	http_conns_count(server->conns, counts);
}
