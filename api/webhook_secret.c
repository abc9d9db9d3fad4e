#include "api/webhook_secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "whsec_";

enum { NEW_OCTETS = 32, DIGEST = 32 };

int webhook_secret_make(char secret[WEBHOOK_SECRET_SIZE])
{
	uint8_t key[NEW_OCTETS];

	if (RAND_priv_bytes(key, sizeof(key)) != 1)
		return EIO;
	memcpy(secret, prefix, sizeof(prefix));
	EVP_EncodeBlock((uint8_t *)secret + sizeof(prefix) - 1, key, sizeof(key));
	OPENSSL_cleanse(key, sizeof(key));
	return 0;
}

/* The octets of the key. 0: it is none. */
static size_t key_take(const char *secret, uint8_t key[WEBHOOK_SECRET_MAX + 3])
{
	const char *text = secret + sizeof(prefix) - 1;
	size_t len, padding;
	int n;

	if (strncmp(secret, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	len = strlen(text);
	padding = len - strcspn(text, "=");
	if (len % 4 != 0 || len > (WEBHOOK_SECRET_MAX + 2) / 3 * 4 || padding > 2 ||
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
			len - padding)
		return 0;
	n = EVP_DecodeBlock(key, (const uint8_t *)text, (int)len);
	if (n < (int)padding)
		return 0;
	len = (size_t)n - padding;
	return len >= WEBHOOK_SECRET_MIN && len <= WEBHOOK_SECRET_MAX ? len : 0;
}

bool webhook_secret_good(const char *secret)
{
	uint8_t key[WEBHOOK_SECRET_MAX + 3];
	bool good = key_take(secret, key) > 0;

	OPENSSL_cleanse(key, sizeof(key));
	return good;
}

int webhook_sign(const char *secret, const char *id, int64_t timestamp, const char *body,
	size_t len, char signature[WEBHOOK_SIGNATURE_SIZE])
{
	uint8_t key[WEBHOOK_SECRET_MAX + 3], digest[DIGEST];
	size_t key_len = key_take(secret, key), size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	unsigned digest_len = 0;
	int err = key_len == 0 ? EINVAL : 0;

	if (!out)
		return ENOMEM;
	fprintf(out, "%s.%lld.", id, (long long)timestamp);
	fwrite(body, 1, len, out);
	if (fclose(out) != 0)
		err = ENOMEM;
	if (!err && !HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text, size, digest,
			    &digest_len))
		err = EIO;
	if (!err) {
		memcpy(signature, "v1,", 3);
		EVP_EncodeBlock((uint8_t *)signature + 3, digest, DIGEST);
	}
	free(text);
	OPENSSL_cleanse(key, sizeof(key));
	return err;
}
