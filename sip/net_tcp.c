/* Making connections, also those of TLS: accepted ones and those to a peer. What happens on them:
 * sip/conn.c. */
#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "sip/net_impl.h"

enum {
	BACKLOG = 1024,
	ACCEPTS_PER_TURN = 64,
	RESUME_MS = 200, /* until accepting is tried again without descriptors */
};

static void set_option(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

/* A peer that vanished without a word is found after 90 s of silence, or when it has not
 * acknowledged anything for 30 s. */
static void set_options(int fd)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 30000);
}

/* A quarter of all connections is kept for those that are made here: strangers who fill the rest
 * do not keep calls from going out. */
static bool admitted(struct net *net, const union net_addr *peer)
{
	const struct net_config *cfg = &net->cfg;

	if (net->accepted >= cfg->connections_max - cfg->connections_max / 4 ||
		net->stats.connections >= cfg->connections_max) {
		net->stats.refused_total++;
		return false;
	}
	if (conn_count_source(net, peer) >= cfg->connections_per_source) {
		net->stats.refused_source++;
		return false;
	}
	return true;
}

/* A handshake costs far more than it takes to ask for one. */
static bool handshake_admitted(const struct listener *l, const union net_addr *peer)
{
	struct net *net = l->net;
	uint8_t source[16];

	if (l->transport != TRANSPORT_TLS)
		return true;
	net_addr_octets(peer, source);
	if (bucket_set_take(net->handshakes, source, peer->sa.sa_family == AF_INET6 ? 8 : 16, 1,
		    loop_now(net->loop)))
		return true;
	net->stats.refused_handshakes++;
	return false;
}

/* False when there is nothing more to accept now. */
static bool accept_one(struct listener *l)
{
	struct net *net = l->net;
	union net_addr peer;
	socklen_t len = sizeof(peer);
	struct conn *c;
	int fd = accept4(l->lf.fd, &peer.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
		net->stats.accept_paused++;
		(void)loop_mod(net->loop, &l->lf, 0);
		wheel_set(loop_wheel(net->loop), &l->resume, loop_now(net->loop) + RESUME_MS);
		return false;
	}
	if (fd < 0) /* one that was given up while it waited is no reason to stop */
		return errno == ECONNABORTED || errno == EINTR;
	if (!admitted(net, &peer) || !handshake_admitted(l, &peer)) {
		close(fd);
		return true;
	}
	set_options(fd);
	if (!conn_new(&c, l, fd, &peer, true))
		net->stats.accepted++;
	return true;
}

static void on_accept(uint32_t events, void *arg)
{
	struct listener *l = arg;

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN && accept_one(l); i++)
		;
}

static void on_resume(void *arg, int64_t now_ms)
{
	struct listener *l = arg;

	(void)now_ms;
	(void)loop_mod(l->net->loop, &l->lf, EPOLLIN);
}

int net_tcp_open(struct listener *l, int fd)
{
	int err = listen(fd, BACKLOG) ? errno : 0;

	wheel_timer_init(&l->resume, on_resume, l);
	if (!err)
		err = loop_add(l->net->loop, &l->lf, fd, EPOLLIN, on_accept, l);
	if (err)
		close(fd);
	return err;
}

static int connect_from(int fd, const struct listener *l, const union net_addr *peer)
{
	union net_addr local = l->addr;

	set_options(fd);
	if (!l->wildcard) {
		net_addr_set_port(&local, 0);
		set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
		if (bind(fd, &local.sa, net_addr_len(&local)))
			return errno;
	}
	if (connect(fd, &peer->sa, net_addr_len(peer)) && errno != EINPROGRESS)
		return errno;
	return 0;
}

static int conn_open(struct conn **c, struct net *net, const struct flow *to)
{
	const struct listener *l = &net->listener[to->listener];
	int err, fd;

	if (net->stats.connections >= net->cfg.connections_max)
		return ENOBUFS;
	fd = socket(to->peer.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	err = connect_from(fd, l, &to->peer);
	if (err) {
		net->stats.connect_failed++;
		close(fd);
		return err;
	}
	err = conn_new(c, l, fd, &to->peer, false);
	if (!err)
		conn_set_connecting(*c, to->name);
	return err;
}

int net_tcp_send(struct net *net, struct flow *to, const char *buf, size_t len)
{
	struct conn *c = conn_find(net, to);
	int err;

	if (!c) {
		/* RFC 3261 18.2.2: the connection of a request is gone, its sender listens. */
		if (to->return_port)
			net_addr_set_port(&to->peer, to->return_port);
		err = conn_open(&c, net, to);
		if (err)
			return err;
	}
	to->conn = c->id;
	err = conn_send(c, buf, len);
	if (!err)
		(*(conn_is_tls(c) ? &net->stats.tls_out : &net->stats.tcp_out))++;
	return err;
}
