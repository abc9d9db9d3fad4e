#include "api/json_compact.h"

#include <stdlib.h>
#include <string.h>

#include "tests/api/suite.h"

static const struct {
	const char *spaced, *compact;
} row[] = {
	{"{\"a\" : 1, \"b\": [1, 2 ,\t3]}\n", "{\"a\":1,\"b\":[1,2,3]}"},
	{"{\"text\" : \"a : b, \\\" c\"}", "{\"text\":\"a : b, \\\" c\"}"},
	{"\"ends with \\\\\" ", "\"ends with \\\\\""},
	{"[ \" \" , \"\\\\\\\" \" ]", "[\" \",\"\\\\\\\" \"]"},
	{"null", "null"},
	{"", ""},
};

START_TEST(test_only_what_is_outside_of_strings_goes)
{
	char text[128];

	strcpy(text, row[_i].spaced);
	text[json_compact(text, strlen(text))] = '\0';
	ck_assert_str_eq(text, row[_i].compact);
}
END_TEST

SUITE_MAIN("json_compact",
	tcase_add_loop_test(tc, test_only_what_is_outside_of_strings_goes, 0, ROWS(row)))
