/* What is stored of a request and its answer, readable for nobody but the caller: keys made of the
 * API key that he sent, of which we keep a hash only. */
#ifndef TRUNKGUARD_API_REQUEST_SEAL_H
#define TRUNKGUARD_API_REQUEST_SEAL_H

#include <stddef.h>
#include <stdint.h>

struct http_request;

enum { REQUEST_SEAL_HASH_SIZE = 65 };

struct request_seal {
	uint8_t key[64]; /* one for the cipher, one for the hash */
};

/* authorization: the field, as it was sent. EIO. */
int request_seal_init(struct request_seal *s, const char *authorization);
/* HMAC-SHA-256 over method, target, media type and body, in hexadecimal. EIO. */
int request_seal_hash(const struct request_seal *s, const struct http_request *req,
	char hex[REQUEST_SEAL_HASH_SIZE]);
/* AES-256-GCM, bound to name; malloc'ed hexadecimal: nonce, cipher text, tag. ENOMEM, EIO. */
int request_seal_close(const struct request_seal *s, const char *name, const char *text, size_t len,
	char **sealed);
/* malloc'ed, with a NUL behind. EIO: not sealed with this key and name. */
int request_seal_open(const struct request_seal *s, const char *name, const char *sealed,
	char **text, size_t *len);

#endif
