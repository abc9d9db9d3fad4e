#include "bench/net.h"
#include "bench/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, BUFFER = 8 * 1024 * 1024 };

int64_t clock_ns(int clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

int port_open(struct port *port, const struct sockaddr_in *address)
{
	const int on = 1, size = BUFFER;
	int err;

	port->address = *address;
	port->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (port->fd < 0)
		return errno;
	/* The generator must not lose what the proxy sends: past the system's limit if it may. */
	if (setsockopt(port->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(port->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(port->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(port->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(port->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
		bind(port->fd, (const struct sockaddr *)address, sizeof(*address))) {
		err = errno;
		port_close(port);
		return err;
	}
	return 0;
}

void port_close(struct port *port)
{
	close(port->fd);
	port->fd = -1;
}

static int64_t arrival_read(struct msghdr *header)
{
	for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item; item = CMSG_NXTHDR(header, item)) {
		struct timespec time;

		if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&time, CMSG_DATA(item), sizeof(time));
		return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
	}
	return clock_ns(CLOCK_REALTIME);
}

int port_receive(const struct port *port, datagram_h *handler, void *arg)
{
	static char data[BATCH][DATAGRAM_MAX];
	char control[BATCH][CMSG_SPACE(sizeof(struct timespec))];
	struct sockaddr_in from[BATCH];
	struct iovec io[BATCH];
	struct mmsghdr headers[BATCH];
	int count;

	for (int i = 0; i < BATCH; i++) {
		io[i] = (struct iovec){data[i], DATAGRAM_MAX};
		headers[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i],
			.msg_namelen = sizeof(from[i]),
			.msg_iov = &io[i],
			.msg_iovlen = 1,
			.msg_control = control[i],
			.msg_controllen = sizeof(control[i]),
		};
	}
	count = recvmmsg(port->fd, headers, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		struct datagram datagram = {
			.port = port,
			.data = {data[i], headers[i].msg_len},
			.from = from[i],
			.arrived_ns = arrival_read(&headers[i].msg_hdr),
		};

		handler(arg, &datagram);
	}
	return count > 0 ? count : 0;
}

void port_send(const struct port *port, const struct sockaddr_in *to, const struct writer *data)
{
	ssize_t sent =
		sendto(port->fd, data->at, data->len, 0, (const struct sockaddr *)to, sizeof(*to));

	(void)sent;
}

bool address_equal(const struct sockaddr_in *left, const struct sockaddr_in *right)
{
	return left->sin_addr.s_addr == right->sin_addr.s_addr && left->sin_port == right->sin_port;
}

void put_host(struct writer *out, const struct sockaddr_in *address)
{
	char host[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, &address->sin_addr, host, sizeof(host));
	put_str(out, host);
}

void put_address(struct writer *out, const struct sockaddr_in *address)
{
	put_host(out, address);
	put_str(out, ":");
	put_number(out, ntohs(address->sin_port));
}
