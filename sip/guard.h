/*
 * Who may take how much of the worker, before anything is allocated. Each step costs a few hash
 * look-ups and nothing else: no memory, no DNS, no database.
 *
 *   guard_admit()     per datagram, before the scan: the source's class and its budget
 *   guard_request()   per scanned request of a stranger: what strangers may ask
 *   guard_reply_max() how long an answer to a stranger may be
 *
 * Sources that are known have budgets of their own, so no flood of strangers takes anything from
 * them. A source behind UDP may be forged; being known opens no door by itself, it only gives the
 * message its turn: dialogs, digests and IP-mode policy are checked where they are used.
 */
#ifndef SIP_GUARD_H
#define SIP_GUARD_H

#include "core/cfg.h"
#include "sip/binding.h"
#include "sip/scan.h"

/* In the order of looking; the first that fits. */
enum guard_class {
	GUARD_PEER, /* another trunking server: TRUNKGUARD_PEERS */
	GUARD_GATEWAY, /* inbound_ip_addresses of an enabled gateway */
	GUARD_PBX, /* ip_addresses of an IP-mode SIP account */
	GUARD_BOUND, /* a live binding came from this address */
	GUARD_EXPECTED, /* we sent a request there lately: a backup PBX, a gateway's other address */
	GUARD_STRANGER,
	GUARD_CLASS_COUNT
};
const char *guard_class_word(enum guard_class c);

/* Why something was not let through: the label of a counter and the kind of a log line. */
enum guard_refusal {
	GUARD_OK,
	GUARD_SOURCE_RATE, /* over the budget of its address (IPv4) or /64 (IPv6) */
	GUARD_STRANGERS_RATE, /* over the budget of all strangers together */
	GUARD_SCANNER, /* calls itself a known scanning tool */
	GUARD_OPTIONS, /* a stranger's OPTIONS: silence */
	GUARD_UNKNOWN_SOURCE, /* a stranger's request outside of a dialog: 403 at most */
	GUARD_NO_CALL, /* a stranger's request in a dialog that he is no side of: 481 at most */
	GUARD_REFUSAL_COUNT
};
const char *guard_refusal_word(enum guard_refusal r);

/* Messages a second, and how many at once. 0 in any field: its default. That of a known source is more than a
 * busy PBX sends (four messages a call, some 12,000 calls/s) and less than a core can take, so that the
 * others get their turn when one goes mad. */
struct guard_config {
	uint32_t known_rate, known_burst; /* of one known source but peers and gateways, which have
						no limit: 50,000 and 50,000 */
	uint32_t source_rate, source_burst; /* of one strange address: 30 and 120 */
	uint32_t strangers_rate, strangers_burst; /* of all: 5,000 and 10,000 */
	unsigned slots; /* sources remembered: 65,536 */
	struct cidr_list peers; /* borrowed */
};

struct guard_stats {
	uint64_t messages[GUARD_CLASS_COUNT];
	uint64_t refused[GUARD_REFUSAL_COUNT];
};

struct guard;

/* bindings and cfg are borrowed. ENOMEM, EIO (no random octets). */
int guard_new(struct guard **g, const struct guard_config *config, const struct cfg *cfg,
	const struct binding_store *bindings);
void guard_free(struct guard *g);

/* After each change of the configuration, which may also be another one altogether. */
void guard_config_changed(struct guard *g, const struct cfg *cfg);

/* Is it another trunking server? */
bool guard_is_peer(const struct guard *g, const union net_addr *addr);

/* A request is being sent there: what comes back is expected for `ms` (at most an hour). */
void guard_expect(struct guard *g, const union net_addr *peer, int64_t now_ms, int64_t ms);

/* GUARD_OK or a rate; *class is set either way. Counted, and logged once a second at most. */
enum guard_refusal guard_admit(
	struct guard *g, const struct flow *from, int64_t now_ms, enum guard_class *class);

/*
 * A stranger's scanned request; in_call: it is of a call that takes requests from there. GUARD_OK: such
 * a one, REGISTER, an INVITE that starts a call (both are asked for a password) and ACK. GUARD_UNKNOWN_SOURCE and GUARD_NO_CALL: answer 403 or 481, statelessly, within
 * guard_reply_max(). Others: no answer.
 */
enum guard_refusal guard_request(
	struct guard *g, const struct sip_msg *m, const struct flow *from, bool in_call);

/*
 * The most octets that an answer to this request may have, for txn_reply_stateless(); 0: any number.
 * A stranger over UDP may be forged, so he gets no more than he sent.
 */
size_t guard_reply_max(enum guard_class class, const struct sip_msg *m, const struct flow *from);

const struct guard_stats *guard_stats(const struct guard *g);

#endif
