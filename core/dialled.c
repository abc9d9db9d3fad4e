#include "core/dialled.h"

#include <stdlib.h>
#include <string.h>

#include "core/e164_country.h"

enum {
	DIALLED_MAX = 64,
	/* A number without any mark that is no national one is an international one, but not when it may
	 * be a local one whose area code was left out: that would ring on the other side of the world. */
	UNMARKED_MIN = 10,
};

/* International prefixes that are not 00 (ITU-T operational bulletin, "Dialling procedures"). Countries of
 * the calling code 1 have 011. In the order of their codes, for bsearch(). */
static const struct exit_code {
	char iso[3];
	const char *prefix;
} exit_codes[] = {
	{"AU", "0011"},
	{"BY", "810"},
	{"CC", "0011"},
	{"CU", "119"},
	{"CX", "0011"},
	{"GY", "001"},
	{"HK", "001"},
	{"ID", "001"},
	{"JP", "010"},
	{"KE", "000"},
	{"KH", "001"},
	{"KR", "001"},
	{"KZ", "810"},
	{"MN", "001"},
	{"NG", "009"},
	{"RU", "810"},
	{"SG", "001"},
	{"TH", "001"},
	{"TJ", "810"},
	{"TM", "810"},
	{"TW", "002"},
	{"TZ", "000"},
	{"UG", "000"},
};

static int compare(const void *iso, const void *code)
{
	return strcmp(iso, ((const struct exit_code *)code)->iso);
}

static const char *exit_code_of(const char *country)
{
	const struct exit_code *e = bsearch(country, exit_codes,
		sizeof(exit_codes) / sizeof(exit_codes[0]), sizeof(exit_codes[0]), compare);
	const struct e164_country *c = e ? NULL : e164_country(country);

	if (e)
		return e->prefix;
	return c && c->code == 1 ? "011" : "00";
}

/* Digits and an optional '+', visual separators dropped: false when there is anything else. */
static bool strip(const char *text, size_t len, char out[DIALLED_MAX], size_t *out_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (text[i] == '\0' ||
			(!digit && !(text[i] == '+' && n == 0) && !strchr("-.()", text[i])))
			return false;
		if (!digit && text[i] != '+')
			continue;
		if (n == DIALLED_MAX)
			return false;
		out[n++] = text[i];
	}
	*out_len = n;
	return n > 0;
}

/* The value of phone-context when it is a global number: what local digits belong behind. */
static size_t context_of(const char *parameters, const char *end, const char **context)
{
	static const char name[] = ";phone-context=";
	size_t n = sizeof(name) - 1;

	for (const char *p = parameters; p && (size_t)(end - p) > n;
		p = memchr(p + 1, ';', (size_t)(end - p - 1))) {
		const char *value = p + n, *stop;

		if (strncasecmp(p, name, n) != 0 || *value != '+')
			continue;
		stop = memchr(value, ';', (size_t)(end - value));
		*context = value;
		return (size_t)((stop ? stop : end) - value);
	}
	return 0;
}

static bool begins(const char *text, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len > n && !memcmp(text, prefix, n);
}

/* "+" and what follows the international prefix, when there is one. */
static bool international(char text[DIALLED_MAX + 1], size_t *len, const char *country)
{
	const char *prefix = exit_code_of(country);

	if (text[0] == '+')
		return true;
	if (!*country && begins(text, *len, "011"))
		prefix = "011";
	if (!begins(text, *len, prefix))
		return false;
	*len -= strlen(prefix);
	memmove(text + 1, text + strlen(prefix), *len);
	text[0] = '+';
	(*len)++;
	return true;
}

static void read_number(char *text, size_t len, const char *country, struct dialled *d)
{
	const struct e164_country *c = e164_country(country);
	bool plus = international(text, &len, country);
	size_t digits = len - plus;
	bool national = !plus && c && c->trunk[0] ? begins(text, len, c->trunk)
						  : c && digits >= c->min && digits <= c->max;

	if (digits < E164_DIGITS_MIN || (!plus && c && !national && digits < UNMARKED_MIN))
		d->kind = DIALLED_INCOMPLETE;
	else if (e164_parse(text, len, plus ? "" : country, &d->number, NULL) == 0)
		d->kind = DIALLED_NUMBER;
}

void dialled_parse(const char *user, size_t len, const char *country, struct dialled *d)
{
	char text[DIALLED_MAX + 1 + DIALLED_MAX], local[DIALLED_MAX];
	const char *parameters = len ? memchr(user, ';', len) : NULL, *context = NULL;
	size_t digits = parameters ? (size_t)(parameters - user) : len, n = 0, local_len = 0;
	size_t context_len = parameters ? context_of(parameters, user + len, &context) : 0;

	*d = (struct dialled){.kind = DIALLED_NOTHING};
	if (!country)
		country = "";
	if (!strip(user, digits, local, &local_len))
		return;
	if (emergency_dialled(country, local, local_len, d->short_code)) {
		d->kind = DIALLED_EMERGENCY;
		return;
	}
	if (context_len > 1 && local[0] != '+' && !strip(context, context_len, text, &n))
		return;
	if (n + local_len > DIALLED_MAX)
		return;
	memcpy(text + n, local, local_len);
	read_number(text, n + local_len, country, d);
}
