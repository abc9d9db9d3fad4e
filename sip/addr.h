/* name-addr and addr-spec with parameters: From, To, Contact, Route, Diversion (RFC 3261 20.10). */
#ifndef SIP_ADDR_H
#define SIP_ADDR_H

#include "sip/param.h"
#include "sip/uri.h"

struct sip_addr {
	struct str all; /* one value, trimmed */
	struct str display; /* as received, with its quotes; empty when there is none */
	struct sip_uri uri;
	bool bracketed; /* the URI stood in <> */
	struct str
		params; /* header parameters, with the leading ";" (and white space), else empty */
	struct str tag; /* of the "tag" parameter, else empty */
};

/* Takes the next value of a comma list off *rest: 0, ENOENT at the end, EINVAL. */
int sip_addr_next(struct str *rest, struct sip_addr *a);

/* The whole of s is one value: 0 or EINVAL. */
int sip_addr_parse(struct sip_addr *a, struct str s);

/* The value without its parameters: what two From headers of one dialog may differ in. */
static inline struct str sip_addr_part(const struct sip_addr *a)
{
	return str_empty(a->params) ? a->all : str_span(a->all.p, a->params.p);
}

#endif
