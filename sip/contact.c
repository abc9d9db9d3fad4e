#include "sip/contact.h"

#include <stdlib.h>

#include "sip/param.h"
#include "sip/sip_build.h"

enum { PART_MAX = 512, TARGET_MAX = 640 };

static bool escaped_same(struct str a, struct str b)
{
	char x[PART_MAX], y[PART_MAX];
	size_t xn, yn;

	if (str_eq(a, b))
		return true;
	if (sip_unescape(x, sizeof(x), a, &xn) || sip_unescape(y, sizeof(y), b, &yn))
		return false;
	return str_eq((struct str){x, xn}, (struct str){y, yn});
}

/* Those that make another URI by being there at all. */
static bool weighty_same(const struct sip_uri *a, const struct sip_uri *b)
{
	static const struct str weighty[] = {
		STR("transport"), STR("maddr"), STR("user"), STR("ttl"), STR("method"), STR("bnc")};

	for (size_t i = 0; i < sizeof(weighty) / sizeof(*weighty); i++) {
		struct str unused;

		if (sip_uri_param(a, weighty[i], &unused) != sip_uri_param(b, weighty[i], &unused))
			return false;
	}
	return true;
}

static bool common_same(const struct sip_uri *a, const struct sip_uri *b)
{
	struct str rest = a->params;
	struct sip_param p;
	struct str other;

	while (!sip_param_next(&rest, &p)) {
		if (sip_uri_param(b, p.name, &other) && !str_caseeq(p.value, other))
			return false;
	}
	return true;
}

bool contact_same(const struct sip_uri *a, const struct sip_uri *b)
{
	return a->scheme == b->scheme && a->port == b->port && escaped_same(a->user, b->user) &&
	       (a->password.p == NULL) == (b->password.p == NULL) &&
	       escaped_same(a->password, b->password) && sip_host_eq(a->host, b->host) &&
	       weighty_same(a, b) && common_same(a, b);
}

bool contact_is_bulk(const struct sip_uri *uri)
{
	struct str unused;

	return sip_uri_param(uri, str_lit("bnc"), &unused);
}

static void user_write(struct sip_build *b, const struct sip_uri *uri)
{
	if (str_empty(uri->user))
		return;
	sip_build_str(b, uri->user);
	if (uri->password.p) {
		sip_build_lit(b, ":");
		sip_build_str(b, uri->password);
	}
	sip_build_lit(b, "@");
}

static void host_write(struct sip_build *b, const struct sip_uri *uri)
{
	sip_build_host(b, uri->host);
	if (uri->port) {
		sip_build_lit(b, ":");
		sip_build_u32(b, uri->port);
	}
}

static bool is_named(struct str param, struct str name)
{
	return param.len >= name.len && str_caseeq((struct str){param.p, name.len}, name) &&
	       (param.len == name.len || param.p[name.len] == '=');
}

/* lowered: a sips contact in a sip URI. Parameters of URIs have no quotes: each ";" begins one. */
static void params_write(struct sip_build *b, const struct sip_uri *uri, bool lowered)
{
	const char *p = uri->params.p, *end = str_end(uri->params);

	while (p < end) {
		const char *next = memchr(p + 1, ';', (size_t)(end - p - 1));
		struct str param = str_span(p + 1, next ? next : end);

		p = str_end(param);
		if (is_named(param, str_lit("bnc")) ||
			(lowered && is_named(param, str_lit("transport"))))
			continue;
		sip_build_lit(b, ";");
		sip_build_str(b, param);
	}
	if (lowered)
		sip_build_lit(b, ";transport=tls");
}

char *contact_target(struct str contact, struct str user, bool user_wanted, bool sips)
{
	char text[TARGET_MAX];
	struct sip_build b;
	struct sip_uri uri;

	if (sip_uri_parse(&uri, contact) || str_empty(uri.host))
		return strndup(contact.p, contact.len);
	sip_build_init(&b, text, sizeof(text));
	sip_build_str(&b, sips ? str_lit("sips:") : str_lit("sip:"));
	if (!str_empty(user) && (user_wanted || contact_is_bulk(&uri))) {
		sip_build_str(&b, user);
		sip_build_lit(&b, "@");
	} else {
		user_write(&b, &uri);
	}
	host_write(&b, &uri);
	/* URI headers never become part of a Request-URI (RFC 3261 19.1.5). */
	params_write(&b, &uri, uri.scheme == SIP_SCHEME_SIPS && !sips);
	return b.err ? NULL : strndup(text, b.len);
}
