/* The configuration: replacing, moving, deleting, look-ups, and that nothing dangles. */
#include <stdio.h>

#include "core/cfg.h"
#include "tests/core/feed.h"
#include "tests/core/suite.h"

static struct cfg *cfg;

static void setup(void)
{
	cfg = cfg_new();
	ck_assert_ptr_nonnull(cfg);
	feed(cfg, ACCOUNT_RECORD(ACC1, "t", NUL, "") ACCOUNT_RECORD(ACC2, "t", NUL, "")
			  TRUNK_RECORD(TRK1, ACC1, "t", "30", DEFAULTS)
				  TRUNK_RECORD(TRK2, ACC1, "t", "10", DEFAULTS));
}

static void teardown(void)
{
	cfg_free(cfg);
}

static const struct cfg_trunk *trunk(const char *id)
{
	struct uuid u = id_of(id);

	return cfg_trunk(cfg, &u);
}

static const struct cfg_sip_account *by_username(const char *name)
{
	return cfg_sip_account_by_username(cfg, name, strlen(name));
}

static const struct cfg_sip_account *account_at(const char *ip)
{
	uint8_t addr[16];

	ck_assert_int_eq(ip_parse(ip, strlen(ip), addr), 0);
	return cfg_sip_account_by_ip(cfg, addr);
}

static const struct cfg_gateway *gateway_at(const char *ip)
{
	uint8_t addr[16];

	ck_assert_int_eq(ip_parse(ip, strlen(ip), addr), 0);
	return cfg_gateway_by_ip(cfg, addr);
}

static bool has_id(const void *object, const char *id)
{
	struct uuid u = id_of(id);

	return object && uuid_equal(object, &u);
}

