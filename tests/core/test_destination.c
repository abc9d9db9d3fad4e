/* Where an account's calls may go: the rules row by row, and a corpus of what nobody may forward to. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/destination.h"
#include "core/destination_table.h"
#include "core/e164_country.h"
#include "tests/core/suite.h"

#define DEFAULT "*|||f|||"

static const struct {
	const char *rules, *home, *number, *verdict;
} rows[] = {
	/* Every country unless the rules say otherwise. */
	{DEFAULT, "US", "14155550100", "ok"},
	{DEFAULT, "US", "442079460123", "ok"},
	{DEFAULT, "", "8613812345678", "ok"},
	{DEFAULT, "US", "2901234", "ok"},
	/* Premium ranges never, unless the operator lifts it. */
	{DEFAULT, "US", "19005550100", "premium_denied"},
	{DEFAULT, "US", "19765550100", "premium_denied"},
	{DEFAULT, "US", "14159760100", "premium_denied"},
	{DEFAULT, "US", "14155976010", "ok"}, /* not the exchange */
	{DEFAULT, "US", "882161234567", "premium_denied"},
	{DEFAULT, "US", "883510001234", "premium_denied"},
	{DEFAULT, "US", "979123456789", "premium_denied"},
	{DEFAULT, "US", "870773123456", "premium_denied"},
	{DEFAULT, "GB", "449012345678", "premium_denied"},
	{DEFAULT, "GB", "448712345678", "premium_denied"},
	{DEFAULT, "GB", "447012345678", "premium_denied"},
	{DEFAULT, "GB", "447712345678", "ok"},
	{DEFAULT, "DE", "499001234567", "premium_denied"},
	{DEFAULT, "DE", "499111234567", "ok"}, /* Nuremberg */
	{"*|||t|||", "US", "19005550100", "ok"},
	{"*|||t|||", "US", "14159760100", "ok"},
	{"*|||t|||", "US", "18095550100", "ok"},
	/* The Caribbean is premium for strangers only. */
	{DEFAULT, "US", "18095550100", "premium_denied"},
	{DEFAULT, "US", "18765550100", "premium_denied"},
	{DEFAULT, "DO", "18095550100", "ok"},
	{DEFAULT, "DO", "18295550100", "ok"},
	{DEFAULT, "DO", "18765550100", "premium_denied"},
	{"US,DO|||f|||", "US", "18095550100", "ok"},
	{"US|||f|||", "DO", "18095550100", "country_not_allowed"},
	{"US|||t|||", "US", "18095550100", "country_not_allowed"},
	/* Countries. */
	{"US|||f|||", "US", "14155550100", "ok"},
	{"US|||f|||", "US", "442079460123", "country_not_allowed"},
	{"GB|||f|||", "US", "442079460123", "ok"},
	{"US,GB|||f|||", "US", "442079460123", "ok"},
	{"|||f|||", "US", "14155550100", "country_not_allowed"},
	{"DE|||f|||", "DE", "882161234567", "premium_denied"},
	{"DE|||t|||", "DE", "882161234567", "country_not_allowed"},
	/* One calling code, several countries. */
	{"US|||f|||", "US", "14165550100", "country_not_allowed"},
	{"CA|||f|||", "CA", "14165550100", "ok"},
	{"CA|||f|||", "CA", "14155550100", "country_not_allowed"},
	{"US|||f|||", "US", "17875550100", "country_not_allowed"},
	{"PR|||f|||", "PR", "17875550100", "ok"},
	{"US|||f|||", "US", "18005550100", "ok"},
	{"CA|||f|||", "CA", "18885550100", "ok"},
	{"GB|||f|||", "GB", "18885550100", "country_not_allowed"},
	{"GB|||f|||", "GB", "441481234567", "country_not_allowed"},
	{"GG|||f|||", "GG", "441481234567", "ok"},
	{"GG|||f|||", "GG", "442079460123", "country_not_allowed"},
	{"RU|||f|||", "RU", "74951234567", "ok"},
	{"RU|||f|||", "RU", "77272345678", "country_not_allowed"},
	{"KZ|||f|||", "KZ", "77272345678", "ok"},
	{"IT|||f|||", "IT", "390669812345", "country_not_allowed"},
	{"VA|||f|||", "VA", "390669812345", "ok"},
	/* Calling codes are no prefixes of one another, but numbers look alike. */
	{"RU|||f|||", "RU", "420234567890", "country_not_allowed"},
	{"MA|||f|||", "MA", "212612345678", "ok"},
	{"EG|||f|||", "EG", "212612345678", "country_not_allowed"},
	/* The account's own prefixes, the longest decides. */
	{"*|4420||f|||", "US", "442079460123", "prefix_denied"},
	{"*|4420||f|||", "US", "441612345678", "ok"},
	{"*|44|4420|f|||", "US", "442079460123", "ok"},
	{"*|442079|4420|f|||", "US", "442079460123", "prefix_denied"},
	{"*|4420|4420|f|||", "US", "442079460123", "ok"},
	{"*||1900555|f|||", "US", "19005550100", "ok"},
	{"*||1900555|f|||", "US", "19005560100", "premium_denied"},
	{"*||19|f|||", "US", "19005550100", "premium_denied"},
	{"*|1900|1900555|f|||", "US", "19005550100", "ok"},
	{"*|1900|1900555|f|||", "US", "19005560100", "prefix_denied"},
	{"US||4420|f|||", "US", "442079460123", "ok"}, /* whatever its country */
	{"US||4420|f|||", "US", "441612345678", "country_not_allowed"},
	{"*|1,44,49,8613||f|||", "US", "8613812345678", "prefix_denied"},
	{"*|442079460123||f|||", "US", "442079460123", "prefix_denied"},
	{"*|4420794601234||f|||", "US", "442079460123", "ok"},
	/* What nothing lifts. */
	{DEFAULT, "US", "19115550100", "emergency_number"},
	{"US||1911|t|||", "US", "19115550100", "emergency_number"},
	{DEFAULT, "US", "14115550100", "emergency_number"},
	{DEFAULT, "US", "12125550100", "ok"},
	{DEFAULT, "US", "19125550100", "ok"},
	{DEFAULT, "US", "0", "emergency_number"},
};

