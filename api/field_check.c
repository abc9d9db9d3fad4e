#include "api/field_check.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/field_dial.h"
#include "api/field_list.h"
#include "api/webhook_url.h"
#include "core/e164.h"
#include "core/emergency.h"
#include "core/utf8.h"
#include "core/uuid.h"
#include "core/zoneinfo.h"

static void add_type(struct field_context *c, const char *pointer, const char *wanted)
{
	problems_add(c->problems, pointer, PROBLEM_WRONG_TYPE, "Must be %s.", wanted);
}

/* The string and its length; NULL: it is none, the error was added. */
static const char *string_of(
	struct field_context *c, const json_t *v, const char *pointer, size_t *len)
{
	if (!json_is_string(v)) {
		add_type(c, pointer, "a string");
		return NULL;
	}
	*len = json_string_length(v);
	return json_string_value(v);
}

static bool has_control(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char ch = (unsigned char)s[i];

		/* C1 controls (U+0080 to U+009F) are two octets in UTF-8 */
		if (ch < 0x20 || ch == 0x7f ||
			(ch == 0xc2 && i + 1 < len && (unsigned char)s[i + 1] < 0xa0))
			return true;
	}
	return false;
}

static bool length_check(struct field_context *c, const struct field *f, const char *s, size_t len,
	const char *pointer)
{
	int64_t points = (int64_t)utf8_length(s, len);

	if (points < f->min)
		problems_add(c->problems, pointer, PROBLEM_TOO_SHORT,
			"Must have at least %lld character%s.", (long long)f->min,
			f->min == 1 ? "" : "s");
	else if (points > f->max)
		problems_add(c->problems, pointer, PROBLEM_TOO_LONG,
			"Must have at most %lld characters.", (long long)f->max);
	else
		return true;
	return false;
}

static char *text_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	size_t len;
	const char *s = string_of(c, v, pointer, &len);

	if (!s || !length_check(c, f, s, len, pointer))
		return NULL;
	if (has_control(s, len)) {
		problems_add(c->problems, pointer, PROBLEM_INVALID_CHARACTERS,
			"Must not hold control characters.");
		return NULL;
	}
	return strdup(s);
}

static char *name_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	size_t len;
	const char *s = string_of(c, v, pointer, &len);

	if (!s || !length_check(c, f, s, len, pointer))
		return NULL;
	for (const char *p = s; *p != '\0'; p++) {
		if (!isascii(*p) || (!isalnum((unsigned char)*p) && !strchr("._~+-", *p))) {
			problems_add(c->problems, pointer, PROBLEM_INVALID_CHARACTERS,
				"May hold letters, digits and . _ ~ + - only.");
			return NULL;
		}
	}
	return strdup(s);
}

static char *boolean_check(struct field_context *c, const json_t *v, const char *pointer)
{
	if (!json_is_boolean(v)) {
		add_type(c, pointer, "true or false");
		return NULL;
	}
	return strdup(json_is_true(v) ? "t" : "f");
}

static char *integer_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	char text[24];

	if (!json_is_integer(v)) {
		add_type(c, pointer, "an integer");
		return NULL;
	}
	if (json_integer_value(v) < f->min || json_integer_value(v) > f->max) {
		problems_add(c->problems, pointer, PROBLEM_OUT_OF_RANGE,
			"Must be between %lld and %lld.", (long long)f->min, (long long)f->max);
		return NULL;
	}
	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
	return strdup(text);
}

static char *number_check(struct field_context *c, const json_t *v, const char *pointer)
{
	const char *why = "", *country = "", *s;
	char short_code[EMERGENCY_SIZE];
	char text[E164_TEXT_SIZE];
	e164_t number;
	size_t len;

	s = string_of(c, v, pointer, &len);
	if (!s)
		return NULL;
	if (*s != '+') {
		country = c->country(c->arg);
		if (!country) {
			c->failed = true;
			return NULL;
		}
	}
	if (e164_parse(s, len, country, &number, &why) != 0) {
		problems_add(c->problems, pointer, PROBLEM_NOT_E164,
			"Not a phone number like +14155550100: %s.", why);
		if (emergency_dialled(country, s, len, short_code))
			problems_add(c->problems, pointer, PROBLEM_EMERGENCY_NUMBER,
				"%s is an emergency number: only people call it.", short_code);
		return NULL;
	}
	e164_format(number, text);
	return strdup(text + 1);
}

static char *id_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	char text[UUID_TEXT_SIZE];
	struct uuid id;
	size_t len;
	const char *s = string_of(c, v, pointer, &len);

	if (!s)
		return NULL;
	if (uuid_parse_id(f->id_prefix, s, len, &id) != 0) {
		problems_add(c->problems, pointer, PROBLEM_NOT_AN_ID, "Must be an id like %s_….",
			f->id_prefix);
		return NULL;
	}
	uuid_format(&id, text);
	return strdup(text);
}

