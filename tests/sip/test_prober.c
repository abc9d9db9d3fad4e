/* Health by OPTIONS in virtual time: targets come from the configuration and from calls; each target in
 * this world answers as the test tells it to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "sip/guard.h"
#include "sip/prober.h"
#include "sip/reply.h"
#include "sip/resolve.h"
#include "sip/scan.h"
#include "sip/txn.h"
#include "tests/core/feed.h"
#include "tests/core/suite.h"
#include "tests/fakes/net.c"

#define GATEWAY(id, enabled, address, failover)                                                    \
	"G" T id T "carrier" T enabled T address T failover T "10" T "" T "1" T "f" T ""           \
	"\n"
#define PBX_IP "198.51.100.1"
#define GW_IP "198.51.100.2"
#define BACKUP_IP "198.51.100.3"
#define CONFIG                                                                                     \
	ACCOUNT_RECORD(ACC1, "t", NUL, BACKUP_IP "|5080|tcp")                                      \
	TRUNK_RECORD(TRK1, ACC1, "t", "10", DEFAULTS)                                              \
	IP_RECORD(SIP1, TRK1, PBX_IP, PBX_IP "|5060|udp")                                          \
	GATEWAY(GW1, "t", GW_IP "||udp", NUL)

enum { WORLD_MAX = 64 };

static struct wheel wheel;
static struct net *net;
static struct txn_layer *txn;
static struct cfg *cfg;
static struct binding_store *bindings;
static struct guard *guard;
static struct prober *prober;
static int64_t now;
static unsigned most_under_way;
static char told[4096];
static struct probe_target last; /* as told */

/* How each address answers: 0: not at all. */
static struct {
	const char *ip;
	unsigned status;
	const char *extra;
	unsigned asked;
} world[WORLD_MAX];

static void answers_with(const char *ip, unsigned status, const char *extra)
{
	int i = 0;

	while (world[i].ip && strcmp(world[i].ip, ip) != 0)
		i++;
	ck_assert_int_lt(i, WORLD_MAX);
	world[i].ip = ip;
	world[i].status = status;
	world[i].extra = extra;
}

static void answers(const char *ip, unsigned status)
{
	answers_with(ip, status, "");
}

static unsigned asked(const char *ip)
{
	for (int i = 0; i < WORLD_MAX && world[i].ip; i++) {
		if (!strcmp(world[i].ip, ip))
			return world[i].asked;
	}
	return 0;
}

/* DNS: literals are themselves, "pbx.example" is PBX_IP after a while, the rest does not exist. */
struct resolve_query {
	resolve_h *h;
	void *arg;
};
static struct resolve_query *dns_open;
static unsigned dns_cancelled;

int resolve_try(struct resolve *r, struct str host, uint16_t port, enum transport transport,
	struct resolve_list *list)
{
	(void)r;
	list->count = 1;
	list->item[0].transport = (uint8_t)transport;
	if (!net_addr_parse(&list->item[0].addr, host, port ? port : 5060))
		return 0;
	return str_eq(host, str_lit("private.example")) ? EACCES : EAGAIN;
}

int resolve_start(struct resolve *r, struct resolve_query **q, struct str host, uint16_t port,
	enum transport transport, resolve_h *h, void *arg)
{
	(void)r, (void)host, (void)port, (void)transport;
	ck_assert_ptr_null(dns_open);
	*q = dns_open = malloc(sizeof(*dns_open));
	*dns_open = (struct resolve_query){h, arg};
	return 0;
}

void resolve_cancel(struct resolve_query *q)
{
	ck_assert_ptr_eq(q, dns_open);
	dns_cancelled++;
	free(q);
	dns_open = NULL;
}

static void dns_answer(int err, const char *ip)
{
	struct resolve_query q = *dns_open;
	struct resolve_list list = {.count = 1};

	free(dns_open);
	dns_open = NULL;
	if (!err)
		ck_assert_int_eq(net_addr_parse(&list.item[0].addr, str_of(ip), 5060), 0);
	q.h(err, &list, q.arg);
}

