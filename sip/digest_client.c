#include "sip/digest_client.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include <openssl/crypto.h>

#include "core/hex.h"
#include "sip/auth_param.h"

enum { CNONCE_OCTETS = 8, COUNT_DIGITS = 8 };

static struct str value_of(const struct sip_auth *a, struct str name)
{
	const struct sip_param *p = sip_auth_param(a, name);

	return p ? p->value : (struct str){NULL, 0};
}

/* qop is a list: "auth,auth-int". */
static bool offers_auth(struct str list)
{
	struct str item;

	while (sip_list_next(&list, &item) == 0)
		if (str_caseeq(item, str_lit("auth")))
			return true;
	return false;
}

static bool algorithm_of(const struct sip_auth *a, enum digest_algorithm *algorithm)
{
	struct str word = value_of(a, str_lit("algorithm"));

	*algorithm = DIGEST_MD5;
	if (str_empty(word))
		return true;
	for (int i = 0; i < DIGEST_ALGORITHM_COUNT; i++) {
		*algorithm = (enum digest_algorithm)i;
		if (str_caseeq(word, digest_algorithm_word(*algorithm)))
			return true;
	}
	return false;
}

/* Inside of quotes, as received: an escaped quote is sent back escaped. */
static struct str keep(struct digest_challenge *c, size_t *used, struct str s)
{
	char *at = c->text + *used;

	if (s.p == NULL)
		return s;
	memcpy(at, s.p, s.len);
	*used += s.len;
	return (struct str){at, s.len};
}

static int read_one(struct digest_challenge *c, struct str value)
{
	struct sip_auth a;
	struct str qop;
	size_t used = 0;

	if (sip_auth_parse(&a, value))
		return EINVAL;
	if (!str_caseeq(a.scheme, str_lit("Digest")) || !algorithm_of(&a, &c->algorithm))
		return ENOTSUP;
	qop = value_of(&a, str_lit("qop"));
	c->qop = !str_empty(qop);
	if (c->qop && !offers_auth(qop))
		return ENOTSUP;
	c->realm = value_of(&a, str_lit("realm"));
	c->nonce = value_of(&a, str_lit("nonce"));
	c->opaque = value_of(&a, str_lit("opaque"));
	if (!c->realm.p || str_empty(c->nonce) ||
		c->realm.len + c->nonce.len + c->opaque.len > sizeof(c->text))
		return EINVAL;
	c->realm = keep(c, &used, c->realm);
	c->nonce = keep(c, &used, c->nonce);
	c->opaque = keep(c, &used, c->opaque);
	c->stale = str_caseeq(value_of(&a, str_lit("stale")), str_lit("true"));
	c->count = 0;
	return 0;
}

/* A challenge points into itself: not to be copied by assignment. */
static void take(struct digest_challenge *to, const struct digest_challenge *from)
{
	struct str *const part[] = {&to->realm, &to->nonce, &to->opaque};

	*to = *from;
	for (unsigned i = 0; i < 3; i++)
		if (part[i]->p)
			part[i]->p = to->text + (part[i]->p - from->text);
}

int digest_challenge_read(struct digest_challenge *c, const struct sip_msg *response)
{
	bool proxy = response->status == 407;
	enum sip_hdr id = proxy ? SIP_HDR_PROXY_AUTHENTICATE : SIP_HDR_WWW_AUTHENTICATE;
	int err = ENOTSUP;

	for (int i = sip_msg_first(response, id); i >= 0; i = sip_msg_next(response, i)) {
		struct digest_challenge one = {.proxy = proxy};
		int why = read_one(&one, sip_msg_value(response, i));

		if (why) {
			err = err == ENOTSUP ? why : err;
		} else if (err || one.algorithm > c->algorithm) {
			take(c, &one);
			err = 0;
		}
	}
	return err;
}

/* What would end the quotes or the line. */
static bool quotable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.p[i] < 0x20 || s.p[i] == '"' || s.p[i] == '\\' || s.p[i] == 0x7f)
			return false;
	return true;
}

static void write_quoted(struct sip_build *out, const char *name, struct str value)
{
	sip_build_str(out, str_of(name));
	sip_build_lit(out, "=\"");
	sip_build_str(out, value);
	sip_build_lit(out, "\"");
}

static void write_line(const struct digest_challenge *ch, const struct digest_credentials *c,
	struct sip_build *out)
{
	sip_build_str(out, ch->proxy ? str_lit("Proxy-Authorization: Digest ")
				     : str_lit("Authorization: Digest "));
	write_quoted(out, "username", c->username);
	write_quoted(out, ",realm", c->realm);
	write_quoted(out, ",nonce", c->nonce);
	write_quoted(out, ",uri", c->uri);
	write_quoted(out, ",response", c->response);
	sip_build_lit(out, ",algorithm=");
	sip_build_str(out, digest_algorithm_word(c->algorithm));
	if (ch->opaque.p)
		write_quoted(out, ",opaque", ch->opaque);
	if (ch->qop) {
		write_quoted(out, ",cnonce", c->cnonce);
		sip_build_lit(out, ",qop=auth,nc=");
		sip_build_str(out, c->nc_text);
	}
	sip_build_lit(out, "\r\n");
}

static int cnonce_make(char hex[2 * CNONCE_OCTETS])
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return EIO;
	hex_write(hex, random, 2 * CNONCE_OCTETS);
	return 0;
}

int digest_challenge_answer(struct digest *d, struct digest_challenge *ch,
	const struct digest_identity *who, struct str method, struct str uri, struct sip_build *out)
{
	char cnonce[2 * CNONCE_OCTETS], count[COUNT_DIGITS];
	char ha1[DIGEST_HEX_MAX + 1], response[DIGEST_HEX_MAX + 1];
	struct digest_credentials c = {.algorithm = ch->algorithm,
		.username = who->username,
		.realm = ch->realm,
		.nonce = ch->nonce,
		.uri = uri};
	int err;

	if (!quotable(who->username) || !quotable(uri))
		return EINVAL;
	if (ch->qop) {
		err = cnonce_make(cnonce);
		if (err)
			return err;
		hex_write(count, ++ch->count, COUNT_DIGITS);
		c.cnonce = (struct str){cnonce, sizeof(cnonce)};
		c.nc_text = (struct str){count, sizeof(count)};
	}
	err = digest_ha1(d, ch->algorithm, who->username, ch->realm, who->password, ha1);
	if (!err)
		err = digest_response(d, &c, ha1, method, response);
	if (err)
		return err;
	c.response = str_of(response);
	write_line(ch, &c, out);
	OPENSSL_cleanse(ha1, sizeof(ha1));
	return 0;
}
