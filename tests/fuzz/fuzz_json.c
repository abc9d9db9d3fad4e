/* Any text as a body: jansson never finds more values or levels than the scan let through, and every
 * field of every resource takes or refuses every value. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/field_check.h"
#include "api/json_scan.h"
#include "db/resource.h"

static size_t values(const json_t *v, unsigned depth)
{
	size_t n = 1, i;
	const char *key;
	json_t *item;

	if (depth > JSON_DEPTH_MAX)
		abort();
	json_array_foreach(v, i, item) n +=
		values(item, json_is_object(item) || json_is_array(item) ? depth + 1 : depth);
	json_object_foreach((json_t *)(uintptr_t)v, key, item) n +=
		1 + values(item, json_is_object(item) || json_is_array(item) ? depth + 1 : depth);
	return n;
}

static const char *country(void *arg)
{
	return arg;
}

static void check(const struct field *f, const json_t *v)
{
	struct problems p = {0};
	struct field_context c = {.problems = &p, .country = country, .arg = (char[]){"US"}};
	char *text = field_check(&c, f, v, "/f");

	if ((text == NULL) != (p.count > 0))
		abort();
	for (const char *t = text; t && *t != '\0'; t++) {
		if ((unsigned char)*t < ' ')
			abort();
	}
	free(text);
	problems_fini(&p);
}

static void check_all(const json_t *v)
{
	for (enum resource_id id = 0; id < RESOURCE_COUNT; id++) {
		const struct resource *r = resource(id);

		for (unsigned i = 0; i < r->fields; i++)
			check(&r->field[i], v);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct json_scan scan;
	json_error_t error;
	char pointer[64];
	json_t *root;

	json_pointer_at(text, size, size / 2, pointer, sizeof(pointer));
	if (json_scan(text, size, &scan) != 0)
		return 0;
	root = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!root)
		return 0;
	if (values(root, json_is_object(root) || json_is_array(root)) > scan.values)
		abort();
	if (!json_is_null(root))
		check_all(root);
	json_decref(root);
	return 0;
}
