#include "sip/net.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/host.h"
#include "core/mem.h"
#include "sip/net_impl.h"

enum {
	CONNECTIONS_MAX = 4096,
	CONNECTIONS_PER_SOURCE = 64,
	IDLE_MS = 900 * 1000,
	MESSAGE_MS = 10 * 1000,
	CONNECT_MS = 4 * 1000,
	HANDSHAKE_MS = 4 * 1000,
	HANDSHAKE_RATE = 10,
	HANDSHAKE_BURST = 64,
	HANDSHAKE_SOURCES = 16384,
};

static int why_errno(char *why, const struct listen_address *a, const char *what, int err)
{
	snprintf(why, NET_WHY_MAX, "%s:%.80s:%s: %s: %s", transport_word(a->transport), a->host,
		a->port, what, strerror(err));
	return err;
}

/* A name is resolved by the system, which may take time: only at the start. */
static int look_up(const struct listen_address *a, union net_addr *addr, char *why)
{
	struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	int err = getaddrinfo(a->host, a->port, &hints, &found);

	if (err) {
		snprintf(why, NET_WHY_MAX, "%s:%.80s:%s: %s", transport_word(a->transport), a->host,
			a->port, gai_strerror(err));
		return err == EAI_MEMORY ? ENOMEM : EADDRNOTAVAIL;
	}
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, found->ai_addr,
		found->ai_addrlen < sizeof(*addr) ? found->ai_addrlen : sizeof(*addr));
	freeaddrinfo(found);
	return 0;
}

static bool is_wildcard(const union net_addr *a)
{
	return a->sa.sa_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr)
					   : a->in.sin_addr.s_addr == htonl(INADDR_ANY);
}

static int open_socket(struct listener *l, const struct listen_address *a, char *why)
{
	int type = l->transport == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM, on = 1, err = 0;
	socklen_t len = sizeof(l->addr);
	int fd = socket(l->addr.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return why_errno(why, a, "socket", errno);
	if (l->addr.sa.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &l->addr.sa, net_addr_len(&l->addr)) || getsockname(fd, &l->addr.sa, &len))
		err = why_errno(why, a, "bind", errno);
	if (err) {
		close(fd);
		return err;
	}
	err = type == SOCK_DGRAM ? net_udp_open(l, fd) : net_tcp_open(l, fd);
	return err ? why_errno(why, a, "listen", err) : 0;
}

struct advertised {
	enum host_kind kind;
	const char *host;
	size_t len;
	uint16_t port;
	int transport; /* whose listeners it is for; -1: all */
};

/* Takes the next item off *list. */
static int advertise_next(const char **list, struct advertised *ad, char *why)
{
	size_t len = strcspn(*list, ","), item_len = len;
	const char *item = *list;
	int err;

	ad->transport = setting_transport_take(&item, &item_len);
	err = host_port_parse(item, item_len, &ad->host, &ad->len, &ad->port);
	ad->kind = err ? HOST_INVALID : host_kind(ad->host, ad->len);
	if (ad->kind == HOST_INVALID || ad->len >= SETTING_HOST_MAX) {
		snprintf(why, NET_WHY_MAX, "advertise: \"%.*s\" is not host or host:port",
			len > 80 ? 80 : (int)len, *list);
		return EINVAL;
	}
	*list += len;
	if (**list == ',')
		++*list;
	return 0;
}

/* How well an item fits: one of the listener's transport, then a literal of its family, then a name. */
static int fit(const struct listener *l, const struct advertised *ad)
{
	enum host_kind family = l->addr.sa.sa_family == AF_INET6 ? HOST_IPV6 : HOST_IPV4;

	if ((ad->transport >= 0 && ad->transport != l->transport) ||
		(ad->kind != family && ad->kind != HOST_NAME))
		return 0;
	return (ad->transport >= 0 ? 2 : 0) + (ad->kind == family ? 2 : 1);
}

static int advertise_choose(
	const struct listener *l, const char *list, struct advertised *ad, char *why)
{
	struct advertised item;
	int best = 0, err;

	while (list && *list) {
		err = advertise_next(&list, &item, why);
		if (err)
			return err;
		if (fit(l, &item) <= best)
			continue;
		best = fit(l, &item);
		*ad = item;
	}
	/* "203.0.113.5:5060" says nothing of where TLS is spoken. */
	if (ad->transport < 0 && l->transport == TRANSPORT_TLS)
		ad->port = 0;
	return 0;
}

