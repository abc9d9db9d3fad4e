/* Contact URIs: as keys of bindings (RFC 3261 section 19.1.4), and as where calls to them go. */
#ifndef SIP_CONTACT_H
#define SIP_CONTACT_H

#include "sip/uri.h"

/* Do two sip URIs name the same? User and password exactly (escapes decoded), host in any case, port as
 * written (5060 is not the same as none), and parameters: user, ttl, method, maddr, transport and bnc
 * must be in both or in none, others only agree where both have them. Headers are not looked at. */
bool contact_same(const struct sip_uri *a, const struct sip_uri *b);

/* Does the contact stand for all numbers of its account ("bnc", RFC 6140)? */
bool contact_is_bulk(const struct sip_uri *uri);

/* The Request-URI of a call to a contact: with the number that is called as its user when that is
 * wanted, and always for a bulk contact, whose "bnc" does not show (RFC 6140 7.1); in the scheme that was
 * called, sips or not (RFC 5630): a sips contact is then one of transport=tls. malloc(); NULL: no memory. */
char *contact_target(struct str contact, struct str user, bool user_wanted, bool sips);

#endif
