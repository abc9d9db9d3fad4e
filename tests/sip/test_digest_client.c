/* Digest as a client: what is chosen of the challenges, and that the server's own check accepts the answer. */
#include <errno.h>
#include <stdio.h>

#include "sip/digest_client.h"
#include "tests/core/suite.h"

static struct digest *d;
static const struct digest_identity who = {STR("line1"), STR("pass word")};
static const char URI[] = "sip:carrier.example";

static void setup(void)
{
	ck_assert_int_eq(digest_new(&d), 0);
}

static void teardown(void)
{
	digest_free(d);
}

static int read_challenge(struct digest_challenge *c, unsigned status, const char *lines)
{
	static char text[4096];
	struct sip_verdict v;
	struct sip_msg m;
	int n = snprintf(text, sizeof(text),
		"SIP/2.0 %u Who\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\n"
		"CSeq: 1 REGISTER\r\n%sContent-Length: 0\r\n\r\n",
		status, lines);

	sip_scan(&m, text, (size_t)n, &v);
	ck_assert_msg(v.kind == SIP_SCAN_OK, "%s: %s", v.word, text);
	return digest_challenge_read(c, &m);
}

static const char *answer(struct digest_challenge *c)
{
	static char line[2048];
	struct sip_build b;

	sip_build_init(&b, line, sizeof(line) - 1);
	ck_assert_int_eq(
		digest_challenge_answer(d, c, &who, str_lit("REGISTER"), str_of(URI), &b), 0);
	ck_assert_int_eq(b.err, 0);
	line[b.len] = '\0';
	return line;
}

/* As sip/auth.c would check it. */
static bool proves(const char *line, const char *name, const char *realm)
{
	char ha1[DIGEST_HEX_MAX + 1];
	struct digest_credentials c;
	size_t n = strlen(name);

	ck_assert_msg(strncmp(line, name, n) == 0 && !strncmp(line + n, ": ", 2), "%s", line);
	ck_assert_int_eq(
		digest_credentials_parse(&c, str_span(line + n + 2, strchr(line, '\r'))), 0);
	ck_assert(str_eq(c.realm, str_of(realm)) && str_eq(c.uri, str_of(URI)));
	ck_assert_int_eq(digest_ha1(d, c.algorithm, who.username, c.realm, who.password, ha1), 0);
	return digest_check(d, &c, ha1, str_lit("REGISTER"));
}

START_TEST(md5_and_sha256_are_answered)
{
	struct digest_challenge c;

	ck_assert_int_eq(read_challenge(&c, 401,
				 "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"abc\", "
				 "qop=\"auth\", opaque=\"o\"\r\n"),
		0);
	ck_assert(!c.proxy && !c.stale && c.algorithm == DIGEST_MD5);
	ck_assert(proves(answer(&c), "Authorization", "carrier"));
	ck_assert_ptr_nonnull(strstr(answer(&c), ",opaque=\"o\""));
	ck_assert_int_eq(read_challenge(&c, 407,
				 "Proxy-Authenticate: Digest realm=\"x y\",nonce=\"n\","
				 "algorithm=SHA-256,qop=\"auth-int,auth\"\r\n"),
		0);
	ck_assert(c.proxy && c.algorithm == DIGEST_SHA256);
	ck_assert(proves(answer(&c), "Proxy-Authorization", "x y"));
}
END_TEST

START_TEST(sha256_goes_before_md5_in_either_order)
{
#define MD5_LINE "WWW-Authenticate: Digest realm=\"r\",nonce=\"m\",qop=\"auth\"\r\n"
#define SHA_LINE                                                                                   \
	"WWW-Authenticate: Digest realm=\"r\",nonce=\"s\",qop=\"auth\",algorithm=SHA-256\r\n"
#define NEW_LINE                                                                                   \
	"WWW-Authenticate: Digest realm=\"r\",nonce=\"n\",qop=\"auth\",algorithm=SHA-512-256\r\n"
	static const char *const lines[] = {
		MD5_LINE SHA_LINE, SHA_LINE MD5_LINE, NEW_LINE MD5_LINE SHA_LINE NEW_LINE};
	struct digest_challenge c;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_int_eq(read_challenge(&c, 401, lines[i]), 0);
		ck_assert(c.algorithm == DIGEST_SHA256 && str_eq(c.nonce, str_lit("s")));
		ck_assert(proves(answer(&c), "Authorization", "r"));
	}
}
END_TEST

