/* Any text as a request target and as header fields: refused, or free of what another parser could
 * read in another way. */
#include <stdlib.h>
#include <string.h>

#include "api/accept.h"
#include "api/base64url.h"
#include "api/http_guard.h"
#include "api/target.h"

static void target(const char *text)
{
	struct target t;
	const char *why;

	if (target_parse(text, &t, &why) != 0)
		return;
	for (unsigned i = 0; i < t.segments && i < TARGET_SEGMENTS_MAX; i++) {
		const char *s = t.segment[i];

		if (strpbrk(s, "/\\\r\n") || strcmp(s, "..") == 0 || strcmp(s, ".") == 0 ||
			(*s == '\0' && i + 1 < t.segments))
			abort();
	}
	for (unsigned i = 0; i < t.params; i++) {
		if (*t.param[i].name == '\0' || strpbrk(t.param[i].value, "\r\n"))
			abort();
	}
}

static void accept(const char *value)
{
	static const char *const types[] = {"application/json", "text/csv", NULL};
	int best = accept_best(value, types);

	if (best < -1 || best > 1)
		abort();
}

/* "name:value" lines. */
static void fields(char *text)
{
	unsigned lengths = 0, codings = 0;
	struct http_guard g;
	char *line;

	http_guard_init(&g);
	while ((line = strsep(&text, "\n"))) {
		char *value = strchr(line, ':');

		if (!value)
			continue;
		*value++ = '\0';
		lengths += strcasecmp(line, "Content-Length") == 0;
		codings += strcasecmp(line, "Transfer-Encoding") == 0;
		http_guard_field(&g, line, strlen(line), value, strlen(value));
		accept(value);
	}
	http_guard_end(&g, true);
	if (g.status == 0 && (lengths + codings > 1 || (codings == 1 && !g.chunked)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *decoded;
	size_t len;

	target(text);
	decoded = base64url_decode(text, &len);
	if (decoded && len > strlen(text))
		abort();
	free(decoded);
	fields(text);
	free(text);
	return 0;
}
