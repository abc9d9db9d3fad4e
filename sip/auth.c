#include "sip/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/cidr.h"
#include "core/log.h"
#include "sip/backoff.h"
#include "sip/digest.h"
#include "sip/nonce.h"
#include "sip/offer.h"

enum { NONCE_SLOTS = 65536, BACKOFF_SLOTS = 16384, REALM_MAX = 255 };

struct auth {
	struct nonce_mint *mint;
	struct digest *digest;
	struct backoff *backoff;
	struct offer *offer;
	struct auth_stats stats;
	char nobody[DIGEST_ALGORITHM_COUNT][DIGEST_HEX_MAX + 1]; /* HA1 of unknown usernames */
	struct str realm;
	char realm_text[REALM_MAX];
};

static struct log_kind log_failed = LOG_KIND("auth_failed", LOG_LEVEL_INFO);
static struct log_kind log_silent = LOG_KIND("auth_silent", LOG_LEVEL_WARN);

/* An HA1 that nobody knows, so that an unknown username costs the same hashing. */
static int nobody_init(struct auth *a)
{
	char secret[32];
	int err = 0;

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return EIO;
	for (int i = 0; i < DIGEST_ALGORITHM_COUNT && !err; i++)
		err = digest_ha1(a->digest, (enum digest_algorithm)i, str_lit(""), a->realm,
			(struct str){secret, sizeof(secret)}, a->nobody[i]);
	explicit_bzero(secret, sizeof(secret));
	return err;
}

static bool realm_valid(struct str realm)
{
	for (size_t i = 0; i < realm.len; i++) {
		if (realm.p[i] < 0x20 || realm.p[i] == '"' || realm.p[i] == '\\' ||
			realm.p[i] == 0x7f)
			return false;
	}
	return realm.len && realm.len <= REALM_MAX;
}

int auth_new(struct auth **ap, struct str realm)
{
	struct auth *a;
	int err;

	if (!realm_valid(realm))
		return EINVAL;
	a = calloc(1, sizeof(*a));
	if (!a)
		return ENOMEM;
	memcpy(a->realm_text, realm.p, realm.len);
	a->realm = (struct str){a->realm_text, realm.len};
	err = nonce_mint_new(&a->mint, a->realm, NONCE_SLOTS);
	if (!err)
		err = digest_new(&a->digest);
	if (!err)
		err = backoff_new(&a->backoff, BACKOFF_SLOTS);
	if (!err)
		err = offer_new(&a->offer);
	if (!err)
		err = nobody_init(a);
	if (err)
		auth_free(a);
	else
		*ap = a;
	return err;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	nonce_mint_free(a->mint);
	digest_free(a->digest);
	backoff_free(a->backoff);
	offer_free(a->offer);
	free(a);
}

static bool as_proxy(const struct sip_msg *m)
{
	return m->method != SIP_REGISTER;
}

/* The credentials for our realm: 0, ENOENT none that we can check, EINVAL malformed or two. */
static int credentials_find(
	const struct auth *a, const struct sip_msg *m, struct digest_credentials *found)
{
	bool have = false;

	enum sip_hdr id = as_proxy(m) ? SIP_HDR_PROXY_AUTHORIZATION : SIP_HDR_AUTHORIZATION;

	for (int i = sip_msg_first(m, id); i >= 0; i = sip_msg_next(m, i)) {
		struct digest_credentials c;
		int err = digest_credentials_parse(&c, sip_msg_value(m, i));

		if (err == EINVAL)
			return EINVAL;
		if (err || !str_eq(c.realm, a->realm))
			continue;
		if (have)
			return EINVAL;
		have = true;
		*found = c;
	}
	return have ? 0 : ENOENT;
}

bool auth_is_tried(const struct auth *a, const struct sip_msg *m)
{
	struct digest_credentials c;

	return credentials_find(a, m, &c) != ENOENT;
}

/* All that needs no password. */
static enum auth_verdict credentials_look(struct auth *a, const struct sip_msg *m,
	const uint8_t source[16], int64_t now_ms, struct digest_credentials *c)
{
	int err = credentials_find(a, m, c);

	if (err == ENOENT)
		return AUTH_CHALLENGE;
	if (err || !digest_uri_matches(c->uri, &m->ruri))
		return AUTH_MALFORMED;
	if (!nonce_look(a->mint, c->nonce, c->nc, source, now_ms))
		return AUTH_STALE;
	return AUTH_PROVED;
}

static const struct cfg_sip_account *account_of(const struct auth *a, const struct cfg *cfg,
	const struct digest_credentials *c, const char **ha1)
{
	const struct cfg_sip_account *acc =
		cfg_sip_account_by_username(cfg, c->username.p, c->username.len);
	const char *known = NULL;

	if (acc && acc->auth_mode == AUTH_REGISTRATION)
		known = c->algorithm == DIGEST_SHA256 ? acc->ha1_sha256 : acc->ha1_md5;
	*ha1 = known && *known ? known : a->nobody[c->algorithm];
	return known && *known ? acc : NULL;
}

static enum auth_verdict counted(struct auth *a, enum auth_verdict v)
{
	switch (v) {
	case AUTH_PROVED:
		break;
	case AUTH_CHALLENGE:
		a->stats.challenged++;
		break;
	case AUTH_STALE:
		a->stats.stale++;
		break;
	case AUTH_MALFORMED:
		a->stats.malformed++;
		break;
	case AUTH_REFUSED:
		a->stats.refused++;
		break;
	case AUTH_SILENT:
		a->stats.silent++;
		break;
	}
	return v;
}

