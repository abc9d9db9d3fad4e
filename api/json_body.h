/* A request's body as JSON. */
#ifndef TRUNKGUARD_API_JSON_BODY_H
#define TRUNKGUARD_API_JSON_BODY_H

#include <jansson.h>

struct http_request;

/* The body as a JSON object, the caller's to json_decref(). NULL: the request is answered (400 with
 * a pointer, 415, 503). */
json_t *json_body(struct http_request *req);

#endif
