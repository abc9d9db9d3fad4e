/* API keys: "tgk_<32 hex: its id>_<64 hex: 256 random bits>". Only the SHA-256 of the whole text is
 * stored. What the database says of a key is remembered for AUTH_FRESH_MS, so a revoked key, a
 * changed scope or a disabled account counts everywhere within that time.
 *
 * A key of a disabled account may still read (its owner shall see why nothing rings), but not write. */
#ifndef TRUNKGUARD_API_AUTH_H
#define TRUNKGUARD_API_AUTH_H

#include <stdbool.h>

#include "core/uuid.h"

struct auth;
struct http_request;

enum {
	AUTH_FRESH_MS = 3000,
	AUTH_KEY_SIZE = 4 + 32 + 1 + 64 + 1, /* with the NUL */
	AUTH_HASH_SIZE = 65, /* hex, with the NUL */
};

int auth_new(struct auth **auth);
void auth_free(struct auth *auth);

/* Sets req->principal. false: the request is answered, 401 or 503. */
bool auth_check(struct http_request *req);
/* Forgets what is known of a key at once (here; other API processes take AUTH_FRESH_MS). */
void auth_forget(struct auth *auth, const struct uuid *key_id);

/* A new key, its id and its hash. EIO: no randomness. */
int auth_key_make(char key[AUTH_KEY_SIZE], struct uuid *id, char hash[AUTH_HASH_SIZE]);

#endif