static void answer_one(const struct fake_sent *sent)
{
	static char text[4096];
	char ip[FLOW_IP_TEXT_MAX], reply_text[4096];
	struct sip_verdict v;
	struct sip_msg m;
	struct sip_reply r = {
		.source_ip = STR("192.0.2.1"), .source_port = 5060, .to_tag = STR("t")};
	size_t len;
	int i = 0;

	memcpy(text, sent->buf, sent->len + 1);
	sip_scan(&m, text, sent->len, &v);
	ck_assert_msg(v.kind == SIP_SCAN_OK && m.method == SIP_OPTIONS, "%s", text);
	(void)net_addr_ip(&sent->to.peer, ip);
	while (world[i].ip && strcmp(world[i].ip, ip) != 0)
		i++;
	ck_assert_msg(world[i].ip, "nobody should send to %s", ip);
	world[i].asked++;
	if (!world[i].status)
		return;
	r.code = world[i].status;
	r.reason = str_lit("Whatever");
	r.extra = str_of(world[i].extra);
	ck_assert_int_eq(sip_reply_write(&m, &r, reply_text, sizeof(reply_text), &len), 0);
	sip_scan(&m, reply_text, len, &v);
	ck_assert_int_eq(v.kind, SIP_SCAN_OK);
	txn_input(txn, &m, &sent->to, now);
}

static void pass(int64_t ms)
{
	int64_t end = now + ms;

	for (;;) {
		int64_t next = wheel_next(&wheel);
		struct fake_sent sent;

		while (fake_net_take(&sent))
			answer_one(&sent);
		if (prober_stats(prober)->under_way > most_under_way)
			most_under_way = prober_stats(prober)->under_way;
		if (next < 0 || next > end)
			break;
		now = next > now ? next : now;
		wheel_run(&wheel, now);
	}
	now = end;
	wheel_run(&wheel, now);
}

static void event_h(const struct probe_target *t, enum probe_state before, void *arg)
{
	size_t len = strlen(told);

	(void)arg;
	last = *t;
	if (before != t->state)
		snprintf(told + len, sizeof(told) - len, "%s%s %s", len ? "; " : "", t->host,
			probe_state_word(t->state));
}

static const char *events(void)
{
	static char text[sizeof(told)];

	strcpy(text, told);
	told[0] = '\0';
	return text;
}

static void request_h(
	struct txn_server *st, const struct sip_msg *m, const struct flow *from, void *arg)
{
	(void)m, (void)from, (void)arg;
	txn_server_drop(st, now);
}

static void ack_h(const struct sip_msg *m, const struct flow *from, void *arg)
{
	(void)m, (void)from, (void)arg;
}

static void cancel_h(
	struct txn_server *st, const struct sip_msg *m, const struct flow *from, void *arg)
{
	(void)st, (void)m, (void)from, (void)arg;
}

static void recv_h(const char *buf, size_t len, const struct flow *from, void *arg)
{
	(void)buf, (void)len, (void)from, (void)arg;
}

static void error_h(const struct flow *peer, int err, void *arg)
{
	(void)peer, (void)err, (void)arg;
}

static void start(const struct prober_config *config)
{
	prober_free(prober);
	ck_assert_int_eq(
		prober_new(&prober, config, &wheel, net, txn, NULL, guard, event_h, NULL), 0);
}

static void setup(void)
{
	static const struct txn_handlers handlers = {request_h, ack_h, cancel_h, ack_h};
	static const struct net_config nc;
	static const struct guard_config gc = {.slots = 64};
	char why[NET_WHY_MAX];

	log_init("test", LOG_LEVEL_COUNT);
	now = 1000000;
	memset(world, 0, sizeof(world));
	told[0] = '\0';
	most_under_way = 0;
	dns_open = NULL;
	dns_cancelled = 0;
	fake_net_reset();
	wheel_init(&wheel, now);
	cfg = cfg_new();
	ck_assert_int_eq(net_new(&net, NULL, &nc, recv_h, error_h, NULL, why), 0);
	ck_assert_int_eq(txn_layer_new(&txn, net, &wheel, NULL, &handlers, NULL), 0);
	ck_assert_int_eq(binding_store_new(&bindings, &wheel, NULL, NULL), 0);
	ck_assert_int_eq(guard_new(&guard, &gc, cfg, bindings), 0);
	prober = NULL;
	start(NULL);
}

