#include "api/json_compact.h"

#include <stdbool.h>

size_t json_compact(char *text, size_t len)
{
	bool quoted = false;
	size_t to = 0;

	for (size_t from = 0; from < len; from++) {
		char c = text[from];
		if (quoted && c == '\\' && from + 1 < len) {
			text[to++] = c;
			text[to++] = text[++from];
			continue;
		}
		if (c == '"')
			quoted = !quoted;
		if (quoted || (c != ' ' && c != '\n' && c != '\t' && c != '\r'))
			text[to++] = c;
	}
	return to;
}
