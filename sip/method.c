/* Names of SIP methods. */
#include "sip/method.h"

static const struct str names[] = {
	[SIP_INVITE] = STR("INVITE"),
	[SIP_ACK] = STR("ACK"),
	[SIP_BYE] = STR("BYE"),
	[SIP_CANCEL] = STR("CANCEL"),
	[SIP_OPTIONS] = STR("OPTIONS"),
	[SIP_REGISTER] = STR("REGISTER"),
	[SIP_PRACK] = STR("PRACK"),
	[SIP_UPDATE] = STR("UPDATE"),
	[SIP_INFO] = STR("INFO"),
	[SIP_REFER] = STR("REFER"),
	[SIP_NOTIFY] = STR("NOTIFY"),
	[SIP_SUBSCRIBE] = STR("SUBSCRIBE"),
	[SIP_MESSAGE] = STR("MESSAGE"),
	[SIP_PUBLISH] = STR("PUBLISH"),
	[SIP_METHOD_OTHER] = STR(""),
};

enum sip_method sip_method_of(struct str name)
{
	for (unsigned i = 0; i < SIP_METHOD_OTHER; i++) {
		if (name.len == names[i].len && name.p[0] == names[i].p[0] &&
			memcmp(name.p, names[i].p, name.len) == 0)
			return (enum sip_method)i;
	}
	return SIP_METHOD_OTHER;
}

struct str sip_method_name(enum sip_method method)
{
	return names[method];
}
