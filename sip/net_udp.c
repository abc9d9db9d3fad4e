#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <unistd.h>

#include "sip/net_impl.h"

enum {
	DATAGRAMS_PER_TURN = 256, /* timers and other sockets get their turn after that many */
	SOCKET_BUFFER = 4 * 1024 * 1024,
	PENDING_ERRORS = 4,
};

/* What was sent came back: in the error queue with the address it was for. */
static void learn_error(struct listener *l, struct msghdr *m, const union net_addr *peer)
{
	struct flow flow = {.peer = *peer, .listener = l->index, .transport = TRANSPORT_UDP};
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
		struct sock_extended_err e;

		if (!v4 && !v6)
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		/* Our own send errors were told to the sender, and too big only says that the
		 * datagram is cut into fragments from now on. */
		if ((e.ee_origin != SO_EE_ORIGIN_ICMP && e.ee_origin != SO_EE_ORIGIN_ICMP6) ||
			e.ee_errno == EMSGSIZE)
			continue;
		l->net->stats.udp_errors++;
		l->net->error_h(&flow, (int)e.ee_errno, l->net->arg);
	}
}

static void read_errors(struct listener *l)
{
	char control[512];
	union net_addr peer;
	struct iovec none = {0};

	for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
		struct msghdr m = {.msg_name = &peer,
			.msg_namelen = sizeof(peer),
			.msg_iov = &none,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};

		if (recvmsg(l->lf.fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return;
		if (m.msg_namelen)
			learn_error(l, &m, &peer);
	}
}

/* What was cut off belongs to a datagram that is refused for its length. */
static size_t length_of(const struct mmsghdr *m)
{
	return m->msg_len < SIP_STREAM_MAX ? m->msg_len : SIP_STREAM_MAX;
}

/* As many as there are, NET_BATCH at most; less than that: there are no more. -1: an error, which is one of
 * an earlier send and is cleared by this. */
static int read_batch(struct listener *l, struct flow from[NET_BATCH], size_t len[NET_BATCH])
{
	struct mmsghdr m[NET_BATCH];
	struct iovec io[NET_BATCH];
	int n;

	for (int i = 0; i < NET_BATCH; i++) {
		from[i] = (struct flow){.listener = l->index, .transport = TRANSPORT_UDP};
		io[i] = (struct iovec){l->net->datagram[i], SIP_STREAM_MAX};
		m[i].msg_hdr = (struct msghdr){.msg_name = &from[i].peer,
			.msg_namelen = sizeof(from[i].peer),
			.msg_iov = &io[i],
			.msg_iovlen = 1};
	}
	n = recvmmsg(l->lf.fd, m, NET_BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	for (int i = 0; i < n; i++)
		len[i] = length_of(&m[i]);
	return n;
}

static void read_datagrams(struct listener *l)
{
	struct net *net = l->net;
	struct flow from[NET_BATCH];
	size_t len[NET_BATCH];
	int n = NET_BATCH;

	for (int i = 0; i < DATAGRAMS_PER_TURN && (n < 0 || n == NET_BATCH); i += NET_BATCH) {
		n = read_batch(l, from, len);
		for (int k = 0; k < n; k++) {
			if (!len[k])
				continue;
			net->stats.udp_in++;
			net->recv_h(net->datagram[k], len[k], &from[k], net->arg);
		}
	}
}

static void on_ready(uint32_t events, void *arg)
{
	struct listener *l = arg;

	if (events & EPOLLERR)
		read_errors(l);
	read_datagrams(l);
}

static void set_option(int fd, int level, int name, int value)
{
	/* What the system does not grant makes it slower, not wrong. */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

int net_udp_open(struct listener *l, int fd)
{
	int err;

	set_option(fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
	set_option(fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
	if (l->addr.sa.sa_family == AF_INET6) {
		set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
		set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	} else {
		set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
		set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	}
	err = loop_add(l->net->loop, &l->lf, fd, EPOLLIN, on_ready, l);
	if (err)
		close(fd);
	return err;
}

/* With IP_RECVERR a send may answer with the error of an earlier one, to whomever that went. */
static bool may_be_earlier(int err)
{
	return err == ECONNREFUSED || err == EHOSTUNREACH || err == ENETUNREACH || err == EACCES ||
	       err == EPROTO || err == ENOPROTOOPT || err == EHOSTDOWN;
}

int net_udp_send(struct listener *l, const union net_addr *peer, const char *buf, size_t len)
{
	struct net_stats *stats = &l->net->stats;

	for (int i = 0;; i++) {
		if (sendto(l->lf.fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL, &peer->sa,
			    net_addr_len(peer)) >= 0)
			break;
		if (errno == EAGAIN || errno == ENOBUFS) {
			stats->udp_dropped++;
			return 0;
		}
		if (errno != EINTR && (!may_be_earlier(errno) || i == PENDING_ERRORS))
			return errno;
	}
	stats->udp_out++;
	return 0;
}
