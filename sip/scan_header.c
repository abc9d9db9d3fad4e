/*
 * The structure of header lines: where each one starts and ends, its name, folds, and no octet
 * that a line must not hold. RFC 3261 7.3.1.
 */
#include "sip/lex.h"
#include "sip/scan_parts.h"

#include <endian.h>

#define EACH_OCTET 0x0101010101010101u

/* What a walk over one logical line found. */
struct line {
	const char *start;
	const char *colon; /* NULL: no name, or no colon behind it */
	const char *name_end;
	const char *end; /* before the CRLF; NULL: the message ends first */
	const char *next; /* after the CRLF */
	bool dirty; /* holds what no header may hold: kept out of the table */
	bool escaped_control; /* a control octet behind a backslash */
};

/*
 * The next control octet (0x00 to 0x1f but HTAB, and 0x7f), eight octets at a time: an octet
 * below 0x20 borrows when 0x20 is taken from it, 0x7f becomes zero by exclusive or. Octets behind
 * the first hit may be reported wrongly, so only the lowest one is used.
 */
static const char *next_control(const char *p, const char *end)
{
	while (end - p >= 8) {
		uint64_t word, low, del;

		memcpy(&word, p, sizeof(word));
		word = le64toh(word);
		del = word ^ 0x7f * EACH_OCTET;
		low = (word - 0x20 * EACH_OCTET) & ~word;
		del = (del - EACH_OCTET) & ~del;
		low = (low | del) & 0x80 * EACH_OCTET;
		if (!low) {
			p += 8;
			continue;
		}
		p += __builtin_ctzll(low) / 8;
		if (*p != '\t')
			return p;
		p++;
	}
	while (p < end && !lex_is(*p, LEX_CONTROL))
		p++;
	return p;
}

/* CR LF at p: a fold, or the end of the line? Returns behind the fold, NULL at the line's end. A
 * fold with nothing behind it is refused: some would take it for the blank line. */
static const char *fold_scan(struct scan *s, struct line *l, const char *p)
{
	const char *text = p + 2;

	if (text == s->end || (*text != ' ' && *text != '\t'))
		return NULL;
	while (text < s->end && (*text == ' ' || *text == '\t'))
		text++;
	if (text < s->end && (*text == '\r' || *text == '\n')) {
		scan_refuse(s, SIP_FAULT_FOLD);
		l->dirty = true;
	}
	s->m->folded = true;
	return text;
}

static void line_refuse(struct scan *s, struct line *l, enum sip_fault fault)
{
	scan_refuse(s, fault);
	l->dirty = true;
}

/* From the colon, or from where the name went wrong, to the end of the logical line. */
static void line_end_scan(struct scan *s, struct line *l, const char *p)
{
	for (;;) {
		const char *fold;

		p = next_control(p, s->end);
		if (p == s->end)
			return;
		if (*p == '\r' && p + 1 < s->end && p[1] == '\n') {
			fold = fold_scan(s, l, p);
			if (fold) {
				p = fold;
				continue;
			}
			l->end = p;
			l->next = p + 2;
			return;
		}
		if (*p == '\n') {
			line_refuse(s, l, SIP_FAULT_LINE_END);
			l->end = p;
			l->next = p + 1;
			return;
		}
		if (*p == '\r')
			line_refuse(s, l, SIP_FAULT_LINE_END);
		else if (p[-1] == '\\')
			l->escaped_control = true;
		else
			line_refuse(s, l, SIP_FAULT_CONTROL_OCTET);
		p++;
	}
}

static void line_scan(struct scan *s, struct line *l, const char *p)
{
	*l = (struct line){.start = p};
	p = lex_skip(p, s->end, LEX_TOKEN);
	l->name_end = p;
	while (p < s->end && (*p == ' ' || *p == '\t'))
		p++;
	if (l->name_end > l->start && p < s->end && *p == ':')
		l->colon = p++;
	else
		line_refuse(s, l, SIP_FAULT_HEADER_NAME);
	line_end_scan(s, l, p);
}

/* A quoted pair may be any octet but CR and LF (RFC 3261 25.1); these are the headers whose
 * quoted strings are parsed afterwards, which finds it out when it was none. */
static bool may_escape(enum sip_hdr id)
{
	return id == SIP_HDR_FROM || id == SIP_HDR_TO || id == SIP_HDR_CONTACT;
}

static void line_take(struct scan *s, const struct line *l)
{
	struct sip_msg *m = s->m;
	struct sip_header *h = &m->header[m->header_count];
	const char *value = lex_lws(l->colon + 1, l->end);
	enum sip_hdr id = sip_hdr_of(str_span(l->start, l->name_end));

	if (l->escaped_control && !may_escape(id)) {
		scan_refuse(s, SIP_FAULT_CONTROL_OCTET);
		return;
	}
	if (l->next - l->start > SIP_LINE_MAX) {
		scan_refuse(s, SIP_FAULT_LINE_TOO_LONG);
		return;
	}
	if (m->header_count == SIP_HEADERS_MAX) {
		scan_refuse(s, SIP_FAULT_TOO_MANY_HEADERS);
		return;
	}
	h->line = (uint16_t)(l->start - m->buf);
	h->name_len = (uint16_t)(l->name_end - l->start);
	h->value = (uint16_t)(value - m->buf);
	h->value_len = (uint16_t)(lex_trim(value, l->end) - value);
	h->end = (uint16_t)(l->next - m->buf);
	h->id = (uint8_t)id;
	m->header_count++;
	scan_value(s, (int)m->header_count - 1);
}

const char *scan_headers(struct scan *s, const char *p)
{
	struct sip_msg *m = s->m;
	struct line line;

	m->headers_at = (size_t)(p - m->buf);
	while (s->end - p >= 2) {
		if (p[0] == '\r' && p[1] == '\n') {
			m->headers_end = (size_t)(p - m->buf);
			return p + 2;
		}
		line_scan(s, &line, p);
		if (!line.next)
			break;
		if (!line.dirty)
			line_take(s, &line);
		p = line.next;
	}
	m->headers_end = m->len;
	return NULL;
}
