#include "api/did_cell.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/csv.h"

/* ---- reading --------------------------------------------------------------------------------- */

/* What makes a spreadsheet see a formula. */
static bool is_formula(char c)
{
	return c != '\0' && strchr("=+-@\t\r", c);
}

static json_t *text_read(const char *text, size_t len)
{
	bool guarded = len > 1 && text[0] == '\'' && (text[1] == '\'' || is_formula(text[1]));

	return json_stringn(text + guarded, len - guarded);
}

static json_t *boolean_read(const char *text, size_t len)
{
	if (len == 4 && strncasecmp(text, "true", 4) == 0)
		return json_true();
	if (len == 5 && strncasecmp(text, "false", 5) == 0)
		return json_false();
	return json_stringn(text, len);
}

static json_t *integer_read(const char *text, size_t len)
{
	size_t sign = len > 1 && text[0] == '-';

	if (len - sign > 18 || strspn(text + sign, "0123456789") != len - sign)
		return json_stringn(text, len);
	return json_integer(strtoll(text, NULL, 10));
}

/* "host", "host:5060", "[2001:db8::1]:5061/tls" */
static json_t *address_read(const char *text, size_t len)
{
	const char *slash = memchr(text, '/', len), *end = slash ? slash : text + len, *colon;
	size_t host = (size_t)(end - text);
	json_t *out = json_object();

	if (slash)
		json_object_set_new(out, "transport",
			json_stringn(slash + 1, (size_t)(text + len - slash - 1)));
	if (host > 0 && *text == '[') {
		const char *close = memchr(text, ']', host);

		colon = close && close + 1 < end && close[1] == ':' ? close + 1 : NULL;
		if (close) {
			json_object_set_new(
				out, "host", json_stringn(text + 1, (size_t)(close - text - 1)));
			host = 0;
		}
	} else {
		colon = memchr(text, ':', host);
		host = colon ? (size_t)(colon - text) : host;
	}
	if (host > 0)
		json_object_set_new(out, "host", json_stringn(text, host));
	if (colon)
		json_object_set_new(
			out, "port", integer_read(colon + 1, (size_t)(end - colon - 1)));
	return out;
}

static json_t *list_read(const char *text, size_t len, json_t *(*item)(const char *, size_t))
{
	json_t *out = json_array();

	if (len == 4 && strncasecmp(text, "none", 4) == 0)
		return out;
	for (size_t at = 0; at < len;) {
		size_t n = 0;

		while (at + n < len && text[at + n] != ' ')
			n++;
		if (n > 0 && json_array_append_new(out, item(text + at, n)) != 0) {
			json_decref(out);
			return NULL;
		}
		at += n + 1;
	}
	return out;
}

static json_t *string_read(const char *text, size_t len)
{
	return json_stringn(text, len);
}

static json_t *json_read(const char *text, size_t len)
{
	json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	return value ? value : json_stringn(text, len);
}

json_t *did_cell_read(const struct field *f, const char *text, size_t len)
{
	if (len == 0)
		return json_null();
	switch (f->kind) {
	case FIELD_TEXT:
		return text_read(text, len);
	case FIELD_BOOLEAN:
		return boolean_read(text, len);
	case FIELD_INTEGER:
		return integer_read(text, len);
	case FIELD_WORDS:
		return list_read(text, len, string_read);
	case FIELD_ADDRESSES:
		return list_read(text, len, address_read);
	case FIELD_FORWARDINGS:
		return json_read(text, len);
	default:
		return json_stringn(text, len);
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

static void address_write(FILE *out, const json_t *a)
{
	const char *host = json_string_value(json_object_get(a, "host"));
	const json_t *port = json_object_get(a, "port");
	const char *transport = json_string_value(json_object_get(a, "transport"));

	if (host)
		fprintf(out, strchr(host, ':') ? "[%s]" : "%s", host);
	if (json_is_integer(port))
		fprintf(out, ":%lld", (long long)json_integer_value(port));
	if (transport)
		fprintf(out, "/%s", transport);
}

/* No word and no address needs quotes. */
static void list_write(FILE *out, const struct field *f, const json_t *list)
{
	const json_t *item;
	size_t i;

	if (json_array_size(list) == 0 && f->kind == FIELD_WORDS)
		fputs("none", out);
	json_array_foreach(list, i, item)
	{
		if (i > 0)
			fputc(' ', out);
		if (json_is_object(item))
			address_write(out, item);
		else
			fputs(json_string_value(item), out);
	}
}

static void string_write(FILE *out, const struct field *f, const json_t *value)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	char *guarded;

	if (f->kind != FIELD_TEXT ||
		!(is_formula(text[0]) ||
			(text[0] == '\'' && (text[1] == '\'' || is_formula(text[1]))))) {
		csv_write(out, text, len);
		return;
	}
	guarded = malloc(len + 2);
	if (!guarded)
		return;
	guarded[0] = '\'';
	memcpy(guarded + 1, text, len + 1);
	csv_write(out, guarded, len + 1);
	free(guarded);
}

static void json_write(FILE *out, const json_t *value)
{
	char *text = json_array_size(value) > 0 ? json_dumps(value, JSON_COMPACT) : NULL;

	if (text)
		csv_write(out, text, strlen(text));
	free(text);
}

void did_cell_write(FILE *out, const struct field *f, const json_t *value)
{
	if (json_is_string(value))
		string_write(out, f, value);
	else if (json_is_boolean(value))
		fputs(json_is_true(value) ? "true" : "false", out);
	else if (json_is_integer(value))
		fprintf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_array(value) && f->kind == FIELD_FORWARDINGS)
		json_write(out, value);
	else if (json_is_array(value))
		list_write(out, f, value);
}
