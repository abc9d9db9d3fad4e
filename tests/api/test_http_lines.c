#include "api/http_lines.h"

#include <string.h>

#include "tests/api/suite.h"

/* As the library leaves it: line ends are NULs, and so are the space before the version and what
 * stands between name and value. */
static char buffer[256];

static bool good(const char *request, size_t len)
{
	struct http_lines l;
	char *version, *p;

	memset(buffer, 'x', sizeof(buffer));
	memcpy(buffer, request, len);
	version = strchr(buffer, '|');
	*version++ = '\0';
	for (p = buffer; p < buffer + len; p++) {
		if (*p == '\r' || *p == '\n')
			*p = '\0';
	}
	http_lines_begin(&l, version - 1, version);
	p = version + strlen(version);
	while (p < buffer + len) {
		char *colon;

		while (p < buffer + len && *p == '\0')
			p++;
		if (p >= buffer + len)
			break;
		colon = strchr(p, ':');
		*colon = '\0';
		http_lines_field(&l, p, colon + 1);
		p = colon + 1 + strlen(colon + 1);
	}
	return http_lines_good(&l, buffer + len);
}

#define GOOD(text) good(text, sizeof(text) - 1)

START_TEST(test_lines)
{
	ck_assert(GOOD("/a|HTTP/1.1\r\nHost:a\r\nX:b\r\n\r\n"));
	ck_assert(GOOD("/a|HTTP/1.0\r\n\r\n"));
	ck_assert(!GOOD("/a|HTTP/1.1\nHost:a\r\nX:b\r\n\r\n"));
	ck_assert(!GOOD("/a|HTTP/1.1\r\nHost:a\nX:b\r\n\r\n"));
	ck_assert(!GOOD("/a|HTTP/1.1\r\nHost:a\rX:b\r\n\r\n"));
	ck_assert(!GOOD("/a|HTTP/1.1\r\nHost:a\r\nX:b\n\r\n"));
	ck_assert(!GOOD("/a|HTTP/1.1\r\nHost:a\r\nX:b\r\n\n"));
	ck_assert(!GOOD("/a|HTTP/1.1\r\nHost:a\0\r\nX:b\r\n\r\n"));
	ck_assert(!GOOD("/a|HTTP/1.1\r\nHost:a\r\nX:b\0\r\n\r\n"));
}
END_TEST

START_TEST(test_target_that_was_cut)
{
	struct http_lines l;
	char cut[] = "/a\0b\0HTTP/1.1\0\0\0\0";

	http_lines_begin(&l, cut + 2, cut + 5);
	ck_assert(!http_lines_good(&l, cut + 17));
	http_lines_begin(&l, cut + 4, cut + 5);
	ck_assert(http_lines_good(&l, cut + 17));
}
END_TEST

START_TEST(test_only_of_the_version_it_is_known_of)
{
	ck_assert(http_lines_known("0.9.75"));
	ck_assert(!http_lines_known("0.9.76"));
	ck_assert(!http_lines_known("1.0.10"));
}
END_TEST

SUITE_MAIN("http_lines", tcase_add_test(tc, test_lines);
	   tcase_add_test(tc, test_target_that_was_cut);
	   tcase_add_test(tc, test_only_of_the_version_it_is_known_of))
