/* From, To and CSeq as the two sides of a call know them, where these differ: the callee was shown another
 * calling party or the DID, or asked for a password that the caller has not got, while the caller must
 * get back in every response what it sent. The tags never differ. */
#ifndef SIP_MASK_H
#define SIP_MASK_H

#include "sip/forward.h"
#include "sip/scan.h"

/* One allocation; free() it. NULL texts: the same on both sides. */
struct call_mask {
	const char *from_in, *from_out; /* the INVITE's From as received, as sent on */
	const char *to_in, *to_out;
	int32_t cseq_add; /* of the caller's requests, as sent on */
};

/* from, to: as sent on; empty: as received. ENOMEM. */
int mask_new(struct call_mask **mask, const struct sip_msg *invite, struct str from, struct str to,
	int32_t cseq_add);

/* What a message must show when it goes to the callee or to the caller. by_caller: it is a request
 * of the caller or a response to one, so its From is the INVITE's From; else that is its To. */
void mask_apply(const struct call_mask *mask, bool to_callee, bool by_caller, struct forward *f);

#endif
