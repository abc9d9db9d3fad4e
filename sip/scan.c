/* The scanner's frame: what is no SIP at all, the order of the parts, and what the whole message
 * must agree on. */
#include "sip/lex.h"
#include "sip/scan_parts.h"

#define STUN_MAGIC_COOKIE "\x21\x12\xa4\x42" /* RFC 5389 6, at offset 4 */

typedef uint8_t octets __attribute__((vector_size(16)));

static bool is_separator(char c)
{
	return c == ',' || c == ';';
}

/* How many of sixteen octets; each lane of the argument counts to 255. */
static unsigned octets_sum(octets v)
{
	uint64_t half[2], low = 0x00ff00ff00ff00ff;

	memcpy(half, &v, sizeof(half));
	half[0] = (half[0] & low) + (half[0] >> 8 & low) + (half[1] & low) + (half[1] >> 8 & low);
	return (unsigned)(half[0] * 0x0001000100010001 >> 48);
}

/* Separators of all kinds together; not more than 255 octets to a lane. */
static unsigned separators_count(const char *p, size_t len)
{
	octets count = {0}, v;
	unsigned rest = 0;
	size_t i = 0;

	for (; i + sizeof(v) <= len; i += sizeof(v)) {
		memcpy(&v, p + i, sizeof(v));
		count -= (octets)(v == ',') | (octets)(v == ';');
	}
	for (; i < len; i++)
		rest += is_separator(p[i]);
	return octets_sum(count) + rest;
}

static size_t octet_count(const char *p, size_t len, char octet)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += p[i] == octet;
	return count;
}

/*
 * Commas and semicolons are what lists are made of, and libosip2 takes quadratic time for a list.
 * They are told apart only when there are suspiciously many in all.
 */
static bool too_many_separators(const char *p, size_t len)
{
	unsigned all = 0;

	for (size_t i = 0; i < len; i += 2048)
		all += separators_count(p + i, len - i < 2048 ? len - i : 2048);
	return all > SIP_COMMAS_MAX && (octet_count(p, len, ',') > SIP_COMMAS_MAX ||
					       octet_count(p, len, ';') > SIP_SEMICOLONS_MAX);
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
	if (m->request && str_eq(s->cseq_method, m->method_name))
		m->cseq_method = m->method;
	else
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

static void scan(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v, size_t max,
	bool stream)
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
	if (len > max)
		scan_refuse(&s, SIP_FAULT_TOO_LONG);
	message_scan(&s, stream);
	*v = verdict_for(&s);
}

void sip_scan(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v)
{
	scan(m, buf, len, v, SIP_DATAGRAM_MAX, false);
}

void sip_scan_stream(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v)
{
	scan(m, buf, len, v, SIP_STREAM_MAX, true);
}

void sip_scan_kept(struct sip_msg *m, const char *buf, size_t len, struct sip_verdict *v)
{
	scan(m, buf, len, v, SIP_STREAM_MAX, false);
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
