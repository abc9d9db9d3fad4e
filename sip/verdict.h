/*
 * What the scanner says about a datagram or framed message, and why. Each fault has a short
 * stable word for a counter and a log line, and the response that it deserves.
 */
#ifndef SIP_VERDICT_H
#define SIP_VERDICT_H

enum sip_verdict_kind {
	SIP_SCAN_OK,
	SIP_SCAN_REPLY, /* a bad request: sip_reply_write() can answer with .code .reason */
	SIP_SCAN_DROP, /* a bad response, a bad ACK, or no SIP at all */
	SIP_SCAN_KEEPALIVE, /* CRLF, zeros or STUN */
};

/* fault, word, response code, reason phrase (code 0: never answered) */
#define SIP_FAULTS(X)                                                                              \
	X(NONE, "ok", 0, "")                                                                       \
	X(CRLF, "crlf", 0, "")                                                                     \
	X(STUN, "stun", 0, "")                                                                     \
	X(BINARY, "binary", 0, "")                                                                 \
	X(TOO_LONG, "too_long", 513, "Message Too Large")                                          \
	X(TRUNCATED, "truncated", 400, "Missing Blank Line")                                       \
	X(START_LINE, "start_line", 400, "Bad Request Line")                                       \
	X(STATUS_LINE, "status_line", 0, "")                                                       \
	X(VERSION, "version", 505, "Version Not Supported")                                        \
	X(SCHEME, "scheme", 416, "Unsupported URI Scheme")                                         \
	X(REQUEST_URI, "request_uri", 400, "Bad Request-URI")                                      \
	X(LINE_END, "line_end", 400, "Bad Line End")                                               \
	X(LINE_TOO_LONG, "line_too_long", 400, "Header Too Long")                                  \
	X(CONTROL_OCTET, "control_octet", 400, "Control Octet In Header")                          \
	X(FOLD, "fold", 400, "Bad Header Folding")                                                 \
	X(HEADER_NAME, "header_name", 400, "Bad Header Name")                                      \
	X(TOO_MANY_HEADERS, "too_many_headers", 400, "Too Many Headers")                           \
	X(TOO_MANY_VALUES, "too_many_values", 400, "Too Many Values")                              \
	X(DUPLICATE, "duplicate_header", 400, "Duplicate Header")                                  \
	X(MISSING, "missing_header", 400, "Missing Header")                                        \
	X(VIA, "via", 400, "Bad Via")                                                              \
	X(BRANCH, "branch", 400, "Bad Via Branch")                                                 \
	X(VIA_ADDRESS, "via_address", 0, "")                                                       \
	X(FROM, "from", 400, "Bad From")                                                           \
	X(TO, "to", 400, "Bad To")                                                                 \
	X(CALL_ID, "call_id", 400, "Bad Call-ID")                                                  \
	X(CSEQ, "cseq", 400, "Bad CSeq")                                                           \
	X(CSEQ_MISMATCH, "cseq_mismatch", 400, "CSeq Method Mismatch")                             \
	X(MAX_FORWARDS, "max_forwards", 400, "Bad Max-Forwards")                                   \
	X(CONTACT, "contact", 400, "Bad Contact")                                                  \
	X(ROUTE, "route", 400, "Bad Route")                                                        \
	X(EXPIRES, "expires", 400, "Bad Expires")                                                  \
	X(CONTENT_LENGTH, "content_length", 400, "Bad Content-Length")                             \
	X(CONTENT_TYPE, "content_type", 400, "Bad Content-Type")

enum sip_fault {
#define X(name, word, code, reason) SIP_FAULT_##name,
	SIP_FAULTS(X)
#undef X
		SIP_FAULT_COUNT
};

struct sip_verdict {
	enum sip_verdict_kind kind;
	enum sip_fault fault;
	unsigned code; /* SIP_SCAN_REPLY: the response code, else 0 */
	const char *reason; /* static */
	const char *word; /* static, stable: a counter's label */
};

const char *sip_fault_word(enum sip_fault fault);

/* The verdict that a fault stands for, as far as it is known without the message. */
struct sip_verdict sip_verdict_of(enum sip_fault fault);

#endif
