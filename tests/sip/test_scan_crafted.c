/* One sound message, one thing changed, one verdict: what libosip2 takes too lightly (wrapped
 * numbers, octets that end a string early, two of what there is one of) and what is merely odd. */
#include "tests/sip/scan_rig.h"

static const char invite[] = "INVITE sip:+41445001234@192.0.2.10:5060;user=phone SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds;rport\r\n"
			     "Max-Forwards: 70\r\n"
			     "To: <sip:+41445001234@192.0.2.10>\r\n"
			     "From: \"A, B\" <sip:alice@atlanta.example>;tag=1928301774\r\n"
			     "Call-ID: a84b4c76e66710@pc33.atlanta.example\r\n"
			     "CSeq: 314159 INVITE\r\n"
			     "Contact: <sip:alice@192.0.2.1>\r\n"
			     "X-Note: nothing\r\n"
			     "Content-Type: application/sdp\r\n"
			     "Content-Length: 5\r\n"
			     "\r\n"
			     "v=0\r\n";

static const char registration[] = "REGISTER sip:pbx.example SIP/2.0\r\n"
				   "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnashds7\r\n"
				   "To: Bob <sip:bob@pbx.example>\r\n"
				   "From: Bob <sip:bob@pbx.example>;tag=456248\r\n"
				   "Call-ID: 843817637684230@998sdasdh09\r\n"
				   "CSeq: 1826 REGISTER\r\n"
				   "Contact: <sip:bob@192.0.2.4>\r\n"
				   "Expires: 7200\r\n"
				   "Content-Length: 0\r\n"
				   "\r\n";

static const char ringing[] =
	"SIP/2.0 180 Ringing\r\n"
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds;received=192.0.2.101\r\n"
	"To: <sip:bob@biloxi.example>;tag=a6c85cf\r\n"
	"From: Alice <sip:alice@atlanta.example>;tag=1928301774\r\n"
	"Call-ID: a84b4c76e66710@pc33.atlanta.example\r\n"
	"CSeq: 314159 INVITE\r\n"
	"Contact: <sip:bob@192.0.2.4>\r\n"
	"Content-Length: 0\r\n"
	"\r\n";

struct row {
	struct str old, new;
	const char *word;
};

#define ROW(old, new, word)                                                                        \
	{                                                                                          \
		STR(old), STR(new), word                                                           \
	}

