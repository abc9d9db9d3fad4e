/* Request-Line and Status-Line, RFC 3261 7.1 and 7.2: exactly one space between the parts. */
#include "sip/lex.h"
#include "sip/scan_parts.h"

static bool is_digits(struct str s)
{
	return !str_empty(s) && lex_skip(s.p, str_end(s), LEX_DIGIT) == str_end(s);
}

/* The fault of a version that is not ours: 505 for a well-formed one. */
static enum sip_fault version_check(struct str version)
{
	const struct str sip = STR("SIP/");
	const char *dot, *digits;

	if (str_caseeq(version, str_lit("SIP/2.0")))
		return SIP_FAULT_NONE;
	if (version.len <= sip.len || !str_caseeq((struct str){version.p, sip.len}, sip))
		return SIP_FAULT_START_LINE;
	digits = version.p + sip.len;
	dot = memchr(digits, '.', version.len - sip.len);
	if (!dot || !is_digits(str_span(digits, dot)) ||
		!is_digits(str_span(dot + 1, str_end(version))))
		return SIP_FAULT_START_LINE;
	return SIP_FAULT_VERSION;
}

static void request_line(struct scan *s, const char *p, const char *end)
{
	struct sip_msg *m = s->m;
	const char *space = lex_skip(p, end, LEX_TOKEN);
	enum sip_fault fault;

	m->request = true;
	m->method_name = str_span(p, space);
	m->method = sip_method_of(m->method_name);
	if (space == p || space == end || *space != ' ') {
		scan_refuse(s, SIP_FAULT_START_LINE);
		return;
	}
	p = space + 1;
	space = memchr(p, ' ', (size_t)(end - p));
	if (!space || space == p) {
		scan_refuse(s, SIP_FAULT_START_LINE);
		return;
	}
	fault = version_check(str_span(space + 1, end));
	if (fault)
		scan_refuse(s, fault);
	if (sip_uri_parse(&m->ruri, str_span(p, space)) != 0 || !str_empty(m->ruri.headers))
		scan_refuse(s, SIP_FAULT_REQUEST_URI);
	else if (m->ruri.scheme == SIP_SCHEME_OTHER)
		scan_refuse(s, SIP_FAULT_SCHEME);
}

/* "SIP/2.0" SP 3DIGIT SP reason */
static void status_line(struct scan *s, const char *p, const char *end)
{
	const struct str version = STR("SIP/2.0 ");
	struct sip_msg *m = s->m;
	const char *code = p + version.len;
	uint32_t status;

	if ((size_t)(end - p) < version.len + 4 || code[3] != ' ' ||
		!str_caseeq((struct str){p, version.len}, version) ||
		str_u32((struct str){code, 3}, 699, &status) != 0 || status < 100) {
		scan_refuse(s, SIP_FAULT_STATUS_LINE);
		return;
	}
	m->status = status;
	m->reason = str_span(code + 4, end);
	for (p = code + 4; p < end; p++) {
		if (lex_is(*p, LEX_CONTROL))
			scan_refuse(s, SIP_FAULT_STATUS_LINE);
	}
}

const char *scan_start_line(struct scan *s, const char *p)
{
	const struct str sip = STR("SIP/");
	const char *next = memchr(p, '\n', (size_t)(s->end - p)), *end;

	if (!next)
		return NULL;
	end = next++;
	if (end > p && end[-1] == '\r')
		end--;
	else
		scan_refuse(s, SIP_FAULT_LINE_END);
	if (next - p > SIP_LINE_MAX)
		scan_refuse(s, SIP_FAULT_LINE_TOO_LONG);
	if ((size_t)(end - p) >= sip.len && str_caseeq((struct str){p, sip.len}, sip))
		status_line(s, p, end);
	else
		request_line(s, p, end);
	return next;
}
