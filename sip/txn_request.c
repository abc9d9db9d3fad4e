#include <errno.h>

#include "sip/header.h"
#include "sip/param.h"
#include "sip/txn_impl.h"

/* The next header line off *rest, with its folds; false at the blank line. */
static bool next_line(struct str *rest, struct str *line)
{
	const char *end = str_end(*rest), *p = rest->p;

	if (rest->len < 3 || *p == '\r')
		return false;
	do {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	*line = str_span(rest->p, p);
	*rest = str_span(p, end);
	return true;
}

static enum sip_hdr split(struct str line, struct str *value)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct str name = str_span(line.p, colon ? colon : line.p);

	/* Most lines are told apart by their first letter: Via, From, To, Call-ID, CSeq, Route,
	 * and the compact i, f, t, v. */
	if (!colon || !memchr("VvFfTtCcRrIi", *line.p, 12))
		return SIP_HDR_OTHER;
	while (name.len && (name.p[name.len - 1] == ' ' || name.p[name.len - 1] == '\t'))
		name.len--;
	*value = str_span(colon + 1, str_end(line));
	return sip_hdr_of(name);
}

static void write_via(struct sip_build *b, struct str value)
{
	struct str top;

	if (sip_list_next(&value, &top))
		b->err = EINVAL;
	sip_build_lit(b, "Via: ");
	sip_build_str(b, top);
	sip_build_lit(b, "\r\n");
}

static void write_cseq(struct sip_build *b, struct str value, struct str method)
{
	while (value.len && (*value.p < '0' || *value.p > '9')) {
		value.p++;
		value.len--;
	}
	sip_build_lit(b, "CSeq: ");
	while (value.len && *value.p >= '0' && *value.p <= '9') {
		sip_build_str(b, (struct str){value.p, 1});
		value.p++;
		value.len--;
	}
	sip_build_lit(b, " ");
	sip_build_str(b, method);
	sip_build_lit(b, "\r\n");
}

static void write_to(struct sip_build *b, struct str line, struct str to)
{
	if (str_empty(to)) {
		sip_build_str(b, line);
		return;
	}
	sip_build_lit(b, "To: ");
	sip_build_str(b, to);
	sip_build_lit(b, "\r\n");
}

/* method, and whichever headers RFC 3261 9.1 and 17.1.1.3 copy; ends before the blank line. */
static void write_head(struct sip_build *b, struct str invite, struct str method, struct str to)
{
	struct str line, value, rest = invite;
	bool top = true;

	if (!next_line(&rest, &line)) {
		b->err = EINVAL;
		return;
	}
	sip_build_str(b, method);
	sip_build_str(b, (struct str){line.p + 6, line.len - 6}); /* after "INVITE" */
	while (next_line(&rest, &line)) {
		switch (split(line, &value)) {
		case SIP_HDR_VIA:
			if (top)
				write_via(b, value);
			top = false;
			break;
		case SIP_HDR_TO:
			write_to(b, line, to);
			break;
		case SIP_HDR_CSEQ:
			write_cseq(b, value, method);
			break;
		case SIP_HDR_FROM:
		case SIP_HDR_CALL_ID:
		case SIP_HDR_ROUTE:
			sip_build_str(b, line);
			break;
		default:
			break;
		}
	}
}

void txn_write_stem(struct sip_build *b, struct str invite)
{
	write_head(b, invite, str_lit("INVITE"), str_lit(""));
	sip_build_lit(b, "\r\n");
}

void txn_write_ack(struct sip_build *b, struct str invite, struct str to)
{
	write_head(b, invite, str_lit("ACK"), to);
	sip_build_lit(b, "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n");
}

void txn_write_cancel(struct sip_build *b, struct str invite, struct str lines)
{
	write_head(b, invite, str_lit("CANCEL"), str_lit(""));
	sip_build_str(b, lines);
	sip_build_lit(b, "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n");
}

int txn_read_branch(struct str invite, struct str *branch)
{
	struct str line, value, rest = invite;
	struct sip_via via;

	while (next_line(&rest, &line)) {
		if (split(line, &value) != SIP_HDR_VIA)
			continue;
		if (sip_via_next(&value, &via))
			return EINVAL;
		*branch = via.branch;
		return 0;
	}
	return EINVAL;
}
