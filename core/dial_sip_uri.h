/* The SIP URIs that a dial plan may name: sip:user@host:port;transport=udp and nothing else of
 * RFC 3261, so that there is one spelling of each. User, port and transport may be left out. */
#ifndef TRUNKGUARD_CORE_DIAL_SIP_URI_H
#define TRUNKGUARD_CORE_DIAL_SIP_URI_H

#include <stddef.h>

#include "core/sip_address.h"

enum { DIAL_SIP_URI_USER_MAX = 64, DIAL_SIP_URI_SIZE = 384 };

struct dial_sip_uri {
	char *user; /* owned; as it stands in the URI, "%23" is not decoded; "" none */
	struct sip_address address;
};

/* EINVAL: *why then says in a few words what is wrong; ENOMEM. Nothing is held after an error. */
int dial_sip_uri_parse(const char *text, size_t len, struct dial_sip_uri *uri, const char **why);
/* Its one spelling: "sip:100@pbx.example:5060;transport=udp"; the transport is always there, the port
 * when there is one. */
void dial_sip_uri_format(const struct dial_sip_uri *uri, char out[DIAL_SIP_URI_SIZE]);
void dial_sip_uri_fini(struct dial_sip_uri *uri);

#endif
