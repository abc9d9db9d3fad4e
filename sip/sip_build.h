/*
 * Appends text to a caller's buffer and remembers the first error, so that a message is built in
 * straight lines and checked once at the end. Never allocates, never overruns.
 */
#ifndef SIP_BUILD_H
#define SIP_BUILD_H

#include "core/e164.h"
#include "core/str.h"

struct sip_build {
	char *p;
	size_t cap;
	size_t len;
	int err; /* 0, ENOBUFS: did not fit, EINVAL: a header value would have broken its line */
};

void sip_build_init(struct sip_build *b, char *p, size_t cap);

void sip_build_str(struct sip_build *b, struct str s);
#define sip_build_lit(b, literal) sip_build_str((b), str_lit(literal))
/* "+14155550100" */
void sip_build_number(struct sip_build *b, e164_t number);
/* As it stands in a URI or a Via: IPv6 in brackets. */
void sip_build_host(struct sip_build *b, struct str host);
void sip_build_u32(struct sip_build *b, uint32_t n);

/* "Name: value" CRLF; EINVAL when the value holds CR, LF or NUL. */
void sip_build_header(struct sip_build *b, struct str name, struct str value);

/* What was built since it had the length `from`; empty after an error. */
struct str sip_build_since(const struct sip_build *b, size_t from);

#endif
