#include "tests/sip/net_rig.h"
#include "tests/core/suite.h"
#include "tests/fakes/mem.c"

#include <netinet/tcp.h>
#include <sys/resource.h>

#define MESSAGE(id)                                                                                \
	"OPTIONS sip:a@example.com SIP/2.0\r\nCall-ID: " id "\r\nContent-Length: 4\r\n\r\nbody"

static int call_in_from(const char *ip)
{
	union net_addr here = rig_listener(0), peer;
	int fd = rig_peer(SOCK_STREAM, ip, &peer);

	ck_assert_int_eq(connect(fd, &here.sa, net_addr_len(&here)), 0);
	return fd;
}

static int call_in(void)
{
	return call_in_from("127.0.0.2");
}

/* A peer that listens. */
static int peer_listen(union net_addr *addr)
{
	int fd = rig_peer(SOCK_STREAM, "127.0.0.3", addr);

	ck_assert_int_eq(listen(fd, 16), 0);
	return fd;
}

static int peer_accept(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	RIG_UNTIL(poll(&p, 1, 0) == 1);
	return accept(fd, NULL, NULL);
}

static int send_text(struct flow *to, const char *text)
{
	return net_send(rig.net, to, text, strlen(text));
}

START_TEST(in_and_back)
{
	union net_addr peer;
	socklen_t len = sizeof(peer);
	struct flow to;
	int fd;

	rig_open("tcp:127.0.0.1:0");
	fd = call_in();
	ck_assert_int_eq(getsockname(fd, &peer.sa, &len), 0);
	rig_write(fd, MESSAGE("1"));
	RIG_UNTIL(rig.received == 1);
	ck_assert_str_eq(rig.text, MESSAGE("1"));
	ck_assert_uint_eq(rig.from.transport, TRANSPORT_TCP);
	ck_assert_uint_ne(rig.from.conn, 0);
	ck_assert(net_addr_eq(&rig.from.peer, &peer));
	to = rig.from;
	ck_assert_int_eq(send_text(&to, "answer"), 0);
	ck_assert_str_eq(rig_read(fd), "answer");
	/* The peer's address alone finds the connection as well. */
	to.conn = 0;
	ck_assert_int_eq(send_text(&to, "again"), 0);
	ck_assert_uint_eq(to.conn, rig.from.conn);
	ck_assert_str_eq(rig_read(fd), "again");
	ck_assert_uint_eq(net_stats(rig.net)->accepted, 1);
	ck_assert_uint_eq(net_stats(rig.net)->tcp_in, 1);
	ck_assert_uint_eq(net_stats(rig.net)->tcp_out, 2);
	close(fd);
	RIG_UNTIL(rig.errors == 1);
	ck_assert_int_eq(rig.err, ECONNRESET);
	ck_assert_uint_eq(rig.error_peer.conn, rig.from.conn);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 0);
	rig_close();
}
END_TEST

START_TEST(framing)
{
	static const char two[] = MESSAGE("2") MESSAGE("3");
	int fd, one = 1;

	rig_open("tcp:127.0.0.1:0");
	fd = call_in();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (const char *p = MESSAGE("1"); *p; p++) {
		ck_assert_int_eq(send(fd, p, 1, 0), 1);
		rig_turn();
	}
	RIG_UNTIL(rig.received == 1);
	ck_assert_str_eq(rig.text, MESSAGE("1"));
	rig_write(fd, two);
	RIG_UNTIL(rig.received == 3);
	ck_assert_str_eq(rig.text, MESSAGE("3"));
	ck_assert_uint_eq(rig.errors, 0);
	close(fd);
	rig_close();
}
END_TEST

START_TEST(longest_message)
{
	static char text[16384 + 2];
	int n, fd;

	n = snprintf(text, sizeof(text),
		"MESSAGE sip:a@example.com SIP/2.0\r\nContent-Length: 16300\r\n\r\n");
	memset(text + n, 'x', sizeof(text) - 1 - (size_t)n);
	text[n + 16300] = '\0';
	rig_open("tcp:127.0.0.1:0");
	fd = call_in();
	rig_write(fd, text);
	RIG_UNTIL(rig.received == 1);
	ck_assert_uint_eq(rig.len, (size_t)n + 16300);
	rig_write(fd, "MESSAGE sip:a@example.com SIP/2.0\r\nContent-Length: 16384\r\n\r\n");
	ck_assert_str_eq(rig_read(fd), "");
	ck_assert_uint_eq(net_stats(rig.net)->bad_framing, 1);
	ck_assert_uint_eq(rig.received, 1);
	close(fd);
	rig_close();
}
END_TEST

