/* Numbers as people write them, country by country, and what is refused with which words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/e164.h"
#include "core/e164_country.h"
#include "tests/core/suite.h"

#define EMPTY "is empty"
#define LETTERS "has something other than digits"
#define LONG "has more than 15 digits"
#define SHORT "has fewer than 7 digits"
#define ZEROS "begins with 00: write + and the country code"
#define NATIONAL "is national: write + and the country code"
#define NANP "is not 10 digits after +1"

static const struct {
	const char *text, *country, *number; /* number without '+', or NULL and why */
	const char *why;
} rows[] = {
	/* International, with and without '+'. */
	{"+14155550100", "", "14155550100", NULL},
	{"14155550100", "", "14155550100", NULL},
	{"14155550100", "DE", "14155550100", NULL},
	{"+442079460000", "", "442079460000", NULL},
	{"+49301234567", NULL, "49301234567", NULL},
	{"+290123456", "", "290123456", NULL},
	{"+2901234", "", "2901234", NULL},
	{"+123456789012345", "", NULL, NANP},
	{"+499876543210123", "", "499876543210123", NULL},
	/* Visual separators of RFC 3966. */
	{"+1-415-555-0100", "", "14155550100", NULL},
	{"+1.415.555.0100", "", "14155550100", NULL},
	{"(415)555-0100", "US", "14155550100", NULL},
	{"1(415)5550100", "", "14155550100", NULL},
	/* North America: 10 and 11 digits (S1). */
	{"4155550100", "US", "14155550100", NULL},
	{"14155550100", "US", "14155550100", NULL},
	{"4165550100", "CA", "14165550100", NULL},
	{"8095550100", "DO", "18095550100", NULL},
	{"442079460000", "US", "442079460000", NULL},
	{"5550100", "US", "5550100", NULL}, /* seven digits are some other country's number */
	{"555010", "US", NULL, SHORT},
	{"415555010", "US", "415555010", NULL},
	/* A trunk prefix makes it national. */
	{"0301234567", "DE", "49301234567", NULL},
	{"49301234567", "DE", "49301234567", NULL},
	{"02079460000", "GB", "442079460000", NULL},
	{"0142345678", "FR", "33142345678", NULL},
	{"84951234567", "RU", "74951234567", NULL},
	{"8613812345678", "RU", "8613812345678", NULL}, /* China: too long for 8 and ten digits */
	{"0612345678", "HU", "3612345678", NULL},
	{"0312345678", "JP", "81312345678", NULL},
	{"0412345678", "AU", "61412345678", NULL},
	/* No trunk prefix: the length tells. */
	{"912345678", "ES", "34912345678", NULL},
	{"34912345678", "ES", "34912345678", NULL},
	{"0612345678", "IT", "390612345678", NULL}, /* Italy keeps its 0 */
	{"45123456", "DK", "4545123456", NULL},
	{"4545123456", "DK", "4545123456", NULL},
	{"5512345678", "MX", "525512345678", NULL},
	/* Refused. */
	{"", "", NULL, EMPTY},
	{"+", "US", NULL, EMPTY},
	{"()-.", "US", NULL, EMPTY},
	{"++14155550100", "", NULL, LETTERS},
	{"1+4155550100", "", NULL, LETTERS},
	{"+1 415 555 0100", "", NULL, LETTERS},
	{" 14155550100", "", NULL, LETTERS},
	{"14155550100\n", "", NULL, LETTERS},
	{"1415555O100", "", NULL, LETTERS},
	{"1800FLOWERS", "US", NULL, LETTERS},
	{"tel:+14155550100", "", NULL, LETTERS},
	{"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96\xef\xbc\x97", "",
		NULL, LETTERS}, /* full-width digits */
	{"\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6\xd9\xa7", "", NULL,
		LETTERS}, /* Arabic-Indic digits */
	{"*67", "US", NULL, LETTERS},
	{"#31#", "", NULL, LETTERS},
	{"+1234567890123456", "", NULL, LONG},
	{"12345678901234567890123456789", "", NULL, LONG},
	{"+49----------------------------------------------------------------301", "", NULL,
		"is too long"},
	{"911", "US", NULL, SHORT},
	{"+123", "", NULL, SHORT},
	{"110", "DE", NULL, SHORT},
	{"0110", "DE", NULL, SHORT},
	{"0014155550100", "", NULL, ZEROS},
	{"0014155550100", "DE", NULL, ZEROS},
	{"0014155550100", "US", NULL, ZEROS},
	{"0039061234567", "IT", NULL, ZEROS},
	{"+0014155550100", "", NULL, ZEROS},
	{"0301234567", "", NULL, NATIONAL},
	{"0301234567", "US", NULL, NATIONAL},
	{"0301234567", "XX", NULL, NATIONAL},
	{"+0301234567", "DE", NULL, NATIONAL},
	{"+1415555010", "", NULL, NANP},
	{"+141555501000", "", NULL, NANP},
	{"141555501000", "US", NULL, NANP},
};

