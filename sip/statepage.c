#include "sip/statepage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/settings.h"
#include "sip/flow.h"

enum {
	PAGE_CONNECTIONS_MAX = 64,
	PAGE_CONNECTION_MEMORY = 8192,
	PAGE_TIMEOUT_S = 5,
};

/* What was published: one block, text behind it. */
struct page_state {
	bool ready;
	char reason[STATEPAGE_WHY_MAX];
	size_t metrics_len;
	char metrics[];
};

struct statepage {
	struct MHD_Daemon *daemon;
	int fd;
	_Atomic(struct page_state *) fresh; /* published, not taken over yet */
	_Atomic int64_t published_ms;
	struct page_state *state; /* the page thread's own */
};

/* The page thread: the newest state that there is. */
static const struct page_state *newest(struct statepage *page)
{
	struct page_state *fresh = atomic_exchange(&page->fresh, NULL);

	if (fresh) {
		free(page->state);
		page->state = fresh;
	}
	return page->state;
}

static enum MHD_Result send_text(struct MHD_Connection *c, unsigned status, const char *type,
	const char *text, size_t len, bool close)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		len, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = MHD_NO;

	if (!r)
		return MHD_NO;
	if (MHD_add_response_header(r, "Content-Type", type) == MHD_YES &&
		MHD_add_response_header(r, "Cache-Control", "no-store") == MHD_YES &&
		(status != 405 || MHD_add_response_header(r, "Allow", "GET, HEAD") == MHD_YES) &&
		(!close || MHD_add_response_header(r, "Connection", "close") == MHD_YES))
		result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result send_line(struct MHD_Connection *c, unsigned status, const char *line)
{
	char text[STATEPAGE_WHY_MAX + 2];
	int n = snprintf(text, sizeof(text), "%s\n", line);

	return send_text(c, status, "text/plain; charset=utf-8", text, (size_t)n, status == 405);
}

static bool is_stale(const struct statepage *page)
{
	return clock_ms() - atomic_load(&page->published_ms) > STATEPAGE_STALE_MS;
}

static enum MHD_Result answer_get(struct statepage *page, struct MHD_Connection *c, const char *url)
{
	const struct page_state *s = newest(page);

	if (strcmp(url, "/healthz") == 0)
		return is_stale(page) ? send_line(c, 503, "the SIP thread does not answer")
				      : send_line(c, 200, "ok");
	if (strcmp(url, "/readyz") == 0) {
		if (!s)
			return send_line(c, 503, "starting");
		if (is_stale(page))
			return send_line(c, 503, "the SIP thread does not answer");
		return s->ready ? send_line(c, 200, "ready") : send_line(c, 503, s->reason);
	}
	if (strcmp(url, "/metrics") == 0)
		return send_text(c, 200, "text/plain; version=0.0.4; charset=utf-8",
			s ? s->metrics : "", s ? s->metrics_len : 0, false);
	return send_line(c, 404, "not found");
}

static enum MHD_Result handler(void *arg, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *body, size_t *body_len, void **request)
{
	(void)version;
	(void)body;
	/* A body is of no use here: the connection is closed rather than read. */
	if (*body_len > 0)
		return MHD_NO;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return send_line(c, 405, "only GET and HEAD");
	(void)request;
	return answer_get(arg, c, url);
}

static int open_socket(const struct listen_address *listen_at, int *fd)
{
	union net_addr addr;
	int on = 1;

	if (net_addr_parse(&addr, str_of(listen_at->host), (uint16_t)atoi(listen_at->port)))
		return EINVAL;
	*fd = socket(addr.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return errno;
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	socklen_t len = addr.sa.sa_family == AF_INET ? sizeof(addr.in) : sizeof(addr.in6);
	if (bind(*fd, &addr.sa, len) != 0 || listen(*fd, 64) != 0) {
		int err = errno;
		close(*fd);
		*fd = -1;
		return err;
	}
	return 0;
}

int statepage_new(struct statepage **pagep, const struct listen_address *listen_at, char *why)
{
	struct statepage *page = calloc(1, sizeof(*page));
	int err;

	if (!page)
		return ENOMEM;
	atomic_store(&page->published_ms, clock_ms());
	err = open_socket(listen_at, &page->fd);
	if (err) {
		snprintf(why, STATEPAGE_WHY_MAX, "%.80s:%s: %s", listen_at->host, listen_at->port,
			err == EINVAL ? "is no IP address" : strerror(err));
		free(page);
		return err;
	}
	page->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL,
		NULL, handler, page, MHD_OPTION_LISTEN_SOCKET, page->fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)PAGE_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)PAGE_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)PAGE_CONNECTION_MEMORY,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!page->daemon) {
		close(page->fd);
		free(page);
		snprintf(why, STATEPAGE_WHY_MAX, "the HTTP thread does not start");
		return EAGAIN;
	}
	*pagep = page;
	return 0;
}

void statepage_free(struct statepage *page)
{
	MHD_stop_daemon(page->daemon); /* closes the socket */
	free(atomic_exchange(&page->fresh, NULL));
	free(page->state);
	free(page);
}

int statepage_publish(struct statepage *page, bool ready, const char *reason, const char *metrics,
	size_t metrics_len)
{
	struct page_state *s = malloc(sizeof(*s) + metrics_len);

	atomic_store(&page->published_ms, clock_ms());
	if (!s)
		return ENOMEM;
	s->ready = ready;
	snprintf(s->reason, sizeof(s->reason), "%s", reason);
	s->metrics_len = metrics_len;
	memcpy(s->metrics, metrics, metrics_len);
	free(atomic_exchange(&page->fresh, s));
	return 0;
}

uint16_t statepage_port(const struct statepage *page)
{
	union net_addr addr = {0};
	socklen_t len = sizeof(addr);

	if (getsockname(page->fd, &addr.sa, &len) != 0)
		return 0;
	return net_addr_port(&addr);
}
