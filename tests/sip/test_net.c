/* Settings of the network layer: listeners, what they advertise, which one is taken. */
#include "tests/sip/net_rig.h"
#include "tests/core/suite.h"

static void refused(const char *listen, const char *advertise, int err, const char *why)
{
	struct net_config cfg = {.advertise = advertise};

	ck_assert_int_eq(rig_try(listen, cfg), err);
	ck_assert_msg(strstr(rig.why, why), "%s", rig.why);
	ck_assert_uint_lt(strlen(rig.why), sizeof(rig.why));
	loop_free(rig.loop);
}

START_TEST(bad_settings)
{
	refused("tls:127.0.0.1:5061", NULL, EPROTONOSUPPORT,
		"tls:127.0.0.1:5061 needs TRUNKGUARD_TLS_CERTIFICATE");
	refused("udp:192.0.2.1:5060", NULL, EADDRNOTAVAIL, "udp:192.0.2.1:5060: bind: ");
	refused("udp:no host:5060", NULL, EADDRNOTAVAIL, "udp:no host:5060: ");
	refused("udp:0.0.0.0:0", NULL, EINVAL, "needs an address to advertise");
	refused("udp:[::]:0", "192.0.2.1", EINVAL, "needs an address to advertise");
	refused("udp:127.0.0.1:0", "a b", EINVAL, "advertise: \"a b\"");
	refused("udp:127.0.0.1:0", "192.0.2.1:0", EINVAL, "advertise: \"192.0.2.1:0\"");
	refused("udp:127.0.0.1:0", "192.0.2.1,,x", EINVAL, "advertise: \"\"");
}
END_TEST

START_TEST(address_in_use)
{
	union net_addr taken;
	char listen[64];
	int fd = rig_peer(SOCK_DGRAM, "127.0.0.1", &taken);

	snprintf(listen, sizeof(listen), "udp:127.0.0.1:0,udp:127.0.0.1:%u", net_addr_port(&taken));
	refused(listen, NULL, EADDRINUSE, "bind: ");
	close(fd);
}
END_TEST

static void advertises(const char *listen, const char *advertise, const char *expected)
{
	struct flow f = {.listener = 0};
	struct str text;

	rig_open_config(listen, (struct net_config){.advertise = advertise});
	text = net_advertise(rig.net, &f);
	ck_assert_uint_eq(text.len, strlen(expected));
	ck_assert_mem_eq(text.p, expected, text.len);
	rig_close();
}

START_TEST(advertised)
{
	const char *list = "sip.example.com:5080,192.0.2.1:5070,[2001:db8::1]:5090";

	advertises("udp:127.0.0.1:0", list, "192.0.2.1:5070");
	advertises("udp:[::1]:0", list, "[2001:db8::1]:5090");
	advertises("tcp:[::1]:0", "192.0.2.1:5070,sip.example.com:5080", "sip.example.com:5080");
	advertises("udp:0.0.0.0:0", "sip.example.com:5080", "sip.example.com:5080");
	/* What names the transport goes before what does not, and is for nobody else. */
	advertises("udp:127.0.0.1:0", "192.0.2.1:5070,udp:192.0.2.2:5080", "192.0.2.2:5080");
	advertises("tcp:127.0.0.1:0", "udp:192.0.2.2:5080,192.0.2.1:5070", "192.0.2.1:5070");
	advertises("tcp:127.0.0.1:0", "192.0.2.1:5070,tcp:sip.example.com:5080",
		"sip.example.com:5080");
}
END_TEST

START_TEST(advertised_without_port)
{
	union net_addr real;
	struct flow f = {.listener = 1};
	char expected[64];
	struct str text;

	rig_open_config("udp:127.0.0.2:0,udp:127.0.0.1:0", (struct net_config){0});
	text = net_advertise(rig.net, &f);
	ck_assert_int_eq(strncmp(text.p, "127.0.0.1:", 10), 0);
	real = rig_listener(1);
	snprintf(expected, sizeof(expected), "127.0.0.1:%u", net_addr_port(&real));
	ck_assert_str_eq(text.p, expected);
	rig_close();
}
END_TEST

