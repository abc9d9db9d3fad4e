/* What the files of the network layer share. Not for others. */
#ifndef SIP_NET_IMPL_H
#define SIP_NET_IMPL_H

#include "core/bucket.h"
#include "core/hash.h"
#include "core/settings.h"
#include "core/wheel.h"
#include "sip/loop.h"
#include "sip/net.h"
#include "sip/scan.h"
#include "sip/tls.h"

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
	bool handshaking; /* TLS: nothing else is read or written until it is done */
	bool broken; /* out of the tables, no more events; its end is told in the next turn */
	int err; /* why it broke */
	uint16_t name; /* of a flow, as it was connected for */
	struct tls *tls; /* NULL: there is none, or not yet */
	unsigned line_ends; /* CRLFs in a row */
	int64_t last_ms; /* of the last octet, either way */
	/* Deadlines, 0: none. The first is for the connection and, from then on, the handshake. */
	int64_t connect_by_ms, message_by_ms, write_by_ms;
	char *in; /* the beginning of a message */
	size_t in_len;
	char *out; /* not written yet, from out_at on */
	size_t out_at, out_len, out_size;
};

enum { NET_BATCH = 8 }; /* datagrams read at once */

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
	struct tls_context *tls;
	struct bucket_set *handshakes; /* that strangers may begin; NULL: there is no TLS */
	struct net_names *names; /* NULL: none yet */
	uint32_t last_id;
	unsigned accepted; /* connections now */
	char scratch[SIP_STREAM_MAX]; /* of a stream */
	char datagram[NET_BATCH][SIP_STREAM_MAX];
};

int net_udp_open(struct listener *l, int fd);
int net_udp_send(struct listener *l, const union net_addr *peer, const char *buf, size_t len);

int net_tcp_open(struct listener *l, int fd);
int net_tcp_send(struct net *net, struct flow *to, const char *buf, size_t len);

/* Names of TLS peers: sip/net_name.c. */
void net_names_free(struct net_names *names);

int conn_tables_init(struct net *net, const uint8_t key[SIPHASH_KEY_LEN]);
/* Closes all connections without telling. */
void conn_tables_fini(struct net *net);
/* Takes the descriptor, also when it fails. An accepted connection begins its TLS handshake. */
int conn_new(struct conn **c, const struct listener *l, int fd, const union net_addr *peer,
	bool accepted);
struct conn *conn_find(struct net *net, const struct flow *to);
/* Accepted ones from the same IPv4 address or IPv6 /64. */
unsigned conn_count_source(const struct net *net, const union net_addr *peer);
void conn_set_connecting(struct conn *c, uint16_t name);
struct flow conn_flow(const struct conn *c);

/* Shared by sip/conn.c, conn_in.c and conn_out.c. */
bool conn_is_tls(const struct conn *c);
/* Looks at the deadlines again. */
void conn_watch(struct conn *c);
/* From inside a call of somebody: others that wait for it are told in the next turn. */
void conn_break(struct conn *c, int err);
/* 0: nothing is left to be read now, or it broke; else it must be closed with this. */
int conn_read(struct conn *c);
int conn_send(struct conn *c, const char *buf, size_t len);
/* What waits goes out; 0 also when some of it has to wait on. */
int conn_flush(struct conn *c);
/* Begins to write what has been waiting. */
int conn_flush_first(struct conn *c);

#endif
