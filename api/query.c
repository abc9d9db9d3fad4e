#include "api/query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/base64url.h"
#include "api/http.h"
#include "api/problem.h"
#include "core/utf8.h"
#include "core/uuid.h"

/* Between the keys of a cursor; no key holds it. */
static const char separator = '\x1f';

const char *query_value(const struct http_request *req, const char *name)
{
	for (unsigned i = 0; i < req->target.params; i++) {
		if (strcmp(req->target.param[i].name, name) == 0)
			return req->target.param[i].value;
	}
	return NULL;
}

int query_number(const char *text, e164_t *number)
{
	if (*text == '+' || *text == ' ')
		text++;
	return e164_parse_digits(text, strlen(text), number);
}

/* The offset behind the time: "Z", "+02:00"; a "+" may have become a space. Nothing: UTC. */
static int offset_parse(const char *p, long *seconds)
{
	int hours, minutes, n = 0;

	*seconds = 0;
	if (*p == '\0' || strcmp(p, "Z") == 0 || strcmp(p, "z") == 0)
		return 0;
	if (!strchr("+- ", *p) || sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &n) != 2 ||
		p[1 + n] != '\0' || n != 5 || hours > 23 || minutes > 59)
		return EINVAL;
	*seconds = (hours * 60L + minutes) * 60 * (*p == '-' ? -1 : 1);
	return 0;
}

int query_time(const char *text, int64_t *unix_ms)
{
	struct tm tm = {0}, check;
	const char *p = strptime(text, "%Y-%m-%d", &tm);
	long ms = 0, offset = 0;
	time_t at;

	if (!p || p - text != 10)
		return EINVAL;
	if (*p != '\0') {
		if (*p != 'T' && *p != 't' && *p != ' ')
			return EINVAL;
		p = strptime(p + 1, "%H:%M:%S", &tm);
		if (!p)
			return EINVAL;
		if (*p == '.') {
			long unit = 100;

			for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
				ms += unit * (*p - '0');
		}
		if (offset_parse(p, &offset) != 0)
			return EINVAL;
	}
	check = tm;
	at = timegm(&tm);
	/* the 31st of February would be a day in March */
	if (tm.tm_mday != check.tm_mday || tm.tm_mon != check.tm_mon)
		return EINVAL;
	*unix_ms = ((int64_t)at - offset) * 1000 + ms;
	return 0;
}

char *query_cursor(const char *const *key, unsigned keys)
{
	size_t len = 0;
	char *text, *out;

	for (unsigned i = 0; i < keys; i++)
		len += strlen(key[i]) + 1;
	text = malloc(len + 1);
	if (!text)
		return NULL;
	len = 0;
	for (unsigned i = 0; i < keys; i++)
		len += (size_t)sprintf(text + len, "%s%c", key[i], separator);
	out = base64url_encode(text, len - 1);
	free(text);
	return out;
}

static bool cursor_take(struct query *q, const struct list *l, const char *text)
{
	char *p;
	size_t len;

	q->cursor = base64url_decode(text, &len);
	if (!q->cursor || strlen(q->cursor) != len || !utf8_valid(q->cursor, len))
		return false;
	p = q->cursor;
	for (unsigned i = 0; i < l->keys; i++) {
		char *end = strchr(p, separator);

		if ((i + 1 < l->keys) != (end != NULL))
			return false;
		q->list.after[i] = p;
		if (end) {
			*end = '\0';
			p = end + 1;
		}
	}
	return true;
}

static char *id_text(const char *prefix, const char *value)
{
	char text[UUID_TEXT_SIZE];
	struct uuid id;

	if (uuid_parse_id(prefix, value, strlen(value), &id) != 0)
		return NULL;
	uuid_format(&id, text);
	return strdup(text);
}

static char *digits_text(const char *value)
{
	char text[E164_TEXT_SIZE];
	e164_t number;

	if (query_number(value, &number) != 0)
		return NULL;
	e164_format(number, text);
	return strdup(text + 1);
}