static char *word_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	size_t len;
	const char *s = string_of(c, v, pointer, &len);

	if (!s)
		return NULL;
	if (f->word(s) < 0) {
		problems_add(c->problems, pointer, PROBLEM_UNKNOWN_VALUE, "Must be one of %s.",
			f->words);
		return NULL;
	}
	return strdup(s);
}

static char *country_check(struct field_context *c, const json_t *v, const char *pointer)
{
	size_t len;
	const char *s = string_of(c, v, pointer, &len);

	if (!s)
		return NULL;
	if (!e164_country_known(s)) {
		problems_add(c->problems, pointer, PROBLEM_NOT_A_COUNTRY,
			"Must be an ISO 3166-1 code of two capital letters, such as US.");
		return NULL;
	}
	return strdup(s);
}

/* A zone is one of the time zone database; without one, the form has to do. */
static bool is_timezone(const char *s)
{
	struct tz_rule rule;
	int err = isalpha((unsigned char)*s) ? zoneinfo_rule(s, &rule) : EINVAL;

	return err == 0 || (err == ENOENT && !zoneinfo_installed());
}

static char *timezone_check(struct field_context *c, const json_t *v, const char *pointer)
{
	size_t len;
	const char *s = string_of(c, v, pointer, &len);

	if (!s)
		return NULL;
	if (!is_timezone(s)) {
		problems_add(c->problems, pointer, PROBLEM_NOT_A_TIMEZONE,
			"Must be an IANA time zone, such as America/New_York.");
		return NULL;
	}
	return strdup(s);
}

static char *url_check(struct field_context *c, const json_t *v, const char *pointer)
{
	struct webhook_url url;
	size_t len;
	const char *s = string_of(c, v, pointer, &len);

	if (!s)
		return NULL;
	switch (webhook_url_parse(s, c->private_targets, &url)) {
	case 0:
		return strdup(s);
	case ENOTSUP:
		problems_add(
			c->problems, pointer, PROBLEM_HTTPS_REQUIRED, "Must begin with https://.");
		return NULL;
	case EACCES:
		problems_add(c->problems, pointer, PROBLEM_PRIVATE_ADDRESS,
			"Its host or port is not public, and not one of "
			"TRUNKGUARD_PRIVATE_TARGETS.");
		return NULL;
	default:
		problems_add(c->problems, pointer, PROBLEM_NOT_A_URL,
			"Must be a URL like https://portal.example/hooks, without user, password "
			"or fragment, of at most %d characters.",
			WEBHOOK_URL_MAX);
		return NULL;
	}
}

char *field_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer)
{
	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_PASSWORD:
		return text_check(c, f, v, pointer);
	case FIELD_NAME:
		return name_check(c, f, v, pointer);
	case FIELD_BOOLEAN:
		return boolean_check(c, v, pointer);
	case FIELD_INTEGER:
		return integer_check(c, f, v, pointer);
	case FIELD_NUMBER:
		return number_check(c, v, pointer);
	case FIELD_ID:
		return id_check(c, f, v, pointer);
	case FIELD_WORD:
		return word_check(c, f, v, pointer);
	case FIELD_WORDS:
		return words_check(c, f, v, pointer);
	case FIELD_PREFIXES:
		return prefixes_check(c, f, v, pointer);
	case FIELD_CIDRS:
		return cidrs_check(c, f, v, pointer);
	case FIELD_ADDRESS:
		return address_check(c, f, v, pointer);
	case FIELD_ADDRESSES:
		return addresses_check(c, f, v, pointer);
	case FIELD_COUNTRY:
		return country_check(c, v, pointer);
	case FIELD_COUNTRIES:
		return countries_check(c, f, v, pointer);
	case FIELD_TIMEZONE:
		return timezone_check(c, v, pointer);
	case FIELD_REGISTRATION:
		return registration_check(c, v, pointer);
	case FIELD_URL:
		return url_check(c, v, pointer);
	case FIELD_INTERNAL:
		return internal_check(c, v, pointer);
	case FIELD_STEPS:
		return steps_check(c, v, pointer);
	case FIELD_FORWARDINGS:
		return forwardings_check(c, v, pointer);
	case FIELD_TIME:
	case FIELD_DERIVED:
	case FIELD_KIND_COUNT:
		break;
	}
	problems_add(c->problems, pointer, PROBLEM_READ_ONLY, "Cannot be written.");
	return NULL;
}
