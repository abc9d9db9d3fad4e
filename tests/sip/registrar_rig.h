/* A registrar and a client that can do digest right and wrong. */
#ifndef TESTS_SIP_REGISTRAR_RIG_H
#define TESTS_SIP_REGISTRAR_RIG_H

#include "core/log.h"
#include "sip/digest.h"
#include "sip/registrar.h"
#include "tests/sip/binding_rig.h"

#define REALM "trunkguard"
#define USER "pbx1"
#define PASS "Tr0mbone!"

static struct auth *auth;
static struct registrar *registrar;
static struct digest *digest;
static struct registrar_answer answer;
static char text[16384], reply_text[20000];
static size_t reply_len;
static struct sip_msg msg;

/* What a REGISTER says; NULL: the usual. */
struct req {
	const char *uri, *via, *to, *contact, *extra, *call_id, *source;
	uint32_t cseq;
	/* of the credentials */
	const char *user, *pass, *realm, *digest_uri, *method, *nonce, *raw; /* raw: as it is */
	const char *tail; /* after the credentials, ",x=y" */
	uint32_t nc;
	enum digest_algorithm algorithm;
	enum transport transport;
	uint16_t port;
	bool anonymous;
};

static char nonce[64], stale[8];
static uint32_t next_cseq;

static inline void ha1_set(const char *sip_account, const char *trunk, const char *user)
{
	char md5[DIGEST_HEX_MAX + 1], sha256[DIGEST_HEX_MAX + 1], record[512];

	ck_assert_int_eq(
		digest_ha1(digest, DIGEST_MD5, str_of(user), str_lit(REALM), str_lit(PASS), md5),
		0);
	ck_assert_int_eq(digest_ha1(digest, DIGEST_SHA256, str_of(user), str_lit(REALM),
				 str_lit(PASS), sha256),
		0);
	snprintf(record, sizeof(record),
		"S\t%s\t%s\tprimary\toffice\tregistration\t%s\t%s\t%s\t\t\\N\n", sip_account, trunk,
		user, md5, sha256);
	feed(cfg, record);
}

static inline void registrar_setup_with(const struct registrar_config *config)
{
	log_init("test", LOG_LEVEL_COUNT);
	store_setup();
	next_cseq = 1;
	ck_assert_int_eq(digest_new(&digest), 0);
	ha1_set(SIP1, TRK1, USER);
	ha1_set(SIP2, TRK2, "pbx2");
	ck_assert_int_eq(auth_new(&auth, str_lit(REALM)), 0);
	ck_assert_int_eq(registrar_new(&registrar, config, auth, store), 0);
}

static inline void registrar_setup(void)
{
	registrar_setup_with(NULL);
}

static inline void registrar_teardown(void)
{
	registrar_free(registrar);
	auth_free(auth);
	digest_free(digest);
	store_teardown();
}

#define OR(a, b) ((a) ? (a) : (b))

static inline void credentials(const struct req *r, const char *uri, char *out, size_t cap)
{
	char ha1[DIGEST_HEX_MAX + 1], response[DIGEST_HEX_MAX + 1], nc[9];
	struct digest_credentials c = {.algorithm = r->algorithm,
		.nonce = str_of(OR(r->nonce, nonce)),
		.uri = str_of(OR(r->digest_uri, uri)),
		.cnonce = STR("0a4f113b")};

	snprintf(nc, sizeof(nc), "%08x", r->nc ? r->nc : 1);
	c.nc_text = str_of(nc);
	ck_assert_int_eq(digest_ha1(digest, r->algorithm, str_of(OR(r->user, USER)),
				 str_of(OR(r->realm, REALM)), str_of(OR(r->pass, PASS)), ha1),
		0);
	ck_assert_int_eq(
		digest_response(digest, &c, ha1, str_of(OR(r->method, "REGISTER")), response), 0);
	snprintf(out, cap,
		"Authorization: Digest username=\"%s\",realm=\"%s\",nonce=\"%s\",uri=\"%s\","
		"response=\"%s\",algorithm=%s,cnonce=\"0a4f113b\",qop=auth,nc=%s%s\r\n",
		OR(r->user, USER), OR(r->realm, REALM), OR(r->nonce, nonce), OR(r->digest_uri, uri),
		response, digest_algorithm_word(r->algorithm).p, nc, OR(r->tail, ""));
}