static void teardown(void)
{
	prober_free(prober);
	txn_layer_free(txn);
	guard_free(guard);
	binding_store_free(bindings);
	net_free(net);
	cfg_free(cfg);
	fake_net_reset();
}

static void configure(const char *records)
{
	feed(cfg, records);
	prober_reload(prober, cfg);
}

static enum probe_state state(const char *ip)
{
	return prober_state(prober, ip, 5060, TRANSPORT_UDP);
}

static void all_answer(unsigned status)
{
	answers(PBX_IP, status);
	answers(GW_IP, status);
	answers(BACKUP_IP, status);
}

/* One target, PBX_IP:5060, that is up. */
static void one_up(void)
{
	answers(PBX_IP, 200);
	configure(ACCOUNT_RECORD(ACC1, "t", NUL, "") TRUNK_RECORD(TRK1, ACC1, "t", "10", DEFAULTS)
			IP_RECORD(SIP1, TRK1, PBX_IP, PBX_IP "|5060|udp"));
	pass(60000);
	ck_assert_int_eq(state(PBX_IP), PROBE_UP);
	(void)events();
}

START_TEST(targets_of_the_configuration_are_probed)
{
	all_answer(200);
	configure(CONFIG);
	ck_assert_int_eq(state(PBX_IP), PROBE_UNKNOWN);
	pass(10000);
	ck_assert_int_eq(state(PBX_IP), PROBE_UP);
	ck_assert_int_eq(prober_state(prober, GW_IP, 0, TRANSPORT_UDP), PROBE_UP);
	ck_assert_int_eq(prober_state(prober, BACKUP_IP, 5080, TRANSPORT_TCP), PROBE_UP);
	ck_assert_int_eq(state("192.0.2.200"), PROBE_UNKNOWN);
	ck_assert_uint_eq(prober_stats(prober)->targets, 3);
	ck_assert_uint_eq(prober_stats(prober)->up, 3);
	ck_assert_uint_eq(prober_stats(prober)->under_way, 0);
}
END_TEST

START_TEST(probes_come_every_thirty_seconds_or_so)
{
	unsigned before;

	one_up();
	before = asked(PBX_IP);
	pass(3000000);
	ck_assert_uint_ge(asked(PBX_IP) - before, 85);
	ck_assert_uint_le(asked(PBX_IP) - before, 115);
	ck_assert_str_eq(events(), "");
}
END_TEST

START_TEST(any_response_is_a_sign_of_life_but_503_and_408)
{
	static const struct {
		unsigned status;
		enum probe_state state;
	} row[] = {{200, PROBE_UP}, {302, PROBE_UP}, {400, PROBE_UP}, {401, PROBE_UP},
		{403, PROBE_UP}, {404, PROBE_UP}, {405, PROBE_UP}, {480, PROBE_UP}, {481, PROBE_UP},
		{483, PROBE_UP}, {486, PROBE_UP}, {500, PROBE_UP}, {501, PROBE_UP}, {504, PROBE_UP},
		{600, PROBE_UP}, {408, PROBE_DOWN}, {503, PROBE_DOWN}, {0, PROBE_DOWN}};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		teardown();
		setup();
		all_answer(row[i].status);
		configure(CONFIG);
		pass(60000);
		ck_assert_msg(state(PBX_IP) == row[i].state, "%u", row[i].status);
	}
}
END_TEST

