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
	const struct str usual = STR("SIP/2.0/");
	const char *start;

	if ((size_t)(end - p) > usual.len && memcmp(p, usual.p, usual.len) == 0) {
		p += usual.len;
	} else {
		p = part_scan(p, end, str_lit("SIP"));
		if (p)
			p = part_scan(p, end, str_lit("2.0"));
		if (!p)
			return NULL;
	}
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

static bool rport_take(struct sip_via *v, const struct sip_param *p)
{
	const char *end = str_end(p->value);

	v->has_rport = true;
	v->rport_param = p->all;
	return !p->has_value || (p->token && sip_port_scan(p->value.p, end, &v->rport) == end);
}

static bool received_take(struct sip_via *v, const struct sip_param *p)
{
	v->received = p->value;
	v->received_param = p->all;
	return p->has_value && !p->quoted && sip_host_is_ip(p->value);
}

static bool maddr_take(struct sip_via *v, const struct sip_param *p)
{
	struct str host;
	bool ipv6;

	v->maddr = p->value;
	return p->has_value && !p->quoted && sip_host_parse(p->value, &host, &ipv6) == 0;
}

static bool branch_take(struct sip_via *v, const struct sip_param *p)
{
	v->branch = p->value;
	return p->token;
}

static bool ttl_valid(const struct sip_param *p)
{
	uint32_t ttl;

	return p->token && str_u32(p->value, 255, &ttl) == 0;
}

static bool param_take(struct sip_via *v, const struct sip_param *p)
{
	if (str_caseeq(p->name, str_lit("branch")))
		return branch_take(v, p);
	if (str_caseeq(p->name, str_lit("rport")))
		return rport_take(v, p);
	if (str_caseeq(p->name, str_lit("received")))
		return received_take(v, p);
	if (str_caseeq(p->name, str_lit("maddr")))
		return maddr_take(v, p);
	return !str_caseeq(p->name, str_lit("ttl")) || ttl_valid(p);
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
