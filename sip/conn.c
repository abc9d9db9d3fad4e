/* Stream connections: framing, keep-alives, buffers and deadlines. A connection is only freed from
 * the loop; one that breaks while somebody sends on it is told of and freed in the next turn. */
#include <errno.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"
#include "sip/net_impl.h"

enum {
	TABLE_SIZE = 256, /* to begin with */
	READS_PER_TURN = 4,
	OUT_MAX = 256 * 1024,
	WRITE_MS = 30 * 1000, /* for a peer to read all that waits for it */
};

int conn_tables_init(struct net *net, const uint8_t key[SIPHASH_KEY_LEN])
{
	int err = hash_init(&net->by_id, key, TABLE_SIZE);

	if (!err)
		err = hash_init(&net->by_peer, key, TABLE_SIZE);
	if (!err)
		err = hash_init(&net->by_source, key, TABLE_SIZE);
	return err;
}

static uint64_t hash_of_id(const struct net *net, uint32_t id)
{
	return hash_key(&net->by_id, &id, sizeof(id));
}

static uint64_t hash_of_peer(const struct net *net, uint8_t listener, const union net_addr *peer)
{
	uint8_t b[19];
	uint16_t port = net_addr_port(peer);

	net_addr_octets(peer, b);
	memcpy(b + 16, &port, sizeof(port));
	b[18] = listener;
	return hash_key(&net->by_peer, b, sizeof(b));
}

static uint64_t hash_of_source(const struct net *net, const union net_addr *peer)
{
	uint8_t b[16];

	net_addr_octets(peer, b);
	return hash_key(&net->by_source, b, peer->sa.sa_family == AF_INET6 ? 8 : 16);
}

/* No more events, not found any more. It stays in by_id until it is freed. */
static void conn_unlink(struct conn *c)
{
	struct net *net = c->net;

	hash_remove(&net->by_peer, &c->by_peer);
	if (c->accepted) {
		hash_remove(&net->by_source, &c->by_source);
		net->accepted--;
	}
	net->stats.connections--;
	loop_del(net->loop, &c->lf);
}

static void conn_free(struct conn *c)
{
	if (!c->broken)
		conn_unlink(c);
	hash_remove(&c->net->by_id, &c->by_id);
	wheel_cancel(loop_wheel(c->net->loop), &c->timer);
	close(c->lf.fd);
	mem_free(c->in);
	mem_free(c->out);
	mem_free(c);
}

static int free_each(struct hash_link *link, void *arg)
{
	(void)arg;
	conn_free(HASH_OBJECT(link, struct conn, by_id));
	return 0;
}

void conn_tables_fini(struct net *net)
{
	hash_each(&net->by_id, free_each, NULL);
	hash_fini(&net->by_id);
	hash_fini(&net->by_peer);
	hash_fini(&net->by_source);
}

/* Tells of the end; only from the loop. */
static void conn_close(struct conn *c, int err)
{
	struct net *net = c->net;
	struct flow flow = {.peer = c->peer,
		.conn = c->id,
		.listener = c->listener,
		.transport = net->listener[c->listener].transport};

	if (c->connecting)
		net->stats.connect_failed++;
	conn_free(c);
	net->error_h(&flow, err, net->arg);
}

/* From inside a call of somebody: others that wait for the connection are told in the next turn. */
static void conn_break(struct conn *c, int err)
{
	if (c->broken)
		return;
	conn_unlink(c);
	c->broken = true;
	c->err = err;
	wheel_set(loop_wheel(c->net->loop), &c->timer, loop_now(c->net->loop));
}

static int64_t earlier(int64_t a, int64_t b)
{
	return b && b < a ? b : a;
}

/* A deadline that moved away is noticed when the timer fires; only a nearer one sets it. */
static void conn_watch(struct conn *c)
{
	int64_t at = c->last_ms + c->net->cfg.idle_ms;

	at = earlier(at, c->connect_by_ms);
	at = earlier(at, c->message_by_ms);
	at = earlier(at, c->write_by_ms);
	if (!wheel_timer_is_set(&c->timer) || at < c->timer.at_ms)
		wheel_set(loop_wheel(c->net->loop), &c->timer, at);
}

static void on_timer(void *arg, int64_t now_ms)
{
	struct conn *c = arg;
	struct net_stats *stats = &c->net->stats;

	if (c->broken) {
		conn_close(c, c->err);
	} else if (c->connect_by_ms && now_ms >= c->connect_by_ms) {
		conn_close(c, ETIMEDOUT);
	} else if (c->message_by_ms && now_ms >= c->message_by_ms) {
		stats->slow_closed++;
		conn_close(c, ETIMEDOUT);
	} else if (c->write_by_ms && now_ms >= c->write_by_ms) {
		stats->slow_closed++;
		conn_close(c, ETIMEDOUT);
	} else if (now_ms >= c->last_ms + c->net->cfg.idle_ms) {
		stats->idle_closed++;
		conn_close(c, ETIMEDOUT);
	} else {
		conn_watch(c);
	}
}

