/*
 * Hosts and ports of URIs and Via: host names (strict labels, but "_" is allowed as in the names
 * of containers), IPv4 without leading zeros, IPv6 in brackets (RFC 3261 25.1, RFC 5954).
 */
#ifndef SIP_HOST_H
#define SIP_HOST_H

#include "core/str.h"

/* A host at p, which ends where its octets end; NULL when there is none. *host is set without
 * brackets. */
const char *sip_host_scan(const char *p, const char *end, struct str *host, bool *ipv6);

/* The digits of a port, 1 to 65535; NULL when there is none. */
const char *sip_port_scan(const char *p, const char *end, uint16_t *port);

/* The whole of s is a host: 0 or EINVAL. */
int sip_host_parse(struct str s, struct str *host, bool *ipv6);

/* The text is an IPv4 address, or an IPv6 address with or without brackets. */
bool sip_host_is_ip(struct str s);

/* Names in any case, with or without the last dot; IPv6 by value. Brackets must be off. */
bool sip_host_eq(struct str a, struct str b);

#endif
