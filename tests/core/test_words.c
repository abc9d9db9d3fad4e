/* The words: every value has one, every word has its value, nothing else has; and what responses
 * and triggers mean. */
#include <string.h>

#include "core/words.h"
#include "tests/core/suite.h"

#define CHECK_WORDS(noun, count, first, last)                                                      \
	do {                                                                                       \
		for (int v_ = 0; v_ < (count); v_++) {                                             \
			ck_assert_str_ne(noun##_word(v_), "");                                     \
			ck_assert_int_eq(noun##_parse(noun##_word(v_)), v_);                       \
		}                                                                                  \
		ck_assert_str_eq(noun##_word(0), first);                                           \
		ck_assert_str_eq(noun##_word((count)-1), last);                                    \
		ck_assert_str_eq(noun##_word((count)), "");                                        \
		ck_assert_str_eq(noun##_word(99), "");                                             \
		ck_assert_int_eq(noun##_parse(""), -1);                                            \
		ck_assert_int_eq(noun##_parse("nothing"), -1);                                     \
		ck_assert_int_eq(noun##_parse(NULL), -1);                                          \
	} while (0)

START_TEST(every_word_goes_both_ways)
{
	CHECK_WORDS(transport, TRANSPORT_COUNT, "udp", "tls");
	CHECK_WORDS(auth_mode, AUTH_MODE_COUNT, "registration", "ip");
	CHECK_WORDS(sip_account_role, ROLE_COUNT, "primary", "secondary");
	CHECK_WORDS(ha_mode, HA_MODE_COUNT, "only_primary", "load_balancing_healthy");
	CHECK_WORDS(did_delivery, DID_DELIVERY_COUNT, "request_uri", "to");
	CHECK_WORDS(call_direction, CALL_DIRECTION_COUNT, "inbound", "outbound");
	CHECK_WORDS(incoming_action, INCOMING_ACTION_COUNT, "ring", "ring_then_forward");
	CHECK_WORDS(calling_party_display, DISPLAY_COUNT, "caller", "fixed");
	CHECK_WORDS(trigger, TRIGGER_COUNT, "not_registered", "no_answer");
	CHECK_WORDS(disposition, DISPOSITION_COUNT, "ANSWERED", "CONGESTION");
	CHECK_WORDS(cause, CAUSE_COUNT, "NORMAL", "DESTINATION_DENIED");
	ck_assert_int_eq(transport_parse("UDP"), -1);
	/* Nobody can choose this one. */
	ck_assert_str_eq(trigger_word(TRIGGER_DENIED), "destination_denied");
	ck_assert_int_eq(trigger_parse("destination_denied"), -1);
	ck_assert(!(TRIGGERS_ALL & TRIGGER_BIT(TRIGGER_DENIED)));
}
END_TEST

START_TEST(each_response_raises_its_trigger)
{
	static const struct {
		unsigned from, to;
		enum trigger trigger;
	} row[] = {
		{100, 299, TRIGGER_NONE},
		{300, 399, TRIGGER_REJECTED},
		{400, 400, TRIGGER_REJECTED},
		{401, 401, TRIGGER_AUTH_REQUIRED},
		{402, 403, TRIGGER_REJECTED},
		{404, 404, TRIGGER_NOT_FOUND},
		{405, 406, TRIGGER_REJECTED},
		{407, 407, TRIGGER_AUTH_REQUIRED},
		{408, 408, TRIGGER_TIMEOUT},
		{409, 409, TRIGGER_REJECTED},
		{410, 410, TRIGGER_NOT_FOUND},
		{411, 485, TRIGGER_REJECTED},
		{486, 486, TRIGGER_BUSY},
		{487, 487, TRIGGER_NONE},
		{488, 499, TRIGGER_REJECTED},
		{500, 599, TRIGGER_SERVER_ERROR},
		{600, 600, TRIGGER_BUSY},
		{601, 603, TRIGGER_REJECTED},
		{604, 604, TRIGGER_NOT_FOUND},
		{605, 606, TRIGGER_REJECTED},
		{607, 608, TRIGGER_NONE},
		{609, 699, TRIGGER_REJECTED},
		{0, 99, TRIGGER_NONE},
		{700, 1000, TRIGGER_NONE},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (unsigned status = row[i].from; status <= row[i].to; status++)
			ck_assert_msg(trigger_of_response(status) == row[i].trigger, "%u", status);
}
END_TEST

START_TEST(default_sets)
{
	ck_assert(TRIGGERS_DEFAULT & TRIGGER_BIT(TRIGGER_UNREACHABLE));
	ck_assert(!(TRIGGERS_DEFAULT & TRIGGER_BIT(TRIGGER_BUSY)));
	ck_assert(!(TRIGGERS_DEFAULT & TRIGGER_BIT(TRIGGER_REJECTED)));
	ck_assert(!(TRIGGERS_DEFAULT & TRIGGER_BIT(TRIGGER_NO_ANSWER)));
	ck_assert_uint_eq(TRIGGERS_ALL, (1u << TRIGGER_COUNT) - 1);
}
END_TEST

START_TEST(each_trigger_has_its_line_in_the_record)
{
	static const struct {
		enum trigger trigger;
		const char *disposition, *cause;
	} row[] = {
		{TRIGGER_NOT_REGISTERED, "CONGESTION", "NOT_REGISTERED"},
		{TRIGGER_NO_RESPONSE, "CONGESTION", "FAREND_CONNECTION_ERROR"},
		{TRIGGER_CAPACITY, "CONGESTION", "CAPACITY"},
		{TRIGGER_SERVER_ERROR, "CONGESTION", "FAREND_RESPONSE"},
		{TRIGGER_AUTH_REQUIRED, "CONGESTION", "FAREND_REQUIRE_AUTH"},
		{TRIGGER_TIMEOUT, "CONGESTION", "FAREND_RESPONSE"},
		{TRIGGER_NOT_FOUND, "CONGESTION", "FAREND_RESPONSE"},
		{TRIGGER_UNREACHABLE, "CONGESTION", "FAREND_CONNECTION_ERROR"},
		{TRIGGER_BUSY, "BUSY", "FAREND_BUSY"},
		{TRIGGER_REJECTED, "REJECTED", "FAREND_REJECTED"},
		{TRIGGER_NO_ANSWER, "NO_ANSWER", "NO_ANSWER"},
		{TRIGGER_NONE, "ANSWERED", "NORMAL"},
		{TRIGGER_DENIED, "REJECTED", "DESTINATION_DENIED"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ck_assert_str_eq(
			disposition_word(disposition_of(row[i].trigger)), row[i].disposition);
		ck_assert_str_eq(cause_word(cause_of(row[i].trigger)), row[i].cause);
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("words", NULL, every_word_goes_both_ways, each_response_raises_its_trigger,
		default_sets, each_trigger_has_its_line_in_the_record);
}
