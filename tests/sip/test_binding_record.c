/* Bindings through the journal's form and back: restarts, clock jumps, reboots, and damaged records. */
#include <errno.h>

#include "sip/binding_record.h"
#include "tests/core/suite.h"
#include "tests/fakes/net.c"
#include "tests/sip/binding_rig.h"

enum { BOOT = 0x1234 };

static uint8_t key[BINDING_KEY_MAX], value[BINDING_VALUE_MAX];
static size_t key_len, value_len;
static struct net *net;

static void recv_h(const char *buf, size_t len, const struct flow *from, void *arg)
{
	(void)buf, (void)len, (void)from, (void)arg;
}

static void error_h(const struct flow *peer, int err, void *arg)
{
	(void)peer, (void)err, (void)arg;
}

static void setup(void)
{
	static const struct net_config config;
	char why[NET_WHY_MAX];

	store_setup();
	ck_assert_int_eq(net_new(&net, NULL, &config, recv_h, error_h, NULL, why), 0);
}

static void teardown(void)
{
	net_free(net);
	store_teardown();
}

static struct binding_clock clock_now(void)
{
	return (struct binding_clock){.now_ms = now, .wall_ms = wall, .boot = BOOT};
}

static int record_h(const struct binding *b, void *arg)
{
	struct binding_clock c = clock_now();

	(void)arg;
	key_len = binding_record_key(b, key);
	value_len = binding_record_value(b, &c, value);
	ck_assert_uint_gt(value_len, 0);
	return 1;
}

static void registered(enum transport transport, uint16_t return_port)
{
	struct uuid id = id_of(SIP1);
	union net_addr source = address("2001:db8::7", 40000);
	struct binding_contact c = {.uri = STR("sip:pbx1@10.0.0.1:5070;x=y"),
		.q = 700,
		.expires_seconds = 3600,
		.flow = {.peer = address("192.0.2.1", 1024),
			.conn = transport == TRANSPORT_UDP ? 0 : 9,
			.return_port = return_port,
			.transport = (uint8_t)transport}};
	struct binding_update u = {.account = cfg_sip_account(cfg, &id),
		.source = &source,
		.call_id = STR("call@pbx"),
		.cseq = 77,
		.path = STR("<sip:edge;lr>,<sip:inner;lr>"),
		.user_agent = STR("Some PBX/1.0 \"x\""),
		.max = 10,
		.count = 1,
		.contact = &c};

	ck_assert_int_eq(binding_update(store, &u, now, wall), 0);
	ck_assert_int_eq(binding_all(store, record_h, NULL), 1);
	(void)events();
}

/* A new process: an empty store. */
static void restart(void)
{
	binding_store_free(store);
	wheel_init(&wheel, now);
	ck_assert_int_eq(binding_store_new(&store, &wheel, told_h, told), 0);
}

static int restore_with(uint64_t boot)
{
	struct binding_clock c = clock_now();

	c.boot = boot;
	return binding_restore(store, key, key_len, value, value_len, &c, net);
}

static int check_h(const struct binding *b, void *arg)
{
	char ip[FLOW_IP_TEXT_MAX];

	ck_assert_int_eq(b->expires_ms - now, *(int64_t *)arg);
	ck_assert_str_eq(b->contact, "sip:pbx1@10.0.0.1:5070;x=y");
	ck_assert_str_eq(b->path, "<sip:edge;lr>,<sip:inner;lr>");
	ck_assert_str_eq(b->call_id, "call@pbx");
	ck_assert_str_eq(b->user_agent, "Some PBX/1.0 \"x\"");
	ck_assert_uint_eq(b->cseq, 77);
	ck_assert_uint_eq(b->q, 700);
	ck_assert_uint_eq(b->expires_seconds, 3600);
	ck_assert_str_eq(net_addr_ip(&b->flow.peer, ip).p, "192.0.2.1");
	ck_assert_uint_eq(net_addr_port(&b->flow.peer), 1024);
	ck_assert_str_eq(net_addr_ip(&b->source, ip).p, "2001:db8::7");
	ck_assert_uint_eq(net_addr_port(&b->source), 40000);
	return 5;
}

static void assert_restored(int64_t left_ms)
{
	ck_assert_int_eq(binding_all(store, check_h, &left_ms), 5);
	ck_assert_str_eq(events(), "");
	ck_assert(known("2001:db8::7"));
}

START_TEST(a_restart_keeps_it_with_what_is_left)
{
	registered(TRANSPORT_UDP, 0);
	pass(1000000);
	restart();
	ck_assert_int_eq(restore_with(BOOT), 0);
	assert_restored(2600000);
	pass(2599999);
	ck_assert_str_eq(events(), "");
	pass(1);
	ck_assert_str_eq(events(), "expired sip:pbx1@10.0.0.1:5070;x=y");
}
END_TEST

