/* The syntax of hosts and ports (RFC 3261 section 25.1), strict: what a lax resolver would read as
 * an address in disguise ("127.1", "0x7f.1", "2130706433") is no host name. */
#ifndef TRUNKGUARD_CORE_HOST_H
#define TRUNKGUARD_CORE_HOST_H

#include <stddef.h>
#include <stdint.h>

enum host_kind { HOST_INVALID, HOST_NAME, HOST_IPV4, HOST_IPV6 };

/* Letters, digits and hyphens in labels of at most 63, 253 in all, the last label beginning with
 * a letter, a dot at the end allowed; or an IP literal, IPv6 without brackets. */
enum host_kind host_kind(const char *text, size_t len);

/* 1 to 65535 in decimal without leading zeros. EINVAL. */
int port_parse(const char *text, size_t len, uint16_t *port);

/* "pbx.example", "pbx.example:5060", "192.0.2.1:5060", "[2001:db8::1]:5060", "[2001:db8::1]".
 * host points into text, brackets taken off; port 0 when there is none. EINVAL. */
int host_port_parse(
	const char *text, size_t len, const char **host, size_t *host_len, uint16_t *port);

#endif
