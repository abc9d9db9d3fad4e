#include "api/accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is(const char *range, size_t len, const char *what)
{
	return strlen(what) == len && strncasecmp(range, what, len) == 0;
}

/* The weight among a range's parameters; 1 without one. */
static double weight(const char *params, size_t len)
{
	for (size_t i = 0; i + 3 < len; i++) {
		if (params[i] == ';') {
			size_t at = i + 1;

			while (at < len && params[at] == ' ')
				at++;
			if (at + 2 < len && strncasecmp(params + at, "q=", 2) == 0)
				return strtod(params + at + 2, NULL);
		}
	}
	return 1;
}

bool accept_json(const char *field)
{
	int specific = 0; /* of the best match so far */
	bool taken = false;

	if (!field || *field == '\0')
		return true;
	for (const char *p = field; *p != '\0';) {
		size_t len = strcspn(p, ","), name;
		int rank = 0;

		while (len > 0 && *p == ' ') {
			p++;
			len--;
		}
		name = strcspn(p, ",; ");
		if (is(p, name, "application/json"))
			rank = 3;
		else if (is(p, name, "application/*"))
			rank = 2;
		else if (is(p, name, "*/*"))
			rank = 1;
		if (rank > specific) {
			specific = rank;
			taken = weight(p + name, len - name) > 0;
		}
		p += len;
		if (*p == ',')
			p++;
	}
	return taken;
}