START_TEST(jumps_of_the_wall_clock_do_not_matter_without_a_reboot)
{
	static const int64_t jump[] = {3600000, -3600000, 315360000000};

	for (int i = 0; i < 3; i++) {
		registered(TRANSPORT_UDP, 0);
		wall += jump[i];
		pass(1000);
		restart();
		ck_assert_int_eq(restore_with(BOOT), 0);
		assert_restored(3599000);
		restart();
	}
}
END_TEST

START_TEST(after_a_reboot_the_wall_clock_counts)
{
	registered(TRANSPORT_UDP, 0);
	wall += 600000;
	now = 5000; /* monotonic time began anew */
	restart();
	ck_assert_int_eq(restore_with(BOOT + 1), 0);
	assert_restored(3000000);
	restart();
	ck_assert_int_eq(restore_with(0), 0); /* no boot id: the same */
	assert_restored(3000000);
	restart();
	wall -= 86400000; /* the clock went back: never more than was granted */
	ck_assert_int_eq(restore_with(BOOT + 1), 0);
	assert_restored(3600000);
	restart();
	wall += 2 * 86400000;
	ck_assert_int_eq(restore_with(BOOT + 1), ESTALE);
	ck_assert_uint_eq(binding_total(store), 0);
}
END_TEST

START_TEST(a_stream_comes_back_only_where_it_can_be_connected_to)
{
	registered(TRANSPORT_TCP, 0);
	restart();
	ck_assert_int_eq(restore_with(BOOT), ESTALE);
	registered(TRANSPORT_TCP, 5070);
	restart();
	ck_assert_int_eq(restore_with(BOOT), 0);
	assert_restored(3600000);
	binding_conn_gone(store, 9); /* of another life */
	ck_assert_uint_eq(binding_total(store), 1);
}
END_TEST

START_TEST(it_is_dropped_when_the_password_changed_meanwhile)
{
	registered(TRANSPORT_UDP, 0);
	restart();
	ck_assert_int_eq(restore_with(BOOT), 0);
	ck_assert(binding_revalidate(store, cfg, true, 10));
	ck_assert_uint_eq(binding_total(store), 1);
	restart();
	feed(cfg, REGISTERING(SIP1, TRK1, "pbx1", "99992222333344445555666677778888", ""));
	ck_assert_int_eq(restore_with(BOOT), 0);
	ck_assert(binding_revalidate(store, cfg, true, 10));
	ck_assert_uint_eq(binding_total(store), 0);
}
END_TEST

START_TEST(no_damaged_record_is_believed)
{
	size_t whole, believed = 0;
	uint8_t good[BINDING_VALUE_MAX];

	registered(TRANSPORT_UDP, 0);
	whole = value_len;
	memcpy(good, value, whole);
	restart();
	for (value_len = 0; value_len < whole; value_len++)
		ck_assert_int_eq(restore_with(BOOT), EBADMSG);
	value_len = whole;
	for (size_t i = 0; i < whole; i++) {
		for (int c = 0; c < 256; c += 5) {
			value[i] = (uint8_t)c;
			believed += restore_with(BOOT) == 0; /* a digit or letter for another */
			restart();
		}
		value[i] = good[i];
	}
	ck_assert_uint_gt(believed, 0); /* the journal's CRC is what finds those */
	for (key_len = 0; key_len <= 16 + 4; key_len++)
		ck_assert_int_eq(restore_with(BOOT), EBADMSG);
	key_len = sizeof(key) + 1;
	ck_assert_int_eq(restore_with(BOOT), EBADMSG);
	ck_assert_uint_eq(binding_total(store), 0);
}
END_TEST

START_TEST(one_account_never_gets_more_than_its_places)
{
	unsigned restored = 0;

	registered(TRANSPORT_UDP, 0);
	restart();
	for (int i = 0; i < 3 * BINDINGS_MAX; i++) {
		key[key_len - 1] = (uint8_t)('A' + i % 26);
		restored += restore_with(BOOT) == 0;
	}
	ck_assert_uint_eq(restored, BINDINGS_MAX);
}
END_TEST

START_TEST(the_machine_has_a_boot_id)
{
	ck_assert_uint_ne(binding_boot_id(), 0);
	ck_assert_uint_eq(binding_boot_id(), binding_boot_id());
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("binding_record", setup, teardown,
		a_restart_keeps_it_with_what_is_left,
		jumps_of_the_wall_clock_do_not_matter_without_a_reboot,
		after_a_reboot_the_wall_clock_counts,
		a_stream_comes_back_only_where_it_can_be_connected_to,
		it_is_dropped_when_the_password_changed_meanwhile, no_damaged_record_is_believed,
		one_account_never_gets_more_than_its_places, the_machine_has_a_boot_id);
}