START_TEST(every_field_of_a_record_arrives)
{
	const struct cfg_account *a;
	const struct cfg_trunk *t;
	const struct cfg_sip_account *s;
	const struct cfg_did *d;
	const struct cfg_gateway *g;
	const struct cfg_dial_plan *p;
	struct uuid u;

	feed(cfg,
		"A\t" ACC1
		"\tt\tDE\tEurope/Berlin\tt\t14155559999\tpbx.example|5070|tcp,2001:db8::5||udp"
		"\tfixed\t14155550000\tDE,US|4420|1900|t|3|60|600\n"
		"T\t" TRK1 "\t" ACC1 "\tt\t7\t5\t25\t3600\t\\\\Zo\\te\tto\tauto_failover\tt\t" TRK2
		"\tbusy,no_answer\n"
		"P\t" DP1 "\t" ACC1 "\tNight \\\\ day\t*70\t(reject - 486 a%20\\\\b)\n"
		"S\t" SIP1 "\t" TRK1 "\tsecondary\tLab\\nel\tip\t\\N\t" HA1 "\t" HA1 HA1
		"\t192.0.2.7,2001:db8::/32\tpbx.example|5060|tls\n"
		"G\t" GW1 "\tCarrier\tt\tsip.example||udp\t192.0.2.9|5080|tcp\t4\t1415,,44\t9\tt"
		"\t203.0.113.0/28\tline1\tse\\tcret\treg.example||tcp\t\\N\t600\t7\n"
		"D\t14155550100\t" ACC1 "\t" TRK1 "\t\\N\tt\tring_then_forward\t300\t\t"
		"14155558888\tb.example|5060|udp\tcaller_number\t14155557777\t(t - 15 - - i*70 "
		"Night%20service)\n");
	u = id_of(ACC1);
	a = cfg_account(cfg, &u);
	ck_assert(a->enabled && a->ha_addon);
	ck_assert_str_eq(a->default_country, "DE");
	ck_assert_str_eq(a->timezone, "Europe/Berlin");
	ck_assert_int_eq(a->zone.standard_seconds, 3600);
	ck_assert(a->zone.has_daylight);
	ck_assert_uint_eq(a->failover_number, 14155559999);
	ck_assert_uint_eq(a->backup_pbxs.count, 2);
	ck_assert_str_eq(a->backup_pbxs.item[0].host, "pbx.example");
	ck_assert_uint_eq(a->backup_pbxs.item[0].port, 5070);
	ck_assert_int_eq(a->backup_pbxs.item[0].transport, TRANSPORT_TCP);
	ck_assert_str_eq(a->backup_pbxs.item[1].host, "2001:db8::5");
	ck_assert_uint_eq(a->backup_pbxs.item[1].port, 0);
	ck_assert_int_eq(a->calling_party_display, DISPLAY_FIXED);
	ck_assert_uint_eq(a->calling_party_number, 14155550000);
	ck_assert_str_eq(a->destination_rules.allowed_countries, "DE,US");
	ck_assert_str_eq(a->destination_rules.denied_prefixes, "4420");
	ck_assert_str_eq(a->destination_rules.allowed_prefixes, "1900");
	ck_assert(a->destination_rules.allow_premium);
	ck_assert_uint_eq(a->destination_rules.max_failover_calls, 3);

	t = trunk(TRK1);
	ck_assert_ptr_eq(t->account, a);
	ck_assert(t->enabled && t->failover_enabled);
	ck_assert_uint_eq(t->max_concurrent_calls, 7);
	ck_assert_uint_eq(t->first_response_seconds, 5);
	ck_assert_uint_eq(t->ring_seconds, 25);
	ck_assert_uint_eq(t->max_call_seconds, 3600);
	ck_assert_str_eq(t->caller_id, "\\Zo\te");
	ck_assert_int_eq(t->did_delivery, DELIVER_TO);
	ck_assert_int_eq(t->ha_mode, HA_AUTO_FAILOVER);
	ck_assert_uint_eq(t->triggers, TRIGGER_BIT(TRIGGER_BUSY) | TRIGGER_BIT(TRIGGER_NO_ANSWER));
	ck_assert(has_id(&t->failover_dial_plan_id, TRK2));

	s = t->sip_account[ROLE_SECONDARY];
	ck_assert(has_id(s, SIP1));
	ck_assert_ptr_eq(s->trunk, t);
	ck_assert_str_eq(s->label, "Lab\nel");
	ck_assert_int_eq(s->auth_mode, AUTH_IP);
	ck_assert_ptr_null(s->username);
	ck_assert_str_eq(s->ha1_md5, HA1);
	ck_assert_str_eq(s->ha1_sha256, HA1 HA1);
	ck_assert_uint_eq(s->ip_addresses.count, 2);
	ck_assert_str_eq(s->address.host, "pbx.example");
	ck_assert_int_eq(s->address.transport, TRANSPORT_TLS);

	u = id_of(GW1);
	g = cfg_gateway(cfg, &u);
	ck_assert_str_eq(g->name, "Carrier");
	ck_assert(g->enabled && g->public_trunk);
	ck_assert_str_eq(g->address.host, "sip.example");
	ck_assert_str_eq(g->failover_address.host, "192.0.2.9");
	ck_assert_uint_eq(g->failover_seconds, 4);
	ck_assert_str_eq(g->prefixes[0], "1415");
	ck_assert_str_eq(g->prefixes[1], "");
	ck_assert_str_eq(g->prefixes[2], "44");
	ck_assert_ptr_null(g->prefixes[3]);
	ck_assert_str_eq(g->registration.username, "line1");
	ck_assert_str_eq(g->registration.password, "se\tcret");
	ck_assert_str_eq(g->registration.registrar.host, "reg.example");
	ck_assert_int_eq(g->registration.registrar.transport, TRANSPORT_TCP);
	ck_assert_ptr_null(g->registration.failover_registrar.host);
	ck_assert_uint_eq(g->registration.expires_seconds, 600);
	ck_assert_uint_eq(g->registration.register_failover_seconds, 7);
	ck_assert_uint_eq(g->priority, 9);
	ck_assert_uint_eq(g->inbound_ip_addresses.count, 1);

	d = cfg_did(cfg, 14155550100);
	ck_assert_ptr_eq(d->account, a);
	ck_assert_ptr_eq(d->trunk, t);
	ck_assert(d->enabled && d->has_triggers);
	ck_assert_uint_eq(d->triggers, 0);
	ck_assert_uint_eq(d->incoming_action, INCOMING_RING_THEN_FORWARD);
	ck_assert_uint_eq(d->ring_seconds, 300);
	ck_assert_uint_eq(d->failover->number, 14155558888);
	ck_assert_str_eq(d->failover->backup_pbxs.item[0].host, "b.example");
	ck_assert(d->has_display);
	ck_assert_int_eq(d->calling_party_display, DISPLAY_CALLER_NUMBER);
	ck_assert_uint_eq(d->failover->calling_party_number, 14155557777);
	ck_assert_ptr_null(d->failover->flow->dial_plan);
	ck_assert_uint_eq(d->failover->flow->forwarding_count, 1);
	ck_assert_str_eq(d->failover->flow->forwarding[0].designation, "Night service");

	u = id_of(DP1);
	p = cfg_dial_plan(cfg, &u);
	ck_assert_ptr_eq(p->account, a);
	ck_assert_str_eq(p->name, "Night \\ day");
	ck_assert_str_eq(p->internal_number, "*70");
	ck_assert_str_eq(p->steps.item[0].reason, "a \\b");
}
END_TEST

