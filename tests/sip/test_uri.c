/* SIP, SIPS and tel URIs: their parts, and what is none. */
#include <errno.h>
#include <stdio.h>

#include "sip/uri.h"
#include "tests/core/suite.h"

static bool eq(struct str s, const char *text)
{
	return str_eq(s, str_of(text));
}

START_TEST(parts)
{
	static const struct {
		const char *text;
		enum sip_scheme scheme;
		const char *user, *password, *host, *params, *headers;
		uint16_t port;
	} rows[] = {
		{"sip:h.example", SIP_SCHEME_SIP, "", "", "h.example", "", "", 0},
		{"sip:h.example.", SIP_SCHEME_SIP, "", "", "h.example.", "", "", 0},
		{"sip:localhost", SIP_SCHEME_SIP, "", "", "localhost", "", "", 0},
		{"sip:my_pbx-1", SIP_SCHEME_SIP, "", "", "my_pbx-1", "", "", 0},
		{"sip:xn--a", SIP_SCHEME_SIP, "", "", "xn--a", "", "", 0},
		{"sip:3com.example", SIP_SCHEME_SIP, "", "", "3com.example", "", "", 0},
		{"SIP:u@192.0.2.1:5070", SIP_SCHEME_SIP, "u", "", "192.0.2.1", "", "", 5070},
		{"sip:u@255.255.255.255:65535", SIP_SCHEME_SIP, "u", "", "255.255.255.255", "", "",
			65535},
		{"sip:u@0.0.0.0:05060", SIP_SCHEME_SIP, "u", "", "0.0.0.0", "", "", 5060},
		{"sip:u:p@h;lr", SIP_SCHEME_SIP, "u", "p", "h", ";lr", "", 0},
		{"sip:u:@h", SIP_SCHEME_SIP, "u", "", "h", "", "", 0},
		{"sips:+41;x=y@h:5061;transport=tcp;lr?a=b&c=", SIP_SCHEME_SIPS, "+41;x=y", "", "h",
			";transport=tcp;lr", "a=b&c=", 5061},
		{"sip:%61%20b@h", SIP_SCHEME_SIP, "%61%20b", "", "h", "", "", 0},
		{"sip:u@[2001:db8::1]:5060;x", SIP_SCHEME_SIP, "u", "", "2001:db8::1", ";x", "",
			5060},
		{"sip:[::ffff:127.0.0.1]", SIP_SCHEME_SIP, "", "", "::ffff:127.0.0.1", "", "", 0},
		{"tel:+1-201-555-0123", SIP_SCHEME_TEL, "+1-201-555-0123", "", "", "", "", 0},
		{"tel:911;phone-context=+1", SIP_SCHEME_TEL, "911", "", "", ";phone-context=+1", "",
			0},
		{"tel:*72#", SIP_SCHEME_TEL, "*72#", "", "", "", "", 0},
		{"soap.beep://192.0.2.103:3002", SIP_SCHEME_OTHER, "", "", "", "", "", 0},
		{"javascript:1", SIP_SCHEME_OTHER, "", "", "", "", "", 0},
		{"sipx:u@h", SIP_SCHEME_OTHER, "", "", "", "", "", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri u;

		ck_assert_msg(sip_uri_parse(&u, str_of(rows[i].text)) == 0, "%s", rows[i].text);
		ck_assert_int_eq(u.scheme, rows[i].scheme);
		ck_assert(eq(u.all, rows[i].text));
		ck_assert(eq(u.user, rows[i].user));
		ck_assert(eq(u.password, rows[i].password));
		ck_assert_msg(eq(u.host, rows[i].host), "%s", rows[i].text);
		ck_assert(eq(u.params, rows[i].params));
		ck_assert(eq(u.headers, rows[i].headers));
		ck_assert_uint_eq(u.port, rows[i].port);
		ck_assert_int_eq(u.host_ipv6, strchr(rows[i].host, ':') != NULL);
	}
}
END_TEST

START_TEST(an_empty_password_is_not_an_absent_one)
{
	struct sip_uri u;

	ck_assert_int_eq(sip_uri_parse(&u, str_lit("sip:u:@h")), 0);
	ck_assert_ptr_nonnull(u.password.p);
	ck_assert_int_eq(sip_uri_parse(&u, str_lit("sip:u@h")), 0);
	ck_assert_ptr_null(u.password.p);
}
END_TEST

START_TEST(what_is_none)
{
	static const struct str rows[] = {
		STR(""),
		STR(":"),
		STR("sip"),
		STR("sip:"),
		STR("sips:"),
		STR("tel:"),
		STR("1sip:h"),
		STR("si p:h"),
		STR("h"),
		STR("+41445001234"),
		STR("<sip:u@h>"),
		STR("sip:@"),
		STR("sip:@h"),
		STR("sip::@h"),
		STR("sip::p@h"),
		STR("sip:u:p:q@h"),
		STR("sip:u@"),
		STR("sip:u@u@h"),
		STR("sip:u@u@u@u@u@u@u@u@h"),
		STR("sip:u@h:"),
		STR("sip:u@h:0"),
		STR("sip:u@h:70000"),
		STR("sip:u@h:50x0"),
		STR("sip:u@h:-1"),
		STR("sip:u@h:+5"),
		STR("sip:u@h:4294967301"),
		STR("sip:u@h;"),
		STR("sip:u@h;;"),
		STR("sip:u@h;="),
		STR("sip:u@h;a="),
		STR("sip:u@h;lr;lr"),
		STR("sip:u@h;lr;LR"),
		STR("sip:u@h;transport=tcp;transport=udp"),
		STR("sip:u@h;a=\"b\""),
		STR("sip:u@h?"),
		STR("sip:u@h?&"),
		STR("sip:u@h?a"),
		STR("sip:u@h?a=b&"),
		STR("sip:u@h?=b"),
		STR("sip:u@h?a=b;c"),
		STR("sip:u%"),
		STR("sip:u%0"),
		STR("sip:u%0@h"),
		STR("sip:u%zz@h"),
		STR("sip:u%00@h"),
		STR("sip:u%0d%0aX:1@h"),
		STR("sip:u%1f@h"),
		STR("sip:u%7F@h"),
		STR("sip:u@h;a=%00"),
		STR("sip:u@h?a=%0a"),
		STR("sip:u%40"),
		STR("sip:u @h"),
		STR("sip:u@ h"),
		STR("sip:u@h "),
		STR("sip:u\0@h"),
		STR("sip:u#@h"),
		STR("sip:\xc3\xa9@h"),
		STR("sip:u@h\xc3\xa9"),
		STR("sip:u@."),
		STR("sip:u@.."),
		STR("sip:u@.h"),
		STR("sip:u@a..b"),
		STR("sip:u@h.."),
		STR("sip:u@-"),
		STR("sip:u@-a"),
		STR("sip:u@a-"),
		STR("sip:u@a-.b"),
		STR("sip:u@256.1.1.1"),
		STR("sip:u@1.1.1"),
		STR("sip:u@1.1.1."),
		STR("sip:u@1.1.1.1."),
		STR("sip:u@1.1.1.1.1"),
		STR("sip:u@01.02.03.04"),
		STR("sip:u@1.2.3.004"),
		STR("sip:u@0x7f.1"),
		STR("sip:u@2130706433"),
		STR("sip:u@a.b.1"),
		STR("sip:u@1.2.3.4x.5"),
		STR("sip:u@["),
		STR("sip:u@[]"),
		STR("sip:u@[::1"),
		STR("sip:u@::1]"),
		STR("sip:u@::1"),
		STR("sip:u@[::1]x"),
		STR("sip:u@[:::1]"),
		STR("sip:u@[fe80::1%25eth0]"),
		STR("sip:u@[127.0.0.1]"),
		STR("sip:u@[::1\0]"),
		STR("sip:u@[12345::1]"),
		STR("sip:u@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com"),
		STR("tel:+"),
		STR("tel:-"),
		STR("tel:+12x"),
		STR("tel:+*72"),
		STR("tel:12;"),
		STR("tel:12;a;a"),
		STR("tel:12?a=b"),
		STR("http:"),
		STR("http://a b"),
		STR("http://a%00"),
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_uri u;

		ck_assert_msg(sip_uri_parse(&u, rows[i]) == EINVAL, "row %zu: %s", i, rows[i].p);
	}
}
END_TEST

/* "sip:h" and count times ";p<n>". */
static struct str uri_with(
	char *text, size_t cap, unsigned count, const char *first, const char *next)
{
	size_t len = (size_t)snprintf(text, cap, "sip:h");

	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, cap - len, "%s%u=x", i ? next : first, i);
	return (struct str){text, len};
}

