/* Names of header fields, found by their length first. */
#include "sip/header.h"

static const struct str names[SIP_HDR_COUNT] = {
	[SIP_HDR_ACCEPT_CONTACT] = STR("Accept-Contact"),
	[SIP_HDR_ALLOW] = STR("Allow"),
	[SIP_HDR_ALLOW_EVENTS] = STR("Allow-Events"),
	[SIP_HDR_AUTHORIZATION] = STR("Authorization"),
	[SIP_HDR_CALL_ID] = STR("Call-ID"),
	[SIP_HDR_CONTACT] = STR("Contact"),
	[SIP_HDR_CONTENT_ENCODING] = STR("Content-Encoding"),
	[SIP_HDR_CONTENT_LENGTH] = STR("Content-Length"),
	[SIP_HDR_CONTENT_TYPE] = STR("Content-Type"),
	[SIP_HDR_CSEQ] = STR("CSeq"),
	[SIP_HDR_DIVERSION] = STR("Diversion"),
	[SIP_HDR_EVENT] = STR("Event"),
	[SIP_HDR_EXPIRES] = STR("Expires"),
	[SIP_HDR_FROM] = STR("From"),
	[SIP_HDR_HISTORY_INFO] = STR("History-Info"),
	[SIP_HDR_IDENTITY] = STR("Identity"),
	[SIP_HDR_IDENTITY_INFO] = STR("Identity-Info"),
	[SIP_HDR_MAX_BREADTH] = STR("Max-Breadth"),
	[SIP_HDR_MAX_FORWARDS] = STR("Max-Forwards"),
	[SIP_HDR_MIN_EXPIRES] = STR("Min-Expires"),
	[SIP_HDR_MIN_SE] = STR("Min-SE"),
	[SIP_HDR_PATH] = STR("Path"),
	[SIP_HDR_PRIVACY] = STR("Privacy"),
	[SIP_HDR_PROXY_AUTHENTICATE] = STR("Proxy-Authenticate"),
	[SIP_HDR_PROXY_AUTHORIZATION] = STR("Proxy-Authorization"),
	[SIP_HDR_PROXY_REQUIRE] = STR("Proxy-Require"),
	[SIP_HDR_P_ASSERTED_IDENTITY] = STR("P-Asserted-Identity"),
	[SIP_HDR_P_PREFERRED_IDENTITY] = STR("P-Preferred-Identity"),
	[SIP_HDR_RACK] = STR("RAck"),
	[SIP_HDR_REASON] = STR("Reason"),
	[SIP_HDR_RECORD_ROUTE] = STR("Record-Route"),
	[SIP_HDR_REFERRED_BY] = STR("Referred-By"),
	[SIP_HDR_REFER_TO] = STR("Refer-To"),
	[SIP_HDR_REJECT_CONTACT] = STR("Reject-Contact"),
	[SIP_HDR_REMOTE_PARTY_ID] = STR("Remote-Party-ID"),
	[SIP_HDR_REPLACES] = STR("Replaces"),
	[SIP_HDR_REQUEST_DISPOSITION] = STR("Request-Disposition"),
	[SIP_HDR_REQUIRE] = STR("Require"),
	[SIP_HDR_RETRY_AFTER] = STR("Retry-After"),
	[SIP_HDR_ROUTE] = STR("Route"),
	[SIP_HDR_RSEQ] = STR("RSeq"),
	[SIP_HDR_SERVER] = STR("Server"),
	[SIP_HDR_SERVICE_ROUTE] = STR("Service-Route"),
	[SIP_HDR_SESSION_EXPIRES] = STR("Session-Expires"),
	[SIP_HDR_SUBJECT] = STR("Subject"),
	[SIP_HDR_SUPPORTED] = STR("Supported"),
	[SIP_HDR_TIMESTAMP] = STR("Timestamp"),
	[SIP_HDR_TO] = STR("To"),
	[SIP_HDR_UNSUPPORTED] = STR("Unsupported"),
	[SIP_HDR_USER_AGENT] = STR("User-Agent"),
	[SIP_HDR_VIA] = STR("Via"),
	[SIP_HDR_WARNING] = STR("Warning"),
	[SIP_HDR_WWW_AUTHENTICATE] = STR("WWW-Authenticate"),
};

/* The names of each length, the usual ones first; SIP_HDR_OTHER ends a row. */
#define LONGEST 20
#define SAME_LENGTH 7

