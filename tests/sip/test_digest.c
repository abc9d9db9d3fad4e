/* Digest: the published examples, what credentials must look like, and which digest-uri is the
 * Request-URI. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sip/digest.h"
#include "tests/core/suite.h"

static struct digest *d;

static void setup(void)
{
	ck_assert_int_eq(digest_new(&d), 0);
}

static void teardown(void)
{
	digest_free(d);
}

static int parse(struct digest_credentials *c, const char *value)
{
	return digest_credentials_parse(c, str_of(value));
}

/* RFC 7616 3.9.1 */
#define MUFASA(algorithm, response)                                                                \
	"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "                            \
	"uri=\"/dir/index.html\", algorithm=" algorithm ", "                                       \
	"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "                    \
	"cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "                      \
	"response=\"" response "\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""

START_TEST(examples_of_rfc_7616)
{
	static const struct {
		const char *value;
		enum digest_algorithm algorithm;
	} example[] = {
		{MUFASA("MD5", "8ca523f5e9506fed4657c9700eebdbec"), DIGEST_MD5},
		{MUFASA("SHA-256",
			 "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
			DIGEST_SHA256},
	};
	char ha1[DIGEST_HEX_MAX + 1], other[DIGEST_HEX_MAX + 1];

	for (size_t i = 0; i < 2; i++) {
		struct digest_credentials c;

		ck_assert_int_eq(parse(&c, example[i].value), 0);
		ck_assert_int_eq(c.algorithm, example[i].algorithm);
		ck_assert_uint_eq(c.nc, 1);
		ck_assert_int_eq(
			digest_ha1(d, c.algorithm, str_lit("Mufasa"),
				str_lit("http-auth@example.org"), str_lit("Circle of Life"), ha1),
			0);
		ck_assert_uint_eq(strlen(ha1), digest_hex_len(c.algorithm));
		ck_assert(digest_check(d, &c, ha1, str_lit("GET")));
		ck_assert(!digest_check(d, &c, ha1, str_lit("PUT")));
		ck_assert_int_eq(
			digest_ha1(d, c.algorithm, str_lit("Mufasa"),
				str_lit("http-auth@example.org"), str_lit("Circle of life"), other),
			0);
		ck_assert(!digest_check(d, &c, other, str_lit("GET")));
	}
}
END_TEST

START_TEST(any_other_digit_of_the_response_is_wrong)
{
	char ha1[DIGEST_HEX_MAX + 1], value[600];
	struct digest_credentials c;
	char *digit;

	strcpy(value, MUFASA("MD5", "8ca523f5e9506fed4657c9700eebdbec"));
	digit = strstr(value, "8ca523");
	ck_assert_int_eq(digest_ha1(d, DIGEST_MD5, str_lit("Mufasa"),
				 str_lit("http-auth@example.org"), str_lit("Circle of Life"), ha1),
		0);
	for (int i = 0; i < 32; i++) {
		char was = digit[i];

		digit[i] = was == '0' ? '1' : '0';
		ck_assert_int_eq(parse(&c, value), 0);
		ck_assert(!digest_check(d, &c, ha1, str_lit("GET")));
		digit[i] = was;
	}
	for (int i = 0; i < 32; i++) /* capital digits are read as well */
		digit[i] = (char)(digit[i] >= 'a' ? digit[i] - 32 : digit[i]);
	ck_assert_int_eq(parse(&c, value), 0);
	ck_assert(digest_check(d, &c, ha1, str_lit("GET")));
}
END_TEST

#define R32 "0123456789abcdef0123456789abcdef"
#define REST "realm=\"r\",uri=\"sip:r\",response=\"" R32 "\","

START_TEST(credentials_are_checked_strictly)
{
	static const struct {
		int err;
		const char *value;
	} row[] = {
		{0, "Digest username=\"u\",nonce=\"n\"," REST "cnonce=\"c\",nc=00000001,qop=auth"},
		{0, "digest username=\"u\",nonce=\"n\"," REST
		    "cnonce=\"c\",nc=0000000A,qop=\"auth\",algorithm=md5"},
		{0, "Digest username=\"u\",nonce=\"n\"," REST
		    "cnonce=\"c\",nc=00000001,qop=auth,userhash=false,x=y,opaque=\"\""},
		{0, "Digest username=\"u\",nonce=\"n\",realm=\"\",uri=\"sip:r\",response=\"" R32
		    "\",cnonce=\"c\",nc=00000001,qop=auth"},
		/* not what we understand */
		{ENOTSUP, "Basic dTpw"},
		{ENOTSUP, "NoOneKnows a=b"},
		{ENOTSUP, "Digest "
			  "username=\"u\",nonce=\"n\",realm=\"r\",uri=\"sip:r\",response=\"" R32
			  "\""},
		{ENOTSUP, "Digest username=\"u\",nonce=\"n\"," REST
			  "cnonce=\"c\",nc=00000001,qop=auth-int"},
		{ENOTSUP, "Digest username=\"u\",nonce=\"n\"," REST
			  "cnonce=\"c\",nc=00000001,qop=auth,algorithm=MD5-sess"},
		{ENOTSUP, "Digest username=\"u\",nonce=\"n\"," REST
			  "cnonce=\"c\",nc=00000001,qop=auth,algorithm=SHA-512-256"},
		{ENOTSUP, "Digest username=\"u\",nonce=\"n\"," REST
			  "cnonce=\"c\",nc=00000001,qop=auth,userhash=true"},
		{ENOTSUP, "Digest username*=UTF-8''u,nonce=\"n\"," REST
			  "cnonce=\"c\",nc=00000001,qop=auth"},
		/* missing or empty */
		{EINVAL, "Digest nonce=\"n\"," REST "cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\"," REST "cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\"," REST "nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\"," REST "cnonce=\"c\",qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\",realm=\"r\",response=\"" R32
			 "\",cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\",realm=\"r\",uri=\"sip:r\","
			 "cnonce=\"c\",nc=00000001,qop=auth"},
		/* malformed values */
		{EINVAL, "Digest username=\"u\",nonce=\"n\"," REST "cnonce=\"c\",nc=1,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=0000000x,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=000000001,qop=auth"},
		{EINVAL, "Digest username=\"u\\\"x\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\r\n x\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\",realm=\"r\",uri=\"sip:r\",response="
			 "\"0123456789abcdef0123456789abcdeg\",cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\",realm=\"r\",uri=\"sip:r\",response="
			 "\"0123\",cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=00000001,qop=auth,algorithm=SHA-256"}, /* 32 digits */
		/* twice */
		{EINVAL, "Digest username=\"u\",username=\"v\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=00000001,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=00000001,nc=00000002,qop=auth"},
		{EINVAL, "Digest username=\"u\",nonce=\"n\"," REST
			 "cnonce=\"c\",nc=00000001,qop=auth,Response=\"" R32 "\""},
		{ENOTSUP, "Digest"},
		{ENOTSUP, "Digestive username=\"u\""},
		{ENOTSUP, ""},
		{EINVAL, "Digest username=\"u"},
		{EINVAL, "Digest username"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct digest_credentials c;
		int err = parse(&c, row[i].value);

		ck_assert_msg(err == row[i].err, "%s: %d", row[i].value, err);
	}
}
END_TEST

START_TEST(the_digest_uri_names_the_request_uri)
{
	static const struct {
		bool same;
		const char *digest_uri, *ruri;
	} row[] = {
		{true, "sip:example.com", "sip:example.com"},
		{true, "sip:example.com:5060", "sip:example.com"},
		{true, "sip:example.com", "sip:example.com:5060"},
		{true, "sip:EXAMPLE.com", "sip:example.com"},
		{true, "sip:example.com", "sip:example.com;transport=udp"},
		{true, "sip:example.com;transport=UDP", "sip:example.com;transport=udp"},
		{true, "sip:[2001:db8::1]", "sip:[2001:DB8:0::1]:5060"},
		{true, "sip:u@example.com", "sip:u@example.com"},
		{false, "sip:example.com:5061", "sip:example.com"},
		{false, "sip:example.org", "sip:example.com"},
		{false, "sip:u@example.com", "sip:example.com"},
		{false, "sip:u@example.com", "sip:U@example.com"},
		{false, "sip:u:x@example.com", "sip:u@example.com"},
		{false, "sips:example.com", "sip:example.com"},
		{false, "sip:example.com;transport=tcp", "sip:example.com;transport=udp"},
		{false, "sip:example.com?a=b", "sip:example.com"},
		{false, "tel:+14155550100", "sip:+14155550100@example.com"},
		{false, "/", "sip:example.com"},
		{false, "example.com", "sip:example.com"},
		{false, "", "sip:example.com"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct sip_uri ruri;

		ck_assert_int_eq(sip_uri_parse(&ruri, str_of(row[i].ruri)), 0);
		ck_assert_msg(digest_uri_matches(str_of(row[i].digest_uri), &ruri) == row[i].same,
			"%s %s", row[i].digest_uri, row[i].ruri);
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("digest", setup, teardown, examples_of_rfc_7616,
		any_other_digit_of_the_response_is_wrong, credentials_are_checked_strictly,
		the_digest_uri_names_the_request_uri);
}
