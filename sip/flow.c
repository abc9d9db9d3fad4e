#include "sip/flow.h"

#include <arpa/inet.h>
#include <errno.h>

#include "core/cidr.h"

int net_addr_parse(union net_addr *a, struct str ip, uint16_t port)
{
	uint8_t octets[16];

	if (ip_parse(ip.p, ip.len, octets))
		return EINVAL;
	memset(a, 0, sizeof(*a));
	if (ip_is_v4(octets)) {
		a->in.sin_family = AF_INET;
		memcpy(&a->in.sin_addr, octets + 12, 4);
	} else {
		a->in6.sin6_family = AF_INET6;
		memcpy(&a->in6.sin6_addr, octets, 16);
	}
	net_addr_set_port(a, port);
	return 0;
}

uint16_t net_addr_port(const union net_addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}

void net_addr_set_port(union net_addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
	else
		a->in.sin_port = htons(port);
}

socklen_t net_addr_len(const union net_addr *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

bool net_addr_eq(const union net_addr *a, const union net_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port &&
		       a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->in6.sin6_port == b->in6.sin6_port &&
	       a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
	       memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
}

void net_addr_octets(const union net_addr *a, uint8_t octets[16])
{
	if (a->sa.sa_family == AF_INET6)
		memcpy(octets, &a->in6.sin6_addr, 16);
	else
		ip_from_v4((const uint8_t *)&a->in.sin_addr, octets);
}

struct str net_addr_ip(const union net_addr *a, char buf[FLOW_IP_TEXT_MAX])
{
	uint8_t v4[4];

	if (a->sa.sa_family != AF_INET6) {
		memcpy(v4, &a->in.sin_addr, sizeof(v4));
		return (struct str){buf, ip_format_v4(v4, buf)};
	}
	if (!inet_ntop(AF_INET6, &a->in6.sin6_addr, buf, FLOW_IP_TEXT_MAX))
		buf[0] = '\0';
	return str_of(buf);
}

void flow_reply_to(struct flow *reply, const struct flow *from, uint16_t via_port, bool has_rport)
{
	uint16_t port = via_port ? via_port : flow_default_port(from->transport);

	*reply = *from;
	if (flow_is_stream(from))
		reply->return_port = port;
	else if (!has_rport)
		net_addr_set_port(&reply->peer, port);
}
