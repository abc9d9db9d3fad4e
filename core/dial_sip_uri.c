#include "core/dial_sip_uri.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/host.h"
#include "core/mem.h"
#include "core/str.h"

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* unreserved, escaped, and of user-unreserved what needs no second look. */
static bool user_ok(struct str user)
{
	static const char marks[] = "-_.!~*+=&$/?";

	if (!user.len || user.len > DIAL_SIP_URI_USER_MAX)
		return false;
	for (size_t i = 0; i < user.len; i++) {
		char c = user.p[i];

		if (c == '%' && i + 2 < user.len && is_hex(user.p[i + 1]) && is_hex(user.p[i + 2]))
			continue;
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			(!c || !strchr(marks, c)))
			return false;
	}
	return true;
}

static char *copy(struct str s)
{
	char *text = mem_alloc(s.len + 1);

	if (text) {
		if (s.len)
			memcpy(text, s.p, s.len);
		text[s.len] = '\0';
	}
	return text;
}

/* Cuts what stands before c off; false: there is no c. */
static bool cut(struct str *rest, char c, struct str *before)
{
	const char *at = rest->len ? memchr(rest->p, c, rest->len) : NULL;

	if (!at)
		return false;
	*before = str_span(rest->p, at);
	*rest = str_span(at + 1, str_end(*rest));
	return true;
}

static const char *transport_take(struct str *rest, enum transport *transport)
{
	static const struct str parameter = STR("transport=");
	struct str before;
	char word[8];
	int t;

	*transport = TRANSPORT_UDP;
	if (!cut(rest, ';', &before))
		return NULL;
	if (rest->len < parameter.len ||
		!str_caseeq((struct str){rest->p, parameter.len}, parameter))
		return "transport is the only parameter it may have";
	t = str_copy(word, sizeof(word), str_span(rest->p + parameter.len, str_end(*rest)))
		    ? -1
		    : transport_parse(word);
	if (t < 0)
		return "the transport is none of udp, tcp, tls";
	*transport = (enum transport)t;
	*rest = before;
	return NULL;
}

static const char *split(struct str rest, struct str *user, struct str *host, uint16_t *port,
	enum transport *transport)
{
	const char *why;

	if (rest.len < 4 || !str_caseeq((struct str){rest.p, 4}, str_lit("sip:")))
		return "it does not begin with sip:";
	rest = str_span(rest.p + 4, str_end(rest));
	*user = (struct str){"", 0};
	if (cut(&rest, '@', user) && !user_ok(*user))
		return "the user part is empty, too long or has characters that are not allowed";
	why = transport_take(&rest, transport);
	if (why)
		return why;
	if (host_port_parse(rest.p, rest.len, &host->p, &host->len, port))
		return "the host or the port is wrong";
	return NULL;
}

int dial_sip_uri_parse(const char *text, size_t len, struct dial_sip_uri *uri, const char **why)
{
	struct str user, host;
	enum transport transport;
	uint16_t port;
	const char *wrong = split((struct str){text, len}, &user, &host, &port, &transport);

	*uri = (struct dial_sip_uri){0};
	if (why)
		*why = wrong;
	if (wrong)
		return EINVAL;
	uri->user = copy(user);
	uri->address = (struct sip_address){copy(host), port, transport};
	if (uri->user && uri->address.host)
		return 0;
	dial_sip_uri_fini(uri);
	return ENOMEM;
}

void dial_sip_uri_format(const struct dial_sip_uri *uri, char out[DIAL_SIP_URI_SIZE])
{
	const char *host = uri->address.host;
	bool v6 = strchr(host, ':') != NULL;
	char port[8] = "";

	if (uri->address.port)
		snprintf(port, sizeof(port), ":%u", uri->address.port);
	snprintf(out, DIAL_SIP_URI_SIZE, "sip:%s%s%s%s%s%s;transport=%s", uri->user,
		uri->user[0] ? "@" : "", v6 ? "[" : "", host, v6 ? "]" : "", port,
		transport_word(uri->address.transport));
}

void dial_sip_uri_fini(struct dial_sip_uri *uri)
{
	mem_free(uri->user);
	sip_address_fini(&uri->address);
	*uri = (struct dial_sip_uri){0};
}
