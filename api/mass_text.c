#include "api/mass_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void space_skip(const char *p, size_t len, size_t *at)
{
	while (*at < len && (p[*at] == ' ' || p[*at] == '\t' || p[*at] == '\r' || p[*at] == '\n'))
		(*at)++;
}

/* From the opening quote past the closing one. */
static bool string_skip(const char *p, size_t len, size_t *at)
{
	for (size_t i = *at + 1; i < len; i++) {
		if (p[i] == '\\') {
			i++;
		} else if (p[i] == '"') {
			*at = i + 1;
			return true;
		}
	}
	return false;
}

static bool container_skip(const char *p, size_t len, size_t *at)
{
	size_t depth = 0;

	while (*at < len) {
		char c = p[*at];

		if (c == '"') {
			if (!string_skip(p, len, at))
				return false;
			continue;
		}
		(*at)++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return true;
	}
	return false;
}

static bool value_skip(const char *p, size_t len, size_t *at)
{
	size_t from = *at;

	if (from >= len)
		return false;
	if (p[from] == '"')
		return string_skip(p, len, at);
	if (p[from] == '{' || p[from] == '[')
		return container_skip(p, len, at);
	while (*at < len && p[*at] != '\0' && !strchr(" \t\r\n,:[]{}\"", p[*at]))
		(*at)++;
	return *at > from;
}

static bool punctuation(const char *p, size_t len, size_t *at, char wanted)
{
	space_skip(p, len, at);
	if (*at >= len || p[*at] != wanted)
		return false;
	(*at)++;
	space_skip(p, len, at);
	return true;
}

/* From an object's brace to the value of its first member of that name. */
static bool member_find(const char *p, size_t len, size_t *at, const char *name)
{
	size_t name_len = strlen(name);

	if (!punctuation(p, len, at, '{'))
		return false;
	while (*at < len && p[*at] == '"') {
		size_t key = *at;

		if (!string_skip(p, len, at))
			return false;
		bool found = *at - key == name_len + 2 && memcmp(p + key + 1, name, name_len) == 0;

		if (!punctuation(p, len, at, ':'))
			return false;
		if (found)
			return true;
		if (!value_skip(p, len, at) || !punctuation(p, len, at, ','))
			return false;
	}
	return false;
}

int mass_text_init(struct mass_text *t, const char *text, size_t len)
{
	size_t at = 0, end = 0, cut = 0;

	memset(t, 0, sizeof(*t));
	if (member_find(text, len, &at, "select") && member_find(text, len, &at, "numbers") &&
		at < len && text[at] == '[') {
		end = at;
		if (container_skip(text, len, &end) && text[end - 1] == ']') {
			t->has_numbers = true;
			t->numbers = text + at + 1;
			t->numbers_len = end - at - 2;
			cut = at + 1;
		}
	}
	t->rest_len = len - t->numbers_len;
	t->rest = malloc(t->rest_len + 1);
	if (!t->rest)
		return ENOMEM;
	memcpy(t->rest, text, cut);
	memcpy(t->rest + cut, text + cut + t->numbers_len, t->rest_len - cut);
	t->rest[t->rest_len] = '\0';
	return 0;
}

void mass_text_fini(struct mass_text *t)
{
	free(t->rest);
	t->rest = NULL;
}

int mass_items_next(struct mass_items *it, const char **item, size_t *len)
{
	size_t from;

	space_skip(it->p, it->len, &it->at);
	if (it->at >= it->len)
		return 0;
	if (it->begun) {
		it->index++;
		if (!punctuation(it->p, it->len, &it->at, ','))
			return -1;
	}
	it->begun = true;
	from = it->at;
	if (!value_skip(it->p, it->len, &it->at))
		return -1;
	*item = it->p + from;
	*len = it->at - from;
	return 1;
}