static void rules_of(const char *text, struct destination_rules *r)
{
	const char *wrong = NULL;

	ck_assert_msg(!destination_rules_parse(str_of(text), r, &wrong), "%s: %s", text,
		wrong ? wrong : "");
}

static e164_t number_of(const char *digits)
{
	e164_t n = 0;

	ck_assert(!strcmp(digits, "0") || !e164_parse_digits(digits, strlen(digits), &n));
	return n;
}

START_TEST(row_by_row)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct destination_rules r;
		enum destination_verdict v;

		rules_of(rows[i].rules, &r);
		v = destination_decide(number_of(rows[i].number), &r, rows[i].home);
		ck_assert_msg(!strcmp(destination_verdict_word(v), rows[i].verdict),
			"%s at home in %s by %s: %s, not %s", rows[i].number, rows[i].home,
			rows[i].rules, destination_verdict_word(v), rows[i].verdict);
		destination_rules_fini(&r);
	}
}
END_TEST

/* What a thief would set, by its beginning; not taken from the table under test. */
static const char *const paid[] = {"1900", "1976", "1809", "1829", "1849", "1876", "1658", "1284",
	"1473", "1649", "1664", "1767", "1784", "1868", "1869", "1758", "1246", "1242", "1345",
	"1441", "1268", "1264", "1721", "870", "8810", "8816", "8817", "8821", "88213", "88216",
	"8835", "883120", "883130", "979", "9791", "808", "878", "4490", "4491", "4498", "4470",
	"44871", "44872", "44873", "44844", "44845", "49900", "49137", "33899", "33892", "34803",
	"34806", "34807", "41900", "41901", "41906", "43900", "43930", "31900", "31906", "31909",
	"32900", "32902", "46900", "46939", "358600", "358700", "39899", "39892", "61190", "81990",
	"42090", "4870", "351760", "37090", "37190", "35990", "38690", "4590", "47820", "47829"};

