/*
 * Listeners and connections: UDP, TCP and TLS over IPv4 and IPv6. One struct net per SIP thread, on
 * its loop. A handler is only called from the loop, never from inside another function of this
 * header.
 *
 * UDP messages of any size up to what the socket takes are sent as they are: there is no change to
 * TCP above 1300 octets (RFC 3261 18.1.1), because the peers of this worker are provisioned with
 * the transport that they speak, and IP fragments reach them more surely than an unasked TCP
 * connection does.
 */
#ifndef SIP_NET_H
#define SIP_NET_H

#include <stddef.h>

#include "sip/flow.h"

struct loop;
struct listen_list;
struct net;
struct tls_context;

enum { NET_WHY_MAX = 160 };

/* One datagram or one framed message, as received; it may be anything. buf is valid during the
 * call. Keep-alives of streams (RFC 5626 4.4.1) were answered and do not come here. */
typedef void net_recv_h(const char *buf, size_t len, const struct flow *from, void *arg);

/* What was sent to this peer did not get there. UDP: an ICMP error, conn 0. Stream: the connection
 * is gone (conn names it) or could not be made; ECONNRESET, ECONNREFUSED, ETIMEDOUT,
 * EHOSTUNREACH, EPIPE... A connection that ends in order, with nothing unsent, is told as
 * ECONNRESET too: requests without any response on it will not be answered. */
typedef void net_error_h(const struct flow *peer, int err, void *arg);

struct net_config {
	const struct listen_list *listen; /* core/settings.h; copied */
	/* Comma list of host, host:port or [v6]:port for Via and Record-Route, with udp:, tcp: or tls:
	 * in front for the listeners of that transport only. An IP literal is for the listeners of
	 * its family, a name for all that no literal fits. TLS takes a port only from an item of its
	 * own. NULL: the listening address, which then must not be a wildcard. */
	const char *advertise;
	unsigned connections_max; /* 0: 4096; accepted and made ones together */
	unsigned connections_per_source; /* 0: 64 accepted from one IPv4 address or IPv6 /64 */
	int64_t idle_ms; /* 0: 900 s without any octet closes a connection */
	int64_t message_ms; /* 0: 10 s from the first octet of a message to its last */
	int64_t connect_ms; /* 0: 4 s */
	int64_t handshake_ms; /* TLS; 0: 4 s from the connection on */
	/* TLS handshakes that one IPv4 address or IPv6 /64 may begin a second, and at once: each costs as
	 * much as many calls. 0: 10 and 64. */
	uint32_t handshake_rate, handshake_burst;
	struct tls_context *tls; /* taken, also by a failure; NULL: no tls: listeners */
};

struct net_stats {
	uint64_t udp_in, udp_out;
	uint64_t udp_dropped; /* the socket was full: as good as lost on the wire */
	uint64_t udp_errors; /* ICMP errors learnt */
	uint64_t tcp_in, tcp_out; /* messages */
	uint64_t tls_in, tls_out;
	uint64_t tls_handshakes, tls_failed; /* done; failed, also for a wrong certificate */
	uint64_t keepalives;
	uint64_t accepted, connected, connect_failed;
	uint64_t refused_total, refused_source; /* over a limit: closed right after accept */
	uint64_t refused_handshakes; /* too many at once: likewise */
	uint64_t bad_framing, idle_closed, slow_closed, overflow_closed;
	uint64_t accept_paused; /* out of descriptors */
	uint32_t connections; /* now */
};

/* 0, or errno with the reason in why (NET_WHY_MAX octets): EINVAL settings, EADDRINUSE,
 * EADDRNOTAVAIL, EACCES, EPROTONOSUPPORT tls without a certificate, ENOMEM. */
int net_new(struct net **net, struct loop *loop, const struct net_config *cfg, net_recv_h *recv_h,
	net_error_h *error_h, void *arg, char *why);
void net_free(struct net *net);

/* A flow to an address: picks the listener whose family and transport fit and whose address the
 * route to the peer leaves from. EAFNOSUPPORT: no listener fits. */
int net_flow_to(
	struct net *net, enum transport transport, const union net_addr *peer, struct flow *to);

/* TLS: a connection that has to be made for this flow must find a certificate of that host name or IP
 * literal; without a name, of the peer's address. Nothing for other transports. */
void net_set_name(struct net *net, struct flow *to, struct str host);
/* What was set; "" for none. For records of a flow: the number in it is this process's own. */
const char *net_name(const struct net *net, const struct flow *flow);

/* Other certificates for connections from now on. Takes ctx. */
void net_set_tls(struct net *net, struct tls_context *ctx);
/* NULL: none. */
const struct tls_context *net_tls(const struct net *net);

/* Is there any listener for addresses of this family (AF_INET, AF_INET6)? */
bool net_has_family(const struct net *net, int family);

/* Sends one whole message. Stream: on flow->conn while it lives, else on another connection to the
 * same peer, else a new one is made without waiting (the message waits in it); flow->conn is set
 * to what was used. TLS: a connection that was made here serves only flows of the same name. 0
 * says that it is on its way, not that it arrived; errors that come later go to net_error_h. EMSGSIZE too big for UDP; ENETUNREACH, EHOSTUNREACH, EPERM...; ENOBUFS the
 * peer does not read and its buffer is full, or no more connections may be made. */
int net_send(struct net *net, struct flow *to, const char *buf, size_t len);

/* "192.0.2.1:5060" or "[2001:db8::1]:5060": for Via and Record-Route of what goes to this flow. */
struct str net_advertise(const struct net *net, const struct flow *flow);
/* A host (no brackets) and port (0: the default of the listener's transport) that name one of our listeners or what it
 * advertises: a Route with it is ours (RFC 3261 16.4). */
bool net_is_own(const struct net *net, struct str host, uint16_t port);

const struct net_stats *net_stats(const struct net *net);

#endif
