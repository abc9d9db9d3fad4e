/* A response is the request spliced: its own first line, some of its headers, no body. */
#include "sip/reply.h"

#include <errno.h>

#include "sip/lex.h"
#include "sip/sip_build.h"
#include "sip/splice.h"

/* Of the headers that come once a bad request may bring two: the first one is answered. */
static bool is_copied(const struct sip_msg *m, const struct sip_reply *r, int i)
{
	switch (m->header[i].id) {
	case SIP_HDR_VIA:
		return true;
	case SIP_HDR_RECORD_ROUTE:
		return r->record_route;
	case SIP_HDR_TIMESTAMP:
		return r->code == 100 && m->first[SIP_HDR_TIMESTAMP] == i;
	case SIP_HDR_FROM:
	case SIP_HDR_TO:
	case SIP_HDR_CALL_ID:
	case SIP_HDR_CSEQ:
		return m->first[m->header[i].id] == i;
	default:
		return false;
	}
}

static bool is_text(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (lex_is(s.p[i], LEX_CONTROL))
			return false;
	}
	return true;
}

static bool reply_valid(const struct sip_msg *m, const struct sip_reply *r)
{
	return m->request && m->method != SIP_ACK && r->code >= 100 && r->code <= 699 &&
	       is_text(r->reason) &&
	       lex_skip(r->to_tag.p, str_end(r->to_tag), LEX_TOKEN) == str_end(r->to_tag);
}

static void status_line_build(struct sip_build *b, const struct sip_reply *r)
{
	sip_build_lit(b, "SIP/2.0 ");
	sip_build_u32(b, r->code);
	sip_build_lit(b, " ");
	if (!r->tight)
		sip_build_str(b, r->reason);
	sip_build_lit(b, "\r\n");
}

/* RFC 3261 7.3.3 */
static struct str compact_name(enum sip_hdr id)
{
	switch (id) {
	case SIP_HDR_VIA:
		return str_lit("v:");
	case SIP_HDR_FROM:
		return str_lit("f:");
	case SIP_HDR_TO:
		return str_lit("t:");
	case SIP_HDR_CALL_ID:
		return str_lit("i:");
	case SIP_HDR_CSEQ:
		return str_lit("CSeq:");
	default:
		return (struct str){NULL, 0};
	}
}

/* The name of a line that is kept, with what stands before the value. */
static void name_compact(struct sip_splice *s, const struct sip_header *h)
{
	struct str name = compact_name(h->id);

	if (name.len)
		sip_splice_replace(s, str_span(s->m->buf + h->line, s->m->buf + h->value), name);
}

/* Everything between the lines that are kept is cut, known headers and rubbish alike. */
static void lines_keep(struct sip_splice *s, const struct sip_reply *r, struct str first_line)
{
	const struct sip_msg *m = s->m;
	struct str text = first_line;
	size_t at = 0;

	for (int i = 0; i < (int)m->header_count; i++) {
		const struct sip_header *h = &m->header[i];

		if (!is_copied(m, r, i))
			continue;
		if (h->line > at || text.len)
			sip_splice_replace(s, str_span(m->buf + at, m->buf + h->line), text);
		if (r->tight)
			name_compact(s, h);
		text = (struct str){NULL, 0};
		at = h->end;
	}
	sip_splice_replace(s, str_span(m->buf + at, m->buf + at), r->extra);
	sip_splice_replace(s, str_span(m->buf + at, m->buf + m->len),
		r->tight ? str_lit("\r\n") : str_lit("Content-Length: 0\r\n\r\n"));
}

int sip_reply_write(
	const struct sip_msg *m, const struct sip_reply *r, char *out, size_t cap, size_t *len)
{
	char first[160], tag[160];
	struct sip_build line, to;
	struct sip_splice s;

	if (!reply_valid(m, r))
		return EINVAL;
	if (m->first[SIP_HDR_VIA] < 0)
		return ENOENT;
	sip_build_init(&line, first, sizeof(first));
	status_line_build(&line, r);
	sip_build_init(&to, tag, sizeof(tag));
	sip_build_lit(&to, ";tag=");
	sip_build_str(&to, r->to_tag);
	if (line.err || to.err)
		return ENOBUFS;

	sip_splice_init(&s, m);
	lines_keep(&s, r, sip_build_since(&line, 0));
	if (m->via_ok && r->tight && str_empty(m->via.received_param))
		sip_splice_rport(&s, r->source_port);
	else if (m->via_ok)
		sip_splice_received(&s, r->source_ip, r->source_port);
	if (m->to_ok && str_empty(m->to.tag) && !str_empty(r->to_tag))
		sip_splice_replace(&s, str_span(str_end(m->to.all), str_end(m->to.all)),
			sip_build_since(&to, 0));
	return sip_splice_write(&s, out, cap, len);
}
