/* The URL of a webhook, read strictly: what two readers could take in two ways is refused, so the host
 * that is checked here is the host that is connected to. A name is no promise: the address that it
 * leads to is checked at every connection (webhook_address_permitted()). */
#ifndef TRUNKGUARD_API_WEBHOOK_URL_H
#define TRUNKGUARD_API_WEBHOOK_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cidr.h"

enum { WEBHOOK_URL_MAX = 2000 };

struct webhook_url {
	bool tls;
	uint16_t port;
};

/* EINVAL: no such URL; ENOTSUP: http, with no private target allowed; EACCES: it names an address, a
 * host or a port that may not be sent to. */
int webhook_url_parse(const char *text, const struct cidr_list *allow, struct webhook_url *url);

/* May it be sent to this address? In plain HTTP, or to a port of another service, only when the
 * address is allowed expressly. */
bool webhook_address_permitted(
	const struct webhook_url *url, const uint8_t addr[16], const struct cidr_list *allow);

#endif
