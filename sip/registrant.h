/*
 * Registering with gateways that ask for it: the worker as a client of their registrars (RFC 3261 section
 * 10.2). Each gateway with a registration is one machine of its own (sip/registration.h):
 *
 *   Order      as for calls: the registrar; when it stays silent for register_failover_seconds, cannot
 *              be reached or answers 408 or 5xx, the failover registrar if there is one, else at once
 *              the next address of the registrar's name (SRV by priority and weight, A and AAAA).
 *   Return     while another address than the first choice is in use, the registrar is asked again
 *              every few register_failover_seconds, beside the registration that holds, and is in use
 *              again as soon as it answers well.
 *   Refresh    before the registrar's expiry, early enough for another way round; 423 is obeyed.
 *   Failure    tried again after 1 s to 5 min, doubling, with jitter; a refusal after 30 s at the
 *              soonest; Retry-After is respected. A registration that still holds counts until it expires.
 *   End        Expires: 0 when the gateway goes, is disabled or registers otherwise, and when the worker ends.
 *
 * Everything belongs to the SIP thread; nothing waits.
 */
#ifndef SIP_REGISTRANT_H
#define SIP_REGISTRANT_H

#include "core/cfg.h"
#include "core/wheel.h"
#include "sip/flow.h"

struct digest;
struct guard;
struct net;
struct registrant;
struct resolve;
struct txn_layer;

enum registrant_state {
	REGISTRANT_TRYING, /* the first round is under way */
	REGISTRANT_REGISTERED,
	REGISTRANT_REFUSED, /* the registrar says no */
	REGISTRANT_UNREACHABLE, /* none answers */
	REGISTRANT_STATE_COUNT
};
const char *registrant_state_word(enum registrant_state s);

/* For the table of registrations. */
struct registrant_row {
	struct uuid gateway_id;
	enum registrant_state state;
	const struct sip_address *registrar; /* in use, or last asked */
	const union net_addr *source; /* its address; NULL: not known */
	unsigned status; /* of the last final response, 0: none came */
	int64_t expires_ms; /* loop time; 0: not registered */
	int64_t since_wall_ms, checked_wall_ms; /* 0: never */
	bool gone; /* forget it: only gateway_id counts */
};
typedef void registrant_event_h(const struct registrant_row *row, void *arg);

struct registrant_config {
	struct wheel *wheel;
	struct net *net;
	struct txn_layer *txn;
	struct resolve *resolve;
	struct guard *guard;
	struct digest *digest;
	registrant_event_h *event_h;
	void *arg; /* of event_h */
};

/* All is borrowed. ENOMEM, EIO (no random octets). */
int registrant_new(struct registrant **r, const struct registrant_config *config);
/* Without a word to the registrars. */
void registrant_free(struct registrant *r);

/* The configuration changed: registrations begin, change and end. */
void registrant_reload(struct registrant *r, const struct cfg *cfg);

/* Unregisters everywhere; done_h is called, perhaps at once, when all have answered or two seconds have
 * passed. Nothing begins any more. */
typedef void registrant_done_h(void *arg);
void registrant_leave(struct registrant *r, registrant_done_h *done_h, void *arg);

/* The gateway that we are registered with at this address (16 octets, IPv4 mapped); NULL: none. Who lets
 * us register there sends us its calls from there. */
const struct uuid *registrant_gateway(const struct registrant *r, const uint8_t addr[16]);

struct registrant_stats {
	uint64_t sent, accepted, refused, unanswered;
	uint32_t state[REGISTRANT_STATE_COUNT]; /* now */
};
void registrant_stats(const struct registrant *r, struct registrant_stats *stats);

#endif