/* What is left of out goes out; 0 also when some of it has to wait. */
static int flush(struct conn *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->lf.fd, c->out + c->out_at, c->out_len - c->out_at,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return loop_mod(c->net->loop, &c->lf, EPOLLIN | EPOLLOUT);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0)
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
	ssize_t n = 0;
	int err;

	if (!c->connecting && !c->out) {
		do
			n = send(c->lf.fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		while (n < 0 && errno == EINTR);
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return errno;
		if (n == (ssize_t)len)
			return 0;
		if (n < 0)
			n = 0;
	}
	err = append(c, buf + n, len - (size_t)n);
	if (err || c->connecting)
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

static void connected(struct conn *c)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(c->lf.fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err) {
		conn_close(c, err);
		return;
	}
	c->connecting = false;
	c->connect_by_ms = 0;
	c->write_by_ms = loop_now(c->net->loop) + WRITE_MS;
	c->net->stats.connected++;
	err = flush(c);
	if (err)
		conn_close(c, err);
	else
		conn_watch(c);
}

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
	struct flow from = {.peer = c->peer,
		.conn = c->id,
		.listener = c->listener,
		.transport = net->listener[c->listener].transport};

	if (*buf == '\r' || *buf == '\n') {
		keepalive(c, len);
		return;
	}
	c->line_ends = 0;
	c->message_by_ms = 0;
	net->stats.tcp_in++;
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

/* One read with what was kept in front of it; EAGAIN when there is nothing more. */
static int read_once(struct conn *c)
{
	char *scratch = c->net->scratch;
	size_t space = sizeof(c->net->scratch) - c->in_len;
	ssize_t n;
	int err;

	if (c->in_len)
		memcpy(scratch, c->in, c->in_len);
	do
		n = recv(c->lf.fd, scratch + c->in_len, space, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EWOULDBLOCK ? EAGAIN : errno;
	if (n == 0)
		return ECONNRESET;
	c->last_ms = loop_now(c->net->loop);
	err = consume(c, c->in_len + (size_t)n);
	return err || (size_t)n == space ? err : EAGAIN;
}

static void on_ready(uint32_t events, void *arg)
{
	struct conn *c = arg;
	int err = 0;

	if (c->connecting) {
		connected(c);
		return;
	}
	if (events & EPOLLOUT)
		err = flush(c);
	for (int i = 0; i < READS_PER_TURN && !err && !c->broken; i++)
		err = read_once(c);
	if (err && err != EAGAIN && !c->broken)
		conn_close(c, err);
}

int conn_new(struct conn **cp, const struct listener *l, int fd, const union net_addr *peer,
	bool accepted)
{
	struct net *net = l->net;
	int64_t now = loop_now(net->loop);
	struct conn *c = mem_zalloc(1, sizeof(*c));
	int err;

	if (!c) {
		close(fd);
		return ENOMEM;
	}
	err = loop_add(net->loop, &c->lf, fd, EPOLLIN, on_ready, c);
	if (err) {
		close(fd);
		mem_free(c);
		return err;
	}
	c->net = net;
	c->peer = *peer;
	c->listener = l->index;
	c->accepted = accepted;
	c->last_ms = now;
	/* Who connects has something to say. */
	c->message_by_ms = accepted ? now + net->cfg.message_ms : 0;
	c->id = ++net->last_id ? net->last_id : ++net->last_id;
	wheel_timer_init(&c->timer, on_timer, c);
	hash_insert(&net->by_id, &c->by_id, hash_of_id(net, c->id));
	hash_insert(&net->by_peer, &c->by_peer, hash_of_peer(net, c->listener, &c->peer));
	if (accepted) {
		hash_insert(&net->by_source, &c->by_source, hash_of_source(net, &c->peer));
		net->accepted++;
	}
	net->stats.connections++;
	conn_watch(c);
	*cp = c;
	return 0;
}

void conn_set_connecting(struct conn *c)
{
	c->connecting = true;
	c->connect_by_ms = loop_now(c->net->loop) + c->net->cfg.connect_ms;
	/* The descriptor was just added; changing what it waits for cannot fail. */
	(void)loop_mod(c->net->loop, &c->lf, EPOLLOUT);
	conn_watch(c);
}

static struct conn *find_by_id(struct net *net, uint32_t id)
{
	struct hash_link *link = hash_first(&net->by_id, hash_of_id(net, id));

	for (; link; link = hash_next(link)) {
		struct conn *c = HASH_OBJECT(link, struct conn, by_id);

		if (c->id == id)
			return c->broken ? NULL : c;
	}
	return NULL;
}

struct conn *conn_find(struct net *net, const struct flow *to)
{
	struct conn *c = to->conn ? find_by_id(net, to->conn) : NULL;
	union net_addr peer = to->peer;
	struct hash_link *link;

	if (c)
		return c;
	if (to->return_port)
		net_addr_set_port(&peer, to->return_port);
	link = hash_first(&net->by_peer, hash_of_peer(net, to->listener, &peer));
	for (; link; link = hash_next(link)) {
		c = HASH_OBJECT(link, struct conn, by_peer);
		if (c->listener == to->listener && net_addr_eq(&c->peer, &peer))
			return c;
	}
	return NULL;
}

unsigned conn_count_source(const struct net *net, const union net_addr *peer)
{
	struct hash_link *link = hash_first(&net->by_source, hash_of_source(net, peer));
	unsigned n = 0;

	for (; link; link = hash_next(link))
		n++;
	return n;
}