static char *prefix_text(const char *value)
{
	size_t len;

	if (*value == '+' || *value == ' ')
		value++;
	len = strlen(value);
	if (len == 0 || len > E164_DIGITS_MAX || *value == '0' ||
		strspn(value, "0123456789") != len)
		return NULL;
	return strdup(value);
}

static char *time_text(const char *value)
{
	char text[24];
	int64_t ms;

	if (query_time(value, &ms) != 0)
		return NULL;
	snprintf(text, sizeof(text), "%lld", (long long)ms);
	return strdup(text);
}

static void filter_take(struct query *q, const struct list_filter *f, unsigned i, const char *value,
	struct problems *p)
{
	const char *wanted = "";

	switch (f->kind) {
	case FILTER_ID:
		q->text[i] = id_text(f->id_prefix, value);
		wanted = "an id of that kind";
		break;
	case FILTER_NUMBER:
		q->text[i] = digits_text(value);
		wanted = "a phone number like +14155550100";
		break;
	case FILTER_PREFIX:
		q->text[i] = prefix_text(value);
		wanted = "the first digits of phone numbers, such as +1415";
		break;
	case FILTER_BOOLEAN:
		if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
			q->text[i] = strdup(value);
		wanted = "true or false";
		break;
	case FILTER_WORD:
		if (f->word(value) >= 0)
			q->text[i] = strdup(value);
		wanted = f->words;
		break;
	case FILTER_FROM:
	case FILTER_TO:
		q->text[i] = time_text(value);
		wanted = "a time such as 2026-11-23T08:15:30Z";
		break;
	case FILTER_TEXT:
	case FILTER_SEARCH:
		if (*value != '\0')
			q->text[i] = strdup(value);
		wanted = "a text";
		break;
	}
	q->list.value[i] = q->text[i];
	if (!q->text[i])
		problems_add_parameter(
			p, f->name, PROBLEM_INVALID_PARAMETER, "Must be %s.", wanted);
}

static bool limit_take(struct query *q, const char *value)
{
	size_t len = strlen(value);
	unsigned long n = strtoul(value, NULL, 10);

	if (len == 0 || len > 4 || strspn(value, "0123456789") != len || n < 1 ||
		n > LIST_LIMIT_MAX)
		return false;
	q->list.limit = (unsigned)n;
	return true;
}

static void parameter_take(
	struct query *q, const struct list *l, const struct target_param *param, struct problems *p)
{
	unsigned i = 0;

	if (strcmp(param->name, "limit") == 0) {
		if (!limit_take(q, param->value))
			problems_add_parameter(p, "limit", PROBLEM_INVALID_PARAMETER,
				"Must be between 1 and %d.", LIST_LIMIT_MAX);
		return;
	}
	if (strcmp(param->name, "cursor") == 0) {
		if (q->cursor || !cursor_take(q, l, param->value))
			problems_add_parameter(p, "cursor", PROBLEM_INVALID_PARAMETER,
				"Must be the next_cursor of an answer.");
		return;
	}
	while (i < l->filters && strcmp(l->filter[i].name, param->name) != 0)
		i++;
	if (i == l->filters)
		problems_add_parameter(
			p, param->name, PROBLEM_UNKNOWN_PARAMETER, "There is no such parameter.");
	else if (q->text[i])
		problems_add_parameter(
			p, param->name, PROBLEM_INVALID_PARAMETER, "Stands twice in the query.");
	else
		filter_take(q, &l->filter[i], i, param->value, p);
}

bool query_parse(struct http_request *req, enum list_id id, struct query *q)
{
	struct problems p = {0};
	bool ok;

	memset(q, 0, sizeof(*q));
	q->list.limit = LIST_LIMIT_DEFAULT;
	for (unsigned i = 0; i < req->target.params; i++)
		parameter_take(q, list(id), &req->target.param[i], &p);
	ok = !problems_answer(req, 400, PROBLEM_INVALID_PARAMETERS, &p);
	problems_fini(&p);
	return ok;
}

void query_fini(struct query *q)
{
	for (unsigned i = 0; i < LIST_FILTERS_MAX; i++)
		free(q->text[i]);
	free(q->cursor);
}
