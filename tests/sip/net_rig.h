/* A network layer on real sockets of the loopback interface, with ports that the system chooses, in
 * a clock that the test moves. What arrives is kept; peers are plain sockets. */
#ifndef TESTS_SIP_NET_RIG_H
#define TESTS_SIP_NET_RIG_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/settings.h"
#include "core/wheel.h"
#include "sip/loop.h"
#include "sip/net.h"
#include "tests/fakes/clock.c"

enum { RIG_PATIENCE_MS = 10000 };

struct net_rig {
	struct loop *loop;
	struct net *net;
	char why[NET_WHY_MAX];
	unsigned received;
	char text[20000]; /* of the last message */
	size_t len;
	struct flow from;
	unsigned errors;
	struct flow error_peer;
	int err;
	const char *answer; /* sent back at once when something arrives */
	int answer_err;
	unsigned turn_max; /* the most messages in one turn */
	unsigned turn_count;
};

static struct net_rig rig;

static inline void rig_recv_h(const char *buf, size_t len, const struct flow *from, void *arg)
{
	struct flow to = *from;

	ck_assert_ptr_eq(arg, &rig);
	ck_assert_uint_lt(len, sizeof(rig.text));
	memcpy(rig.text, buf, len);
	rig.text[len] = '\0';
	rig.len = len;
	rig.from = *from;
	rig.received++;
	if (++rig.turn_count > rig.turn_max)
		rig.turn_max = rig.turn_count;
	if (rig.answer)
		rig.answer_err = net_send(rig.net, &to, rig.answer, strlen(rig.answer));
}

static inline void rig_error_h(const struct flow *peer, int err, void *arg)
{
	ck_assert_ptr_eq(arg, &rig);
	rig.error_peer = *peer;
	rig.err = err;
	rig.errors++;
}

/* "udp:127.0.0.1:0,tcp:[::1]:0"; unlike the setting, port 0 is allowed. */
static inline void rig_list(const char *text, struct listen_list *list)
{
	char copy[400], *item, *rest = copy;

	memset(list, 0, sizeof(*list));
	snprintf(copy, sizeof(copy), "%s", text);
	while ((item = strsep(&rest, ","))) {
		struct listen_address *a = &list->item[list->count++];
		char *port = strrchr(item, ':');

		*port++ = '\0';
		a->transport = strncmp(item, "udp", 3) == 0   ? TRANSPORT_UDP
			       : strncmp(item, "tcp", 3) == 0 ? TRANSPORT_TCP
							      : TRANSPORT_TLS;
		item += 4;
		snprintf(a->port, sizeof(a->port), "%s", port);
		if (*item == '[')
			snprintf(a->host, sizeof(a->host), "%.*s", (int)strlen(item) - 2, item + 1);
		else
			snprintf(a->host, sizeof(a->host), "%s", item);
	}
}

static inline int rig_try(const char *listen, struct net_config cfg)
{
	struct listen_list list;

	memset(&rig, 0, sizeof(rig));
	rig_list(listen, &list);
	cfg.listen = &list;
	ck_assert_int_eq(loop_new(&rig.loop), 0);
	return net_new(&rig.net, rig.loop, &cfg, rig_recv_h, rig_error_h, &rig, rig.why);
}

static inline void rig_open_config(const char *listen, struct net_config cfg)
{
	int err = rig_try(listen, cfg);

	ck_assert_msg(err == 0, "%s", rig.why);
}

static inline void rig_open(const char *listen)
{
	rig_open_config(listen, (struct net_config){0});
}

static inline void rig_close(void)
{
	net_free(rig.net);
	loop_free(rig.loop);
}

static inline void rig_turn(void)
{
	rig.turn_count = 0;
	ck_assert_int_eq(loop_turn(rig.loop, 5), 0);
}

/* Turns until the condition holds. */
#define RIG_UNTIL(condition)                                                                       \
	do {                                                                                       \
		int rig_left = RIG_PATIENCE_MS / 5;                                                \
		while (!(condition) && rig_left--)                                                 \
			rig_turn();                                                                \
		ck_assert_msg((condition), "not in time: %s", #condition);                         \
	} while (0)

/* Enough turns for what must not happen to happen. */
static inline void rig_settle(void)
{
	for (int i = 0; i < 10; i++)
		rig_turn();
}

static inline void rig_pass(int64_t ms)
{
	fake_clock_advance(ms);
	rig_turn();
	rig_turn();
}

/* Where listener i really listens. */
static inline union net_addr rig_listener(unsigned i)
{
	struct flow f = {.listener = (uint8_t)i};
	struct str text = net_advertise(rig.net, &f);
	const char *colon = memrchr(text.p, ':', text.len);
	union net_addr a;
	struct str host = str_span(text.p, colon);

	if (*host.p == '[')
		host = (struct str){host.p + 1, host.len - 2};
	ck_assert_int_eq(net_addr_parse(&a, host, (uint16_t)atoi(colon + 1)), 0);
	return a;
}

static inline union net_addr rig_addr(const char *ip, uint16_t port)
{
	union net_addr a;

	ck_assert_int_eq(net_addr_parse(&a, str_of(ip), port), 0);
	return a;
}

static inline struct flow rig_flow(enum transport transport, const union net_addr *peer)
{
	struct flow f;

	ck_assert_int_eq(net_flow_to(rig.net, transport, peer, &f), 0);
	return f;
}

/* A socket of a peer, bound to ip and any port. */
static inline int rig_peer(int type, const char *ip, union net_addr *addr)
{
	socklen_t len = sizeof(*addr);
	int fd;

	*addr = rig_addr(ip, 0);
	fd = socket(addr->sa.sa_family, type | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, &addr->sa, net_addr_len(addr)), 0);
	ck_assert_int_eq(getsockname(fd, &addr->sa, &len), 0);
	return fd;
}

static inline void rig_write(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What a peer reads while the loop turns; "" at the end of a stream. */
static inline const char *rig_read(int fd)
{
	static char text[70000];
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n = 0;

	RIG_UNTIL(poll(&p, 1, 0) == 1);
	n = recv(fd, text, sizeof(text) - 1, 0);
	if (n < 0 && errno == ECONNRESET)
		n = 0;
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

#endif