START_TEST(bad_framing)
{
	static const char *const bad[] = {
		"\x16\x03\x01\x02\x03",
		"OPTIONS sip:a@example.com SIP/2.0\r\nCall-ID: 1\r\n\r\n",
		"OPTIONS sip:a@example.com SIP/2.0\nContent-Length: 0\n\n",
		"OPTIONS sip:a@example.com SIP/2.0\r\nContent-Length: -1\r\n\r\n",
	};

	rig_open("tcp:127.0.0.1:0");
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = call_in();

		rig_write(fd, bad[i]);
		ck_assert_str_eq(rig_read(fd), "");
		ck_assert_uint_eq(net_stats(rig.net)->bad_framing, i + 1);
		close(fd);
	}
	ck_assert_uint_eq(rig.received, 0);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 0);
	rig_close();
}
END_TEST

/* RFC 5626 4.4.1 */
START_TEST(keepalives)
{
	int fd;

	rig_open("tcp:127.0.0.1:0");
	fd = call_in();
	rig_write(fd, "\r\n\r\n");
	ck_assert_str_eq(rig_read(fd), "\r\n");
	rig_write(fd, "\r\n");
	rig_settle();
	ck_assert_uint_eq(net_stats(rig.net)->keepalives, 1);
	rig_write(fd, "\r\n");
	ck_assert_str_eq(rig_read(fd), "\r\n");
	rig_write(fd, "\r\n\r\n" MESSAGE("1") "\r\n");
	RIG_UNTIL(rig.received == 1);
	ck_assert_str_eq(rig_read(fd), "\r\n");
	rig_settle();
	ck_assert_uint_eq(net_stats(rig.net)->keepalives, 3);
	close(fd);
	rig_close();
}
END_TEST

/* Drops of a message do not keep a connection open, neither does silence after the connect. */
START_TEST(slow_message)
{
	int slow, silent, fine;

	rig_open("tcp:127.0.0.1:0");
	slow = call_in();
	silent = call_in();
	fine = call_in();
	rig_write(fine, MESSAGE("1"));
	rig_write(slow, MESSAGE("1"));
	RIG_UNTIL(rig.received == 2);
	rig_write(slow, "OPTIONS");
	rig_write(silent, "\r\n\r\n");
	RIG_UNTIL(net_stats(rig.net)->keepalives == 1);
	rig_settle();
	rig_pass(9000);
	rig_write(slow, " sip:a");
	rig_settle();
	ck_assert_uint_eq(net_stats(rig.net)->slow_closed, 0);
	rig_pass(1000);
	ck_assert_uint_eq(net_stats(rig.net)->slow_closed, 2);
	ck_assert_str_eq(rig_read(slow), "");
	ck_assert_uint_eq(net_stats(rig.net)->connections, 1);
	rig_write(fine, MESSAGE("2"));
	RIG_UNTIL(rig.received == 3);
	close(slow);
	close(silent);
	close(fine);
	rig_close();
}
END_TEST

START_TEST(idle)
{
	int quiet, busy;

	rig_open_config("tcp:127.0.0.1:0", (struct net_config){.idle_ms = 60000});
	quiet = call_in();
	busy = call_in();
	rig_write(quiet, MESSAGE("1"));
	rig_write(busy, MESSAGE("1"));
	RIG_UNTIL(rig.received == 2);
	rig_pass(59999);
	rig_write(busy, "\r\n");
	rig_settle();
	ck_assert_uint_eq(net_stats(rig.net)->idle_closed, 0);
	rig_pass(1);
	ck_assert_uint_eq(net_stats(rig.net)->idle_closed, 1);
	ck_assert_str_eq(rig_read(quiet), "");
	rig_pass(59999);
	ck_assert_uint_eq(net_stats(rig.net)->idle_closed, 2);
	ck_assert_str_eq(rig_read(busy), "");
	close(quiet);
	close(busy);
	rig_close();
}
END_TEST