START_TEST(a_did_without_extras_has_none)
{
	const struct cfg_did *d;

	feed(cfg, DID_RECORD("14155550100", ACC1, NUL, "f", NUL, NUL, ""));
	d = cfg_did(cfg, 14155550100);
	ck_assert(!d->enabled && !d->has_triggers);
	ck_assert_ptr_null(d->failover);
	ck_assert_ptr_null(d->trunk);
	ck_assert_ptr_null(cfg_did(cfg, 14155550101));
}
END_TEST

START_TEST(a_replaced_object_stays_where_it_is)
{
	const struct cfg_trunk *before = trunk(TRK1);
	const struct cfg_account *account = before->account;

	feed(cfg, REGISTERING_RECORD(SIP1, TRK1, "pbx1")
			  DID_RECORD("14155550100", ACC1, TRK1, "t", NUL, NUL, ""));
	feed(cfg, ACCOUNT_RECORD(ACC1, "f", "14155559999", ""));
	feed(cfg, TRUNK_RECORD(TRK1, ACC1, "f", "99", "busy"));
	ck_assert_ptr_eq(trunk(TRK1), before);
	ck_assert_ptr_eq(before->account, account);
	ck_assert(!account->enabled && !before->enabled);
	ck_assert_uint_eq(account->failover_number, 14155559999);
	ck_assert_uint_eq(before->max_concurrent_calls, 99);
	ck_assert(has_id(before->sip_account[ROLE_PRIMARY], SIP1));
	ck_assert_ptr_eq(cfg_did(cfg, 14155550100)->trunk, before);
}
END_TEST

START_TEST(a_did_moves_between_trunks_and_loses_its_failover)
{
	feed(cfg, DID_RECORD(
			  "14155550100", ACC1, TRK1, "t", "busy", "14155559999", "b.example||udp"));
	feed(cfg, DID_RECORD("14155550100", ACC1, TRK2, "t", NUL, NUL, ""));
	ck_assert_ptr_eq(cfg_did(cfg, 14155550100)->trunk, trunk(TRK2));
	ck_assert_ptr_null(cfg_did(cfg, 14155550100)->failover);
	feed(cfg, "-T\t" TRK1 "\n");
	ck_assert_ptr_null(trunk(TRK1));
}
END_TEST

static const struct cfg_dial_plan *by_internal(const char *account, const char *internal)
{
	struct uuid u = id_of(account);

	return cfg_dial_plan_by_internal(cfg, &u, internal, strlen(internal));
}