/* clang-format off */
static const struct row invite_rows[] = {
	ROW("", "", "ok"),
	/* the start line */
	ROW("INVITE sip", "OPTIONS\r\nX-Inject: sip", "start_line"),
	ROW("INVITE sip", "INV\rITE sip", "start_line"),
	ROW("INVITE sip", "INVITE\tsip", "start_line"),
	ROW("INVITE sip", " INVITE sip", "binary"),
	ROW("INVITE sip", "IN<VITE sip", "start_line"),
	ROW("INVITE sip", "INVITE  sip", "start_line"),
	ROW("phone SIP/2.0", "phone", "start_line"),
	ROW("phone SIP/2.0", "phone SIP/7.0", "version"),
	ROW("phone SIP/2.0", "phone SIP/1.0", "version"),
	ROW("phone SIP/2.0", "phone SIP/2.00", "version"),
	ROW("phone SIP/2.0", "phone SIP/99999999999.0", "version"),
	ROW("phone SIP/2.0", "phone SIP/", "start_line"),
	ROW("phone SIP/2.0", "phone SIP/2", "start_line"),
	ROW("phone SIP/2.0", "phone SIP/2.", "start_line"),
	ROW("phone SIP/2.0", "phone SIP/.0", "start_line"),
	ROW("phone SIP/2.0", "phone SIP/2.0.0.0", "start_line"),
	ROW("phone SIP/2.0", "phone SIP /2.0", "start_line"),
	ROW("phone SIP/2.0", "phone HTTP/1.1", "start_line"),
	ROW("phone SIP/2.0", "phone sip/2.0", "ok"),
	ROW("phone SIP/2.0\r\n", "phone SIP/2.0\n", "line_end"),
	ROW("phone SIP/2.0\r\n", "phone SIP/2.0\r\n folded: x\r\n", "header_name"),
	/* the Request-URI */
	ROW("sip:+41445001234", "sip:alice%00evil", "request_uri"),
	ROW("sip:+41445001234", "sip:alice%zzevil", "request_uri"),
	ROW("sip:+41445001234", "sip:alice%0d%0aX:1", "request_uri"),
	ROW("sip:+41445001234", "sip:alice%7f", "request_uri"),
	ROW("sip:+41445001234", "sip:alice%2", "request_uri"),
	ROW("sip:+41445001234", "sip:al\0ce", "request_uri"),
	ROW("sip:+41445001234", "sip:al\xc3\xa9", "request_uri"),
	ROW("sip:+41445001234", "sip:al%c3%a9", "ok"),
	ROW("sip:+41445001234", "sip:", "request_uri"),
	ROW("sip:+41445001234", "sips:+41445001234", "ok"),
	ROW("sip:+41445001234", "http:+41445001234", "scheme"),
	ROW("sip:+41445001234@192.0.2.10:5060;user=phone", "tel:+41-44-500-12-34", "ok"),
	ROW("sip:+41445001234@192.0.2.10:5060;user=phone", "javascript:1", "scheme"),
	ROW("sip:+41445001234@192.0.2.10:5060;user=phone", "+41445001234", "request_uri"),
	ROW("sip:+41445001234@192.0.2.10:5060;user=phone", "<sip:x@192.0.2.10>", "request_uri"),
	ROW("sip:+41445001234@192.0.2.10:5060;user=phone", "*", "request_uri"),
	ROW("@192.0.2.10:5060", "@192.0.2.10:70000", "request_uri"),
	ROW("@192.0.2.10:5060", "@192.0.2.10:50x0", "request_uri"),
	ROW("@192.0.2.10:5060", "@192.0.2.10:0", "request_uri"),
	ROW("@192.0.2.10:5060", "@192.0.2.10:", "request_uri"),
	ROW("@192.0.2.10:5060", "@192.0.2.10:4294972356", "request_uri"),
	ROW("@192.0.2.10:5060", "@2001:db8::10", "request_uri"),
	ROW("@192.0.2.10:5060", "@[2001:db8::10", "request_uri"),
	ROW("@192.0.2.10:5060", "@[2001:db8::10]", "ok"),
	ROW("@192.0.2.10:5060", "@256.1.1.1", "request_uri"),
	ROW("@192.0.2.10:5060", "@2130706433", "request_uri"),
	ROW("@192.0.2.10:5060", "@a..b", "request_uri"),
	ROW(";user=phone SIP", ";user=phone? SIP", "request_uri"),
	ROW(";user=phone SIP", ";user=phone?Route=x SIP", "request_uri"),
	ROW(";user=phone SIP", ";; SIP", "request_uri"),
	ROW(";user=phone SIP", ";user=phone;user=ip SIP", "request_uri"),
	/* the structure of lines */
	ROW("X-Note: nothing", "\0: nothing", "control_octet"),
	ROW("X-Note: nothing", "X-Note: no\0thing", "control_octet"),
	ROW("X-Note: nothing", "X-Note: no\033[2Jthing", "control_octet"),
	ROW("X-Note: nothing", "X-Note: no\177thing", "control_octet"),
	ROW("X-Note: nothing", "X-Note: \"no\\\001thing\"", "control_octet"),
	ROW("X-Note: nothing", "X-Note\v: nothing", "control_octet"),
	ROW("X-Note: nothing", "X Note: nothing", "header_name"),
	ROW("X-Note: nothing", "X-Note nothing", "header_name"),
	ROW("X-Note: nothing", ": nothing", "header_name"),
	ROW("X-Note: nothing", "X-(Note): nothing", "header_name"),
	ROW("X-Note: nothing", "X-Note\xc2\xa0: nothing", "header_name"),
	ROW("X-Note: nothing", "X-Note: no\rthing", "line_end"),
	ROW("X-Note: nothing", "X-Note: no\nthing", "line_end"),
	ROW("X-Note: nothing", "X-Note: nothing\r\n \r\nFoo: x", "fold"),
	ROW("X-Note: nothing", "X-Note: nothing\r\n\t", "fold"),
	ROW("X-Note: nothing", "X-Note\r\n: nothing", "header_name"),
	ROW("X-Note: nothing", "X-Note: no\r\n thing", "ok"),
	ROW("X-Note: nothing", "X-Note:\r\n\tnothing", "ok"),
	ROW("X-Note: nothing", "X-Note: \xff\xfe\xc0\xaf", "ok"),
	ROW("X-Note: nothing", "X-Note: no\tthing", "ok"),
	ROW("X-Note: nothing", "X-Note:", "ok"),
	ROW("X-Note: nothing", "X-Note \t: nothing", "ok"),
	ROW("X-Note: nothing", "X-Note: ;;,,;;,;", "ok"),
	ROW("Content-Length: 5\r\n\r\nv=0\r\n", "Content-Length: 5\r\n", "truncated"),
	ROW("Content-Length: 5\r\n\r\nv=0\r\n", "Content-Length: 5\r\nv", "truncated"),
	/* headers that come once */
	ROW("X-Note: nothing", "To: <sip:x@192.0.2.10>", "duplicate_header"),
	ROW("X-Note: nothing", "t: <sip:x@192.0.2.10>", "duplicate_header"),
	ROW("X-Note: nothing", "FROM: <sip:x@192.0.2.10>;tag=1", "duplicate_header"),
	ROW("X-Note: nothing", "i: a84b4c76e66710@pc33.atlanta.example", "duplicate_header"),
	ROW("X-Note: nothing", "CSeq: 314159 INVITE", "duplicate_header"),
	ROW("X-Note: nothing", "Max-Forwards: 5", "duplicate_header"),
	ROW("X-Note: nothing", "l: 5", "duplicate_header"),
	ROW("X-Note: nothing", "c: text/plain", "duplicate_header"),
	ROW("X-Note: nothing", "Expires: 1\r\nExpires: 2", "duplicate_header"),
	ROW("X-Note: nothing", "x: 90\r\nSession-Expires: 1800", "duplicate_header"),
	/* headers that must be there */
	ROW("Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK776asdhds;rport\r\n", "", "missing_header"),
	ROW("To: <sip:+41445001234@192.0.2.10>\r\n", "", "missing_header"),
	ROW("Call-ID: a84b4c76e66710@pc33.atlanta.example\r\n", "", "missing_header"),
	ROW("CSeq: 314159 INVITE\r\n", "", "missing_header"),
	ROW("Max-Forwards: 70\r\n", "", "ok"),
	/* CSeq, Max-Forwards, Expires, Call-ID */
	ROW("CSeq: 314159", "CSeq: 12abc", "cseq"),
	ROW("CSeq: 314159", "CSeq: -1", "cseq"),
	ROW("CSeq: 314159", "CSeq: +1", "cseq"),
	ROW("CSeq: 314159", "CSeq: 0x10", "cseq"),
	ROW("CSeq: 314159", "CSeq: 2147483648", "cseq"),
	ROW("CSeq: 314159", "CSeq: 18446744073709551617", "cseq"),
	ROW("CSeq: 314159", "CSeq: 2147483647", "ok"),
	ROW("CSeq: 314159", "CSeq: 00000000000000000000001", "ok"),
	ROW("CSeq: 314159 INVITE", "CSeq: 314159", "cseq"),
	ROW("CSeq: 314159 INVITE", "CSeq: INVITE", "cseq"),
	ROW("CSeq: 314159 INVITE", "CSeq: 314159INVITE", "cseq"),
	ROW("CSeq: 314159 INVITE", "CSeq: 314159 INVITE x", "cseq"),
	ROW("CSeq: 314159 INVITE", "CSeq: 314159 invite", "cseq_mismatch"),
	ROW("CSeq: 314159 INVITE", "CSeq: 314159 BYE", "cseq_mismatch"),
	ROW("Forwards: 70", "Forwards: 7x", "max_forwards"),
	ROW("Forwards: 70", "Forwards: -1", "max_forwards"),
	ROW("Forwards: 70", "Forwards: 256", "max_forwards"),
	ROW("Forwards: 70", "Forwards: 4294967297", "max_forwards"),
	ROW("Forwards: 70", "Forwards:", "max_forwards"),
	ROW("Forwards: 70", "Forwards: 5, 6", "max_forwards"),
	ROW("Forwards: 70", "Forwards: 0", "ok"),
	ROW("Forwards: 70", "Forwards: 255 ", "ok"),
	ROW("X-Note: nothing", "Expires: -1", "expires"),
	ROW("X-Note: nothing", "Expires: soon", "expires"),
	ROW("X-Note: nothing", "Expires: 1e3", "expires"),
	ROW("X-Note: nothing", "Expires: 99999999999999999999", "ok"),
	ROW("Call-ID: a84b4c76e66710@pc33.atlanta.example", "Call-ID:", "call_id"),
	ROW("Call-ID: a84b4c76e66710@pc33.atlanta.example", "Call-ID: MTY=;a,b&c#|^$@x=", "ok"),
	ROW("Call-ID: a84b4c76e66710@pc33.atlanta.example", "Call-ID: a b", "call_id"),
	ROW("Call-ID: a84b4c76e66710@pc33.atlanta.example", "Call-ID: a@", "call_id"),
	ROW("Call-ID: a84b4c76e66710@pc33.atlanta.example", "Call-ID: @a", "call_id"),
	ROW("Call-ID: a84b4c76e66710@pc33.atlanta.example", "Call-ID: a@b@c", "call_id"),
	ROW("Call-ID: a84b4c76e66710@pc33.atlanta.example", "Call-ID: '; DROP TABLE calls;--", "call_id"),
	ROW("Call-ID: a84b4c76e66710@pc33.atlanta.example", "Call-ID: a\xe2\x80\xae", "call_id"),
	/* Content-Length and the body */
	ROW("Length: 5", "Length: -1", "content_length"),
	ROW("Length: 5", "Length: five", "content_length"),
	ROW("Length: 5", "Length: 5x", "content_length"),
	ROW("Length: 5", "Length: +5", "content_length"),
	ROW("Length: 5", "Length: 4294967301", "content_length"),
	ROW("Length: 5", "Length: 18446744073709551621", "content_length"),
	ROW("Length: 5", "Length: 6", "content_length"),
	ROW("Length: 5", "Length:", "content_length"),
	ROW("Length: 5", "Length: 5, 5", "content_length"),
	ROW("Length: 5", "Length: 4", "ok"),
	ROW("Length: 5", "Length: 005", "ok"),
	ROW("Content-Length: 5\r\n", "", "ok"),
	ROW("Content-Type: application/sdp\r\n", "", "content_type"),
	ROW("application/sdp\r", "\r", "content_type"),
	ROW("application/sdp\r", "application\r", "content_type"),
	ROW("application/sdp\r", "application/\r", "content_type"),
	ROW("application/sdp\r", "/sdp\r", "content_type"),
	ROW("application/sdp\r", "application/sdp, text/plain\r", "content_type"),
	ROW("application/sdp\r", "application/sdp;\r", "content_type"),
	ROW("application/sdp\r", "application/sdp;a=\"b\r", "content_type"),
	ROW("application/sdp\r", "multipart / mixed ; boundary=\"a;b\"; c=d\r", "ok"),
	ROW("Content-Type: application/sdp\r\nContent-Length: 5", "Content-Length: 0", "ok"),
	/* From and To */
	ROW(";tag=1928301774", ";tag=1;tag=2", "from"),
	ROW(";tag=1928301774", ";tag=", "from"),
	ROW(";tag=1928301774", ";tag", "from"),
	ROW(";tag=1928301774", ";tag=\"1\"", "from"),
	ROW(";tag=1928301774", ";tag=1@2", "from"),
	ROW(";tag=1928301774", ";tag=1;", "from"),
	ROW(";tag=1928301774", ",<sip:b@c.example>", "from"),
	ROW(";tag=1928301774", " x", "from"),
	ROW(";tag=1928301774", "", "ok"),
	ROW("\"A, B\"", "A, B", "from"),
	ROW("\"A, B\"", "\"A, B", "from"),
	ROW("\"A, B\"", "\"A\" B", "from"),
	ROW("\"A, B\"", "\"A\\\r\n B\"", "from"),
	ROW("\"A, B\"", "\"A\001B\"", "control_octet"),
	ROW("\"A, B\"", "\\\001", "from"),
	ROW("\"A, B\"", "\"A\\\001B\"", "ok"),
	ROW("\"A, B\"", "Andr\xc3\xa9", "ok"),
	ROW("<sip:alice@atlanta.example>", "<sip:alice@atlanta.example", "from"),
	ROW("<sip:alice@atlanta.example>", "<<sip:alice@atlanta.example>>", "from"),
	ROW("<sip:alice@atlanta.example>", "< sip:alice@atlanta.example>", "from"),
	ROW("<sip:alice@atlanta.example>", "<sip:alice@atlanta.example?a=b>", "from"),
	ROW("<sip:alice@atlanta.example>", "<>", "from"),
	ROW("To: <sip:+41445001234@192.0.2.10>", "To:", "to"),
	ROW("To: <sip:+41445001234@192.0.2.10>", "To: *", "to"),
	ROW("To: <sip:+41445001234@192.0.2.10>", "To: sip:a@b.example?x=y", "to"),
	ROW("To: <sip:+41445001234@192.0.2.10>", "To: sip:a@b.example;user=phone", "ok"),
	/* Via */
	ROW("SIP/2.0/UDP 192.0.2.1:5060", "SIP/3.0/UDP 192.0.2.1:5060", "via"),
	ROW("SIP/2.0/UDP 192.0.2.1:5060", "SIP/2.0/UDP", "via"),
	ROW("SIP/2.0/UDP 192.0.2.1:5060", "SIP/2.0 192.0.2.1:5060", "via"),
	ROW("SIP/2.0/UDP 192.0.2.1:5060", "SIP/2.0/UDP 2001:db8::1", "via"),
	ROW("SIP/2.0/UDP 192.0.2.1:5060", "SIP/2.0/UDP 192.0.2.1:65536", "via"),
	ROW("SIP/2.0/UDP 192.0.2.1:5060", "SIP/2.0/UDP 192.0.2.1 : 5060", "ok"),
	ROW("SIP/2.0/UDP 192.0.2.1:5060", "SIP / 2.0 / UDP [2001:db8::1]:5060", "ok"),
	ROW(";branch=z9hG4bK776asdhds", ";branch=z9hG4bK", "branch"),
	ROW(";branch=z9hG4bK776asdhds", ";branch=", "via"),
	ROW(";branch=z9hG4bK776asdhds", ";branch=a;branch=b", "via"),
	ROW(";branch=z9hG4bK776asdhds", ";branch=\"z9hG4bKa\"", "via"),
	ROW(";branch=z9hG4bK776asdhds", ";branch=a[b]", "via"),
	ROW(";branch=z9hG4bK776asdhds", ";received=evil", "via"),
	ROW(";branch=z9hG4bK776asdhds", ";received=", "via"),
	ROW(";branch=z9hG4bK776asdhds", ";maddr=a..b", "via"),
	ROW(";branch=z9hG4bK776asdhds", ";ttl=256", "via"),
	ROW(";rport\r\n", ";rport=0\r\n", "via"),
	ROW(";rport\r\n", ";rport=x\r\n", "via"),
	ROW(";rport\r\n", ";rport=\r\n", "via"),
	ROW(";rport\r\n", ";rport;\r\n", "via"),
	ROW(";rport\r\n", ",\r\n", "via"),
	ROW(";rport\r\n", ";rport\r\nVia:\r\n", "via"),
	ROW(";rport\r\n", ";rport\r\nVia: SIP/2.0/UDP 255.255.255.255\r\n", "ok"),
	/* Contact and routes */
	ROW("Contact: <sip:alice@192.0.2.1>", "Contact: *", "contact"),
	ROW("Contact: <sip:alice@192.0.2.1>", "Contact: *evil", "contact"),
	ROW("Contact: <sip:alice@192.0.2.1>", "Contact:", "contact"),
	ROW("Contact: <sip:alice@192.0.2.1>", "Contact: <sip:alice@192.0.2.1>,", "contact"),
	ROW("Contact: <sip:alice@192.0.2.1>", "Contact: ,<sip:alice@192.0.2.1>", "contact"),
	ROW("Contact: <sip:alice@192.0.2.1>", "Contact: sip:a@b.example?Route=x", "contact"),
	ROW("Contact: <sip:alice@192.0.2.1>", "Contact: <sip:a%00@192.0.2.1>", "contact"),
	ROW("X-Note: nothing", "Route: sip:192.0.2.10;lr", "route"),
	ROW("X-Note: nothing", "Route: <sip:192.0.2.10;lr?a=b>", "route"),
	ROW("X-Note: nothing", "Route:", "route"),
	ROW("X-Note: nothing", "Record-Route: <sip:a..b;lr>", "route"),
	ROW("X-Note: nothing", "Path: <sip:192.0.2.10;lr", "route"),
	ROW("X-Note: nothing", "Route: <sip:a.example;lr>,<sip:b.example;lr>", "ok"),
};

