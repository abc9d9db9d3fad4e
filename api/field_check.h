/* A JSON value against its field: normalised, as the text that the database takes, or an error with
 * the pointer of what is wrong. */
#ifndef TRUNKGUARD_API_FIELD_CHECK_H
#define TRUNKGUARD_API_FIELD_CHECK_H

#include <jansson.h>
#include <stdbool.h>

#include "api/problem.h"
#include "core/cidr.h"
#include "db/field.h"

/* Where national numbers and private addresses get their meaning. */
struct field_context {
	struct problems *problems;
	const struct cidr_list *private_targets;
	/* The account's default country, asked for when a number without '+' turns up; NULL: the
	 * answer could not be had, and the request is answered. */
	const char *(*country)(void *arg);
	void *arg;
	bool failed; /* country was NULL */
};

/* The text, malloc'ed; NULL: an error was added, or there is no memory (failed is set then). value
 * is not null. pointer: of the value. */
char *field_check(
	struct field_context *c, const struct field *f, const json_t *value, const char *pointer);

#endif
