/* Where SIP is sent. */
#ifndef TRUNKGUARD_CORE_SIP_ADDRESS_H
#define TRUNKGUARD_CORE_SIP_ADDRESS_H

#include <stdint.h>

#include "core/words.h"

/* host: IPv4 or IPv6 literal without brackets, or an FQDN; port 0: found by DNS (RFC 3263), else the
 * transport's default. */
struct sip_address {
	char *host; /* owned; NULL: no address */
	uint16_t port;
	enum transport transport;
};

struct sip_address_list {
	struct sip_address *item;
	uint16_t count;
};

void sip_address_fini(struct sip_address *a);
void sip_address_list_fini(struct sip_address_list *l);

#endif
