/* A program's settings: environment variables, each also a flag (TRUNKGUARD_HTTP_LISTEN is
 * --http-listen), flags first. One table per program carries names, defaults, checks and help.
 *
 * A TRUNKGUARD_ variable that neither program knows is refused like an unknown flag: a typing
 * error must stop a start, not be ignored. One that only the other program knows is fine, for
 * both are started from one environment. */
#ifndef TRUNKGUARD_CORE_SETTINGS_H
#define TRUNKGUARD_CORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/cidr.h"
#include "core/sip_address.h"

enum { SETTING_WHY_MAX = 160, SETTING_HOST_MAX = 254, SETTING_LIST_MAX = 32 };

/* Checks text and stores it in value; EINVAL with the reason in why (SETTING_WHY_MAX octets). */
typedef int setting_parse_h(const char *text, void *value, char *why);

struct setting {
	const char *name; /* "TRUNKGUARD_LOG", or "--operator" for a flag with no variable */
	const char *fallback; /* the default as text; NULL: value stays as it is */
	setting_parse_h *parse; /* NULL: a flag without an argument, value is a bool */
	void *value;
	const char *help;
};

/* Results of settings_parse(). */
enum { SETTINGS_OK, SETTINGS_HELP, SETTINGS_BAD };

/* Sets every value of the table, then sorts argv so that the words that are no flags (the
 * subcommand) come first: *words of them, from argv[1]. SETTINGS_HELP: --help was given, the
 * help is on stdout; exit 0. SETTINGS_BAD: the reason is on stderr; exit 2. */
int settings_parse(int argc, char **argv, const struct setting *table, size_t count,
	const char *usage, int *words);

/* Parsers. Text is not copied: it lives as long as argv and environ. */
int setting_text(const char *text, void *value, char *why); /* const char *; not empty */
int setting_text_or_empty(const char *text, void *value, char *why);
int setting_seconds(const char *text, void *value, char *why); /* unsigned, 0 to 86400 */
/* struct bucket_limit: "RATE" or "RATE:BURST" (twice the rate when it is not given); "0": rate 0, no limit. */
int setting_rate(const char *text, void *value, char *why);
/* struct cidr_list: a comma list of IP addresses and CIDR blocks, "" none; freed by mem_free(). */
int setting_cidrs(const char *text, void *value, char *why);

/* Takes "udp:", "tcp:" or "tls:" off the front of an item of a list: enum transport, -1: none is there. */
int setting_transport_take(const char **text, size_t *len);

/* The other trunking servers: where SIP is sent, and the addresses alone, by which they are known. */
struct peer_list {
	struct sip_address_list servers;
	struct cidr_list sources;
};
void peer_list_fini(struct peer_list *list);

/* struct peer_list: a comma list of IP addresses, each with an optional port and, in front, udp: (the
 * default), tcp: or tls:. The list comes empty or filled. */
int setting_peers(const char *text, void *value, char *why);

struct listen_address {
	enum transport transport; /* TRANSPORT_TCP for HTTP */
	char host[SETTING_HOST_MAX]; /* IP literal without brackets, or a name */
	char port[6];
};
struct listen_list {
	struct listen_address item[SETTING_LIST_MAX];
	unsigned count;
};

int setting_listen(const char *text, void *value, char *why); /* struct listen_address: host:port */
/* struct listen_list: a comma list of udp:host:port, tcp:host:port, tls:host:port. */
int setting_sip_listen(const char *text, void *value, char *why);

#endif
