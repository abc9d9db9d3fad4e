/* What a REGISTER asks for, read from the scanned message and checked; knows no accounts and keeps
 * nothing. */
#ifndef SIP_REGISTER_REQUEST_H
#define SIP_REGISTER_REQUEST_H

#include "core/cidr.h"
#include "sip/binding.h"
#include "sip/scan.h"

enum { REGISTER_PATHS_MAX = 8, REGISTER_UNSUPPORTED_MAX = 256 };

struct register_limits {
	uint32_t expires_min, expires_default, expires_max;
	const struct cidr_list *private_targets;
};

struct register_request {
	unsigned count;
	struct binding_contact contact[SIP_CONTACTS_MAX];
	size_t path_len;
	char path[BINDING_PATH_MAX]; /* "<sip:a;lr>,<sip:b;lr>" */
	size_t user_agent_len;
	char user_agent[BINDING_USER_AGENT_MAX];
	size_t unsupported_len;
	char unsupported[REGISTER_UNSUPPORTED_MAX]; /* of Require, for Unsupported */
};

/*
 * 0, or the status that refuses it with the reason: 400 malformed or a Contact that we cannot call, 420
 * (unsupported filled in), 421 "gin" is not required, 423 an interval below expires_min. Contacts point into m.
 */
unsigned register_request_read(struct register_request *q, const struct sip_msg *m,
	const struct flow *from, const struct register_limits *limits, struct str *reason);

#endif
