/* Hosts and ports, strictly: addresses in disguise are no names. */
#include <errno.h>
#include <string.h>

#include "core/host.h"
#include "tests/core/suite.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

START_TEST(kinds_of_hosts)
{
	static const struct {
		const char *text;
		enum host_kind kind;
	} row[] = {
		{"pbx.example", HOST_NAME},
		{"pbx.example.", HOST_NAME},
		{"PBX-1.Example.COM", HOST_NAME},
		{"localhost", HOST_NAME},
		{"3com.example", HOST_NAME},
		{"1.2.3.example", HOST_NAME},
		{"xn--mnchen-3ya.example", HOST_NAME},
		{A63 ".example", HOST_NAME},
		{A63 "." A63 "." A63 "."
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			HOST_NAME}, /* 253 */
		{"192.0.2.1", HOST_IPV4},
		{"127.0.0.1", HOST_IPV4},
		{"2001:db8::1", HOST_IPV6},
		{"::1", HOST_IPV6},
		{"::ffff:127.0.0.1", HOST_IPV6},
		{"", HOST_INVALID},
		{".", HOST_INVALID},
		{"..", HOST_INVALID},
		{"a..b", HOST_INVALID},
		{".example", HOST_INVALID},
		{"pbx.example..", HOST_INVALID},
		{"-", HOST_INVALID},
		{"-a.example", HOST_INVALID},
		{"a-.example", HOST_INVALID},
		{"pbx_1.example", HOST_INVALID},
		{"_sip._udp.example", HOST_INVALID},
		{"pbx example", HOST_INVALID},
		{"pbx.example ", HOST_INVALID},
		{"pbx.example:5060", HOST_INVALID},
		{"pbx/../etc", HOST_INVALID},
		{"m\xc3\xbcnchen.example", HOST_INVALID},
		{"a" A63 ".example", HOST_INVALID},
		{A63 "." A63 "." A63 "."
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			HOST_INVALID}, /* 254 */
		/* What inet_aton() would read as an address. */
		{"127.1", HOST_INVALID},
		{"0x7f.1", HOST_INVALID},
		{"0x7f000001", HOST_INVALID},
		{"2130706433", HOST_INVALID},
		{"0177.0.0.1", HOST_INVALID},
		{"01.02.03.04", HOST_INVALID},
		{"256.1.1.1", HOST_INVALID},
		{"1.1.1", HOST_INVALID},
		{"1.1.1.1.1", HOST_INVALID},
		{"127.0.0.1.", HOST_INVALID},
		{"[::1]", HOST_INVALID},
		{"::1]", HOST_INVALID},
		{"fe80::1%eth0", HOST_INVALID},
		{"2001:db8:::1", HOST_INVALID},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		ck_assert_msg(host_kind(row[i].text, strlen(row[i].text)) == row[i].kind, "%s",
			row[i].text);
	ck_assert_int_eq(host_kind("pbx\0.example", 12), HOST_INVALID);
	ck_assert_int_eq(host_kind("pbx.example", 3), HOST_NAME);
}
END_TEST

START_TEST(ports)
{
	static const char *const bad[] = {"", "0", "00", "05060", "65536", "70000", "99999",
		"123456", "-1", "+1", " 1", "50x0", "5060 "};
	uint16_t port = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(port_parse(bad[i], strlen(bad[i]), &port) == EINVAL, "%s", bad[i]);
	ck_assert_uint_eq(port, 7);
	ck_assert_int_eq(port_parse("1", 1, &port), 0);
	ck_assert_uint_eq(port, 1);
	ck_assert_int_eq(port_parse("65535", 5, &port), 0);
	ck_assert_uint_eq(port, 65535);
}
END_TEST

START_TEST(hosts_with_ports)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} row[] = {
		{"pbx.example", "pbx.example", 0},
		{"pbx.example:5070", "pbx.example", 5070},
		{"192.0.2.1:5060", "192.0.2.1", 5060},
		{"192.0.2.1", "192.0.2.1", 0},
		{"[2001:db8::1]", "2001:db8::1", 0},
		{"[2001:db8::1]:5061", "2001:db8::1", 5061},
	};
	static const char *const bad[] = {"", ":", ":5060", "pbx:", "pbx:0", "pbx:sip",
		"pbx:5060:5060", "2001:db8::1", "[2001:db8::1", "[2001:db8::1]5060",
		"[2001:db8::1]:", "[]", "[]:5060", "[", "[pbx.example]:5060", "[192.0.2.1]",
		"127.1:5060", "[::1]]:5060"};
	const char *host;
	size_t len;
	uint16_t port;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ck_assert_int_eq(
			host_port_parse(row[i].text, strlen(row[i].text), &host, &len, &port), 0);
		ck_assert_uint_eq(len, strlen(row[i].host));
		ck_assert_mem_eq(host, row[i].host, len);
		ck_assert_uint_eq(port, row[i].port);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(host_port_parse(bad[i], strlen(bad[i]), &host, &len, &port) == EINVAL,
			"%s", bad[i]);
}
END_TEST

int main(void)
{
	return SUITE_RUN("host", NULL, kinds_of_hosts, ports, hosts_with_ports);
}