START_TEST(own_names)
{
	union net_addr a;
	uint16_t port;

	rig_open_config("udp:127.0.0.1:0,udp:[::1]:0",
		(struct net_config){.advertise = "Sip.Example.com:5060,[2001:db8::1]:5090"});
	ck_assert(net_is_own(rig.net, str_lit("sip.example.COM."), 0));
	ck_assert(net_is_own(rig.net, str_lit("sip.example.com"), 5060));
	ck_assert(net_is_own(rig.net, str_lit("2001:DB8:0::1"), 5090));
	ck_assert(!net_is_own(rig.net, str_lit("sip.example.com"), 5061));
	ck_assert(!net_is_own(rig.net, str_lit("2001:db8::1"), 0));
	ck_assert(!net_is_own(rig.net, str_lit("example.com"), 0));
	ck_assert(!net_is_own(rig.net, str_lit(""), 0));
	rig_close();
	rig_open("udp:127.0.0.1:0");
	a = rig_listener(0);
	port = net_addr_port(&a);
	ck_assert(net_is_own(rig.net, str_lit("127.0.0.1"), port));
	ck_assert(!net_is_own(rig.net, str_lit("127.0.0.1"), 0));
	ck_assert(!net_is_own(rig.net, str_lit("127.0.0.2"), port));
	rig_close();
}
END_TEST

/* By family and transport, then by the address that the route leaves from. */
START_TEST(flow_to)
{
	union net_addr peer4 = rig_addr("127.0.0.9", 5060), peer6 = rig_addr("::1", 5060);
	struct flow f;

	rig_open("udp:127.0.0.2:0,udp:127.0.0.1:0,tcp:127.0.0.3:0,udp:[::1]:0");
	f = rig_flow(TRANSPORT_UDP, &peer4);
	ck_assert_uint_eq(f.listener, 1);
	ck_assert_uint_eq(f.transport, TRANSPORT_UDP);
	ck_assert_uint_eq(f.conn, 0);
	ck_assert(net_addr_eq(&f.peer, &peer4));
	f = rig_flow(TRANSPORT_TCP, &peer4);
	ck_assert_uint_eq(f.listener, 2);
	f = rig_flow(TRANSPORT_UDP, &peer6);
	ck_assert_uint_eq(f.listener, 3);
	ck_assert_int_eq(net_flow_to(rig.net, TRANSPORT_TCP, &peer6, &f), EAFNOSUPPORT);
	ck_assert_int_eq(net_flow_to(rig.net, TRANSPORT_TLS, &peer4, &f), EAFNOSUPPORT);
	rig_close();
}
END_TEST

START_TEST(flow_to_from_wildcard)
{
	union net_addr peer = rig_addr("127.0.0.9", 5060);

	rig_open_config(
		"udp:127.0.0.2:0,udp:0.0.0.0:0", (struct net_config){.advertise = "192.0.2.1"});
	ck_assert_uint_eq(rig_flow(TRANSPORT_UDP, &peer).listener, 1);
	rig_close();
}
END_TEST

/* Flows outlive nothing here, but a damaged one must not reach out of the table. */
START_TEST(send_to_no_listener)
{
	union net_addr peer = rig_addr("127.0.0.9", 5060);
	struct flow f;

	rig_open("udp:127.0.0.1:0");
	f = rig_flow(TRANSPORT_UDP, &peer);
	f.listener = 1;
	ck_assert_int_eq(net_send(rig.net, &f, "x", 1), EAFNOSUPPORT);
	f.listener = 0;
	f.transport = TRANSPORT_TCP;
	ck_assert_int_eq(net_send(rig.net, &f, "x", 1), EAFNOSUPPORT);
	rig_close();
}
END_TEST

int main(void)
{
	return SUITE_RUN("net", NULL, bad_settings, address_in_use, advertised,
		advertised_without_port, own_names, flow_to, flow_to_from_wildcard,
		send_to_no_listener);
}
