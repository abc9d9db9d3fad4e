/* A request's body as JSON. */
#ifndef TRUNKGUARD_API_JSON_BODY_H
#define TRUNKGUARD_API_JSON_BODY_H

#include <jansson.h>
#include <stdbool.h>

#include "api/problem_code.h"

struct http_request;

/* The body as a JSON object, the caller's to json_decref(). NULL: the request is answered (400 with
 * a pointer, 415, 503). */
json_t *json_body(struct http_request *req);

/* For what needs no body: one that is sent is an empty object. false: answered. */
bool json_body_empty(struct http_request *req);

/* The two halves of it, for a body that is taken to pieces first. Is there a body, and said to be
 * JSON? false: answered. */
bool json_body_announced(struct http_request *req);
/* As json_body(), of a text that is the body or a part of it; pointers count from its own root. */
json_t *json_text(struct http_request *req, const char *text, size_t len);

/* A value that is a part of a body whose pointer is base, at most 256 KiB long; NULL: answered. */
json_t *json_item(struct http_request *req, const char *text, size_t len, const char *base);
/* Answers 400 with one error. */
void json_refuse(
	struct http_request *req, const char *pointer, enum problem_code code, const char *detail);

enum problem_code json_problem_code(const json_error_t *error);

#endif
