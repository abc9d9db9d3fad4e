#include "sip/digest.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "sip/auth_param.h"

struct digest {
	EVP_MD *md[DIGEST_ALGORITHM_COUNT];
	EVP_MD_CTX *ctx;
};

static const struct {
	struct str word;
	const char *name;
	size_t hex_len;
} algorithms[DIGEST_ALGORITHM_COUNT] = {
	[DIGEST_MD5] = {STR("MD5"), "MD5", 32},
	[DIGEST_SHA256] = {STR("SHA-256"), "SHA2-256", 64},
};

struct str digest_algorithm_word(enum digest_algorithm a)
{
	return algorithms[a].word;
}

size_t digest_hex_len(enum digest_algorithm a)
{
	return algorithms[a].hex_len;
}

/* What an escape means inside of a hashed value is understood in two ways; none is needed. */
static bool plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((uint8_t)s.p[i] < 0x20 || s.p[i] == '\\' || s.p[i] == 0x7f)
			return false;
	}
	return true;
}

static bool hex_only(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
			return false;
	}
	return true;
}

static struct str value_of(const struct sip_auth *a, struct str name)
{
	const struct sip_param *p = sip_auth_param(a, name);

	return p ? p->value : (struct str){NULL, 0};
}

static int algorithm_of(const struct sip_auth *a, enum digest_algorithm *algorithm)
{
	const struct sip_param *p = sip_auth_param(a, str_lit("algorithm"));

	*algorithm = DIGEST_MD5;
	if (!p)
		return 0;
	for (*algorithm = 0; *algorithm < DIGEST_ALGORITHM_COUNT; (*algorithm)++) {
		if (str_caseeq(p->value, algorithms[*algorithm].word))
			return 0;
	}
	return ENOTSUP;
}

static int nc_of(struct str s, uint32_t *nc)
{
	if (s.len != 8 || !hex_only(s))
		return EINVAL;
	*nc = 0;
	for (size_t i = 0; i < 8; i++) {
		char c = s.p[i];

		*nc = *nc << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return 0;
}

static int supported(const struct sip_auth *a, struct digest_credentials *c)
{
	struct str userhash = value_of(a, str_lit("userhash"));

	if (!str_caseeq(value_of(a, str_lit("qop")), str_lit("auth")))
		return ENOTSUP;
	if (sip_auth_param(a, str_lit("username*")) ||
		(!str_empty(userhash) && !str_caseeq(userhash, str_lit("false"))))
		return ENOTSUP;
	return algorithm_of(a, &c->algorithm);
}

/* Other schemes need not even have parameters ("Basic dTpw=="). */
static bool is_digest(struct str value)
{
	static const struct str scheme = STR("Digest");

	return value.len > scheme.len && str_caseeq((struct str){value.p, scheme.len}, scheme) &&
	       (uint8_t)value.p[scheme.len] <= ' ';
}

int digest_credentials_parse(struct digest_credentials *c, struct str value)
{
	struct sip_auth a;
	int err;

	if (!is_digest(value))
		return ENOTSUP;
	if (sip_auth_parse(&a, value))
		return EINVAL;
	err = supported(&a, c);
	if (err)
		return err;
	c->username = value_of(&a, str_lit("username"));
	c->realm = value_of(&a, str_lit("realm"));
	c->nonce = value_of(&a, str_lit("nonce"));
	c->uri = value_of(&a, str_lit("uri"));
	c->cnonce = value_of(&a, str_lit("cnonce"));
	c->response = value_of(&a, str_lit("response"));
	c->nc_text = value_of(&a, str_lit("nc"));
	if (str_empty(c->username) || str_empty(c->nonce) || str_empty(c->uri) ||
		str_empty(c->cnonce) || c->response.len != digest_hex_len(c->algorithm))
		return EINVAL;
	if (!plain(c->username) || !plain(c->realm) || !plain(c->nonce) || !plain(c->uri) ||
		!plain(c->cnonce) || !hex_only(c->response))
		return EINVAL;
	return nc_of(c->nc_text, &c->nc);
}

int digest_new(struct digest **dp)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (!d)
		return ENOMEM;
	d->ctx = EVP_MD_CTX_new();
	for (int i = 0; i < DIGEST_ALGORITHM_COUNT; i++)
		d->md[i] = EVP_MD_fetch(NULL, algorithms[i].name, NULL);
	if (!d->ctx || !d->md[DIGEST_MD5] || !d->md[DIGEST_SHA256]) {
		digest_free(d);
		return EIO;
	}
	*dp = d;
	return 0;
}

