/* The registry of connections and its watchdog, on socket pairs of TCP. */
#include "api/http_conn.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "tests/api/suite.h"

static const struct http_conn_limits quick = {
	.connections = 8,
	.per_address = 2,
	.phase_ms = {[HTTP_PHASE_IDLE] = 60000,
		[HTTP_PHASE_HEADERS] = 300,
		[HTTP_PHASE_BODY] = 300,
		[HTTP_PHASE_WORK] = 0,
		[HTTP_PHASE_ANSWER] = 300},
	.requests = 3,
	.lifetime_ms = 60000,
};

static struct http_conns *conns;

static void setup(void)
{
	ck_assert_int_eq(http_conns_new(&conns, &quick), 0);
}

static void teardown(void)
{
	http_conns_free(conns);
}

struct pair {
	int ours, theirs;
};

static struct pair connected(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct pair p;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	p.theirs = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(p.theirs, (struct sockaddr *)&at, len), 0);
	p.ours = accept(listener, NULL, NULL);
	ck_assert_int_ge(p.ours, 0);
	close(listener);
	return p;
}

static void hang_up(struct pair *p)
{
	close(p->ours);
	close(p->theirs);
}

/* The other end sees the end of the stream, within a generous time. */
static bool was_cut(const struct pair *p, int wait_ms)
{
	struct pollfd fd = {.fd = p->theirs, .events = POLLIN};
	char c;

	return poll(&fd, 1, wait_ms) == 1 && read(p->theirs, &c, 1) == 0;
}

static const struct sockaddr *address(const char *text)
{
	static struct sockaddr_in v4;
	static struct sockaddr_in6 v6;

	if (strchr(text, ':')) {
		v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
		ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
		return (const struct sockaddr *)&v6;
	}
	v4 = (struct sockaddr_in){.sin_family = AF_INET};
	ck_assert_int_eq(inet_pton(AF_INET, text, &v4.sin_addr), 1);
	return (const struct sockaddr *)&v4;
}

START_TEST(test_each_bounded_phase_is_cut)
{
	static const enum http_phase phases[] = {
		HTTP_PHASE_HEADERS, HTTP_PHASE_BODY, HTTP_PHASE_ANSWER};
	struct pair p = connected();
	struct http_conn *conn = http_conns_add(conns, p.ours, address("127.0.0.1"));
	struct http_conn_counts counts;

	http_conn_phase(conn, phases[_i]);
	ck_assert(was_cut(&p, 20000));
	http_conns_count(conns, &counts);
	ck_assert_uint_eq(counts.cut, 1);
	http_conns_remove(conns, conn);
	hang_up(&p);
}
END_TEST

START_TEST(test_work_and_idle_are_not_cut)
{
	static const enum http_phase phases[] = {HTTP_PHASE_WORK, HTTP_PHASE_IDLE};
	struct pair p = connected();
	struct http_conn *conn = http_conns_add(conns, p.ours, address("127.0.0.1"));

	http_conn_phase(conn, phases[_i]);
	ck_assert(!was_cut(&p, 1200));
	http_conns_remove(conns, conn);
	hang_up(&p);
}
END_TEST

/* An idle connection on which octets trickle in is one that sends headers. */
START_TEST(test_trickle_ends_idleness)
{
	struct pair p = connected();
	struct http_conn *conn = http_conns_add(conns, p.ours, address("127.0.0.1"));
	bool cut = false;

	ck_assert_int_eq(write(p.theirs, "first request", 13), 13);
	http_conn_phase(conn, HTTP_PHASE_IDLE);
	for (int i = 0; i < 400 && !cut; i++) {
		(void)send(p.theirs, "G", 1, MSG_NOSIGNAL);
		cut = was_cut(&p, 50);
	}
	ck_assert(cut);
	http_conns_remove(conns, conn);
	hang_up(&p);
}
END_TEST

/* With most places taken, who says nothing has to go sooner. */
START_TEST(test_pressure)
{
	struct http_conn *conn[7];
	struct pair p[7];

	for (int i = 0; i < 7; i++) {
		p[i] = connected();
		conn[i] = http_conns_add(conns, p[i].ours, address("127.0.0.1"));
		http_conn_phase(conn[i], HTTP_PHASE_IDLE);
	}
	/* 60 s / 16; alone it would last a minute */
	ck_assert(was_cut(&p[0], 20000));
	for (int i = 0; i < 7; i++) {
		http_conns_remove(conns, conn[i]);
		hang_up(&p[i]);
	}
}
END_TEST

START_TEST(test_per_address)
{
	struct http_conn *a = http_conns_add(conns, -1, address("192.0.2.1"));
	struct http_conn *b = http_conns_add(conns, -1, address("192.0.2.1"));
	struct http_conn *c = http_conns_add(conns, -1, address("2001:db8::1"));
	struct http_conn_counts counts;

	ck_assert(!http_conns_admit(conns, address("192.0.2.1")));
	ck_assert(!http_conns_admit(conns, address("::ffff:192.0.2.1")));
	ck_assert(http_conns_admit(conns, address("192.0.2.2")));
	ck_assert(http_conns_admit(conns, address("2001:db8::1")));
	http_conns_count(conns, &counts);
	ck_assert_uint_eq(counts.open, 3);
	ck_assert_uint_eq(counts.refused, 2);
	http_conns_remove(conns, b);
	ck_assert(http_conns_admit(conns, address("192.0.2.1")));
	http_conns_remove(conns, a);
	http_conns_remove(conns, c);
}
END_TEST

START_TEST(test_loopback_is_free_of_it)
{
	static const char *const loopback[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
	struct http_conn *conn[3];

	for (int i = 0; i < 3; i++)
		conn[i] = http_conns_add(conns, -1, address(loopback[_i]));
	ck_assert(http_conns_admit(conns, address(loopback[_i])));
	for (int i = 0; i < 3; i++)
		http_conns_remove(conns, conn[i]);
}
END_TEST

START_TEST(test_busy_and_spent)
{
	struct http_conn *conn = http_conns_add(conns, -1, address("127.0.0.1"));
	struct http_conn_counts counts;

	http_conns_count(conns, &counts);
	ck_assert_uint_eq(counts.busy, 0);
	ck_assert(!http_conn_request(conn));
	http_conn_phase(conn, HTTP_PHASE_WORK);
	http_conns_count(conns, &counts);
	ck_assert_uint_eq(counts.busy, 1);
	ck_assert(!http_conn_request(conn));
	ck_assert(http_conn_request(conn));
	http_conns_remove(conns, conn);
}
END_TEST

SUITE_MAIN("http_conn", tcase_add_checked_fixture(tc, setup, teardown);
	   tcase_add_loop_test(tc, test_each_bounded_phase_is_cut, 0, 3);
	   tcase_add_loop_test(tc, test_work_and_idle_are_not_cut, 0, 2);
	   tcase_add_test(tc, test_trickle_ends_idleness); tcase_add_test(tc, test_pressure);
	   tcase_add_test(tc, test_per_address);
	   tcase_add_loop_test(tc, test_loopback_is_free_of_it, 0, 4);
	   tcase_add_test(tc, test_busy_and_spent))
