/* Feed records that are wrong: each is refused with the field and the reason. */
#include <stdio.h>

#include "tests/core/feed.h"
#include "tests/core/suite.h"

static struct cfg *cfg;

static void setup(void)
{
	cfg = cfg_new();
	ck_assert_ptr_nonnull(cfg);
	feed(cfg, ACCOUNT_RECORD(ACC1, "t", NUL, "") TRUNK_RECORD(TRK1, ACC1, "t", "30", DEFAULTS));
}

static void teardown(void)
{
	cfg_free(cfg);
}

#define A_TAIL "\tUS\tUTC\tf\t\\N\t\tcaller\t\\N"
#define T_HEAD "T\t" TRK1 "\t" ACC1
#define S_HEAD "S\t" SIP1 "\t" TRK1
#define G_HEAD "G\t" GW1 "\tcarrier\tt\t"
#define P_HEAD "P\t" DP1 "\t" ACC1 "\tname\t"
#define G_REGISTERS G_HEAD "gw||udp\t\\N\t10\t\t1\tf\t\t"
#define D_HEAD "D\t14155550100\t" ACC1 "\t\\N\t\\N\tt\t"

static const struct {
	const char *line, *reason;
} wrong[] = {
	{"", "the kind is unknown"},
	{"X\t" ACC1, "the kind is unknown"},
	{"-", "the kind is unknown"},
	{"-X\t" ACC1, "the kind is unknown"},
	{"AA\t" ACC1, "the kind is unknown"},
	{"\\N", "the kind is unknown"},
	{"A", "id is missing"},
	{"-A", "id is missing"},
	{"-A\t\\N", "id is null"},
	{"-A\t" ACC1 "\textra", "the record has too many fields"},
	{"-D\t0123", "number is no E.164 number"},
	{"-D\t\\N", "number is null"},
	{"A\tnope\tt" A_TAIL, "id is no UUID"},
	{"A\t" ACC1 "\tyes" A_TAIL, "enabled is neither t nor f"},
	{"A\t" ACC1 "\t\\N" A_TAIL, "enabled is null"},
	{"A\t" ACC1 "\tt\tZZ\tUTC\tf\t\\N\t\tcaller\t\\N", "default_country is no known country"},
	{"A\t" ACC1 "\tt\tUSA\tUTC\tf\t\\N\t\tcaller\t\\N", "default_country is no known country"},
	{"A\t" ACC1 "\tt\tUS\tU\\qC\tf\t\\N\t\tcaller\t\\N", "timezone has a bad escape"},
	{"A\t" ACC1 "\tt\tUS\tUTC\\\tf\t\\N\t\tcaller\t\\N", "timezone has a bad escape"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t+1415\t\tcaller\t\\N", "failover_number is no E.164 number"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t1234567890123456\t\tcaller\t\\N",
		"failover_number is no E.164 number"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\thost\tcaller\t\\N",
		"backup_pbxs is not host|port|transport"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\thost|5060\tcaller\t\\N",
		"backup_pbxs is not host|port|transport"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\thost|5060|sctp\tcaller\t\\N",
		"backup_pbxs has an unknown transport"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\thost|0|udp\tcaller\t\\N", "backup_pbxs has a bad port"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\thost|70000|udp\tcaller\t\\N",
		"backup_pbxs has a bad port"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\t127.1|5060|udp\tcaller\t\\N",
		"backup_pbxs has a bad host"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\t[::1]|5060|udp\tcaller\t\\N",
		"backup_pbxs has a bad host"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\th||udp,\tcaller\t\\N",
		"backup_pbxs is not host|port|transport"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\ta||udp,b||udp,c||udp,d||udp,e||udp,f||udp,g||udp,h||udp,"
	 "a||udp,b||udp,c||udp,d||udp,e||udp,f||udp,g||udp,h||udp,i||udp\tcaller\t\\N",
		"backup_pbxs has too many items"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\t\tanonymous\t\\N",
		"calling_party_display is an unknown word"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\t\tcaller", "calling_party_number is missing"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\t\tcaller\t\\N\tUS",
		"destination_rules is not of seven parts"},
	{"A\t" ACC1 "\tt\tUS\tUTC\tf\t\\N\t\tcaller\t\\N\tZZ|||f|||",
		"destination_rules allowed_countries has an unknown country"},
	{T_HEAD "\tt\t-1", "max_concurrent_calls is no number"},
	{T_HEAD "\tt\t4294967296", "max_concurrent_calls is out of range"},
	{T_HEAD "\tt\t3x", "max_concurrent_calls is no number"},
	{T_HEAD "\tt\t30\t0", "first_response_seconds is out of range"},
	{T_HEAD "\tt\t30\t\\N", "first_response_seconds is no number"},
	{T_HEAD "\tt\t30\t15\t65536", "ring_seconds is out of range"},
	{T_HEAD "\tt\t30\t15\t180\t0", "max_call_seconds is out of range"},
	{T_HEAD "\tt\t30\t15\t180\t60\t\\N\tboth", "did_delivery is an unknown word"},
	{T_HEAD "\tt\t30\t15\t180\t60\t\\N\tto\tthis_word_is_longer_than_any_word_of_the_table",
		"ha_mode is an unknown word"},
	{T_HEAD "\tt\t30\t15\t180\t60\t\\N\tto\tonly_primary\tf\tx",
		"failover_dial_plan_id is no UUID"},
	{T_HEAD "\tt\t30\t15\t180\t60\t\\N\tto\tonly_primary\tf\t\\N\tbusy,",
		"triggers has an unknown trigger"},
	{T_HEAD "\tt\t30\t15\t180\t60\t\\N\tto\tonly_primary\tf\t\\N\tbusy,late",
		"triggers has an unknown trigger"},
	{S_HEAD "\tthird", "role is an unknown word"},
	{S_HEAD "\tprimary\t\tregistration\t\\N\t\t\t\t\\N",
		"username is missing in registration mode"},
	{S_HEAD "\tprimary\t\tregistration\t\t\t\t\t\\N",
		"username is missing in registration mode"},
	{S_HEAD "\tprimary\t\tregistration\tu\tABCDEF\t\t\t\\N", "ha1_md5 is no digest in hex"},
	{S_HEAD "\tprimary\t\tregistration\tu\t0123456789ABCDEF0123456789ABCDEF\t\t\t\\N",
		"ha1_md5 is no digest in hex"},
	{S_HEAD "\tprimary\t\tregistration\tu\t\t" HA1 "\t\t\\N", "ha1_sha256 is no digest in hex"},
	{S_HEAD "\tprimary\t\tip\t\\N\t\t\t192.0.2.1/24\t\\N",
		"ip_addresses has a bad address block"},
	{S_HEAD "\tprimary\t\tip\t\\N\t\t\t192.0.2.1,\t\\N",
		"ip_addresses has a bad address block"},
	{G_HEAD "\\N\t\\N\t10\t\t1\tf\t", "address is null"},
	{G_HEAD "gw||udp\tgw\t10\t\t1\tf\t", "failover_address is not host|port|transport"},
	{G_HEAD "gw||udp\t\\N\t0\t\t1\tf\t", "failover_seconds is out of range"},
	{G_HEAD "gw||udp\t\\N\t10\t+1\t1\tf\t", "prefixes has a bad prefix"},
	{G_HEAD "gw||udp\t\\N\t10\t1234567890123456\t1\tf\t", "prefixes has a bad prefix"},
	{G_HEAD "gw||udp\t\\N\t10\t\t65536\tf\t", "priority is out of range"},
	{G_REGISTERS "u\t\\N\t\\N\t\\N\t600\t5", "registration has no username or no password"},
	{G_REGISTERS "\tp\t\\N\t\\N\t600\t5", "registration has no username or no password"},
	{G_REGISTERS "u\tp\tr\t\\N\t600\t5", "registrar is not host|port|transport"},
	{G_REGISTERS "u\tp\t\\N\tr||ftp\t600\t5", "failover_registrar has an unknown transport"},
	{G_REGISTERS "u\tp\t\\N\t\\N\t0\t5", "expires_seconds is out of range"},
	{G_REGISTERS "u\tp\t\\N\t\\N\t600\t0", "register_failover_seconds is out of range"},
	{G_REGISTERS "u\tp\t\\N\t\\N\t600", "register_failover_seconds is missing"},
	{D_HEAD "voicemail", "incoming_action is an unknown word"},
	{D_HEAD "ring\tsoon", "ring_seconds is no number"},
	{D_HEAD "ring\t\\N\t\\N\t\\N\t\tnobody\t\\N", "calling_party_display is an unknown word"},
	{D_HEAD "ring\t\\N\t\\N\t\\N\t\t\\N\t\\N\t(t)", "forwardings are not well formed"},
	{D_HEAD "ring\t\\N\t\\N\t\\N\t\t\\N\t\\N\t(t\\q", "forwardings has a bad escape"},
	{D_HEAD "ring\t\\N\t\\N\t\\N\t\t\\N\t\\N\t\tmore", "the record has too many fields"},
	{"D\t14155550100\t" ACC1 "\t" TRK1 "\t" DP1, "dial_plan_id stands beside a trunk_id"},
	{P_HEAD "1a\t", "internal_number is none"},
	{P_HEAD "\\N\t", "internal_number is none"},
	{P_HEAD "100", "steps is missing"},
	{P_HEAD "100\t(dance)", "steps have an unknown app"},
	{P_HEAD "100\t(reject - 99 )", "steps have a number that is none or out of range"},
	{P_HEAD "100\t\\", "steps has a bad escape"},
	{"D\t\\N\t" ACC1, "number is null"},
};

