/* The resolver with the real libunbound and a name server of the test's own, in a clock that the
 * test moves. */
#include "tests/core/suite.h"
#include "tests/fakes/clock.c"
#include "tests/fakes/dns.h"
#include "tests/fakes/mem.c"

#include <errno.h>

#include "core/cidr.h"
#include "sip/loop.h"
#include "sip/resolve.h"

enum { PATIENCE_MS = 20000 };

static struct loop *loop;
static struct resolve *r;
static struct cidr allowed = {.addr = {[10] = 0xff, 0xff, 127}, .bits = 104}; /* 127.0.0.0/8 */
static struct cidr_list allow = {.item = &allowed, .count = 1};
static uint32_t dice;

struct result {
	unsigned calls;
	int err;
	char text[600]; /* "192.0.2.1:5060 [2001:db8::1]:5060" */
};

static uint32_t throw_dice(void *arg)
{
	ck_assert_ptr_eq(arg, &dice);
	return dice;
}

static void open_config(struct resolve_config cfg)
{
	fake_dns_open();
	cfg.dns = fake_dns.address;
	cfg.random_h = throw_dice;
	cfg.random_arg = &dice;
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(resolve_new(&r, loop, &cfg), 0);
}

static void open_all(void)
{
	open_config((struct resolve_config){0});
}

static void close_all(void)
{
	resolve_free(r);
	loop_free(loop);
	fake_dns_close();
	ck_assert_uint_eq(fake_mem_held(), 0);
}

static void write_list(char *text, size_t size, const struct resolve_list *list)
{
	size_t at = 0;

	*text = '\0';
	for (unsigned i = 0; i < list->count; i++) {
		const union net_addr *a = &list->item[i].addr;
		char ip[FLOW_IP_TEXT_MAX];

		net_addr_ip(a, ip);
		at += (size_t)snprintf(text + at, size - at,
			a->sa.sa_family == AF_INET6 ? "%s[%s]:%u" : "%s%s:%u", i ? " " : "", ip,
			net_addr_port(a));
	}
}

static void on_result(int err, const struct resolve_list *list, void *arg)
{
	struct result *res = arg;

	res->calls++;
	res->err = err;
	if (!err)
		write_list(res->text, sizeof(res->text), list);
}

static void start_on(struct result *res, const char *host, uint16_t port, enum transport transport)
{
	struct resolve_query *q;

	memset(res, 0, sizeof(*res));
	ck_assert_int_eq(resolve_start(r, &q, str_of(host), port, transport, on_result, res), 0);
	ck_assert_uint_eq(res->calls, 0);
}

static void start(struct result *res, const char *host, uint16_t port)
{
	start_on(res, host, port, TRANSPORT_UDP);
}

static void turns(const unsigned *calls, unsigned until)
{
	for (int left = PATIENCE_MS / 5; *calls < until && left--;)
		ck_assert_int_eq(loop_turn(loop, 5), 0);
	ck_assert_uint_eq(*calls, until);
}

static const char *ask_on(const char *host, uint16_t port, enum transport transport, int err)
{
	static struct result res;

	start_on(&res, host, port, transport);
	turns(&res.calls, 1);
	ck_assert_msg(res.err == err, "%s: %s", host, strerror(res.err));
	return res.text;
}

static const char *ask(const char *host, uint16_t port)
{
	return ask_on(host, port, TRANSPORT_UDP, 0);
}

static void fails(const char *host, uint16_t port, int err)
{
	ask_on(host, port, TRANSPORT_UDP, err);
}

/* Time passes, and the loop notices. */
static void pass(int64_t ms)
{
	fake_clock_advance(ms);
	ck_assert_int_eq(loop_turn(loop, 0), 0);
}

static int try_now(const char *host, uint16_t port, char *text, size_t size)
{
	struct resolve_list list;
	int err = resolve_try(r, str_of(host), port, TRANSPORT_UDP, &list);

	if (!err)
		write_list(text, size, &list);
	return err;
}

static void tries(const char *host, uint16_t port, int err, const char *expected)
{
	char text[600] = "";

	ck_assert_int_eq(try_now(host, port, text, sizeof(text)), err);
	ck_assert_str_eq(text, expected);
}