START_TEST(out)
{
	union net_addr peer;
	int server = peer_listen(&peer), fd;
	struct flow to, more;

	rig_open("tcp:127.0.0.1:0");
	to = more = rig_flow(TRANSPORT_TCP, &peer);
	ck_assert_int_eq(send_text(&to, "one,"), 0);
	ck_assert_uint_ne(to.conn, 0);
	ck_assert_int_eq(send_text(&more, "two,"), 0); /* while it is being made */
	ck_assert_uint_eq(more.conn, to.conn);
	fd = peer_accept(server);
	RIG_UNTIL(net_stats(rig.net)->connected == 1);
	ck_assert_int_eq(send_text(&to, "three"), 0);
	rig_settle();
	ck_assert_str_eq(rig_read(fd), "one,two,three");
	rig_write(fd, MESSAGE("1"));
	RIG_UNTIL(rig.received == 1);
	ck_assert_uint_eq(rig.from.conn, to.conn);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 1);
	rig_pass(10000); /* no first message is asked of a connection made here */
	ck_assert_uint_eq(net_stats(rig.net)->connections, 1);
	close(fd);
	close(server);
	rig_close();
}
END_TEST

START_TEST(out_from_the_listening_address)
{
	union net_addr peer, seen;
	socklen_t len = sizeof(seen);
	int server = peer_listen(&peer), fd;
	struct flow to;

	rig_open("tcp:127.0.0.7:0");
	to = rig_flow(TRANSPORT_TCP, &peer);
	ck_assert_int_eq(send_text(&to, "x"), 0);
	fd = peer_accept(server);
	ck_assert_int_eq(getpeername(fd, &seen.sa, &len), 0);
	ck_assert_uint_eq(seen.in.sin_addr.s_addr, inet_addr("127.0.0.7"));
	close(fd);
	close(server);
	rig_close();
}
END_TEST

START_TEST(out_refused)
{
	union net_addr peer;
	int server = peer_listen(&peer), err;
	struct flow to;

	close(server);
	rig_open("tcp:127.0.0.1:0");
	to = rig_flow(TRANSPORT_TCP, &peer);
	err = send_text(&to, "x");
	if (!err) {
		RIG_UNTIL(rig.errors == 1);
		err = rig.err;
		ck_assert_uint_eq(rig.error_peer.conn, to.conn);
	}
	ck_assert_int_eq(err, ECONNREFUSED);
	ck_assert_uint_eq(net_stats(rig.net)->connect_failed, 1);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 0);
	rig_close();
}
END_TEST

/* A full backlog swallows connects, as a firewall does. */
START_TEST(out_timeout)
{
	union net_addr peer;
	int server = rig_peer(SOCK_STREAM, "127.0.0.3", &peer), fill[2];
	struct flow to;

	ck_assert_int_eq(listen(server, 0), 0);
	for (int i = 0; i < 2; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fill[i], &peer.sa, net_addr_len(&peer));
	}
	rig_open("tcp:127.0.0.1:0");
	to = rig_flow(TRANSPORT_TCP, &peer);
	ck_assert_int_eq(send_text(&to, "x"), 0);
	rig_settle();
	rig_pass(3999);
	ck_assert_uint_eq(rig.errors, 0);
	rig_pass(1);
	ck_assert_uint_eq(rig.errors, 1);
	ck_assert_int_eq(rig.err, ETIMEDOUT);
	ck_assert_uint_eq(rig.error_peer.conn, to.conn);
	ck_assert(net_addr_eq(&rig.error_peer.peer, &peer));
	for (int i = 0; i < 2; i++)
		close(fill[i]);
	close(server);
	rig_close();
}
END_TEST

/* RFC 3261 18.2.2: the connection of the request has gone, its sender listens at the Via's port. */
START_TEST(reply_after_the_connection_has_gone)
{
	union net_addr peer;
	int server = peer_listen(&peer), fd;
	struct flow to;

	rig_open("tcp:127.0.0.1:0");
	fd = call_in_from("127.0.0.3");
	rig_write(fd, MESSAGE("1"));
	RIG_UNTIL(rig.received == 1);
	flow_reply_to(&to, &rig.from, net_addr_port(&peer), true);
	ck_assert_int_eq(send_text(&to, "first"), 0);
	ck_assert_str_eq(rig_read(fd), "first");
	close(fd);
	RIG_UNTIL(rig.errors == 1);
	ck_assert_int_eq(send_text(&to, "second"), 0);
	fd = peer_accept(server);
	ck_assert_str_eq(rig_read(fd), "second");
	ck_assert_uint_ne(to.conn, rig.from.conn);
	ck_assert(net_addr_eq(&to.peer, &peer));
	/* And a third one, which knows only of the old connection, uses the new one. */
	flow_reply_to(&to, &rig.from, net_addr_port(&peer), true);
	ck_assert_int_eq(send_text(&to, "third"), 0);
	ck_assert_str_eq(rig_read(fd), "third");
	close(fd);
	close(server);
	rig_close();
}
END_TEST

