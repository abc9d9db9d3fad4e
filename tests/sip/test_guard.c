/* The guard: who is known, whose budget pays, what strangers may ask, and how long an answer may be. */
#include "core/log.h"
#include "sip/guard.h"
#include "sip/scan.h"
#include "tests/core/suite.h"
#include "tests/sip/binding_rig.h"

#define GATEWAY(id, enabled, blocks)                                                               \
	"G" T id T "carrier" T enabled T "sip.carrier.example||udp" T NUL T "10" T "" T "1" T      \
	"f" T blocks "\n"

static struct guard *guard;
static struct cidr peer_block;
static enum guard_class class;

static void guard_start(struct guard_config config)
{
	guard_free(guard);
	ck_assert_int_eq(cidr_parse("203.0.113.5", 11, &peer_block), 0);
	config.peers = (struct cidr_list){&peer_block, 1};
	ck_assert_int_eq(guard_new(&guard, &config, cfg, store), 0);
}

static void setup(void)
{
	log_init("test", LOG_LEVEL_COUNT);
	store_setup();
	feed(cfg, GATEWAY(GW1, "t", "198.51.100.0/24,2001:db8:1::/48")
			  IP_RECORD(SIP2, TRK2, "192.0.2.77", "192.0.2.77|5060|udp"));
	guard = NULL;
	guard_start((struct guard_config){.slots = 1024});
}

static void teardown(void)
{
	guard_free(guard);
	store_teardown();
}

static struct flow flow_of(const char *ip, enum transport transport)
{
	return (struct flow){.peer = address(ip, 5060), .transport = (uint8_t)transport};
}

static enum guard_refusal admit(const char *ip)
{
	struct flow from = flow_of(ip, TRANSPORT_UDP);

	return guard_admit(guard, &from, now, &class);
}

static enum guard_class class_of(const char *ip)
{
	(void)admit(ip);
	return class;
}

static void bind_from(const char *ip, uint32_t expires)
{
	static uint32_t cseq;
	struct uuid id = id_of(SIP1);
	union net_addr source = address(ip, 5060);
	struct binding_contact c = {.uri = STR("sip:a@h"), .q = 1000, .expires_seconds = expires};
	struct binding_update u = {.account = cfg_sip_account(cfg, &id),
		.source = &source,
		.call_id = STR("c"),
		.cseq = ++cseq,
		.max = 10,
		.count = 1,
		.contact = &c};

	ck_assert_int_eq(binding_update(store, &u, now, wall), 0);
}

START_TEST(sources_are_told_apart)
{
	ck_assert_int_eq(class_of("203.0.113.5"), GUARD_PEER);
	ck_assert_int_eq(class_of("198.51.100.9"), GUARD_GATEWAY);
	ck_assert_int_eq(class_of("2001:db8:1:2::3"), GUARD_GATEWAY);
	ck_assert_int_eq(class_of("192.0.2.77"), GUARD_PBX);
	ck_assert_int_eq(class_of("192.0.2.1"), GUARD_STRANGER);
	ck_assert_int_eq(class_of("2001:db8:2::1"), GUARD_STRANGER);
	ck_assert_str_eq(guard_class_word(GUARD_GATEWAY), "gateway");
	ck_assert_uint_eq(guard_stats(guard)->messages[GUARD_GATEWAY], 2);
	ck_assert_uint_eq(guard_stats(guard)->messages[GUARD_STRANGER], 2);
}
END_TEST

START_TEST(a_live_binding_makes_its_source_known_and_no_longer)
{
	bind_from("192.0.2.1", 60);
	ck_assert_int_eq(class_of("192.0.2.1"), GUARD_BOUND);
	pass(60000);
	ck_assert_int_eq(class_of("192.0.2.1"), GUARD_STRANGER);
}
END_TEST

START_TEST(a_change_of_the_configuration_counts_at_once)
{
	struct cfg *other = cfg_new();

	ck_assert_int_eq(class_of("198.51.100.9"), GUARD_GATEWAY);
	ck_assert_int_eq(class_of("192.0.2.1"), GUARD_STRANGER);
	feed(cfg, GATEWAY(GW1, "f", "198.51.100.0/24") GATEWAY(GW2, "t", "192.0.2.1"));
	guard_config_changed(guard, cfg);
	ck_assert_int_eq(class_of("198.51.100.9"), GUARD_STRANGER);
	ck_assert_int_eq(class_of("192.0.2.1"), GUARD_GATEWAY);
	guard_config_changed(guard, other); /* a whole new one */
	ck_assert_int_eq(class_of("192.0.2.1"), GUARD_STRANGER);
	ck_assert_int_eq(class_of("192.0.2.77"), GUARD_STRANGER);
	cfg_free(other);
}
END_TEST

