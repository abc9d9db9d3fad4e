/* Accept, Prefer, ETags. */
#include <string.h>

#include "api/accept.h"
#include "api/answer.h"
#include "tests/api/suite.h"

static const struct {
	const char *field;
	bool taken;
} accepts[] = {
	{NULL, true},
	{"", true},
	{"*/*", true},
	{"application/json", true},
	{"Application/JSON; charset=utf-8", true},
	{"application/*", true},
	{"text/html, application/json;q=0.9", true},
	{"text/html, */*;q=0.1", true},
	{"text/html", false},
	{"text/html,application/xml", false},
	{"application/json;q=0", false},
	{"application/json; q=0.0, text/html", false},
	{"*/*, application/json;q=0", false},
	{"*/*;q=0, application/json", true},
	{"application/jsonp", false},
	{"application/problem+json", false},
	{",,;q=1", false},
};

START_TEST(test_accept)
{
	static const char *const json[] = {"application/json", NULL};

	ck_assert_msg((accept_best(accepts[_i].field, json) == 0) == accepts[_i].taken, "%s",
		accepts[_i].field);
}
END_TEST

static const struct {
	const char *field;
	int best;
} bests[] = {
	{NULL, 0},
	{"*/*", 0},
	{"text/csv", 2},
	{"text/*", 2},
	{"text/csv, application/x-ndjson", 1},
	{"text/csv, application/x-ndjson;q=0.5", 2},
	{"application/*", 0},
	{"application/json;q=0, */*", 1},
	{"text/html, text/csv;q=0.2", 2},
	{"text/html", -1},
};

START_TEST(test_accept_best)
{
	static const char *const types[] = {
		"application/json", "application/x-ndjson", "text/csv", NULL};

	ck_assert_int_eq(accept_best(bests[_i].field, types), bests[_i].best);
}
END_TEST

static const struct {
	const char *field;
	int seconds;
} prefers[] = {
	{"", -1},
	{"wait=5", 5},
	{"Wait=5", 5},
	{"wait=\"7\"", 7},
	{"respond-async, wait=10", 10},
	{"return=minimal; foo; wait=2", 2},
	{"wait=0", 0},
	{"wait=99999999999999999999", 60},
	{"wait=", -1},
	{"wait=-1", -1},
	{"wait=x", -1},
	{"await=5", -1},
	{"wait", -1},
};

START_TEST(test_prefer)
{
	ck_assert_msg(
		prefer_wait(prefers[_i].field) == prefers[_i].seconds, "%s", prefers[_i].field);
}
END_TEST

static const struct {
	const char *field;
	bool strong, weak;
} lists[] = {
	{"*", true, true},
	{"\"3-0a\"", true, true},
	{"W/\"3-0a\"", false, true},
	{"\"1-x\", \"3-0a\"", true, true},
	{"\"1-x\",W/\"3-0a\" , \"y\"", false, true},
	{"\"3-0\"", false, false},
	{"3-0a", false, false},
	{"\"\"", false, false},
	{"", false, false},
	{",,,", false, false},
};

START_TEST(test_etag_list)
{
	ck_assert_int_eq(etag_listed(lists[_i].field, "\"3-0a\"", false), lists[_i].strong);
	ck_assert_int_eq(etag_listed(lists[_i].field, "\"3-0a\"", true), lists[_i].weak);
}
END_TEST

START_TEST(test_etag_tells_versions_and_texts_apart)
{
	char a[ETAG_SIZE], b[ETAG_SIZE];

	etag_make("9223372036854775807", "{}", a);
	ck_assert_uint_lt(strlen(a), ETAG_SIZE - 1);
	ck_assert_int_eq(a[strlen(a) - 1], '"');
	etag_make("1", "{}", a);
	etag_make("2", "{}", b);
	ck_assert_str_ne(a, b);
	etag_make("1", "{ }", b);
	ck_assert_str_ne(a, b);
	etag_make("1", "{}", b);
	ck_assert_str_eq(a, b);
}
END_TEST

SUITE_MAIN("negotiation", tcase_add_loop_test(tc, test_accept, 0, ROWS(accepts));
	   tcase_add_loop_test(tc, test_accept_best, 0, ROWS(bests));
	   tcase_add_loop_test(tc, test_prefer, 0, ROWS(prefers));
	   tcase_add_loop_test(tc, test_etag_list, 0, ROWS(lists));
	   tcase_add_test(tc, test_etag_tells_versions_and_texts_apart))
