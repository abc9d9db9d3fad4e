/* Certificates, keys and CAs from their files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "core/mem.h"
#include "core/settings.h"
#include "sip/tls_impl.h"

/* Without it OpenSSL would ask for a key's password on the terminal. */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
	(void)buf, (void)size, (void)rwflag, (void)arg;
	return -1;
}

static int refuse(char *why, const char *path, const char *what)
{
	char reason[TLS_WHY_MAX];

	tls_error_text(reason, what);
	snprintf(why, TLS_WHY_MAX, "%.80s: %.70s", path, reason);
	return EINVAL;
}

static int readable(const char *path, char *why)
{
	if (access(path, R_OK) == 0)
		return 0;
	snprintf(why, TLS_WHY_MAX, "%.80s: %s", path, strerror(errno));
	return errno;
}

static SSL_CTX *context_new(const SSL_METHOD *method)
{
	SSL_CTX *c = SSL_CTX_new(method);

	if (!c)
		return NULL;
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	/* An end without a goodbye hurts nobody here: messages say themselves how long they are. */
	SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
				       SSL_OP_CIPHER_SERVER_PREFERENCE |
				       SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				    SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_default_passwd_cb(c, no_password);
	return c;
}

static int use_certificate(SSL_CTX *c, const struct tls_settings *s, char *why)
{
	const char *key = *s->key ? s->key : s->certificate;

	if (SSL_CTX_use_certificate_chain_file(c, s->certificate) != 1)
		return refuse(why, s->certificate, "holds no certificate");
	if (SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1)
		return refuse(why, key, "holds no private key");
	if (SSL_CTX_check_private_key(c) != 1)
		return refuse(why, key, "is not the key of the certificate");
	return 0;
}

static int use_ca(SSL_CTX *c, const char *ca, char *why)
{
	if (!*ca)
		return SSL_CTX_set_default_verify_paths(c) == 1
			       ? 0
			       : refuse(why, "CAs of the system", "cannot be read");
	if (SSL_CTX_load_verify_file(c, ca) != 1)
		return refuse(why, ca, "holds no certificate of a CA");
	return 0;
}

/* The names that clients choose their certificate by. */
static int name_ca(SSL_CTX *c, const char *ca, char *why)
{
	STACK_OF(X509_NAME) *names = *ca ? SSL_load_client_CA_file(ca) : NULL;

	if (*ca && !names)
		return refuse(why, ca, "holds no certificate of a CA");
	SSL_CTX_set_client_CA_list(c, names);
	return 0;
}

static int verify_clients(SSL_CTX *c, const struct tls_settings *s, char *why)
{
	int err;

	if (s->client_verify == TLS_CLIENT_NONE)
		return 0;
	err = use_ca(c, s->ca, why);
	if (!err)
		err = name_ca(c, s->ca, why);
	SSL_CTX_set_verify(c,
		s->client_verify == TLS_CLIENT_REQUIRED
			? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
			: SSL_VERIFY_PEER,
		NULL);
	return err;
}

static int verify_servers(SSL_CTX *c, const struct tls_settings *s, char *why)
{
	if (s->verify == TLS_VERIFY_NONE)
		return 0;
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	return use_ca(c, s->ca, why);
}

static int64_t expires_of(const SSL_CTX *c)
{
	const X509 *certificate = SSL_CTX_get0_certificate(c);
	struct tm at;

	if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &at) != 1)
		return 0;
	return (int64_t)timegm(&at);
}

static int context_fill(struct tls_context *ctx, const struct tls_settings *s, char *why)
{
	int err;

	ctx->server = context_new(TLS_server_method());
	ctx->client = context_new(TLS_client_method());
	if (!ctx->server || !ctx->client) {
		snprintf(why, TLS_WHY_MAX, "%s", "out of memory");
		return ENOMEM;
	}
	ctx->verify = s->verify;
	err = use_certificate(ctx->server, s, why);
	/* The same one is shown to those we connect to, when they ask for one. */
	if (!err)
		err = use_certificate(ctx->client, s, why);
	if (!err)
		err = verify_clients(ctx->server, s, why);
	if (!err)
		err = verify_servers(ctx->client, s, why);
	if (!err)
		ctx->expires = expires_of(ctx->server);
	return err;
}

static int files_look(const struct tls_settings *s, char *why)
{
	int err;

	if (!*s->certificate) {
		snprintf(why, TLS_WHY_MAX, "%s", "TRUNKGUARD_TLS_CERTIFICATE is not set");
		return EINVAL;
	}
	err = readable(s->certificate, why);
	if (!err && *s->key)
		err = readable(s->key, why);
	if (!err && *s->ca)
		err = readable(s->ca, why);
	return err;
}

int tls_context_new(struct tls_context **ctxp, const struct tls_settings *s, char *why)
{
	struct tls_context *ctx;
	int err = files_look(s, why);

	if (err)
		return err;
	ctx = mem_zalloc(1, sizeof(*ctx));
	if (!ctx)
		return ENOMEM;
	ERR_clear_error();
	err = context_fill(ctx, s, why);
	ERR_clear_error();
	if (err)
		tls_context_free(ctx);
	else
		*ctxp = ctx;
	return err;
}

void tls_context_free(struct tls_context *ctx)
{
	if (!ctx)
		return;
	SSL_CTX_free(ctx->server);
	SSL_CTX_free(ctx->client);
	mem_free(ctx);
}

int64_t tls_context_expires(const struct tls_context *ctx)
{
	return ctx->expires;
}

static int word_take(
	const char *const *words, int count, const char *text, const char *known, char *why)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	snprintf(why, SETTING_WHY_MAX, "is not one of %s", known);
	return -1;
}

int setting_tls_verify(const char *text, void *value, char *why)
{
	static const char *const words[TLS_VERIFY_COUNT] = {"name", "wildcard", "chain", "none"};
	int n = word_take(words, TLS_VERIFY_COUNT, text, "name, wildcard, chain, none", why);

	if (n < 0)
		return EINVAL;
	*(enum tls_verify *)value = (enum tls_verify)n;
	return 0;
}

int setting_tls_client_verify(const char *text, void *value, char *why)
{
	static const char *const words[TLS_CLIENT_COUNT] = {"none", "optional", "required"};
	int n = word_take(words, TLS_CLIENT_COUNT, text, "none, optional, required", why);

	if (n < 0)
		return EINVAL;
	*(enum tls_client_verify *)value = (enum tls_client_verify)n;
	return 0;
}
