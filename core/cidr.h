/* IP addresses and address blocks. Both families live in 16 octets, IPv4 as IPv4-mapped IPv6
 * (RFC 4291 section 2.5.5.2), so that a packet's source is compared in one way. */
#ifndef TRUNKGUARD_CORE_CIDR_H
#define TRUNKGUARD_CORE_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An address block; bits counts in the 128, so an IPv4 /24 has 120. */
struct cidr {
	uint8_t addr[16];
	uint8_t bits;
};

struct cidr_list {
	struct cidr *item;
	uint16_t count;
};

enum { CIDR_TEXT_SIZE = 50 }; /* the longest text of an address or a block, and a NUL */

/* A literal IPv4 (four decimal parts, no leading zeros) or IPv6 address (no brackets, no zone).
 * EINVAL. */
int ip_parse(const char *text, size_t len, uint8_t addr[16]);
/* Dotted; its length. */
enum { IP_V4_TEXT_SIZE = 16 };
size_t ip_format_v4(const uint8_t v4[4], char out[IP_V4_TEXT_SIZE]);
void ip_format(const uint8_t addr[16], char out[CIDR_TEXT_SIZE]);
bool ip_is_v4(const uint8_t addr[16]);
/* From network order, as in struct in_addr. */
void ip_from_v4(const uint8_t v4[4], uint8_t addr[16]);

/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". EINVAL for what is no block; ERANGE when bits are
 * set behind the prefix ("192.0.2.1/24"), which is a slip that could open more than was meant. */
int cidr_parse(const char *text, size_t len, struct cidr *c);
/* A block of one address is written without its length. */
void cidr_format(const struct cidr *c, char out[CIDR_TEXT_SIZE]);

/* Clears the bits behind the first `bits`. */
void cidr_mask(uint8_t addr[16], unsigned bits);
bool cidr_match(const struct cidr *c, const uint8_t addr[16]);
bool cidr_list_match(const struct cidr_list *list, const uint8_t addr[16]);

/* True for an address that no customer may make us send to: loopback, link-local, private (RFC
 * 1918, RFC 4193), shared (RFC 6598), multicast, broadcast, unspecified, reserved, benchmarking,
 * and those that carry such an IPv4 address inside (mapped, compatible, NAT64, 6to4) or hide one
 * (Teredo, local NAT64). Documentation addresses are not among them: they lead nowhere. */
bool cidr_private(const uint8_t addr[16]);
/* Not private, or in a block of the allow list (NULL: none). To be asked after every resolution
 * and for every literal, right before sending. */
bool cidr_permitted(const uint8_t addr[16], const struct cidr_list *allow);

#endif