static const struct row registration_rows[] = {
	ROW("", "", "ok"),
	ROW("<sip:bob@192.0.2.4>\r\nExpires: 7200", "*\r\nExpires: 0", "ok"),
	ROW("<sip:bob@192.0.2.4>\r\nExpires: 7200", "*\r\nExpires: 1", "contact"),
	ROW("<sip:bob@192.0.2.4>\r\nExpires: 7200", "*", "contact"),
	ROW("<sip:bob@192.0.2.4>\r\nExpires: 7200", "*;q=1\r\nExpires: 0", "contact"),
	ROW("<sip:bob@192.0.2.4>\r\nExpires: 7200", "*evil\r\nExpires: 0", "contact"),
	ROW("<sip:bob@192.0.2.4>\r\nExpires: 7200", "*, <sip:a@b.example>\r\nExpires: 0", "contact"),
	ROW("<sip:bob@192.0.2.4>\r\nExpires: 7200", "*\r\nm: <sip:a@b.example>\r\nExpires: 0", "contact"),
	ROW("To: Bob <sip:bob@", "To: Bob <sip:alice%00bob@", "to"),
	ROW("Contact: <sip:bob@192.0.2.4>\r\n", "", "ok"),
};

static const struct row ringing_rows[] = {
	ROW("", "", "ok"),
	ROW("SIP/2.0 180", "sip/2.0 180", "ok"),
	ROW("180 Ringing", "180 ", "ok"),
	ROW("180 Ringing", "699 \xd0\x9d\xd0\xb5\xd1\x82", "ok"),
	ROW("180 Ringing", "180", "status_line"),
	ROW("180 Ringing", "099 Low", "status_line"),
	ROW("180 Ringing", "700 High", "status_line"),
	ROW("180 Ringing", "20 Short", "status_line"),
	ROW("180 Ringing", "2000 Long", "status_line"),
	ROW("180 Ringing", "-200 Minus", "status_line"),
	ROW("180 Ringing", "4294967496 Wrapped", "status_line"),
	ROW("180 Ringing", "4294967301 Wrapped", "status_line"),
	ROW("180 Ringing", "18x Odd", "status_line"),
	ROW("180 Ringing", " 180 Space", "status_line"),
	ROW("180 Ringing", "180 Ring\007ing", "status_line"),
	ROW("180 Ringing", "180 Ring\ring", "status_line"),
	ROW("SIP/2.0 180", "SIP/7.0 180", "status_line"),
	ROW("SIP/2.0 180", "SIP/2.0\t180", "status_line"),
	ROW("CSeq: 314159", "CSeq: 2147483648", "cseq"),
	ROW("SIP/2.0/UDP 192.0.2.1:", "SIP/2.0/UDP 255.255.255.255:", "via_address"),
	ROW("SIP/2.0/UDP 192.0.2.1:", "SIP/2.0/UDP 224.0.1.75:", "via_address"),
	ROW("Contact: <sip:bob@192.0.2.4>", "Contact: *", "contact"),
	ROW("Content-Length: 0", "Content-Length: 1", "content_length"),
	ROW("To: <sip:bob@biloxi.example>;tag=a6c85cf\r\n", "", "missing_header"),
};
/* clang-format on */

