/* Stream connections: their life, from accept or connect over the TLS handshake to the end, and their
 * deadlines. A connection is only freed from the loop; one that breaks while somebody sends on it
 * is told of and freed in the next turn. */
#include <errno.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"
#include "sip/net_impl.h"

enum {
	TABLE_SIZE = 256, /* to begin with */
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
	tls_free(c->tls);
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

bool conn_is_tls(const struct conn *c)
{
	return c->net->listener[c->listener].transport == TRANSPORT_TLS;
}

struct flow conn_flow(const struct conn *c)
{
	return (struct flow){.peer = c->peer,
		.conn = c->id,
		.listener = c->listener,
		.transport = c->net->listener[c->listener].transport,
		.name = c->name};
}

/* Tells of the end; only from the loop. */
static void conn_close(struct conn *c, int err)
{
	struct net *net = c->net;
	struct flow flow = conn_flow(c);

	if (c->connecting)
		net->stats.connect_failed++;
	conn_free(c);
	net->error_h(&flow, err, net->arg);
}

void conn_break(struct conn *c, int err)
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
void conn_watch(struct conn *c)
{
	int64_t at = c->last_ms + c->net->cfg.idle_ms;

	at = earlier(at, c->connect_by_ms);
	at = earlier(at, c->message_by_ms);
	at = earlier(at, c->write_by_ms);
	if (!wheel_timer_is_set(&c->timer) || at < c->timer.at_ms)
		wheel_set(loop_wheel(c->net->loop), &c->timer, at);
}

static void log_handshake(const struct conn *c, const char *why)
{
	static struct log_kind kind = LOG_KIND("tls_handshake", LOG_LEVEL_WARN);
	char ip[FLOW_IP_TEXT_MAX];
	struct flow flow = conn_flow(c);
	struct str peer = net_addr_ip(&c->peer, ip);

	c->net->stats.tls_failed++;
	log_limited(&kind, "%s %s%s%.*s: %s", c->accepted ? "from" : "to", net_name(c->net, &flow),
		c->name ? " at " : "", (int)peer.len, peer.p, why);
}

static void on_timer(void *arg, int64_t now_ms)
{
	struct conn *c = arg;
	struct net_stats *stats = &c->net->stats;

	if (c->broken) {
		conn_close(c, c->err);
	} else if (c->connect_by_ms && now_ms >= c->connect_by_ms) {
		if (c->handshaking)
			log_handshake(c, "it took too long");
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

/* It can be written to: what waited goes out. */
static void opened(struct conn *c)
{
	int err;

	c->connect_by_ms = 0;
	if (!c->accepted)
		c->net->stats.connected++;
	err = conn_flush_first(c);
	if (err)
		conn_close(c, err);
	else
		conn_watch(c);
}

static void handshake_step(struct conn *c)
{
	int err = tls_handshake(c->tls);

	if (err == EAGAIN)
		err = loop_mod(c->net->loop, &c->lf, tls_waits_for(c->tls));
	else if (err)
		log_handshake(c, tls_why(c->tls));
	else
		c->handshaking = false;
	if (err) {
		conn_close(c, err);
		return;
	}
	if (c->handshaking)
		return;
	c->net->stats.tls_handshakes++;
	c->last_ms = loop_now(c->net->loop);
	opened(c);
}

/* The name may be none: then the address is what the certificate must be of. */
static int handshake_begin(struct conn *c)
{
	char ip[FLOW_IP_TEXT_MAX];
	struct flow flow = conn_flow(c);
	const char *name = net_name(c->net, &flow);

	if (!*name) {
		(void)net_addr_ip(&c->peer, ip);
		name = ip;
	}
	if (!c->net->tls)
		return EPROTONOSUPPORT;
	c->tls = tls_new(c->net->tls, c->lf.fd, c->accepted ? NULL : name);
	if (!c->tls)
		return ENOMEM;
	c->handshaking = true;
	c->connect_by_ms = loop_now(c->net->loop) + c->net->cfg.handshake_ms;
	conn_watch(c);
	return 0;
}

static void connected(struct conn *c)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(c->lf.fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (!err && conn_is_tls(c))
		err = handshake_begin(c);
	if (err) {
		conn_close(c, err);
		return;
	}
	c->connecting = false;
	if (c->handshaking)
		handshake_step(c);
	else
		opened(c);
}

static void on_ready(uint32_t events, void *arg)
{
	struct conn *c = arg;
	int err = 0;

	if (c->connecting) {
		connected(c);
		return;
	}
	if (c->handshaking) {
		/* What follows it is still in the socket, and told of in the next turn. */
		handshake_step(c);
		return;
	}
	if (events & EPOLLOUT)
		err = conn_flush(c);
	if (!err)
		err = conn_read(c);
	if (err && !c->broken)
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
	if (!accepted || !conn_is_tls(c))
		return 0;
	err = handshake_begin(c);
	if (err)
		conn_free(c);
	return err;
}

void conn_set_connecting(struct conn *c, uint16_t name)
{
	c->name = name;
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
		/* Who connected to us has proved no name; he is found by the address that he has. */
		if (c->listener == to->listener && net_addr_eq(&c->peer, &peer) &&
			(c->accepted || c->name == to->name))
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
