#include "api/http_lines.h"

#include <stdint.h>
#include <string.h>

bool http_lines_known(const char *version)
{
	return strcmp(version, "0.9.75") == 0;
}

/* Pointers into one buffer, or not; comparing numbers is defined in both cases. */
static bool follows(const char *next, const char *end, unsigned distance)
{
	return (uintptr_t)next == (uintptr_t)end + distance;
}

void http_lines_begin(struct http_lines *l, const char *target_end, const char *version)
{
	/* between target and version lies the one space that became the target's NUL */
	l->bad = !follows(version, target_end, 1);
	l->end = version + strlen(version);
}

void http_lines_field(struct http_lines *l, const char *name, const char *value)
{
	l->bad = l->bad || !follows(name, l->end, 2);
	l->end = value + strlen(value);
}

bool http_lines_good(const struct http_lines *l, const char *body)
{
	/* the end of the last line, and the empty one */
	return !l->bad && follows(body, l->end, 4);
}
