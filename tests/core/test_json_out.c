/* The JSON writer: shape, escaping, failure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/json_out.h"
#include "tests/core/suite.h"

static struct json_out j;

static void setup(void)
{
	json_out_init(&j);
}

static void teardown(void)
{
	json_out_fini(&j);
}

static void written(const char *expected)
{
	const char *text;
	size_t len;

	ck_assert_int_eq(json_out_text(&j, &text, &len), 0);
	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(len, strlen(expected));
	json_out_reset(&j);
}

static const char *escape_of(char c)
{
	static char text[8];

	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		snprintf(text, sizeof(text), "\\u%04x", (unsigned)c);
		return text;
	}
}

START_TEST(nothing_is_an_empty_text)
{
	written("");
}
END_TEST

START_TEST(values_nest_with_commas_where_they_belong)
{
	json_out_object(&j, NULL);
	json_out_str(&j, "s", "x");
	json_out_str(&j, "none", NULL);
	json_out_int(&j, "min", INT64_MIN);
	json_out_uint(&j, "max", UINT64_MAX);
	json_out_array(&j, "list");
	json_out_bool(&j, NULL, true);
	json_out_bool(&j, NULL, false);
	json_out_object(&j, NULL);
	json_out_end(&j);
	json_out_array(&j, NULL);
	json_out_null(&j, NULL);
	json_out_end(&j);
	json_out_end(&j);
	json_out_object(&j, "last");
	json_out_int(&j, "n", 0);
	json_out_end(&j);
	json_out_end(&j);
	written("{\"s\":\"x\",\"none\":null,\"min\":-9223372036854775808,"
		"\"max\":18446744073709551615,\"list\":[true,false,{},[null]],\"last\":{\"n\":0}}");
}
END_TEST

START_TEST(strings_are_escaped_and_stay_utf8)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} row[] = {
		{"plain", 5, "\"plain\""},
		{"q\"b\\s/", 6, "\"q\\\"b\\\\s/\""},
		{"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
		{"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\""},
		{"\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\x9e", 9,
			"\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\x9e\""},
		{"a\xff"
		 "b",
			3,
			"\"a\xef\xbf\xbd"
			"b\""},
		{"\xc3", 1, "\"\xef\xbf\xbd\""},
		{"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
		{"\xc0\x80", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""}, /* overlong */
		{"INVITE sip:x SIP/2.0\r\nX: 1", 26, "\"INVITE sip:x SIP/2.0\\r\\nX: 1\""},
		{"", 0, "\"\""},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		json_out_mem(&j, NULL, row[i].in, row[i].len);
		written(row[i].out);
	}
	json_out_object(&j, NULL);
	json_out_bool(&j, "k\n", true);
	json_out_end(&j);
	written("{\"k\\n\":true}");
}
END_TEST

/* Texts are looked at eight octets at a time: each octet at each place of each length around that. */
START_TEST(each_octet_is_seen_wherever_it_stands)
{
	char text[26], expected[64];

	for (unsigned c = 0; c < 0x80; c++) {
		for (size_t len = 1; len <= sizeof(text); len++) {
			for (size_t at = 0; at < len; at++) {
				int n;

				memset(text, 'x', len);
				text[at] = (char)c;
				json_out_mem(&j, NULL, text, len);
				if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\')
					n = snprintf(expected, sizeof(expected), "\"%.*s\"",
						(int)len, text);
				else
					n = snprintf(expected, sizeof(expected), "\"%.*s%s%.*s\"",
						(int)at, text, escape_of((char)c),
						(int)(len - at - 1), text + at + 1);
				ck_assert_int_gt(n, 0);
				written(expected);
			}
		}
	}
}
END_TEST

START_TEST(long_texts_make_the_buffer_grow)
{
	static char text[100000], expected[sizeof(text) + 3];

	memset(text, 'x', sizeof(text));
	memset(expected, 'x', sizeof(expected));
	expected[0] = expected[sizeof(text) + 1] = '"';
	expected[sizeof(text) + 2] = '\0';
	json_out_mem(&j, NULL, text, sizeof(text));
	written(expected);
}
END_TEST

START_TEST(nesting_too_deep_is_an_error)
{
	const char *text;

	for (int i = 0; i < JSON_OUT_DEPTH_MAX - 1; i++)
		json_out_array(&j, NULL);
	for (int i = 0; i < JSON_OUT_DEPTH_MAX - 1; i++)
		json_out_end(&j);
	ck_assert_int_eq(json_out_text(&j, &text, NULL), 0);
	json_out_reset(&j);
	for (int i = 0; i < JSON_OUT_DEPTH_MAX; i++)
		json_out_array(&j, NULL);
	ck_assert_int_eq(json_out_text(&j, &text, NULL), ENOMEM);
}
END_TEST

START_TEST(an_end_too_many_does_nothing)
{
	json_out_object(&j, NULL);
	json_out_end(&j);
	json_out_end(&j);
	written("{}");
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("json_out", setup, teardown, nothing_is_an_empty_text,
		values_nest_with_commas_where_they_belong, strings_are_escaped_and_stay_utf8,
		each_octet_is_seen_wherever_it_stands, long_texts_make_the_buffer_grow,
		nesting_too_deep_is_an_error, an_end_too_many_does_nothing);
}