START_TEST(internal_numbers_are_an_accounts_own)
{
	feed(cfg, DIAL_PLAN_RECORD(DP1, ACC1, "100", "") DIAL_PLAN_RECORD(DP2, ACC2, "100", ""));
	ck_assert(has_id(by_internal(ACC1, "100"), DP1));
	ck_assert(has_id(by_internal(ACC2, "100"), DP2));
	ck_assert_ptr_null(by_internal(ACC1, "10"));
	ck_assert_ptr_null(by_internal(ACC1, "1000"));
	ck_assert_ptr_null(by_internal(ACC1, ""));
	ck_assert_ptr_null(by_internal(ACC1, "1234567890123456"));
	feed(cfg, DIAL_PLAN_RECORD(DP1, ACC1, "200", "(reject - 486 )"));
	ck_assert_ptr_null(by_internal(ACC1, "100"));
	ck_assert_uint_eq(by_internal(ACC1, "200")->steps.count, 1);
	feed(cfg, "-P\t" DP1 "\n-P\t" DP1 "\n");
	ck_assert_ptr_null(by_internal(ACC1, "200"));
	ck_assert(has_id(by_internal(ACC2, "100"), DP2));
	feed_refused(cfg, "-A\t" ACC2, EINVAL, "1 dial plans and 0 DIDs still use it");
}
END_TEST

/* Within one batch two dial plans change their numbers. */
START_TEST(internal_numbers_are_swapped)
{
	feed(cfg, DIAL_PLAN_RECORD(DP1, ACC1, "100", "") DIAL_PLAN_RECORD(DP2, ACC1, "200", ""));
	feed(cfg, DIAL_PLAN_RECORD(DP1, ACC1, "200", "") DIAL_PLAN_RECORD(DP2, ACC1, "100", ""));
	ck_assert(has_id(by_internal(ACC1, "200"), DP1));
	ck_assert(has_id(by_internal(ACC1, "100"), DP2));
}
END_TEST

START_TEST(a_did_leads_to_a_dial_plan_and_back_to_a_trunk)
{
	const struct cfg_did *d;

	feed(cfg, DIAL_PLAN_RECORD(DP1, ACC1, "100", "") DIAL_PLAN_RECORD(DP2, ACC2, "100", "")
			  FLOW_DID_RECORD("14155550100", ACC1, NUL, DP1, "(t - 15 - - i100 )"));
	d = cfg_did(cfg, 14155550100);
	ck_assert(has_id(d->failover->flow->dial_plan, DP1));
	ck_assert_ptr_null(d->trunk);
	feed_refused(cfg, "-P\t" DP1, EINVAL, "DIDs still lead to it");
	feed_refused(cfg, FLOW_DID_RECORD("14155550100", ACC1, NUL, DP2, ""), EINVAL,
		"dial_plan_id names a dial plan of another account");
	feed_refused(cfg, FLOW_DID_RECORD("14155550100", ACC1, NUL, TRK1, ""), ENOENT,
		"dial_plan_id names no dial plan");
	feed_refused(cfg, FLOW_DID_RECORD("14155550100", ACC1, TRK1, DP1, ""), EINVAL,
		"dial_plan_id stands beside a trunk_id");
	ck_assert(has_id(d->failover->flow->dial_plan, DP1));
	feed(cfg, DID_RECORD("14155550100", ACC1, TRK1, "t", NUL, NUL, ""));
	ck_assert_ptr_null(cfg_did(cfg, 14155550100)->failover);
	feed(cfg, "-P\t" DP1 "\n");
}
END_TEST

START_TEST(an_unknown_time_zone_is_utc)
{
	struct uuid u = id_of(ACC1);

	feed(cfg, "A\t" ACC1 "\tt\tUS\tMars/Olympus\tf\t\\N\t\tcaller\t\\N");
	ck_assert_str_eq(cfg_account(cfg, &u)->timezone, "Mars/Olympus");
	ck_assert_int_eq(cfg_account(cfg, &u)->zone.standard_seconds, 0);
	ck_assert(!cfg_account(cfg, &u)->zone.has_daylight);
}
END_TEST

