#include "tests/core/suite.h"

#include <errno.h>

#include "sip/flow.h"

static union net_addr addr(const char *ip, uint16_t port)
{
	union net_addr a;

	ck_assert_int_eq(net_addr_parse(&a, str_of(ip), port), 0);
	return a;
}

static void text_is(const char *in, const char *expected)
{
	char buf[FLOW_IP_TEXT_MAX];
	union net_addr a = addr(in, 5060);
	struct str s = net_addr_ip(&a, buf);

	ck_assert_uint_eq(s.len, strlen(expected));
	ck_assert_str_eq(s.p, expected);
	ck_assert_uint_eq(net_addr_port(&a), 5060);
}

START_TEST(addresses)
{
	union net_addr a;

	text_is("192.0.2.1", "192.0.2.1");
	text_is("2001:DB8::1", "2001:db8::1");
	text_is("::ffff:192.0.2.1", "192.0.2.1");
	ck_assert_int_eq(net_addr_parse(&a, str_lit("example.com"), 1), EINVAL);
	ck_assert_int_eq(net_addr_parse(&a, str_lit("[::1]"), 1), EINVAL);
	ck_assert_int_eq(net_addr_parse(&a, str_lit("127.1"), 1), EINVAL);
	ck_assert_int_eq(net_addr_parse(&a, str_lit(""), 1), EINVAL);
}
END_TEST

static bool same(union net_addr a, union net_addr b)
{
	ck_assert_int_eq(net_addr_eq(&a, &b), net_addr_eq(&b, &a));
	return net_addr_eq(&a, &b);
}

START_TEST(equality)
{
	ck_assert(same(addr("192.0.2.1", 1), addr("192.0.2.1", 1)));
	ck_assert(!same(addr("192.0.2.1", 1), addr("192.0.2.1", 2)));
	ck_assert(!same(addr("192.0.2.1", 1), addr("192.0.2.2", 1)));
	ck_assert(same(addr("::1", 1), addr("0::1", 1)));
	ck_assert(!same(addr("::1", 1), addr("::1", 2)));
	ck_assert(!same(addr("::1", 1), addr("::2", 1)));
	ck_assert(!same(addr("::1", 1), addr("127.0.0.1", 1)));
}
END_TEST

START_TEST(octets)
{
	static const uint8_t v4[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1}, v6[16] = {[15] = 1};
	union net_addr a = addr("192.0.2.1", 5060), b = addr("::1", 5060);
	uint8_t o[16];

	net_addr_octets(&a, o);
	ck_assert_mem_eq(o, v4, 16);
	net_addr_octets(&b, o);
	ck_assert_mem_eq(o, v6, 16);
}
END_TEST

/* RFC 3581; RFC 3261 18.2.2 */
START_TEST(replies)
{
	struct flow from = {.peer = addr("192.0.2.1", 40000), .transport = TRANSPORT_UDP}, to;

	flow_reply_to(&to, &from, 5080, true);
	ck_assert(same(to.peer, addr("192.0.2.1", 40000)));
	flow_reply_to(&to, &from, 5080, false);
	ck_assert(same(to.peer, addr("192.0.2.1", 5080)));
	flow_reply_to(&to, &from, 0, false);
	ck_assert(same(to.peer, addr("192.0.2.1", 5060)));
	from.transport = TRANSPORT_TCP;
	from.conn = 7;
	flow_reply_to(&to, &from, 5080, false);
	ck_assert(same(to.peer, from.peer));
	ck_assert_uint_eq(to.conn, 7);
	ck_assert_uint_eq(to.return_port, 5080);
}
END_TEST

int main(void)
{
	return SUITE_RUN("flow", NULL, addresses, equality, octets, replies);
}