START_TEST(every_way_to_write_a_number)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why = NULL;
		e164_t number = 1;
		char text[E164_TEXT_SIZE];
		int err = e164_parse(
			rows[i].text, strlen(rows[i].text), rows[i].country, &number, &why);

		ck_assert_msg(err == (rows[i].number ? 0 : EINVAL), "%s in %s: %s", rows[i].text,
			rows[i].country, why ? why : "taken");
		if (err) {
			ck_assert_msg(!strcmp(why, rows[i].why), "%s: %s", rows[i].text, why);
			ck_assert_uint_eq(number, 1);
			continue;
		}
		e164_format(number, text);
		ck_assert_str_eq(text + 1, rows[i].number);
		ck_assert_int_eq(text[0], '+');
	}
}
END_TEST

START_TEST(a_nul_inside_is_no_separator)
{
	e164_t number;

	ck_assert_int_eq(e164_parse("+1415555\0"
				    "0100",
				 13, "", &number, NULL),
		EINVAL);
}
END_TEST

START_TEST(digits_of_records)
{
	static const char *const bad[] = {
		"", "0", "0123456", "+14155550100", "1415 ", "1234567890123456", "abc", "1-2"};
	e164_t number = 1;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(e164_parse_digits(bad[i], strlen(bad[i]), &number), EINVAL);
	ck_assert_uint_eq(number, 1);
	ck_assert_int_eq(e164_parse_digits("999999999999999", 15, &number), 0);
	ck_assert_uint_eq(number, 999999999999999);
	ck_assert_uint_eq(e164_digits(number), 15);
	ck_assert_uint_eq(e164_digits(0), 0);
}
END_TEST

START_TEST(no_number_and_an_impossible_one_are_empty_text)
{
	char text[E164_TEXT_SIZE] = "x";

	e164_format(0, text);
	ck_assert_str_eq(text, "");
	e164_format(1000000000000000, text);
	ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(every_country_is_found_and_makes_sense)
{
	unsigned known = 0;

	for (char a = 'A'; a <= 'Z'; a++) {
		for (char b = 'A'; b <= 'Z'; b++) {
			const struct e164_country *c = e164_country((char[]){a, b, '\0'});
			char code[8];

			ck_assert_int_eq(e164_country_known((char[]){a, b, '\0'}), c != NULL);
			if (!c)
				continue;
			known++;
			ck_assert(c->iso[0] == a && c->iso[1] == b);
			ck_assert_uint_gt(c->code, 0);
			ck_assert_uint_le(c->min, c->max);
			snprintf(code, sizeof(code), "%u", c->code);
			ck_assert_uint_le(strlen(code) + c->max, E164_DIGITS_MAX);
		}
	}
	ck_assert_uint_eq(known, 249 + 3);
	ck_assert(!e164_country_known("us"));
	ck_assert(!e164_country_known("USA"));
	ck_assert(!e164_country_known(""));
}
END_TEST

int main(void)
{
	return SUITE_RUN("e164", NULL, every_way_to_write_a_number, a_nul_inside_is_no_separator,
		digits_of_records, no_number_and_an_impossible_one_are_empty_text,
		every_country_is_found_and_makes_sense);
}
