/* Addresses and blocks; and which addresses nobody may make us send to. */
#include <errno.h>
#include <string.h>

#include "core/cidr.h"
#include "tests/core/suite.h"

static void addr_of(const char *text, uint8_t addr[16])
{
	ck_assert_msg(!ip_parse(text, strlen(text), addr), "%s", text);
}

START_TEST(blocks_go_in_and_come_out)
{
	static const struct {
		const char *in, *out;
	} row[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"192.0.2.1/32", "192.0.2.1"},
		{"192.0.2.0/24", "192.0.2.0/24"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"128.0.0.0/1", "128.0.0.0/1"},
		{"2001:DB8::/32", "2001:db8::/32"},
		{"2001:db8::1", "2001:db8::1"},
		{"2001:db8::1/128", "2001:db8::1"},
		{"::/0", "::/0"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.0/120", "192.0.2.0/24"},
		{"::ffff:0:0/96", "0.0.0.0/0"},
		{"fe80::/10", "fe80::/10"},
	};
	char text[CIDR_TEXT_SIZE];
	struct cidr c;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ck_assert_msg(!cidr_parse(row[i].in, strlen(row[i].in), &c), "%s", row[i].in);
		cidr_format(&c, text);
		ck_assert_str_eq(text, row[i].out);
	}
}
END_TEST

START_TEST(what_is_no_block_is_refused)
{
	static const struct {
		const char *text;
		int err;
	} row[] = {
		{"", EINVAL},
		{"/", EINVAL},
		{"/24", EINVAL},
		{"192.0.2", EINVAL},
		{"192.0.2.256", EINVAL},
		{"192.0.2.1.1", EINVAL},
		{"192.0.02.1", EINVAL},
		{"0x7f.0.0.1", EINVAL},
		{"2130706433", EINVAL},
		{"192.0.2.0/", EINVAL},
		{"192.0.2.0/33", EINVAL},
		{"192.0.2.0/024", EINVAL},
		{"192.0.2.0/-1", EINVAL},
		{"192.0.2.0/2x", EINVAL},
		{"192.0.2.0/24/24", EINVAL},
		{"192.0.2.0/255.255.255.0", EINVAL},
		{" 192.0.2.0/24", EINVAL},
		{"2001:db8::/129", EINVAL},
		{"2001:db8::/1000", EINVAL},
		{"[2001:db8::1]", EINVAL},
		{"fe80::1%eth0", EINVAL},
		{"1::2::3", EINVAL},
		{":::", EINVAL},
		{"pbx.example", EINVAL},
		{"192.0.2.1/24", ERANGE},
		{"192.0.2.0/2", ERANGE},
		{"2001:db8::1/32", ERANGE},
		{"::1/0", ERANGE},
	};
	struct cidr c = {.bits = 99};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		ck_assert_msg(cidr_parse(row[i].text, strlen(row[i].text), &c) == row[i].err, "%s",
			row[i].text);
	ck_assert_int_eq(cidr_parse("1.2.3.4\0x", 9, &c), EINVAL);
	ck_assert_uint_eq(c.bits, 99);
}
END_TEST

START_TEST(a_block_holds_what_it_should)
{
	static const struct {
		const char *block, *addr;
		bool in;
	} row[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.128/25", "192.0.2.128", true},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.6", false},
		{"0.0.0.0/0", "255.255.255.255", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "2001:db8::1", true},
		{"::/0", "192.0.2.1", true},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct cidr c;
		struct cidr_list list = {&c, 1}, none = {NULL, 0};
		uint8_t addr[16];

		ck_assert_int_eq(cidr_parse(row[i].block, strlen(row[i].block), &c), 0);
		addr_of(row[i].addr, addr);
		ck_assert_msg(
			cidr_match(&c, addr) == row[i].in, "%s in %s", row[i].addr, row[i].block);
		ck_assert_int_eq(cidr_list_match(&list, addr), row[i].in);
		ck_assert(!cidr_list_match(&none, addr));
	}
}
END_TEST

