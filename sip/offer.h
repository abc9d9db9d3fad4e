/*
 * Which digest algorithms a client is offered, and in which order. RFC 8760 wants the best one on top,
 * but a client of before 2020 takes the first challenge it sees, and some give up when there is any
 * algorithm that they do not know (measured: SIPp 3.6 ends, baresip 1.0 fails and tries again in a
 * minute). A PBX that cannot register gets no calls, so:
 *
 *   MD5, SHA-256    nothing is known of the client; whoever can, may pick SHA-256
 *   SHA-256, MD5    it has proved itself by SHA-256 before
 *   MD5             it says that it is one of those, or came back without credentials from two challenges
 *
 * A request with credentials needs no guess: it is offered what it used. Memory is bounded; forgetting
 * costs one round trip.
 */
#ifndef SIP_OFFER_H
#define SIP_OFFER_H

#include "sip/digest.h"
#include "sip/scan.h"

enum { OFFER_MEMORY_MS = 86400000, OFFER_SLOTS = 8192 };

enum offer_kind { OFFER_MD5_FIRST, OFFER_SHA256_FIRST, OFFER_MD5_ONLY };

struct offer;

/* 0, ENOMEM, EIO (no random octets). */
int offer_new(struct offer **o);
void offer_free(struct offer *o);

/* For a request without credentials; remembers that it was asked. */
enum offer_kind offer_of(
	struct offer *o, const struct sip_msg *m, const uint8_t source[16], int64_t now_ms);

/* It answered a challenge with this algorithm, and rightly so or not. */
void offer_taken(struct offer *o, const struct sip_msg *m, const uint8_t source[16],
	enum digest_algorithm algorithm, bool right, int64_t now_ms);

#endif
