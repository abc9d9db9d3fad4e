/* The REGISTER that we send to a gateway's registrar (RFC 3261 section 10.2). Pure. */
#ifndef SIP_REGISTER_MESSAGE_H
#define SIP_REGISTER_MESSAGE_H

#include "core/sip_address.h"
#include "sip/flow.h"
#include "sip/scan.h"
#include "sip/sip_build.h"

enum { REGISTER_MESSAGE_MAX = 4096, REGISTER_URI_MAX = 320 };

struct register_message {
	struct str uri; /* Request-URI: register_message_uri() */
	struct str username; /* any octets: escaped where it stands in a URI */
	struct str domain; /* of the address of record, as in a URI */
	struct str self; /* our host:port, also of Contact */
	struct str branch, tag, call_id;
	uint32_t cseq, expires; /* expires 0: unregister */
	struct str credentials; /* a header line, or empty */
};

/* "sip:sip.carrier.example:5070" */
void register_message_uri(struct sip_build *b, const struct sip_address *registrar);

void register_message_write(
	struct sip_build *b, const struct register_message *r, const struct flow *to);

/* How long the registration lasts by this 2xx: the expires of our Contact, else Expires, else what was
 * asked for. self and username as in the request. */
uint32_t register_message_expires(const struct sip_msg *ok, const struct register_message *r);

#endif