START_TEST(limit_per_source)
{
	int fd[4];

	rig_open_config("tcp:127.0.0.1:0", (struct net_config){.connections_per_source = 2});
	for (int i = 0; i < 3; i++)
		fd[i] = call_in();
	fd[3] = call_in_from("127.0.0.3");
	RIG_UNTIL(net_stats(rig.net)->accepted == 3);
	ck_assert_str_eq(rig_read(fd[2]), "");
	ck_assert_uint_eq(net_stats(rig.net)->refused_source, 1);
	close(fd[0]);
	close(fd[2]);
	RIG_UNTIL(rig.errors == 1);
	fd[0] = call_in();
	RIG_UNTIL(net_stats(rig.net)->accepted == 4);
	close(fd[0]);
	close(fd[1]);
	close(fd[3]);
	rig_close();
}
END_TEST

/* A quarter is kept for connections that are made here. */
START_TEST(limit_in_all)
{
	union net_addr peer;
	int server = peer_listen(&peer), fd[4];
	struct flow to;

	rig_open_config("tcp:127.0.0.1:0", (struct net_config){.connections_max = 4});
	for (int i = 0; i < 4; i++)
		fd[i] = call_in();
	ck_assert_str_eq(rig_read(fd[3]), "");
	ck_assert_uint_eq(net_stats(rig.net)->refused_total, 1);
	to = rig_flow(TRANSPORT_TCP, &peer);
	ck_assert_int_eq(send_text(&to, "x"), 0);
	to.conn = 0;
	net_addr_set_port(&to.peer, 9);
	ck_assert_int_eq(send_text(&to, "x"), ENOBUFS);
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	close(server);
	rig_close();
}
END_TEST

/* Accepting pauses when there are no descriptors, everything else goes on, and it comes back. */
START_TEST(no_descriptors)
{
	struct rlimit old, tight;
	int first, second;

	rig_open("tcp:127.0.0.1:0");
	first = call_in();
	RIG_UNTIL(net_stats(rig.net)->accepted == 1);
	second = call_in();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	tight = old;
	tight.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
	RIG_UNTIL(net_stats(rig.net)->accept_paused == 1);
	rig_write(first, MESSAGE("1"));
	RIG_UNTIL(rig.received == 1);
	rig_settle();
	ck_assert_uint_eq(net_stats(rig.net)->accept_paused, 1); /* it does not spin */
	rig_pass(200);
	rig_settle();
	ck_assert_uint_eq(net_stats(rig.net)->accept_paused, 2);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	rig_pass(200);
	RIG_UNTIL(net_stats(rig.net)->accepted == 2);
	close(first);
	close(second);
	rig_close();
}
END_TEST

static void set_buffer(int fd, int octets)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
}

/* A peer that does not read: what waits for it is bounded, and then it is let go. */
START_TEST(overflow)
{
	static char big[16000];
	struct flow to;
	int fd, err = 0;

	memset(big, 'x', sizeof(big));
	rig_open("tcp:127.0.0.1:0");
	fd = call_in();
	set_buffer(fd, 4096);
	rig_write(fd, MESSAGE("1"));
	RIG_UNTIL(rig.received == 1);
	to = rig.from;
	for (int i = 0; i < 2000 && !err; i++)
		err = net_send(rig.net, &to, big, sizeof(big));
	ck_assert_int_eq(err, ENOBUFS);
	ck_assert_uint_eq(rig.errors, 0); /* not from inside net_send() */
	RIG_UNTIL(rig.errors == 1);
	ck_assert_int_eq(rig.err, ENOBUFS);
	ck_assert_uint_eq(net_stats(rig.net)->overflow_closed, 1);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 0);
	close(fd);
	rig_close();
}
END_TEST

/* One that reads too slowly is let go as well. */
START_TEST(slow_reader)
{
	static char big[16000];
	struct flow to;
	size_t held;
	int fd;

	memset(big, 'x', sizeof(big));
	rig_open("tcp:127.0.0.1:0");
	fd = call_in();
	set_buffer(fd, 4096);
	rig_write(fd, MESSAGE("1"));
	RIG_UNTIL(rig.received == 1);
	to = rig.from;
	held = fake_mem_held();
	for (int i = 0; i < 2000 && fake_mem_held() == held; i++)
		ck_assert_int_eq(net_send(rig.net, &to, big, sizeof(big)), 0);
	ck_assert_uint_gt(fake_mem_held(), held);
	rig_pass(29999);
	ck_assert_uint_eq(rig.errors, 0);
	rig_pass(1);
	ck_assert_uint_eq(rig.errors, 1);
	ck_assert_int_eq(rig.err, ETIMEDOUT);
	ck_assert_uint_eq(net_stats(rig.net)->slow_closed, 1);
	close(fd);
	rig_close();
}
END_TEST