void digest_free(struct digest *d)
{
	if (!d)
		return;
	for (int i = 0; i < DIGEST_ALGORITHM_COUNT; i++)
		EVP_MD_free(d->md[i]);
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

/* H(part:part:...) in hex. */
static int hash(struct digest *d, enum digest_algorithm a, const struct str *part, unsigned count,
	char hex[DIGEST_HEX_MAX + 1])
{
	static const char digit[] = "0123456789abcdef";
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!EVP_DigestInit_ex2(d->ctx, d->md[a], NULL))
		return EIO;
	for (unsigned i = 0; i < count; i++) {
		if (i && !EVP_DigestUpdate(d->ctx, ":", 1))
			return EIO;
		if (!EVP_DigestUpdate(d->ctx, part[i].p, part[i].len))
			return EIO;
	}
	if (!EVP_DigestFinal_ex(d->ctx, sum, &len) || 2 * len != digest_hex_len(a))
		return EIO;
	for (unsigned i = 0; i < len; i++) {
		hex[2 * i] = digit[sum[i] >> 4];
		hex[2 * i + 1] = digit[sum[i] & 15];
	}
	hex[2 * len] = '\0';
	return 0;
}

int digest_ha1(struct digest *d, enum digest_algorithm a, struct str username, struct str realm,
	struct str password, char hex[DIGEST_HEX_MAX + 1])
{
	struct str part[] = {username, realm, password};

	return hash(d, a, part, 3, hex);
}

int digest_response(struct digest *d, const struct digest_credentials *c, const char *ha1,
	struct str method, char hex[DIGEST_HEX_MAX + 1])
{
	struct str resource[] = {method, c->uri};
	char ha2[DIGEST_HEX_MAX + 1];
	int err = hash(d, c->algorithm, resource, 2, ha2);
	struct str proof[] = {
		str_of(ha1), c->nonce, c->nc_text, c->cnonce, str_lit("auth"), str_of(ha2)};
	struct str plain_proof[] = {proof[0], proof[1], proof[5]};

	if (err)
		return err;
	if (str_empty(c->nc_text))
		return hash(d, c->algorithm, plain_proof, 3, hex);
	return hash(d, c->algorithm, proof, 6, hex);
}

bool digest_check(
	struct digest *d, const struct digest_credentials *c, const char *ha1, struct str method)
{
	char expected[DIGEST_HEX_MAX + 1], given[DIGEST_HEX_MAX];
	size_t len = digest_hex_len(c->algorithm);

	if (c->response.len != len || digest_response(d, c, ha1, method, expected))
		return false;
	for (size_t i = 0; i < len; i++) /* digits have the bit already */
		given[i] = (char)(c->response.p[i] | 0x20);
	return CRYPTO_memcmp(expected, given, len) == 0;
}

static uint16_t port_of(const struct sip_uri *u)
{
	return u->port ? u->port : 5060;
}

bool digest_uri_matches(struct str digest_uri, const struct sip_uri *ruri)
{
	struct sip_uri u;

	if (str_eq(digest_uri, ruri->all))
		return true;
	if (sip_uri_parse(&u, digest_uri) || u.scheme != SIP_SCHEME_SIP ||
		ruri->scheme != SIP_SCHEME_SIP)
		return false;
	if (!str_empty(u.headers) || !str_eq(u.user, ruri->user) ||
		!str_eq(u.password, ruri->password) || !sip_host_eq(u.host, ruri->host) ||
		port_of(&u) != port_of(ruri))
		return false;
	return str_empty(u.params) || str_empty(ruri->params) || str_caseeq(u.params, ruri->params);
}
