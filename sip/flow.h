/*
 * Where a message came from or goes to: transport, our listener, the peer's address and, for
 * streams, the connection. Small enough to be kept by every transaction and binding.
 */
#ifndef SIP_FLOW_H
#define SIP_FLOW_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/str.h"
#include "core/words.h"

union net_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct flow {
	union net_addr peer;
	uint32_t conn; /* stream: number of the connection, never reused; 0: none yet */
	uint16_t return_port; /* stream: port to connect to when conn is gone; 0: peer's own */
	uint8_t listener; /* index into the listen list */
	uint8_t transport; /* enum transport */
	uint16_t name; /* TLS: whose certificate a new connection must find: net_set_name() */
};

enum { SIP_PORT = 5060, SIPS_PORT = 5061 };

/* Where a transport is spoken when nothing else is said (RFC 3261 19.1.2). */
static inline uint16_t flow_default_port(uint8_t transport)
{
	return transport == TRANSPORT_TLS ? SIPS_PORT : SIP_PORT;
}

#define FLOW_IP_TEXT_MAX 46 /* INET6_ADDRSTRLEN */

static inline bool flow_is_stream(const struct flow *f)
{
	return f->transport != TRANSPORT_UDP;
}

/* An IP literal without brackets and a port: 0 or EINVAL. */
int net_addr_parse(union net_addr *a, struct str ip, uint16_t port);
uint16_t net_addr_port(const union net_addr *a);
void net_addr_set_port(union net_addr *a, uint16_t port);
socklen_t net_addr_len(const union net_addr *a);
/* Family, address and port; IPv6 also the scope. */
bool net_addr_eq(const union net_addr *a, const union net_addr *b);
/* The address alone, IPv4 as IPv4-mapped IPv6: for core/cidr.h and cfg_gateway_by_ip(). */
void net_addr_octets(const union net_addr *a, uint8_t octets[16]);
/* The address as text, no brackets, no port; a slice of buf. */
struct str net_addr_ip(const union net_addr *a, char buf[FLOW_IP_TEXT_MAX]);

/* Where the response to a request goes (RFC 3261 18.2.2, RFC 3581): the source of the request with
 * rport; without it the port of the Via's sent-by (0: the default) at the source's address. A stream's
 * response goes back on its connection, and to that port when the connection is gone. maddr is
 * ignored on purpose: it would let a stranger point our responses at others. */
void flow_reply_to(struct flow *reply, const struct flow *from, uint16_t via_port, bool has_rport);

#endif
