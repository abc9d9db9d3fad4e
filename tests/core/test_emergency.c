/* Emergency numbers by country, and how PBXs write them. */
#include "core/emergency.h"

#include "core/e164.h"
#include "tests/core/suite.h"

START_TEST(numbers_of_a_country)
{
	static const struct {
		const char *country, *digits;
		bool emergency;
	} row[] = {
		{"US", "911", true},
		{"US", "933", true},
		{"CA", "911", true},
		{"US", "999", false},
		{"US", "112", true},
		{"GB", "999", true},
		{"GB", "112", true},
		{"GB", "101", false},
		{"DE", "110", true},
		{"DE", "112", true},
		{"DE", "1", false},
		{"DE", "11", false},
		{"DE", "1100", false},
		{"DE", "0112", false},
		{"FR", "15", true},
		{"FR", "17", true},
		{"AU", "000", true},
		{"AU", "00", false},
		{"ZA", "10111", true},
		{"OM", "9999", true},
		{"IN", "100", true},
		{"US", "100", false},
		{"", "112", true},
		{"", "911", true},
		{"", "999", false},
		{NULL, "911", true},
		{"ZZ", "112", true},
		{"ZZ", "110", false},
		{"US", "", false},
		{"US", "911 933", false},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		ck_assert_msg(emergency_number(row[i].country, row[i].digits,
				      strlen(row[i].digits)) == row[i].emergency,
			"%s %s", row[i].country ? row[i].country : "-", row[i].digits);
}
END_TEST

START_TEST(as_it_is_sent)
{
	static const struct {
		const char *country, *text, *code;
	} row[] = {
		{"US", "911", "911"},
		{"US", "+911", "911"},
		{"US", "+1911", "911"},
		{"US", "1911", ""},
		{"DE", "+49112", "112"},
		{"DE", "+49110", "110"},
		{"DE", "+1911", ""},
		{"", "+1911", ""},
		{"AU", "+61000", "000"},
		{"ZA", "+2710111", "10111"},
		{"US", "+19115550100", ""},
		{"IN", "+911123456789", ""},
		{"US", "+", ""},
		{"US", "", ""},
		{"GB", "18000", "18000"},
		{"GB", "180000", ""},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char out[EMERGENCY_SIZE] = "x";
		bool found =
			emergency_dialled(row[i].country, row[i].text, strlen(row[i].text), out);

		ck_assert_msg(strcmp(out, row[i].code) == 0, "%s in %s is \"%s\"", row[i].text,
			row[i].country, out);
		ck_assert_int_eq(found, row[i].code[0] != '\0');
	}
}
END_TEST

START_TEST(as_a_number)
{
	ck_assert(emergency_e164(9689999)); /* Oman's 9999 */
	ck_assert(emergency_e164(2710111)); /* South Africa's 10111 */
	ck_assert(!emergency_e164(14155550100));
	ck_assert(!emergency_e164(911234567890));
	ck_assert(!emergency_e164(0));
}
END_TEST

/* What may be dialled as E.164 is never taken for an emergency call. */
START_TEST(no_number_is_hidden)
{
	char out[EMERGENCY_SIZE];

	for (uint64_t n = 1000000; n < 1100000; n++) {
		char text[E164_TEXT_SIZE];

		e164_format(n, text);
		ck_assert_msg(!emergency_dialled("US", text, strlen(text), out), "%s", text);
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("emergency", NULL, numbers_of_a_country, as_it_is_sent, as_a_number,
		no_number_is_hidden);
}
