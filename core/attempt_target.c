#include "core/attempt_target.h"

#include <stdio.h>
#include <string.h>

static void uri_write(const struct attempt *a, char out[ATTEMPT_TARGET_SIZE])
{
	const char *host = a->address.host ? a->address.host : "";
	bool v6 = strchr(host, ':') != NULL;
	char port[8] = "";

	if (a->address.port != 0)
		snprintf(port, sizeof(port), ":%u", a->address.port);
	snprintf(out, ATTEMPT_TARGET_SIZE, "sip:%s%s%s%s;transport=%s", v6 ? "[" : "", host,
		v6 ? "]" : "", port, transport_word(a->address.transport));
}

void attempt_target(
	const struct plan *plan, const struct attempt *attempt, char out[ATTEMPT_TARGET_SIZE])
{
	char id[UUID_ID_SIZE];

	switch (attempt->kind) {
	case ATTEMPT_SIP_ACCOUNT:
		uuid_format_id("trk", &plan->trunk_id, id);
		snprintf(out, ATTEMPT_TARGET_SIZE, "%s/%s", id,
			sip_account_role_word(attempt->role));
		break;
	case ATTEMPT_BACKUP_PBX:
		uri_write(attempt, out);
		break;
	default:
		e164_format(attempt->number, out);
		break;
	}
}
