/* Received octets with edits, written out in one pass. */
#include "sip/splice.h"

#include <errno.h>

#include "sip/lex.h"
#include "sip/sip_build.h"

void sip_splice_init(struct sip_splice *s, const struct sip_msg *m)
{
	s->m = m;
	s->err = 0;
	s->count = 0;
	s->scratch_len = 0;
}

/* Edits are kept sorted by place; one more at the same place goes behind those before it. */
static void edit_add(struct sip_splice *s, size_t at, size_t cut, struct str text)
{
	unsigned i = s->count;

	if (s->err)
		return;
	if (at > s->m->len || cut > s->m->len - at) {
		s->err = EINVAL;
		return;
	}
	if (s->count == SIP_EDITS_MAX) {
		s->err = E2BIG;
		return;
	}
	for (; i > 0 && s->edit[i - 1].at > at; i--)
		s->edit[i] = s->edit[i - 1];
	s->edit[i] = (struct sip_edit){(uint16_t)at, (uint16_t)cut, text};
	s->count++;
}

/* The header line i; NULL and an error when there is no such line. */
static const struct sip_header *line_at(struct sip_splice *s, int i)
{
	if (i >= 0 && i < (int)s->m->header_count)
		return &s->m->header[i];
	s->err = s->err ? s->err : EINVAL;
	return NULL;
}

void sip_splice_replace(struct sip_splice *s, struct str old, struct str text)
{
	uintptr_t base = (uintptr_t)s->m->buf, at = (uintptr_t)old.p;

	if (!old.p || at < base || at - base > s->m->len) {
		s->err = s->err ? s->err : EINVAL;
		return;
	}
	edit_add(s, at - base, old.len, text);
}

void sip_splice_prepend(struct sip_splice *s, struct str lines)
{
	edit_add(s, s->m->headers_at, 0, lines);
}

void sip_splice_append(struct sip_splice *s, struct str lines)
{
	edit_add(s, s->m->headers_end, 0, lines);
}

void sip_splice_delete(struct sip_splice *s, int i)
{
	const struct sip_header *h = line_at(s, i);

	if (h)
		edit_add(s, h->line, (size_t)(h->end - h->line), (struct str){NULL, 0});
}

void sip_splice_delete_all(struct sip_splice *s, enum sip_hdr id)
{
	for (int i = s->m->first[id]; i >= 0; i = sip_msg_next(s->m, i))
		sip_splice_delete(s, i);
}

void sip_splice_delete_first_value(struct sip_splice *s, int i)
{
	const struct sip_header *h = line_at(s, i);
	struct str rest, value;

	if (!h)
		return;
	rest = sip_msg_value(s->m, i);
	if (sip_list_next(&rest, &value) != 0 || str_empty(rest)) {
		sip_splice_delete(s, i);
		return;
	}
	rest.p = lex_lws(rest.p, str_end(rest));
	edit_add(s, h->value, (size_t)(rest.p - s->m->buf) - h->value, (struct str){NULL, 0});
}

/* A small text of our own that lives as long as the splice. */
static struct str keep(struct sip_splice *s, struct str name, struct str value)
{
	struct sip_build b;

	sip_build_init(&b, s->scratch + s->scratch_len, sizeof(s->scratch) - s->scratch_len);
	sip_build_str(&b, name);
	sip_build_str(&b, value);
	if (b.err && !s->err)
		s->err = b.err;
	s->scratch_len += b.len;
	return sip_build_since(&b, 0);
}

static struct str keep_u32(struct sip_splice *s, struct str name, uint32_t n)
{
	char digits[10];
	struct sip_build b;

	sip_build_init(&b, digits, sizeof(digits));
	sip_build_u32(&b, n);
	return keep(s, name, sip_build_since(&b, 0));
}

void sip_splice_received(struct sip_splice *s, struct str ip, uint16_t port)
{
	const struct sip_via *via = &s->m->via;
	struct str at_end = str_span(str_end(via->all), str_end(via->all));

	if (!s->m->via_ok) {
		s->err = s->err ? s->err : EINVAL;
		return;
	}
	if (!str_empty(via->received_param))
		sip_splice_replace(s, via->received_param, keep(s, str_lit("received="), ip));
	else if (via->has_rport || !sip_host_eq(via->host, ip))
		sip_splice_replace(s, at_end, keep(s, str_lit(";received="), ip));
	sip_splice_rport(s, port);
}

void sip_splice_rport(struct sip_splice *s, uint16_t port)
{
	const struct sip_via *via = &s->m->via;

	if (via->has_rport)
		sip_splice_replace(s, via->rport_param, keep_u32(s, str_lit("rport="), port));
}

void sip_splice_max_forwards(struct sip_splice *s, unsigned absent)
{
	int hops = s->m->max_forwards;

	if (hops < 0) {
		sip_splice_append(s, keep_u32(s, str_lit("Max-Forwards: "), absent));
		sip_splice_append(s, str_lit("\r\n"));
	} else if (hops == 0) {
		s->err = s->err ? s->err : EINVAL;
	} else {
		sip_splice_replace(s, sip_msg_get(s->m, SIP_HDR_MAX_FORWARDS),
			keep_u32(s, str_lit(""), (uint32_t)hops - 1));
	}
}

void sip_splice_content_length(struct sip_splice *s)
{
	if (s->m->first[SIP_HDR_CONTENT_LENGTH] >= 0)
		return;
	sip_splice_append(s, keep_u32(s, str_lit("Content-Length: "), (uint32_t)s->m->body.len));
	sip_splice_append(s, str_lit("\r\n"));
}

static bool is_fold(const struct sip_msg *m, size_t at)
{
	const char *p = m->buf + at;

	return at + 2 < m->headers_end && p[0] == '\r' && p[1] == '\n' &&
	       (p[2] == ' ' || p[2] == '\t');
}

/* The octets [from, to) of the message; a fold's CR LF in a header becomes two spaces, so that
 * nobody downstream can take the second line for a header of its own. */
static void run_copy(const struct sip_msg *m, char *out, size_t from, size_t to)
{
	memcpy(out, m->buf + from, to - from);
	if (!m->folded || from >= m->headers_end)
		return;
	for (size_t i = from; i < to; i++) {
		if (is_fold(m, i) || (i > 0 && is_fold(m, i - 1)))
			out[i - from] = ' ';
	}
}

int sip_splice_write(const struct sip_splice *s, char *out, size_t cap, size_t *len)
{
	size_t at = 0, n = 0;

	if (s->err)
		return s->err;
	for (unsigned i = 0; i <= s->count; i++) {
		const struct sip_edit last = {.at = (uint16_t)s->m->len};
		const struct sip_edit *e = i < s->count ? &s->edit[i] : &last;

		if (e->at < at)
			return EINVAL;
		if (e->at - at > cap - n || e->text.len > cap - n - (e->at - at))
			return ENOBUFS;
		run_copy(s->m, out + n, at, e->at);
		n += e->at - at;
		if (e->text.len)
			memcpy(out + n, e->text.p, e->text.len);
		n += e->text.len;
		at = (size_t)e->at + e->cut;
	}
	*len = n;
	return 0;
}
