#include "db/event_type.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "db/resource_private.h"

enum { TYPE_MAX = 64 };

/* All but those of resources, which come from their tables. */
static const char *const others[] = {
	"api_key.created",
	"api_key.revoked",
	"audit.pruned",
	"backup.failed",
	"backup.proven",
	"call.failed_over",
	"call.hang_up",
	"configuration.applied",
	"fire_drill.created",
	"mass_operation.created",
	"mass_operation.reverted",
	"trunk.down",
	"trunk.up",
	"webhook.delivery.replayed",
	"webhook.disabled",
	"webhook.ping",
};

static bool matches(const char *pattern, const char *type)
{
	size_t len = strlen(pattern);

	if (len > 2 && strcmp(pattern + len - 2, ".*") == 0)
		return strncmp(pattern, type, len - 1) == 0;
	return strcmp(pattern, type) == 0;
}

static bool resource_has(const struct resource *r, const char *pattern)
{
	static const char *const verbs[] = {"updated", "created", "deleted"};
	unsigned count = r->part ? 1 : sizeof(verbs) / sizeof(verbs[0]);
	char type[TYPE_MAX];

	for (unsigned i = 0; i < count; i++) {
		event_type_of(r, verbs[i], type, sizeof(type));
		if (matches(pattern, type))
			return true;
	}
	return false;
}

int event_pattern_parse(const char *word)
{
	if (strcmp(word, "*") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (matches(word, others[i]))
			return 0;
	}
	for (enum resource_id id = 0; id < RESOURCE_COUNT; id++) {
		if (resource_has(resource(id), word))
			return 0;
	}
	return -1;
}
