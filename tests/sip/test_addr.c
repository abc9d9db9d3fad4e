/* name-addr and addr-spec, header parameters, comma lists, credentials. */
#include <errno.h>
#include <stdio.h>

#include "sip/addr.h"
#include "sip/auth_param.h"
#include "tests/core/suite.h"

static bool eq(struct str s, const char *text)
{
	return str_eq(s, str_of(text));
}

START_TEST(parts)
{
	static const struct {
		const char *text, *display, *uri, *params, *tag;
		bool bracketed;
	} rows[] = {
		{"sip:u@h", "", "sip:u@h", "", "", false},
		{"sip:u@h;tag=1", "", "sip:u@h", ";tag=1", "1", false},
		{"<sip:u@h;x>;tag=1", "", "sip:u@h;x", ";tag=1", "1", true},
		{"\"A \\\" B\" <sip:u@h> ; Tag = a-1", "\"A \\\" B\"", "sip:u@h", " ; Tag = a-1",
			"a-1", true},
		{"Alice B.<sip:u@h>", "Alice B.", "sip:u@h", "", "", true},
		{"Andr\xc3\xa9 <sip:u@h>", "Andr\xc3\xa9", "sip:u@h", "", "", true},
		{"\"\" <tel:+1>", "\"\"", "tel:+1", "", "", true},
		{" <sip:u@h>\t;+sip.instance=\"<urn:uuid:1>\" ", "", "sip:u@h",
			"\t;+sip.instance=\"<urn:uuid:1>\"", "", true},
		{"<http://a.example/?b,c;d>", "", "http://a.example/?b,c;d", "", "", true},
		{"sip:u@h;x=[::1]", "", "sip:u@h", ";x=[::1]", "", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_addr a;

		ck_assert_msg(sip_addr_parse(&a, str_of(rows[i].text)) == 0, "%s", rows[i].text);
		ck_assert(eq(a.display, rows[i].display));
		ck_assert(eq(a.uri.all, rows[i].uri));
		ck_assert_msg(eq(a.params, rows[i].params), "%.*s", (int)a.params.len, a.params.p);
		ck_assert(eq(a.tag, rows[i].tag));
		ck_assert_int_eq(a.bracketed, rows[i].bracketed);
	}
}
END_TEST

START_TEST(what_is_none)
{
	static const struct str rows[] = {STR(""), STR(" "), STR("<>"), STR("<sip:u@h"),
		STR("sip:u@h>"), STR("<<sip:u@h>>"), STR("< sip:u@h>"), STR("<sip:u@h >"),
		STR("\"A <sip:u@h>"), STR("\"A\" sip:u@h"), STR("\"A\" B <sip:u@h>"),
		STR("A, B <sip:u@h>"), STR("A@B <sip:u@h>"), STR("Alice"), STR("*"),
		STR("<sip:u@h> x"), STR("<sip:u@h>;"), STR("<sip:u@h>;;a"), STR("<sip:u@h>;a="),
		STR("<sip:u@h>;=a"), STR("<sip:u@h>;a=\"b"), STR("<sip:u@h>;a;a"),
		STR("<sip:u@h>;tag"), STR("<sip:u@h>;tag=\"x\""), STR("<sip:u@h>;tag=a:b"),
		STR("<sip:u@h>;a=b@c"), STR("sip:u@h?a=b"), STR("sip:u;x=y@h"),
		STR("sip:u@h, sip:u@h"), STR("<sip:u@h>,"), STR("\"\0\" <sip:u@h>"),
		STR("\"\\\r\" <sip:u@h>"), STR("\"a\\")};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sip_addr a;

		ck_assert_msg(sip_addr_parse(&a, rows[i]) == EINVAL, "row %zu: %s", i, rows[i].p);
	}
}
END_TEST

START_TEST(lists_of_addresses_are_walked)
{
	struct str rest = str_lit("\"a,b\" <sip:a@h,i>, sip:b@h;q=0.5 ,<sip:c@h>");
	const char *users[] = {"sip:b@h", "sip:c@h"};
	struct sip_addr a;

	/* A comma in brackets belongs to the URI, which has no right to one in its host. */
	ck_assert_int_eq(sip_addr_next(&rest, &a), EINVAL);
	rest = str_lit("\"a,b\" <sip:a,i@h>, sip:b@h;q=0.5 ,<sip:c@h>");
	ck_assert_int_eq(sip_addr_next(&rest, &a), 0);
	ck_assert(eq(a.uri.user, "a,i"));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sip_addr_next(&rest, &a), 0);
		ck_assert(eq(a.uri.all, users[i]));
	}
	ck_assert_int_eq(sip_addr_next(&rest, &a), ENOENT);
}
END_TEST

START_TEST(parameters_are_bounded)
{
	char text[1024] = "<sip:h>";
	size_t len = strlen(text);
	struct sip_addr a;

	for (unsigned i = 0; i < 32; i++)
		len += (size_t)sprintf(text + len, ";p%u", i);
	ck_assert_int_eq(sip_addr_parse(&a, (struct str){text, len}), 0);
	len += (size_t)sprintf(text + len, ";p32");
	ck_assert_int_eq(sip_addr_parse(&a, (struct str){text, len}), EINVAL);
}
END_TEST