START_TEST(a_wrong_record_is_refused_with_field_and_reason)
{
	struct cfg_counts before, after;

	cfg_count(cfg, &before);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct cfg_reject reject = {""};
		struct cfg_change *change = NULL;
		size_t len = strlen(wrong[i].line);

		ck_assert_msg(cfg_record_apply(cfg, wrong[i].line, len, &reject) == EINVAL, "%s",
			wrong[i].line);
		ck_assert_str_eq(reject.reason, wrong[i].reason);
		ck_assert_int_eq(cfg_change_parse(wrong[i].line, len, &change, NULL), EINVAL);
		ck_assert_ptr_null(change);
	}
	cfg_count(cfg, &after);
	ck_assert_mem_eq(&before, &after, sizeof(before));
}
END_TEST

START_TEST(every_beginning_of_a_good_record_is_refused)
{
	static const char *const good[] = {
		ACCOUNT_RECORD(ACC1, "t", "14155559999", "a||udp,b||udp"),
		TRUNK_RECORD(TRK1, ACC1, "t", "30", "not_registered"),
		DIAL_PLAN_RECORD(DP1, ACC1, "100", "(reject - 486 no)"),
		IP_RECORD(SIP1, TRK1, "192.0.2.0/24,192.0.3.0/24", "pbx||udp"),
		DID_RECORD("14155550100", ACC1, TRK1, "t", NUL, "14155559999", "a||udp"),
		GATEWAY_RECORD(GW1, "t", "a||udp", "b||udp", "1,2", "7", "f")};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *last_tab = strrchr(good[i], '\t');

		feed(cfg, good[i]);
		for (size_t len = 0; len <= (size_t)(last_tab - good[i]); len++) {
			/* A copy, so that reading behind the end is seen. */
			char *copy = strndup(good[i], len);
			struct cfg_change *change;

			if (len == (size_t)(last_tab - good[i]))
				copy[len - 1] = '\x01';
			ck_assert_int_eq(cfg_change_parse(copy, len, &change, NULL), EINVAL);
			free(copy);
		}
	}
}
END_TEST

