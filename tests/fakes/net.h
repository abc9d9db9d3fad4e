/* A network in memory that stands in for sip/net.c: a test includes tests/fakes/net.c. What is
 * sent is kept in order; what arrives, and what fails, the test says. */
#ifndef TESTS_FAKES_NET_H
#define TESTS_FAKES_NET_H

#include "sip/net.h"

struct fake_sent {
	struct flow to;
	const char *buf; /* a C string, valid until the next fake_net_take() or fake_net_reset() */
	size_t len;
};

/* Forgets what was sent and all failures. */
void fake_net_reset(void);
/* The oldest message that was sent and not taken yet; false when there is none. */
bool fake_net_take(struct fake_sent *sent);
unsigned fake_net_waiting(void);
/* From now on net_send() answers with this errno; 0: works again. */
void fake_net_fail(int err);
/* Handlers of net_new(), as if it had come from the wire. */
void fake_net_deliver(struct net *net, const char *buf, size_t len, const struct flow *from);
void fake_net_error(struct net *net, const struct flow *peer, int err);
struct flow fake_flow(enum transport transport, const char *ip, uint16_t port);

#endif