START_TEST(literals)
{
	open_config((struct resolve_config){.private_targets = &allow});
	tries("192.0.2.1", 5080, 0, "192.0.2.1:5080");
	tries("192.0.2.1", 0, 0, "192.0.2.1:5060");
	tries("2001:DB8::1", 0, 0, "[2001:db8::1]:5060");
	tries("127.0.0.2", 0, 0, "127.0.0.2:5060");
	tries("10.0.0.1", 0, EACCES, "");
	tries("::1", 0, EACCES, "");
	tries("::ffff:10.0.0.1", 0, EACCES, "");
	ck_assert_str_eq(ask("192.0.2.1", 0), "192.0.2.1:5060");
	fails("169.254.169.254", 80, EACCES);
	ck_assert_str_eq(ask_on("192.0.2.1", 0, TRANSPORT_TLS, 0), "192.0.2.1:5061");
	ck_assert_uint_eq(resolve_stats(r)->asked, 0);
	ck_assert_uint_eq(resolve_stats(r)->refused, 4);
	close_all();
}
END_TEST

START_TEST(no_names)
{
	static const char *const bad[] = {"", ".", "a b", "127.1", "0x7f.0.0.1", "2130706433",
		"[::1]", "-a.example.com", "a..b", "\xc3\xa9.example.com"};
	struct resolve_query *q;

	open_all();
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tries(bad[i], 5060, EINVAL, "");
		ck_assert_int_eq(
			resolve_start(r, &q, str_of(bad[i]), 0, TRANSPORT_UDP, on_result, NULL),
			EINVAL);
	}
	ck_assert_int_eq(
		resolve_start(r, &q, str_lit("example.com"), 0, TRANSPORT_COUNT, on_result, NULL),
		EINVAL);
	close_all();
}
END_TEST

/* Both families, each time another address first. */
START_TEST(addresses)
{
	open_all();
	fake_dns_address("pbx.example.com", 60, "192.0.2.1");
	fake_dns_address("pbx.example.com", 60, "192.0.2.2");
	fake_dns_address("pbx.example.com", 60, "2001:db8::1");
	tries("pbx.example.com", 5080, EAGAIN, "");
	ask("pbx.example.com", 5080);
	ck_assert_uint_eq(resolve_stats(r)->asked, 2);
	tries("pbx.example.com", 5080, 0, "192.0.2.2:5080 192.0.2.1:5080 [2001:db8::1]:5080");
	tries("PBX.Example.com.", 5080, 0, "192.0.2.1:5080 192.0.2.2:5080 [2001:db8::1]:5080");
	tries("pbx.example.com", 5080, 0, "192.0.2.2:5080 192.0.2.1:5080 [2001:db8::1]:5080");
	ck_assert_uint_eq(resolve_stats(r)->asked, 2);
	close_all();
}
END_TEST

START_TEST(one_family)
{
	open_config((struct resolve_config){.no_ipv6 = true});
	fake_dns_address("pbx.example.com", 60, "192.0.2.1");
	fake_dns_address("pbx.example.com", 60, "2001:db8::1");
	fake_dns_address("six.example.com", 60, "2001:db8::1");
	ck_assert_str_eq(ask("pbx.example.com", 5080), "192.0.2.1:5080");
	fails("six.example.com", 5080, ENOENT);
	tries("2001:db8::1", 5080, ENOENT, "");
	close_all();
}
END_TEST

START_TEST(at_most_eight)
{
	char ip[32];

	open_all();
	for (int i = 1; i <= 20; i++) {
		snprintf(ip, sizeof(ip), "192.0.2.%d", i);
		fake_dns_address("many.example.com", 60, ip);
	}
	ck_assert_str_eq(ask("many.example.com", 1),
		"192.0.2.1:1 192.0.2.2:1 192.0.2.3:1 192.0.2.4:1 192.0.2.5:1 192.0.2.6:1 "
		"192.0.2.7:1 192.0.2.8:1");
	close_all();
}
END_TEST

