#include "api/auth.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/app.h"
#include "api/http.h"
#include "api/problem.h"
#include "api/rate.h"
#include "api/request_db.h"
#include "core/clock.h"
#include "core/siphash.h"
#include "db/resource_key.h"

enum { SLOTS = 1024, ID_HEX = 32, SECRET_HEX = 64, KEY_LEN = AUTH_KEY_SIZE - 1 };

/* One slot a key; another key of the same slot takes it over. Keys that do not exist are remembered
 * too, so that one tried again and again costs the database nothing. */
struct slot {
	struct uuid id;
	int64_t fresh_until_ms;
	bool found;
	char hash[AUTH_HASH_SIZE];
	struct principal principal;
	bool disabled;
};

struct auth {
	pthread_mutex_t lock;
	uint8_t key[SIPHASH_KEY_LEN];
	struct slot slot[SLOTS];
};

int auth_new(struct auth **auth)
{
	struct auth *a = calloc(1, sizeof(*a));

	if (!a)
		return ENOMEM;
	if (RAND_bytes(a->key, sizeof(a->key)) != 1) {
		free(a);
		return EIO;
	}
	pthread_mutex_init(&a->lock, NULL);
	*auth = a;
	return 0;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	pthread_mutex_destroy(&auth->lock);
	OPENSSL_clear_free(auth, sizeof(*auth));
}

static void to_hex(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void hash_make(const char *text, char hash[AUTH_HASH_SIZE])
{
	uint8_t digest[32];

	if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL) != 1)
		memset(digest, 0, sizeof(digest));
	to_hex(digest, sizeof(digest), hash);
}

int auth_key_make(char key[AUTH_KEY_SIZE], struct uuid *id, char hash[AUTH_HASH_SIZE])
{
	uint8_t random[10], secret[SECRET_HEX / 2];

	if (RAND_bytes(random, sizeof(random)) != 1 || RAND_priv_bytes(secret, sizeof(secret)) != 1)
		return EIO;
	uuid_v7(id, clock_wall_ms(), random);
	memcpy(key, "tgk_", 4);
	to_hex(id->b, sizeof(id->b), key + 4);
	key[4 + ID_HEX] = '_';
	to_hex(secret, sizeof(secret), key + 4 + ID_HEX + 1);
	hash_make(key, hash);
	OPENSSL_cleanse(secret, sizeof(secret));
	return 0;
}

static bool is_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") >= n;
}

/* The key of "Bearer tgk_…", NULL for anything else. */
static const char *bearer(const char *field, struct uuid *id)
{
	char text[UUID_TEXT_SIZE];
	const char *k;

	if (!field || strncasecmp(field, "Bearer ", 7) != 0)
		return NULL;
	k = field + 7;
	while (*k == ' ')
		k++;
	if (strlen(k) != KEY_LEN || memcmp(k, "tgk_", 4) != 0 || !is_hex(k + 4, ID_HEX) ||
		k[4 + ID_HEX] != '_' || !is_hex(k + 5 + ID_HEX, SECRET_HEX))
		return NULL;
	snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", k + 4, k + 12, k + 16, k + 20,
		k + 24);
	return uuid_parse(text, strlen(text), id) == 0 ? k : NULL;
}

static struct slot *slot_of(struct auth *a, const struct uuid *id)
{
	return &a->slot[siphash(a->key, id->b, sizeof(id->b)) % SLOTS];
}

static bool remembered(struct auth *a, const struct uuid *id, struct slot *out)
{
	const struct slot *s = slot_of(a, id);
	bool fresh;

	pthread_mutex_lock(&a->lock);
	fresh = s->fresh_until_ms > clock_ms() && uuid_equal(&s->id, id);
	if (fresh)
		*out = *s;
	pthread_mutex_unlock(&a->lock);
	return fresh;
}

/* Is the key one that was good not long ago? It may be looked up again whatever others do. */
static bool was_good(struct auth *a, const struct uuid *id, const char *hash)
{
	const struct slot *s = slot_of(a, id);
	bool good;

	pthread_mutex_lock(&a->lock);
	good = s->found && uuid_equal(&s->id, id) &&
	       CRYPTO_memcmp(hash, s->hash, sizeof(s->hash)) == 0;
	pthread_mutex_unlock(&a->lock);
	return good;
}

/* A key that does not exist never takes the place of one that does. */
static void remember(struct auth *a, const struct slot *s)
{
	struct slot *place = slot_of(a, &s->id);

	pthread_mutex_lock(&a->lock);
	if (s->found || !place->found || uuid_equal(&place->id, &s->id))
		*place = *s;
	pthread_mutex_unlock(&a->lock);
}

void auth_forget(struct auth *auth, const struct uuid *key_id)
{
	struct slot *s = slot_of(auth, key_id);

	pthread_mutex_lock(&auth->lock);
	if (uuid_equal(&s->id, key_id))
		s->fresh_until_ms = 0;
	pthread_mutex_unlock(&auth->lock);
}

static int look_up(struct db *db, const struct uuid *id, struct slot *s)
{
	struct api_key_found found;
	char text[UUID_TEXT_SIZE];
	int err;

	memset(s, 0, sizeof(*s));
	s->id = *id;
	s->fresh_until_ms = clock_ms() + AUTH_FRESH_MS;
	uuid_format(id, text);
	err = api_key_find(db, text, &found);
	if (err == ESRCH)
		return 0;
	if (err)
		return err;
	s->found = true;
	snprintf(s->hash, sizeof(s->hash), "%s", found.hash);
	s->principal.key_id = *id;
	s->principal.is_operator = !found.account;
	if (found.account)
		err = uuid_parse(found.account, strlen(found.account), &s->principal.account_id);
	if (found.can_read)
		s->principal.scopes |= SCOPE_READ;
	if (found.can_write)
		s->principal.scopes |= SCOPE_WRITE;
	s->disabled = !found.account_enabled;
	db_clear(found.result);
	return err;
}

static bool refuse(struct http_request *req)
{
	if (!rate_take_refused(req))
		return false;
	problem_answer(req, 401, PROBLEM_UNAUTHORIZED,
		"Send a valid API key as \"Authorization: Bearer <key>\".");
	return false;
}

/* The same work and the same answer for a key that does not exist and one with a wrong secret. */
bool auth_check(struct http_request *req)
{
	char hash[AUTH_HASH_SIZE];
	struct slot s;
	struct uuid id;
	const char *key = bearer(http_field(req, "Authorization"), &id);

	if (!key)
		return refuse(req);
	hash_make(key, hash);
	if (!remembered(req->app->auth, &id, &s)) {
		struct db *db;
		int err;

		if (!was_good(req->app->auth, &id, hash) && !rate_may_try(req))
			return false;
		db = request_db(req);
		if (!db)
			return false;
		err = look_up(db, &id, &s);
		if (err) {
			request_db_failed(req, err);
			return false;
		}
		remember(req->app->auth, &s);
	}
	if ((CRYPTO_memcmp(hash, s.hash, sizeof(hash)) != 0) | !s.found)
		return refuse(req);
	req->principal = s.principal;
	if (s.disabled && req->method != HTTP_GET) {
		problem_answer(req, 403, PROBLEM_ACCOUNT_DISABLED,
			"The account is disabled; its keys may only read.");
		return false;
	}
	return true;
}
