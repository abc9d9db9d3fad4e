/*
 * Digest access authentication, the computation (RFC 7616, RFC 8760, RFC 3261 section 22): MD5 and
 * SHA-256, always qop=auth. Which nonces are good is sip/nonce.h's, who may try is sip/auth.h's.
 */
#ifndef SIP_DIGEST_H
#define SIP_DIGEST_H

#include "core/str.h"
#include "sip/uri.h"

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256, DIGEST_ALGORITHM_COUNT };

enum { DIGEST_HEX_MAX = 64 };

/* "MD5", "SHA-256". */
struct str digest_algorithm_word(enum digest_algorithm a);
/* Hexadecimal digits of a hash: 32 or 64. */
size_t digest_hex_len(enum digest_algorithm a);

/* Slices of the header, quotes off. */
struct digest_credentials {
	enum digest_algorithm algorithm;
	struct str username, realm, nonce, uri, cnonce, response;
	struct str nc_text;
	uint32_t nc;
};

/*
 * From the value of Authorization or Proxy-Authorization. EINVAL: malformed, a parameter is missing,
 * there twice, empty where it must not be, or holds a backslash or control octet. ENOTSUP: not
 * Digest, another algorithm, no qop or another one than auth (RFC 2069 clients), userhash.
 */
int digest_credentials_parse(struct digest_credentials *c, struct str value);

/* The hash functions, looked up once. Not for two threads at a time. */
struct digest;

int digest_new(struct digest **d); /* ENOMEM, EIO: libcrypto lacks one */
void digest_free(struct digest *d);

/* H(username:realm:password) in hex, terminated by NUL: 0 or EIO. */
int digest_ha1(struct digest *d, enum digest_algorithm a, struct str username, struct str realm,
	struct str password, char hex[DIGEST_HEX_MAX + 1]);

/* The response that c should hold for this HA1 (hex) and method, in hex, terminated: 0 or EIO. Without
 * a nonce count it is the one of RFC 2069, which servers that know no qop ask for. */
int digest_response(struct digest *d, const struct digest_credentials *c, const char *ha1,
	struct str method, char hex[DIGEST_HEX_MAX + 1]);

/* Does c prove that its sender knows the HA1? The comparison takes the same time either way. */
bool digest_check(
	struct digest *d, const struct digest_credentials *c, const char *ha1, struct str method);

/*
 * Does the digest-uri name the Request-URI? Equal octets, or sip URIs with the same user, host and
 * port where only one of them spells out 5060 or has parameters: PBXs differ in these, and neither
 * lets a captured response be used for another resource.
 */
bool digest_uri_matches(struct str digest_uri, const struct sip_uri *ruri);

#endif