static enum auth_verdict silent(struct auth *a, const struct backoff_try *t)
{
	char ip[CIDR_TEXT_SIZE];

	ip_format(t->source, ip);
	log_limited(&log_silent, "too many wrong passwords from %s for \"%.*s\": not answered", ip,
		(int)t->username.len, t->username.p);
	return counted(a, AUTH_SILENT);
}

enum auth_verdict auth_front(struct auth *a, const struct cfg *cfg, const struct sip_msg *m,
	const uint8_t source[16], int64_t now_ms)
{
	struct digest_credentials c;
	enum auth_verdict v = credentials_look(a, m, source, now_ms, &c);
	struct backoff_try t = {.source = source};

	if (v != AUTH_PROVED)
		return counted(a, v);
	t.username = c.username;
	(void)account_of(a, cfg, &c, &t.ha1);
	return backoff_silent(a->backoff, &t, now_ms) ? silent(a, &t) : AUTH_PROVED;
}

static enum auth_verdict failed(struct auth *a, const struct backoff_try *t, int64_t now_ms)
{
	char ip[CIDR_TEXT_SIZE];
	bool silenced = backoff_failed(a->backoff, t, now_ms);

	a->stats.failed++;
	ip_format(t->source, ip);
	log_limited(&log_failed, "wrong password or unknown username from %s for \"%.*s\"", ip,
		(int)t->username.len, t->username.p);
	return counted(a, silenced ? AUTH_REFUSED : AUTH_CHALLENGE);
}

enum auth_verdict auth_check(struct auth *a, const struct cfg *cfg, const struct sip_msg *m,
	const uint8_t source[16], int64_t now_ms, const struct cfg_sip_account **account)
{
	struct digest_credentials c;
	enum auth_verdict v = credentials_look(a, m, source, now_ms, &c);
	struct backoff_try t = {.source = source};
	const struct cfg_sip_account *acc;
	bool right;

	if (v != AUTH_PROVED)
		return counted(a, v);
	t.username = c.username;
	acc = account_of(a, cfg, &c, &t.ha1);
	if (backoff_silent(a->backoff, &t, now_ms))
		return silent(a, &t);
	right = digest_check(a->digest, &c, t.ha1, m->method_name) && acc;
	offer_taken(a->offer, m, source, c.algorithm, right, now_ms);
	if (!right)
		return failed(a, &t, now_ms);
	if (!nonce_use(a->mint, c.nonce, c.nc, source, now_ms))
		return counted(a, AUTH_STALE);
	if (m->method == SIP_INVITE)
		nonce_burn(a->mint, c.nonce, source);
	backoff_proved(a->backoff, &t, now_ms);
	a->stats.proved++;
	*account = acc;
	return AUTH_PROVED;
}

static enum offer_kind offer_for(struct auth *a, const struct sip_msg *m, const uint8_t source[16],
	int64_t now_ms, bool *only_sha256)
{
	struct digest_credentials c;

	*only_sha256 = false;
	if (credentials_find(a, m, &c))
		return offer_of(a->offer, m, source, now_ms);
	*only_sha256 = c.algorithm == DIGEST_SHA256;
	return OFFER_MD5_ONLY;
}

/* algorithm is left out for MD5, whose name is the default: every octet counts here. */
static void challenge_write(struct auth *a, const struct sip_msg *m,
	enum digest_algorithm algorithm, struct str nonce, bool stale, struct sip_build *out)
{
	sip_build_str(out, as_proxy(m) ? str_lit("Proxy-Authenticate: Digest realm=\"")
				       : str_lit("WWW-Authenticate: Digest realm=\""));
	sip_build_str(out, a->realm);
	sip_build_lit(out, "\",nonce=\"");
	sip_build_str(out, nonce);
	sip_build_lit(out, "\",qop=\"auth\"");
	if (algorithm != DIGEST_MD5) {
		sip_build_lit(out, ",algorithm=");
		sip_build_str(out, digest_algorithm_word(algorithm));
	}
	if (stale)
		sip_build_lit(out, ",stale=true");
	sip_build_lit(out, "\r\n");
}

void auth_challenge(struct auth *a, const struct sip_msg *m, const uint8_t source[16],
	enum auth_verdict why, size_t room, int64_t now_ms, struct sip_build *out)
{
	char text[NONCE_TEXT_LEN];
	struct str nonce = {text, sizeof(text)};
	bool stale = why == AUTH_STALE, only_sha256;
	enum offer_kind kind = offer_for(a, m, source, now_ms, &only_sha256);
	struct sip_build before = *out;

	nonce_make(a->mint, source, now_ms, text);
	if (only_sha256) {
		challenge_write(a, m, DIGEST_SHA256, nonce, stale, out);
		return;
	}
	if (kind == OFFER_SHA256_FIRST)
		challenge_write(a, m, DIGEST_SHA256, nonce, stale, out);
	challenge_write(a, m, DIGEST_MD5, nonce, stale, out);
	if (kind == OFFER_MD5_FIRST)
		challenge_write(a, m, DIGEST_SHA256, nonce, stale, out);
	if (!out->err && out->len - before.len <= room)
		return;
	*out = before;
	challenge_write(a, m, DIGEST_MD5, nonce, stale, out);
}

const struct auth_stats *auth_stats(const struct auth *a)
{
	return &a->stats;
}
