/* Secrets and signatures as Standard Webhooks has them: "whsec_" and base64; the signature is an
 * HMAC-SHA256 of "<id>.<timestamp>.<body>". */
#ifndef TRUNKGUARD_API_WEBHOOK_SECRET_H
#define TRUNKGUARD_API_WEBHOOK_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WEBHOOK_SECRET_MIN = 24, /* octets of the key */
	WEBHOOK_SECRET_MAX = 64,
	WEBHOOK_SECRET_SIZE = 6 + 88 + 1, /* the text, with the NUL */
	WEBHOOK_SIGNATURE_SIZE = 3 + 44 + 1, /* "v1," and base64, with the NUL */
};

/* A new one; EIO: no randomness. */
int webhook_secret_make(char secret[WEBHOOK_SECRET_SIZE]);
bool webhook_secret_good(const char *secret);

/* EINVAL for a bad secret. */
int webhook_sign(const char *secret, const char *id, int64_t timestamp, const char *body,
	size_t len, char signature[WEBHOOK_SIGNATURE_SIZE]);

#endif
