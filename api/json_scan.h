/* A look over JSON text before jansson gets it: jansson needs up to 79 times a body's size for
 * "[{},{},…", so depth and the number of values are bounded first. It checks nothing else. */
#ifndef TRUNKGUARD_API_JSON_SCAN_H
#define TRUNKGUARD_API_JSON_SCAN_H

#include <stddef.h>

enum { JSON_DEPTH_MAX = 16, JSON_VALUES_MAX = 20000 };

/* What jansson takes for a value at most, its share of tables included (measured: 160). */
enum { JSON_VALUE_COST = 192 };

struct json_scan {
	size_t values;
	size_t offset; /* of what was too much */
};

/* 0, ELOOP above JSON_DEPTH_MAX, E2BIG above JSON_VALUES_MAX. */
int json_scan(const char *text, size_t len, struct json_scan *scan);

/* The pointer (RFC 6901) of the innermost value begun, or key read, before offset. */
void json_pointer_at(const char *text, size_t len, size_t offset, char *out, size_t size);

#endif