/* The same number as somebody might try to pass it off. */
static const struct {
	const char *before, *behind;
} forms[] = {{"+", ""}, {"", ""}, {"00-", ""}, {"00", ""}, {"+-", ""}, {"+ ", ""}, {" +", ""},
	{"+", " "}, {"sip:+", "@gw.example"}, {"tel:+", ""}, {"tel:", ""}, {"+", ";ext=1"},
	{"\xef\xbc\x8b", ""}, {"+", "\t"}, {"++", ""}, {"(+", ")"}, {"+(", ")"}, {"+.", ""},
	{"011", ""}};

/* Digits of twice the width, which some libraries take for digits. */
static void full_width(const char *digits, char *out)
{
	for (; *digits; digits++)
		out += sprintf(out, "\xef\xbc%c", 0x90 + (*digits - '0'));
}

static bool goes_out(const char *text, const struct destination_rules *r, const char *home)
{
	e164_t number;

	return e164_parse(text, strlen(text), home, &number, NULL) == 0 &&
	       destination_decide(number, r, home) == DESTINATION_OK;
}

static unsigned try_forms(const char *digits, const struct destination_rules *r, const char *home)
{
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		snprintf(text, sizeof(text), "%s%s%s", forms[i].before, digits, forms[i].behind);
		ck_assert_msg(!goes_out(text, r, home), "%s goes out", text);
	}
	full_width(digits, text);
	ck_assert_msg(!goes_out(text, r, home), "%s goes out", text);
	return (unsigned)i + 1;
}

START_TEST(nothing_of_the_corpus_goes_out)
{
	struct destination_rules r;
	unsigned tried = 0, numbers = 0;

	rules_of(DEFAULT, &r);
	for (size_t i = 0; i < sizeof(paid) / sizeof(paid[0]); i++) {
		for (unsigned n = 0; n < 20; n++) {
			char digits[24];
			/* North American numbers have eleven digits, others here twelve. */
			size_t len = paid[i][0] == '1' ? 11 : 12;

			memset(digits, '0', len);
			snprintf(digits + len - 6, 7, "%06u", 200000 + n * 37);
			memcpy(digits, paid[i], strlen(paid[i]));
			tried += try_forms(digits, &r, "US");
			numbers++;
		}
	}
	ck_assert_uint_ge(numbers, 1000);
	ck_assert_uint_ge(tried, 20000);
	destination_rules_fini(&r);
}
END_TEST

/* Every entry of both tables is found, so they are in order, and names a country that there is. */
START_TEST(tables_are_in_order)
{
	static const char *const some[] = {"1242", "1976", "991", "30901", "883"};
	char digits[8];
	unsigned found = 0;

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		ck_assert_str_eq(premium_range(some[i])->prefix, some[i]);
	for (unsigned n = 1000; n < 2000; n++) {
		const struct number_range *p, *c;

		snprintf(digits, sizeof(digits), "%u", n);
		p = premium_range(digits);
		c = country_range(digits);
		ck_assert(!c || !c->iso[0] || e164_country_known(c->iso));
		/* A premium part of a country is that country's part. */
		if (p && p->iso[0]) {
			ck_assert_str_eq(c->iso, p->iso);
			found++;
		}
	}
	ck_assert_uint_eq(found, 21);
	ck_assert_ptr_null(premium_range(""));
	ck_assert_ptr_null(premium_range("441"));
	ck_assert_str_eq(premium_range("449")->prefix, "449");
	ck_assert_str_eq(country_range("4477008123456")->iso, "JE");
	ck_assert_ptr_null(country_range("4477009123456"));
	ck_assert(country_has_range("CA"));
	ck_assert(!country_has_range("US"));
}
END_TEST

