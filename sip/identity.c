/* Names that the worker gives: branches, record ids. */
#include <sys/random.h>

#include "core/hex.h"
#include "core/siphash.h"
#include "sip/forward.h"
#include "sip/loop.h"
#include "sip/net.h"
#include "sip/via.h"
#include "sip/worker.h"

#define BRANCH_COOKIE "z9hG4bKtg"

/* Keyed, so that nobody can make a branch that looks like ours. */
static uint32_t loop_mark(const struct worker *w, e164_t did)
{
	return (uint32_t)siphash(w->hash_key, &did, sizeof(did));
}

struct str worker_branch(struct worker *w, e164_t did, char *text)
{
	uint64_t n = w->branches++;
	uint64_t unique = siphash(w->hash_key, &n, sizeof(n));
	char *at = text + sizeof(BRANCH_COOKIE) - 1;

	memcpy(text, BRANCH_COOKIE, sizeof(BRANCH_COOKIE) - 1);
	at = hex_write(at, did ? loop_mark(w, did) : 0, 8);
	at = hex_write(at, unique, 16);
	return str_span(text, at);
}

bool worker_is_loop(const struct worker *w, const struct sip_msg *m, e164_t did)
{
	const size_t cookie = strlen(BRANCH_COOKIE);
	struct sip_via via;
	char mark[8];

	if (!did || m->via_count < 2)
		return false;
	hex_write(mark, loop_mark(w, did), sizeof(mark));
	for (int i = sip_msg_first(m, SIP_HDR_VIA); i >= 0; i = sip_msg_next(m, i)) {
		struct str rest = sip_msg_value(m, i);
		while (sip_via_next(&rest, &via) == 0) {
			if (via.branch.len > cookie + 8 &&
				memcmp(via.branch.p, BRANCH_COOKIE, cookie) == 0 &&
				memcmp(via.branch.p + cookie, mark, 8) == 0 &&
				net_is_own(w->net, via.host, via.port))
				return true;
		}
	}
	return false;
}

void worker_uuid(struct worker *w, struct uuid *id)
{
	uint8_t random[10];

	/* getrandom() of so few octets never fails once the system is up. */
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		memcpy(random, &w->branches, sizeof(w->branches));
	uuid_v7(id, loop_wall_ms(w->loop), random);
}