static struct rig r;

static void teardown(void)
{
	rig_free(&r);
}

/* The message with the first `old` replaced. */
static void scan_changed(const char *base, const struct row *row)
{
	static char text[4096];
	const char *at = strstr(base, row->old.p);
	size_t before = (size_t)(at - base), rest;

	ck_assert_msg(at != NULL, "no \"%s\" in the message", row->old.p);
	rest = strlen(at) - row->old.len;
	memcpy(text, base, before);
	memcpy(text + before, row->new.p, row->new.len);
	memcpy(text + before + row->new.len, at + row->old.len, rest);
	rig_free(&r);
	rig_scan(&r, (struct str){text, before + row->new.len + rest});
}

static void rows_check(const char *base, const struct row *rows, size_t count, bool request)
{
	for (size_t i = 0; i < count; i++) {
		enum sip_verdict_kind kind = request ? SIP_SCAN_REPLY : SIP_SCAN_DROP;

		scan_changed(base, &rows[i]);
		ck_assert_msg(strcmp(r.v.word, rows[i].word) == 0, "\"%s\" to \"%s\": %s, not %s",
			rows[i].old.p, rows[i].new.p, r.v.word, rows[i].word);
		if (strcmp(r.v.word, "ok") == 0)
			kind = SIP_SCAN_OK;
		else if (r.m.first[SIP_HDR_VIA] < 0)
			kind = SIP_SCAN_DROP;
		ck_assert_int_eq(r.v.kind, kind);
		ck_assert(kind == SIP_SCAN_REPLY ? r.v.code >= 400 : r.v.code == 0);
	}
}

