/*
 * SIP, SIPS and tel URIs (RFC 3261 section 19.1 and 25.1, RFC 3966), sliced and strictly checked:
 * character sets, escapes (none of a control octet), host names, IPv4 without leading zeros, IPv6
 * in brackets, port 1 to 65535, no parameter twice. One concession: "_" in host names.
 */
#ifndef SIP_URI_H
#define SIP_URI_H

#include "sip/host.h"

enum sip_scheme {
	SIP_SCHEME_SIP,
	SIP_SCHEME_SIPS,
	SIP_SCHEME_TEL,
	SIP_SCHEME_OTHER, /* well formed but unknown to us: only .all is set */
};

struct sip_uri {
	struct str all;
	enum sip_scheme scheme;
	struct str user; /* as received, %-escapes kept; tel: the number with its separators */
	struct str password; /* .p is NULL without ":" */
	struct str host; /* without brackets; empty for tel */
	bool host_ipv6;
	uint16_t port; /* 0: none given */
	struct str params; /* with the leading ";", else empty */
	struct str headers; /* after "?", else empty */
};

/* The whole of s is the URI: 0 or EINVAL. Slices point into s. */
int sip_uri_parse(struct sip_uri *u, struct str s);

/* A parameter by name (any case): true when present; the value is empty when it has none. */
bool sip_uri_param(const struct sip_uri *u, struct str name, struct str *value);

/* Decodes %-escapes once into dst (not terminated): EINVAL bad escape or an escaped control
 * octet, ENAMETOOLONG when it does not fit. */
int sip_unescape(char *dst, size_t cap, struct str s, size_t *len);

#endif
