/*
 * Honest health of the targets that calls are sent to: OPTIONS probes (RFC 3261 section 11) and what
 * live calls saw, with rise and fall (core/health.h).
 *
 * Targets are addresses: those of IP-mode SIP accounts, gateways (both addresses) and backup PBXs of
 * accounts, taken from the configuration; the backup PBX of a single DID is probed from its first
 * use on until it has not been used for an hour. Two that have the same address are one target.
 *
 * Any response says that somebody is there, but 503 (which may say when to come back: Retry-After) and
 * 408. Probes are spread by jitter, one at a time for each target, a bounded number at a time for
 * all. Everything belongs to the SIP thread; nothing waits.
 */
#ifndef SIP_PROBER_H
#define SIP_PROBER_H

#include "core/cfg.h"
#include "core/wheel.h"
#include "sip/flow.h"

struct guard;
struct net;
struct resolve;
struct txn_layer;

enum probe_state { PROBE_UNKNOWN, PROBE_UP, PROBE_DOWN };
const char *probe_state_word(enum probe_state s); /* "unknown", "up", "down" */

struct probe_target {
	const char *host;
	uint16_t port;
	enum transport transport;
	enum probe_state state;
	unsigned status; /* of the last answer, 0: none came */
	int64_t changed_wall_ms; /* when the state last changed; 0: never */
	int64_t seen_wall_ms; /* last answer; 0: never */
	int64_t probed_wall_ms; /* last probe that ended; 0: never */
	uint32_t rtt_ms; /* of the last answered probe */
};

/* The state changed, or a probe ended: for the table of target health. before == t->state: no
 * change of state. */
typedef void prober_event_h(const struct probe_target *t, enum probe_state before, void *arg);

struct prober_config {
	int64_t interval_ms; /* 0: 30 s */
	int64_t uncertain_ms; /* while the state is not settled. 0: 3 s */
	unsigned targets_max; /* 0: 20,000; more are not probed */
	unsigned probes_max; /* under way at a time. 0: 200 */
	const struct sip_address_list *peers; /* IP literals, probed whatever the configuration and
						    however private; borrowed. NULL: none */
};

struct prober_stats {
	uint64_t sent, answered, failed;
	uint32_t targets, under_way, up, down; /* now */
};

struct prober;

/* All but h are borrowed; cfg may be replaced by prober_reload(). ENOMEM, EIO (no random octets). */
int prober_new(struct prober **p, const struct prober_config *config, struct wheel *wheel,
	struct net *net, struct txn_layer *txn, struct resolve *resolve, struct guard *guard,
	prober_event_h *h, void *arg);
void prober_free(struct prober *p);

/* The configuration changed: targets appear and go. Costs a walk over trunks and gateways, made at
 * most once in 5 s whatever the number of calls. */
void prober_reload(struct prober *p, const struct cfg *cfg);

/* A call is about to use this address, or did: keep it under probes. */
void prober_use(struct prober *p, const char *host, uint16_t port, enum transport transport);
/* What a call saw: any response but 408 and 503 is ok, no answer and no connection are not. */
void prober_evidence(
	struct prober *p, const char *host, uint16_t port, enum transport transport, bool ok);

/* PROBE_UNKNOWN for what is no target. */
enum probe_state prober_state(
	const struct prober *p, const char *host, uint16_t port, enum transport transport);

const struct prober_stats *prober_stats(const struct prober *p);

#endif