START_TEST(lists_in_a_uri_are_bounded)
{
	char text[2048];
	struct sip_uri u;

	ck_assert_int_eq(sip_uri_parse(&u, uri_with(text, sizeof(text), 32, ";p", ";p")), 0);
	ck_assert_int_eq(sip_uri_parse(&u, uri_with(text, sizeof(text), 33, ";p", ";p")), EINVAL);
	ck_assert_int_eq(sip_uri_parse(&u, uri_with(text, sizeof(text), 32, "?h", "&h")), 0);
	ck_assert_int_eq(sip_uri_parse(&u, uri_with(text, sizeof(text), 33, "?h", "&h")), EINVAL);
}
END_TEST

START_TEST(a_host_name_is_at_most_253_octets)
{
	char text[300] = "sip:";
	struct sip_uri u;

	for (size_t i = 0; i < 254; i++)
		text[4 + i] = i % 2 ? '.' : 'a';
	ck_assert_int_eq(sip_uri_parse(&u, (struct str){text, 4 + 253}), 0);
	text[4 + 253] = 'b';
	ck_assert_int_eq(sip_uri_parse(&u, (struct str){text, 4 + 254}), EINVAL);
}
END_TEST

START_TEST(parameters_are_found_in_any_case)
{
	struct sip_uri u;
	struct str value;

	ck_assert_int_eq(sip_uri_parse(&u, str_lit("sip:h;lr;Transport=TCP;x=%41")), 0);
	ck_assert(sip_uri_param(&u, str_lit("transport"), &value));
	ck_assert(eq(value, "TCP"));
	ck_assert(sip_uri_param(&u, str_lit("LR"), &value));
	ck_assert(eq(value, ""));
	ck_assert(sip_uri_param(&u, str_lit("x"), &value));
	ck_assert(eq(value, "%41"));
	ck_assert(!sip_uri_param(&u, str_lit("tran"), &value));
	ck_assert(!sip_uri_param(&u, str_lit("TCP"), &value));
}
END_TEST

