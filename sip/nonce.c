#include "sip/nonce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/core_names.h>

/* Sealed form: counter(4) time(6) seal(8): 18 octets, 24 characters of base64url. */
enum { AT_TIME = 4, SEALED_LEN = 10, SEAL_LEN = 8, RAW_LEN = 18, WAYS = 4, REALM_MAX = 255 };

struct slot {
	uint32_t counter; /* names the nonce; 0: never used */
	uint32_t count; /* the last nc that was accepted */
	int64_t made_ms;
};

/* A nonce can only be in the row that its counter names. Counters are ours, so rows fill evenly. */
struct row {
	int64_t forgotten_ms; /* nothing made up to then is remembered */
	struct slot slot[WAYS];
};

struct nonce_mint {
	EVP_MAC_CTX *mac; /* keyed */
	uint32_t counter;
	uint32_t row_mask;
	struct str realm;
	char realm_text[REALM_MAX];
	struct row row[];
};

struct raw {
	uint32_t counter;
	int64_t made_ms;
};

static EVP_MAC_CTX *mac_new(void)
{
	uint8_t key[32];
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (ctx && (getrandom(key, sizeof(key), 0) != sizeof(key) ||
			   !EVP_MAC_init(ctx, key, sizeof(key), params))) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	OPENSSL_cleanse(key, sizeof(key));
	return ctx;
}

int nonce_mint_new(struct nonce_mint **mintp, struct str realm, unsigned slots)
{
	struct nonce_mint *mint;
	uint32_t rows = 1;

	if (realm.len > REALM_MAX)
		return ENAMETOOLONG;
	while (rows * WAYS < slots)
		rows *= 2;
	mint = calloc(1, sizeof(*mint) + rows * sizeof(struct row));
	if (!mint)
		return ENOMEM;
	mint->row_mask = rows - 1;
	for (uint32_t i = 0; i < rows; i++)
		mint->row[i].forgotten_ms = INT64_MIN;
	memcpy(mint->realm_text, realm.p, realm.len);
	mint->realm = (struct str){mint->realm_text, realm.len};
	mint->mac = mac_new();
	if (!mint->mac) {
		nonce_mint_free(mint);
		return EIO;
	}
	*mintp = mint;
	return 0;
}

void nonce_mint_free(struct nonce_mint *mint)
{
	if (!mint)
		return;
	EVP_MAC_CTX_free(mint->mac);
	free(mint);
}

static bool seal(struct nonce_mint *mint, const uint8_t sealed[SEALED_LEN],
	const uint8_t source[16], uint8_t out[SEAL_LEN])
{
	uint8_t full[32];
	size_t len = 0;

	if (!EVP_MAC_init(mint->mac, NULL, 0, NULL) ||
		!EVP_MAC_update(mint->mac, sealed, SEALED_LEN) ||
		!EVP_MAC_update(mint->mac, source, 16) ||
		!EVP_MAC_update(mint->mac, (const uint8_t *)mint->realm.p, mint->realm.len) ||
		!EVP_MAC_final(mint->mac, full, &len, sizeof(full)))
		return false;
	memcpy(out, full, SEAL_LEN);
	return true;
}

static void put_be(uint8_t *p, uint64_t n, int octets)
{
	for (int i = 0; i < octets; i++)
		p[i] = (uint8_t)(n >> 8 * (octets - 1 - i));
}

