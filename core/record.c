#include "core/record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/mem.h"

void record_init(struct record *r, const char *line, size_t len, struct cfg_reject *reject)
{
	if (len && line[len - 1] == '\n')
		len--;
	*r = (struct record){.at = line, .end = line + len, .reject = reject};
}

void record_fail(struct record *r, int err, const char *field, const char *wrong)
{
	if (r->err)
		return;
	r->err = err;
	if (r->reject)
		snprintf(r->reject->reason, sizeof(r->reject->reason), "%s %s", field, wrong);
}

int record_end(struct record *r)
{
	if (!r->err && r->at)
		record_fail(r, EINVAL, "the record", "has too many fields");
	return r->err;
}

bool record_next(struct record *r, const char *field, struct str *raw, bool *null)
{
	const char *tab;

	if (r->err)
		return false;
	if (!r->at) {
		record_fail(r, EINVAL, field, "is missing");
		return false;
	}
	tab = memchr(r->at, '\t', (size_t)(r->end - r->at));
	*raw = str_span(r->at, tab ? tab : r->end);
	r->at = tab ? tab + 1 : NULL;
	*null = str_eq(*raw, str_lit("\\N"));
	return true;
}

bool record_more(const struct record *r)
{
	return !r->err && r->at;
}

/* The next field, which must not be null. */
static bool required(struct record *r, const char *field, struct str *raw)
{
	bool null;

	if (!record_next(r, field, raw, &null))
		return false;
	if (null)
		record_fail(r, EINVAL, field, "is null");
	return !null;
}

void record_uuid(struct record *r, const char *field, struct uuid *out)
{
	struct str raw;

	if (required(r, field, &raw) && uuid_parse(raw.p, raw.len, out))
		record_fail(r, EINVAL, field, "is no UUID");
}

void record_uuid_or_none(struct record *r, const char *field, struct uuid *out)
{
	struct str raw;
	bool null;

	memset(out, 0, sizeof(*out));
	if (record_next(r, field, &raw, &null) && !null && uuid_parse(raw.p, raw.len, out))
		record_fail(r, EINVAL, field, "is no UUID");
}

void record_bool(struct record *r, const char *field, bool *out)
{
	struct str raw;

	if (!required(r, field, &raw))
		return;
	if (raw.len != 1 || (raw.p[0] != 't' && raw.p[0] != 'f'))
		record_fail(r, EINVAL, field, "is neither t nor f");
	else
		*out = raw.p[0] == 't';
}

static void check_uint(struct record *r, const char *field, struct str raw, uint32_t min,
	uint32_t max, uint32_t *out)
{
	int err = str_u32(raw, max, out);

	if (err == EINVAL)
		record_fail(r, EINVAL, field, "is no number");
	else if (err || *out < min)
		record_fail(r, EINVAL, field, "is out of range");
}

void record_uint(struct record *r, const char *field, uint32_t min, uint32_t max, uint32_t *out)
{
	struct str raw;

	if (required(r, field, &raw))
		check_uint(r, field, raw, min, max, out);
}

void record_u16(struct record *r, const char *field, bool or_zero, uint16_t *out)
{
	struct str raw;
	uint32_t value = 0;
	bool null;

	if (!record_next(r, field, &raw, &null))
		return;
	if (!null || !or_zero)
		check_uint(r, field, raw, or_zero ? 0 : 1, UINT16_MAX, &value);
	*out = (uint16_t)value;
}

/* Words are short; one that does not fit is none of them. */
int record_word_of(struct str raw, int (*parse)(const char *))
{
	char word[32];

	return str_copy(word, sizeof(word), raw) ? -1 : parse(word);
}

void record_word(struct record *r, const char *field, int (*parse)(const char *), int *out)
{
	struct str raw;
	bool null;

	*out = 0;
	if (!record_next(r, field, &raw, &null) || null)
		return;
	*out = record_word_of(raw, parse);
	if (*out < 0)
		record_fail(r, EINVAL, field, "is an unknown word");
}

void record_number(struct record *r, const char *field, e164_t *out)
{
	struct str raw;
	bool null;

	*out = 0;
	if (record_next(r, field, &raw, &null) && !null && e164_parse_digits(raw.p, raw.len, out))
		record_fail(r, EINVAL, field, "is no E.164 number");
}

/* Undoes COPY's escapes; EINVAL for what COPY never writes. out has room for raw.len + 1. */
static int unescape(struct str raw, char *out)
{
	static const char from[] = "\\tnrbfv", to[] = "\\\t\n\r\b\f\v";

	for (size_t i = 0; i < raw.len; i++) {
		const char *at;

		if (raw.p[i] == '\0')
			return EINVAL;
		if (raw.p[i] != '\\') {
			*out++ = raw.p[i];
			continue;
		}
		if (++i == raw.len || !raw.p[i])
			return EINVAL;
		at = strchr(from, raw.p[i]);
		if (!at)
			return EINVAL;
		*out++ = to[at - from];
	}
	*out = '\0';
	return 0;
}

char *record_unescaped(struct record *r, const char *field, struct str raw, size_t max)
{
	char *text;

	if (raw.len > max) {
		record_fail(r, EINVAL, field, "is too long");
		return NULL;
	}
	text = mem_alloc(raw.len + 1);
	if (!text) {
		record_fail(r, ENOMEM, field, "finds no memory");
		return NULL;
	}
	if (unescape(raw, text)) {
		record_fail(r, EINVAL, field, "has a bad escape");
		mem_free(text);
		return NULL;
	}
	return text;
}

void record_text(struct record *r, const char *field, char **out)
{
	struct str raw;
	bool null;

	if (record_next(r, field, &raw, &null) && !null)
		*out = record_unescaped(r, field, raw, RECORD_TEXT_MAX);
}

void record_text_or_empty(struct record *r, const char *field, char **out)
{
	struct str raw;
	bool null;

	if (record_next(r, field, &raw, &null))
		*out = record_unescaped(
			r, field, null ? (struct str){"", 0} : raw, RECORD_TEXT_MAX);
}

void record_hex(struct record *r, const char *field, char *out, size_t size)
{
	struct str raw;
	bool null;

	out[0] = '\0';
	if (!record_next(r, field, &raw, &null) || null || !raw.len)
		return;
	if (str_copy(out, size, raw) || raw.len != size - 1 ||
		strspn(out, "0123456789abcdef") != raw.len) {
		out[0] = '\0';
		record_fail(r, EINVAL, field, "is no digest in hex");
	}
}