START_TEST(private_addresses_by_whatever_name)
{
	static const char *const refused[] = {
		"0.0.0.0",
		"0.1.2.3",
		"10.0.0.1",
		"10.255.255.255",
		"100.64.0.1",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"169.254.169.254",
		"172.16.0.1",
		"172.31.255.255",
		"192.0.0.1",
		"192.88.99.1",
		"192.168.0.1",
		"198.18.0.1",
		"198.19.255.255",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"fe80::1",
		"febf::1",
		"fec0::1",
		"fc00::1",
		"fdff::1",
		"ff02::1",
		"100::1",
		"2001::1",
		"5f00::1",
		/* The same IPv4 addresses in IPv6 clothes. */
		"::ffff:127.0.0.1",
		"::ffff:10.0.0.1",
		"::ffff:169.254.169.254",
		"::127.0.0.1",
		"::192.168.1.1",
		"64:ff9b::127.0.0.1",
		"64:ff9b::10.1.2.3",
		"64:ff9b:1::8.8.8.8",
		"2002:7f00:1::1",
		"2002:a00:1::",
		"2002:c0a8:101::5",
		"::ffff:0:127.0.0.1",
	};
	static const char *const permitted[] = {
		"1.1.1.1",
		"8.8.8.8",
		"9.255.255.255",
		"11.0.0.0",
		"100.63.255.255",
		"100.128.0.0",
		"126.255.255.255",
		"128.0.0.1",
		"169.253.255.255",
		"169.255.0.0",
		"172.15.255.255",
		"172.32.0.0",
		"192.0.1.1",
		"192.167.255.255",
		"192.169.0.0",
		"198.17.255.255",
		"198.20.0.0",
		"223.255.255.255",
		"192.0.2.1",
		"198.51.100.1",
		"203.0.113.1",
		"2001:db8::1",
		"2606:4700::1111",
		"2001:4860::8888",
		"fbff::1",
		"fe00::1",
		"::ffff:8.8.8.8",
		"64:ff9b::8.8.8.8",
		"2002:808:808::1",
	};
	uint8_t addr[16];

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		addr_of(refused[i], addr);
		ck_assert_msg(cidr_private(addr), "%s", refused[i]);
		ck_assert(!cidr_permitted(addr, NULL));
	}
	for (size_t i = 0; i < sizeof(permitted) / sizeof(permitted[0]); i++) {
		addr_of(permitted[i], addr);
		ck_assert_msg(!cidr_private(addr), "%s", permitted[i]);
		ck_assert(cidr_permitted(addr, NULL));
	}
}
END_TEST

START_TEST(the_allow_list_lets_private_blocks_through)
{
	struct cidr c;
	struct cidr_list allow = {&c, 1};
	uint8_t addr[16];

	ck_assert_int_eq(cidr_parse("127.0.0.0/8", 11, &c), 0);
	addr_of("127.0.0.2", addr);
	ck_assert(cidr_permitted(addr, &allow));
	addr_of("10.0.0.1", addr);
	ck_assert(!cidr_permitted(addr, &allow));
	/* Not by the back door. */
	addr_of("64:ff9b::127.0.0.2", addr);
	ck_assert(!cidr_permitted(addr, &allow));
}
END_TEST

START_TEST(addresses_from_the_network)
{
	char text[CIDR_TEXT_SIZE];
	uint8_t addr[16];

	ip_from_v4((const uint8_t[]){192, 0, 2, 1}, addr);
	ck_assert(ip_is_v4(addr));
	ip_format(addr, text);
	ck_assert_str_eq(text, "192.0.2.1");
	addr_of("2001:db8::1", addr);
	ck_assert(!ip_is_v4(addr));
	ip_format(addr, text);
	ck_assert_str_eq(text, "2001:db8::1");
}
END_TEST

int main(void)
{
	return SUITE_RUN("cidr", NULL, blocks_go_in_and_come_out, what_is_no_block_is_refused,
		a_block_holds_what_it_should, private_addresses_by_whatever_name,
		the_allow_list_lets_private_blocks_through, addresses_from_the_network);
}
