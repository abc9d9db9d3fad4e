/*
 * Server nonces (RFC 7616 3.3) that need no memory until they are used: counter and time, sealed by
 * HMAC-SHA-256 together with the source address and the realm. The key is random for each start
 * and times are monotonic, so neither a jump of the wall clock nor a restart revives a nonce.
 *
 * Once a nonce has been used, its nonce count is remembered in a table of fixed size: a count is
 * accepted once and only in rising order. When the table forgets a nonce, everything as old in its
 * row is stale from then on. So nothing is ever accepted twice; the worst that a legitimate client
 * sees, also after a restart, is stale=true and one more round trip.
 *
 * Nonces are short (64 bits of seal, of which nobody can test more than a few a second) because a
 * challenge should not be longer than the request that asked for it (reflection).
 */
#ifndef SIP_NONCE_H
#define SIP_NONCE_H

#include <stdint.h>

#include "core/str.h"

enum {
	NONCE_TEXT_LEN = 24,
	NONCE_VALID_MS = 60000,
	NONCE_COUNT_JUMP = 64, /* how far nc may rise at once: requests that got lost on the way */
};

struct nonce_mint;

/* slots: nonces that are remembered at a time, rounded up to a power of two; 18 octets each.
 * 0, ENOMEM, EIO (libcrypto, no random octets), ENAMETOOLONG (realm over 255 octets). */
int nonce_mint_new(struct nonce_mint **mint, struct str realm, unsigned slots);
void nonce_mint_free(struct nonce_mint *mint);

/* source: the client's address, IPv4 mapped. out is not terminated. */
void nonce_make(struct nonce_mint *mint, const uint8_t source[16], int64_t now_ms,
	char out[NONCE_TEXT_LEN]);

/* Would this count be accepted? False: stale; too old, forgotten, its count was used or is far off,
 * it was made for another source, or it is not ours. Changes nothing. */
bool nonce_look(struct nonce_mint *mint, struct str nonce, uint32_t count, const uint8_t source[16],
	int64_t now_ms);

/* The same, and when true the count is used up. Only after the response was found right, so that
 * strangers cannot push others out of the table. */
bool nonce_use(struct nonce_mint *mint, struct str nonce, uint32_t count, const uint8_t source[16],
	int64_t now_ms);

/* No count of this nonce is accepted any more. */
void nonce_burn(struct nonce_mint *mint, struct str nonce, const uint8_t source[16]);

#endif
