/* The scanner's frame: what is no SIP at all, the order of the parts, and what the whole message
 * must agree on. */
#include "sip/lex.h"
#include "sip/scan_parts.h"

#define STUN_MAGIC_COOKIE "\x21\x12\xa4\x42" /* RFC 5389 6, at offset 4 */

typedef uint8_t octets __attribute__((vector_size(16)));

struct census {
	octets commas, semicolons, ampersands;
};

static unsigned octets_sum(octets v)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < sizeof(v); i++)
		sum += v[i];
	return sum;
}

/*
 * Commas, semicolons and ampersands are what lists are made of, and libosip2 takes quadratic time
 * for a list. A lane of a census counts up to 255, so it is emptied every 2,048 octets.
 */
static bool too_many_separators(const char *p, size_t len)
{
	unsigned commas = 0, semicolons = 0, ampersands = 0;
	size_t i = 0;

	while (i < len) {
		size_t stop = len - i > 2048 ? i + 2048 : len;
		struct census c = {0};

		for (; i < stop; i += sizeof(octets)) {
			octets v = {0};

			memcpy(&v, p + i, stop - i < sizeof(v) ? stop - i : sizeof(v));
			c.commas -= (octets)(v == ',');
			c.semicolons -= (octets)(v == ';');
			c.ampersands -= (octets)(v == '&');
		}
		commas += octets_sum(c.commas);
		semicolons += octets_sum(c.semicolons);
		ampersands += octets_sum(c.ampersands);
	}
	return commas > SIP_COMMAS_MAX || semicolons > SIP_SEMICOLONS_MAX ||
	       ampersands > SIP_AMPERSANDS_MAX;
}

static bool is_stun(const char *buf, size_t len)
{
	return len >= 20 && (buf[0] & 0xc0) == 0 &&
	       memcmp(buf + 4, STUN_MAGIC_COOKIE, sizeof(STUN_MAGIC_COOKIE) - 1) == 0;
}

/* Four zeros are what some PBXs send to keep a NAT open. */
static bool is_zeros(const char *buf, size_t len)
{
	return len <= 4 && memcmp(buf, "\0\0\0\0", len) == 0;
}

/* The fault of what cannot be SIP; else *skip CRLFs stand before the start line. */
static enum sip_fault first_look(const char *buf, size_t len, size_t *skip)
{
	size_t i = 0;

	if (len == 0)
		return SIP_FAULT_BINARY;
	while (i < len && (buf[i] == '\r' || buf[i] == '\n'))
		i++;
	if (i == len || is_zeros(buf, len))
		return SIP_FAULT_CRLF;
	if (is_stun(buf, len))
		return SIP_FAULT_STUN;
	*skip = i;
	return lex_is(buf[i], LEX_TOKEN) ? SIP_FAULT_NONE : SIP_FAULT_BINARY;
}

static void msg_init(struct sip_msg *m, const char *buf, size_t len)
{
	memset(m, 0, offsetof(struct sip_msg, first));
	memset(m->first, -1, sizeof(m->first));
	m->buf = buf;
	m->len = len;
	m->max_forwards = -1;
	m->method = SIP_METHOD_OTHER;
	m->cseq_method = SIP_METHOD_OTHER;
}

/* RFC 3261 10.2.2: "*" removes all bindings, so it must say so clearly and stand alone. */
static bool contact_star_valid(const struct sip_msg *m)
{
	return m->request && m->method == SIP_REGISTER && m->contact_count == 1 && m->has_expires &&
	       m->expires == 0;
}

static void required_check(struct scan *s)
{
	static const enum sip_hdr required[] = {
		SIP_HDR_VIA, SIP_HDR_FROM, SIP_HDR_TO, SIP_HDR_CALL_ID, SIP_HDR_CSEQ};
	struct sip_msg *m = s->m;

	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		if (m->first[required[i]] < 0)
			scan_refuse(s, SIP_FAULT_MISSING);
	}
	m->cseq_method = sip_method_of(s->cseq_method);
	if (!m->request) {
		m->method = m->cseq_method;
		m->method_name = s->cseq_method;
	} else if (!str_eq(s->cseq_method, m->method_name)) {
		scan_refuse(s, SIP_FAULT_CSEQ_MISMATCH);
	}
	if (m->contact_star && !contact_star_valid(m))
		scan_refuse(s, SIP_FAULT_CONTACT);
}

/* RFC 3261 18.3: a datagram may be longer than the message says, a stream is cut to measure. */
static void body_take(struct scan *s, const char *body, bool stream)
{
	struct sip_msg *m = s->m;
	size_t len = (size_t)(s->end - body);

	if (s->has_content_length ? s->content_length > len : stream) {
		scan_refuse(s, SIP_FAULT_CONTENT_LENGTH);
		return;
	}
	if (s->has_content_length) {
		if (stream && s->content_length < len)
			scan_refuse(s, SIP_FAULT_CONTENT_LENGTH);
		len = s->content_length;
	}
	m->body = (struct str){body, len};
	m->len = (size_t)(body - m->buf) + len;
	if (len > 0 && m->first[SIP_HDR_CONTENT_TYPE] < 0)
		scan_refuse(s, SIP_FAULT_CONTENT_TYPE);
}

static void message_scan(struct scan *s, bool stream)
{
	struct sip_msg *m = s->m;
	const char *p = scan_start_line(s, m->buf);

	if (!p) {
		m->headers_at = m->headers_end = m->len;
		scan_refuse(s, SIP_FAULT_TRUNCATED);
		return;
	}
	p = scan_headers(s, p);
	if (!p) {
		scan_refuse(s, SIP_FAULT_TRUNCATED);
		return;
	}
	if (too_many_separators(m->buf, m->headers_end))
		scan_refuse(s, SIP_FAULT_TOO_MANY_VALUES);
	required_check(s);
	body_take(s, p, stream);
}

/* Nothing answers a response or an ACK, and without a Via nothing can be answered. */
static struct sip_verdict verdict_for(const struct scan *s)
{
	struct sip_verdict v = sip_verdict_of(s->fault);

	if (v.kind == SIP_SCAN_REPLY &&
		(!s->m->request || s->m->method == SIP_ACK || s->m->first[SIP_HDR_VIA] < 0)) {
		v.kind = SIP_SCAN_DROP;
		v.code = 0;
	}
	return v;
}

static void scan(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v, bool stream)
{
	struct scan s = {.m = m};
	size_t skip = 0;

	s.fault = len > SIP_STREAM_MAX ? SIP_FAULT_TOO_LONG : first_look(buf, len, &skip);
	if (s.fault) {
		msg_init(m, buf, 0);
		*v = verdict_for(&s);
		return;
	}
	msg_init(m, buf + skip, len - skip);
	s.end = buf + len;
	if (!stream && len > SIP_DATAGRAM_MAX)
		scan_refuse(&s, SIP_FAULT_TOO_LONG);
	message_scan(&s, stream);
	*v = verdict_for(&s);
}

void sip_scan(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v)
{
	scan(m, buf, len, v, false);
}

void sip_scan_stream(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v)
{
	scan(m, buf, len, v, true);
}

int sip_msg_next(const struct sip_msg *m, int i)
{
	uint8_t id = m->header[i].id;

	for (i++; i < (int)m->header_count; i++) {
		if (m->header[i].id == id)
			return i;
	}
	return -1;
}
