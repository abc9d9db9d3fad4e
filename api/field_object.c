#include "api/field_object.h"

#include <stdlib.h>
#include <string.h>

void object_unknown(struct field_context *c, const json_t *object, const char *pointer,
	const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		char at[PROBLEM_POINTER_MAX];
		unsigned i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (known[i])
			continue;
		pointer_join(at, pointer, key);
		problems_add(c->problems, at, PROBLEM_UNKNOWN_FIELD, "There is no such field.");
	}
}

bool object_is(struct field_context *c, const json_t *v, const char *pointer, const char *what)
{
	if (json_is_object(v))
		return true;
	problems_add(c->problems, pointer, PROBLEM_WRONG_TYPE, "Must be %s.", what);
	return false;
}

static json_t *as_json(const struct field *f, const char *text)
{
	switch (f->kind) {
	case FIELD_INTEGER:
		return json_integer(strtoll(text, NULL, 10));
	case FIELD_NUMBER:
		return json_sprintf("+%s", text);
	case FIELD_BOOLEAN:
		return json_boolean(*text == 't');
	case FIELD_ID:
		return json_sprintf("%s_%s", f->id_prefix, text);
	default:
		return json_string(text);
	}
}

json_t *object_member(
	struct field_context *c, const struct field *f, const json_t *object, const char *pointer)
{
	const json_t *v = json_object_get(object, f->name);
	char at[PROBLEM_POINTER_MAX], *text;
	json_t *made;

	pointer_join(at, pointer, f->name);
	if (!v || json_is_null(v)) {
		if (f->flags & FIELD_REQUIRED)
			problems_add(c->problems, at, PROBLEM_REQUIRED, "Is required.");
		return f->fallback ? as_json(f, f->fallback) : json_null();
	}
	text = field_check(c, f, v, at);
	made = text ? as_json(f, text) : json_null();
	free(text);
	return made;
}
