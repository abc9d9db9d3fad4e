/* Where calls to a contact go, and which contacts are the same. */
#include "sip/contact.h"

#include "tests/core/suite.h"

static void target(const char *contact, bool number_wanted, bool sips, const char *expected)
{
	char *got = contact_target(str_of(contact), str_lit("+14155550100"), number_wanted, sips);

	ck_assert_str_eq(got, expected);
	free(got);
}

START_TEST(targets)
{
	target("sip:pbx@192.0.2.1:5070;ob;x=a/b", true, false,
		"sip:+14155550100@192.0.2.1:5070;ob;x=a/b");
	target("sip:pbx@192.0.2.1:5070;ob;x=a/b", false, false, "sip:pbx@192.0.2.1:5070;ob;x=a/b");
	target("sip:pbx:word@pbx.example", false, false, "sip:pbx:word@pbx.example");
	target("sip:pbx.example", false, false, "sip:pbx.example");
	target("sip:[2001:db8::1]:5062;maddr=[2001:db8::2]", true, false,
		"sip:+14155550100@[2001:db8::1]:5062;maddr=[2001:db8::2]");
	target("sip:pbx@192.0.2.1;x=y?Route=a", true, false, "sip:+14155550100@192.0.2.1;x=y");
}
END_TEST

START_TEST(bulk_targets)
{
	target("sip:192.0.2.1;bnc", true, false, "sip:+14155550100@192.0.2.1");
	/* Whatever the trunk wants: without its user nobody would know who is called. */
	target("sip:192.0.2.1;bnc", false, false, "sip:+14155550100@192.0.2.1");
	target("sip:192.0.2.1:5070;transport=tcp;BNC;ob", false, false,
		"sip:+14155550100@192.0.2.1:5070;transport=tcp;ob");
	target("sip:192.0.2.1;bnc=x;bncd", false, false, "sip:+14155550100@192.0.2.1;bncd");
	target("sip:[2001:db8::1];bnc", false, false, "sip:+14155550100@[2001:db8::1]");
}
END_TEST

START_TEST(schemes)
{
	target("sips:pbx@192.0.2.1:5071", false, true, "sips:pbx@192.0.2.1:5071");
	target("sips:pbx@192.0.2.1:5071", false, false, "sip:pbx@192.0.2.1:5071;transport=tls");
	target("sips:pbx@192.0.2.1;transport=tcp;x", true, false,
		"sip:+14155550100@192.0.2.1;x;transport=tls");
	target("sip:pbx@192.0.2.1;transport=tls", true, true,
		"sips:+14155550100@192.0.2.1;transport=tls");
	target("sips:192.0.2.1;bnc", false, false, "sip:+14155550100@192.0.2.1;transport=tls");
}
END_TEST

static bool same(const char *a, const char *b)
{
	struct sip_uri x, y;

	ck_assert_int_eq(sip_uri_parse(&x, str_of(a)), 0);
	ck_assert_int_eq(sip_uri_parse(&y, str_of(b)), 0);
	return contact_same(&x, &y);
}

START_TEST(keys)
{
	ck_assert(same("sip:192.0.2.1;bnc", "sip:192.0.2.1;bnc"));
	ck_assert(!same("sip:192.0.2.1;bnc", "sip:192.0.2.1"));
	ck_assert(!same("sip:192.0.2.1", "sips:192.0.2.1"));
	ck_assert(same("sip:192.0.2.1;x=1", "sip:192.0.2.1;y=2"));
}
END_TEST

int main(void)
{
	return SUITE_RUN("contact", NULL, targets, bulk_targets, schemes, keys);
}
