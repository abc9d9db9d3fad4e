/* Contact URIs as keys of bindings: RFC 3261 section 19.1.4. */
#ifndef SIP_CONTACT_H
#define SIP_CONTACT_H

#include "sip/uri.h"

/* Do two sip URIs name the same? User and password exactly (escapes decoded), host in any case, port as
 * written (5060 is not the same as none), and parameters: user, ttl, method, maddr and transport must
 * be in both or in none, others only agree where both have them. Headers are not looked at. */
bool contact_same(const struct sip_uri *a, const struct sip_uri *b);

#endif