/* What had to wait is written when the peer reads again, whole and in order. */
START_TEST(partial_writes)
{
	static char big[10000];
	struct flow to;
	size_t sent = 0, got = 0, held;
	int fd;

	rig_open("tcp:127.0.0.1:0");
	fd = call_in();
	rig_write(fd, MESSAGE("1"));
	RIG_UNTIL(rig.received == 1);
	to = rig.from;
	held = fake_mem_held();
	for (int i = 0; i < 2000 && fake_mem_held() == held; i++) {
		memset(big, 'a' + i % 26, sizeof(big));
		ck_assert_int_eq(net_send(rig.net, &to, big, sizeof(big)), 0);
		sent += sizeof(big);
	}
	ck_assert_uint_gt(fake_mem_held(), held);
	while (got < sent) {
		const char *text = rig_read(fd);

		ck_assert_str_ne(text, "");
		while (*text && *text == (char)('a' + got / sizeof(big) % 26)) {
			text++;
			got++;
		}
		ck_assert_str_eq(text, "");
	}
	ck_assert_uint_eq(got, sent);
	RIG_UNTIL(fake_mem_held() == held);
	close(fd);
	rig_close();
}
END_TEST

/* The connection breaks under an answer that is given while its messages are being read. */
START_TEST(breaks_while_it_is_read)
{
	struct linger reset = {.l_onoff = 1, .l_linger = 0};
	int fd;

	rig_open("tcp:127.0.0.1:0");
	rig.answer = "answer";
	fd = call_in();
	rig_turn();
	rig_write(fd, MESSAGE("1") MESSAGE("2") MESSAGE("3"));
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	RIG_UNTIL(rig.errors == 1);
	rig_settle();
	ck_assert_uint_eq(rig.errors, 1);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 0);
	rig_close();
}
END_TEST

/* Freed with connections in every state. */
START_TEST(freed)
{
	union net_addr peer;
	int server = peer_listen(&peer), half, whole;
	struct flow to;

	rig_open("tcp:127.0.0.1:0");
	half = call_in();
	whole = call_in();
	rig_write(half, "OPTIONS");
	rig_write(whole, MESSAGE("1"));
	RIG_UNTIL(rig.received == 1);
	to = rig_flow(TRANSPORT_TCP, &peer);
	ck_assert_int_eq(send_text(&to, "x"), 0);
	rig_close();
	ck_assert_uint_eq(fake_mem_held(), 0);
	close(half);
	close(whole);
	close(server);
}
END_TEST

START_TEST(no_memory)
{
	struct flow to;
	int fd, err;

	for (unsigned n = 1; n < 8; n++) {
		union net_addr peer;
		int server = peer_listen(&peer);

		rig_open("tcp:127.0.0.1:0");
		fake_mem_fail_at(n);
		fd = call_in();
		rig_write(fd, "OPTIONS");
		rig_settle();
		to = rig_flow(TRANSPORT_TCP, &peer);
		err = send_text(&to, "x");
		ck_assert_msg(err == 0 || err == ENOMEM, "%d", err);
		rig_settle();
		fake_mem_fail_at(0);
		close(fd);
		close(server);
		rig_close();
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
	for (unsigned n = 1; n < 6; n++) {
		struct listen_list list;
		struct net_config cfg = {.listen = &list};

		memset(&rig, 0, sizeof(rig));
		rig_list("tcp:127.0.0.1:0,udp:127.0.0.1:0", &list);
		ck_assert_int_eq(loop_new(&rig.loop), 0);
		fake_mem_fail_at(n);
		ck_assert_int_eq(
			net_new(&rig.net, rig.loop, &cfg, rig_recv_h, rig_error_h, &rig, rig.why),
			ENOMEM);
		ck_assert_str_eq(rig.why, "out of memory");
		fake_mem_fail_at(0);
		loop_free(rig.loop);
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("net_tcp", NULL, in_and_back, framing, longest_message, bad_framing,
		keepalives, slow_message, idle, out, out_from_the_listening_address, out_refused,
		out_timeout, reply_after_the_connection_has_gone, limit_per_source, limit_in_all,
		no_descriptors, overflow, slow_reader, partial_writes, breaks_while_it_is_read,
		freed, no_memory);
}
