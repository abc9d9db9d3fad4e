#include "api/http_guard.h"

#include <string.h>

#include "tests/api/suite.h"

/* Field after field, "Name: value" without the space being needed; the last one is NULL. */
struct row {
	const char *const field[6];
	unsigned status;
	bool http_1_0;
};

static const struct row rows[] = {
	{{"Host:a"}, 0, false},
	{{"Host:a", "Content-Length:5"}, 0, false},
	{{"Host:a", "Transfer-Encoding:chunked"}, 0, false},
	{{"Host:a", "Transfer-Encoding:Chunked"}, 0, false},
	{{"host:a", "expect:100-Continue", "content-encoding:identity"}, 0, false},
	{{"Host:a", "X:\tb \xc3\xa9"}, 0, false},
	{{NULL}, 0, true},
	{{"Host:a"}, 0, true},
	/* smuggling */
	{{"Host:a", "Content-Length:5", "Content-Length:5"}, 400, false},
	{{"Host:a", "Content-Length:5", "content-length:6"}, 400, false},
	{{"Host:a", "Content-Length:5", "Transfer-Encoding:chunked"}, 400, false},
	{{"Host:a", "Transfer-Encoding:chunked", "Transfer-Encoding:chunked"}, 400, false},
	{{"Host:a", "Transfer-Encoding:identity", "Transfer-Encoding:chunked"}, 400, false},
	{{"Host:a", "Transfer-Encoding:xchunked"}, 400, false},
	{{"Host:a", "Transfer-Encoding:gzip, chunked"}, 400, false},
	{{"Host:a", "Transfer-Encoding:chunked, chunked"}, 400, false},
	{{"Host:a", "Transfer-Encoding:chunked "}, 400, false},
	{{"Host:a", "Transfer-Encoding:\x0b"
		    "chunked"},
		400, false},
	{{"Host:a", "Transfer-Encoding:"}, 400, false},
	{{"Transfer-Encoding:chunked"}, 400, true},
	{{"Host:a", "Transfer-Encoding :chunked"}, 400, false},
	{{"Host:a", "Content-Length :5"}, 400, false},
	{{"Host:a", "Content\tLength:5"}, 400, false},
	{{"Host:a", " X:5"}, 400, false},
	{{"Host:a", ":5"}, 400, false},
	{{"Host:a", "Content-Length:"}, 400, false},
	{{"Host:a", "Content-Length:+5"}, 400, false},
	{{"Host:a", "Content-Length:-5"}, 400, false},
	{{"Host:a", "Content-Length:5,5"}, 400, false},
	{{"Host:a", "Content-Length:0x5"}, 400, false},
	{{"Host:a", "Content-Length:5 5"}, 400, false},
	{{NULL}, 400, false},
	{{"Host:a", "Host:a"}, 400, false},
	{{"Host:a", "Host:b"}, 400, true},
	/* twice what must be there once */
	{{"Host:a", "Content-Type:a/b", "Content-Type:c/d"}, 400, false},
	{{"Host:a", "Authorization:Bearer a", "Authorization:Bearer b"}, 400, false},
	{{"Host:a", "X:\x01"}, 400, false},
	{{"Host:a", "X:a\x7f"}, 400, false},
	{{"Host:a", "X:a\r\nY: b"}, 400, false},
	/* what is not spoken here */
	{{"Host:a", "Content-Encoding:gzip"}, 415, false},
	{{"Host:a", "Expect:200-ok"}, 417, false},
	/* trouble with the framing is the graver */
	{{"Host:a", "Expect:200-ok", "Content-Length:5", "Content-Length:5"}, 400, false},
};

START_TEST(test_rows)
{
	const struct row *row = &rows[_i];
	struct http_guard g;

	http_guard_init(&g);
	for (unsigned i = 0; i < 6 && row->field[i]; i++) {
		const char *colon = strchr(row->field[i] + 1, ':');

		if (row->field[i][0] == ':')
			colon = row->field[i];
		http_guard_field(&g, row->field[i], (size_t)(colon - row->field[i]), colon + 1,
			strlen(colon + 1));
	}
	http_guard_end(&g, !row->http_1_0);
	ck_assert_msg(g.status == row->status, "row %d: %u, %s", _i, g.status, g.why);
	ck_assert_int_eq(g.close, row->status == 400);
	ck_assert_int_eq(g.why != NULL, row->status != 0);
}
END_TEST

START_TEST(test_length_and_coding_are_told)
{
	struct http_guard g;

	http_guard_init(&g);
	http_guard_field(&g, "Host", 4, "a", 1);
	http_guard_field(&g, "Content-Length", 14, "1048577", 7);
	http_guard_end(&g, true);
	ck_assert_uint_eq(g.content_length, 1048577);
	ck_assert(!g.chunked);

	http_guard_init(&g);
	http_guard_field(&g, "Host", 4, "a", 1);
	http_guard_field(&g, "Content-Length", 14, "99999999999999999999999", 23);
	http_guard_end(&g, true);
	ck_assert_uint_gt(g.content_length, 1ull << 40);

	http_guard_init(&g);
	http_guard_field(&g, "Host", 4, "a", 1);
	http_guard_field(&g, "Transfer-Encoding", 17, "chunked", 7);
	http_guard_end(&g, true);
	ck_assert(g.chunked);
}
END_TEST

START_TEST(test_nul_in_a_value)
{
	struct http_guard g;

	http_guard_init(&g);
	http_guard_field(&g, "Host", 4, "a\0b", 3);
	http_guard_end(&g, true);
	ck_assert_uint_eq(g.status, 400);
}
END_TEST

SUITE_MAIN("http_guard", tcase_add_loop_test(tc, test_rows, 0, ROWS(rows));
	   tcase_add_test(tc, test_length_and_coding_are_told);
	   tcase_add_test(tc, test_nul_in_a_value))