/* Fills msg; false when the scanner refuses it. */
static inline bool scan(const struct req *r)
{
	const char *uri = OR(r->uri, "sip:trunk.example"), *source = OR(r->source, "192.0.2.1");
	char auth_line[1024] = "", via[160];
	struct sip_verdict v;
	int n;

	if (!r->anonymous && !r->raw)
		credentials(r, uri, auth_line, sizeof(auth_line));
	snprintf(via, sizeof(via), strchr(source, ':') ? "[%s]:5060" : "%s:5060", source);
	n = snprintf(text, sizeof(text),
		"REGISTER %s SIP/2.0\r\n"
		"Via: SIP/2.0/UDP %s;rport;branch=z9hG4bK%u\r\n"
		"From: <sip:" USER "@trunk.example>;tag=f\r\n"
		"To: %s\r\n"
		"Call-ID: %s\r\n"
		"CSeq: %u REGISTER\r\n"
		"Max-Forwards: 70\r\n"
		"%s%s%s"
		"Content-Length: 0\r\n\r\n",
		uri, OR(r->via, via), next_cseq, OR(r->to, "<sip:" USER "@trunk.example>"),
		OR(r->call_id, "call"), r->cseq ? r->cseq : next_cseq,
		OR(r->contact, "Contact: <sip:" USER "@192.0.2.1:5060>\r\n"), OR(r->raw, auth_line),
		OR(r->extra, ""));
	next_cseq++;
	ck_assert_int_lt(n, (int)sizeof(text));
	sip_scan_stream(&msg, text, (size_t)n, &v);
	return v.kind == SIP_SCAN_OK;
}

static inline void nonce_take(void)
{
	char extra[sizeof(answer.extra)], *p, *s;

	memcpy(extra, answer.extra, answer.extra_len);
	extra[answer.extra_len] = '\0';
	p = strstr(extra, "nonce=\"");
	s = strstr(extra, ",stale=");
	ck_assert_ptr_nonnull(p);
	snprintf(nonce, sizeof(nonce), "%.*s", (int)strcspn(p + 7, "\""), p + 7);
	snprintf(stale, sizeof(stale), "%.*s", s ? (int)strcspn(s + 7, ",\r") : 0, s ? s + 7 : "");
}

/* The status of the whole way through front and transaction: 0: silence; 400 by the scanner. */
static inline unsigned ask(const struct req *r, size_t reply_max)
{
	struct sip_reply reply;
	struct flow from = {.transport = (uint8_t)r->transport};
	const char *source = OR(r->source, "192.0.2.1");

	if (!scan(r))
		return 400;
	from.peer = address(source, r->port ? r->port : 5060);
	from.conn = r->transport == TRANSPORT_UDP ? 0 : 3;
	if (!registrar_front(registrar, cfg, &msg, &from, reply_max, now, &answer))
		registrar_request(registrar, cfg, &msg, &from, now, wall, &answer);
	if (!answer.code)
		return 0;
	if (answer.code == 401)
		nonce_take();
	reply = registrar_reply(&answer);
	reply.to_tag = str_lit("0123456789abcdef");
	reply.source_ip = str_of(source);
	reply.source_port = r->port ? r->port : 5060;
	ck_assert_int_eq(
		sip_reply_write(&msg, &reply, reply_text, sizeof(reply_text) - 1, &reply_len), 0);
	reply_text[reply_len] = '\0';
	return answer.code;
}

#define ASK(...) ask(&(struct req){__VA_ARGS__}, 0)
/* A new nonce, as a client gets it. */
#define CHALLENGE(...) ck_assert_uint_eq(ASK(.anonymous = true, __VA_ARGS__), 401)

#endif
