/* Checks of fields that are lists or objects; as field_check(). */
#ifndef TRUNKGUARD_API_FIELD_LIST_H
#define TRUNKGUARD_API_FIELD_LIST_H

#include "api/field_check.h"

/* Array literals for text[] and cidr[]. */
char *words_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer);
char *prefixes_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer);
char *countries_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer);
char *cidrs_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer);

/* JSON text with all three keys. */
char *address_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer);
char *addresses_check(
	struct field_context *c, const struct field *f, const json_t *v, const char *pointer);
char *registration_check(struct field_context *c, const json_t *v, const char *pointer);

#endif
