/* What the files of the network layer share. Not for others. */
#ifndef SIP_NET_IMPL_H
#define SIP_NET_IMPL_H

#include "core/hash.h"
#include "core/settings.h"
#include "core/wheel.h"
#include "sip/loop.h"
#include "sip/net.h"
#include "sip/scan.h"

struct listener {
	struct net *net;
	struct loop_fd lf;
	struct wheel_timer resume; /* stream: accepts again after it ran out of descriptors */
	union net_addr addr;
	uint8_t transport;
	uint8_t index;
	bool wildcard;
	uint16_t advertised_port;
	char advertised_host[SETTING_HOST_MAX]; /* without brackets */
	char advertised[SETTING_HOST_MAX + 8]; /* host:port */
};

/* A stream connection. */
struct conn {
	struct hash_link by_id;
	struct hash_link by_peer;
	struct hash_link by_source; /* accepted ones only */
	struct net *net;
	struct loop_fd lf;
	struct wheel_timer timer; /* the nearest deadline, or earlier */
	union net_addr peer;
	uint32_t id;
	uint8_t listener;
	bool accepted;
	bool connecting;
	bool broken; /* out of the tables, no more events; its end is told in the next turn */
	int err; /* why it broke */
	unsigned line_ends; /* CRLFs in a row */
	int64_t last_ms; /* of the last octet, either way */
	int64_t connect_by_ms, message_by_ms, write_by_ms; /* deadlines, 0: none */
	char *in; /* the beginning of a message */
	size_t in_len;
	char *out; /* not written yet, from out_at on */
	size_t out_at, out_len, out_size;
};

struct net {
	struct loop *loop;
	net_recv_h *recv_h;
	net_error_h *error_h;
	void *arg;
	struct net_config cfg;
	struct net_stats stats;
	struct listener *listener;
	unsigned listeners;
	int route_fd[2]; /* IPv4, IPv6: asked which address a route leaves from */
	struct hash by_id, by_peer, by_source;
	uint32_t last_id;
	unsigned accepted; /* connections now */
	char scratch[SIP_STREAM_MAX];
};

int net_udp_open(struct listener *l, int fd);
int net_udp_send(struct listener *l, const union net_addr *peer, const char *buf, size_t len);

int net_tcp_open(struct listener *l, int fd);
int net_tcp_send(struct net *net, struct flow *to, const char *buf, size_t len);

int conn_tables_init(struct net *net, const uint8_t key[SIPHASH_KEY_LEN]);
/* Closes all connections without telling. */
void conn_tables_fini(struct net *net);
/* Takes the descriptor, also when it fails. */
int conn_new(struct conn **c, const struct listener *l, int fd, const union net_addr *peer,
	bool accepted);
struct conn *conn_find(struct net *net, const struct flow *to);
/* Accepted ones from the same IPv4 address or IPv6 /64. */
unsigned conn_count_source(const struct net *net, const union net_addr *peer);
int conn_send(struct conn *c, const char *buf, size_t len);
void conn_set_connecting(struct conn *c);

#endif
