#include "core/destination.h"

#include <errno.h>
#include <string.h>

#include "core/destination_table.h"
#include "core/e164_country.h"
#include "core/emergency.h"
#include "core/mem.h"

enum { COUNTRY_CODE_MAX = 3 };
enum { PARTS = 7, PREFIXES_MAX_LEN = 32768, SECONDS_MAX = 7 * 86400, CALLS_MAX = 1000000 };

static const char *const words[DESTINATION_VERDICT_COUNT] = {
	"ok", "emergency_number", "premium_denied", "prefix_denied", "country_not_allowed"};

static const char *const texts[DESTINATION_VERDICT_COUNT] = {
	"It is allowed.",
	"It is an emergency or service number, which nothing ever forwards to.",
	"It is in a range charged at premium rates or known for call-back fraud.",
	"It is in a range that the account's destination rules deny.",
	"It is in none of the countries that the account's destination rules allow.",
};

const char *destination_verdict_word(enum destination_verdict v)
{
	return (unsigned)v < DESTINATION_VERDICT_COUNT ? words[v] : "";
}

const char *destination_verdict_text(enum destination_verdict v)
{
	return (unsigned)v < DESTINATION_VERDICT_COUNT ? texts[v] : "";
}

void destination_rules_fini(struct destination_rules *rules)
{
	mem_free(rules->allowed_countries);
	mem_free(rules->denied_prefixes);
	mem_free(rules->allowed_prefixes);
	*rules = (struct destination_rules){0};
}

/* ---- the text form --------------------------------------------------------------------------- */

/* Cuts what stands before the separator off; all of it when there is none. */
static struct str cut(struct str *rest, char separator, bool *last)
{
	const char *at = rest->len ? memchr(rest->p, separator, rest->len) : NULL;
	struct str part = at ? str_span(rest->p, at) : *rest;

	*last = !at;
	*rest = at ? str_span(at + 1, str_end(*rest)) : (struct str){rest->p + rest->len, 0};
	return part;
}

typedef bool item_ok_h(struct str item);

static bool is_country(struct str item)
{
	char iso[3];

	return item.len == 2 && str_copy(iso, sizeof(iso), item) == 0 && e164_country_known(iso);
}

static bool is_prefix(struct str item)
{
	for (size_t i = 0; i < item.len; i++)
		if (item.p[i] < '0' || item.p[i] > '9')
			return false;
	return item.len > 0 && item.len <= E164_DIGITS_MAX;
}

static bool all_ok(struct str list, item_ok_h *ok)
{
	bool last = list.len == 0;

	if (list.len > PREFIXES_MAX_LEN)
		return false;
	while (!last)
		if (!ok(cut(&list, ',', &last)))
			return false;
	return true;
}

static int keep(char **out, struct str text)
{
	*out = mem_alloc(text.len + 1);
	if (!*out)
		return ENOMEM;
	if (text.len)
		memcpy(*out, text.p, text.len);
	(*out)[text.len] = '\0';
	return 0;
}

static const char *read_limits(const struct str part[PARTS], struct destination_rules *rules)
{
	if (!str_eq(part[3], str_lit("t")) && !str_eq(part[3], str_lit("f")))
		return "allow_premium is neither t nor f";
	rules->allow_premium = part[3].p[0] == 't';
	rules->has_max = part[4].len > 0;
	if (rules->has_max && str_u32(part[4], CALLS_MAX, &rules->max_failover_calls))
		return "max_failover_calls is no number";
	if (part[5].len && str_u32(part[5], CALLS_MAX, &rules->max_failover_calls_per_minute))
		return "max_failover_calls_per_minute is no number";
	if (part[6].len && str_u32(part[6], SECONDS_MAX, &rules->max_failover_call_seconds))
		return "max_failover_call_seconds is no number";
	return NULL;
}

static const char *read_parts(const struct str part[PARTS], struct destination_rules *rules)
{
	bool every = str_eq(part[0], str_lit("*"));

	if (!every && !all_ok(part[0], is_country))
		return "allowed_countries has an unknown country";
	if (!all_ok(part[1], is_prefix))
		return "denied_prefixes has a bad prefix";
	if (!all_ok(part[2], is_prefix))
		return "allowed_prefixes has a bad prefix";
	if ((!every && keep(&rules->allowed_countries, part[0])) ||
		keep(&rules->denied_prefixes, part[1]) || keep(&rules->allowed_prefixes, part[2]))
		return "";
	return read_limits(part, rules);
}