/* RFC 3263, RFC 2782 */
START_TEST(srv)
{
	open_all();
	fake_dns_srv("_sip._udp.example.com", 60, 20, 0, 5062, "c.example.com");
	fake_dns_srv("_sip._udp.example.com", 60, 10, 30, 5060, "a.example.com");
	fake_dns_srv("_sip._udp.example.com", 60, 10, 70, 5061, "b.example.com");
	fake_dns_srv("_sip._tcp.example.com", 60, 1, 1, 5070, "a.example.com");
	fake_dns_srv("_sips._tcp.example.com", 60, 1, 1, 5071, "A.example.com");
	fake_dns_address("a.example.com", 60, "192.0.2.1");
	fake_dns_address("b.example.com", 60, "192.0.2.2");
	fake_dns_address("c.example.com", 60, "192.0.2.3");
	dice = 30; /* of 0 to 100: 30 is a's last number */
	ck_assert_str_eq(ask("example.com", 0), "192.0.2.1:5060 192.0.2.2:5061 192.0.2.3:5062");
	dice = 31;
	tries("example.com", 0, 0, "192.0.2.2:5061 192.0.2.1:5060 192.0.2.3:5062");
	ck_assert_str_eq(ask_on("example.com", 0, TRANSPORT_TCP, 0), "192.0.2.1:5070");
	ck_assert_str_eq(ask_on("example.com", 0, TRANSPORT_TLS, 0), "192.0.2.1:5071");
	/* With a port there is no SRV. */
	fails("example.com", 5060, ENOENT);
	close_all();
}
END_TEST

START_TEST(srv_without_weight)
{
	open_all();
	fake_dns_srv("_sip._udp.example.com", 60, 1, 0, 5060, "a.example.com");
	fake_dns_srv("_sip._udp.example.com", 60, 1, 0, 5060, "b.example.com");
	fake_dns_srv("_sip._udp.example.net", 60, 1, 0, 5060, "a.example.com");
	fake_dns_srv("_sip._udp.example.net", 60, 1, 9, 5060, "b.example.com");
	fake_dns_address("a.example.com", 60, "192.0.2.1");
	fake_dns_address("b.example.com", 60, "192.0.2.2");
	dice = 0;
	ck_assert_str_eq(ask("example.com", 0), "192.0.2.1:5060 192.0.2.2:5060");
	dice = 1;
	tries("example.com", 0, 0, "192.0.2.2:5060 192.0.2.1:5060");
	dice = 0; /* one chance in ten for the one of weight 0 */
	ck_assert_str_eq(ask("example.net", 0), "192.0.2.1:5060 192.0.2.2:5060");
	dice = 1;
	tries("example.net", 0, 0, "192.0.2.2:5060 192.0.2.1:5060");
	close_all();
}
END_TEST

START_TEST(srv_that_offers_nothing)
{
	open_all();
	fake_dns_srv("_sip._udp.example.com", 60, 0, 0, 0, ".");
	fake_dns_address("example.com", 60, "192.0.2.9");
	fails("example.com", 0, ENOENT);
	/* A target that has no address is passed over. */
	fake_dns_srv("_sip._udp.example.net", 60, 1, 0, 5060, "gone.example.net");
	fake_dns_srv("_sip._udp.example.net", 60, 2, 0, 5062, "here.example.net");
	fake_dns_address("here.example.net", 60, "192.0.2.1");
	ck_assert_str_eq(ask("example.net", 0), "192.0.2.1:5062");
	close_all();
}
END_TEST

START_TEST(without_srv)
{
	open_all();
	fake_dns_address("pbx.example.com", 60, "192.0.2.1");
	ck_assert_str_eq(ask("pbx.example.com", 0), "192.0.2.1:5060");
	ck_assert_str_eq(ask_on("pbx.example.com", 0, TRANSPORT_TLS, 0), "192.0.2.1:5061");
	close_all();
}
END_TEST

START_TEST(long_name)
{
	char name[260];

	memset(name, 'a', sizeof(name));
	for (int i = 60; i <= 240; i += 60)
		name[i] = '.';
	name[250] = '\0'; /* with "_sip._udp." in front it is too long for DNS */
	open_all();
	fails(name, 0, ENOENT);
	close_all();
}
END_TEST

START_TEST(unknown_name)
{
	unsigned asked;

	open_all();
	fails("gone.example.com", 5060, ENOENT);
	asked = (unsigned)resolve_stats(r)->asked;
	ck_assert_uint_eq(asked, 2);
	pass(29999);
	tries("gone.example.com", 5060, ENOENT, "");
	pass(1);
	tries("gone.example.com", 5060, EAGAIN, "");
	close_all();
}
END_TEST