START_TEST(each_answer_to_a_nonce_counts_one_more)
{
	struct digest_challenge c;

	ck_assert_int_eq(read_challenge(&c, 401, MD5_LINE), 0);
	ck_assert_ptr_nonnull(strstr(answer(&c), ",nc=00000001"));
	ck_assert_ptr_nonnull(strstr(answer(&c), ",nc=00000002"));
	ck_assert_int_eq(read_challenge(&c, 401, SHA_LINE), 0);
	ck_assert_ptr_nonnull(strstr(answer(&c), ",nc=00000001"));
}
END_TEST

START_TEST(a_server_without_qop_gets_what_rfc_2069_says)
{
	struct digest_challenge c;
	const char *line;

	ck_assert_int_eq(read_challenge(&c, 401,
				 "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\",stale=TRUE\r\n"),
		0);
	ck_assert(c.stale && !c.qop);
	line = answer(&c);
	ck_assert_ptr_null(strstr(line, "cnonce"));
	/* MD5(MD5("line1:r:pass word") ":n:" MD5("REGISTER:sip:carrier.example")) */
	ck_assert_msg(
		strstr(line, "response=\"c43b04d304561eed355b1500002e22c0\"") != NULL, "%s", line);
}
END_TEST

START_TEST(what_cannot_be_answered)
{
	static const struct {
		unsigned status;
		const char *lines;
		int err;
	} row[] = {
		{401, "", ENOTSUP},
		{401, "Proxy-Authenticate: Digest realm=\"r\",nonce=\"n\"\r\n", ENOTSUP},
		{407, "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\"\r\n", ENOTSUP},
		{401, "WWW-Authenticate: Basic realm=\"r\"\r\n", ENOTSUP},
		{401, NEW_LINE, ENOTSUP},
		{401, "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\",qop=\"auth-int\"\r\n",
			ENOTSUP},
		{401, "WWW-Authenticate: Digest realm=\"r\"\r\n", EINVAL},
		{401, "WWW-Authenticate: Digest nonce=\"n\"\r\n", EINVAL},
		{401, "WWW-Authenticate: Digest realm=\"r\",nonce=\"\"\r\n", EINVAL},
		{401, "WWW-Authenticate: Digest realm=\"r\",realm=\"s\",nonce=\"n\"\r\n", EINVAL},
	};
	struct digest_challenge c;

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		ck_assert_msg(read_challenge(&c, row[i].status, row[i].lines) == row[i].err, "%s",
			row[i].lines);
}
END_TEST

START_TEST(a_name_that_would_end_its_quotes_is_refused)
{
	struct digest_identity bad = {STR("a\" evil=\""), STR("p")};
	struct digest_challenge c;
	char line[512];
	struct sip_build b;

	ck_assert_int_eq(read_challenge(&c, 401, MD5_LINE), 0);
	sip_build_init(&b, line, sizeof(line));
	ck_assert_int_eq(
		digest_challenge_answer(d, &c, &bad, str_lit("REGISTER"), str_of(URI), &b), EINVAL);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("digest_client", setup, teardown, md5_and_sha256_are_answered,
		sha256_goes_before_md5_in_either_order, each_answer_to_a_nonce_counts_one_more,
		a_server_without_qop_gets_what_rfc_2069_says, what_cannot_be_answered,
		a_name_that_would_end_its_quotes_is_refused);
}