START_TEST(parameters_are_walked_and_found)
{
	struct str params = str_lit(" ;a ; b = c;D=\"e\\\"f\";g=[::1] ");
	struct sip_param p;

	ck_assert(sip_param_get(params, str_lit("B"), &p));
	ck_assert(eq(p.value, "c"));
	ck_assert(eq(p.all, "b = c"));
	ck_assert(p.has_value && !p.quoted && p.token);
	ck_assert(sip_param_get(params, str_lit("a"), &p));
	ck_assert(!p.has_value && !p.token && str_empty(p.value));
	ck_assert(sip_param_get(params, str_lit("d"), &p));
	ck_assert(eq(p.value, "e\\\"f"));
	ck_assert(p.quoted && !p.token);
	ck_assert(sip_param_get(params, str_lit("g"), &p));
	ck_assert(eq(p.value, "[::1]"));
	ck_assert(!p.token && !p.quoted);
	ck_assert(!sip_param_get(params, str_lit("h"), &p));
	ck_assert(!sip_param_get((struct str){NULL, 0}, str_lit("h"), &p));

	params = str_lit("a;b");
	ck_assert_int_eq(sip_param_next(&params, &p), EINVAL);
	params = str_lit(";");
	ck_assert_int_eq(sip_param_next(&params, &p), EINVAL);
	params = str_lit(" \t");
	ck_assert_int_eq(sip_param_next(&params, &p), ENOENT);
}
END_TEST

START_TEST(elements_of_any_list)
{
	struct str rest = str_lit(" timer , \"a,b\";x,<sip:a,b>;y ,100rel "), value;
	const char *values[] = {"timer", "\"a,b\";x", "<sip:a,b>;y", "100rel"};

	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(sip_list_next(&rest, &value), 0);
		ck_assert(eq(value, values[i]));
	}
	ck_assert_int_eq(sip_list_next(&rest, &value), ENOENT);
}
END_TEST

START_TEST(what_is_no_list)
{
	static const char *const rows[] = {
		",", "a,", "a, ,b", ",a", "\"a", "<a", "a>", "a,<b<c>", "a,\"b\\"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str rest = str_of(rows[i]), value;
		int err;

		while ((err = sip_list_next(&rest, &value)) == 0)
			;
		ck_assert_msg(err == EINVAL, "%s", rows[i]);
	}
}
END_TEST

START_TEST(credentials)
{
	struct str text = str_lit("Digest username=\"bob\", realm=\"a, b\",nc=00000001 ,\r\n "
				  "qop=auth, uri=\"sip:pbx.example\", opaque=\"\"");
	struct sip_auth a;

	ck_assert_int_eq(sip_auth_parse(&a, text), 0);
	ck_assert(eq(a.scheme, "Digest"));
	ck_assert_uint_eq(a.count, 6);
	ck_assert(eq(sip_auth_param(&a, str_lit("USERNAME"))->value, "bob"));
	ck_assert(eq(sip_auth_param(&a, str_lit("realm"))->value, "a, b"));
	ck_assert(eq(sip_auth_param(&a, str_lit("nc"))->value, "00000001"));
	ck_assert(!sip_auth_param(&a, str_lit("nc"))->quoted);
	ck_assert(sip_auth_param(&a, str_lit("opaque"))->quoted);
	ck_assert_ptr_null(sip_auth_param(&a, str_lit("nonce")));
	ck_assert_int_eq(sip_auth_parse(&a, str_lit("NoOneKnowsThisScheme opaque-data=here")), 0);
}
END_TEST

START_TEST(what_are_no_credentials)
{
	static const char *const rows[] = {"", "Digest", "Digest ", "Digest,", "Digest username",
		"Digest username=", "Digest username=\"bob", "Digest username=\"bob\",",
		"Digest username=\"bob\" realm=\"a\"", "Digest username=\"bob\"; realm=\"a\"",
		"Digest username=\"bob\", username=\"eve\"",
		"Digest username=\"bob\", USERNAME=eve", "Digest username=\"bob\",,realm=\"a\"",
		"\"Digest\" username=\"bob\"", "Basic Ym9iOg=="};
	struct sip_auth a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(sip_auth_parse(&a, str_of(rows[i])) == EINVAL, "%s", rows[i]);
}
END_TEST

START_TEST(credentials_are_bounded)
{
	char text[1024] = "Digest p=0";
	size_t len = strlen(text);
	struct sip_auth a;

	for (unsigned i = 1; i < SIP_AUTH_PARAMS_MAX; i++)
		len += (size_t)sprintf(text + len, ",p%u=0", i);
	ck_assert_int_eq(sip_auth_parse(&a, (struct str){text, len}), 0);
	len += (size_t)sprintf(text + len, ",q=0");
	ck_assert_int_eq(sip_auth_parse(&a, (struct str){text, len}), E2BIG);
}
END_TEST

int main(void)
{
	return SUITE_RUN("addr", NULL, parts, what_is_none, lists_of_addresses_are_walked,
		parameters_are_bounded, parameters_are_walked_and_found, elements_of_any_list,
		what_is_no_list, credentials, what_are_no_credentials, credentials_are_bounded);
}