static int advertise(struct listener *l, const char *list, char *why)
{
	struct advertised ad = {.kind = HOST_INVALID, .transport = -1};
	char ip[FLOW_IP_TEXT_MAX];
	int err = advertise_choose(l, list, &ad, why);

	if (err)
		return err;
	if (ad.kind == HOST_INVALID && l->wildcard) {
		snprintf(why, NET_WHY_MAX, "%s",
			"a listener on every address needs an address to advertise");
		return EINVAL;
	}
	if (ad.kind == HOST_INVALID) {
		struct str text = net_addr_ip(&l->addr, ip);

		ad.host = text.p;
		ad.len = text.len;
		ad.kind = l->addr.sa.sa_family == AF_INET6 ? HOST_IPV6 : HOST_IPV4;
	}
	l->advertised_port = ad.port ? ad.port : net_addr_port(&l->addr);
	memcpy(l->advertised_host, ad.host, ad.len);
	l->advertised_host[ad.len] = '\0';
	snprintf(l->advertised, sizeof(l->advertised), ad.kind == HOST_IPV6 ? "[%s]:%u" : "%s:%u",
		l->advertised_host, l->advertised_port);
	return 0;
}

static int listener_open(
	struct net *net, const struct listen_address *a, const char *advertised, char *why)
{
	struct listener *l = &net->listener[net->listeners];
	int err;

	if (a->transport == TRANSPORT_TLS && !net->tls) {
		snprintf(why, NET_WHY_MAX, "tls:%.80s:%s needs TRUNKGUARD_TLS_CERTIFICATE", a->host,
			a->port);
		return EPROTONOSUPPORT;
	}
	l->net = net;
	l->lf.fd = -1;
	l->transport = (uint8_t)a->transport;
	l->index = (uint8_t)net->listeners;
	err = look_up(a, &l->addr, why);
	if (err)
		return err;
	l->wildcard = is_wildcard(&l->addr);
	err = open_socket(l, a, why);
	if (err)
		return err;
	net->listeners++;
	return advertise(l, advertised, why);
}

static void set_config(struct net_config *to, const struct net_config *cfg)
{
	*to = *cfg;
	to->listen = NULL; /* not kept */
	to->advertise = NULL;
	to->tls = NULL; /* the net's own */
	if (!to->connections_max)
		to->connections_max = CONNECTIONS_MAX;
	if (!to->connections_per_source)
		to->connections_per_source = CONNECTIONS_PER_SOURCE;
	if (!to->idle_ms)
		to->idle_ms = IDLE_MS;
	if (!to->message_ms)
		to->message_ms = MESSAGE_MS;
	if (!to->connect_ms)
		to->connect_ms = CONNECT_MS;
	if (!to->handshake_ms)
		to->handshake_ms = HANDSHAKE_MS;
	if (!to->handshake_rate)
		to->handshake_rate = HANDSHAKE_RATE;
	if (!to->handshake_burst)
		to->handshake_burst = HANDSHAKE_BURST;
}

static int open_handshakes(struct net *net, const uint8_t key[SIPHASH_KEY_LEN])
{
	struct bucket_limit limit = {net->cfg.handshake_rate, net->cfg.handshake_burst};

	return net->tls ? bucket_set_new(&net->handshakes, HANDSHAKE_SOURCES, &limit, key) : 0;
}

