#include "core/attempt_target.h"

#include <string.h>

/* Without printf: each call has its targets written several times. Cut off at the end, as snprintf() does. */
struct target {
	char *at, *end; /* the NUL's place at most */
};

static void put(struct target *t, const char *text)
{
	size_t room = (size_t)(t->end - t->at), len = strlen(text);

	if (len > room)
		len = room;
	memcpy(t->at, text, len);
	t->at += len;
	*t->at = '\0';
}

static void put_number(struct target *t, unsigned n)
{
	char text[12], *at = text + sizeof(text) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	put(t, at);
}

static void uri_write(const struct attempt *a, struct target *t)
{
	const char *host = a->address.host ? a->address.host : "";
	bool v6 = strchr(host, ':') != NULL;

	put(t, "sip:");
	if (a->text) {
		put(t, a->text);
		put(t, "@");
	}
	put(t, v6 ? "[" : "");
	put(t, host);
	put(t, v6 ? "]" : "");
	if (a->address.port) {
		put(t, ":");
		put_number(t, a->address.port);
	}
	put(t, ";transport=");
	put(t, transport_word(a->address.transport));
}

static void response_write(const struct attempt *a, struct target *t)
{
	put_number(t, a->status);
	if (a->text) {
		put(t, " ");
		put(t, a->text);
	}
}

static void account_write(const struct attempt *a, struct target *t)
{
	char id[UUID_ID_SIZE];

	uuid_format_id("trk", &a->trunk_id, id);
	put(t, id);
	put(t, "/");
	put(t, sip_account_role_word(a->role));
}

void attempt_target(const struct attempt *attempt, char out[ATTEMPT_TARGET_SIZE])
{
	struct target t = {out, out + ATTEMPT_TARGET_SIZE - 1};

	*out = '\0';
	if (attempt->stranger) {
		e164_format(attempt->stranger, out);
		return;
	}
	switch (attempt->kind) {
	case ATTEMPT_SIP_ACCOUNT:
		account_write(attempt, &t);
		break;
	case ATTEMPT_BACKUP_PBX:
	case ATTEMPT_PEER:
	case ATTEMPT_SIP_URI:
	case ATTEMPT_MEDIA:
		uri_write(attempt, &t);
		break;
	case ATTEMPT_REJECT:
		response_write(attempt, &t);
		break;
	default:
		if (attempt->text)
			put(&t, attempt->text);
		else
			e164_format(attempt->number, out);
		break;
	}
}
