/* What the files of the resolver share. Not for others. */
#ifndef SIP_RESOLVE_IMPL_H
#define SIP_RESOLVE_IMPL_H

#include <unbound.h>

#include "core/hash.h"
#include "core/wheel.h"
#include "sip/loop.h"
#include "sip/resolve.h"

enum { DNS_A = 1, DNS_AAAA = 28, DNS_SRV = 33, DNS_NAME_MAX = 254, SRV_MAX = 16, ADDR_MAX = 16 };

struct srv {
	uint16_t priority, weight, port;
	char target[DNS_NAME_MAX]; /* empty: "." */
};

enum answer { ANSWER_NONE, ANSWER_FOUND, ANSWER_ABSENT };
enum asking { ASKING_NOT, ASKING_QUEUED, ASKING_SENT };

/* A name and a type, what is known of it, and who waits for it. */
struct question {
	struct hash_link link;
	struct question *older, *newer; /* by last use */
	struct question *queue_next;
	struct resolve *r;
	struct resolve_query *waiting;
	struct wheel_timer timer; /* no answer in time */
	void *data; /* uint8_t[16] each, or struct srv each, by priority */
	int64_t fresh_until, stale_until;
	int64_t retry_at; /* after a failure */
	int failure; /* errno of the last attempt, 0: it went well */
	int id; /* libunbound's */
	uint16_t type;
	uint8_t count; /* of data */
	uint8_t answer; /* enum answer */
	uint8_t asking; /* enum asking */
	uint8_t turn; /* which address comes first next time */
	uint32_t stamp; /* of the last use: in use when it is the resolver's */
	char name[];
};

struct resolve_query {
	struct resolve *r;
	struct resolve_query *next, **prev; /* in the list of what it waits for */
	struct wheel_timer timer;
	resolve_h *h;
	void *arg;
	uint16_t port;
	uint8_t transport;
	char host[];
};

struct resolve {
	struct loop *loop;
	struct resolve_config cfg;
	struct resolve_stats stats;
	struct ub_ctx *ub;
	struct loop_fd lf;
	struct hash questions;
	struct question *oldest, *newest;
	struct question *queue_first, *queue_last;
	unsigned sent;
	unsigned open; /* queries */
	uint32_t stamp; /* of the gathering in progress */
	struct resolve_query *starting;
};

/* The cache: sip/resolve_cache.c. NULL: no memory. name: lower case, no dot at the end. */
struct question *question_of(struct resolve *r, const char *name, uint16_t type);
void questions_free(struct resolve *r);
/* Something that can be used now: a fresh answer, or one over its time after a failure. */
bool question_is_known(const struct question *q, int64_t now_ms);
/* Over its time, but better than nothing. */
bool question_is_stale(const struct question *q, int64_t now_ms);
/* Nothing can be used, and it is too early to ask again. */
bool question_has_failed(const struct question *q, int64_t now_ms);
/* Takes data. */
void question_answer(struct question *q, enum answer answer, void *data, unsigned count,
	int64_t fresh_ms, int64_t now_ms);
void question_fail(struct question *q, int err, int64_t now_ms);

/* libunbound: sip/resolve_dns.c. */
int dns_open(struct resolve *r);
void dns_close(struct resolve *r);
/* Sends it, or puts it into the queue, unless it is on its way. */
void dns_ask(struct question *q);
/* Called when a question was answered or has failed. */
void resolve_settled(struct question *q);
void query_free(struct resolve_query *q);

struct srv_choice {
	uint16_t priority, weight;
	uint8_t index;
};

/* RFC 2782: a random order within each priority, by weight. Comes sorted by priority. */
void srv_order(struct srv_choice *c, unsigned count, resolve_random_h *random_h, void *arg);
/* From wire format (RFC 2782): 0 or EINVAL. */
int srv_parse(struct srv *srv, const uint8_t *rdata, size_t len);

#endif
