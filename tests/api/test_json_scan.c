#include "api/json_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/api/suite.h"

static struct json_scan scan;

static int scanned(const char *text)
{
	return json_scan(text, strlen(text), &scan);
}

static char *repeated(const char *piece, size_t n, const char *before, const char *after)
{
	size_t len = strlen(piece);
	char *out = malloc(strlen(before) + n * len + strlen(after) + 1), *p;

	ck_assert_ptr_nonnull(out);
	p = stpcpy(out, before);
	for (size_t i = 0; i < n; i++)
		p = stpcpy(p, piece);
	strcpy(p, after);
	return out;
}

START_TEST(test_depth)
{
	ck_assert_int_eq(scanned("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), 0);
	ck_assert_int_eq(scanned("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"), ELOOP);
	ck_assert_uint_eq(scan.offset, 16);
	ck_assert_int_eq(scanned("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"), 0);
	ck_assert_int_eq(scanned("{\"a\\\"\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}"), 0);
}
END_TEST

START_TEST(test_values)
{
	char *text = repeated("{},", JSON_VALUES_MAX - 2, "[", "0]");

	ck_assert_int_eq(scanned(text), 0);
	ck_assert_uint_eq(scan.values, JSON_VALUES_MAX);
	free(text);
	text = repeated("{},", JSON_VALUES_MAX - 1, "[", "0]");
	ck_assert_int_eq(scanned(text), E2BIG);
	free(text);
	text = repeated("\"a\":1,", JSON_VALUES_MAX / 2, "{", "}");
	ck_assert_int_eq(scanned(text), E2BIG);
	free(text);
}
END_TEST

START_TEST(test_nonsense_ends)
{
	ck_assert_int_eq(scanned("\"abc"), 0);
	ck_assert_int_eq(scanned("\"abc\\"), 0);
	ck_assert_int_eq(scanned("]]}}::,,"), 0);
	ck_assert_int_eq(scanned(""), 0);
	ck_assert_int_eq(json_scan("a\0b", 3, &scan), 0);
	ck_assert_int_eq(scanned("{\"a\" \"b\" ]]]}"), 0);
}
END_TEST

static const struct {
	const char *text;
	const char *mark; /* the offset is behind its first place in text */
	const char *pointer;
} places[] = {
	{"{\"a\":1}", "1", "/a"},
	{"{\"a\":1,\"b\":2}", "2", "/b"},
	{"{\"a\":[1,2,3]}", "2", "/a/1"},
	{"{\"a\":{\"b\":[{},{\"c\":7}]}}", "7", "/a/b/1/c"},
	{"{\"a\":{\"b\":1},\"c\":[5]}", "5", "/c/0"},
	{"{\"a/b~\":1}", "1", "/a~1b~0"},
	{"[[1,[2]]]", "2", "/0/1/0"},
	{"{\"a\":1,\"dup", "dup", "/dup"},
	{"7", "7", ""},
	{"{\"a\":[],\"z\":9}", "9", "/z"},
};

START_TEST(test_pointer)
{
	size_t at = (size_t)(strstr(places[_i].text, places[_i].mark) - places[_i].text);
	char out[64];

	json_pointer_at(places[_i].text, strlen(places[_i].text), at + strlen(places[_i].mark), out,
		sizeof(out));
	ck_assert_str_eq(out, places[_i].pointer);
}
END_TEST

START_TEST(test_pointer_is_cut)
{
	char *text = repeated("k", 5000, "{\"a\":{\"", "\":1}}");
	char out[64];

	json_pointer_at(text, strlen(text), strlen(text) - 2, out, sizeof(out));
	ck_assert_uint_lt(strlen(out), sizeof(out));
	ck_assert_int_eq(strncmp(out, "/a/kkkk", 7), 0);
	free(text);
}
END_TEST

SUITE_MAIN("json_scan", tcase_add_test(tc, test_depth); tcase_add_test(tc, test_values);
	   tcase_add_test(tc, test_nonsense_ends);
	   tcase_add_loop_test(tc, test_pointer, 0, ROWS(places));
	   tcase_add_test(tc, test_pointer_is_cut))
