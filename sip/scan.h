/*
 * The strict scanner in front of everything: one pass over the received octets, no allocation,
 * linear time, and the table of header positions that it leaves is the worker's message. What it
 * accepts is understood: line structure, single headers, numbers, URIs, Via, From, To, Contact
 * and Route are checked by the grammar of RFC 3261; other headers only for line structure and
 * octets. Folds are allowed where the RFC allows them and are undone by sip/splice.h.
 *
 * All slices point into the caller's buffer, which must outlive the sip_msg. Display names,
 * reason phrases and other free text may hold octets >= 0x80 that are not UTF-8 and, in a quoted
 * string after a backslash, control octets: escape them before they go to a log or a database.
 * Call-ID, tags, branch, methods, user and host parts are printable ASCII without spaces.
 */
#ifndef SIP_SCAN_H
#define SIP_SCAN_H

#include "sip/addr.h"
#include "sip/header.h"
#include "sip/method.h"
#include "sip/verdict.h"
#include "sip/via.h"

#define SIP_DATAGRAM_MAX 8192
#define SIP_STREAM_MAX 16384
#define SIP_HEADERS_MAX 64
#define SIP_LINE_MAX 2048
#define SIP_IDENTITY_MAX 5120 /* a PASSporT with a long claim (RFC 8224): the one longer line */
#define SIP_CONTACTS_MAX 16
#define SIP_VIAS_MAX 64 /* also of Route and of Record-Route values */
#define SIP_COMMAS_MAX 128
#define SIP_SEMICOLONS_MAX 256

/* Offsets into sip_msg.buf. */
struct sip_header {
	uint16_t line; /* of the name's first octet */
	uint16_t name_len;
	uint16_t value;
	uint16_t value_len; /* trimmed; may hold folds */
	uint16_t end; /* after the CRLF */
	uint8_t id; /* enum sip_hdr */
};

struct sip_msg {
	const char *buf; /* the first octet of the start line */
	size_t len; /* to the end of the body: octets after it are not part of the message */
	size_t headers_at; /* offset of the first header line */
	size_t headers_end; /* offset of the blank line */
	bool request;
	bool folded; /* some header has a fold */
	bool contact_star; /* "Contact: *" */
	bool has_expires;
	bool via_ok, from_ok, to_ok; /* false only beside a verdict other than OK */

	enum sip_method method; /* of a response: from CSeq */
	struct str method_name;
	enum sip_method cseq_method;
	struct sip_uri ruri; /* ruri.all is the text */
	unsigned status; /* 0 for a request */
	struct str reason;

	struct str call_id;
	uint32_t cseq;
	int max_forwards; /* -1: absent */
	uint32_t expires; /* clamped to UINT32_MAX */
	struct sip_addr contact; /* the first; .all is empty without one and for "*" */
	unsigned via_count, contact_count; /* values, not lines; so are the next */
	unsigned route_count, record_route_count, path_count;
	struct str body;

	unsigned header_count;
	int8_t first[SIP_HDR_COUNT]; /* index into header[], -1: none */

	/* Not initialised before they are found; every message with the verdict OK has them. */
	struct sip_via via; /* the topmost */
	struct sip_addr from, to;
	struct sip_header header[SIP_HEADERS_MAX];
};

/* A datagram of up to SIP_DATAGRAM_MAX octets. *m is usable by sip_reply_write() also when the
 * verdict is SIP_SCAN_REPLY; nothing else may be read then. */
void sip_scan(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v);

/* The same for one message that sip_frame() cut from a stream, up to SIP_STREAM_MAX octets. */
void sip_scan_stream(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v);

/* The same for a message that passed before, kept as its m->buf to m->len: over UDP one may go
 * without a Content-Length, whatever transport it is on next. */
void sip_scan_kept(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v);

/*
 * How many octets the first message of a stream takes; *msg_len is 0 when more are needed. A run
 * of CRLF in front is cut off as a message of its own (sip_scan_stream() calls it a keep-alive).
 * EBADMSG: the framing cannot be trusted, close the connection; *word says why.
 */
int sip_frame(const char *buf, size_t len, size_t *msg_len, const char **word);

/* The next header line of the same id after index i, -1 at the end. */
int sip_msg_next(const struct sip_msg *m, int i);

static inline int sip_msg_first(const struct sip_msg *m, enum sip_hdr id)
{
	return m->first[id];
}

/* The value of header line i. */
static inline struct str sip_msg_value(const struct sip_msg *m, int i)
{
	return (struct str){m->buf + m->header[i].value, m->header[i].value_len};
}

/* The value of the first header of that id; empty when there is none. */
static inline struct str sip_msg_get(const struct sip_msg *m, enum sip_hdr id)
{
	return m->first[id] < 0 ? (struct str){NULL, 0} : sip_msg_value(m, m->first[id]);
}

#endif
