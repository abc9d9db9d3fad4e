/* Header parameters and comma lists. */
#include "sip/param.h"

#include <errno.h>

#include "sip/lex.h"

static const char *value_scan(const char *p, const char *end, struct sip_param *out)
{
	const char *start = p;

	out->has_value = true;
	if (p < end && *p == '"') {
		p = lex_quoted(p, end);
		if (!p)
			return NULL;
		out->quoted = true;
		out->value = str_span(start + 1, p - 1);
		return p;
	}
	p = lex_skip(p, end, LEX_TOKEN);
	out->token = p == end || !lex_is(*p, LEX_VALUE);
	if (!out->token)
		p = lex_skip(p, end, LEX_VALUE);
	out->value = str_span(start, p);
	return p == start ? NULL : p;
}

const char *sip_param_scan(const char *p, const char *end, struct sip_param *out)
{
	const char *start = lex_lws(p, end), *stop;

	out->has_value = out->quoted = out->token = false;
	out->value = (struct str){start, 0};
	stop = lex_skip(start, end, LEX_TOKEN);
	if (stop == start)
		return NULL;
	out->name = str_span(start, stop);
	p = lex_lws(stop, end);
	if (p < end && *p == '=') {
		stop = value_scan(lex_lws(p + 1, end), end, out);
		if (!stop)
			return NULL;
	}
	out->all = str_span(start, stop);
	return stop;
}

int sip_param_next(struct str *rest, struct sip_param *p)
{
	const char *end = str_end(*rest), *at = lex_lws(rest->p, end);

	if (at == end)
		return ENOENT;
	if (*at != ';')
		return EINVAL;
	at = sip_param_scan(at + 1, end, p);
	if (!at)
		return EINVAL;
	*rest = str_span(at, end);
	return 0;
}

bool sip_param_get(struct str params, struct str name, struct sip_param *p)
{
	while (sip_param_next(&params, p) == 0) {
		if (str_caseeq(p->name, name))
			return true;
	}
	return false;
}

static bool holds(const char *p, const char *end, char c)
{
	return memchr(p, c, (size_t)(end - p)) != NULL;
}

/* To the comma that ends an element, or to the end; NULL for an open quote or bracket. */
static const char *element_scan(const char *p, const char *end)
{
	const char *comma = memchr(p, ',', (size_t)(end - p));
	const char *stop = comma ? comma : end;
	bool angle = false;

	/* Via and tokens: nothing that a comma could hide in. */
	if (!holds(p, stop, '"') && !holds(p, stop, '<') && !holds(p, stop, '>'))
		return stop;
	while (p && p < end && (angle || *p != ',')) {
		if (*p == '"' && !angle) {
			p = lex_quoted(p, end);
			continue;
		}
		if (*p == '<' || *p == '>') {
			if (angle != (*p == '>'))
				return NULL;
			angle = !angle;
		}
		p++;
	}
	return angle ? NULL : p;
}

int sip_list_next(struct str *rest, struct str *value)
{
	const char *end = str_end(*rest), *start = lex_lws(rest->p, end), *stop;

	if (start == end)
		return ENOENT;
	stop = element_scan(start, end);
	if (!stop)
		return EINVAL;
	*value = str_span(start, lex_trim(start, stop));
	if (str_empty(*value))
		return EINVAL;
	if (stop < end && lex_lws(stop + 1, end) == end)
		return EINVAL;
	*rest = stop < end ? str_span(stop + 1, end) : str_span(end, end);
	return 0;
}