START_TEST(hosts_are_compared_by_what_they_mean)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
		{"PBX.Example", "pbx.example", true},
		{"pbx.example.", "pbx.example", true},
		{"pbx.example", "pbx.exampl", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.10", false},
		{"2001:DB8::1", "2001:db8:0:0::1", true},
		{"2001:db8::1", "2001:db8::2", false},
		{"2001:db8:::192.0.2.1", "2001:db8::192.0.2.1", true},
		{"::1", "localhost", false},
		{"", ".", false},
		{"", "", true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str a = str_of(rows[i].a), b = str_of(rows[i].b);

		ck_assert_msg(sip_host_eq(a, b) == rows[i].same, "%s %s", a.p, b.p);
		ck_assert_int_eq(sip_host_eq(b, a), rows[i].same);
	}
}
END_TEST

START_TEST(addresses_are_told_from_names)
{
	ck_assert(sip_host_is_ip(str_lit("192.0.2.1")));
	ck_assert(sip_host_is_ip(str_lit("2001:db8::1")));
	ck_assert(sip_host_is_ip(str_lit("[2001:db8::1]")));
	ck_assert(!sip_host_is_ip(str_lit("[192.0.2.1]")));
	ck_assert(!sip_host_is_ip(str_lit("192.0.2.1x")));
	ck_assert(!sip_host_is_ip(str_lit("pbx.example")));
	ck_assert(!sip_host_is_ip(str_lit("")));
	ck_assert(!sip_host_is_ip(str_lit("[]")));
}
END_TEST

START_TEST(escapes_are_undone_once)
{
	static const struct {
		struct str text;
		int err;
		const char *result;
	} rows[] = {
		{STR("alice"), 0, "alice"},
		{STR("%61%6Cice"), 0, "alice"},
		{STR("%2561"), 0, "%61"},
		{STR(""), 0, ""},
		{STR("%c3%a9"), 0, "\xc3\xa9"},
		{STR("alice%00evil"), EINVAL, ""},
		{STR("alice%0d"), EINVAL, ""},
		{STR("alice%09"), EINVAL, ""},
		{STR("alice%zz"), EINVAL, ""},
		{STR("alice%"), EINVAL, ""},
		{STR("alice%6"), EINVAL, ""},
		{STR("al\0ice"), EINVAL, ""},
		{STR("12345678"), 0, "12345678"},
		{STR("123456789"), ENAMETOOLONG, ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char dst[8];
		size_t len = 0;

		ck_assert_int_eq(sip_unescape(dst, sizeof(dst), rows[i].text, &len), rows[i].err);
		if (rows[i].err == 0)
			ck_assert(eq((struct str){dst, len}, rows[i].result));
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("uri", NULL, parts, an_empty_password_is_not_an_absent_one, what_is_none,
		lists_in_a_uri_are_bounded, a_host_name_is_at_most_253_octets,
		parameters_are_found_in_any_case, hosts_are_compared_by_what_they_mean,
		addresses_are_told_from_names, escapes_are_undone_once);
}
