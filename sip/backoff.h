/*
 * Brute force (passwords tried over the network), held down with bounded memory. Two counts:
 *
 *   source and username   5 wrong passwords within a minute: silence for 5 minutes
 *   username              10 within a minute, whatever the sources: silence for the rest of it, but
 *                         for sources that proved this username in the last day, so that an attack
 *                         does not lock the PBX out
 *
 * Only a wrong response to a good nonce counts, and a nonce is bound to its source, so nobody can
 * have another one silenced by forging addresses. The key holds the HA1: a changed password starts
 * from zero. When the table is full the entry that matters least is forgotten.
 */
#ifndef SIP_BACKOFF_H
#define SIP_BACKOFF_H

#include "core/str.h"

enum {
	BACKOFF_WINDOW_MS = 60000,
	BACKOFF_SILENCE_MS = 300000,
	BACKOFF_KNOWN_MS = 86400000,
	BACKOFF_SOURCE_FAILURES = 5,
	BACKOFF_USER_FAILURES = 10,
};

struct backoff;

/* slots: rounded up to a power of two; 40 octets each. 0, ENOMEM, EIO (no random octets). */
int backoff_new(struct backoff **b, unsigned slots);
void backoff_free(struct backoff *b);

/* Who tries, and what would prove him right. */
struct backoff_try {
	const uint8_t *source; /* 16 octets */
	struct str username;
	const char *ha1;
};

/* True: do not check, do not answer. */
bool backoff_silent(struct backoff *b, const struct backoff_try *t, int64_t now_ms);
/* True: this failure was the one that silences the source. */
bool backoff_failed(struct backoff *b, const struct backoff_try *t, int64_t now_ms);
void backoff_proved(struct backoff *b, const struct backoff_try *t, int64_t now_ms);

#endif
