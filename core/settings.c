#include "core/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static const char prefix[] = "TRUNKGUARD_";

/* Every variable of either program. */
static const char *const known[] = {
	"TRUNKGUARD_ADVERTISE",
	"TRUNKGUARD_DATABASE_URL",
	"TRUNKGUARD_DATA_DIR",
	"TRUNKGUARD_DNS",
	"TRUNKGUARD_HTTP_LISTEN",
	"TRUNKGUARD_LOG",
	"TRUNKGUARD_OPERATOR_RATE_LIMIT",
	"TRUNKGUARD_PEERS",
	"TRUNKGUARD_PRIVATE_TARGETS",
	"TRUNKGUARD_PROBE_SECONDS",
	"TRUNKGUARD_RATE_LIMIT",
	"TRUNKGUARD_REALM",
	"TRUNKGUARD_REFUSED_RATE_LIMIT",
	"TRUNKGUARD_SIP_LISTEN",
	"TRUNKGUARD_TLS_CA",
	"TRUNKGUARD_TLS_CERTIFICATE",
	"TRUNKGUARD_TLS_CLIENT_VERIFY",
	"TRUNKGUARD_TLS_KEY",
	"TRUNKGUARD_TLS_VERIFY",
	"TRUNKGUARD_WORKER_HTTP_LISTEN",
	"TRUNKGUARD_WORKER_NAME",
};

enum { FLAG_MAX = 64 };

/* "TRUNKGUARD_HTTP_LISTEN" -> "--http-listen". */
static void flag_of(const char *name, char flag[FLAG_MAX])
{
	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0) {
		snprintf(flag, FLAG_MAX, "%s", name);
		return;
	}
	snprintf(flag, FLAG_MAX, "--%s", name + sizeof(prefix) - 1);
	for (char *p = flag; *p != '\0'; p++) {
		if (*p == '_')
			*p = '-';
		else if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
}

static const struct setting *setting_by_flag(
	const struct setting *table, size_t count, const char *arg, size_t len)
{
	char flag[FLAG_MAX];

	for (size_t i = 0; i < count; i++) {
		flag_of(table[i].name, flag);
		if (strlen(flag) == len && memcmp(flag, arg, len) == 0)
			return &table[i];
	}
	return NULL;
}

static void help_print(const struct setting *table, size_t count, const char *usage)
{
	char flag[FLAG_MAX];

	printf("%s\n\nSettings: an environment variable, or the flag, which wins.\n\n", usage);
	for (size_t i = 0; i < count; i++) {
		const struct setting *s = &table[i];

		flag_of(s->name, flag);
		printf("  %s%s", flag, s->parse ? " VALUE" : "");
		if (s->name[0] != '-')
			printf("    (%s)", s->name);
		printf("\n        %s\n", s->help);
		if (s->fallback && s->fallback[0] != '\0')
			printf("        default: %s\n", s->fallback);
	}
	printf("  --help\n        this text\n");
}

static int environ_check(void)
{
	for (char **e = environ; e && *e; e++) {
		size_t len = strcspn(*e, "=");
		bool found = false;

		if (strncmp(*e, prefix, sizeof(prefix) - 1) != 0)
			continue;
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && !found; i++)
			found = strlen(known[i]) == len && memcmp(known[i], *e, len) == 0;
		if (!found) {
			fprintf(stderr, "unknown environment variable %.*s; see --help\n", (int)len,
				*e);
			return SETTINGS_BAD;
		}
	}
	return SETTINGS_OK;
}

static int value_set(const struct setting *s, const char *text, const char *source)
{
	char why[SETTING_WHY_MAX] = "";

	if (s->parse(text, s->value, why) == 0)
		return SETTINGS_OK;
	fprintf(stderr, "%s: \"%s\" %s; see --help\n", source, text, why);
	return SETTINGS_BAD;
}

static int defaults_set(const struct setting *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *text = table[i].name[0] == '-' ? NULL : getenv(table[i].name);
		const char *source = table[i].name;

		if (!table[i].parse)
			continue;
		/* Empty is unset: compose files and shells pass variables on like that. */
		if (!text || text[0] == '\0') {
			text = table[i].fallback;
			source = "default";
		}
		if (text && value_set(&table[i], text, source) != SETTINGS_OK)
			return SETTINGS_BAD;
	}
	return SETTINGS_OK;
}