static const uint8_t of_length[LONGEST + 1][SAME_LENGTH + 1] = {
	[2] = {SIP_HDR_TO},
	[3] = {SIP_HDR_VIA},
	[4] = {SIP_HDR_FROM, SIP_HDR_CSEQ, SIP_HDR_PATH, SIP_HDR_RACK, SIP_HDR_RSEQ},
	[5] = {SIP_HDR_ROUTE, SIP_HDR_ALLOW, SIP_HDR_EVENT},
	[6] = {SIP_HDR_MIN_SE, SIP_HDR_REASON, SIP_HDR_SERVER},
	[7] = {SIP_HDR_CALL_ID, SIP_HDR_CONTACT, SIP_HDR_PRIVACY, SIP_HDR_EXPIRES, SIP_HDR_REQUIRE,
		SIP_HDR_SUBJECT, SIP_HDR_WARNING},
	[8] = {SIP_HDR_IDENTITY, SIP_HDR_REFER_TO, SIP_HDR_REPLACES},
	[9] = {SIP_HDR_SUPPORTED, SIP_HDR_DIVERSION, SIP_HDR_TIMESTAMP},
	[10] = {SIP_HDR_USER_AGENT},
	[11] = {SIP_HDR_MAX_BREADTH, SIP_HDR_MIN_EXPIRES, SIP_HDR_REFERRED_BY, SIP_HDR_RETRY_AFTER,
		SIP_HDR_UNSUPPORTED},
	[12] = {SIP_HDR_MAX_FORWARDS, SIP_HDR_CONTENT_TYPE, SIP_HDR_RECORD_ROUTE,
		SIP_HDR_ALLOW_EVENTS, SIP_HDR_HISTORY_INFO},
	[13] = {SIP_HDR_AUTHORIZATION, SIP_HDR_IDENTITY_INFO, SIP_HDR_PROXY_REQUIRE,
		SIP_HDR_SERVICE_ROUTE},
	[14] = {SIP_HDR_CONTENT_LENGTH, SIP_HDR_ACCEPT_CONTACT, SIP_HDR_REJECT_CONTACT},
	[15] = {SIP_HDR_SESSION_EXPIRES, SIP_HDR_REMOTE_PARTY_ID},
	[16] = {SIP_HDR_CONTENT_ENCODING, SIP_HDR_WWW_AUTHENTICATE},
	[18] = {SIP_HDR_PROXY_AUTHENTICATE},
	[19] = {SIP_HDR_P_ASSERTED_IDENTITY, SIP_HDR_PROXY_AUTHORIZATION,
		SIP_HDR_REQUEST_DISPOSITION},
	[20] = {SIP_HDR_P_PREFERRED_IDENTITY},
};

/* IANA registry of SIP header fields: compact forms. */
static const uint8_t compact[26] = {
	['a' - 'a'] = SIP_HDR_ACCEPT_CONTACT,
	['b' - 'a'] = SIP_HDR_REFERRED_BY,
	['c' - 'a'] = SIP_HDR_CONTENT_TYPE,
	['d' - 'a'] = SIP_HDR_REQUEST_DISPOSITION,
	['e' - 'a'] = SIP_HDR_CONTENT_ENCODING,
	['f' - 'a'] = SIP_HDR_FROM,
	['i' - 'a'] = SIP_HDR_CALL_ID,
	['j' - 'a'] = SIP_HDR_REJECT_CONTACT,
	['k' - 'a'] = SIP_HDR_SUPPORTED,
	['l' - 'a'] = SIP_HDR_CONTENT_LENGTH,
	['m' - 'a'] = SIP_HDR_CONTACT,
	['n' - 'a'] = SIP_HDR_IDENTITY_INFO,
	['o' - 'a'] = SIP_HDR_EVENT,
	['r' - 'a'] = SIP_HDR_REFER_TO,
	['s' - 'a'] = SIP_HDR_SUBJECT,
	['t' - 'a'] = SIP_HDR_TO,
	['u' - 'a'] = SIP_HDR_ALLOW_EVENTS,
	['v' - 'a'] = SIP_HDR_VIA,
	['x' - 'a'] = SIP_HDR_SESSION_EXPIRES,
	['y' - 'a'] = SIP_HDR_IDENTITY,
};

/* Eight octets with bit 5 set, which is all that upper and lower case differ in. It also makes
 * CR equal to "-", but a name is a token and has none. */
static uint64_t folded(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word | 0x2020202020202020;
}

static bool same(const char *a, const char *b, size_t len)
{
	if (len < 8) {
		for (size_t i = 0; i < len; i++) {
			if ((a[i] | 0x20) != (b[i] | 0x20))
				return false;
		}
		return true;
	}
	for (size_t i = 0; i < len - 8; i += 8) {
		if (folded(a + i) != folded(b + i))
			return false;
	}
	return folded(a + len - 8) == folded(b + len - 8);
}

enum sip_hdr sip_hdr_of(struct str name)
{
	const uint8_t *id;

	if (name.len == 1) {
		unsigned letter = (unsigned)(name.p[0] | 0x20) - 'a';

		return letter < 26 ? (enum sip_hdr)compact[letter] : SIP_HDR_OTHER;
	}
	if (name.len > LONGEST)
		return SIP_HDR_OTHER;
	for (id = of_length[name.len]; *id != SIP_HDR_OTHER; id++) {
		if ((name.p[0] | 0x20) == (names[*id].p[0] | 0x20) &&
			same(name.p, names[*id].p, name.len))
			return (enum sip_hdr) * id;
	}
	return SIP_HDR_OTHER;
}

struct str sip_hdr_name(enum sip_hdr id)
{
	return names[id];
}