static uint64_t get_be(const uint8_t *p, int octets)
{
	uint64_t n = 0;

	for (int i = 0; i < octets; i++)
		n = n << 8 | p[i];
	return n;
}

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void text_of(const uint8_t raw[RAW_LEN], char out[NONCE_TEXT_LEN])
{
	for (int i = 0; i < RAW_LEN / 3; i++) {
		uint32_t n = (uint32_t)get_be(raw + 3 * i, 3);

		for (int k = 0; k < 4; k++)
			out[4 * i + k] = base64url[n >> (18 - 6 * k) & 63];
	}
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static bool raw_of(struct str text, uint8_t raw[RAW_LEN])
{
	if (text.len != NONCE_TEXT_LEN)
		return false;
	for (int i = 0; i < RAW_LEN / 3; i++) {
		uint32_t n = 0;

		for (int k = 0; k < 4; k++) {
			int v = sextet(text.p[4 * i + k]);

			if (v < 0)
				return false;
			n = n << 6 | (uint32_t)v;
		}
		put_be(raw + 3 * i, n, 3);
	}
	return true;
}

void nonce_make(
	struct nonce_mint *mint, const uint8_t source[16], int64_t now_ms, char out[NONCE_TEXT_LEN])
{
	uint8_t raw[RAW_LEN] = {0};

	if (++mint->counter == 0)
		mint->counter = 1;
	put_be(raw, mint->counter, 4);
	put_be(raw + AT_TIME, (uint64_t)now_ms, 6);
	/* When libcrypto fails nobody can match the nonce, which is the safe side. */
	if (!seal(mint, raw, source, raw + SEALED_LEN))
		(void)!getrandom(raw + SEALED_LEN, SEAL_LEN, GRND_NONBLOCK);
	text_of(raw, out);
}

static bool nonce_open(
	struct nonce_mint *mint, struct str nonce, const uint8_t source[16], struct raw *r)
{
	uint8_t raw[RAW_LEN], expected[SEAL_LEN];

	if (!raw_of(nonce, raw) || !seal(mint, raw, source, expected) ||
		CRYPTO_memcmp(expected, raw + SEALED_LEN, SEAL_LEN))
		return false;
	r->counter = (uint32_t)get_be(raw, 4);
	r->made_ms = (int64_t)get_be(raw + AT_TIME, 6);
	return true;
}

/* Looked for before what the row has forgotten: a nonce in the table may be older than that. */
static struct slot *slot_of(struct nonce_mint *mint, const struct raw *r)
{
	struct row *row = &mint->row[r->counter & mint->row_mask];

	for (int i = 0; i < WAYS; i++) {
		if (row->slot[i].counter == r->counter && row->slot[i].made_ms == r->made_ms)
			return &row->slot[i];
	}
	return NULL;
}

static bool count_fresh(
	struct nonce_mint *mint, const struct raw *r, uint32_t count, int64_t now_ms)
{
	const struct slot *slot;
	uint32_t last = 0;

	if (now_ms - r->made_ms > NONCE_VALID_MS || now_ms < r->made_ms)
		return false;
	slot = slot_of(mint, r);
	if (slot)
		last = slot->count;
	else if (r->made_ms <= mint->row[r->counter & mint->row_mask].forgotten_ms)
		return false;
	return count > last && count - last <= NONCE_COUNT_JUMP;
}

/* An empty slot, or one whose nonce has died by age, or the oldest, which is then forgotten. */
static struct slot *slot_take(struct nonce_mint *mint, const struct raw *r)
{
	struct row *row = &mint->row[r->counter & mint->row_mask];
	struct slot *oldest = &row->slot[0];

	for (int i = 0; i < WAYS; i++) {
		if (!row->slot[i].counter)
			return &row->slot[i];
		if (row->slot[i].made_ms < oldest->made_ms)
			oldest = &row->slot[i];
	}
	if (oldest->made_ms > row->forgotten_ms)
		row->forgotten_ms = oldest->made_ms;
	return oldest;
}

bool nonce_look(struct nonce_mint *mint, struct str nonce, uint32_t count, const uint8_t source[16],
	int64_t now_ms)
{
	struct raw r;

	return nonce_open(mint, nonce, source, &r) && count_fresh(mint, &r, count, now_ms);
}

bool nonce_use(struct nonce_mint *mint, struct str nonce, uint32_t count, const uint8_t source[16],
	int64_t now_ms)
{
	struct raw r;
	struct slot *slot;

	if (!nonce_open(mint, nonce, source, &r) || !count_fresh(mint, &r, count, now_ms))
		return false;
	slot = slot_of(mint, &r);
	if (!slot) {
		slot = slot_take(mint, &r);
		*slot = (struct slot){.counter = r.counter, .made_ms = r.made_ms};
	}
	slot->count = count;
	return true;
}

void nonce_burn(struct nonce_mint *mint, struct str nonce, const uint8_t source[16])
{
	struct slot *slot;
	struct raw r;

	if (!nonce_open(mint, nonce, source, &r))
		return;
	slot = slot_of(mint, &r);
	if (slot)
		slot->count = UINT32_MAX;
}
