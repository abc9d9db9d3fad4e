/*
 * REGISTER (RFC 3261 section 10.3, RFC 3327 Path): decides and answers; sending is the worker's.
 *
 *   before a transaction is made   registrar_front(): no credentials, a stale nonce, brute force
 *   in the transaction             registrar_request(): everything else
 *
 * The address of record is the digest username's SIP account, never the To; To must name the same
 * user.
 *
 * Bulk registration (RFC 6140): a Contact with "bnc" and without a user stands for every DID of the
 * account's trunk; calls to it have the DID in their Request-URI, whatever did_delivery says. Its sender
 * must Require gin (421). Public GRUUs are not given out.
 *
 * Where calls to a binding are sent, over the transport of the REGISTER:
 *
 *   the source      the very address and connection that the REGISTER came from, by default. It has
 *                   proved itself, and it is what NAT needs; behind a Path it is the edge proxy.
 *   the Contact     when it is an IP literal and the sender is not behind NAT (the Via's sent-by is the
 *                   source's address) nor behind a Path, and the Contact is the source's own address
 *                   (another port), or another one that is public or allowed (private targets).
 *
 * Names in a Contact are never resolved and maddr is never used, so a REGISTER cannot make us send to
 * an address that a customer may not make us send to.
 */
#ifndef SIP_REGISTRAR_H
#define SIP_REGISTRAR_H

#include "sip/auth.h"
#include "sip/binding.h"
#include "sip/reply.h"

enum { REGISTRAR_EXTRA_MAX = 16384 };

struct registrar_config {
	uint32_t expires_min, expires_default, expires_max; /* 0: 60, 3600, 7200 s */
	unsigned bindings_max; /* of one SIP account; 0: 10 */
	struct cidr_list private_targets; /* TRUNKGUARD_PRIVATE_TARGETS; borrowed */
};

struct registrar_stats {
	uint64_t registered; /* 2xx with bindings left */
	uint64_t unregistered; /* 2xx with none left */
	uint64_t refused;
};

/* The response: code 0: none. reason and extra for struct sip_reply. */
struct registrar_answer {
	unsigned code;
	struct str reason;
	size_t extra_len;
	char extra[REGISTRAR_EXTRA_MAX]; /* header lines with CRLF */
};

struct registrar;

/* cfg NULL: defaults. The others are borrowed. ENOMEM. */
int registrar_new(struct registrar **r, const struct registrar_config *cfg, struct auth *auth,
	struct binding_store *store);
void registrar_free(struct registrar *r);

/* True: answer statelessly with *a (code 0: drop), no transaction. False: go on. reply_max: of
 * guard_reply_max(); a challenge is made to fit when it can be. */
bool registrar_front(struct registrar *r, const struct cfg *cfg, const struct sip_msg *m,
	const struct flow *from, size_t reply_max, int64_t now_ms, struct registrar_answer *a);

/* Once for each new REGISTER transaction; a->code 0: txn_server_drop(). */
void registrar_request(struct registrar *r, const struct cfg *cfg, const struct sip_msg *m,
	const struct flow *from, int64_t now_ms, int64_t wall_ms, struct registrar_answer *a);

/* The parts of *a in the shape that sip_reply_write() and txn_reply_stateless() take; the caller adds
 * tag and source. */
struct sip_reply registrar_reply(const struct registrar_answer *a);

const struct registrar_stats *registrar_stats(const struct registrar *r);

#endif
