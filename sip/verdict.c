/* The table of faults, as a table. */
#include "sip/verdict.h"

static const struct {
	const char *word;
	unsigned code;
	const char *reason;
} faults[SIP_FAULT_COUNT] = {
#define X(name, word, code, reason) [SIP_FAULT_##name] = {word, code, reason},
	SIP_FAULTS(X)
#undef X
};

const char *sip_fault_word(enum sip_fault fault)
{
	return faults[fault].word;
}

struct sip_verdict sip_verdict_of(enum sip_fault fault)
{
	struct sip_verdict v = {
		.kind = SIP_SCAN_DROP,
		.fault = fault,
		.reason = faults[fault].reason,
		.word = faults[fault].word,
	};

	if (fault == SIP_FAULT_NONE) {
		v.kind = SIP_SCAN_OK;
	} else if (fault == SIP_FAULT_CRLF || fault == SIP_FAULT_STUN) {
		v.kind = SIP_SCAN_KEEPALIVE;
	} else if (faults[fault].code) {
		v.kind = SIP_SCAN_REPLY;
		v.code = faults[fault].code;
	}
	return v;
}
