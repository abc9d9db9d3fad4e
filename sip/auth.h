/*
 * Who sent this request, by digest (RFC 3261 section 22): nonces, credentials, brute force and
 * the choice of challenges together. Known and unknown usernames cost the same work and get the
 * same answer. To a REGISTER we are the registrar (401, Authorization), to all else a proxy (407,
 * Proxy-Authorization); a nonce that let an INVITE in is worth nothing any more.
 */
#ifndef SIP_AUTH_H
#define SIP_AUTH_H

#include "core/cfg.h"
#include "sip/scan.h"
#include "sip/sip_build.h"

enum auth_verdict {
	AUTH_PROVED,
	AUTH_CHALLENGE, /* 401 or 407: no credentials for our realm that we can check, or wrong ones */
	AUTH_STALE, /* 401 with stale=true: a nonce that is not good (any more) */
	AUTH_MALFORMED, /* 400: credentials that cannot be read, twice, or for another Request-URI */
	AUTH_REFUSED, /* 403: wrong ones once too often; silence follows. Clients that answer each 401 with
			the same wrong password stop at this. */
	AUTH_SILENT, /* no answer: brute force */
};

struct auth_stats {
	uint64_t proved, challenged, stale, malformed, refused, silent;
	uint64_t failed; /* wrong password or unknown username */
};

struct auth;

/* realm: at most 255 octets without quotes and backslashes (EINVAL); copied. ENOMEM, EIO. */
int auth_new(struct auth **a, struct str realm);
void auth_free(struct auth *a);

/* Are there credentials for our realm, good or bad? */
bool auth_is_tried(const struct auth *a, const struct sip_msg *m);

/*
 * Before anything is allocated for the request: what needs no password. AUTH_PROVED here says that
 * the full check is worth its while. Repeatable: changes nothing but counters.
 */
enum auth_verdict auth_front(struct auth *a, const struct cfg *cfg, const struct sip_msg *m,
	const uint8_t source[16], int64_t now_ms);

/* The full check, once a request: it uses up the nonce count. *account is set when AUTH_PROVED,
 * enabled or not. */
enum auth_verdict auth_check(struct auth *a, const struct cfg *cfg, const struct sip_msg *m,
	const uint8_t source[16], int64_t now_ms, const struct cfg_sip_account **account);

/*
 * Appends the WWW-Authenticate or Proxy-Authenticate lines for AUTH_CHALLENGE or AUTH_STALE, algorithms and order by
 * sip/offer.h. room: octets that these lines may have; when two do not fit, MD5 alone is offered.
 */
void auth_challenge(struct auth *a, const struct sip_msg *m, const uint8_t source[16],
	enum auth_verdict why, size_t room, int64_t now_ms, struct sip_build *out);

const struct auth_stats *auth_stats(const struct auth *a);

#endif
