#include "api/target.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/utf8.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes text in place. */
static int decode(char *text, bool query, const char **why)
{
	char *out = text;

	for (const char *p = text; *p != '\0'; p++) {
		int c = (unsigned char)*p;

		if (c == '%') {
			int high = hex(p[1]), low = high < 0 ? -1 : hex(p[2]);

			if (low < 0) {
				*why = "An escape in the request target is not % and two hex "
				       "digits.";
				return EINVAL;
			}
			c = high * 16 + low;
			p += 2;
			if (c < 0x20 || c == 0x7f ||
				(!query && (c == '/' || c == '\\' || c == '.'))) {
				*why = "The request target holds an encoded character that is "
				       "refused there.";
				return EINVAL;
			}
		} else if (c == '+' && query) {
			c = ' ';
		}
		*out++ = (char)c;
	}
	*out = '\0';
	if (!utf8_valid(text, (size_t)(out - text))) {
		*why = "The request target is not UTF-8.";
		return EINVAL;
	}
	return 0;
}

static int path_split(struct target *t, char *path, const char **why)
{
	char *p = path;

	while (p) {
		char *slash = strchr(p, '/');

		if (slash)
			*slash++ = '\0';
		if (strcmp(p, ".") == 0 || strcmp(p, "..") == 0 || (*p == '\0' && slash)) {
			*why = "The request target holds an empty or dot segment.";
			return EINVAL;
		}
		if (decode(p, false, why) != 0)
			return EINVAL;
		if (t->segments < TARGET_SEGMENTS_MAX)
			t->segment[t->segments] = p;
		if (t->segments <= TARGET_SEGMENTS_MAX)
			t->segments++;
		p = slash;
	}
	return 0;
}

static int query_split(struct target *t, char *query, const char **why)
{
	for (char *p = query; p;) {
		char *amp = strchr(p, '&'), *value;

		if (amp)
			*amp++ = '\0';
		value = strchr(p, '=');
		if (value)
			*value++ = '\0';
		else
			value = p + strlen(p);
		if (decode(p, true, why) != 0 || decode(value, true, why) != 0)
			return EINVAL;
		if (*p != '\0') {
			if (t->params == TARGET_PARAMS_MAX) {
				*why = "The request target has too many query parameters.";
				return EINVAL;
			}
			t->param[t->params++] = (struct target_param){p, value};
		}
		p = amp;
	}
	return 0;
}

int target_parse(const char *raw, struct target *t, const char **why)
{
	size_t len = strlen(raw);
	char *query;

	t->segments = 0;
	t->params = 0;
	*why = "The request target is longer than 2048 octets.";
	if (len > TARGET_MAX)
		return ENAMETOOLONG;
	for (const char *p = raw; *p != '\0'; p++) {
		if (*p < 0x21 || *p > 0x7e || *p == '#') {
			*why = "The request target holds a character that is not allowed there.";
			return EINVAL;
		}
	}
	if (raw[0] != '/') {
		*why = "The request target is not a path.";
		return EINVAL;
	}
	memcpy(t->text, raw, len + 1);
	query = strchr(t->text, '?');
	if (query)
		*query++ = '\0';
	if (strchr(t->text, '\\')) {
		*why = "The request target holds a character that is not allowed there.";
		return EINVAL;
	}
	if (path_split(t, t->text + 1, why) != 0)
		return EINVAL;
	return query_split(t, query, why);
}