/* Each octet of each record replaced by each of these, or taken away: refused or taken, never more. */
START_TEST(one_wrong_octet_anywhere_does_no_harm)
{
	static const char special[] = "\t\n\\\0\x7f\xff,|:./-+09afAtfN \"";
	static const char *const good[] = {
		ACCOUNT_RECORD(ACC1, "t", "14155559999", "a.example|5060|udp,::1||tcp"),
		TRUNK_RECORD(TRK1, ACC1, "t", "30", "not_registered,busy"),
		IP_RECORD(SIP1, TRK1, "192.0.2.0/24,2001:db8::/32", "pbx||udp"),
		REGISTERING_RECORD(SIP2, TRK1, "us\\ter"),
		DIAL_PLAN_RECORD(DP1, ACC1, "100", "(ring 1:0-9 sequential 9 i1)(reject - 486 no)"),
		FLOW_DID_RECORD("14155550101", ACC1, NUL, DP1, "(t - 15 - - i1 x)"),
		DID_RECORD("14155550100", ACC1, TRK1, "t", NUL, "14155559999", "a||udp"),
		GATEWAY_RECORD(GW1, "t", "a||udp", "b|1|tls", "1,,2", "7", "f"), "-D\t14155550100"};
	unsigned taken = 0, refused = 0;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t len = strlen(good[i]);

		for (size_t at = 0; at < len; at++) {
			for (size_t s = 0; s <= sizeof(special); s++) {
				/* A block of its own, so that reading behind the end is seen. */
				size_t n = s == sizeof(special) ? len - 1 : len;
				char *line = malloc(n + !n);

				memcpy(line, good[i], at);
				memcpy(line + at, good[i] + at + (len - n), n - at);
				if (n == len)
					line[at] = special[s];
				if (cfg_record_apply(cfg, line, n, NULL))
					refused++;
				else
					taken++;
				free(line);
			}
		}
	}
	ck_assert_uint_gt(taken, 100);
	ck_assert_uint_gt(refused, 1000);
}
END_TEST

