/* Long lists taken out of JSON text. */
#include "api/mass_text.h"

#include <string.h>

#include "tests/api/suite.h"

static const struct {
	const char *text, *rest, *numbers, *dids; /* NULL: not found */
} row[] = {
	{"{}", "{}", NULL, NULL},
	{"{\"dids\":[1,2]}", "{\"dids\":[]}", NULL, "1,2"},
	{"{\"dids\":[]}", "{\"dids\":[]}", NULL, ""},
	{"{\"select\":{\"numbers\":[\"]\"]},\"dids\":[{\"a\":[1]}],\"x\":1}",
		"{\"select\":{\"numbers\":[]},\"dids\":[],\"x\":1}", "\"]\"", "{\"a\":[1]}"},
	{" { \"x\" : \"dids\" , \"dids\" : [ 7 ] , \"select\" : { \"y\" : {} , \"numbers\" : [ 8 ] "
	 "} } ",
		" { \"x\" : \"dids\" , \"dids\" : [] , \"select\" : { \"y\" : {} , \"numbers\" : "
		"[] } } ",
		" 8 ", " 7 "},
	{"{\"x\":{\"dids\":[1]}}", "{\"x\":{\"dids\":[1]}}", NULL, NULL},
	{"{\"dids\":[1],\"dids\":[2]}", "{\"dids\":[],\"dids\":[2]}", NULL, "1"},
	{"{\"dids\":{}}", "{\"dids\":{}}", NULL, NULL},
	{"{\"dids\":[1", "{\"dids\":[1", NULL, NULL},
	{"{\"d\\u0069ds\":[1]}", "{\"d\\u0069ds\":[1]}", NULL, NULL},
	{"[\"dids\",[1]]", "[\"dids\",[1]]", NULL, NULL},
	{"", "", NULL, NULL},
};

static void check(const struct mass_list *l, const char *expected)
{
	ck_assert_int_eq(l->found, expected != NULL);
	if (expected) {
		ck_assert_uint_eq(l->len, strlen(expected));
		ck_assert_mem_eq(l->text, expected, l->len);
	}
}

START_TEST(test_lists)
{
	struct mass_list list[] = {{.outer = "select", .name = "numbers"}, {.name = "dids"}};
	const char *text = row[_i].text;
	struct mass_text t;

	ck_assert_int_eq(mass_text_init(&t, list, 2, text, strlen(text)), 0);
	ck_assert_str_eq(t.rest, row[_i].rest);
	ck_assert_uint_eq(t.rest_len, strlen(row[_i].rest));
	check(&list[0], row[_i].numbers);
	check(&list[1], row[_i].dids);
	mass_text_fini(&t);
}
END_TEST

START_TEST(test_items)
{
	static const char text[] = " {\"a\":\"]}\"} , [1,[2]],\"x\\\"y\" ,7 ";
	static const char *const expected[] = {"{\"a\":\"]}\"}", "[1,[2]]", "\"x\\\"y\"", "7"};
	struct mass_items it = {.p = text, .len = strlen(text)};
	const char *item;
	size_t len;

	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(mass_items_next(&it, &item, &len), 1);
		ck_assert_uint_eq(it.index, i);
		ck_assert_uint_eq(len, strlen(expected[i]));
		ck_assert_mem_eq(item, expected[i], len);
	}
	ck_assert_int_eq(mass_items_next(&it, &item, &len), 0);
}
END_TEST

SUITE_MAIN("mass_text", tcase_add_loop_test(tc, test_lists, 0, ROWS(row));
	   tcase_add_test(tc, test_items))
