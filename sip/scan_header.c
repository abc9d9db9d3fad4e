/*
 * The structure of header lines: where each one starts and ends, its name, folds, and no octet
 * that a line must not hold. RFC 3261 7.3.1.
 */
#include "sip/lex.h"
#include "sip/scan_parts.h"

#include <endian.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef uint8_t octets __attribute__((vector_size(16)));

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
	unsigned mask = (unsigned)_mm_movemask_epi8((__m128i)v);

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

/* A name in the list is a token by being found; white space before the colon is allowed. Returns
 * the colon. */
static const char *name_scan(struct scan *s, const char *p, const char *end, struct sip_header *h)
{
	const char *colon = colon_find(p, end), *stop = colon;

	if (!colon)
		return NULL;
	while (stop > p && (stop[-1] == ' ' || stop[-1] == '\t'))
		stop--;
	h->id = (uint8_t)sip_hdr_of(str_span(p, stop));
	if (h->id == SIP_HDR_OTHER && (stop == p || lex_skip(p, stop, LEX_TOKEN) != stop))
		return NULL;
	h->line = (uint16_t)(p - s->m->buf);
	h->name_len = (uint16_t)(stop - p);
	return colon;
}

/* One whole logical line, from p to its last CRLF at end. */
static void line_take(struct scan *s, const char *p, const char *end, bool escapes)
{
	struct sip_msg *m = s->m;
	struct sip_header *h = &m->header[m->header_count];
	const char *colon, *value;

	if (m->header_count == SIP_HEADERS_MAX) {
		scan_refuse(s, SIP_FAULT_TOO_MANY_HEADERS);
		return;
	}
	if (end + 2 - p > SIP_LINE_MAX) {
		scan_refuse(s, SIP_FAULT_LINE_TOO_LONG);
		return;
	}
	colon = name_scan(s, p, end, h);
	if (!colon) {
		scan_refuse(s, SIP_FAULT_HEADER_NAME);
		return;
	}
	if (escapes && !may_escape((enum sip_hdr)h->id)) {
		scan_refuse(s, SIP_FAULT_CONTROL_OCTET);
		return;
	}
	value = lex_lws(colon + 1, end);
	h->value = (uint16_t)(value - m->buf);
	h->value_len = (uint16_t)(lex_trim(value, end) - value);
	h->end = (uint16_t)(end + 2 - m->buf);
	m->header_count++;
	scan_value(s, (int)m->header_count - 1);
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

/*
 * A line that has a control octet at *end which is not simply its end: folded, or with what no
 * line may hold. Moves *end to the end; *end is NULL when the line is not to be used. Returns the
 * next line, NULL when the message ends first.
 */
static const char *odd_line(struct scan *s, const char **end, bool *escapes)
{
	const char *at = *end;
	bool dirty = false;

	for (;; at = next_control(at, s->end)) {
		enum sip_fault fault = SIP_FAULT_CONTROL_OCTET;

		*end = NULL;
		if (at == s->end)
			return NULL;
		if (is_crlf(s, at)) {
			if (s->end - at > 2 && (at[2] == ' ' || at[2] == '\t')) {
				at = fold_scan(s, at, &dirty);
				continue;
			}
			*end = dirty ? NULL : at;
			return at + 2;
		}
		if (*at == '\r' || *at == '\n') {
			fault = SIP_FAULT_LINE_END;
		} else if (at[-1] == '\\') {
			*escapes = true;
			at++;
			continue;
		}
		scan_refuse(s, fault);
		dirty = true;
		if (*at++ == '\n')
			return at;
	}
}

/* The CRLF that ends a line: with white space behind it, it would be a fold. */
static bool is_plain_end(const struct scan *s, const char *end)
{
	return s->end - end > 2 && end[0] == '\r' && end[1] == '\n' && end[2] != ' ' &&
	       end[2] != '\t';
}

const char *scan_headers(struct scan *s, const char *p)
{
	struct sip_msg *m = s->m;

	m->headers_at = (size_t)(p - m->buf);
	while (p && p < s->end && !is_crlf(s, p)) {
		const char *end = next_control(p, s->end), *next = end + 2;
		bool escapes = false;

		if (!is_plain_end(s, end))
			next = odd_line(s, &end, &escapes);
		if (end)
			line_take(s, p, end, escapes);
		p = next;
	}
	if (!p || p == s->end) {
		m->headers_end = m->len;
		return NULL;
	}
	m->headers_end = (size_t)(p - m->buf);
	return p + 2;
}
