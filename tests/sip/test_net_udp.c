#include "tests/sip/net_rig.h"
#include "tests/core/suite.h"

static void exchange(const char *listen, const char *ip)
{
	union net_addr peer, here;
	struct flow to;
	int fd;

	rig_open(listen);
	here = rig_listener(0);
	fd = rig_peer(SOCK_DGRAM, ip, &peer);
	ck_assert_int_eq(connect(fd, &here.sa, net_addr_len(&here)), 0);
	rig_write(fd, "hello");
	RIG_UNTIL(rig.received == 1);
	ck_assert_str_eq(rig.text, "hello");
	ck_assert_uint_eq(rig.from.transport, TRANSPORT_UDP);
	ck_assert_uint_eq(rig.from.conn, 0);
	ck_assert(net_addr_eq(&rig.from.peer, &peer));
	to = rig.from;
	ck_assert_int_eq(net_send(rig.net, &to, "answer", 6), 0);
	ck_assert_str_eq(rig_read(fd), "answer");
	ck_assert_uint_eq(net_stats(rig.net)->udp_in, 1);
	ck_assert_uint_eq(net_stats(rig.net)->udp_out, 1);
	close(fd);
	rig_close();
}

START_TEST(both_ways)
{
	exchange("udp:127.0.0.1:0", "127.0.0.2");
	exchange("udp:[::1]:0", "::1");
}
END_TEST

START_TEST(sizes)
{
	static char big[60001];
	union net_addr peer, here;
	struct flow to;
	int fd;

	memset(big, 'x', sizeof(big) - 1);
	rig_open("udp:127.0.0.1:0");
	here = rig_listener(0);
	fd = rig_peer(SOCK_DGRAM, "127.0.0.1", &peer);
	ck_assert_int_eq(connect(fd, &here.sa, net_addr_len(&here)), 0);
	ck_assert_int_eq(send(fd, big, 0, 0), 0);
	ck_assert_int_eq(send(fd, big, 60000, 0), 60000);
	ck_assert_int_eq(send(fd, big, 8193, 0), 8193);
	ck_assert_int_eq(send(fd, big, 8192, 0), 8192);
	/* Too long ones are handed over as well, as far as they fit, to be refused and counted. */
	RIG_UNTIL(rig.received == 3);
	ck_assert_uint_eq(rig.len, 8192);
	/* Out: over UDP whatever its size, until it does not fit into a datagram. */
	to = rig.from;
	ck_assert_int_eq(net_send(rig.net, &to, big, 60000), 0);
	ck_assert_uint_eq(strlen(rig_read(fd)), 60000);
	ck_assert_int_eq(net_send(rig.net, &to, big, 70000), EMSGSIZE);
	close(fd);
	rig_close();
}
END_TEST

/* Nobody is there: the ICMP error names who was meant, and others are not troubled by it. */
START_TEST(unreachable)
{
	union net_addr gone, peer;
	struct flow to, other;
	int fd = rig_peer(SOCK_DGRAM, "127.0.0.1", &gone);

	close(fd);
	rig_open("udp:127.0.0.1:0");
	fd = rig_peer(SOCK_DGRAM, "127.0.0.2", &peer);
	to = rig_flow(TRANSPORT_UDP, &gone);
	other = rig_flow(TRANSPORT_UDP, &peer);
	ck_assert_int_eq(net_send(rig.net, &to, "anybody?", 8), 0);
	ck_assert_int_eq(net_send(rig.net, &other, "hello", 5), 0);
	ck_assert_int_eq(net_send(rig.net, &to, "anybody?", 8), 0);
	ck_assert_str_eq(rig_read(fd), "hello");
	RIG_UNTIL(rig.errors == 2);
	ck_assert_int_eq(rig.err, ECONNREFUSED);
	ck_assert(net_addr_eq(&rig.error_peer.peer, &gone));
	ck_assert_uint_eq(rig.error_peer.transport, TRANSPORT_UDP);
	ck_assert_uint_eq(net_stats(rig.net)->udp_errors, 2);
	rig_settle();
	ck_assert_uint_eq(rig.errors, 2);
	close(fd);
	rig_close();
}
END_TEST

START_TEST(unreachable_ipv6)
{
	union net_addr gone;
	struct flow to;
	int fd = rig_peer(SOCK_DGRAM, "::1", &gone);

	close(fd);
	rig_open("udp:[::1]:0");
	to = rig_flow(TRANSPORT_UDP, &gone);
	ck_assert_int_eq(net_send(rig.net, &to, "anybody?", 8), 0);
	RIG_UNTIL(rig.errors == 1);
	ck_assert(net_addr_eq(&rig.error_peer.peer, &gone));
	rig_close();
}
END_TEST

/* A route that is not there is known at once. */
START_TEST(no_route)
{
	union net_addr peer = rig_addr("240.0.0.1", 5060);
	struct flow to;
	int err;

	rig_open("udp:127.0.0.1:0");
	to = rig_flow(TRANSPORT_UDP, &peer);
	err = net_send(rig.net, &to, "x", 1);
	ck_assert_msg(err == EINVAL || err == ENETUNREACH || err == EPERM, "%d", err);
	ck_assert_uint_eq(rig.errors, 0);
	rig_close();
}
END_TEST

/* A flood does not keep the timers from running: a turn takes so many and no more. */
START_TEST(flood)
{
	union net_addr peer, here;
	int fd;

	rig_open("udp:127.0.0.1:0");
	here = rig_listener(0);
	fd = rig_peer(SOCK_DGRAM, "127.0.0.1", &peer);
	ck_assert_int_eq(connect(fd, &here.sa, net_addr_len(&here)), 0);
	for (int i = 0; i < 600; i++)
		rig_write(fd, "x");
	RIG_UNTIL(rig.received == 600);
	ck_assert_uint_le(rig.turn_max, 256);
	close(fd);
	rig_close();
}
END_TEST

int main(void)
{
	return SUITE_RUN(
		"net_udp", NULL, both_ways, sizes, unreachable, unreachable_ipv6, no_route, flood);
}
