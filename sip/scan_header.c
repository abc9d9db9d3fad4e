/*
 * The structure of header lines: where each one starts and ends, its name, folds, and no octet
 * that a line must not hold. RFC 3261 7.3.1.
 */
#include "sip/lex.h"
#include "sip/scan_parts.h"

#include <endian.h>

typedef uint8_t octets __attribute__((vector_size(16)));
typedef char chars __attribute__((vector_size(16)));

static octets octets_load(const char *p)
{
	octets v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* The first lane that is set (0xff), 16 when there is none. */
static unsigned lane_first(octets v)
{
#ifdef __SSE2__
	unsigned mask = (unsigned)__builtin_ia32_pmovmskb128((chars)v);

	return mask ? (unsigned)__builtin_ctz(mask) : 16;
#else
	uint64_t half[2];

	memcpy(half, &v, sizeof(half));
	if (half[0])
		return (unsigned)__builtin_ctzll(le64toh(half[0])) / 8;
	return half[1] ? 8 + (unsigned)__builtin_ctzll(le64toh(half[1])) / 8 : 16;
#endif
}

/* The next control octet: 0x00 to 0x1f but HTAB, and 0x7f. */
static const char *next_control(const char *p, const char *end)
{
	while (end - p >= 16) {
		octets v = octets_load(p);
		unsigned lane = lane_first((octets)(v < 0x20) | (octets)(v == 0x7f));

		p += lane;
		if (lane < 16 && *p++ != '\t')
			return p - 1;
	}
	while (p < end && !lex_is(*p, LEX_CONTROL))
		p++;
	return p;
}

/* The first colon of a line. */
static const char *colon_find(const char *p, const char *end)
{
	unsigned lane = end - p >= 16 ? lane_first((octets)(octets_load(p) == ':')) : 16;

	return lane < 16 ? p + lane : memchr(p, ':', (size_t)(end - p));
}

/* A quoted pair may be any octet but CR and LF (RFC 3261 25.1); these are the headers whose
 * quoted strings are parsed afterwards, which finds it out when it was none. */
static bool may_escape(enum sip_hdr id)
{
	return id == SIP_HDR_FROM || id == SIP_HDR_TO || id == SIP_HDR_CONTACT;
}

/* The name in front of a colon: a token, which one in the list is by being found; white space
 * behind it is allowed. */
static bool name_take(struct sip_header *h, const char *p, const char *colon)
{
	while (colon > p && (colon[-1] == ' ' || colon[-1] == '\t'))
		colon--;
	h->name_len = (uint16_t)(colon - p);
	h->id = (uint8_t)sip_hdr_of(str_span(p, colon));
	return h->id != SIP_HDR_OTHER || (colon > p && lex_skip(p, colon, LEX_TOKEN) == colon);
}

static enum sip_fault header_take(
	struct sip_header *h, const char *buf, const char *p, const char *end)
{
	const char *colon, *value;

	if (end + 2 - p > SIP_IDENTITY_MAX)
		return SIP_FAULT_LINE_TOO_LONG;
	colon = colon_find(p, end);
	if (!colon || !name_take(h, p, colon))
		return SIP_FAULT_HEADER_NAME;
	if (end + 2 - p > SIP_LINE_MAX && h->id != SIP_HDR_IDENTITY)
		return SIP_FAULT_LINE_TOO_LONG;
	value = lex_lws(colon + 1, end);
	h->line = (uint16_t)(p - buf);
	h->value = (uint16_t)(value - buf);
	h->value_len = (uint16_t)(lex_trim(value, end) - value);
	h->end = (uint16_t)(end + 2 - buf);
	return SIP_FAULT_NONE;
}

/* A logical line with its folds. */
struct line {
	const char *end; /* its last CRLF; NULL: it is not to be used */
	const char *next; /* NULL: the message ends first */
	bool escapes; /* it has control octets behind backslashes */
};

static void line_take(struct scan *s, const char *p, struct line line)
{
	struct sip_msg *m = s->m;
	struct sip_header *h = &m->header[m->header_count];
	enum sip_fault fault;

	if (m->header_count == SIP_HEADERS_MAX)
		fault = SIP_FAULT_TOO_MANY_HEADERS;
	else
		fault = header_take(h, m->buf, p, line.end);
	if (!fault && line.escapes && !may_escape((enum sip_hdr)h->id))
		fault = SIP_FAULT_CONTROL_OCTET;
	if (fault) {
		scan_refuse(s, fault);
		return;
	}
	scan_value(s, (int)m->header_count++);
}

static bool is_crlf(const struct scan *s, const char *p)
{
	return s->end - p >= 2 && p[0] == '\r' && p[1] == '\n';
}

/* CRLF at p, then white space: behind it the line goes on. A fold with nothing behind it is
 * refused, because some would take it for the blank line. */
static const char *fold_scan(struct scan *s, const char *p, bool *dirty)
{
	for (p += 2; p < s->end && (*p == ' ' || *p == '\t');)
		p++;
	if (p < s->end && (*p == '\r' || *p == '\n')) {
		scan_refuse(s, SIP_FAULT_FOLD);
		*dirty = true;
	}
	s->m->folded = true;
	return p;
}

/* A line that has a control octet at `at` which is not simply its end: folded, or with what no
 * line may hold. */
static struct line odd_line(struct scan *s, const char *at)
{
	struct line line = {NULL, NULL, false};
	bool dirty = false;

	for (; at < s->end; at = next_control(at, s->end)) {
		enum sip_fault fault = SIP_FAULT_CONTROL_OCTET;

		if (is_crlf(s, at)) {
			if (s->end - at > 2 && (at[2] == ' ' || at[2] == '\t')) {
				at = fold_scan(s, at, &dirty);
				continue;
			}
			line.end = dirty ? NULL : at;
			line.next = at + 2;
			return line;
		}
		if (*at == '\r' || *at == '\n') {
			fault = SIP_FAULT_LINE_END;
		} else if (at[-1] == '\\') {
			line.escapes = true;
			at++;
			continue;
		}
		scan_refuse(s, fault);
		dirty = true;
		if (*at++ == '\n') {
			line.next = at;
			return line;
		}
	}
	return line;
}

static struct line line_find(struct scan *s, const char *p)
{
	const char *end = next_control(p, s->end);

	/* Behind a CRLF, white space would make it a fold. */
	if (s->end - end > 2 && end[0] == '\r' && end[1] == '\n' && end[2] != ' ' && end[2] != '\t')
		return (struct line){end, end + 2, false};
	return odd_line(s, end);
}

const char *scan_headers(struct scan *s, const char *p)
{
	struct sip_msg *m = s->m;

	m->headers_at = (size_t)(p - m->buf);
	while (p && p < s->end && !is_crlf(s, p)) {
		struct line line = line_find(s, p);

		if (line.end)
			line_take(s, p, line);
		p = line.next;
	}
	if (!p || p == s->end) {
		m->headers_end = m->len;
		return NULL;
	}
	m->headers_end = (size_t)(p - m->buf);
	return p + 2;
}
