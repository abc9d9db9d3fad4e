#include "api/json_scan.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Walks token by token; text that is no JSON makes it walk strangely, never out of the text. */
struct level {
	bool array;
	unsigned long index;
	const char *key; /* between its quotes, as it stands in the text */
	size_t key_len;
};

struct walk {
	const char *text;
	size_t len, at;
	size_t values;
	bool expect_key;
	unsigned depth;
	struct level level[JSON_DEPTH_MAX + 1];
};

static void string_walk(struct walk *w)
{
	size_t start = ++w->at;

	while (w->at < w->len && w->text[w->at] != '"')
		w->at += w->text[w->at] == '\\' ? 2 : 1;
	if (w->at > w->len)
		w->at = w->len;
	if (w->expect_key && w->depth > 0) {
		w->level[w->depth].key = w->text + start;
		w->level[w->depth].key_len = w->at - start;
	}
	w->values++;
	w->at++;
}

static void literal_walk(struct walk *w)
{
	while (w->at < w->len && !strchr(" \t\r\n,:[]{}\"", w->text[w->at]))
		w->at++;
	w->values++;
}

static int open_walk(struct walk *w, bool array)
{
	w->values++;
	if (w->depth == JSON_DEPTH_MAX)
		return ELOOP;
	w->depth++;
	w->level[w->depth] = (struct level){.array = array};
	w->expect_key = !array;
	w->at++;
	return 0;
}

static void comma_walk(struct walk *w)
{
	struct level *l = &w->level[w->depth];

	l->index++;
	w->expect_key = w->depth > 0 && !l->array;
	w->at++;
}

static int token_walk(struct walk *w)
{
	switch (w->text[w->at]) {
	case '"':
		string_walk(w);
		return 0;
	case '{':
	case '[':
		return open_walk(w, w->text[w->at] == '[');
	case '}':
	case ']':
		if (w->depth > 0)
			w->depth--;
		w->expect_key = false;
		w->at++;
		return 0;
	case ',':
		comma_walk(w);
		return 0;
	case ':':
		w->expect_key = false;
		w->at++;
		return 0;
	case ' ':
	case '\t':
	case '\r':
	case '\n':
	case '\0':
		w->at++;
		return 0;
	default:
		literal_walk(w);
		return 0;
	}
}

int json_scan(const char *text, size_t len, struct json_scan *scan)
{
	struct walk w = {.text = text, .len = len};
	int rc = 0;

	while (rc == 0 && w.at < len) {
		scan->offset = w.at;
		rc = token_walk(&w);
		if (rc == 0 && w.values > JSON_VALUES_MAX)
			rc = E2BIG;
	}
	scan->values = w.values;
	return rc;
}

static size_t key_write(const struct level *l, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < l->key_len && n + 2 < size; i++) {
		if (l->key[i] == '~' || l->key[i] == '/') {
			out[n++] = '~';
			out[n++] = l->key[i] == '~' ? '0' : '1';
		} else {
			out[n++] = l->key[i];
		}
	}
	return n;
}

void json_pointer_at(const char *text, size_t len, size_t offset, char *out, size_t size)
{
	struct walk w = {.text = text, .len = len < offset ? len : offset};
	size_t n = 0;

	while (w.at < w.len && token_walk(&w) == 0)
		;
	for (unsigned d = 1; d <= w.depth && n + 24 < size; d++) {
		const struct level *l = &w.level[d];

		if (l->array) {
			n += (size_t)snprintf(out + n, size - n, "/%lu", l->index);
		} else if (l->key) {
			out[n++] = '/';
			n += key_write(l, out + n, size - n - 1);
		}
	}
	out[n] = '\0';
}
