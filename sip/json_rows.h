/* A JSON array put together from objects that are text already. */
#ifndef TRUNKGUARD_SIP_JSON_ROWS_H
#define TRUNKGUARD_SIP_JSON_ROWS_H

#include <stddef.h>

struct json_rows {
	char *text; /* "[{...},{...}", the bracket is closed by json_rows_text() */
	size_t len, size, count;
};

/* Zero-initialise. ENOMEM leaves it as it was. */
int json_rows_add(struct json_rows *rows, const char *object, size_t len);
/* The array as a string; owned by rows. */
const char *json_rows_text(struct json_rows *rows);
void json_rows_reset(struct json_rows *rows);
void json_rows_fini(struct json_rows *rows);

#endif
