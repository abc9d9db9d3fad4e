/* Via values: parts, lists, and what is none. */
#include <errno.h>

#include "sip/via.h"
#include "tests/core/suite.h"

static bool eq(struct str s, const char *text)
{
	return str_eq(s, str_of(text));
}

static struct sip_via one(const char *text)
{
	struct str rest = str_of(text);
	struct sip_via v;

	ck_assert_msg(sip_via_next(&rest, &v) == 0, "%s", text);
	ck_assert(str_empty(rest));
	return v;
}

START_TEST(parts)
{
	struct sip_via v = one("SIP/2.0/UDP h.example:5070;branch=z9hG4bKa.1;received=192.0.2.1;"
			       "rport=5080;maddr=m.example;ttl=1;x=\"a,;b\" ");

	ck_assert(eq(v.transport, "UDP"));
	ck_assert(eq(v.host, "h.example"));
	ck_assert_uint_eq(v.port, 5070);
	ck_assert(eq(v.branch, "z9hG4bKa.1"));
	ck_assert(eq(v.received, "192.0.2.1"));
	ck_assert(eq(v.received_param, "received=192.0.2.1"));
	ck_assert(v.has_rport);
	ck_assert_uint_eq(v.rport, 5080);
	ck_assert(eq(v.rport_param, "rport=5080"));
	ck_assert(eq(v.maddr, "m.example"));
	ck_assert_int_eq(str_end(v.all)[-1], '"');
	ck_assert(sip_via_is_rfc3261(&v));
}
END_TEST

START_TEST(white_space_is_allowed_where_the_grammar_has_it)
{
	struct sip_via v = one(" sip / 2.0 / tls\r\n [2001:db8::1] : 5061 ; rport ; branch = x");

	ck_assert(eq(v.transport, "tls"));
	ck_assert(v.host_ipv6);
	ck_assert(eq(v.host, "2001:db8::1"));
	ck_assert_uint_eq(v.port, 5061);
	ck_assert(v.has_rport);
	ck_assert_uint_eq(v.rport, 0);
	ck_assert(eq(v.rport_param, "rport"));
	ck_assert(!sip_via_is_rfc3261(&v));
}
END_TEST

START_TEST(the_cookie_alone_is_no_branch)
{
	struct sip_via v = one("SIP/2.0/UDP h;branch=z9hG4bK");

	ck_assert(!sip_via_is_rfc3261(&v));
	v = one("SIP/2.0/UDP h;branch=Z9HG4BKx");
	ck_assert(!sip_via_is_rfc3261(&v));
	v = one("SIP/2.0/UDP h");
	ck_assert(!sip_via_is_rfc3261(&v));
	ck_assert(str_empty(v.params));
}
END_TEST

START_TEST(lists_are_walked)
{
	struct str rest = str_lit("SIP/2.0/UDP a;x=\",\" , SIP/2.0/TCP b,SIP/2.0/TLS c;branch=1");
	const char *hosts[] = {"a", "b", "c"};
	struct sip_via v;

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(sip_via_next(&rest, &v), 0);
		ck_assert(eq(v.host, hosts[i]));
	}
	ck_assert_int_eq(sip_via_next(&rest, &v), ENOENT);
}
END_TEST

START_TEST(what_is_none)
{
	static const char *const rows[] = {",", "SIP", "SIP/2.0", "SIP/2.0/", "SIP/2.0/UDP",
		"SIP/2.0/UDP ", "SIP/2.0/UDP;x", "SIP/2.1/UDP h", "TIP/2.0/UDP h", "SIP/2.0UDP h",
		"SIP//UDP h", "SIP/2.0/U@P h", "SIP/2.0/UDP -h",
		"SIP/2.0/UDP h:", "SIP/2.0/UDP h:0", "SIP/2.0/UDP h:65536",
		"SIP/2.0/UDP 2001:db8::1", "SIP/2.0/UDP 256.0.0.1", "SIP/2.0/UDP h x",
		"SIP/2.0/UDP h;", "SIP/2.0/UDP h;;x", "SIP/2.0/UDP h;=x",
		"SIP/2.0/UDP h;x=", "SIP/2.0/UDP h;x=\"y", "SIP/2.0/UDP h;x;x",
		"SIP/2.0/UDP h;x;X=1", "SIP/2.0/UDP h;branch",
		"SIP/2.0/UDP h;branch=", "SIP/2.0/UDP h;branch=\"x\"", "SIP/2.0/UDP h;branch=a:b",
		"SIP/2.0/UDP h;branch=a;branch=b", "SIP/2.0/UDP h;rport=", "SIP/2.0/UDP h;rport=0",
		"SIP/2.0/UDP h;rport=99999", "SIP/2.0/UDP h;rport=\"1\"",
		"SIP/2.0/UDP h;rport=1;rport=1", "SIP/2.0/UDP h;received",
		"SIP/2.0/UDP h;received=x.example", "SIP/2.0/UDP h;received=1.2.3",
		"SIP/2.0/UDP h;received=\"1.2.3.4\"", "SIP/2.0/UDP h;maddr=a..b",
		"SIP/2.0/UDP h;maddr", "SIP/2.0/UDP h;ttl=256", "SIP/2.0/UDP h;ttl=x",
		"SIP/2.0/UDP h;ttl", "SIP/2.0/UDP h,", "SIP/2.0/UDP h,,SIP/2.0/UDP h"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str rest = str_of(rows[i]);
		struct sip_via v;
		int err;

		while ((err = sip_via_next(&rest, &v)) == 0)
			;
		ck_assert_msg(err == EINVAL, "%s", rows[i]);
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("via", NULL, parts, white_space_is_allowed_where_the_grammar_has_it,
		the_cookie_alone_is_no_branch, lists_are_walked, what_is_none);
}
