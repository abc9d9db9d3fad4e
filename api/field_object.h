/* Objects inside a field, member by member. */
#ifndef TRUNKGUARD_API_FIELD_OBJECT_H
#define TRUNKGUARD_API_FIELD_OBJECT_H

#include "api/field_check.h"

/* An error for each member that is none of these (NULL ends the list). */
void object_unknown(struct field_context *c, const json_t *object, const char *pointer,
	const char *const *known);
/* The member of a field's name, checked, as JSON; null when it is wrong, or null and has no default. A new
 * reference. */
json_t *object_member(
	struct field_context *c, const struct field *f, const json_t *object, const char *pointer);
/* v is an object, or the error was added. */
bool object_is(struct field_context *c, const json_t *v, const char *pointer, const char *what);

#endif
