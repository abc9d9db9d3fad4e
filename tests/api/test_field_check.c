#include "api/field_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/words.h"
#include "tests/api/suite.h"

static const struct field text_f = {.kind = FIELD_TEXT, .min = 1, .max = 5};
static const struct field name_f = {.kind = FIELD_NAME, .min = 1, .max = 8};
static const struct field bool_f = {.kind = FIELD_BOOLEAN};
static const struct field int_f = {.kind = FIELD_INTEGER, .min = 1, .max = 60};
static const struct field number_f = {.kind = FIELD_NUMBER};
static const struct field id_f = {.kind = FIELD_ID, .id_prefix = "trk"};
static const struct field word_f = {
	.kind = FIELD_WORD, .word = did_delivery_parse, .words = "request_uri, to"};
static const struct field words_f = {
	.kind = FIELD_WORDS, .word = trigger_parse, .words = "busy, …", .max = 3};
static const struct field prefixes_f = {.kind = FIELD_PREFIXES, .max = 3};
static const struct field cidrs_f = {.kind = FIELD_CIDRS, .max = 3};
static const struct field address_f = {.kind = FIELD_ADDRESS, .min = 5060};
static const struct field by_dns_f = {.kind = FIELD_ADDRESS};
static const struct field addresses_f = {.kind = FIELD_ADDRESSES, .min = 5060, .max = 2};
static const struct field country_f = {.kind = FIELD_COUNTRY};
static const struct field timezone_f = {.kind = FIELD_TIMEZONE};
static const struct field registration_f = {.kind = FIELD_REGISTRATION};
static const struct field internal_f = {.kind = FIELD_INTERNAL};
static const struct field steps_f = {.kind = FIELD_STEPS};

#define UUID "0190163d-8694-739b-aea5-966c26f8ad91"
#define TAKEN(of, json_text, sql_text)                                                             \
	{                                                                                          \
		&(of), json_text, sql_text, PROBLEM_CODE_COUNT, ""                                 \
	}
#define REFUSED(of, json_text, why, where)                                                         \
	{                                                                                          \
		&(of), json_text, NULL, why, where                                                 \
	}
#define HOST(host) "{\"host\":\"" host "\"}"
#define UDP(host, port) "{\"host\":\"" host "\",\"port\":" port ",\"transport\":\"udp\"}"

