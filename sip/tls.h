/*
 * TLS over connected sockets: contexts made of files, and for each connection a state machine that
 * never waits (RFC 3261 26, RFC 5922). TLS 1.2 and 1.3; neither renegotiation nor resumption nor
 * early data: each connection proves itself anew.
 *
 * Who is connected to must have a certificate, issued by a CA that is trusted, of the name that was
 * provisioned, never of a name that DNS came up with on the way: "sip:pbx.example" or the DNS name
 * in its subjectAltName (RFC 5922 7.2), the common name when it has none of these, or for an IP literal that
 * address. A "*" in it matches nothing unless asked for.
 */
#ifndef SIP_TLS_H
#define SIP_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum tls_verify { /* of who is connected to */
	TLS_VERIFY_NAME,
	TLS_VERIFY_WILDCARD, /* "*.example" in a certificate is pbx.example too */
	TLS_VERIFY_CHAIN, /* any name, if a trusted CA says it */
	TLS_VERIFY_NONE,
	TLS_VERIFY_COUNT
};

enum tls_client_verify { /* of who connects */
	TLS_CLIENT_NONE,
	TLS_CLIENT_OPTIONAL, /* asked for; who shows one must show a good one */
	TLS_CLIENT_REQUIRED,
	TLS_CLIENT_COUNT
};

/* PEM files; "": none. The settings and their texts must outlive their users. */
struct tls_settings {
	const char *certificate; /* with the chain behind it */
	const char *key; /* "": in the certificate's file */
	const char *ca; /* "": those of the system */
	enum tls_verify verify;
	enum tls_client_verify client_verify;
};

enum { TLS_WHY_MAX = 160 };

struct tls_context;

/* Reads files, so it takes its time. 0; EINVAL: what a file holds is no use, or there is no certificate;
 * ENOENT, EACCES…: a file cannot be read; ENOMEM. The reason goes to why. */
int tls_context_new(struct tls_context **ctx, const struct tls_settings *settings, char *why);
void tls_context_free(struct tls_context *ctx);
/* Until when our certificate is good, seconds since 1970. */
int64_t tls_context_expires(const struct tls_context *ctx);

struct tls;

/* Of a connected, non-blocking socket, which stays the caller's. name: whom we connect to, a host name
 * or an IP literal; NULL: the peer connected to us. The context may go before the connection does.
 * NULL: no memory. */
struct tls *tls_new(const struct tls_context *ctx, int fd, const char *name);
/* Says goodbye when all was well until now. */
void tls_free(struct tls *t);

/* 0: done; EAGAIN: call it again when tls_waits_for() is there; else it failed, tls_why() tells. */
int tls_handshake(struct tls *t);
/* EPOLLIN or EPOLLOUT: what the last EAGAIN waits for. */
uint32_t tls_waits_for(const struct tls *t);
const char *tls_why(const struct tls *t);

/* Like recv() and send() on a non-blocking socket, after the handshake. After EAGAIN a write must be
 * repeated with the same octets, of which there may be more by then. */
ssize_t tls_read(struct tls *t, void *buf, size_t size);
ssize_t tls_write(struct tls *t, const void *buf, size_t len);
/* Octets are here that no event will tell of. */
bool tls_pending(const struct tls *t);

/* Settings, for struct setting. */
int setting_tls_verify(const char *text, void *value, char *why); /* enum tls_verify */
int setting_tls_client_verify(const char *text, void *value, char *why);

#endif
