/* A dial plan's steps and a DID's forwardings: lists of objects with objects inside. What is stored is
 * JSON with every key, numbers in E.164 and URIs in their one spelling. What of it leads to something
 * that has to be there, api/flow_rule.c looks up. */
#ifndef TRUNKGUARD_API_FIELD_DIAL_H
#define TRUNKGUARD_API_FIELD_DIAL_H

#include "api/field_check.h"

/* As field_check(). */
char *steps_check(struct field_context *c, const json_t *v, const char *pointer);
char *forwardings_check(struct field_context *c, const json_t *v, const char *pointer);
/* "100", of a dial plan. */
char *internal_check(struct field_context *c, const json_t *v, const char *pointer);

#endif
