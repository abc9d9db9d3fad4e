/*
 * Names to addresses, RFC 3263 without NAPTR (the transport is always provisioned): libunbound on
 * a thread of its own, answers on the loop, a cache with TTL in front. The SIP thread never waits.
 *
 *   IP literal            as it is
 *   name, port            A and AAAA
 *   name, no port         SRV by priority and weight (RFC 2782), then A and AAAA of each target;
 *                         without SRV A and AAAA at the transport's default port
 *
 * Several addresses of one name take turns in coming first. Answers are kept for their TTL (1 s to
 * 1 h), "there is none" for 30 s; when DNS fails, an answer up to 24 h over its TTL is used again.
 * A question is answered after 2 s at the latest. /etc/hosts is honoured. Private, loopback and
 * other special addresses are refused after each resolution unless allowed.
 */
#ifndef SIP_RESOLVE_H
#define SIP_RESOLVE_H

#include "sip/flow.h"

struct loop;
struct cidr_list;
struct resolve;
struct resolve_query;

enum { RESOLVE_TARGETS_MAX = 8 };

struct resolve_target {
	union net_addr addr; /* with the port */
	uint8_t transport; /* enum transport */
};

struct resolve_list {
	unsigned count; /* best first */
	struct resolve_target item[RESOLVE_TARGETS_MAX];
};

/* err 0: list->count is 1 or more. ENOENT: no such name, or no address of a family that we have;
 * EACCES: all of its addresses are refused; ETIMEDOUT: no answer in time; EIO: DNS failed;
 * EINVAL: no host name; ENOBUFS: too many questions are open; ENOMEM. */
typedef void resolve_h(int err, const struct resolve_list *list, void *arg);

typedef uint32_t resolve_random_h(void *arg);

struct resolve_config {
	const char *dns; /* TRUNKGUARD_DNS: "192.0.2.53" or "192.0.2.53@5353"; NULL: resolv.conf */
	const struct cidr_list *private_targets; /* TRUNKGUARD_PRIVATE_TARGETS; kept, not copied */
	bool no_ipv4, no_ipv6; /* families without a listener */
	resolve_random_h *random_h; /* NULL: getrandom(); tests bring their own */
	void *random_arg;
	int64_t answer_ms; /* 0: 2 s */
	int64_t negative_ms; /* 0: 30 s */
	int64_t stale_ms; /* 0: 24 h */
};

struct resolve_stats {
	uint64_t asked, timeouts, failed; /* questions to DNS: sent, unanswered, SERVFAIL */
	uint64_t answers; /* given from fresh records or literals */
	uint64_t stale; /* given from records over their time */
	uint64_t failures; /* no address was found */
	uint64_t refused; /* only private ones were */
	uint32_t names; /* in the cache */
};

/* 0, EINVAL (dns), ENOMEM, EIO. Reads resolv.conf and /etc/hosts: call it before the loop runs. */
int resolve_new(struct resolve **r, struct loop *loop, const struct resolve_config *cfg);
void resolve_free(struct resolve *r);

/* What is known without asking (a literal, a fresh answer): 0 with *list filled, the errors of
 * resolve_h, or EAGAIN: use resolve_start(). */
int resolve_try(struct resolve *r, struct str host, uint16_t port, enum transport transport,
	struct resolve_list *list);

/* An IP literal that no customer chose, be it private or not: 0 or EINVAL. */
static inline int resolve_trusted(
	struct str host, uint16_t port, enum transport transport, struct resolve_list *list)
{
	struct resolve_target *t = &list->item[0];
	int err =
		net_addr_parse(&t->addr, host, port ? port : flow_default_port((uint8_t)transport));

	t->transport = (uint8_t)transport;
	list->count = err ? 0 : 1;
	return err;
}

/* h is called exactly once, later, from the loop, unless cancelled. ENOMEM: not at all. */
int resolve_start(struct resolve *r, struct resolve_query **q, struct str host, uint16_t port,
	enum transport transport, resolve_h *h, void *arg);
/* Before h was called only. */
void resolve_cancel(struct resolve_query *q);

const struct resolve_stats *resolve_stats(const struct resolve *r);

#endif
