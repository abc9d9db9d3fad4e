/* What PBXs dial: one row for each way to write a number. */
#include "core/dialled.h"

#include "tests/core/suite.h"

static const char *const kind_word[] = {
	[DIALLED_NUMBER] = "number",
	[DIALLED_EMERGENCY] = "emergency",
	[DIALLED_INCOMPLETE] = "incomplete",
	[DIALLED_NOTHING] = "nothing",
};

static const struct {
	const char *country, *user, *kind, *number;
} rows[] = {
	/* international */
	{"US", "+14155550100", "number", "+14155550100"},
	{"US", "+442079460123", "number", "+442079460123"},
	{"DE", "+442079460123", "number", "+442079460123"},
	{"", "+442079460123", "number", "+442079460123"},
	{"US", "+1-415-555-0100", "number", "+14155550100"},
	{"US", "+1(415)555.0100", "number", "+14155550100"},
	/* by the country's international prefix */
	{"US", "011442079460123", "number", "+442079460123"},
	{"CA", "011442079460123", "number", "+442079460123"},
	{"DE", "00442079460123", "number", "+442079460123"},
	{"GB", "0014155550100", "number", "+14155550100"},
	{"AU", "0011442079460123", "number", "+442079460123"},
	{"JP", "010442079460123", "number", "+442079460123"},
	{"SG", "001442079460123", "number", "+442079460123"},
	{"RU", "810442079460123", "number", "+442079460123"},
	{"", "011442079460123", "number", "+442079460123"},
	{"", "00442079460123", "number", "+442079460123"},
	{"US", "00442079460123", "nothing", ""},
	{"DE", "00", "incomplete", ""},
	{"US", "011", "incomplete", ""},
	{"US", "01144", "incomplete", ""},
	/* national */
	{"US", "4155550100", "number", "+14155550100"},
	{"US", "14155550100", "number", "+14155550100"},
	{"US", "(415) 555-0100", "nothing", ""},
	{"US", "(415)555-0100", "number", "+14155550100"},
	{"DE", "03012345678", "number", "+493012345678"},
	{"GB", "02079460123", "number", "+442079460123"},
	{"ES", "912345678", "number", "+34912345678"},
	{"DE", "493012345678", "number", "+493012345678"},
	{"US", "442079460123", "number", "+442079460123"},
	/* without its area code it is not a number of somewhere else */
	{"US", "5550100", "incomplete", ""},
	{"DE", "12345678", "incomplete", ""},
	{"", "5550100", "number", "+5550100"},
	/* emergency */
	{"US", "911", "emergency", "911"},
	{"US", "+1911", "emergency", "911"},
	{"DE", "112", "emergency", "112"},
	{"GB", "9-9-9", "emergency", "999"},
	{"AU", "000", "emergency", "000"},
	{"US", "911;phone-context=+1", "emergency", "911"},
	{"DE", "110;phone-context=example.com", "emergency", "110"},
	/* RFC 3966 */
	{"US", "+14155550100;npdi", "number", "+14155550100"},
	{"US", "+14155550100;isub=12;phone-context=example.com", "number", "+14155550100"},
	{"US", "5550100;phone-context=+1415", "number", "+14155550100"},
	{"DE", "5550100;ext=5;PHONE-CONTEXT=+1-415", "number", "+14155550100"},
	{"US", "+442079460123;phone-context=+1415", "number", "+442079460123"},
	{"US", "4155550100;phone-context=example.com", "number", "+14155550100"},
	{"US", "5550100;phone-context=+", "incomplete", ""},
	/* no numbers */
	{"US", "", "nothing", ""},
	{"US", "alice", "nothing", ""},
	{"US", "1001", "incomplete", ""},
	{"US", "+1", "incomplete", ""},
	{"US", "*72", "nothing", ""},
	{"US", "#31#4155550100", "nothing", ""},
	{"US", "415+5550100", "nothing", ""},
	{"US", "++14155550100", "nothing", ""},
	{"US", "+1415555010", "nothing", ""},
	{"US", "+1234567890123456", "nothing", ""},
	{"US", ";phone-context=+1415", "nothing", ""},
	{"US", "1234567890123456789012345678901234567890123456789012345678901234567890", "nothing",
		""},
};

START_TEST(each_row)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char number[E164_TEXT_SIZE];
		struct dialled d;

		dialled_parse(rows[i].user, strlen(rows[i].user), rows[i].country, &d);
		e164_format(d.kind == DIALLED_NUMBER ? d.number : 0, number);
		ck_assert_msg(strcmp(kind_word[d.kind], rows[i].kind) == 0,
			"%s in %s is %s, not %s", rows[i].user, rows[i].country, kind_word[d.kind],
			rows[i].kind);
		ck_assert_str_eq(
			d.kind == DIALLED_EMERGENCY ? d.short_code : number, rows[i].number);
	}
}
END_TEST

START_TEST(octets_that_are_no_text)
{
	struct dialled d;

	dialled_parse("415\0"
		      "5501",
		8, "US", &d);
	ck_assert_int_eq(d.kind, DIALLED_NOTHING);
	dialled_parse(NULL, 0, NULL, &d);
	ck_assert_int_eq(d.kind, DIALLED_NOTHING);
}
END_TEST

int main(void)
{
	return SUITE_RUN("dialled", NULL, each_row, octets_that_are_no_text);
}
