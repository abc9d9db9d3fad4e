/* How a request's lines ended. libmicrohttpd 0.9.75 takes CR LF, a bare LF and a bare CR alike, joins
 * folded lines, and cuts lines at a NUL octet; a proxy before us may see other fields than we do (RFC
 * 9112, 2.2 and 5.2). It tells nobody, but its strings lie in the buffer as they came, each line end
 * overwritten with NULs: whoever finds two NULs, and then at once the next line, has seen CR LF.
 *
 * This holds for exactly that version, and is asked only of it (http_lines_known()); from 1.0.5 on
 * the library is strict by itself. */
#ifndef TRUNKGUARD_API_HTTP_LINES_H
#define TRUNKGUARD_API_HTTP_LINES_H

#include <stdbool.h>

struct http_lines {
	const char *end; /* of what was seen last */
	bool bad;
};

/* version: of MHD_get_version(). */
bool http_lines_known(const char *version);

/* target, version: the request line's, as the library has them. */
void http_lines_begin(struct http_lines *l, const char *target_end, const char *version);
/* Every field, in order. */
void http_lines_field(struct http_lines *l, const char *name, const char *value);
/* body: the octet behind the empty line. True: all lines ended in CR LF, nothing was folded or cut. */
bool http_lines_good(const struct http_lines *l, const char *body);

#endif