START_TEST(who_is_asked_may_answer_for_a_while)
{
	union net_addr asked = address("192.0.2.50", 5080);

	guard_expect(guard, &asked, now, 32000);
	ck_assert_int_eq(class_of("192.0.2.50"), GUARD_EXPECTED);
	guard_expect(guard, &asked, now, 1000); /* never shortens */
	pass(31999);
	ck_assert_int_eq(class_of("192.0.2.50"), GUARD_EXPECTED);
	pass(1);
	ck_assert_int_eq(class_of("192.0.2.50"), GUARD_STRANGER);
	guard_expect(guard, &asked, now, INT64_MAX / 2);
	pass(3600000);
	ck_assert_int_eq(class_of("192.0.2.50"), GUARD_STRANGER);
}
END_TEST

START_TEST(ten_thousand_who_were_asked_are_remembered)
{
	unsigned remembered = 0;
	char ip[32];

	for (int i = 0; i < 10000; i++) {
		union net_addr asked;

		snprintf(ip, sizeof(ip), "10.1.%d.%d", i / 250, i % 250);
		asked = address(ip, 5060);
		guard_expect(guard, &asked, now, 60000);
		ck_assert_int_eq(class_of(ip), GUARD_EXPECTED);
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(ip, sizeof(ip), "10.1.%d.%d", i / 250, i % 250);
		remembered += class_of(ip) == GUARD_EXPECTED;
	}
	ck_assert_uint_gt(remembered, 8000);
}
END_TEST

static unsigned admitted(const char *ip, unsigned messages)
{
	unsigned n = 0;

	for (unsigned i = 0; i < messages; i++)
		n += admit(ip) == GUARD_OK;
	return n;
}

START_TEST(a_stranger_has_a_small_budget)
{
	guard_start((struct guard_config){.source_rate = 10, .source_burst = 20});
	ck_assert_uint_eq(admitted("192.0.2.1", 1000), 20);
	ck_assert_int_eq(admit("192.0.2.1"), GUARD_SOURCE_RATE);
	ck_assert_int_eq(admit("192.0.2.2"), GUARD_OK);
	pass(1000);
	ck_assert_uint_eq(admitted("192.0.2.1", 1000), 10);
	ck_assert_uint_eq(guard_stats(guard)->refused[GUARD_SOURCE_RATE], 980 + 1 + 990);
}
END_TEST

START_TEST(an_ipv6_site_is_one_stranger)
{
	char ip[64];
	unsigned n = 0;

	guard_start((struct guard_config){.source_rate = 10, .source_burst = 20});
	for (int i = 0; i < 100; i++) {
		snprintf(ip, sizeof(ip), "2001:db8:2:3::%x", i + 1);
		n += admit(ip) == GUARD_OK;
	}
	ck_assert_uint_eq(n, 20);
	ck_assert_int_eq(admit("2001:db8:2:4::1"), GUARD_OK);
}
END_TEST

START_TEST(strangers_together_have_one_budget_and_take_nothing_from_the_known)
{
	char ip[32];
	unsigned n = 0;

	guard_start((struct guard_config){.strangers_rate = 100, .strangers_burst = 500});
	bind_from("192.0.2.1", 3600);
	for (int i = 0; i < 100000; i++) {
		snprintf(ip, sizeof(ip), "10.%d.%d.%d", i / 62500, i / 250 % 250, i % 250);
		n += admit(ip) == GUARD_OK;
	}
	ck_assert_uint_eq(n, 500);
	ck_assert_int_eq(admit("10.200.0.1"), GUARD_STRANGERS_RATE);
	ck_assert_uint_eq(admitted("192.0.2.1", 5000), 5000);
	ck_assert_uint_eq(admitted("198.51.100.9", 50000), 50000);
	ck_assert_uint_eq(admitted("192.0.2.77", 5000), 5000);
}
END_TEST

START_TEST(one_flooding_stranger_leaves_the_budget_to_the_others)
{
	guard_start((struct guard_config){.strangers_rate = 100, .strangers_burst = 500});
	(void)admitted("192.0.2.66", 50000);
	ck_assert_uint_eq(admitted("192.0.2.67", 120), 120);
}
END_TEST

START_TEST(a_known_source_has_a_large_budget_and_a_gateway_none_to_run_out)
{
	guard_start((struct guard_config){.known_rate = 100, .known_burst = 200});
	bind_from("192.0.2.1", 3600);
	ck_assert_uint_eq(admitted("192.0.2.1", 1000), 200);
	ck_assert_uint_eq(admitted("192.0.2.77", 1000), 200);
	ck_assert_uint_eq(admitted("198.51.100.9", 1000), 1000);
	ck_assert_uint_eq(admitted("203.0.113.5", 1000), 1000);
}
END_TEST