static int open_all(struct net *net, const struct net_config *cfg, char *why)
{
	uint8_t key[SIPHASH_KEY_LEN];
	int err;

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return EIO;
	err = conn_tables_init(net, key);
	if (!err)
		err = open_handshakes(net, key);
	if (err)
		return err;
	net->listener = mem_zalloc(cfg->listen->count, sizeof(*net->listener));
	if (!net->listener)
		return ENOMEM;
	for (unsigned i = 0; i < cfg->listen->count; i++) {
		err = listener_open(net, &cfg->listen->item[i], cfg->advertise, why);
		if (err)
			return err;
	}
	net->route_fd[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	net->route_fd[1] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return 0;
}

int net_new(struct net **netp, struct loop *loop, const struct net_config *cfg, net_recv_h *recv_h,
	net_error_h *error_h, void *arg, char *why)
{
	struct net *net = mem_zalloc(1, sizeof(*net));
	int err;

	snprintf(why, NET_WHY_MAX, "%s", "out of memory");
	if (!net) {
		tls_context_free(cfg->tls);
		return ENOMEM;
	}
	net->tls = cfg->tls;
	net->loop = loop;
	net->recv_h = recv_h;
	net->error_h = error_h;
	net->arg = arg;
	net->route_fd[0] = net->route_fd[1] = -1;
	set_config(&net->cfg, cfg);
	err = open_all(net, cfg, why);
	if (err)
		net_free(net);
	else
		*netp = net;
	return err;
}

void net_free(struct net *net)
{
	if (!net)
		return;
	conn_tables_fini(net);
	for (unsigned i = 0; i < net->listeners; i++) {
		struct listener *l = &net->listener[i];

		wheel_cancel(loop_wheel(net->loop), &l->resume);
		loop_del(net->loop, &l->lf);
		close(l->lf.fd);
	}
	for (int i = 0; i < 2; i++)
		if (net->route_fd[i] >= 0)
			close(net->route_fd[i]);
	tls_context_free(net->tls);
	bucket_set_free(net->handshakes);
	net_names_free(net->names);
	mem_free(net->listener);
	mem_free(net);
}

/* The address that the route to the peer leaves from; nothing is sent. */
static bool route_source(const struct net *net, const union net_addr *peer, union net_addr *source)
{
	static const struct sockaddr none = {.sa_family = AF_UNSPEC};
	int fd = net->route_fd[peer->sa.sa_family == AF_INET6];
	socklen_t len = sizeof(*source);

	/* Without being disconnected first it would keep the source of the last question. */
	return fd >= 0 && !connect(fd, &none, sizeof(none)) &&
	       !connect(fd, &peer->sa, net_addr_len(peer)) && !getsockname(fd, &source->sa, &len);
}

static bool listener_fits(
	const struct listener *l, enum transport transport, const union net_addr *peer)
{
	return l->transport == transport && l->addr.sa.sa_family == peer->sa.sa_family;
}

/* Of several that fit: the one that the route leaves from, else one on every address. */
static const struct listener *choose_listener(
	const struct net *net, enum transport transport, const union net_addr *peer)
{
	const struct listener *first = NULL, *wildcard = NULL;
	union net_addr source;
	unsigned fitting = 0;

	for (unsigned i = 0; i < net->listeners; i++) {
		const struct listener *l = &net->listener[i];

		if (!listener_fits(l, transport, peer))
			continue;
		if (!first)
			first = l;
		if (l->wildcard)
			wildcard = l;
		fitting++;
	}
	if (fitting < 2 || !route_source(net, peer, &source))
		return first;
	for (unsigned i = 0; i < net->listeners; i++) {
		const struct listener *l = &net->listener[i];

		net_addr_set_port(&source, net_addr_port(&l->addr));
		if (listener_fits(l, transport, peer) && net_addr_eq(&source, &l->addr))
			return l;
	}
	return wildcard ? wildcard : first;
}

int net_flow_to(
	struct net *net, enum transport transport, const union net_addr *peer, struct flow *to)
{
	const struct listener *l = choose_listener(net, transport, peer);

	if (!l)
		return EAFNOSUPPORT;
	*to = (struct flow){.peer = *peer, .listener = l->index, .transport = (uint8_t)transport};
	return 0;
}

int net_send(struct net *net, struct flow *to, const char *buf, size_t len)
{
	struct listener *l = &net->listener[to->listener];

	if (to->listener >= net->listeners || !listener_fits(l, to->transport, &to->peer))
		return EAFNOSUPPORT;
	return flow_is_stream(to) ? net_tcp_send(net, to, buf, len)
				  : net_udp_send(l, &to->peer, buf, len);
}

struct str net_advertise(const struct net *net, const struct flow *flow)
{
	return str_of(net->listener[flow->listener].advertised);
}

static bool is_ip(const union net_addr *a, struct str host)
{
	union net_addr other;

	return !net_addr_parse(&other, host, net_addr_port(a)) && net_addr_eq(a, &other);
}

bool net_is_own(const struct net *net, struct str host, uint16_t port)
{
	for (unsigned i = 0; i < net->listeners; i++) {
		const struct listener *l = &net->listener[i];
		uint16_t its = port ? port : flow_default_port(l->transport);

		if (its == net_addr_port(&l->addr) && is_ip(&l->addr, host))
			return true;
		if (its == l->advertised_port && sip_host_eq(host, str_of(l->advertised_host)))
			return true;
	}
	return false;
}

bool net_has_family(const struct net *net, int family)
{
	for (unsigned i = 0; i < net->listeners; i++)
		if (net->listener[i].addr.sa.sa_family == family)
			return true;
	return false;
}

void net_set_tls(struct net *net, struct tls_context *ctx)
{
	tls_context_free(net->tls);
	net->tls = ctx;
}

const struct tls_context *net_tls(const struct net *net)
{
	return net->tls;
}

const struct net_stats *net_stats(const struct net *net)
{
	return &net->stats;
}
