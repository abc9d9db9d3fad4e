/*
 * Digest as a client (RFC 3261 section 22, RFC 7616, RFC 8760): gateways that ask us who we are. Of several
 * challenges SHA-256 goes before MD5; qop=auth, and none for servers of RFC 2069. A challenge may be
 * answered again, with its count one higher, until the server calls it stale.
 */
#ifndef SIP_DIGEST_CLIENT_H
#define SIP_DIGEST_CLIENT_H

#include "sip/digest.h"
#include "sip/scan.h"
#include "sip/sip_build.h"

enum { DIGEST_CHALLENGE_TEXT_MAX = 512 };

/* Owns its texts: it outlives the response that it came in. */
struct digest_challenge {
	enum digest_algorithm algorithm;
	bool proxy; /* 407: the answer goes into Proxy-Authorization */
	bool qop;
	bool stale; /* the credentials were right, the nonce too old */
	uint32_t count; /* of answers so far */
	struct str realm, nonce, opaque; /* into text; opaque.p NULL: none */
	char text[DIGEST_CHALLENGE_TEXT_MAX];
};

/* What a 401 or 407 asks for: 0; ENOTSUP: nothing that we can answer; EINVAL: malformed. */
int digest_challenge_read(struct digest_challenge *c, const struct sip_msg *response);

struct digest_identity {
	struct str username, password;
};

/*
 * Appends the header line that answers the challenge, and counts it. uri: the Request-URI, as sent.
 * EINVAL: user name or URI cannot be quoted; EIO: libcrypto, no random octets. ENOBUFS sticks in out.
 */
int digest_challenge_answer(struct digest *d, struct digest_challenge *c,
	const struct digest_identity *who, struct str method, struct str uri,
	struct sip_build *out);

#endif