static struct sip_msg msg;

static void scan(const char *method, const char *to, const char *extra)
{
	static char text[2048];
	struct sip_verdict v;
	int n = snprintf(text, sizeof(text),
		"%s sip:+14155550100@trunk.example SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n"
		"From: <sip:a@b>;tag=f\r\nTo: <sip:b@c>%s\r\nCall-ID: c\r\nCSeq: 1 %s\r\n"
		"Max-Forwards: 70\r\n%sContent-Length: 0\r\n\r\n",
		method, to, method, extra);

	sip_scan(&msg, text, (size_t)n, &v);
	ck_assert_int_eq(v.kind, SIP_SCAN_OK);
}

START_TEST(what_strangers_may_ask)
{
	static const struct {
		const char *method, *to, *extra;
		enum guard_refusal refusal;
	} row[] = {
		{"REGISTER", "", "", GUARD_OK},
		{"ACK", "", "", GUARD_OK},
		{"CANCEL", "", "", GUARD_NO_CALL},
		{"BYE", ";tag=x", "", GUARD_NO_CALL},
		{"INVITE", ";tag=x", "", GUARD_NO_CALL},
		{"INVITE", "", "", GUARD_OK},
		{"BYE", "", "", GUARD_UNKNOWN_SOURCE},
		{"MESSAGE", "", "", GUARD_UNKNOWN_SOURCE},
		{"SUBSCRIBE", "", "", GUARD_UNKNOWN_SOURCE},
		{"FOO", "", "", GUARD_UNKNOWN_SOURCE},
		{"OPTIONS", "", "", GUARD_OPTIONS},
		{"REGISTER", "", "User-Agent: friendly-scanner\r\n", GUARD_SCANNER},
		{"REGISTER", "", "User-Agent: x SIPVicious 0.3\r\n", GUARD_SCANNER},
		{"REGISTER", "", "User-Agent: sipcli/v1.8\r\n", GUARD_SCANNER},
		{"INVITE", ";tag=x", "User-Agent: sundayddr\r\n", GUARD_SCANNER},
		{"REGISTER", "", "User-Agent: FPBX-15.0(16.9)\r\n", GUARD_OK},
		{"REGISTER", "", "User-Agent: \r\n", GUARD_OK},
	};
	struct flow from = flow_of("192.0.2.1", TRANSPORT_UDP);

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		scan(row[i].method, row[i].to, row[i].extra);
		ck_assert_msg(guard_request(guard, &msg, &from, false) == row[i].refusal,
			"%s %s %s", row[i].method, row[i].to, row[i].extra);
	}
	scan("BYE", ";tag=x", "");
	ck_assert_int_eq(guard_request(guard, &msg, &from, true), GUARD_OK);
	ck_assert_uint_eq(guard_stats(guard)->refused[GUARD_SCANNER], 4);
	ck_assert_uint_eq(guard_stats(guard)->refused[GUARD_OPTIONS], 1);
	ck_assert_str_eq(guard_refusal_word(GUARD_OPTIONS), "options");
}
END_TEST

START_TEST(an_answer_to_a_stranger_is_no_longer_than_his_request)
{
	struct flow udp = flow_of("192.0.2.1", TRANSPORT_UDP);
	struct flow tcp = flow_of("192.0.2.1", TRANSPORT_TCP);

	scan("INVITE", "", "");
	ck_assert_uint_eq(guard_reply_max(GUARD_STRANGER, &msg, &udp), msg.len);
	ck_assert_uint_eq(guard_reply_max(GUARD_STRANGER, &msg, &tcp), 0);
	ck_assert_uint_eq(guard_reply_max(GUARD_BOUND, &msg, &udp), 0);
	ck_assert_uint_eq(guard_reply_max(GUARD_GATEWAY, &msg, &udp), 0);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("guard", setup, teardown, sources_are_told_apart,
		a_live_binding_makes_its_source_known_and_no_longer,
		a_change_of_the_configuration_counts_at_once, who_is_asked_may_answer_for_a_while,
		ten_thousand_who_were_asked_are_remembered, a_stranger_has_a_small_budget,
		an_ipv6_site_is_one_stranger,
		strangers_together_have_one_budget_and_take_nothing_from_the_known,
		one_flooding_stranger_leaves_the_budget_to_the_others,
		a_known_source_has_a_large_budget_and_a_gateway_none_to_run_out,
		what_strangers_may_ask, an_answer_to_a_stranger_is_no_longer_than_his_request);
}
