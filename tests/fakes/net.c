#include "tests/fakes/net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct net {
	net_recv_h *recv_h;
	net_error_h *error_h;
	void *arg;
	struct net_stats stats;
};

struct fake_message {
	struct fake_message *next;
	struct fake_sent sent;
	char text[];
};

static struct fake_message *fake_first, **fake_last = &fake_first, *fake_taken;
static int fake_err;
static uint32_t fake_conn;

void fake_net_reset(void)
{
	struct fake_sent sent;

	while (fake_net_take(&sent))
		;
	free(fake_taken);
	fake_taken = NULL;
	fake_err = 0;
}

bool fake_net_take(struct fake_sent *sent)
{
	if (!fake_first)
		return false;
	free(fake_taken);
	fake_taken = fake_first;
	fake_first = fake_first->next;
	if (!fake_first)
		fake_last = &fake_first;
	*sent = fake_taken->sent;
	return true;
}

unsigned fake_net_waiting(void)
{
	unsigned n = 0;

	for (struct fake_message *m = fake_first; m; m = m->next)
		n++;
	return n;
}

void fake_net_fail(int err)
{
	fake_err = err;
}

void fake_net_deliver(struct net *net, const char *buf, size_t len, const struct flow *from)
{
	net->recv_h(buf, len, from, net->arg);
}

void fake_net_error(struct net *net, const struct flow *peer, int err)
{
	net->error_h(peer, err, net->arg);
}

struct flow fake_flow(enum transport transport, const char *ip, uint16_t port)
{
	struct flow f = {.transport = (uint8_t)transport};

	if (net_addr_parse(&f.peer, str_of(ip), port))
		abort();
	if (transport != TRANSPORT_UDP)
		f.conn = ++fake_conn;
	return f;
}

int net_new(struct net **netp, struct loop *loop, const struct net_config *cfg, net_recv_h *recv_h,
	net_error_h *error_h, void *arg, char *why)
{
	struct net *net = calloc(1, sizeof(*net));

	(void)loop, (void)cfg, (void)why;
	net->recv_h = recv_h;
	net->error_h = error_h;
	net->arg = arg;
	*netp = net;
	return 0;
}

void net_free(struct net *net)
{
	free(net);
}

int net_flow_to(
	struct net *net, enum transport transport, const union net_addr *peer, struct flow *to)
{
	(void)net;
	*to = (struct flow){.peer = *peer, .transport = (uint8_t)transport};
	return 0;
}

int net_send(struct net *net, struct flow *to, const char *buf, size_t len)
{
	struct fake_message *m;

	(void)net;
	if (fake_err)
		return fake_err;
	if (flow_is_stream(to) && !to->conn)
		to->conn = ++fake_conn;
	m = malloc(sizeof(*m) + len + 1);
	memcpy(m->text, buf, len);
	m->text[len] = '\0';
	m->next = NULL;
	m->sent = (struct fake_sent){.to = *to, .buf = m->text, .len = len};
	*fake_last = m;
	fake_last = &m->next;
	return 0;
}

struct str net_advertise(const struct net *net, const struct flow *flow)
{
	(void)net, (void)flow;
	return str_lit("192.0.2.1:5060");
}

bool net_is_own(const struct net *net, struct str host, uint16_t port)
{
	(void)net;
	return str_eq(host, str_lit("192.0.2.1")) && (port == 0 || port == 5060);
}

void net_set_name(struct net *net, struct flow *to, struct str host)
{
	(void)net, (void)host;
	to->name = to->transport == TRANSPORT_TLS;
}

const char *net_name(const struct net *net, const struct flow *flow)
{
	(void)net;
	return flow->name ? "peer.example" : "";
}

void net_set_tls(struct net *net, struct tls_context *ctx)
{
	(void)net, (void)ctx;
}

const struct tls_context *net_tls(const struct net *net)
{
	(void)net;
	return NULL;
}

bool net_has_family(const struct net *net, int family)
{
	(void)net, (void)family;
	return true;
}

const struct net_stats *net_stats(const struct net *net)
{
	return &net->stats;
}