START_TEST(server_failure)
{
	open_all();
	fake_dns_mood(FAKE_DNS_SERVFAIL);
	fails("pbx.example.com", 5060, EIO);
	ck_assert_uint_eq(resolve_stats(r)->failed, 2);
	fails("pbx.example.com", 5060, EIO); /* no new question for five seconds */
	ck_assert_uint_eq(resolve_stats(r)->asked, 2);
	pass(5000);
	tries("pbx.example.com", 5060, EAGAIN, "");
	close_all();
}
END_TEST

/* libunbound has its own idea of when to try again, so the clock goes on while we wait. */
static void recovers(const char *host, const char *expected)
{
	char text[600] = "";

	for (int left = PATIENCE_MS / 50; left--;) {
		struct result res;

		start(&res, host, 5060);
		for (int i = 0; i < 10 && !res.calls; i++)
			ck_assert_int_eq(loop_turn(loop, 5), 0);
		if (!res.calls)
			pass(2000);
		ck_assert_uint_eq(res.calls, 1);
		if (!res.err && resolve_stats(r)->answers) {
			ck_assert_str_eq(res.text, expected);
			return;
		}
		pass(5000);
	}
	ck_abort_msg("%s did not come back: %s", host, text);
}

START_TEST(silence)
{
	struct result res;

	open_all();
	fake_dns_mood(FAKE_DNS_SILENT);
	fake_dns_address("pbx.example.com", 60, "192.0.2.1");
	start(&res, "pbx.example.com", 5060);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(loop_turn(loop, 5), 0);
	pass(1999);
	ck_assert_uint_eq(res.calls, 0);
	pass(1);
	pass(0);
	ck_assert_uint_eq(res.calls, 1);
	ck_assert_int_eq(res.err, ETIMEDOUT);
	ck_assert_uint_gt(fake_dns_asked(), 0);
	fake_dns_mood(FAKE_DNS_ANSWERS);
	recovers("pbx.example.com", "192.0.2.1:5060");
	close_all();
}
END_TEST

START_TEST(time_to_live)
{
	open_all();
	fake_dns_address("short.example.com", 0, "192.0.2.1");
	fake_dns_address("minute.example.com", 60, "192.0.2.1");
	fake_dns_address("long.example.com", 86400, "192.0.2.1");
	ask("short.example.com", 1);
	ask("minute.example.com", 1);
	ask("long.example.com", 1);
	pass(999);
	tries("short.example.com", 1, 0, "192.0.2.1:1");
	pass(1);
	tries("short.example.com", 1, EAGAIN, "");
	pass(60000 - 1000 - 1);
	tries("minute.example.com", 1, EAGAIN,
		""); /* its AAAA is not known to be absent any more */
	pass(3600000 - 60000 + 1);
	tries("long.example.com", 1, EAGAIN, "");
	close_all();
}
END_TEST

/* A changed record is seen after its time. */
START_TEST(changes)
{
	open_config((struct resolve_config){.no_ipv6 = true});
	fake_dns_address("pbx.example.com", 0, "192.0.2.1");
	ck_assert_str_eq(ask("pbx.example.com", 1), "192.0.2.1:1");
	fake_dns_clear();
	fake_dns_address("pbx.example.com", 0, "192.0.2.2");
	ck_assert_str_eq(ask("pbx.example.com", 1), "192.0.2.1:1");
	pass(1000);
	ck_assert_str_eq(ask("pbx.example.com", 1), "192.0.2.2:1");
	close_all();
}
END_TEST

static void goes_stale(enum fake_dns_mood mood)
{
	struct result res;

	open_config((struct resolve_config){.no_ipv6 = true});
	fake_dns_address("pbx.example.com", 0, "192.0.2.1");
	ask("pbx.example.com", 5060);
	fake_dns_mood(mood);
	pass(1000);
	start(&res, "pbx.example.com", 5060);
	for (int i = 0; i < 200 && !res.calls && mood != FAKE_DNS_SILENT; i++)
		ck_assert_int_eq(loop_turn(loop, 5), 0);
	pass(0);
	pass(2000);
	pass(0);
	ck_assert_uint_eq(res.calls, 1);
	ck_assert_int_eq(res.err, 0);
	ck_assert_str_eq(res.text, "192.0.2.1:5060");
	ck_assert_uint_eq(resolve_stats(r)->stale, 1);
	/* Once it is known that DNS fails nobody waits for it. */
	tries("pbx.example.com", 5060, 0, "192.0.2.1:5060");
	pass(24 * 3600 * 1000 - 5000);
	tries("pbx.example.com", 5060, 0, "192.0.2.1:5060");
	pass(5000);
	tries("pbx.example.com", 5060, EAGAIN, "");
	close_all();
}

