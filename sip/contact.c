#include "sip/contact.h"

#include "sip/param.h"

enum { PART_MAX = 512 };

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
		STR("transport"), STR("maddr"), STR("user"), STR("ttl"), STR("method")};

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
