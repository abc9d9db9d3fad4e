/* SIP methods that the worker tells apart. Method names are case-sensitive (RFC 3261 7.1). */
#ifndef SIP_METHOD_H
#define SIP_METHOD_H

#include "core/str.h"

enum sip_method {
	SIP_INVITE,
	SIP_ACK,
	SIP_BYE,
	SIP_CANCEL,
	SIP_OPTIONS,
	SIP_REGISTER,
	SIP_PRACK,
	SIP_UPDATE,
	SIP_INFO,
	SIP_REFER,
	SIP_NOTIFY,
	SIP_SUBSCRIBE,
	SIP_MESSAGE,
	SIP_PUBLISH,
	SIP_METHOD_OTHER, /* a valid token that is none of these */
};

enum sip_method sip_method_of(struct str name);

/* The name of a method; empty for SIP_METHOD_OTHER. */
struct str sip_method_name(enum sip_method method);

#endif
