/* TLS for tests of the network layer: a CA, certificates made on the spot, and a peer that is stepped
 * between turns of the loop. Files live in a directory of the test's own. */
#ifndef TESTS_SIP_TLS_RIG_H
#define TESTS_SIP_TLS_RIG_H

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "sip/tls.h"
#include "tests/sip/net_rig.h"

static char tls_dir[] = "/tmp/trunkguard-tls-XXXXXX";
static EVP_PKEY *tls_ca_key;
static X509 *tls_ca;

struct tls_peer {
	int fd;
	SSL *ssl;
	int err; /* SSL_get_error() of the handshake, when it failed */
};

static inline const char *tls_path(const char *name)
{
	static char path[64][96]; /* settings keep what they are given */
	static unsigned n;
	char *p = path[n++ % 64];

	snprintf(p, sizeof(path[0]), "%s/%s", tls_dir, name);
	return p;
}

static inline void tls_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ck_assert_ptr_nonnull(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

/* alternatives: "DNS:a.example,URI:sip:a.example,IP:127.0.0.3", NULL: none. Issuer NULL: itself, a CA. */
static inline X509 *tls_make(const char *cn, const char *alternatives, X509 *issuer,
	EVP_PKEY *issuer_key, EVP_PKEY **key)
{
	static long serial = 1;
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	*key = EVP_EC_gen("P-256");
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)cn, -1, -1, 0);
	X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : name);
	X509_set_pubkey(x, *key);
	if (!issuer)
		tls_extension(x, x, NID_basic_constraints, "critical,CA:TRUE");
	if (alternatives)
		tls_extension(x, issuer, NID_subject_alt_name, alternatives);
	ck_assert_int_gt(X509_sign(x, issuer ? issuer_key : *key, EVP_sha256()), 0);
	return x;
}

static inline void tls_write_certificate(const char *file, X509 *x)
{
	FILE *f = fopen(tls_path(file), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(PEM_write_X509(f, x), 1);
	fclose(f);
}

static inline void tls_write_key(const char *file, EVP_PKEY *key, const char *password)
{
	FILE *f = fopen(tls_path(file), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(PEM_write_PrivateKey(f, key, password ? EVP_aes_128_cbc() : NULL, NULL, 0,
				 NULL, (void *)(uintptr_t)password),
		1);
	fclose(f);
}

/* NAME.pem and NAME.key, signed by the CA. */
static inline void tls_issue(const char *name, const char *cn, const char *alternatives)
{
	EVP_PKEY *key;
	X509 *x = tls_make(cn, alternatives, tls_ca, tls_ca_key, &key);
	char file[64];

	snprintf(file, sizeof(file), "%s.pem", name);
	tls_write_certificate(file, x);
	snprintf(file, sizeof(file), "%s.key", name);
	tls_write_key(file, key, NULL);
	X509_free(x);
	EVP_PKEY_free(key);
}

/* Once, in the process that forks the tests. */
static inline void tls_rig_setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(tls_dir));
	tls_ca = tls_make("CA", NULL, NULL, NULL, &tls_ca_key);
	tls_write_certificate("ca.pem", tls_ca);
	tls_issue("server", "sip.example", "DNS:sip.example,IP:127.0.0.1");
}

static inline void tls_rig_teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", tls_dir);
	ck_assert_int_eq(system(command), 0);
	X509_free(tls_ca);
	EVP_PKEY_free(tls_ca_key);
}

static inline struct tls_settings tls_rig_settings(void)
{
	return (struct tls_settings){.certificate = tls_path("server.pem"),
		.key = tls_path("server.key"),
		.ca = tls_path("ca.pem")};
}

static inline struct tls_context *tls_rig_context(struct tls_settings settings)
{
	struct tls_context *ctx = NULL;
	char why[TLS_WHY_MAX] = "";
	int err = tls_context_new(&ctx, &settings, why);

	ck_assert_msg(err == 0, "%s", why);
	return ctx;
}

/* A network layer that listens on tls:127.0.0.1. */
static inline void tls_rig_open(struct tls_settings settings, struct net_config cfg)
{
	cfg.tls = tls_rig_context(settings);
	rig_open_config("tls:127.0.0.1:0", cfg);
}

/* A context of a peer; certificate NULL: none to show. */
static inline SSL_CTX *tls_peer_context(const char *certificate, int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_method());
	char file[64];

	if (version) {
		SSL_CTX_set_security_level(c, 0);
		ck_assert_int_eq(SSL_CTX_set_min_proto_version(c, version), 1);
		ck_assert_int_eq(SSL_CTX_set_max_proto_version(c, version), 1);
	}
	if (!certificate)
		return c;
	snprintf(file, sizeof(file), "%s.pem", certificate);
	ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(c, tls_path(file)), 1);
	snprintf(file, sizeof(file), "%s.key", certificate);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(c, tls_path(file), SSL_FILETYPE_PEM), 1);
	return c;
}

static inline struct tls_peer tls_peer_of(SSL_CTX *c, int fd, bool server)
{
	struct tls_peer p = {.fd = fd, .ssl = SSL_new(c)};

	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	SSL_set_fd(p.ssl, fd);
	if (server)
		SSL_set_accept_state(p.ssl);
	else
		SSL_set_connect_state(p.ssl);
	SSL_CTX_free(c);
	return p;
}

/* True when the handshake is done; false when it failed. */
static inline bool tls_peer_handshake(struct tls_peer *p)
{
	for (int left = RIG_PATIENCE_MS / 5; left > 0; left--) {
		int n;

		ERR_clear_error();
		n = SSL_do_handshake(p->ssl);
		if (n == 1)
			return true;
		p->err = SSL_get_error(p->ssl, n);
		if (p->err != SSL_ERROR_WANT_READ && p->err != SSL_ERROR_WANT_WRITE)
			return false;
		rig_turn();
	}
	ck_abort_msg("no end of the handshake");
	return false;
}

static inline void tls_peer_write(struct tls_peer *p, const char *text, size_t len)
{
	size_t done = 0;

	for (int left = RIG_PATIENCE_MS / 5; done < len && left > 0; left--) {
		int n = SSL_write(p->ssl, text + done, (int)(len - done));

		if (n > 0)
			done += (size_t)n;
		else
			rig_turn();
	}
	ck_assert_uint_eq(done, len);
}

/* What comes next, "" at the end. */
static inline const char *tls_peer_read(struct tls_peer *p)
{
	static char text[70000];

	for (int left = RIG_PATIENCE_MS / 5; left > 0; left--) {
		int n;

		ERR_clear_error();
		n = SSL_read(p->ssl, text, sizeof(text) - 1);
		if (n > 0) {
			text[n] = '\0';
			return text;
		}
		p->err = SSL_get_error(p->ssl, n);
		if (p->err != SSL_ERROR_WANT_READ) {
			text[0] = '\0';
			return text;
		}
		rig_turn();
	}
	ck_abort_msg("nothing comes");
	return "";
}

static inline void tls_peer_close(struct tls_peer *p)
{
	SSL_free(p->ssl);
	close(p->fd);
}

#endif
