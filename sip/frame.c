/*
 * Cuts messages from a stream (RFC 3261 18.3). Only the lines and Content-Length are looked at
 * here; what the framing cannot be sure of ends the connection, as all that follows would be
 * guesswork.
 */
#include <errno.h>

#include "sip/lex.h"
#include "sip/scan.h"

/* Folded lines count here, so this allows four lines to a header. */
#define LINES_MAX (4 * SIP_HEADERS_MAX)

struct frame {
	const char *end;
	bool has_length;
	uint32_t length; /* of the body */
	const char *word;
};

static int frame_refuse(struct frame *f, const char *word)
{
	f->word = word;
	return EBADMSG;
}

/* p is at the first octet of a line; folded is the line with its folds. */
static int line_look(struct frame *f, const char *p, const char *line_end)
{
	const char *name_end = lex_skip(p, line_end, LEX_TOKEN),
		   *colon = lex_lws(name_end, line_end);
	struct str value;

	if (name_end == p || colon == line_end || *colon != ':' ||
		sip_hdr_of(str_span(p, name_end)) != SIP_HDR_CONTENT_LENGTH)
		return 0;
	value.p = lex_lws(colon + 1, line_end);
	value.len = (size_t)(lex_trim(value.p, line_end) - value.p);
	if (f->has_length || str_u32(value, SIP_STREAM_MAX, &f->length) != 0)
		return frame_refuse(f, sip_fault_word(SIP_FAULT_CONTENT_LENGTH));
	f->has_length = true;
	return 0;
}

/* The LF that ends the logical line at p, NULL when it is not there yet; *lines counts. */
static const char *line_find(struct frame *f, const char *p, unsigned *lines)
{
	for (;;) {
		const char *lf = memchr(p, '\n', (size_t)(f->end - p));

		/* One octet of the next line is needed to know a fold. */
		if (!lf || lf + 1 == f->end || ++*lines > LINES_MAX)
			return NULL;
		if (lf[1] != ' ' && lf[1] != '\t')
			return lf;
		p = lf + 1;
	}
}

/* Returns 0 with *body set, or NULL in it when more is needed. */
static int headers_look(struct frame *f, const char *p, const char **body)
{
	unsigned lines = 0;

	*body = NULL;
	for (bool start_line = true;; start_line = false) {
		const char *lf;
		int err;

		if (f->end - p >= 2 && p[0] == '\r' && p[1] == '\n') {
			*body = p + 2;
			return 0;
		}
		lf = line_find(f, p, &lines);
		if (lines > LINES_MAX)
			return frame_refuse(f, sip_fault_word(SIP_FAULT_TOO_MANY_HEADERS));
		if (!lf)
			return 0;
		if (lf == p || lf[-1] != '\r')
			return frame_refuse(f, sip_fault_word(SIP_FAULT_LINE_END));
		err = start_line ? 0 : line_look(f, p, lf - 1);
		if (err)
			return err;
		p = lf + 1;
	}
}

static int frame_look(struct frame *f, const char *buf, size_t len, size_t *msg_len)
{
	const char *body, *p = buf;
	int err;

	while (p < f->end && (*p == '\r' || *p == '\n'))
		p++;
	if (p > buf) {
		*msg_len = (size_t)(p - buf);
		return 0;
	}
	if (len && !lex_is(*buf, LEX_TOKEN))
		return frame_refuse(f, sip_fault_word(SIP_FAULT_BINARY));
	err = headers_look(f, buf, &body);
	if (err)
		return err;
	if (!body) {
		if (len >= SIP_STREAM_MAX)
			return frame_refuse(f, sip_fault_word(SIP_FAULT_TOO_LONG));
		return 0;
	}
	if (!f->has_length)
		return frame_refuse(f, sip_fault_word(SIP_FAULT_CONTENT_LENGTH));
	if ((size_t)(body - buf) + f->length > SIP_STREAM_MAX)
		return frame_refuse(f, sip_fault_word(SIP_FAULT_TOO_LONG));
	if ((size_t)(f->end - body) >= f->length)
		*msg_len = (size_t)(body - buf) + f->length;
	return 0;
}

int sip_frame(const char *buf, size_t len, size_t *msg_len, const char **word)
{
	struct frame f = {.end = buf + len};
	int err;

	*msg_len = 0;
	err = frame_look(&f, buf, len, msg_len);
	if (err)
		*word = f.word;
	return err;
}
