/* Parsers of settings that both programs have. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/cidr.h"
#include "core/host.h"
#include "core/mem.h"
#include "core/settings.h"

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

/* "192.0.2.1", "192.0.2.1:5060", "[2001:db8::1]:5060": only the address matters. */
static int peer_block(const char *text, size_t len, struct cidr *block)
{
	const char *host;
	size_t host_len;
	uint16_t port;

	if (host_port_parse(text, len, &host, &host_len, &port) != 0)
		return EINVAL;
	return cidr_parse(host, host_len, block);
}

int setting_peers(const char *text, void *value, char *why)
{
	return blocks_of(text, value, peer_block, "IP address with an optional port", why);
}