START_TEST(a_username_moves_to_another_account_within_a_batch)
{
	feed(cfg, REGISTERING_RECORD(SIP1, TRK1, "pbx") REGISTERING_RECORD(SIP2, TRK2, "old"));
	feed(cfg, REGISTERING_RECORD(SIP2, TRK2, "pbx") REGISTERING_RECORD(SIP1, TRK1, "new"));
	ck_assert(has_id(by_username("pbx"), SIP2));
	ck_assert(has_id(by_username("new"), SIP1));
	ck_assert_ptr_null(by_username("old"));
	feed(cfg, REGISTERING_RECORD(SIP1, TRK1, "old") REGISTERING_RECORD(SIP2, TRK2, "new"));
	ck_assert(has_id(by_username("old"), SIP1));
	ck_assert(has_id(by_username("new"), SIP2));
	ck_assert_ptr_null(by_username("pbx"));
}
END_TEST

START_TEST(a_username_is_compared_as_it_is)
{
	feed(cfg, REGISTERING_RECORD(SIP1, TRK1, "pbx"));
	ck_assert_ptr_null(by_username("PBX"));
	ck_assert_ptr_null(by_username("pb"));
	ck_assert_ptr_null(by_username("pbx1"));
	ck_assert_ptr_null(cfg_sip_account_by_username(cfg, "pbx\0x", 5));
	ck_assert_ptr_nonnull(cfg_sip_account_by_username(cfg, "pbx1", 3));
}
END_TEST

START_TEST(a_trunks_sip_account_is_replaced_within_a_batch)
{
	feed(cfg, REGISTERING_RECORD(SIP1, TRK1, "one"));
	feed(cfg, REGISTERING_RECORD(SIP2, TRK1, "two") "-S\t" SIP1 "\n");
	ck_assert(has_id(trunk(TRK1)->sip_account[ROLE_PRIMARY], SIP2));
	ck_assert_ptr_null(by_username("one"));
	feed(cfg, REGISTERING_RECORD(SIP2, TRK2, "two"));
	ck_assert_ptr_null(trunk(TRK1)->sip_account[ROLE_PRIMARY]);
	ck_assert(has_id(trunk(TRK2)->sip_account[ROLE_PRIMARY], SIP2));
	feed(cfg, "-S\t" SIP2 "\n-T\t" TRK2 "\n");
}
END_TEST

START_TEST(an_ip_account_is_known_by_its_longest_block)
{
	feed(cfg, IP_RECORD(SIP1, TRK1, "192.0.2.0/24,2001:db8::/32", "192.0.2.1|5060|udp")
			  IP_RECORD(SIP2, TRK2, "192.0.2.128/25,192.0.2.7", "192.0.2.7|5060|udp"));
	ck_assert(has_id(account_at("192.0.2.6"), SIP1));
	ck_assert(has_id(account_at("192.0.2.7"), SIP2));
	ck_assert(has_id(account_at("192.0.2.200"), SIP2));
	ck_assert(has_id(account_at("2001:db8::99"), SIP1));
	ck_assert_ptr_null(account_at("192.0.3.1"));
	ck_assert_ptr_null(account_at("2001:db9::1"));
	feed(cfg, IP_RECORD(SIP2, TRK2, "192.0.3.0/24", NUL));
	ck_assert(has_id(account_at("192.0.2.7"), SIP1));
	ck_assert(has_id(account_at("192.0.3.1"), SIP2));
	feed(cfg, "-S\t" SIP2 "\n");
	ck_assert_ptr_null(account_at("192.0.3.1"));
}
END_TEST

START_TEST(an_account_changes_between_registration_and_ip)
{
	feed(cfg, REGISTERING_RECORD(SIP1, TRK1, "pbx"));
	feed(cfg, IP_RECORD(SIP1, TRK1, "192.0.2.1", NUL));
	ck_assert_ptr_null(by_username("pbx"));
	ck_assert(has_id(account_at("192.0.2.1"), SIP1));
	feed(cfg, REGISTERING_RECORD(SIP1, TRK1, "pbx"));
	ck_assert(has_id(by_username("pbx"), SIP1));
	ck_assert_ptr_null(account_at("192.0.2.1"));
}
END_TEST

