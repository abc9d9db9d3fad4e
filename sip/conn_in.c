/* Stream connections: what comes in. Keep-alives are answered, messages cut and handed on. */
#include <errno.h>

#include "core/log.h"
#include "core/mem.h"
#include "sip/net_impl.h"

enum { READS_PER_TURN = 4 };

/* RFC 5626 4.4.1: CRLF CRLF is answered with CRLF. It may come in two halves. */
static void keepalive(struct conn *c, size_t octets)
{
	c->line_ends += (unsigned)octets / 2;
	if (c->line_ends < 2)
		return;
	c->line_ends = 0;
	c->net->stats.keepalives++;
	(void)conn_send(c, "\r\n", 2);
}

static void deliver(struct conn *c, const char *buf, size_t len)
{
	struct net *net = c->net;
	struct flow from = conn_flow(c);

	if (*buf == '\r' || *buf == '\n') {
		keepalive(c, len);
		return;
	}
	c->line_ends = 0;
	c->message_by_ms = 0;
	(*(c->tls ? &net->stats.tls_in : &net->stats.tcp_in))++;
	net->recv_h(buf, len, &from, net->arg);
}

/* Keeps the beginning of a message until the rest is there. */
static int keep_rest(struct conn *c, const char *rest, size_t len)
{
	char *p = NULL;

	if (len) {
		p = mem_alloc(len);
		if (!p)
			return ENOMEM;
		memcpy(p, rest, len);
	}
	mem_free(c->in);
	c->in = p;
	c->in_len = len;
	if (len && !c->message_by_ms)
		c->message_by_ms = loop_now(c->net->loop) + c->net->cfg.message_ms;
	conn_watch(c);
	return 0;
}

static void log_framing(const struct conn *c, const char *word)
{
	static struct log_kind kind = LOG_KIND("sip_framing", LOG_LEVEL_INFO);
	char ip[FLOW_IP_TEXT_MAX];
	struct str source = net_addr_ip(&c->peer, ip);

	log_limited(&kind, "%s from %.*s: connection closed", word, (int)source.len, source.p);
}

/* Messages out of net->scratch, which holds len octets. */
static int consume(struct conn *c, size_t len)
{
	const char *buf = c->net->scratch, *word;
	size_t msg;

	for (;; buf += msg, len -= msg) {
		if (sip_frame(buf, len, &msg, &word)) {
			c->net->stats.bad_framing++;
			log_framing(c, word);
			return EBADMSG;
		}
		if (!msg)
			return keep_rest(c, buf, len);
		deliver(c, buf, msg);
		if (c->broken)
			return 0;
	}
}

static ssize_t read_some(struct conn *c, char *buf, size_t size)
{
	ssize_t n;

	do
		n = c->tls ? tls_read(c->tls, buf, size) : recv(c->lf.fd, buf, size, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n;
}

/* TLS may have to write before it can read on. */
static int read_later(struct conn *c)
{
	int err = 0;

	if (c->tls && tls_waits_for(c->tls) == EPOLLOUT)
		err = loop_mod(c->net->loop, &c->lf, EPOLLIN | EPOLLOUT);
	return err ? err : EAGAIN;
}

/* One read with what was kept in front of it; EAGAIN when there is nothing more. */
static int read_once(struct conn *c)
{
	char *scratch = c->net->scratch;
	size_t space = sizeof(c->net->scratch) - c->in_len;
	ssize_t n;
	int err;

	if (c->in_len)
		memcpy(scratch, c->in, c->in_len);
	n = read_some(c, scratch + c->in_len, space);
	if (n < 0)
		return errno == EWOULDBLOCK || errno == EAGAIN ? read_later(c) : errno;
	if (n == 0)
		return ECONNRESET;
	c->last_ms = loop_now(c->net->loop);
	err = consume(c, c->in_len + (size_t)n);
	return err || (size_t)n == space ? err : EAGAIN;
}

int conn_read(struct conn *c)
{
	int err = 0;

	/* The rest of a TLS record is in memory already: no event would tell of it. */
	for (int i = 0; !err && !c->broken; i++) {
		if (i >= READS_PER_TURN && !(c->tls && tls_pending(c->tls)))
			break;
		err = read_once(c);
	}
	return err == EAGAIN ? 0 : err;
}
