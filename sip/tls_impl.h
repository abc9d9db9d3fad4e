/* What the files of TLS share. Not for others. */
#ifndef SIP_TLS_IMPL_H
#define SIP_TLS_IMPL_H

#include <openssl/ssl.h>

#include "sip/tls.h"

struct tls_context {
	SSL_CTX *server, *client;
	enum tls_verify verify;
	int64_t expires; /* seconds since 1970 */
};

/* Is this certificate one of that host name or IP literal? */
bool tls_name_matches(X509 *certificate, const char *name, bool wildcards);

/* The first error of OpenSSL's queue in words; the queue is empty then. */
void tls_error_text(char *why, const char *fallback);

#endif
