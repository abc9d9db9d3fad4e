#include "sip/tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "core/cidr.h"
#include "core/mem.h"
#include "sip/tls_impl.h"

enum { NAME_MAX_LEN = 254 };

struct tls {
	SSL *ssl;
	enum tls_verify verify;
	bool server;
	bool failed; /* nothing more may be said */
	uint32_t waits_for;
	char name[NAME_MAX_LEN]; /* whom we connect to */
	char why[TLS_WHY_MAX];
};

void tls_error_text(char *why, const char *fallback)
{
	unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	snprintf(why, TLS_WHY_MAX, "%s", reason ? reason : fallback);
	ERR_clear_error();
}

static bool is_literal(const char *name)
{
	uint8_t octets[16];

	return ip_parse(name, strlen(name), octets) == 0;
}

/* SNI is for names only (RFC 6066 3). */
static bool set_name(struct tls *t, const char *name)
{
	size_t len = strlen(name);

	if (len && name[len - 1] == '.')
		len--;
	if (len >= sizeof(t->name))
		return false;
	memcpy(t->name, name, len);
	t->name[len] = '\0';
	return is_literal(t->name) || SSL_set_tlsext_host_name(t->ssl, t->name);
}

struct tls *tls_new(const struct tls_context *ctx, int fd, const char *name)
{
	struct tls *t = mem_zalloc(1, sizeof(*t));

	ERR_clear_error();
	if (!t)
		return NULL;
	t->server = !name;
	t->verify = ctx->verify;
	t->ssl = SSL_new(name ? ctx->client : ctx->server);
	if (!t->ssl || !SSL_set_fd(t->ssl, fd) || (name && !set_name(t, name))) {
		SSL_free(t->ssl);
		mem_free(t);
		ERR_clear_error();
		return NULL;
	}
	if (name)
		SSL_set_connect_state(t->ssl);
	else
		SSL_set_accept_state(t->ssl);
	return t;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	ERR_clear_error();
	if (!t->failed && SSL_is_init_finished(t->ssl))
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	mem_free(t);
}

/* Names are looked at here and not by OpenSSL, which knows no "sip:" in a certificate. */
static bool name_fits(struct tls *t)
{
	X509 *certificate;
	bool fits;

	if (t->server || t->verify == TLS_VERIFY_CHAIN || t->verify == TLS_VERIFY_NONE)
		return true;
	certificate = SSL_get1_peer_certificate(t->ssl);
	fits = certificate &&
	       tls_name_matches(certificate, t->name, t->verify == TLS_VERIFY_WILDCARD);
	X509_free(certificate);
	if (!fits)
		snprintf(t->why, sizeof(t->why), "its certificate is not of %.100s", t->name);
	return fits;
}

/* What a failed operation means; saved is errno right after it. */
static int error_of(struct tls *t, int result, int saved)
{
	int error = SSL_get_error(t->ssl, result);
	bool asked = SSL_get_verify_mode(t->ssl) & SSL_VERIFY_PEER;
	long verified = asked ? SSL_get_verify_result(t->ssl) : X509_V_OK;

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		t->waits_for = error == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT;
		return EAGAIN;
	}
	t->failed = true;
	if (error == SSL_ERROR_ZERO_RETURN ||
		(error == SSL_ERROR_SYSCALL && (saved == 0 || saved == EAGAIN))) {
		snprintf(t->why, sizeof(t->why), "%s", "the peer closed the connection");
		return ECONNRESET;
	}
	if (error == SSL_ERROR_SYSCALL) {
		snprintf(t->why, sizeof(t->why), "%s", strerror(saved));
		return saved;
	}
	if (verified != X509_V_OK) {
		snprintf(t->why, sizeof(t->why), "its certificate: %s",
			X509_verify_cert_error_string(verified));
		ERR_clear_error();
		return EPROTO;
	}
	tls_error_text(t->why, "TLS failed");
	return EPROTO;
}

int tls_handshake(struct tls *t)
{
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_do_handshake(t->ssl);
	if (n != 1)
		return error_of(t, n, errno);
	if (name_fits(t))
		return 0;
	t->failed = true;
	return EPROTO;
}

uint32_t tls_waits_for(const struct tls *t)
{
	return t->waits_for;
}

const char *tls_why(const struct tls *t)
{
	return t->why;
}

static ssize_t done(struct tls *t, int n, int saved)
{
	int err;

	if (n > 0)
		return n;
	err = error_of(t, n, saved);
	/* Its end in order is an end, as a socket tells it. */
	if (err == ECONNRESET && SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN) {
		t->failed = false;
		return 0;
	}
	errno = err;
	return -1;
}

ssize_t tls_read(struct tls *t, void *buf, size_t size)
{
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_read(t->ssl, buf, size > INT32_MAX ? INT32_MAX : (int)size);
	return done(t, n, errno);
}

ssize_t tls_write(struct tls *t, const void *buf, size_t len)
{
	int n;

	ERR_clear_error();
	errno = 0;
	n = SSL_write(t->ssl, buf, len > INT32_MAX ? INT32_MAX : (int)len);
	return done(t, n, errno);
}

bool tls_pending(const struct tls *t)
{
	return SSL_pending(t->ssl) > 0;
}
