#include "api/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/http.h"
#include "core/json_out.h"
#include "core/utf8.h"

static const struct {
	const char *word, *title;
} codes[PROBLEM_CODE_COUNT] = {
#define PROBLEM_ROW(name, word, title) {word, title},
	PROBLEM_CODES(PROBLEM_ROW)
#undef PROBLEM_ROW
};

const char *problem_code_word(enum problem_code code)
{
	return codes[code].word;
}

const char *problem_code_title(enum problem_code code)
{
	return codes[code].title;
}

static void errors_write(struct json_out *j, const struct problems *p)
{
	json_out_array(j, "errors");
	for (unsigned i = 0; i < p->kept; i++) {
		const struct problem_error *e = &p->item[i];

		json_out_object(j, NULL);
		json_out_str(j, e->parameter ? "parameter" : "pointer", e->pointer);
		json_out_str(j, "code", codes[e->code].word);
		json_out_str(j, "detail", e->detail);
		json_out_end(j);
	}
	json_out_end(j);
}

static void problem_write(struct http_request *req, unsigned status, enum problem_code code,
	const char *detail, const struct problems *p)
{
	struct http_response *res = &req->res;
	struct json_out j;
	const char *text;
	size_t len;
	char type[64];

	snprintf(type, sizeof(type), "/docs#%s", codes[code].word);
	json_out_init(&j);
	json_out_object(&j, NULL);
	json_out_str(&j, "type", type);
	json_out_str(&j, "title", codes[code].title);
	json_out_uint(&j, "status", status);
	json_out_str(&j, "detail", detail);
	json_out_str(&j, "code", codes[code].word);
	if (p)
		errors_write(&j, p);
	json_out_end(&j);
	if (json_out_text(&j, &text, &len) == 0)
		http_response_body(
			res, status, "application/problem+json", strndup(text, len), len);
	else
		http_response_body(res, status, NULL, NULL, 0);
	json_out_fini(&j);
	if (status == 401)
		http_response_header(res, "WWW-Authenticate", "Bearer realm=\"trunkguard\"");
	if (status == 503 || status == 429)
		http_response_header(res, "Retry-After", "1");
}

void problem_answer(
	struct http_request *req, unsigned status, enum problem_code code, const char *detail)
{
	problem_write(req, status, code, detail, NULL);
}

void problem_busy(struct http_request *req)
{
	problem_write(req, 503, PROBLEM_BUSY, "Too many requests at once; try again.", NULL);
}

void problems_fini(struct problems *p)
{
	free(p->item);
	memset(p, 0, sizeof(*p));
}

__attribute__((format(printf, 5, 0))) static void add(struct problems *p, bool parameter,
	const char *pointer, enum problem_code code, const char *fmt, va_list ap)
{
	struct problem_error *e;

	p->count++;
	if (p->kept < PROBLEM_ERRORS_MAX && p->kept == p->size) {
		unsigned size = p->size == 0 ? 8 : p->size * 2;
		struct problem_error *item = realloc(p->item, size * sizeof(*item));

		if (item) {
			p->item = item;
			p->size = size;
		}
	}
	if (p->kept >= p->size || p->kept >= PROBLEM_ERRORS_MAX)
		return;
	e = &p->item[p->kept++];
	e->parameter = parameter;
	e->code = code;
	snprintf(e->pointer, sizeof(e->pointer), "%s", pointer);
	vsnprintf(e->detail, sizeof(e->detail), fmt, ap);
}

void problems_add(
	struct problems *p, const char *pointer, enum problem_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, false, pointer, code, fmt, ap);
	va_end(ap);
}

void problems_add_parameter(
	struct problems *p, const char *name, enum problem_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, true, name, code, fmt, ap);
	va_end(ap);
}

void problems_append(struct problems *p, struct problems *more)
{
	for (unsigned i = 0; i < more->kept; i++) {
		const struct problem_error *e = &more->item[i];

		(e->parameter ? problems_add_parameter : problems_add)(
			p, e->pointer, e->code, "%s", e->detail);
	}
	p->count += more->count - more->kept;
	problems_fini(more);
}

bool problems_answer(
	struct http_request *req, unsigned status, enum problem_code code, const struct problems *p)
{
	char detail[PROBLEM_DETAIL_MAX];

	if (p->count == 0)
		return false;
	if (p->count == 1 && p->kept == 1)
		snprintf(detail, sizeof(detail), "%s", p->item[0].detail);
	else
		snprintf(detail, sizeof(detail), "There are %u errors.", p->count);
	problem_write(req, status, code, detail, p);
	return true;
}

void pointer_join(char *out, const char *base, const char *name)
{
	size_t n = (size_t)snprintf(out, PROBLEM_POINTER_MAX, "%s/", base);
	size_t left = strlen(name);

	if (n >= PROBLEM_POINTER_MAX)
		return;
	while (left > 0) {
		const char *esc = *name == '~' ? "~0" : *name == '/' ? "~1" : NULL;
		size_t len = utf8_sequence(name, left), add_len;

		if (len == 0)
			len = 1;
		add_len = esc ? 2 : len;
		if (n + add_len >= PROBLEM_POINTER_MAX)
			break;
		memcpy(out + n, esc ? esc : name, add_len);
		n += add_len;
		name += len;
		left -= len;
	}
	out[n] = '\0';
}

void pointer_join_index(char *out, const char *base, unsigned long index)
{
	snprintf(out, PROBLEM_POINTER_MAX, "%s/%lu", base, index);
}