START_TEST(only_an_enabled_gateway_is_known_by_address)
{
	feed(cfg, GATEWAY_RECORD(GW1, "t", "gw.example||udp", NUL, "", "1", "f"));
	ck_assert(has_id(gateway_at("198.51.100.9"), GW1));
	feed(cfg, GATEWAY_RECORD(GW1, "f", "gw.example||udp", NUL, "", "1", "f"));
	ck_assert_ptr_null(gateway_at("198.51.100.9"));
	feed(cfg, GATEWAY_RECORD(GW1, "t", "gw.example||udp", NUL, "", "1", "f"));
	ck_assert(has_id(gateway_at("198.51.100.9"), GW1));
	feed(cfg, "-G\t" GW1 "\n");
	ck_assert_ptr_null(gateway_at("198.51.100.9"));
}
END_TEST

START_TEST(what_is_still_used_is_not_deleted)
{
	feed(cfg, REGISTERING_RECORD(SIP1, TRK1, "pbx")
			  DID_RECORD("14155550100", ACC1, TRK1, "t", NUL, NUL, ""));
	feed_refused(cfg, "-T\t" TRK1, EINVAL, "1 SIP accounts and 1 DIDs still use it");
	feed_refused(cfg, "-A\t" ACC1, EINVAL, "2 trunks and 1 DIDs still use it");
	feed(cfg, "-D\t14155550100\n-S\t" SIP1 "\n-T\t" TRK1 "\n-T\t" TRK2 "\n-A\t" ACC1
		  "\n-A\t" ACC2 "\n");
	struct cfg_counts counts;
	cfg_count(cfg, &counts);
	ck_assert_uint_eq(counts.accounts + counts.trunks + counts.sip_accounts + counts.dids, 0);
}
END_TEST

START_TEST(deleting_what_is_not_there_is_fine)
{
	feed(cfg, "-A\t" SIP1 "\n-T\t" SIP1 "\n-S\t" SIP1 "\n-G\t" SIP1 "\n-D\t14155550199\n");
}
END_TEST

START_TEST(a_missing_parent_is_refused_and_the_old_state_kept)
{
	feed(cfg, DID_RECORD("14155550100", ACC1, TRK1, "t", NUL, "14155559999", ""));
	feed_refused(
		cfg, TRUNK_RECORD(TRK1, SIP1, "t", "1", ""), ENOENT, "account_id names no account");
	ck_assert_uint_eq(trunk(TRK1)->max_concurrent_calls, 30);
	feed_refused(cfg, REGISTERING_RECORD(SIP1, ACC1, "pbx"), ENOENT, "trunk_id names no trunk");
	ck_assert_ptr_null(by_username("pbx"));
	feed_refused(cfg, DID_RECORD("14155550100", SIP1, TRK1, "t", NUL, NUL, ""), ENOENT,
		"account_id names no account");
	feed_refused(cfg, DID_RECORD("14155550100", ACC1, SIP1, "t", NUL, NUL, ""), ENOENT,
		"trunk_id names no trunk");
	feed_refused(cfg, DID_RECORD("14155550100", ACC2, TRK1, "t", NUL, NUL, ""), EINVAL,
		"trunk_id names a trunk of another account");
	ck_assert_uint_eq(cfg_did(cfg, 14155550100)->failover->number, 14155559999);
}
END_TEST

/* All 20,000 numbers of a block come and go in an order of their own; the table is asked for each
 * after every thousandth step. */
START_TEST(many_dids_come_and_go)
{
	enum { MANY = 20000 };
	static bool there[MANY];
	char line[256];

	for (unsigned step = 0; step < 3 * MANY; step++) {
		unsigned n = step * 7919u % MANY;

		if (there[n])
			snprintf(line, sizeof(line), "-D\t%u", 1000000u + n);
		else
			snprintf(line, sizeof(line),
				"D\t%u\t" ACC1 "\t" TRK1 "\t\\N\tt\tring\t\\N\t\\N\t%u\t\t\\N\t\\N",
				1000000u + n, 2000000u + n);
		if (cfg_record_apply(cfg, line, strlen(line), NULL))
			ck_abort_msg("%s", line);
		there[n] = !there[n];
		for (unsigned i = 0; step % 1000 == 0 && i < MANY; i++) {
			const struct cfg_did *d = cfg_did(cfg, 1000000u + i);

			if ((d != NULL) != there[i] || (d && d->failover->number != 2000000u + i))
				ck_abort_msg("step %u, number %u", step, i);
		}
	}
}
END_TEST

