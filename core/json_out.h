/* Writes JSON into a growing buffer: log lines and call records. Commas and nesting are kept by
 * itself; what is not UTF-8 becomes U+FFFD, control characters are escaped, so one value never
 * becomes two lines. After a failed allocation everything is ignored until json_out_text(). */
#ifndef TRUNKGUARD_CORE_JSON_OUT_H
#define TRUNKGUARD_CORE_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JSON_OUT_DEPTH_MAX = 32 };

struct json_out {
	char *buf;
	size_t len, size;
	unsigned depth;
	uint32_t not_first; /* bit n: a value was written at depth n */
	uint32_t is_array; /* bit n: depth n is an array */
	bool failed;
};

void json_out_init(struct json_out *j);
void json_out_fini(struct json_out *j);
/* Empty again, keeping the buffer. */
void json_out_reset(struct json_out *j);

/* key: NULL inside arrays and at the top. */
void json_out_object(struct json_out *j, const char *key);
void json_out_array(struct json_out *j, const char *key);
void json_out_end(struct json_out *j); /* of the innermost object or array */

void json_out_str(struct json_out *j, const char *key, const char *s); /* NULL: null */
void json_out_mem(struct json_out *j, const char *key, const char *s, size_t len);
void json_out_int(struct json_out *j, const char *key, int64_t v);
void json_out_uint(struct json_out *j, const char *key, uint64_t v);
void json_out_bool(struct json_out *j, const char *key, bool v);
/* A value that is JSON text already; NULL: null. */
void json_out_raw(struct json_out *j, const char *key, const char *json);
void json_out_null(struct json_out *j, const char *key);

/* The text so far, NUL-terminated, owned by the writer. ENOMEM. */
int json_out_text(struct json_out *j, const char **text, size_t *len);

#endif
