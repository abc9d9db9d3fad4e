#include "api/http_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

/* A portal keeps dozens of connections and sends thousands of requests on each; the limits on
 * requests and lifetime only see to it that connections spread anew now and then. */
const struct http_conn_limits http_conn_limits_default = {
	.connections = 1024,
	.per_address = 128,
	.phase_ms = {[HTTP_PHASE_IDLE] = 75000,
		[HTTP_PHASE_HEADERS] = 5000,
		[HTTP_PHASE_BODY] = 30000,
		[HTTP_PHASE_WORK] = 0,
		[HTTP_PHASE_ANSWER] = 30000},
	.requests = 100000,
	.lifetime_ms = 3600000,
};

enum { TICK_MS = 200 };

struct http_conn {
	struct http_conn *next, **link;
	const struct http_conn_limits *limits;
	int fd;
	uint8_t addr[16]; /* IPv4 mapped */
	int64_t opened_ms;
	unsigned requests;
	bool cut; /* by the watchdog, once; the library takes it from there */
	_Atomic uint64_t idle_bytes; /* received when first seen idle, 0: not yet */
	_Atomic int64_t since_ms;
	_Atomic enum http_phase phase;
};

struct http_conns {
	const struct http_conn_limits *limits;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t watchdog;
	bool stop;
	struct http_conn *first;
	struct http_conn_counts counts;
};

static void address_bytes(const struct sockaddr *sa, uint8_t out[16])
{
	memset(out, 0, 16);
	if (sa && sa->sa_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
	} else if (sa && sa->sa_family == AF_INET) {
		out[10] = out[11] = 0xff;
		memcpy(out + 12, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
	}
}

static bool is_loopback(const uint8_t a[16])
{
	static const uint8_t mapped[13] = {[10] = 0xff, 0xff, 127};
	static const uint8_t one[16] = {[15] = 1};

	return memcmp(a, mapped, 13) == 0 || memcmp(a, one, 16) == 0;
}

/* How long a connection may stay in its phase with so many open. */
static int64_t phase_limit(const struct http_conns *c, enum http_phase phase)
{
	int64_t ms = c->limits->phase_ms[phase];

	if (phase != HTTP_PHASE_IDLE && phase != HTTP_PHASE_HEADERS)
		return ms;
	if (c->counts.open * 4 > c->limits->connections * 3)
		return ms / 16;
	if (c->counts.open * 2 > c->limits->connections)
		return ms / 4;
	return ms;
}

/* Idle is over with the first octet of the next request, but the library tells only of whole
 * request lines; the kernel knows better. */
static void idle_check(struct http_conn *conn, int64_t now_ms)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(conn->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return;
	if (conn->idle_bytes == 0) {
		conn->idle_bytes = info.tcpi_bytes_received;
	} else if (conn->idle_bytes != info.tcpi_bytes_received) {
		enum http_phase idle = HTTP_PHASE_IDLE;

		if (atomic_compare_exchange_strong(&conn->phase, &idle, HTTP_PHASE_HEADERS))
			conn->since_ms = now_ms;
	}
}

static void cut_the_late(struct http_conns *c)
{
	int64_t now_ms = clock_ms();

	for (struct http_conn *conn = c->first; conn; conn = conn->next) {
		int64_t limit_ms = phase_limit(c, conn->phase);

		if (conn->cut)
			continue;
		if (limit_ms != 0 && now_ms - conn->since_ms > limit_ms) {
			shutdown(conn->fd, SHUT_RDWR);
			conn->cut = true;
			c->counts.cut++;
		} else if (conn->phase == HTTP_PHASE_IDLE) {
			idle_check(conn, now_ms);
		}
	}
}

static void *watch(void *arg)
{
	struct http_conns *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->stop) {
		struct timespec until;

		if (!c->first) {
			pthread_cond_wait(&c->wake, &c->lock);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TICK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		if (pthread_cond_timedwait(&c->wake, &c->lock, &until) == ETIMEDOUT)
			cut_the_late(c);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

int http_conns_new(struct http_conns **conns, const struct http_conn_limits *limits)
{
	struct http_conns *c = calloc(1, sizeof(*c));
	pthread_condattr_t attr;
	int rc;

	if (!c)
		return ENOMEM;
	c->limits = limits;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
	rc = pthread_create(&c->watchdog, NULL, watch, c);
	if (rc != 0) {
		pthread_cond_destroy(&c->wake);
		pthread_mutex_destroy(&c->lock);
		free(c);
		return rc;
	}
	*conns = c;
	return 0;
}

void http_conns_free(struct http_conns *conns)
{
	if (!conns)
		return;
	pthread_mutex_lock(&conns->lock);
	conns->stop = true;
	pthread_cond_signal(&conns->wake);
	pthread_mutex_unlock(&conns->lock);
	pthread_join(conns->watchdog, NULL);
	pthread_cond_destroy(&conns->wake);
	pthread_mutex_destroy(&conns->lock);
	free(conns);
}

bool http_conns_admit(struct http_conns *conns, const struct sockaddr *addr)
{
	uint8_t bytes[16];
	unsigned n = 0;
	bool ok;

	address_bytes(addr, bytes);
	if (is_loopback(bytes))
		return true;
	pthread_mutex_lock(&conns->lock);
	for (const struct http_conn *conn = conns->first; conn; conn = conn->next)
		n += memcmp(conn->addr, bytes, 16) == 0;
	ok = n < conns->limits->per_address;
	if (!ok)
		conns->counts.refused++;
	pthread_mutex_unlock(&conns->lock);
	return ok;
}

struct http_conn *http_conns_add(struct http_conns *conns, int fd, const struct sockaddr *addr)
{
	struct http_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->fd = fd;
	conn->limits = conns->limits;
	conn->opened_ms = clock_ms();
	conn->since_ms = conn->opened_ms;
	conn->phase = HTTP_PHASE_HEADERS;
	address_bytes(addr, conn->addr);
	pthread_mutex_lock(&conns->lock);
	conn->next = conns->first;
	conn->link = &conns->first;
	if (conn->next)
		conn->next->link = &conn->next;
	else
		pthread_cond_signal(&conns->wake);
	conns->first = conn;
	conns->counts.open++;
	conns->counts.accepted++;
	pthread_mutex_unlock(&conns->lock);
	return conn;
}

void http_conns_remove(struct http_conns *conns, struct http_conn *conn)
{
	pthread_mutex_lock(&conns->lock);
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	conns->counts.open--;
	pthread_mutex_unlock(&conns->lock);
	free(conn);
}

void http_conn_phase(struct http_conn *conn, enum http_phase phase)
{
	conn->since_ms = clock_ms();
	if (phase == HTTP_PHASE_IDLE)
		conn->idle_bytes = 0;
	conn->phase = phase;
}

bool http_conn_request(struct http_conn *conn)
{
	conn->requests++;
	return conn->requests >= conn->limits->requests ||
	       clock_ms() - conn->opened_ms > conn->limits->lifetime_ms;
}

void http_conns_count(struct http_conns *conns, struct http_conn_counts *counts)
{
	pthread_mutex_lock(&conns->lock);
	*counts = conns->counts;
	counts->busy = 0;
	for (const struct http_conn *conn = conns->first; conn; conn = conn->next)
		counts->busy += conn->phase > HTTP_PHASE_HEADERS;
	pthread_mutex_unlock(&conns->lock);
}
