/* Stream connections: what goes out. What cannot be written now, or not yet, waits. */
#include <errno.h>

#include "core/mem.h"
#include "sip/net_impl.h"

enum {
	OUT_MAX = 256 * 1024,
	WRITE_MS = 30 * 1000, /* for a peer to read all that waits for it */
};

static ssize_t write_some(struct conn *c, const char *buf, size_t len)
{
	ssize_t n;

	do
		n = c->tls ? tls_write(c->tls, buf, len)
			   : send(c->lf.fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

/* What is left of out goes out; 0 also when some of it has to wait. */
int conn_flush(struct conn *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = write_some(c, c->out + c->out_at, c->out_len - c->out_at);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return loop_mod(c->net->loop, &c->lf, EPOLLIN | EPOLLOUT);
		if (n < 0)
			return errno;
		c->out_at += (size_t)n;
	}
	mem_free(c->out);
	c->out = NULL;
	c->out_at = c->out_len = c->out_size = 0;
	c->write_by_ms = 0;
	return loop_mod(c->net->loop, &c->lf, EPOLLIN);
}

static int append(struct conn *c, const char *buf, size_t len)
{
	size_t want = c->out_len - c->out_at + len, size = c->out_size ? c->out_size : 1024;
	char *p;

	if (c->out_at) {
		memmove(c->out, c->out + c->out_at, c->out_len - c->out_at);
		c->out_len -= c->out_at;
		c->out_at = 0;
	}
	if (want > OUT_MAX) {
		c->net->stats.overflow_closed++;
		return ENOBUFS;
	}
	while (size < want)
		size *= 2;
	if (size > c->out_size) {
		p = mem_realloc(c->out, size);
		if (!p)
			return ENOMEM;
		c->out = p;
		c->out_size = size;
	}
	memcpy(c->out + c->out_len, buf, len);
	c->out_len += len;
	return 0;
}

/* A message that was not written as a whole spoils the stream: any error ends the connection. */
static int send_or_keep(struct conn *c, const char *buf, size_t len)
{
	bool waits = c->connecting || c->handshaking;
	ssize_t n = 0;
	int err;

	if (!waits && !c->out) {
		n = write_some(c, buf, len);
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return errno;
		if (n == (ssize_t)len)
			return 0;
		if (n < 0)
			n = 0;
	}
	err = append(c, buf + n, len - (size_t)n);
	if (err || waits)
		return err;
	if (!c->write_by_ms)
		c->write_by_ms = loop_now(c->net->loop) + WRITE_MS;
	conn_watch(c);
	return loop_mod(c->net->loop, &c->lf, EPOLLIN | EPOLLOUT);
}

int conn_send(struct conn *c, const char *buf, size_t len)
{
	int err = send_or_keep(c, buf, len);

	if (err)
		conn_break(c, err);
	else
		c->last_ms = loop_now(c->net->loop);
	return err;
}

int conn_flush_first(struct conn *c)
{
	if (c->out)
		c->write_by_ms = loop_now(c->net->loop) + WRITE_MS;
	return conn_flush(c);
}
