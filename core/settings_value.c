/* Parsers of settings that both programs have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/bucket.h"
#include "core/cidr.h"
#include "core/host.h"
#include "core/mem.h"
#include "core/settings.h"

enum { RATE_MAX = 1000000 };

int setting_text_or_empty(const char *text, void *value, char *why)
{
	(void)why;
	*(const char **)value = text;
	return 0;
}

int setting_seconds(const char *text, void *value, char *why)
{
	unsigned n = 0;

	for (const char *p = text; *p >= '0' && *p <= '9' && n <= 86400; p++) {
		n = n * 10 + (unsigned)(*p - '0');
		if (p[1] == '\0' && n <= 86400) {
			*(unsigned *)value = n;
			return 0;
		}
	}
	snprintf(why, SETTING_WHY_MAX, "is no number of seconds between 0 and 86400");
	return EINVAL;
}

/* Digits up to the end or a ':', 0 to 1,000,000; *text moves behind them. */
static int rate_number(const char **text, uint32_t *number)
{
	uint32_t n = 0;
	const char *p = *text;

	for (; *p >= '0' && *p <= '9' && n <= RATE_MAX; p++)
		n = n * 10 + (uint32_t)(*p - '0');
	if (p == *text || n > RATE_MAX || (*p && *p != ':'))
		return EINVAL;
	*text = p;
	*number = n;
	return 0;
}

int setting_rate(const char *text, void *value, char *why)
{
	struct bucket_limit limit = {0};
	int err = rate_number(&text, &limit.rate);

	limit.burst = limit.rate * 2;
	if (!err && *text == ':') {
		text++;
		err = rate_number(&text, &limit.burst);
	}
	if (err || *text || (limit.rate && !limit.burst)) {
		snprintf(why, SETTING_WHY_MAX,
			"is no RATE or RATE:BURST of requests a second, each up to 1000000");
		return EINVAL;
	}
	*(struct bucket_limit *)value = limit;
	return 0;
}

static int add_block(struct cidr_list *list, const struct cidr *block, char *why)
{
	struct cidr *more =
		mem_realloc(list->item, ((size_t)list->count + 1) * sizeof(list->item[0]));

	if (!more) {
		snprintf(why, SETTING_WHY_MAX, "does not fit into memory");
		return ENOMEM;
	}
	list->item = more;
	list->item[list->count++] = *block;
	return 0;
}

typedef int item_h(const char *text, size_t len, struct cidr *block);

/* Each item of the comma list through the handler; "" is an empty list. */
static int blocks_of(
	const char *text, struct cidr_list *list, item_h *h, const char *what, char *why)
{
	list->count = 0;
	while (*text) {
		size_t len = strcspn(text, ",");
		struct cidr block;
		if (h(text, len, &block) != 0 || list->count == SETTING_LIST_MAX) {
			snprintf(why, SETTING_WHY_MAX, "has \"%.*s\", which is no %s", (int)len,
				text, what);
			return EINVAL;
		}
		if (add_block(list, &block, why) != 0)
			return ENOMEM;
		text += len + (text[len] == ',');
	}
	return 0;
}

int setting_cidrs(const char *text, void *value, char *why)
{
	return blocks_of(text, value, cidr_parse, "IP address or CIDR block", why);
}

int setting_transport_take(const char **text, size_t *len)
{
	for (int t = 0; t < TRANSPORT_COUNT; t++) {
		const char *word = transport_word((enum transport)t);
		size_t n = strlen(word);

		if (*len <= n || memcmp(*text, word, n) != 0 || (*text)[n] != ':')
			continue;
		*text += n + 1;
		*len -= n + 1;
		return t;
	}
	return -1;
}

/* "192.0.2.1", "tcp:192.0.2.1:5060", "tls:[2001:db8::1]:5061". No names: who sends is known by his
 * address, and nobody may become a peer by an entry in DNS. */
static int peer_parse(const char *text, size_t len, struct sip_address *server, struct cidr *source)
{
	const char *host;
	size_t host_len;
	uint16_t port;
	int transport = setting_transport_take(&text, &len);

	server->transport = transport < 0 ? TRANSPORT_UDP : (enum transport)transport;
	if (host_port_parse(text, len, &host, &host_len, &port) != 0 ||
		cidr_parse(host, host_len, source) != 0)
		return EINVAL;
	server->port = port ? port : server->transport == TRANSPORT_TLS ? 5061 : 5060;
	server->host = mem_alloc(host_len + 1);
	if (!server->host)
		return ENOMEM;
	memcpy(server->host, host, host_len);
	server->host[host_len] = '\0';
	return 0;
}

static int add_server(struct sip_address_list *list, const struct sip_address *server, char *why)
{
	struct sip_address *more =
		mem_realloc(list->item, ((size_t)list->count + 1) * sizeof(list->item[0]));

	if (!more) {
		snprintf(why, SETTING_WHY_MAX, "does not fit into memory");
		return ENOMEM;
	}
	list->item = more;
	list->item[list->count++] = *server;
	return 0;
}

void peer_list_fini(struct peer_list *list)
{
	for (unsigned i = 0; i < list->servers.count; i++)
		mem_free(list->servers.item[i].host);
	mem_free(list->servers.item);
	mem_free(list->sources.item);
	*list = (struct peer_list){.servers = {.item = NULL}};
}

int setting_peers(const char *text, void *value, char *why)
{
	struct peer_list *list = value;

	peer_list_fini(list);
	while (*text) {
		size_t len = strcspn(text, ",");
		struct sip_address server;
		struct cidr source;

		if (list->servers.count == SETTING_LIST_MAX ||
			peer_parse(text, len, &server, &source) != 0) {
			snprintf(why, SETTING_WHY_MAX,
				"has \"%.*s\", which is no IP address with an optional port",
				len > 60 ? 60 : (int)len, text);
			return EINVAL;
		}
		if (add_server(&list->servers, &server, why) != 0 ||
			add_block(&list->sources, &source, why) != 0)
			return ENOMEM;
		text += len + (text[len] == ',');
	}
	return 0;
}
