/*
 * Names of header fields in a perfect hash of their length, first and last letter. Two names in
 * one slot do not compile (an initialiser overridden); a name with wrong letters fails its test.
 */
#include "sip/header.h"

/* id, name, its first and last letter */
#define NAMES(X)                                                                                   \
	X(ACCEPT_CONTACT, "Accept-Contact", 'a', 't')                                              \
	X(ALLOW, "Allow", 'a', 'w')                                                                \
	X(ALLOW_EVENTS, "Allow-Events", 'a', 's')                                                  \
	X(AUTHORIZATION, "Authorization", 'a', 'n')                                                \
	X(CALL_ID, "Call-ID", 'c', 'd')                                                            \
	X(CONTACT, "Contact", 'c', 't')                                                            \
	X(CONTENT_ENCODING, "Content-Encoding", 'c', 'g')                                          \
	X(CONTENT_LENGTH, "Content-Length", 'c', 'h')                                              \
	X(CONTENT_TYPE, "Content-Type", 'c', 'e')                                                  \
	X(CSEQ, "CSeq", 'c', 'q')                                                                  \
	X(DIVERSION, "Diversion", 'd', 'n')                                                        \
	X(EVENT, "Event", 'e', 't')                                                                \
	X(EXPIRES, "Expires", 'e', 's')                                                            \
	X(FROM, "From", 'f', 'm')                                                                  \
	X(HISTORY_INFO, "History-Info", 'h', 'o')                                                  \
	X(IDENTITY, "Identity", 'i', 'y')                                                          \
	X(IDENTITY_INFO, "Identity-Info", 'i', 'o')                                                \
	X(MAX_BREADTH, "Max-Breadth", 'm', 'h')                                                    \
	X(MAX_FORWARDS, "Max-Forwards", 'm', 's')                                                  \
	X(MIN_EXPIRES, "Min-Expires", 'm', 's')                                                    \
	X(MIN_SE, "Min-SE", 'm', 'e')                                                              \
	X(PATH, "Path", 'p', 'h')                                                                  \
	X(PRIVACY, "Privacy", 'p', 'y')                                                            \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 'p', 'e')                                      \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", 'p', 'n')                                    \
	X(PROXY_REQUIRE, "Proxy-Require", 'p', 'e')                                                \
	X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 'p', 'y')                                    \
	X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 'p', 'y')                                  \
	X(RACK, "RAck", 'r', 'k')                                                                  \
	X(REASON, "Reason", 'r', 'n')                                                              \
	X(RECORD_ROUTE, "Record-Route", 'r', 'e')                                                  \
	X(REFERRED_BY, "Referred-By", 'r', 'y')                                                    \
	X(REFER_TO, "Refer-To", 'r', 'o')                                                          \
	X(REJECT_CONTACT, "Reject-Contact", 'r', 't')                                              \
	X(REMOTE_PARTY_ID, "Remote-Party-ID", 'r', 'd')                                            \
	X(REPLACES, "Replaces", 'r', 's')                                                          \
	X(REQUEST_DISPOSITION, "Request-Disposition", 'r', 'n')                                    \
	X(REQUIRE, "Require", 'r', 'e')                                                            \
	X(RETRY_AFTER, "Retry-After", 'r', 'r')                                                    \
	X(ROUTE, "Route", 'r', 'e')                                                                \
	X(RSEQ, "RSeq", 'r', 'q')                                                                  \
	X(SERVER, "Server", 's', 'r')                                                              \
	X(SERVICE_ROUTE, "Service-Route", 's', 'e')                                                \
	X(SESSION_EXPIRES, "Session-Expires", 's', 's')                                            \
	X(SUBJECT, "Subject", 's', 't')                                                            \
	X(SUPPORTED, "Supported", 's', 'd')                                                        \
	X(TIMESTAMP, "Timestamp", 't', 'p')                                                        \
	X(TO, "To", 't', 'o')                                                                      \
	X(UNSUPPORTED, "Unsupported", 'u', 'd')                                                    \
	X(USER_AGENT, "User-Agent", 'u', 't')                                                      \
	X(VIA, "Via", 'v', 'a')                                                                    \
	X(WARNING, "Warning", 'w', 'g')                                                            \
	X(WWW_AUTHENTICATE, "WWW-Authenticate", 'w', 'e')

#define SLOTS 256
#define SLOT(len, first, last) (((len) + 9 * (unsigned)(first) + 61 * (unsigned)(last)) % SLOTS)

static const struct str names[SIP_HDR_COUNT] = {
#define X(id, name, first, last) [SIP_HDR_##id] = STR(name),
	NAMES(X)
#undef X
};

static const uint8_t slots[SLOTS] = {
#define X(id, name, first, last) [SLOT(sizeof(name) - 1, first, last)] = SIP_HDR_##id,
	NAMES(X)
#undef X
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

/* Octets with bit 5 set, which is all that upper and lower case differ in. It also makes CR equal
 * to "-", but a header line holds no CR. */
static uint64_t folded8(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word | 0x2020202020202020;
}

static uint32_t folded4(const char *p)
{
	uint32_t word;

	memcpy(&word, p, sizeof(word));
	return word | 0x20202020;
}

/* Words that overlap at the end spare a loop over the rest. */
static bool same(const char *a, const char *b, size_t len)
{
	if (len >= 8) {
		for (size_t i = 0; i + 8 < len; i += 8) {
			if (folded8(a + i) != folded8(b + i))
				return false;
		}
		return folded8(a + len - 8) == folded8(b + len - 8);
	}
	if (len >= 4)
		return folded4(a) == folded4(b) && folded4(a + len - 4) == folded4(b + len - 4);
	for (size_t i = 0; i < len; i++) {
		if ((a[i] | 0x20) != (b[i] | 0x20))
			return false;
	}
	return true;
}

static enum sip_hdr compact_of(struct str name)
{
	unsigned letter = str_empty(name) ? 26 : ((unsigned)name.p[0] | 0x20) - 'a';

	return letter < 26 ? (enum sip_hdr)compact[letter] : SIP_HDR_OTHER;
}

enum sip_hdr sip_hdr_of(struct str name)
{
	unsigned first, last, id;

	if (name.len < 2)
		return compact_of(name);
	first = (unsigned char)name.p[0] | 0x20;
	last = (unsigned char)name.p[name.len - 1] | 0x20;
	id = slots[SLOT((unsigned)name.len, first, last)];
	if (name.len != names[id].len || !same(name.p, names[id].p, name.len))
		return SIP_HDR_OTHER;
	return (enum sip_hdr)id;
}
