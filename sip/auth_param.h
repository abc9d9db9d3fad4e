/*
 * Credentials and challenges: "Digest name=value, name=\"value\"" (RFC 3261 25.1 credentials,
 * challenge). Each of Authorization, Proxy-Authorization, WWW-Authenticate and
 * Proxy-Authenticate carries exactly one such value per header line.
 */
#ifndef SIP_AUTH_PARAM_H
#define SIP_AUTH_PARAM_H

#include "sip/param.h"

#define SIP_AUTH_PARAMS_MAX 24

struct sip_auth {
	struct str scheme; /* "Digest" */
	unsigned count;
	struct sip_param param[SIP_AUTH_PARAMS_MAX];
};

/* 0, EINVAL malformed or a name given twice, E2BIG too many parameters. */
int sip_auth_parse(struct sip_auth *a, struct str value);

/* By name in any case; NULL when absent. */
const struct sip_param *sip_auth_param(const struct sip_auth *a, struct str name);

#endif
