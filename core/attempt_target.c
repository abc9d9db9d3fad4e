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
	snprintf(out, ATTEMPT_TARGET_SIZE, "sip:%s%s%s%s%s%s;transport=%s", a->text ? a->text : "",
		a->text ? "@" : "", v6 ? "[" : "", host, v6 ? "]" : "", port,
		transport_word(a->address.transport));
}

static void response_write(const struct attempt *a, char out[ATTEMPT_TARGET_SIZE])
{
	snprintf(out, ATTEMPT_TARGET_SIZE, "%u%s%s", a->status, a->text ? " " : "",
		a->text ? a->text : "");
}

void attempt_target(const struct attempt *attempt, char out[ATTEMPT_TARGET_SIZE])
{
	char id[UUID_ID_SIZE];

	if (attempt->stranger) {
		e164_format(attempt->stranger, out);
		return;
	}
	switch (attempt->kind) {
	case ATTEMPT_SIP_ACCOUNT:
		uuid_format_id("trk", &attempt->trunk_id, id);
		snprintf(out, ATTEMPT_TARGET_SIZE, "%s/%s", id,
			sip_account_role_word(attempt->role));
		break;
	case ATTEMPT_BACKUP_PBX:
	case ATTEMPT_PEER:
	case ATTEMPT_SIP_URI:
	case ATTEMPT_MEDIA:
		uri_write(attempt, out);
		break;
	case ATTEMPT_REJECT:
		response_write(attempt, out);
		break;
	default:
		if (attempt->text)
			snprintf(out, ATTEMPT_TARGET_SIZE, "%s", attempt->text);
		else
			e164_format(attempt->number, out);
		break;
	}
}