START_TEST(silence_takes_it_down_and_two_answers_bring_it_back)
{
	int64_t since;

	one_up();
	answers(PBX_IP, 0);
	since = now;
	while (state(PBX_IP) == PROBE_UP)
		pass(100);
	/* The next probe, three unanswered ones and what is between them. */
	ck_assert_int_le(now - since, 45000 + 3 * 5000 + 2 * 4500 + 1000);
	ck_assert_str_eq(events(), PBX_IP " down");
	ck_assert_uint_eq(prober_stats(prober)->down, 1);
	ck_assert_uint_eq(prober_stats(prober)->up, 0);
	answers(PBX_IP, 200);
	since = now;
	while (state(PBX_IP) == PROBE_DOWN)
		pass(100);
	ck_assert_int_le(now - since, 60000);
	ck_assert_str_eq(events(), PBX_IP " up");
}
END_TEST

START_TEST(one_lost_probe_changes_nothing)
{
	one_up();
	for (int i = 0; i < 20; i++) {
		unsigned before = prober_stats(prober)->failed;

		answers(PBX_IP, 0);
		while (prober_stats(prober)->failed == before)
			pass(100);
		answers(PBX_IP, 200);
		pass(10000);
	}
	ck_assert_str_eq(events(), "");
}
END_TEST

START_TEST(retry_after_is_respected)
{
	unsigned before;

	one_up();
	answers_with(PBX_IP, 503, "Retry-After: 300 (maintenance);duration=60\r\n");
	while (state(PBX_IP) == PROBE_UP)
		pass(100);
	answers(PBX_IP, 200);
	pass(200000);
	ck_assert_int_eq(state(PBX_IP), PROBE_DOWN);
	pass(200000);
	ck_assert_int_eq(state(PBX_IP), PROBE_UP);
	before = asked(PBX_IP);
	answers_with(PBX_IP, 503, "Retry-After: soon\r\n"); /* a plain failure, then */
	pass(200000);
	ck_assert_int_eq(state(PBX_IP), PROBE_DOWN);
	ck_assert_uint_gt(asked(PBX_IP), before + 3);
}
END_TEST

START_TEST(what_calls_saw_counts)
{
	one_up();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(state(PBX_IP), PROBE_UP);
		prober_evidence(prober, PBX_IP, 5060, TRANSPORT_UDP, false);
		now += 1001;
		wheel.now_ms = now;
	}
	ck_assert_int_eq(state(PBX_IP), PROBE_DOWN);
	ck_assert_str_eq(events(), PBX_IP " down");
	prober_evidence(
		prober, "192.0.2.200", 5060, TRANSPORT_UDP, false); /* no target: no matter */
	prober_evidence(prober, PBX_IP, 5061, TRANSPORT_UDP, false);
	pass(120000);
	ck_assert_int_eq(state(PBX_IP), PROBE_UP);
}
END_TEST

START_TEST(a_failed_call_has_the_target_probed_at_once)
{
	unsigned before;

	one_up();
	for (int i = 0; i < 40; i++) { /* calls that fail all the time do not put it off */
		before = asked(PBX_IP);
		prober_evidence(prober, PBX_IP, 5060, TRANSPORT_UDP, false);
		pass(2250);
		prober_evidence(prober, PBX_IP, 5060, TRANSPORT_UDP, false);
		pass(2250);
		ck_assert_uint_gt(asked(PBX_IP), before);
	}
	ck_assert_int_eq(state(PBX_IP), PROBE_UP);
}
END_TEST

START_TEST(what_left_the_configuration_is_left_alone)
{
	unsigned before;

	all_answer(200);
	configure(CONFIG);
	pass(60000);
	configure("-S" T SIP1 "\n" GATEWAY(GW1, "f", GW_IP "||udp", NUL)
			ACCOUNT_RECORD(ACC1, "t", NUL, ""));
	pass(6000);
	ck_assert_uint_eq(prober_stats(prober)->targets, 0);
	ck_assert_uint_eq(prober_stats(prober)->up, 0);
	before = asked(PBX_IP) + asked(GW_IP) + asked(BACKUP_IP);
	pass(300000);
	ck_assert_uint_eq(asked(PBX_IP) + asked(GW_IP) + asked(BACKUP_IP), before);
	ck_assert_int_eq(state(PBX_IP), PROBE_UNKNOWN);
}
END_TEST

