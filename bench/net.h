/* UDP sockets with large buffers, read in batches with the kernel's own time of arrival. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include "bench/writer.h"

#include <netinet/in.h>
#include <stdint.h>

/* One of the generator's own addresses. */
struct port {
	int fd;
	struct sockaddr_in address;
};

struct datagram {
	const struct port *port;
	struct text data;
	struct sockaddr_in from;
	int64_t arrived_ns; /* CLOCK_REALTIME */
};

typedef void datagram_h(void *arg, const struct datagram *datagram);

/* An errno when the address cannot be bound; the port is closed then. */
int port_open(struct port *port, const struct sockaddr_in *address);
void port_close(struct port *port);
/* One batch; how many there were. */
int port_receive(const struct port *port, datagram_h *handler, void *arg);
/* A datagram that cannot be sent is a lost one: the timers see to it. */
void port_send(const struct port *port, const struct sockaddr_in *to, const struct writer *data);
bool address_equal(const struct sockaddr_in *left, const struct sockaddr_in *right);
/* "127.0.0.1:5060" */
void put_address(struct writer *out, const struct sockaddr_in *address);
void put_host(struct writer *out, const struct sockaddr_in *address);
int64_t clock_ns(int clock);

#endif
