/* name-addr and addr-spec with parameters. */
#include "sip/addr.h"

#include <errno.h>

#include "sip/lex.h"

static const char *bracketed_scan(struct sip_addr *a, const char *p, const char *end)
{
	const char *close = memchr(p, '>', (size_t)(end - p));

	if (!close || sip_uri_parse(&a->uri, str_span(p + 1, close)) != 0)
		return NULL;
	a->bracketed = true;
	return close + 1;
}

/* Without brackets the URI has neither parameters nor headers: ";" and what follows it belong to
 * the header, "," ends the value, "?" is an error (RFC 3261 20). */
static const char *bare_scan(struct sip_addr *a, const char *p, const char *end)
{
	const char *start = p;

	while (p < end && *p != ';' && *p != ',' && *p != '?' && !lex_is(*p, LEX_WSP))
		p++;
	return sip_uri_parse(&a->uri, str_span(start, p)) == 0 ? p : NULL;
}

static const char *target_scan(struct sip_addr *a, const char *p, const char *end)
{
	const char *start = p;

	if (p < end && *p == '"') {
		p = lex_quoted(p, end);
		if (!p)
			return NULL;
		a->display = str_span(start, p);
		p = lex_lws(p, end);
		return p < end && *p == '<' ? bracketed_scan(a, p, end) : NULL;
	}
	p = lex_skip(p, end, LEX_DISPLAY);
	if (p == end || *p != '<')
		return bare_scan(a, start, end);
	a->display = str_span(start, lex_trim(start, p));
	return bracketed_scan(a, p, end);
}

/* Returns behind the last parameter. */
static const char *params_scan(struct sip_addr *a, const char *p, const char *end)
{
	const char *start = p, *at = lex_lws(p, end);
	struct lex_names names;
	struct sip_param param;

	names.count = 0;
	while (at < end && *at == ';') {
		p = sip_param_scan(at + 1, end, &param);
		if (!p || !lex_names_add(&names, param.name))
			return NULL;
		if (str_caseeq(param.name, str_lit("tag"))) {
			if (!param.token)
				return NULL;
			a->tag = param.value;
		}
		at = lex_lws(p, end);
	}
	a->params = str_span(start, p);
	return p;
}

int sip_addr_next(struct str *rest, struct sip_addr *a)
{
	const char *end = str_end(*rest), *start = lex_lws(rest->p, end), *p;

	if (start == end)
		return ENOENT;
	a->bracketed = false;
	a->display = a->params = a->tag = (struct str){NULL, 0};
	p = target_scan(a, start, end);
	if (p && p < end && *p != ',')
		p = params_scan(a, p, end);
	if (!p)
		return EINVAL;
	a->all = str_span(start, p);
	p = lex_lws(p, end);
	if (p < end && (*p != ',' || lex_lws(p + 1, end) == end))
		return EINVAL;
	*rest = p < end ? str_span(p + 1, end) : str_span(end, end);
	return 0;
}

int sip_addr_parse(struct sip_addr *a, struct str s)
{
	return sip_addr_next(&s, a) == 0 && str_empty(s) ? 0 : EINVAL;
}
