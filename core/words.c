#include "core/words.h"

#include <stddef.h>
#include <string.h>

static const char *word_of(const char *const *table, unsigned count, unsigned value)
{
	return value < count ? table[value] : "";
}

static int value_of(const char *const *table, unsigned count, const char *word)
{
	for (unsigned i = 0; word && i < count; i++)
		if (!strcmp(table[i], word))
			return (int)i;
	return -1;
}

/* A table, its reader and its writer. */
#define WORDS(noun, type, count, ...)                                                              \
	static const char *const noun##_words[count] = {__VA_ARGS__};                              \
	const char *noun##_word(type v)                                                            \
	{                                                                                          \
		return word_of(noun##_words, count, (unsigned)v);                                  \
	}                                                                                          \
	int noun##_parse(const char *word)                                                         \
	{                                                                                          \
		return value_of(noun##_words, count, word);                                        \
	}

WORDS(transport, enum transport, TRANSPORT_COUNT, "udp", "tcp", "tls")
WORDS(auth_mode, enum auth_mode, AUTH_MODE_COUNT, "registration", "ip")
WORDS(sip_account_role, enum sip_account_role, ROLE_COUNT, "primary", "secondary")
WORDS(ha_mode, enum ha_mode, HA_MODE_COUNT, "only_primary", "load_balancing", "auto_failover",
	"load_balancing_healthy")
WORDS(did_delivery, enum did_delivery, DID_DELIVERY_COUNT, "request_uri", "to")
WORDS(call_direction, enum call_direction, CALL_DIRECTION_COUNT, "inbound", "outbound")
WORDS(incoming_action, enum incoming_action, INCOMING_ACTION_COUNT, "ring", "ring_then_forward")
WORDS(calling_party_display, enum calling_party_display, DISPLAY_COUNT, "caller", "caller_number",
	"called_number", "fixed")
static const char *const trigger_words[TRIGGER_COUNT] = {"not_registered", "no_response",
	"capacity", "server_error", "auth_required", "timeout", "not_found", "unreachable", "busy",
	"rejected", "no_answer"};
WORDS(disposition, enum disposition, DISPOSITION_COUNT, "ANSWERED", "BUSY", "REJECTED", "NO_ANSWER",
	"CANCELLED", "CONGESTION")
WORDS(cause, enum cause, CAUSE_COUNT, "NORMAL", "FAREND_REQUIRE_AUTH", "FAREND_CONNECTION_ERROR",
	"FAREND_RESPONSE", "NOT_REGISTERED", "CAPACITY", "FAREND_BUSY", "FAREND_REJECTED",
	"NO_ANSWER", "CALLER", "DESTINATION_DENIED")

const char *trigger_word(enum trigger t)
{
	return t == TRIGGER_DENIED ? "destination_denied"
				   : word_of(trigger_words, TRIGGER_COUNT, (unsigned)t);
}

int trigger_parse(const char *word)
{
	return value_of(trigger_words, TRIGGER_COUNT, word);
}

enum trigger trigger_of_response(unsigned status)
{
	switch (status) {
	case 401:
	case 407:
		return TRIGGER_AUTH_REQUIRED;
	case 404:
	case 410:
	case 604:
		return TRIGGER_NOT_FOUND;
	case 408:
		return TRIGGER_TIMEOUT;
	case 486:
	case 600:
		return TRIGGER_BUSY;
	case 487: /* the answer to a CANCEL */
	case 607: /* unwanted, RFC 8197 */
	case 608: /* rejected by an analytics engine, RFC 8688 */
		return TRIGGER_NONE;
	default:
		break;
	}
	if (status < 300 || status > 699)
		return TRIGGER_NONE;
	return status >= 500 && status < 600 ? TRIGGER_SERVER_ERROR : TRIGGER_REJECTED;
}

/* The table of behaviour.md, "Records"; then what was answered, and what the destination rules deny. */
static const struct {
	enum disposition disposition;
	enum cause cause;
} of_trigger[] = {
	[TRIGGER_NOT_REGISTERED] = {DISPOSITION_CONGESTION, CAUSE_NOT_REGISTERED},
	[TRIGGER_NO_RESPONSE] = {DISPOSITION_CONGESTION, CAUSE_FAREND_CONNECTION_ERROR},
	[TRIGGER_CAPACITY] = {DISPOSITION_CONGESTION, CAUSE_CAPACITY},
	[TRIGGER_SERVER_ERROR] = {DISPOSITION_CONGESTION, CAUSE_FAREND_RESPONSE},
	[TRIGGER_AUTH_REQUIRED] = {DISPOSITION_CONGESTION, CAUSE_FAREND_REQUIRE_AUTH},
	[TRIGGER_TIMEOUT] = {DISPOSITION_CONGESTION, CAUSE_FAREND_RESPONSE},
	[TRIGGER_NOT_FOUND] = {DISPOSITION_CONGESTION, CAUSE_FAREND_RESPONSE},
	[TRIGGER_UNREACHABLE] = {DISPOSITION_CONGESTION, CAUSE_FAREND_CONNECTION_ERROR},
	[TRIGGER_BUSY] = {DISPOSITION_BUSY, CAUSE_FAREND_BUSY},
	[TRIGGER_REJECTED] = {DISPOSITION_REJECTED, CAUSE_FAREND_REJECTED},
	[TRIGGER_NO_ANSWER] = {DISPOSITION_NO_ANSWER, CAUSE_NO_ANSWER},
	[TRIGGER_NONE] = {DISPOSITION_ANSWERED, CAUSE_NORMAL},
	[TRIGGER_DENIED] = {DISPOSITION_REJECTED, CAUSE_DESTINATION_DENIED},
};

enum disposition disposition_of(enum trigger t)
{
	return of_trigger[t <= TRIGGER_DENIED ? t : TRIGGER_NONE].disposition;
}

enum cause cause_of(enum trigger t)
{
	return of_trigger[t <= TRIGGER_DENIED ? t : TRIGGER_NONE].cause;
}