static uint32_t seed;

static unsigned chance(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* A record of any kind, of a few objects that point at each other in any way. */
static void random_record(char *line, size_t size)
{
	char ids[3][UUID_TEXT_SIZE];

	for (int i = 0; i < 3; i++)
		snprintf(
			ids[i], sizeof(ids[i]), "00000000-0000-7000-8000-00000000000%u", chance(4));
	switch (chance(12)) {
	case 0:
		snprintf(line, size, "A\t%s\tt\tUS\tUTC\tf\t\\N\ta.example||udp\tcaller\t\\N",
			ids[0]);
		break;
	case 1:
		snprintf(line, size,
			"T\t%s\t%s\tt\t30\t15\t180\t60\tx\tto\tonly_primary\tf\t\\N\tbusy", ids[0],
			ids[1]);
		break;
	case 2:
		snprintf(line, size, "S\t%s\t%s\t%s\tx\tregistration\tuser%u\t\t\t\t\\N", ids[0],
			ids[1], chance(2) ? "primary" : "secondary", chance(3));
		break;
	case 3:
		snprintf(line, size,
			"S\t%s\t%s\tprimary\tx\tip\t\\N\t\t\t192.0.2.%u,192.0.2.0/24\tp||udp",
			ids[0], ids[1], chance(3));
		break;
	case 4:
		snprintf(line, size,
			"G\t%s\tx\t%s\tgw||udp\t\\N\t9\t1\t1\tf\t192.0.2.%u,192.0.2.0/24", ids[0],
			chance(2) ? "t" : "f", chance(3));
		break;
	case 5:
	case 6:
		snprintf(line, size,
			"D\t141555501%02u\t%s\t%s\t\\N\tt\tring\t\\N\t\\N\t%s\t%s\t\\N\t\\N",
			chance(8), ids[0], chance(3) ? ids[1] : "\\N",
			chance(2) ? "14155559999" : "\\N", chance(2) ? "b.example||udp" : "");
		break;
	case 7:
		snprintf(line, size, "-D\t141555501%02u", chance(8));
		break;
	case 8:
		snprintf(line, size, "P\t%s\t%s\tx\t10%u\t%s", ids[0], ids[1], chance(3),
			chance(2) ? "(ring - sequential 9 i1)(reject - 486 no)" : "");
		break;
	case 9:
		snprintf(line, size,
			"D\t141555501%02u\t%s\t\\N\t%s\tt\tring\t\\N\t\\N\t\\N\t\t\\N\t\\N\t%s",
			chance(8), ids[0], chance(3) ? ids[1] : "\\N",
			chance(2) ? "(t - 15 - - i100 x)(f - 15 - - i100 )" : "");
		break;
	default:
		snprintf(line, size, "-%c\t%s", "ATPSG"[chance(5)], ids[0]);
		break;
	}
}

/* Follows every pointer there is: the sanitizer sees the one that dangles. */
static int follow_trunk(const struct cfg_trunk *t, void *arg)
{
	(void)arg;
	if (!t->account || t->account->backup_pbxs.count != 1)
		ck_abort();
	for (int role = 0; role < ROLE_COUNT; role++)
		if (t->sip_account[role] && t->sip_account[role]->trunk != t)
			ck_abort();
	return 0;
}

static void follow_all(void)
{
	cfg_each_trunk(cfg, follow_trunk, NULL);
	for (unsigned i = 0; i < 8; i++) {
		const struct cfg_did *d = cfg_did(cfg, 14155550100 + i);

		if (d && (d->account->backup_pbxs.count != 1 || (d->trunk && !d->trunk->account)))
			ck_abort();
		if (d && d->failover && d->failover->flow && d->failover->flow->dial_plan &&
			!d->failover->flow->dial_plan->account)
			ck_abort();
	}
	for (unsigned i = 0; i < 4 * 3; i++) {
		const struct uuid account = {
			.b = {[6] = 0x70, [8] = 0x80, [15] = (uint8_t)(i / 3)}};
		const char internal[] = {'1', '0', (char)('0' + i % 3)};
		const struct cfg_dial_plan *p =
			cfg_dial_plan_by_internal(cfg, &account, internal, sizeof(internal));

		if (p && (!uuid_equal(&p->account->id, &account) || !p->name))
			ck_abort();
	}
	for (unsigned i = 0; i < 3; i++) {
		const uint8_t addr[16] = {
			[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = (uint8_t)i};
		const char name[] = {'u', 's', 'e', 'r', (char)('0' + i)};
		const struct cfg_sip_account *by_name =
			cfg_sip_account_by_username(cfg, name, sizeof(name));
		const struct cfg_sip_account *by_addr = cfg_sip_account_by_ip(cfg, addr);
		const struct cfg_gateway *gw = cfg_gateway_by_ip(cfg, addr);

		if ((by_name && by_name->auth_mode != AUTH_REGISTRATION) ||
			(by_addr && by_addr->auth_mode != AUTH_IP) || (gw && !gw->enabled))
			ck_abort();
	}
}

START_TEST(records_in_any_order_never_leave_a_pointer_dangling)
{
	unsigned taken = 0, refused = 0;
	char line[256];

	cfg_free(cfg);
	cfg = cfg_new();
	seed = 20261123;
	for (unsigned i = 0; i < 100000; i++) {
		struct cfg_reject reject;

		random_record(line, sizeof(line));
		if (cfg_record_apply(cfg, line, strlen(line), &reject))
			refused++;
		else
			taken++;
		follow_all();
	}
	ck_assert_uint_gt(taken, 10000);
	ck_assert_uint_gt(refused, 10000);
}
END_TEST

static int count_gateway(const struct cfg_gateway *gw, void *arg)
{
	ck_assert_str_eq(gw->name, "carrier");
	return ++*(int *)arg == 2;
}

static int count_trunk(const struct cfg_trunk *t, void *arg)
{
	ck_assert_ptr_nonnull(t->account);
	++*(int *)arg;
	return 0;
}

START_TEST(walks_visit_all_and_stop_when_told)
{
	int gateways = 0, trunks = 0;

	feed(cfg, GATEWAY_RECORD(GW1, "t", "gw.example||udp", NUL, "", "1", "f")
			  GATEWAY_RECORD(GW2, "t", "gw.example||udp", NUL, "", "1", "f")
				  GATEWAY_RECORD(GW3, "t", "gw.example||udp", NUL, "", "1", "f"));
	ck_assert_int_eq(cfg_each_gateway(cfg, count_gateway, &gateways), 1);
	ck_assert_int_eq(gateways, 2);
	ck_assert_int_eq(cfg_each_trunk(cfg, count_trunk, &trunks), 0);
	ck_assert_int_eq(trunks, 2);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("cfg", setup, teardown, every_field_of_a_record_arrives,
		a_did_without_extras_has_none, a_replaced_object_stays_where_it_is,
		a_did_moves_between_trunks_and_loses_its_failover,
		internal_numbers_are_an_accounts_own, internal_numbers_are_swapped,
		a_did_leads_to_a_dial_plan_and_back_to_a_trunk, an_unknown_time_zone_is_utc,
		a_username_moves_to_another_account_within_a_batch, a_username_is_compared_as_it_is,
		a_trunks_sip_account_is_replaced_within_a_batch,
		an_ip_account_is_known_by_its_longest_block,
		an_account_changes_between_registration_and_ip,
		only_an_enabled_gateway_is_known_by_address, what_is_still_used_is_not_deleted,
		deleting_what_is_not_there_is_fine,
		a_missing_parent_is_refused_and_the_old_state_kept, many_dids_come_and_go,
		records_in_any_order_never_leave_a_pointer_dangling,
		walks_visit_all_and_stop_when_told);
}
