#include "sip/caller.h"

#include <string.h>

#include "core/plan.h"
#include "sip/auth.h"
#include "sip/net.h"
#include "sip/worker.h"

/* Undone escapes, or nothing: what cannot be read names nobody. */
static struct str user_of(const struct sip_uri *uri, char text[256])
{
	size_t len;

	if (uri->scheme == SIP_SCHEME_OTHER || sip_unescape(text, 256, uri->user, &len))
		return (struct str){text, 0};
	return (struct str){text, len};
}

/* The first identity that has a user part. */
static struct str identity_of(const struct sip_msg *m, enum sip_hdr id, char text[256])
{
	for (int i = sip_msg_first(m, id); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);
		struct sip_addr a;

		while (sip_addr_next(&rest, &a) == 0) {
			struct str user = user_of(&a.uri, text);

			if (!str_empty(user))
				return user;
		}
	}
	return (struct str){text, 0};
}

/* RFC 3323 section 4.2: a list parted by ';'. "id" hides the identity, "user" all that names the user. */
static bool asks_for_privacy(const struct sip_msg *m)
{
	for (int i = sip_msg_first(m, SIP_HDR_PRIVACY); i >= 0; i = sip_msg_next(m, i)) {
		struct str value = sip_msg_value(m, i);
		const char *end = str_end(value), *p = value.p;

		while (p < end) {
			const char *semi = memchr(p, ';', (size_t)(end - p));
			struct str word = str_span(p, semi ? semi : end);

			while (word.len && (word.p[0] == ' ' || word.p[0] == '\t'))
				word = str_span(word.p + 1, str_end(word));
			while (word.len &&
				(word.p[word.len - 1] == ' ' || word.p[word.len - 1] == '\t'))
				word.len--;
			if (str_caseeq(word, str_lit("id")) || str_caseeq(word, str_lit("user")))
				return true;
			p = semi ? semi + 1 : end;
		}
	}
	return false;
}

void caller_claim_read(
	const struct sip_msg *m, struct caller_texts *texts, struct caller_claim *claim)
{
	const struct sip_uri *from = &m->from.uri;

	claim->from = user_of(from, texts->from);
	claim->asserted = identity_of(m, SIP_HDR_P_ASSERTED_IDENTITY, texts->asserted);
	if (str_empty(claim->asserted))
		claim->asserted = identity_of(m, SIP_HDR_P_PREFERRED_IDENTITY, texts->asserted);
	claim->anonymous = str_caseeq(claim->from, str_lit("anonymous")) ||
			   str_caseeq(from->host, str_lit("anonymous.invalid")) ||
			   asks_for_privacy(m);
}

static const struct cfg_sip_account *any_by_address(const struct worker *w, const struct flow *from)
{
	uint8_t octets[16];

	net_addr_octets(&from->peer, octets);
	return cfg_sip_account_by_ip(w->cfg, octets);
}

int caller_by_address(const struct worker *w, const struct sip_msg *m, const struct flow *from,
	const struct cfg_sip_account **account)
{
	struct caller_texts texts;
	struct caller_claim claim;
	uint8_t octets[16];

	caller_claim_read(m, &texts, &claim);
	net_addr_octets(&from->peer, octets);
	return caller_account(w->cfg, octets, net_addr_port(&from->peer), &claim, account);
}

bool caller_is_gateway(const struct worker *w, const struct sip_msg *m, const struct flow *from)
{
	struct str user = m->ruri.user;
	e164_t did;

	if (guard_is_peer(w->guard, &from->peer))
		return true;
	if (!worker_gateway(w, from))
		return false;
	if (!any_by_address(w, from))
		return true;
	did = plan_did_of_user(w->cfg, user.p, user.len);
	return did && cfg_did(w->cfg, did);
}

bool caller_must_prove(const struct worker *w, const struct sip_msg *m, const struct flow *from)
{
	if (caller_is_gateway(w, m, from))
		return false;
	return auth_is_tried(w->auth, m) || !any_by_address(w, from);
}
