/*
 * Parameters and comma lists of header values (RFC 3261 section 25.1: generic-param, COMMA),
 * aware of quoted strings, <> and folded white space.
 */
#ifndef SIP_PARAM_H
#define SIP_PARAM_H

#include "core/str.h"

struct sip_param {
	struct str all; /* name to end of value, without ";" */
	struct str name;
	struct str value; /* without quotes; backslashes are kept. Empty when there is none */
	bool has_value;
	bool quoted;
	bool token; /* the value is a token: not quoted, and no host with brackets or colons */
};

/*
 * Takes the next ";name[=value]" off *rest: 0, ENOENT when only white space is left, EINVAL when
 * malformed (also when anything but ";" comes first).
 */
int sip_param_next(struct str *rest, struct sip_param *p);

/* The first parameter of that name (any case) in params, which begins with ";". */
bool sip_param_get(struct str params, struct str name, struct sip_param *p);

/* The same by a cursor, after the ";": returns behind the parameter, or NULL. */
const char *sip_param_scan(const char *p, const char *end, struct sip_param *out);

/*
 * Takes the next element of a comma list off *rest, trimmed: 0, ENOENT at the end, EINVAL for an
 * empty element or an open quote or bracket.
 */
int sip_list_next(struct str *rest, struct str *value);

#endif