static const struct {
	const struct field *field;
	const char *json;
	const char *text; /* NULL: refused */
	enum problem_code code;
	const char *pointer; /* below "/f" */
} rows[] = {
	TAKEN(text_f, "\"a\"", "a"),
	TAKEN(text_f, "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"",
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"),
	REFUSED(text_f, "\"'; DROP\"", PROBLEM_TOO_LONG, ""),
	REFUSED(text_f, "\"\"", PROBLEM_TOO_SHORT, ""),
	REFUSED(text_f, "\"123456\"", PROBLEM_TOO_LONG, ""),
	REFUSED(text_f, "\"a\\nb\"", PROBLEM_INVALID_CHARACTERS, ""),
	REFUSED(text_f, "\"a\\u007f\"", PROBLEM_INVALID_CHARACTERS, ""),
	REFUSED(text_f, "\"a\\u0085\"", PROBLEM_INVALID_CHARACTERS, ""),
	REFUSED(text_f, "5", PROBLEM_WRONG_TYPE, ""),
	REFUSED(text_f, "[\"a\"]", PROBLEM_WRONG_TYPE, ""),

	TAKEN(name_f, "\"a.b_c~+-\"", "a.b_c~+-"),
	REFUSED(name_f, "\"a b\"", PROBLEM_INVALID_CHARACTERS, ""),
	REFUSED(name_f, "\"a@b\"", PROBLEM_INVALID_CHARACTERS, ""),
	REFUSED(name_f, "\"a%00\"", PROBLEM_INVALID_CHARACTERS, ""),
	REFUSED(name_f, "\"\xc3\xa9\"", PROBLEM_INVALID_CHARACTERS, ""),

	TAKEN(bool_f, "true", "t"),
	TAKEN(bool_f, "false", "f"),
	REFUSED(bool_f, "0", PROBLEM_WRONG_TYPE, ""),
	REFUSED(bool_f, "\"true\"", PROBLEM_WRONG_TYPE, ""),

	TAKEN(int_f, "1", "1"),
	TAKEN(int_f, "60", "60"),
	REFUSED(int_f, "0", PROBLEM_OUT_OF_RANGE, ""),
	REFUSED(int_f, "61", PROBLEM_OUT_OF_RANGE, ""),
	REFUSED(int_f, "-9223372036854775808", PROBLEM_OUT_OF_RANGE, ""),
	REFUSED(int_f, "15.0", PROBLEM_WRONG_TYPE, ""),
	REFUSED(int_f, "\"15\"", PROBLEM_WRONG_TYPE, ""),

	TAKEN(number_f, "\"+14155550100\"", "14155550100"),
	TAKEN(number_f, "\"14155550100\"", "14155550100"),
	TAKEN(number_f, "\"4155550100\"", "14155550100"),
	REFUSED(number_f, "\"(415) 555-0100\"", PROBLEM_NOT_E164, ""),
	TAKEN(number_f, "\"(415)555-0100\"", "14155550100"),
	REFUSED(number_f, "\"+0155550100\"", PROBLEM_NOT_E164, ""),
	REFUSED(number_f, "\"+1415555010012345\"", PROBLEM_NOT_E164, ""),
	REFUSED(number_f, "\"sip:+14155550100\"", PROBLEM_NOT_E164, ""),
	REFUSED(number_f, "\"tel:+14155550100\"", PROBLEM_NOT_E164, ""),
	REFUSED(number_f, "\"\xef\xbc\x8b\xef\xbc\x91\"", PROBLEM_NOT_E164, ""),
	REFUSED(number_f, "\"911\"", PROBLEM_NOT_E164, ""),
	REFUSED(number_f, "\"\"", PROBLEM_NOT_E164, ""),
	REFUSED(number_f, "14155550100", PROBLEM_WRONG_TYPE, ""),

	TAKEN(id_f, "\"trk_" UUID "\"", UUID),
	REFUSED(id_f, "\"acc_" UUID "\"", PROBLEM_NOT_AN_ID, ""),
	REFUSED(id_f, "\"" UUID "\"", PROBLEM_NOT_AN_ID, ""),
	REFUSED(id_f, "\"trk_" UUID "'\"", PROBLEM_NOT_AN_ID, ""),
	REFUSED(id_f, "7", PROBLEM_WRONG_TYPE, ""),

	TAKEN(word_f, "\"to\"", "to"),
	REFUSED(word_f, "\"TO\"", PROBLEM_UNKNOWN_VALUE, ""),
	REFUSED(word_f, "\"\"", PROBLEM_UNKNOWN_VALUE, ""),

	TAKEN(words_f, "[]", "{}"),
	TAKEN(words_f, "[\"busy\",\"capacity\"]", "{busy,capacity}"),
	REFUSED(words_f, "[\"busy\",\"bogus\"]", PROBLEM_UNKNOWN_VALUE, "/1"),
	REFUSED(words_f, "[\"busy\",\"capacity\",\"busy\"]", PROBLEM_DUPLICATE_ITEM, "/2"),
	REFUSED(words_f, "[\"busy\",5]", PROBLEM_WRONG_TYPE, "/1"),
	REFUSED(words_f, "[\"a\",\"b\",\"c\",\"d\"]", PROBLEM_TOO_MANY_ITEMS, ""),
	REFUSED(words_f, "\"busy\"", PROBLEM_WRONG_TYPE, ""),

	TAKEN(prefixes_f, "[\"+1415\",\"49\",\"\"]", "{1415,49,\"\"}"),
	REFUSED(prefixes_f, "[\"1234567890123456\"]", PROBLEM_NOT_A_PREFIX, "/0"),
	REFUSED(prefixes_f, "[\"1,2\"]", PROBLEM_NOT_A_PREFIX, "/0"),
	REFUSED(prefixes_f, "[\"1\",\"+1\"]", PROBLEM_DUPLICATE_ITEM, "/1"),

	TAKEN(cidrs_f, "[\"192.0.2.1\",\"192.0.2.0/24\",\"2001:db8::/32\"]",
		"{192.0.2.1,192.0.2.0/24,2001:db8::/32}"),
	REFUSED(cidrs_f, "[\"192.0.2.1/32\",\"192.0.2.1\"]", PROBLEM_DUPLICATE_ITEM, "/1"),
	REFUSED(cidrs_f, "[\"192.0.2.1/24\"]", PROBLEM_NOT_A_CIDR, "/0"),
	REFUSED(cidrs_f, "[\"0.0.0.0/0\"]", PROBLEM_OUT_OF_RANGE, "/0"),
	REFUSED(cidrs_f, "[\"::/0\"]", PROBLEM_OUT_OF_RANGE, "/0"),
	REFUSED(cidrs_f, "[\"pbx.example\"]", PROBLEM_NOT_A_CIDR, "/0"),
	REFUSED(cidrs_f, "[\"192.0.2.1\\\"}\"]", PROBLEM_NOT_A_CIDR, "/0"),

	TAKEN(address_f, HOST("192.0.2.1"), UDP("192.0.2.1", "5060")),
	TAKEN(address_f, HOST("2001:db8::1"), UDP("2001:db8::1", "5060")),
	TAKEN(address_f, HOST("pbx.example"), UDP("pbx.example", "5060")),
	TAKEN(address_f, HOST("127.0.0.9"), UDP("127.0.0.9", "5060")),
	TAKEN(address_f, "{\"host\":\"pbx.example\",\"port\":null,\"transport\":\"tcp\"}",
		"{\"host\":\"pbx.example\",\"port\":null,\"transport\":\"tcp\"}"),
	TAKEN(by_dns_f, HOST("pbx.example"), UDP("pbx.example", "null")),
	REFUSED(address_f, "{}", PROBLEM_REQUIRED, "/host"),
	REFUSED(address_f, "{\"host\":5}", PROBLEM_WRONG_TYPE, "/host"),
	REFUSED(address_f, HOST(""), PROBLEM_NOT_A_HOST, "/host"),
	REFUSED(address_f, HOST("192.0.2.1:5060"), PROBLEM_NOT_A_HOST, "/host"),
	REFUSED(address_f, HOST("[2001:db8::1]"), PROBLEM_NOT_A_HOST, "/host"),
	REFUSED(address_f, HOST("0x7f.1"), PROBLEM_NOT_A_HOST, "/host"),
	REFUSED(address_f, HOST("2130706433"), PROBLEM_NOT_A_HOST, "/host"),
	REFUSED(address_f, HOST("a b"), PROBLEM_NOT_A_HOST, "/host"),
	REFUSED(address_f, HOST("pbx.example/x"), PROBLEM_NOT_A_HOST, "/host"),
	REFUSED(address_f, HOST("10.0.0.1"), PROBLEM_PRIVATE_ADDRESS, "/host"),
	REFUSED(address_f, HOST("169.254.169.254"), PROBLEM_PRIVATE_ADDRESS, "/host"),
	REFUSED(address_f, HOST("::1"), PROBLEM_PRIVATE_ADDRESS, "/host"),
	REFUSED(address_f, HOST("::ffff:10.0.0.1"), PROBLEM_PRIVATE_ADDRESS, "/host"),
	REFUSED(address_f, "{\"host\":\"a.example\",\"port\":0}", PROBLEM_OUT_OF_RANGE, "/port"),
	REFUSED(address_f, "{\"host\":\"a.example\",\"port\":65536}", PROBLEM_OUT_OF_RANGE,
		"/port"),
	REFUSED(address_f, "{\"host\":\"a.example\",\"port\":5060.0}", PROBLEM_WRONG_TYPE, "/port"),
	REFUSED(address_f, "{\"host\":\"a.example\",\"transport\":\"sctp\"}", PROBLEM_UNKNOWN_VALUE,
		"/transport"),
	REFUSED(address_f, "{\"host\":\"a.example\",\"user\":\"x\"}", PROBLEM_UNKNOWN_FIELD,
		"/user"),
	REFUSED(address_f, "\"a.example\"", PROBLEM_WRONG_TYPE, ""),

	TAKEN(addresses_f, "[]", "[]"),
	TAKEN(addresses_f, "[" HOST("192.0.2.1") "," HOST("192.0.2.2") "]",
		"[" UDP("192.0.2.1", "5060") "," UDP("192.0.2.2", "5060") "]"),
	REFUSED(addresses_f, "[" HOST("192.0.2.1") ",{}]", PROBLEM_REQUIRED, "/1/host"),
	REFUSED(addresses_f, "[" HOST("a.b") "," HOST("a.b") "]", PROBLEM_DUPLICATE_ITEM, "/1"),
	REFUSED(addresses_f, "[{},{},{}]", PROBLEM_TOO_MANY_ITEMS, ""),
	REFUSED(addresses_f, HOST("192.0.2.1"), PROBLEM_WRONG_TYPE, ""),

	TAKEN(country_f, "\"DE\"", "DE"),
	REFUSED(country_f, "\"de\"", PROBLEM_NOT_A_COUNTRY, ""),
	REFUSED(country_f, "\"ZZ\"", PROBLEM_NOT_A_COUNTRY, ""),
	TAKEN(timezone_f, "\"UTC\"", "UTC"),
	TAKEN(timezone_f, "\"America/New_York\"", "America/New_York"),
	REFUSED(timezone_f, "\"America\"", PROBLEM_NOT_A_TIMEZONE, ""),
	REFUSED(timezone_f, "\"Mars/Olympus\"", PROBLEM_NOT_A_TIMEZONE, ""),
	REFUSED(timezone_f, "\"../../etc/passwd\"", PROBLEM_NOT_A_TIMEZONE, ""),
	REFUSED(timezone_f, "\"\"", PROBLEM_NOT_A_TIMEZONE, ""),

	TAKEN(registration_f, "{\"username\":\"u\",\"password\":\"p\"}",
		"{\"username\":\"u\",\"password\":\"p\",\"registrar\":null,\"failover_registrar\":"
		"null,"
		"\"expires_seconds\":3600,\"register_failover_seconds\":15}"),
	TAKEN(registration_f,
		"{\"username\":\"u\",\"registrar\":" HOST("r.example") ",\"expires_seconds\":60}",
		"{\"username\":\"u\",\"registrar\":" UDP(
			"r.example", "null") ",\"failover_registrar\":null,\"expires_seconds\":60,"
					     "\"register_failover_seconds\":15}"),
	REFUSED(registration_f, "{}", PROBLEM_REQUIRED, "/username"),
	REFUSED(registration_f, "{\"username\":\"u\",\"expires_seconds\":59}", PROBLEM_OUT_OF_RANGE,
		"/expires_seconds"),
	REFUSED(registration_f, "{\"username\":\"u\",\"registrar\":{}}", PROBLEM_REQUIRED,
		"/registrar/host"),
	REFUSED(registration_f, "{\"username\":\"u\",\"realm\":\"x\"}", PROBLEM_UNKNOWN_FIELD,
		"/realm"),
	REFUSED(registration_f, "true", PROBLEM_WRONG_TYPE, ""),

	TAKEN(internal_f, "\"*98\"", "*98"),
	REFUSED(internal_f, "\"\"", PROBLEM_TOO_SHORT, ""),
	REFUSED(internal_f, "\"1234567890123456\"", PROBLEM_TOO_LONG, ""),
	REFUSED(internal_f, "\"1a\"", PROBLEM_INVALID_CHARACTERS, ""),
	REFUSED(internal_f, "100", PROBLEM_WRONG_TYPE, ""),
	TAKEN(steps_f, "[]", "[]"),
	TAKEN(steps_f, "[{\"app\":\"forward\",\"external\":\"+442079460000\"}]",
		"[{\"external\":\"+442079460000\",\"app\":\"forward\",\"active_times\":null}]"),
	REFUSED(steps_f, "{}", PROBLEM_WRONG_TYPE, ""),
	REFUSED(steps_f, "[1]", PROBLEM_WRONG_TYPE, "/0"),
	REFUSED(steps_f, "[{\"app\":1}]", PROBLEM_WRONG_TYPE, "/0/app"),
};

static const char *country_us(void *arg)
{
	(void)arg;
	return "US";
}

static const char *country_gone(void *arg)
{
	(void)arg;
	return NULL;
}

START_TEST(test_rows)
{
	struct cidr loopback = {.bits = 104};
	const struct cidr_list allowed = {&loopback, 1};
	struct problems p = {0};
	struct field_context c = {
		.problems = &p, .private_targets = &allowed, .country = country_us};
	json_t *value = json_loads(rows[_i].json, JSON_DECODE_ANY, NULL);
	char *text, at[PROBLEM_POINTER_MAX];

	ck_assert_int_eq(ip_parse("127.0.0.0", 9, loopback.addr), 0);
	ck_assert_msg(value != NULL, "%s", rows[_i].json);
	text = field_check(&c, rows[_i].field, value, "/f");
	if (rows[_i].text) {
		ck_assert_msg(
			text != NULL, "%s: %s", rows[_i].json, p.item ? p.item[0].detail : "");
		ck_assert_str_eq(text, rows[_i].text);
		ck_assert_uint_eq(p.count, 0);
	} else {
		snprintf(at, sizeof(at), "/f%s", rows[_i].pointer);
		ck_assert_msg(text == NULL, "%s", rows[_i].json);
		/* What an emergency number would be is said on top. */
		ck_assert(p.count == 1 ||
			  (p.count == 2 && p.item[1].code == PROBLEM_EMERGENCY_NUMBER));
		ck_assert_str_eq(
			problem_code_word(p.item[0].code), problem_code_word(rows[_i].code));
		ck_assert_str_eq(p.item[0].pointer, at);
		ck_assert_str_ne(p.item[0].detail, "");
	}
	free(text);
	json_decref(value);
	problems_fini(&p);
}
END_TEST

/* An answer that could not be had is no answer that there is no country. */
START_TEST(test_country_is_not_guessed)
{
	struct problems p = {0};
	struct field_context c = {.problems = &p, .country = country_gone};
	json_t *national = json_string("4155550100"), *international = json_string("+14155550100");
	char *text;

	ck_assert_ptr_null(field_check(&c, &number_f, national, "/f"));
	ck_assert(c.failed);
	ck_assert_uint_eq(p.count, 0);
	c.failed = false;
	text = field_check(&c, &number_f, international, "/f");
	ck_assert_str_eq(text, "14155550100");
	ck_assert(!c.failed);
	free(text);
	json_decref(national);
	json_decref(international);
}
END_TEST

START_TEST(test_many_errors_are_counted)
{
	struct problems p = {0};

	for (int i = 0; i < 3 * PROBLEM_ERRORS_MAX; i++)
		problems_add(&p, "/x", PROBLEM_WRONG_TYPE, "%d", i);
	ck_assert_uint_eq(p.count, 3 * PROBLEM_ERRORS_MAX);
	ck_assert_str_eq(p.item[PROBLEM_ERRORS_MAX - 1].detail, "99");
	problems_fini(&p);
}
END_TEST

START_TEST(test_pointers)
{
	char out[PROBLEM_POINTER_MAX], base[PROBLEM_POINTER_MAX];

	pointer_join(out, "/a", "b/c~d");
	ck_assert_str_eq(out, "/a/b~1c~0d");
	pointer_join_index(out, "/a", 7);
	ck_assert_str_eq(out, "/a/7");
	memset(base, 'x', sizeof(base) - 2);
	base[sizeof(base) - 2] = '\0';
	pointer_join(out, base, "\xc3\xa9\xc3\xa9");
	ck_assert_uint_lt(strlen(out), sizeof(out));
}
END_TEST

SUITE_MAIN("field_check", tcase_add_loop_test(tc, test_rows, 0, ROWS(rows));
	   tcase_add_test(tc, test_country_is_not_guessed);
	   tcase_add_test(tc, test_many_errors_are_counted); tcase_add_test(tc, test_pointers))