int destination_rules_parse(struct str text, struct destination_rules *rules, const char **wrong)
{
	struct str part[PARTS];
	unsigned count = 0;
	bool last = false;

	*rules = (struct destination_rules){0};
	while (!last && count < PARTS)
		part[count++] = cut(&text, '|', &last);
	*wrong = last && count == PARTS ? read_parts(part, rules) : "is not of seven parts";
	if (!*wrong)
		return 0;
	destination_rules_fini(rules);
	return **wrong ? EINVAL : ENOMEM;
}

/* ---- the decision ---------------------------------------------------------------------------- */

/* How long the longest prefix of the list is that the digits begin with. */
static size_t longest(const char *list, const char *digits)
{
	struct str rest = list ? str_of(list) : str_lit("");
	bool last = rest.len == 0;
	size_t best = 0;

	while (!last) {
		struct str item = cut(&rest, ',', &last);

		if (item.len > best && !strncmp(digits, item.p, item.len))
			best = item.len;
	}
	return best;
}

static bool lists(const char *list, const char *iso)
{
	struct str rest = list ? str_of(list) : str_lit("");
	bool last = rest.len == 0;

	while (!last)
		if (str_eq(cut(&rest, ',', &last), str_of(iso)))
			return true;
	return false;
}

/* Area codes 211 to 911 are none: who drops the 1, as many gateways do, dials an emergency call. Elsewhere
 * emergency numbers are too short to hide in longer ones. */
static bool is_emergency(e164_t number, const char *digits)
{
	if (digits[0] == '1' && digits[1] >= '2' && digits[2] == '1' && digits[3] == '1')
		return true;
	return strlen(digits) <= COUNTRY_CODE_MAX + EMERGENCY_DIGITS_MAX && emergency_e164(number);
}

/* In each area code of North America the exchange 976 is charged at premium rates. */
static bool is_976(const char *digits)
{
	return digits[0] == '1' && strlen(digits) == 11 && !strncmp(digits + 4, "976", 3);
}

static size_t premium(const char *digits, const struct destination_rules *rules, const char *home)
{
	const struct number_range *range = premium_range(digits);

	if (rules->allow_premium)
		return 0;
	if (is_976(digits))
		return 7;
	if (!range)
		return 0;
	if (range->iso[0] &&
		(!strcmp(range->iso, home) || lists(rules->allowed_countries, range->iso)))
		return 0;
	return strlen(range->prefix);
}

/* A code is the country's when it has no part of its own in it; its part then is. */
static bool begins_with_code(const char *digits, const char *iso)
{
	const struct e164_country *c = e164_country(iso);
	unsigned code = c ? c->code : 0, head = 0;

	for (const char *p = digits; *p && head < code; p++)
		head = head * 10 + (unsigned)(*p - '0');
	return code && head == code;
}

static bool in_countries(const char *digits, const char *list)
{
	const struct number_range *range = country_range(digits);
	struct str rest = str_of(list);
	bool last = rest.len == 0;

	if (range && range->iso[0])
		return lists(list, range->iso);
	while (!last) {
		char iso[3] = "";

		if (str_copy(iso, sizeof(iso), cut(&rest, ',', &last)))
			continue;
		if (begins_with_code(digits, iso) && (range || !country_has_range(iso)))
			return true;
	}
	return false;
}

enum destination_verdict destination_decide(
	e164_t number, const struct destination_rules *rules, const char *home)
{
	char text[E164_TEXT_SIZE];
	const char *digits = text + 1;
	size_t allowed, denied, table;

	e164_format(number, text);
	if (!text[0] || is_emergency(number, digits))
		return DESTINATION_EMERGENCY;
	allowed = longest(rules->allowed_prefixes, digits);
	denied = longest(rules->denied_prefixes, digits);
	table = premium(digits, rules, home);
	if (allowed && allowed >= denied && allowed >= table)
		return DESTINATION_OK;
	if (denied && denied >= table)
		return DESTINATION_PREFIX;
	if (table)
		return DESTINATION_PREMIUM;
	if (rules->allowed_countries && !in_countries(digits, rules->allowed_countries))
		return DESTINATION_COUNTRY;
	return DESTINATION_OK;
}
