/* The open connections, with absolute deadlines. libmicrohttpd's own timeout is one of inactivity:
 * a client that sends an octet a second holds its connection for ever. Here every phase of a
 * connection ends at a time fixed when it begins, and a watchdog thread cuts what is late.
 *
 * It cuts with shutdown(2) and under the lock that http_conns_remove() takes before the library
 * closes the descriptor, so a descriptor number that was given out again is never hit.
 *
 * When more than half of the places are taken, waiting connections get less time (a client that
 * means it sends its request at once), so a crowd of slow ones cannot keep others out for long. */
#ifndef TRUNKGUARD_API_HTTP_CONN_H
#define TRUNKGUARD_API_HTTP_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum http_phase {
	HTTP_PHASE_IDLE, /* between two requests, no octet of the next one yet */
	HTTP_PHASE_HEADERS, /* from the first octet, or the accept, to the blank line */
	HTTP_PHASE_BODY,
	HTTP_PHASE_WORK, /* ours; bounded by the database's deadlines and Prefer: wait */
	HTTP_PHASE_ANSWER,
	HTTP_PHASE_COUNT
};

struct http_conn_limits {
	unsigned connections;
	unsigned per_address; /* loopback is free of it: a local portal or proxy comes from there */
	int64_t phase_ms[HTTP_PHASE_COUNT]; /* 0: no limit */
	unsigned requests; /* after so many, or so long, an answer carries Connection: close */
	int64_t lifetime_ms; /* and the connection ends in good order */
};
extern const struct http_conn_limits http_conn_limits_default;

struct http_conns;
struct http_conn;

int http_conns_new(struct http_conns **conns, const struct http_conn_limits *limits);
void http_conns_free(struct http_conns *conns);

/* May this address have one more connection? */
bool http_conns_admit(struct http_conns *conns, const struct sockaddr *addr);
/* NULL: no memory, or the watchdog's list is full. */
struct http_conn *http_conns_add(struct http_conns *conns, int fd, const struct sockaddr *addr);
void http_conns_remove(struct http_conns *conns, struct http_conn *conn);

void http_conn_phase(struct http_conn *conn, enum http_phase phase);
/* A request began; true: the answer shall close the connection. */
bool http_conn_request(struct http_conn *conn);

struct http_conn_counts {
	unsigned open;
	unsigned busy; /* with a request under way, its headers complete */
	uint64_t accepted, refused, cut;
};
void http_conns_count(struct http_conns *conns, struct http_conn_counts *counts);

#endif
