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

static void list_find(struct mass_list *l, const char *text, size_t len)
{
	size_t at = 0, end;

	if ((l->outer && !member_find(text, len, &at, l->outer)) ||
		!member_find(text, len, &at, l->name) || at >= len || text[at] != '[')
		return;
	end = at;
	if (!container_skip(text, len, &end) || text[end - 1] != ']')
		return;
	l->found = true;
	l->text = text + at + 1;
	l->len = end - at - 2;
}

/* The list that begins first from here on. */
static const struct mass_list *next_list(
	const struct mass_list *list, unsigned lists, const char *from)
{
	const struct mass_list *next = NULL;

	for (unsigned i = 0; i < lists; i++) {
		if (list[i].len > 0 && list[i].text >= from && (!next || list[i].text < next->text))
			next = &list[i];
	}
	return next;
}

int mass_text_init(
	struct mass_text *t, struct mass_list *list, unsigned lists, const char *text, size_t len)
{
	const char *from = text;
	const struct mass_list *l;

	memset(t, 0, sizeof(*t));
	for (unsigned i = 0; i < lists; i++)
		list_find(&list[i], text, len);
	t->rest = malloc(len + 1);
	if (!t->rest)
		return ENOMEM;
	while ((l = next_list(list, lists, from))) {
		memcpy(t->rest + t->rest_len, from, (size_t)(l->text - from));
		t->rest_len += (size_t)(l->text - from);
		from = l->text + l->len;
	}
	memcpy(t->rest + t->rest_len, from, (size_t)(text + len - from));
	t->rest_len += (size_t)(text + len - from);
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
