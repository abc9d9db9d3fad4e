/* Credentials and challenges of digest and other schemes. */
#include "sip/auth_param.h"

#include <errno.h>

#include "sip/lex.h"

static int add(struct sip_auth *a, const struct sip_param *p)
{
	if (!p->has_value)
		return EINVAL;
	if (sip_auth_param(a, p->name))
		return EINVAL;
	if (a->count == SIP_AUTH_PARAMS_MAX)
		return E2BIG;
	a->param[a->count++] = *p;
	return 0;
}

int sip_auth_parse(struct sip_auth *a, struct str value)
{
	const char *end = str_end(value), *p = lex_lws(value.p, end), *start = p;
	struct sip_param param;
	int err;

	a->count = 0;
	p = lex_skip(p, end, LEX_TOKEN);
	a->scheme = str_span(start, p);
	if (str_empty(a->scheme) || p == end || !lex_is(*p, LEX_WSP))
		return EINVAL;
	for (;;) {
		p = sip_param_scan(p, end, &param);
		if (!p)
			return EINVAL;
		err = add(a, &param);
		if (err)
			return err;
		p = lex_lws(p, end);
		if (p == end)
			return 0;
		if (*p++ != ',')
			return EINVAL;
	}
}

const struct sip_param *sip_auth_param(const struct sip_auth *a, struct str name)
{
	for (unsigned i = 0; i < a->count; i++) {
		if (str_caseeq(a->param[i].name, name))
			return &a->param[i];
	}
	return NULL;
}