START_TEST(an_octet_nul_is_refused)
{
	static const char line[] = "A\t" ACC1 "\tt\tUS\tU\0C\tf\t\\N\t\tcaller\t\\N";
	struct cfg_reject reject;

	ck_assert_int_eq(cfg_record_apply(cfg, line, sizeof(line) - 1, &reject), EINVAL);
	ck_assert_str_eq(reject.reason, "timezone has a bad escape");
}
END_TEST

START_TEST(a_text_or_record_of_two_megabytes_is_refused)
{
	enum { HUGE_LEN = 2 << 20, LONG_LEN = 5000 };
	char *line = malloc(HUGE_LEN);
	struct cfg_reject reject;
	int head;

	ck_assert_ptr_nonnull(line);
	memset(line, 'x', HUGE_LEN);
	head = sprintf(line, "A\t" ACC1 "\tt\tUS\t");
	line[head] = 'x';
	ck_assert_int_eq(cfg_record_apply(cfg, line, HUGE_LEN, &reject), EINVAL);
	ck_assert_str_eq(reject.reason, "the record is too long");
	ck_assert_int_eq(cfg_record_apply(cfg, line, LONG_LEN, &reject), EINVAL);
	ck_assert_str_eq(reject.reason, "timezone is too long");
	free(line);
}
END_TEST

START_TEST(parsing_and_applying_apart_do_the_same)
{
	static const char line[] = DID_RECORD(
		"14155550100", ACC1, TRK1, "t", NUL, "14155559999", "backup.example|5060|udp");
	struct cfg_reject reject;
	struct cfg_change *change;

	ck_assert_int_eq(cfg_change_parse(line, strlen(line), &change, &reject), 0);
	ck_assert_ptr_null(cfg_did(cfg, 14155550100));
	ck_assert_int_eq(cfg_change_apply(cfg, change, &reject), 0);
	ck_assert_str_eq(
		cfg_did(cfg, 14155550100)->failover->backup_pbxs.item[0].host, "backup.example");
	ck_assert_int_eq(cfg_change_parse(line, strlen(line), &change, &reject), 0);
	cfg_change_free(change);
	cfg_change_free(NULL);
}
END_TEST

START_TEST(a_record_has_a_name_for_alarms)
{
	static const struct {
		const char *line, *name;
	} row[] = {
		{"D\t14155550100\trest", "D +14155550100"},
		{"-D\t14155550100", "-D +14155550100"},
		{"T\t" TRK1 "\trest", "T " TRK1},
		{"T\tbad\x07id", "T bad?id"},
		{"T", "T "},
		{"", " "},
		{"a very long line without any tab", "a  "},
	};
	char name[64];

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		cfg_record_name(row[i].line, strlen(row[i].line), name, sizeof(name));
		ck_assert_str_eq(name, row[i].name);
	}
	cfg_record_name(row[0].line, strlen(row[0].line), name, 5);
	ck_assert_str_eq(name, "D +1");
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("cfg_record", setup, teardown,
		a_wrong_record_is_refused_with_field_and_reason,
		every_beginning_of_a_good_record_is_refused, one_wrong_octet_anywhere_does_no_harm,
		an_octet_nul_is_refused, a_text_or_record_of_two_megabytes_is_refused,
		parsing_and_applying_apart_do_the_same, a_record_has_a_name_for_alarms);
}