/* Each country that may be allowed has numbers that this allows. */
START_TEST(every_country_has_numbers)
{
	for (char a = 'A'; a <= 'Z'; a++) {
		for (char b = 'A'; b <= 'Z'; b++) {
			char iso[3] = {a, b, '\0'}, rules[32];
			const struct e164_country *c = e164_country(iso);
			struct destination_rules r;
			unsigned ok = 0;

			if (!c)
				continue;
			snprintf(rules, sizeof(rules), "%s|||f|||", iso);
			rules_of(rules, &r);
			for (unsigned head = 1; head < 10000 && !ok; head++) {
				char digits[24];

				snprintf(digits, sizeof(digits), "%u%04u123456", c->code, head);
				digits[c->code == 1 ? 11 : strlen(digits)] = '\0';
				ok += destination_decide(number_of(digits), &r, iso) ==
				      DESTINATION_OK;
			}
			/* The Vatican, Cocos and Christmas Island need more digits than these. */
			ck_assert_msg(ok || strstr("VA CC CX", iso), "%s has no numbers", iso);
			destination_rules_fini(&r);
		}
	}
}
END_TEST

START_TEST(rules_are_read)
{
	struct destination_rules r;

	rules_of("US,GB|1900,44871|1809|t|10|60|3600", &r);
	ck_assert_str_eq(r.allowed_countries, "US,GB");
	ck_assert_str_eq(r.denied_prefixes, "1900,44871");
	ck_assert_str_eq(r.allowed_prefixes, "1809");
	ck_assert(r.allow_premium && r.has_max);
	ck_assert_uint_eq(r.max_failover_calls, 10);
	ck_assert_uint_eq(r.max_failover_calls_per_minute, 60);
	ck_assert_uint_eq(r.max_failover_call_seconds, 3600);
	destination_rules_fini(&r);
	rules_of("|||f|0||", &r);
	ck_assert_str_eq(r.allowed_countries, "");
	ck_assert(r.has_max);
	ck_assert_uint_eq(r.max_failover_calls, 0);
	destination_rules_fini(&r);
	rules_of(DEFAULT, &r);
	ck_assert_ptr_null(r.allowed_countries);
	ck_assert(!r.has_max);
	destination_rules_fini(&r);
}
END_TEST

START_TEST(what_is_wrong_with_rules)
{
	static const struct {
		const char *text, *wrong;
	} bad[] = {
		{"", "is not of seven parts"},
		{"*|||f||", "is not of seven parts"},
		{"*|||f||||", "is not of seven parts"},
		{"ZZ|||f|||", "allowed_countries has an unknown country"},
		{"US,|||f|||", "allowed_countries has an unknown country"},
		{"us|||f|||", "allowed_countries has an unknown country"},
		{"USA|||f|||", "allowed_countries has an unknown country"},
		{"*|+1||f|||", "denied_prefixes has a bad prefix"},
		{"*|1,,2||f|||", "denied_prefixes has a bad prefix"},
		{"*||1234567890123456|f|||", "allowed_prefixes has a bad prefix"},
		{"*|||yes|||", "allow_premium is neither t nor f"},
		{"*|||f|-1||", "max_failover_calls is no number"},
		{"*|||f||x|", "max_failover_calls_per_minute is no number"},
		{"*|||f|||9999999", "max_failover_call_seconds is no number"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct destination_rules r;
		const char *wrong = NULL;

		ck_assert_int_eq(destination_rules_parse(str_of(bad[i].text), &r, &wrong), EINVAL);
		ck_assert_str_eq(wrong, bad[i].wrong);
		ck_assert_ptr_null(r.denied_prefixes);
	}
}
END_TEST

START_TEST(every_verdict_has_words)
{
	for (int v = 0; v < DESTINATION_VERDICT_COUNT; v++) {
		ck_assert_str_ne(destination_verdict_word((enum destination_verdict)v), "");
		ck_assert_str_ne(destination_verdict_text((enum destination_verdict)v), "");
	}
	ck_assert_str_eq(destination_verdict_word(DESTINATION_VERDICT_COUNT), "");
	ck_assert_str_eq(destination_verdict_text(DESTINATION_VERDICT_COUNT), "");
}
END_TEST

int main(void)
{
	return SUITE_RUN("destination", NULL, row_by_row, nothing_of_the_corpus_goes_out,
		tables_are_in_order, every_country_has_numbers, rules_are_read,
		what_is_wrong_with_rules, every_verdict_has_words);
}