START_TEST(a_changed_invite)
{
	rows_check(invite, invite_rows, sizeof(invite_rows) / sizeof(invite_rows[0]), true);
}
END_TEST

START_TEST(a_changed_register)
{
	rows_check(registration, registration_rows,
		sizeof(registration_rows) / sizeof(registration_rows[0]), true);
}
END_TEST

START_TEST(a_changed_response_is_dropped)
{
	rows_check(ringing, ringing_rows, sizeof(ringing_rows) / sizeof(ringing_rows[0]), false);
}
END_TEST

START_TEST(a_bad_ack_is_never_answered)
{
	static const struct row ack = ROW("INVITE sip", "ACK sip", "cseq_mismatch");

	scan_changed(invite, &ack);
	ck_assert_str_eq(r.v.word, "cseq_mismatch");
	ck_assert_int_eq(r.v.kind, SIP_SCAN_DROP);
}
END_TEST

START_TEST(expires_beyond_the_range_are_clamped)
{
	static const struct row row = ROW("7200", "99999999999999999999", "ok");

	scan_changed(registration, &row);
	ck_assert(r.m.has_expires);
	ck_assert_uint_eq(r.m.expires, UINT32_MAX);
}
END_TEST

START_TEST(what_is_no_sip)
{
	static const struct {
		struct str text;
		enum sip_verdict_kind kind;
		const char *word;
	} rows[] = {
		{STR(""), SIP_SCAN_DROP, "binary"},
		{STR("\r\n"), SIP_SCAN_KEEPALIVE, "crlf"},
		{STR("\r\n\r\n"), SIP_SCAN_KEEPALIVE, "crlf"},
		{STR("\n"), SIP_SCAN_KEEPALIVE, "crlf"},
		{STR("\0\0\0\0"), SIP_SCAN_KEEPALIVE, "crlf"},
		{STR("\0"), SIP_SCAN_KEEPALIVE, "crlf"},
		{STR("\0\0\0\0\0"), SIP_SCAN_DROP, "binary"},
		{STR("\0\1\0\0\x21\x12\xa4\x42"
		     "abcdefghijkl"),
			SIP_SCAN_KEEPALIVE, "stun"},
		{STR("\0\1\0\0\x21\x12\xa4\x43"
		     "abcdefghijkl"),
			SIP_SCAN_DROP, "binary"},
		{STR("\x80\0\0\1 rtp"), SIP_SCAN_DROP, "binary"},
		{STR("\x16\3\1\2\0\1"), SIP_SCAN_DROP, "binary"},
		{STR("jaK"), SIP_SCAN_DROP, "truncated"},
		{STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), SIP_SCAN_DROP, "start_line"},
		{STR("\r\n \r\n"), SIP_SCAN_DROP, "binary"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rig_free(&r);
		rig_scan(&r, rows[i].text);
		ck_assert_msg(strcmp(r.v.word, rows[i].word) == 0 && r.v.kind == rows[i].kind,
			"row %zu: %s", i, r.v.word);
	}
}
END_TEST

START_TEST(line_ends_in_front_of_a_message_are_skipped)
{
	static const struct row row = ROW("INVITE", "\r\n\r\nINVITE", "ok");

	scan_changed(invite, &row);
	ck_assert_str_eq(r.v.word, "ok");
	ck_assert_ptr_eq(r.m.buf, r.buf + 4);
	ck_assert_uint_eq(r.m.len, strlen(invite));
}
END_TEST

START_TEST(a_folded_identity_is_no_header)
{
	static const struct row row = ROW(
		"X-Note: nothing", "X-Note: x\r\n P-Asserted-Identity: <sip:a@b.example>", "ok");

	scan_changed(invite, &row);
	ck_assert_str_eq(r.v.word, "ok");
	ck_assert_int_lt(r.m.first[SIP_HDR_P_ASSERTED_IDENTITY], 0);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("scan_crafted", NULL, teardown, a_changed_invite, a_changed_register,
		a_changed_response_is_dropped, a_bad_ack_is_never_answered,
		expires_beyond_the_range_are_clamped, what_is_no_sip,
		line_ends_in_front_of_a_message_are_skipped, a_folded_identity_is_no_header);
}
