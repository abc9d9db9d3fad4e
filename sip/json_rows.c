#include "sip/json_rows.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

int json_rows_add(struct json_rows *rows, const char *object, size_t len)
{
	size_t wanted = rows->len + len + 3; /* mark, bracket, NUL */

	if (wanted > rows->size) {
		size_t size = wanted < 4096 ? 4096 : wanted * 2;
		char *text = mem_realloc(rows->text, size);

		if (!text)
			return ENOMEM;
		rows->text = text;
		rows->size = size;
	}
	rows->text[rows->len++] = rows->count ? ',' : '[';
	memcpy(rows->text + rows->len, object, len);
	rows->len += len;
	rows->count++;
	return 0;
}

const char *json_rows_text(struct json_rows *rows)
{
	if (!rows->count)
		return "[]";
	rows->text[rows->len] = ']';
	rows->text[rows->len + 1] = '\0';
	return rows->text;
}

void json_rows_reset(struct json_rows *rows)
{
	rows->len = rows->count = 0;
}

void json_rows_fini(struct json_rows *rows)
{
	mem_free(rows->text);
	*rows = (struct json_rows){0};
}