START_TEST(stale)
{
	goes_stale(FAKE_DNS_SERVFAIL);
	goes_stale(FAKE_DNS_SILENT);
}
END_TEST

/* What DNS says must not lead us to where customers have no business (DNS rebinding). */
START_TEST(private_answers)
{
	open_config((struct resolve_config){.private_targets = &allow});
	fake_dns_address("evil.example.com", 60, "10.0.0.1");
	fake_dns_address("evil.example.com", 60, "fe80::1");
	fake_dns_address("mixed.example.com", 60, "169.254.169.254");
	fake_dns_address("mixed.example.com", 60, "192.0.2.1");
	fake_dns_address("mixed.example.com", 60, "::ffff:192.168.0.1");
	fake_dns_address("ours.example.com", 60, "127.0.0.3");
	fake_dns_srv("_sip._udp.srv.example.com", 60, 0, 0, 22, "evil.example.com");
	fails("evil.example.com", 5060, EACCES);
	fails("srv.example.com", 0, EACCES);
	ck_assert_str_eq(ask("mixed.example.com", 5060), "192.0.2.1:5060");
	ck_assert_str_eq(ask("ours.example.com", 5060), "127.0.0.3:5060");
	close_all();
}
END_TEST

START_TEST(aliases)
{
	open_config((struct resolve_config){.no_ipv6 = true});
	fake_dns_alias("www.example.com", 60, "pbx.example.com");
	fake_dns_address("pbx.example.com", 60, "192.0.2.1");
	ck_assert_str_eq(ask("www.example.com", 5060), "192.0.2.1:5060");
	fake_dns_alias("a.example.com", 60, "b.example.com");
	fake_dns_alias("b.example.com", 60, "a.example.com");
	fails("a.example.com", 5060, EIO);
	close_all();
}
END_TEST

/* /etc/hosts has it on every machine. */
START_TEST(hosts_file)
{
	open_config((struct resolve_config){.private_targets = &allow, .no_ipv6 = true});
	ck_assert_str_eq(ask("localhost", 5060), "127.0.0.1:5060");
	ck_assert_uint_eq(fake_dns_asked(), 0);
	close_all();
	open_all();
	fails("localhost", 5060, EACCES);
	close_all();
}
END_TEST

/* A hundred calls to one name ask once. */
START_TEST(shared)
{
	static struct result res[100];
	unsigned done = 0;

	open_all();
	fake_dns_address("pbx.example.com", 60, "192.0.2.1");
	for (int i = 0; i < 100; i++)
		start(&res[i], "pbx.example.com", 5060);
	for (int i = 0; i < 100; i++, done++)
		turns(&res[i].calls, 1);
	ck_assert_uint_eq(resolve_stats(r)->asked, 2);
	ck_assert_uint_eq(resolve_stats(r)->names, 2);
	close_all();
}
END_TEST

/* More names at once than may be asked at a time: the rest follows. */
START_TEST(crowd)
{
	static struct result res[400];
	char name[64];

	open_config((struct resolve_config){.no_ipv6 = true});
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "p%d.example.com", i);
		fake_dns_address(name, 60, "192.0.2.1");
		start(&res[i], name, 5060);
	}
	for (int i = 0; i < 400; i++) {
		turns(&res[i].calls, 1);
		ck_assert_int_eq(res[i].err, 0);
	}
	ck_assert_uint_eq(resolve_stats(r)->asked, 400);
	close_all();
}
END_TEST

START_TEST(crowd_in_silence)
{
	static struct result res[400];
	char name[64];

	open_config((struct resolve_config){.no_ipv6 = true});
	fake_dns_mood(FAKE_DNS_SILENT);
	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "p%d.example.com", i);
		start(&res[i], name, 5060);
	}
	pass(0);
	pass(0);
	ck_assert_uint_lt(resolve_stats(r)->asked, 400);
	pass(2000);
	pass(0);
	for (int i = 0; i < 400; i++) {
		ck_assert_uint_eq(res[i].calls, 1);
		ck_assert_int_eq(res[i].err, ETIMEDOUT);
	}
	close_all();
}
END_TEST

