#include "api/request_seal.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"

enum { CIPHER_KEY = 32, NONCE = 12, TAG = 16 };

static const char info[] = "trunkguard idempotency";

/* Without the scheme's name and spaces, which may be written in several ways. */
static const char *secret_of(const char *authorization)
{
	size_t scheme = authorization ? strcspn(authorization, " ") : 0;

	return authorization ? authorization + scheme + strspn(authorization + scheme, " ") : "";
}

int request_seal_init(struct request_seal *s, const char *authorization)
{
	EVP_KDF *hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = hkdf ? EVP_KDF_CTX_new(hkdf) : NULL;
	const char *secret = secret_of(authorization);
	OSSL_PARAM param[] = {OSSL_PARAM_construct_utf8_string(
				      OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, strlen(secret)),
		OSSL_PARAM_construct_octet_string(
			OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, sizeof(info) - 1),
		OSSL_PARAM_construct_end()};
	int ok = ctx && EVP_KDF_derive(ctx, s->key, sizeof(s->key), param) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(hkdf);
	return ok ? 0 : EIO;
}

/* ---- the request --------------------------------------------------------------------------- */

static int part(EVP_MAC_CTX *ctx, const char *p, size_t len)
{
	return EVP_MAC_update(ctx, (const uint8_t *)p, len) == 1 &&
	       EVP_MAC_update(ctx, (const uint8_t *)"\n", 1) == 1;
}

static int mac(EVP_MAC_CTX *ctx, const struct request_seal *s, const struct http_request *req,
	uint8_t digest[32])
{
	OSSL_PARAM param[] = {OSSL_PARAM_construct_utf8_string(
				      OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
		OSSL_PARAM_construct_end()};
	const char *method = http_method_word(req->method), *type = http_field(req, "Content-Type");
	size_t len = 0;

	return ctx &&
	       EVP_MAC_init(ctx, s->key + CIPHER_KEY, sizeof(s->key) - CIPHER_KEY, param) == 1 &&
	       part(ctx, method, strlen(method)) && part(ctx, req->raw, strlen(req->raw)) &&
	       part(ctx, type ? type : "", type ? strcspn(type, "; \t") : 0) &&
	       part(ctx, req->body.p, req->body.p ? req->body.len : 0) &&
	       EVP_MAC_final(ctx, digest, &len, 32) == 1;
}

int request_seal_hash(const struct request_seal *s, const struct http_request *req,
	char hex[REQUEST_SEAL_HASH_SIZE])
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	uint8_t digest[32] = {0};
	int ok = mac(ctx, s, req, digest);

	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(hmac);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return ok ? 0 : EIO;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static char *hex_make(const uint8_t *p, size_t len)
{
	size_t size = 2 * len + 1;
	char *out = malloc(size);

	if (out && OPENSSL_buf2hexstr_ex(out, size, NULL, p, len, '\0') != 1) {
		free(out);
		out = NULL;
	}
	return out;
}

static int seal(
	const struct request_seal *s, const char *name, const char *text, int len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, ok;

	ok = ctx && RAND_bytes(out, NONCE) == 1 &&
	     EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, s->key, out) == 1 &&
	     EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)name, (int)strlen(name)) == 1 &&
	     EVP_EncryptUpdate(ctx, out + NONCE, &n, (const uint8_t *)text, len) == 1 &&
	     EVP_EncryptFinal_ex(ctx, out + NONCE + len, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE + len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : EIO;
}

int request_seal_close(
	const struct request_seal *s, const char *name, const char *text, size_t len, char **sealed)
{
	uint8_t *out = malloc(NONCE + len + TAG);
	int err = out ? seal(s, name, text, (int)len, out) : ENOMEM;

	*sealed = err ? NULL : hex_make(out, NONCE + len + TAG);
	free(out);
	return err ? err : *sealed ? 0 : ENOMEM;
}

static int unseal(const struct request_seal *s, const char *name, uint8_t *in, int len, char *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, ok;

	ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, s->key, in) == 1 &&
	     EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)name, (int)strlen(name)) == 1 &&
	     EVP_DecryptUpdate(ctx, (uint8_t *)out, &n, in + NONCE, len) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, in + NONCE + len) == 1 &&
	     EVP_DecryptFinal_ex(ctx, (uint8_t *)out + len, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return ok ? 0 : EIO;
}

int request_seal_open(const struct request_seal *s, const char *name, const char *sealed,
	char **text, size_t *len)
{
	long size = 0;
	uint8_t *in = OPENSSL_hexstr2buf(sealed, &size);
	int err = EIO;

	*text = NULL;
	if (in && size >= NONCE + TAG) {
		*len = (size_t)size - NONCE - TAG;
		*text = malloc(*len + 1);
		err = *text ? unseal(s, name, in, (int)*len, *text) : ENOMEM;
	}
	OPENSSL_free(in);
	if (err) {
		free(*text);
		*text = NULL;
		return err;
	}
	(*text)[*len] = '\0';
	return 0;
}
