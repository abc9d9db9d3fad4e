/* Calls of PBXs: to numbers of others through the gateways, to a DID of ours without them. */
#ifndef SIP_OUTBOUND_H
#define SIP_OUTBOUND_H

#include "sip/admit.h"

/* by_address: nothing but the source of a datagram says whose call it is. */
void outbound_start(
	const struct admission *a, const struct cfg_sip_account *account, bool by_address);

#endif