START_TEST(disabled_things_are_not_probed)
{
	configure(ACCOUNT_RECORD(ACC1, "t", NUL, BACKUP_IP "|5080|tcp") TRUNK_RECORD(
		TRK1, ACC1, "f", "10", DEFAULTS) IP_RECORD(SIP1, TRK1, PBX_IP, PBX_IP "|5060|udp")
			GATEWAY(GW1, "f", GW_IP "||udp", NUL));
	pass(60000);
	ck_assert_uint_eq(prober_stats(prober)->targets, 0);
}
END_TEST

START_TEST(two_owners_of_an_address_share_one_target)
{
	answers(PBX_IP, 200);
	configure(ACCOUNT_RECORD(ACC1, "t", NUL, PBX_IP "|5060|udp") TRUNK_RECORD(
		TRK1, ACC1, "t", "10", DEFAULTS) IP_RECORD(SIP1, TRK1, PBX_IP, PBX_IP "|5060|udp")
			GATEWAY(GW1, "t", PBX_IP "|5060|udp", PBX_IP "|5060|udp"));
	pass(10000);
	ck_assert_uint_eq(prober_stats(prober)->targets, 1);
	configure("-G" T GW1 "\n" ACCOUNT_RECORD(ACC1, "t", NUL, ""));
	pass(10000);
	ck_assert_uint_eq(prober_stats(prober)->targets, 1); /* the SIP account still has it */
}
END_TEST

START_TEST(what_calls_use_is_probed_for_an_hour)
{
	answers(BACKUP_IP, 200);
	prober_reload(prober, cfg);
	pass(1000);
	prober_use(prober, BACKUP_IP, 5060, TRANSPORT_UDP);
	pass(60000);
	ck_assert_int_eq(state(BACKUP_IP), PROBE_UP);
	prober_reload(prober, cfg); /* it is not in the configuration, and stays all the same */
	pass(3400000);
	prober_use(prober, BACKUP_IP, 5060, TRANSPORT_UDP);
	pass(3400000);
	ck_assert_int_eq(state(BACKUP_IP), PROBE_UP);
	pass(300000);
	ck_assert_uint_eq(prober_stats(prober)->targets, 0);
}
END_TEST

static void many(unsigned n)
{
	static char ip[WORLD_MAX][24];

	for (unsigned i = 0; i < n; i++) {
		snprintf(ip[i], sizeof(ip[i]), "203.0.113.%u", i + 1);
		answers(ip[i], 0);
		prober_use(prober, ip[i], 5060, TRANSPORT_UDP);
	}
}

START_TEST(probes_under_way_are_bounded_and_everybody_has_his_turn)
{
	start(&(struct prober_config){.probes_max = 3});
	many(30);
	pass(600000);
	ck_assert_uint_eq(most_under_way, 3);
	ck_assert_uint_eq(prober_stats(prober)->down, 30);
}
END_TEST

START_TEST(targets_are_bounded)
{
	start(&(struct prober_config){.targets_max = 10});
	many(30);
	ck_assert_uint_eq(prober_stats(prober)->targets, 10);
	pass(60000);
	ck_assert_int_eq(state("203.0.113.30"), PROBE_UNKNOWN);
}
END_TEST

START_TEST(probes_do_not_march_in_step)
{
	unsigned busy = 0;

	many(50);
	for (int i = 0; i < 30; i++) {
		unsigned before = (unsigned)prober_stats(prober)->sent;

		pass(100);
		busy += prober_stats(prober)->sent - before > 10;
	}
	ck_assert_uint_eq(busy, 0);
}
END_TEST