START_TEST(cancelled)
{
	struct result res = {0}, other;
	struct resolve_query *q, *early;

	open_all();
	fake_dns_address("pbx.example.com", 60, "192.0.2.1");
	ck_assert_int_eq(resolve_start(r, &early, str_lit("pbx.example.com"), 5060, TRANSPORT_UDP,
				 on_result, &res),
		0);
	resolve_cancel(early);
	ck_assert_int_eq(resolve_start(r, &q, str_lit("pbx.example.com"), 5060, TRANSPORT_UDP,
				 on_result, &res),
		0);
	start(&other, "pbx.example.com", 5060);
	ck_assert_int_eq(loop_turn(loop, 0), 0);
	resolve_cancel(q);
	turns(&other.calls, 1);
	pass(2000);
	ck_assert_uint_eq(res.calls, 0);
	close_all();
}
END_TEST

static void ask_again(int err, const struct resolve_list *list, void *arg)
{
	struct resolve_query *q;

	on_result(err, list, arg);
	if (((struct result *)arg)->calls < 3)
		ck_assert_int_eq(resolve_start(r, &q, str_lit("pbx.example.com"), 5060,
					 TRANSPORT_UDP, ask_again, arg),
			0);
}

START_TEST(asked_from_the_handler)
{
	struct result res = {0};
	struct resolve_query *q;

	open_all();
	fake_dns_address("pbx.example.com", 60, "192.0.2.1");
	ck_assert_int_eq(resolve_start(r, &q, str_lit("pbx.example.com"), 5060, TRANSPORT_UDP,
				 ask_again, &res),
		0);
	turns(&res.calls, 3);
	close_all();
}
END_TEST

START_TEST(freed_with_open_questions)
{
	struct result res, new;

	open_all();
	fake_dns_mood(FAKE_DNS_SILENT);
	start(&res, "pbx.example.com", 0);
	pass(0);
	start(&new, "pbx.example.net", 0);
	close_all();
	ck_assert_uint_eq(res.calls + new.calls, 0);
}
END_TEST

START_TEST(bad_server)
{
	static const char *const bad[] = {"", "nowhere", "127.0.0.1@", "127.0.0.1@70000",
		"127.0.0.1@5x", "127.0.0.1:53", "@53"};

	ck_assert_int_eq(loop_new(&loop), 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct resolve_config cfg = {.dns = bad[i]};

		ck_assert_msg(resolve_new(&r, loop, &cfg) == EINVAL, "%s", bad[i]);
	}
	loop_free(loop);
	resolve_free(NULL);
	ck_assert_uint_eq(fake_mem_held(), 0);
}
END_TEST

/* At any place: an error, never a wrong answer; and afterwards it works. */
START_TEST(no_memory)
{
	struct resolve_query *q;

	for (unsigned n = 1; n <= 9; n++) {
		struct result res = {0};
		int err;

		open_all();
		fake_dns_srv("_sip._udp.example.com", 60, 0, 0, 5080, "a.example.com");
		fake_dns_address("a.example.com", 60, "192.0.2.1");
		fake_dns_address("a.example.com", 60, "2001:db8::1");
		fake_mem_fail_at(n);
		err = resolve_start(
			r, &q, str_lit("example.com"), 0, TRANSPORT_UDP, on_result, &res);
		ck_assert_int_eq(err, n == 1 ? ENOMEM : 0);
		if (!err) {
			turns(&res.calls, 1);
			ck_assert_msg(res.err == 0 || res.err == ENOMEM || res.err == ENOENT,
				"%u: %s", n, strerror(res.err));
		}
		fake_mem_fail_at(0);
		pass(30000);
		ask("example.com", 0);
		close_all();
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("resolve", NULL, literals, no_names, addresses, one_family, at_most_eight,
		srv, srv_without_weight, srv_that_offers_nothing, without_srv, long_name,
		unknown_name, server_failure, silence, time_to_live, changes, stale,
		private_answers, aliases, hosts_file, shared, crowd, crowd_in_silence, cancelled,
		asked_from_the_handler, freed_with_open_questions, bad_server, no_memory);
}
