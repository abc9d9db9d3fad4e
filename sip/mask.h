/* From or To as the two sides of a call know them, where these differ: the callee was shown another
 * calling party or the DID, while the caller must get back in every response what it sent. Only the
 * addresses differ, the tags never do. */
#ifndef SIP_MASK_H
#define SIP_MASK_H

#include "sip/forward.h"
#include "sip/scan.h"

/* One allocation; free() it. NULL texts: the same on both sides. */
struct call_mask {
	const char *from_in, *from_out; /* the INVITE's From as received, as sent on */
	const char *to_in, *to_out;
};

/* from, to: as sent on; empty: as received. ENOMEM. */
int mask_new(struct call_mask **mask, const struct sip_msg *invite, struct str from, struct str to);

/* What a message must show when it goes to the callee or to the caller. by_caller: it is a request
 * of the caller or a response to one, so its From is the INVITE's From; else that is its To. */
void mask_apply(const struct call_mask *mask, bool to_callee, bool by_caller, struct forward *f);

#endif
