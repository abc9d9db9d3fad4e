/* Which PBX makes a call: by digest, or by the address that it calls from (core/caller_account.h), and what
 * it says of itself. */
#ifndef SIP_CALLER_H
#define SIP_CALLER_H

#include "core/caller_account.h"
#include "sip/scan.h"

struct flow;
struct worker;

/* The texts that a claim points to. */
struct caller_texts {
	char from[256], asserted[256];
};
void caller_claim_read(
	const struct sip_msg *m, struct caller_texts *texts, struct caller_claim *claim);

/* Does nobody know the sender of this INVITE without a password? One that brings a password is asked for
 * it in any case: behind the address of a PBX without one there may be another with. */
bool caller_must_prove(const struct worker *w, const struct sip_msg *m, const struct flow *from);

/* By the source address: 0, or the errors of caller_account(). */
int caller_by_address(const struct worker *w, const struct sip_msg *m, const struct flow *from,
	const struct cfg_sip_account **account);

/* The sender is another trunking server, or a gateway and the call one to a DID of ours or from nobody
 * else's address. */
bool caller_is_gateway(const struct worker *w, const struct sip_msg *m, const struct flow *from);

#endif