/* One argument that starts with "--"; *i moves on when it takes the next one as its value. */
static int flag_take(int argc, char **argv, int *i, const struct setting *table, size_t count)
{
	const char *arg = argv[*i];
	size_t len = strcspn(arg, "=");
	const struct setting *s = setting_by_flag(table, count, arg, len);

	if (!s) {
		fprintf(stderr, "unknown option %s; see --help\n", arg);
		return SETTINGS_BAD;
	}
	if (!s->parse) {
		if (arg[len] == '=') {
			fprintf(stderr, "%.*s takes no value; see --help\n", (int)len, arg);
			return SETTINGS_BAD;
		}
		*(bool *)s->value = true;
		return SETTINGS_OK;
	}
	if (arg[len] == '=')
		return value_set(s, arg + len + 1, s->name);
	if (*i + 1 >= argc) {
		fprintf(stderr, "%s needs a value; see --help\n", arg);
		return SETTINGS_BAD;
	}
	return value_set(s, argv[++*i], arg);
}

int settings_parse(int argc, char **argv, const struct setting *table, size_t count,
	const char *usage, int *words)
{
	*words = 0;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			help_print(table, count, usage);
			return SETTINGS_HELP;
		}
	}
	if (environ_check() != SETTINGS_OK || defaults_set(table, count) != SETTINGS_OK)
		return SETTINGS_BAD;
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "-", 1) != 0)
			argv[1 + (*words)++] = argv[i];
		else if (flag_take(argc, argv, &i, table, count) != SETTINGS_OK)
			return SETTINGS_BAD;
	}
	return SETTINGS_OK;
}

int setting_text(const char *text, void *value, char *why)
{
	if (text[0] == '\0') {
		snprintf(why, SETTING_WHY_MAX, "is empty");
		return EINVAL;
	}
	*(const char **)value = text;
	return 0;
}

static int port_parse(const char *text, char port[6])
{
	unsigned n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || p - text >= 5)
			return EINVAL;
		n = n * 10 + (unsigned)(*p - '0');
	}
	if (n < 1 || n > 65535)
		return EINVAL;
	snprintf(port, 6, "%u", n);
	return 0;
}

int setting_listen(const char *text, void *value, char *why)
{
	struct listen_address *a = value;
	const char *colon = strrchr(text, ':');
	const char *host = text;
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len)) {
		len = 0;
	}
	if (len == 0 || len >= sizeof(a->host)) {
		snprintf(why, SETTING_WHY_MAX,
			"is not host:port (an IPv6 address goes into [brackets])");
		return EINVAL;
	}
	if (port_parse(colon + 1, a->port) != 0) {
		snprintf(why, SETTING_WHY_MAX, "has no port between 1 and 65535");
		return EINVAL;
	}
	memcpy(a->host, host, len);
	a->host[len] = '\0';
	a->transport = TRANSPORT_TCP;
	return 0;
}

static int sip_listen_item(const char *item, struct listen_address *a, char *why)
{
	static const struct {
		const char *scheme;
		enum transport transport;
	} schemes[] = {{"udp:", TRANSPORT_UDP}, {"tcp:", TRANSPORT_TCP}, {"tls:", TRANSPORT_TLS}};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncmp(item, schemes[i].scheme, 4) != 0)
			continue;
		if (setting_listen(item + 4, a, why) != 0)
			return EINVAL;
		a->transport = schemes[i].transport;
		return 0;
	}
	snprintf(why, SETTING_WHY_MAX, "does not start with udp:, tcp: or tls:");
	return EINVAL;
}

int setting_sip_listen(const char *text, void *value, char *why)
{
	struct listen_list *list = value;
	char item[SETTING_HOST_MAX + 16];

	list->count = 0;
	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");

		if (len >= sizeof(item) || list->count == SETTING_LIST_MAX) {
			snprintf(why, SETTING_WHY_MAX, "is too long");
			return EINVAL;
		}
		memcpy(item, p, len);
		item[len] = '\0';
		if (sip_listen_item(item, &list->item[list->count], why) != 0)
			return EINVAL;
		list->count++;
		p += len;
		if (*p == '\0')
			return 0;
	}
}