START_TEST(names_are_resolved_and_failures_of_dns_count)
{
	answers(PBX_IP, 200);
	prober_use(prober, "pbx.example", 0, TRANSPORT_UDP);
	pass(5000);
	ck_assert_ptr_nonnull(dns_open);
	pass(60000); /* one question at a time */
	dns_answer(0, PBX_IP);
	pass(1);
	ck_assert_int_eq(prober_state(prober, "pbx.example", 0, TRANSPORT_UDP), PROBE_UP);
	pass(30000); /* a state holds that long */
	for (int i = 0; i < 4; i++) {
		while (!dns_open)
			pass(1000);
		dns_answer(ENOENT, NULL);
	}
	ck_assert_int_eq(prober_state(prober, "pbx.example", 0, TRANSPORT_UDP), PROBE_DOWN);
	while (!dns_open)
		pass(1000);
	start(NULL);
	ck_assert_uint_eq(dns_cancelled, 1);
}
END_TEST

START_TEST(a_refused_address_is_down_without_a_packet)
{
	prober_use(prober, "private.example", 0, TRANSPORT_UDP);
	pass(60000);
	ck_assert_int_eq(prober_state(prober, "private.example", 0, TRANSPORT_UDP), PROBE_DOWN);
	ck_assert_uint_eq(prober_stats(prober)->sent, 0);
}
END_TEST

START_TEST(a_network_error_counts_as_a_failure)
{
	one_up();
	fake_net_fail(ENETUNREACH);
	pass(120000);
	ck_assert_int_eq(state(PBX_IP), PROBE_DOWN);
	ck_assert_uint_eq(prober_stats(prober)->under_way, 0);
	fake_net_fail(0);
	pass(120000);
	ck_assert_int_eq(state(PBX_IP), PROBE_UP);
}
END_TEST

START_TEST(the_answer_is_expected_by_the_guard)
{
	enum guard_class class;
	struct flow from = fake_flow(TRANSPORT_UDP, PBX_IP, 5060);

	prober_use(prober, PBX_IP, 5060, TRANSPORT_UDP);
	ck_assert_int_eq(guard_admit(guard, &from, now, &class), GUARD_OK);
	ck_assert_int_eq(class, GUARD_STRANGER);
	answers(PBX_IP, 200);
	pass(10000);
	ck_assert_int_eq(guard_admit(guard, &from, now, &class), GUARD_OK);
	ck_assert_int_eq(class, GUARD_EXPECTED);
}
END_TEST

START_TEST(what_a_probe_saw_is_told)
{
	one_up();
	ck_assert_str_eq(last.host, PBX_IP);
	ck_assert_uint_eq(last.port, 5060);
	ck_assert_uint_eq(last.status, 200);
	ck_assert(last.changed_wall_ms && last.seen_wall_ms && last.probed_wall_ms);
	answers(PBX_IP, 0);
	pass(200000);
	ck_assert_uint_eq(last.status, 0);
	ck_assert_int_eq(last.state, PROBE_DOWN);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("prober", setup, teardown, targets_of_the_configuration_are_probed,
		probes_come_every_thirty_seconds_or_so,
		any_response_is_a_sign_of_life_but_503_and_408,
		silence_takes_it_down_and_two_answers_bring_it_back, one_lost_probe_changes_nothing,
		retry_after_is_respected, what_calls_saw_counts,
		a_failed_call_has_the_target_probed_at_once,
		what_left_the_configuration_is_left_alone, disabled_things_are_not_probed,
		two_owners_of_an_address_share_one_target, what_calls_use_is_probed_for_an_hour,
		probes_under_way_are_bounded_and_everybody_has_his_turn, targets_are_bounded,
		probes_do_not_march_in_step, names_are_resolved_and_failures_of_dns_count,
		a_refused_address_is_down_without_a_packet, a_network_error_counts_as_a_failure,
		the_answer_is_expected_by_the_guard, what_a_probe_saw_is_told);
}
