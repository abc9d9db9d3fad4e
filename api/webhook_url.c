#include "api/webhook_url.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "core/host.h"

enum { HTTPS_PORT = 443, HTTP_PORT = 80, FREE_PORTS = 1024 };

static bool port_public(const struct webhook_url *url)
{
	return url->port == HTTPS_PORT || url->port >= FREE_PORTS;
}

bool webhook_address_permitted(
	const struct webhook_url *url, const uint8_t addr[16], const struct cidr_list *allow)
{
	if (allow && cidr_list_match(allow, addr))
		return true;
	return cidr_permitted(addr, NULL) && url->tls && port_public(url);
}

/* Visible ASCII without what URLs must escape (RFC 3986), and without a fragment. */
static bool characters_good(const char *text)
{
	size_t len = strlen(text);

	if (len > WEBHOOK_URL_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] <= ' ' || text[i] > '~' || strchr("\"<>\\^`{|}#", text[i]))
			return false;
	}
	return true;
}

static int scheme_take(const char **p, struct webhook_url *url)
{
	url->tls = strncasecmp(*p, "https://", 8) == 0;
	if (!url->tls && strncasecmp(*p, "http://", 7) != 0)
		return EINVAL;
	*p += url->tls ? 8 : 7;
	return 0;
}

static bool ends_with(const char *host, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && strncasecmp(host + len - n, end, n) == 0;
}

/* Names that mean this machine or its network, wherever they are asked. */
static bool name_private(const char *host, size_t len)
{
	if (host[len - 1] == '.')
		len--;
	return !memchr(host, '.', len) || ends_with(host, len, ".localhost") ||
	       ends_with(host, len, ".local") || ends_with(host, len, ".internal");
}

static int host_take(
	const char *host, size_t len, const struct cidr_list *allow, const struct webhook_url *url)
{
	bool some = allow && allow->count > 0;
	uint8_t addr[16];

	switch (host_kind(host, len)) {
	case HOST_INVALID:
		return EINVAL;
	case HOST_NAME:
		if (!url->tls && !some)
			return ENOTSUP;
		return some || (port_public(url) && !name_private(host, len)) ? 0 : EACCES;
	default:
		if (ip_parse(host, len, addr) != 0)
			return EINVAL;
		if (webhook_address_permitted(url, addr, allow))
			return 0;
		return !url->tls && !cidr_private(addr) ? ENOTSUP : EACCES;
	}
}

int webhook_url_parse(const char *text, const struct cidr_list *allow, struct webhook_url *url)
{
	const char *p = text, *host;
	size_t len, host_len;

	if (!characters_good(text) || scheme_take(&p, url) != 0)
		return EINVAL;
	len = strcspn(p, "/?");
	/* an IPv6 address without brackets could be a host and a port */
	if (memchr(p, '@', len) || memchr(p, '%', len) || len == 0 ||
		(*p != '[' && memchr(p, ':', len) != memrchr(p, ':', len)))
		return EINVAL;
	if (host_port_parse(p, len, &host, &host_len, &url->port) != 0)
		return EINVAL;
	if (url->port == 0)
		url->port = url->tls ? HTTPS_PORT : HTTP_PORT;
	return host_take(host, host_len, allow, url);
}
