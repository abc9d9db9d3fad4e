/* Via values. */
#include "sip/via.h"

#include <errno.h>

#include "sip/host.h"
#include "sip/lex.h"
#include "sip/param.h"

#define MAGIC_COOKIE "z9hG4bK"

/* word LWS "/" LWS */
static const char *part_scan(const char *p, const char *end, struct str word)
{
	if ((size_t)(end - p) < word.len || !str_caseeq((struct str){p, word.len}, word))
		return NULL;
	p = lex_lws(p + word.len, end);
	return p < end && *p == '/' ? lex_lws(p + 1, end) : NULL;
}

/* "SIP/2.0/UDP" LWS */
static const char *protocol_scan(struct sip_via *v, const char *p, const char *end)
{
	const char *start;

	p = part_scan(p, end, str_lit("SIP"));
	if (p)
		p = part_scan(p, end, str_lit("2.0"));
	if (!p)
		return NULL;
	start = p;
	p = lex_skip(p, end, LEX_TOKEN);
	if (p == start || p == end || !lex_is(*p, LEX_WSP))
		return NULL;
	v->transport = str_span(start, p);
	return lex_lws(p, end);
}

static const char *sent_by_scan(struct sip_via *v, const char *p, const char *end)
{
	const char *colon;

	p = sip_host_scan(p, end, &v->host, &v->host_ipv6);
	if (!p)
		return NULL;
	colon = lex_lws(p, end);
	if (colon < end && *colon == ':')
		p = sip_port_scan(lex_lws(colon + 1, end), end, &v->port);
	return p;
}

static bool is_token(const struct sip_param *p)
{
	return p->has_value && !p->quoted &&
	       lex_skip(p->value.p, str_end(p->value), LEX_TOKEN) == str_end(p->value);
}

static bool param_take(struct sip_via *v, const struct sip_param *p)
{
	const char *end = str_end(p->value);
	struct str host;
	uint32_t ttl;
	bool ipv6;

	if (str_caseeq(p->name, str_lit("branch"))) {
		v->branch = p->value;
		return is_token(p);
	}
	if (str_caseeq(p->name, str_lit("rport"))) {
		v->has_rport = true;
		v->rport_param = p->all;
		return !p->has_value ||
		       (!p->quoted && sip_port_scan(p->value.p, end, &v->rport) == end);
	}
	if (str_caseeq(p->name, str_lit("received"))) {
		v->received = p->value;
		v->received_param = p->all;
		return p->has_value && !p->quoted && sip_host_is_ip(p->value);
	}
	if (str_caseeq(p->name, str_lit("maddr"))) {
		v->maddr = p->value;
		return p->has_value && !p->quoted && sip_host_parse(p->value, &host, &ipv6) == 0;
	}
	if (str_caseeq(p->name, str_lit("ttl")))
		return p->has_value && !p->quoted && str_u32(p->value, 255, &ttl) == 0;
	return true;
}

static const char *params_scan(struct sip_via *v, const char *p, const char *end)
{
	const char *start = p, *at = lex_lws(p, end);
	struct lex_names names;
	struct sip_param param;

	names.count = 0;
	while (at < end && *at == ';') {
		p = sip_param_scan(at + 1, end, &param);
		if (!p || !lex_names_add(&names, param.name) || !param_take(v, &param))
			return NULL;
		at = lex_lws(p, end);
	}
	v->params = str_span(start, p);
	return p;
}

int sip_via_next(struct str *rest, struct sip_via *v)
{
	const char *end = str_end(*rest), *start = lex_lws(rest->p, end), *p;

	if (start == end)
		return ENOENT;
	*v = (struct sip_via){.port = 0};
	p = protocol_scan(v, start, end);
	if (p)
		p = sent_by_scan(v, p, end);
	if (p)
		p = params_scan(v, p, end);
	if (!p)
		return EINVAL;
	v->all = str_span(start, p);
	p = lex_lws(p, end);
	if (p < end && (*p != ',' || lex_lws(p + 1, end) == end))
		return EINVAL;
	*rest = p < end ? str_span(p + 1, end) : str_span(end, end);
	return 0;
}

bool sip_via_is_rfc3261(const struct sip_via *v)
{
	const struct str magic = STR(MAGIC_COOKIE);

	return v->branch.len > magic.len && str_eq((struct str){v->branch.p, magic.len}, magic);
}
