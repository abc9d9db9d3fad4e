#include "api/accept.h"

#include <stdbool.h>
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

/* How well a range fits: itself, any of its group, any at all; 0: not. */
static int rank_of(const char *range, size_t len, const char *type)
{
	size_t group = strcspn(type, "/") + 1;

	if (is(range, len, type))
		return 3;
	if (len == group + 1 && range[group] == '*' && strncasecmp(range, type, group) == 0)
		return 2;
	return is(range, len, "*/*") ? 1 : 0;
}

/* The weight of a type: that of the range which fits it most specifically. */
static double weight_of(const char *field, const char *type)
{
	int specific = 0; /* of the best match so far */
	double taken = 0;

	if (!field || *field == '\0')
		return 1;
	for (const char *p = field; *p != '\0';) {
		size_t len = strcspn(p, ","), name;
		int rank;

		while (len > 0 && *p == ' ') {
			p++;
			len--;
		}
		name = strcspn(p, ",; ");
		rank = rank_of(p, name, type);
		if (rank > specific) {
			specific = rank;
			taken = weight(p + name, len - name);
		}
		p += len;
		if (*p == ',')
			p++;
	}
	return taken;
}

int accept_best(const char *field, const char *const *types)
{
	double most = 0;
	int best = -1;

	for (int i = 0; types[i]; i++) {
		double w = weight_of(field, types[i]);

		if (w > most) {
			most = w;
			best = i;
		}
	}
	return best;
}
