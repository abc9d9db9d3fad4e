/* Registering with gateways, in virtual time. Each address of this world is a registrar that behaves as the
 * test says; what reaches it becomes a log:
 *
 *   "<ms> <address's last octet> <expires>[ auth[ nc]]"; "told" is what the events said. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "sip/binding.h"
#include "sip/digest.h"
#include "sip/guard.h"
#include "sip/registrant.h"
#include "sip/reply.h"
#include "sip/resolve.h"
#include "sip/scan.h"
#include "sip/txn.h"
#include "tests/core/feed.h"
#include "tests/core/suite.h"
#include "tests/fakes/net.c"

#define MAIN "198.51.100.1"
#define SECOND "198.51.100.2"
#define THIRD "198.51.100.3"
#define FAILOVER "198.51.100.9"

/* name, enabled, gateway address, registrar, failover registrar, expires, register_failover_seconds */
#define REGISTERING(id, enabled, registrar, failover, expires, seconds)                            \
	"G" T id T "carrier" T enabled T "203.0.113.1|5060|udp" T NUL T "10" T "" T "1" T "f" T    \
	"" T "line1" T "secret" T registrar T failover T expires T seconds "\n"
#define PLAIN_GATEWAY(id) GATEWAY_RECORD(id, "t", "203.0.113.1|5060|udp", NUL, "", "1", "f")

enum behaviour { SILENT, ACCEPTS, CHALLENGES, REFUSES, BROKEN };

static struct {
	const char *ip;
	enum behaviour behaviour;
	unsigned status; /* REFUSES */
	const char *extra; /* header lines of its final answer */
	unsigned nonce; /* CHALLENGES: the good one */
} world[8];

static struct wheel wheel;
static struct net *net;
static struct txn_layer *txn;
static struct cfg *cfg;
static struct binding_store *bindings;
static struct guard *guard;
static struct digest *digest;
static struct registrant *registrant;
static int64_t now, began;
static bool left;
static char log_text[8192], told_text[4096], last_request[4096];
static char call_id[64];
static uint32_t last_cseq;

static void registrar_is(
	const char *ip, enum behaviour behaviour, unsigned status, const char *extra)
{
	int i = 0;

	while (world[i].ip && strcmp(world[i].ip, ip) != 0)
		i++;
	world[i].ip = ip;
	world[i].behaviour = behaviour;
	world[i].status = status;
	world[i].extra = extra;
	world[i].nonce++;
}

/* Names: "two.example" has two addresses, "none.example" none. */
int resolve_try(struct resolve *r, struct str host, uint16_t port, enum transport transport,
	struct resolve_list *list)
{
	static const char *const two[] = {MAIN, SECOND};

	(void)r;
	list->count = 1;
	list->item[0].transport = list->item[1].transport = (uint8_t)transport;
	if (!net_addr_parse(&list->item[0].addr, host, port ? port : 5060))
		return 0;
	if (str_eq(host, str_lit("none.example")))
		return ENOENT;
	list->count = 2;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(net_addr_parse(&list->item[i].addr, str_of(two[i]), 5060), 0);
	return 0;
}

int resolve_start(struct resolve *r, struct resolve_query **q, struct str host, uint16_t port,
	enum transport transport, resolve_h *h, void *arg)
{
	(void)r, (void)q, (void)host, (void)port, (void)transport, (void)h, (void)arg;
	return ENOMEM;
}

void resolve_cancel(struct resolve_query *q)
{
	(void)q;
}

/* The digest is checked as a server does. */
static bool proved(const struct sip_msg *m, unsigned nonce, uint32_t *nc)
{
	char ha1[DIGEST_HEX_MAX + 1], expected[24];
	struct digest_credentials c;
	struct str value = sip_msg_get(m, SIP_HDR_AUTHORIZATION);

	if (str_empty(value))
		return false;
	ck_assert_int_eq(digest_credentials_parse(&c, value), 0);
	ck_assert(str_eq(c.uri, m->ruri.all));
	*nc = c.nc;
	snprintf(expected, sizeof(expected), "nonce%u", nonce);
	ck_assert_int_eq(
		digest_ha1(digest, c.algorithm, str_lit("line1"), c.realm, str_lit("secret"), ha1),
		0);
	return str_eq(c.nonce, str_of(expected)) && digest_check(digest, &c, ha1, m->method_name);
}

static void note(int i, const struct sip_msg *m, bool good, uint32_t nc)
{
	size_t at = strlen(log_text);
	struct sip_param p;

	ck_assert(sip_param_get(m->contact.params, str_lit("expires"), &p));
	at += (size_t)snprintf(log_text + at, sizeof(log_text) - at, "%s%lld %s %.*s",
		at ? "; " : "", (long long)(now - began), strrchr(world[i].ip, '.') + 1,
		(int)p.value.len, p.value.p);
	if (good)
		snprintf(log_text + at, sizeof(log_text) - at, " auth%s", nc > 1 ? " again" : "");
	else if (sip_msg_first(m, SIP_HDR_AUTHORIZATION) >= 0)
		snprintf(log_text + at, sizeof(log_text) - at, " wrong");
}

static void reply(
	const struct sip_msg *m, const struct fake_sent *sent, unsigned code, const char *extra)
{
	struct sip_reply r = {.code = code,
		.reason = STR("Whatever"),
		.source_ip = STR("192.0.2.1"),
		.source_port = 5060,
		.to_tag = STR("t"),
		.extra = str_of(extra)};
	static char text[4096];
	struct sip_verdict v;
	struct sip_msg answer;
	size_t len;

	ck_assert_int_eq(sip_reply_write(m, &r, text, sizeof(text), &len), 0);
	sip_scan(&answer, text, len, &v);
	ck_assert_msg(v.kind == SIP_SCAN_OK, "%s: %s", v.word, text);
	txn_input(txn, &answer, &sent->to, now);
}

static void serve(const struct fake_sent *sent)
{
	static char text[4096];
	char ip[FLOW_IP_TEXT_MAX], challenge[160];
	struct sip_verdict v;
	struct sip_msg m;
	uint32_t nc = 0;
	bool good;
	int i = 0;

	memcpy(text, sent->buf, sent->len + 1);
	sip_scan(&m, text, sent->len, &v);
	ck_assert_msg(v.kind == SIP_SCAN_OK && m.method == SIP_REGISTER, "%s", text);
	if (str_eq(m.call_id, str_of(call_id)) && m.cseq <= last_cseq)
		return; /* a retransmission */
	strcpy(last_request, text);
	(void)net_addr_ip(&sent->to.peer, ip);
	while (world[i].ip && strcmp(world[i].ip, ip) != 0)
		i++;
	ck_assert_msg(world[i].ip, "nobody should send to %s", ip);
	good = proved(&m, world[i].nonce, &nc);
	note(i, &m, good, nc);
	snprintf(call_id, sizeof(call_id), "%.*s", (int)m.call_id.len, m.call_id.p);
	last_cseq = m.cseq;
	switch (world[i].behaviour) {
	case SILENT:
		break;
	case ACCEPTS:
		reply(&m, sent, 200, world[i].extra);
		break;
	case CHALLENGES:
		snprintf(challenge, sizeof(challenge),
			"WWW-Authenticate: Digest "
			"realm=\"carrier\",nonce=\"nonce%u\",qop=\"auth\"%s"
			"\r\n",
			world[i].nonce,
			sip_msg_first(&m, SIP_HDR_AUTHORIZATION) >= 0 ? ",stale=true" : "");
		reply(&m, sent, good ? 200 : 401, good ? world[i].extra : challenge);
		break;
	case REFUSES:
		reply(&m, sent, world[i].status, world[i].extra);
		break;
	case BROKEN:
		txn_net_error(txn, &sent->to);
		break;
	}
}

static void pass(int64_t ms)
{
	int64_t end = now + ms;

	for (;;) {
		int64_t next;
		struct fake_sent sent;

		while (fake_net_take(&sent))
			serve(&sent);
		next = wheel_next(&wheel);
		if (next < 0 || next > end)
			break;
		now = next > now ? next : now;
		wheel_run(&wheel, now);
	}
	now = end;
	wheel_run(&wheel, now);
}

static const char *took(char *from)
{
	static char text[sizeof(log_text)];

	strcpy(text, from);
	from[0] = '\0';
	return text;
}

#define logged(text) ck_assert_str_eq(took(log_text), text)
#define told(text) ck_assert_str_eq(took(told_text), text)

static void event_h(const struct registrant_row *row, void *arg)
{
	size_t at = strlen(told_text);

	(void)arg;
	if (row->gone)
		snprintf(told_text + at, sizeof(told_text) - at, "%sgone", at ? "; " : "");
	else
		snprintf(told_text + at, sizeof(told_text) - at, "%s%s %s %u", at ? "; " : "",
			registrant_state_word(row->state), row->registrar->host, row->status);
}

static void begin(const char *records)
{
	feed(cfg, records);
	began = now;
	registrant_reload(registrant, cfg);
	pass(0);
}

static void ignore_h(const struct sip_msg *m, const struct flow *from, void *arg)
{
	(void)m, (void)from, (void)arg;
}

static void request_h(
	struct txn_server *st, const struct sip_msg *m, const struct flow *from, void *arg)
{
	(void)m, (void)from, (void)arg;
	txn_server_drop(st, now);
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

static void setup(void)
{
	static const struct txn_handlers handlers = {request_h, ignore_h, cancel_h, ignore_h};
	static const struct net_config nc;
	static const struct guard_config gc = {.slots = 64};
	struct registrant_config rc = {.wheel = &wheel, .event_h = event_h};
	char why[NET_WHY_MAX];

	log_init("test", LOG_LEVEL_COUNT);
	now = 1000000;
	memset(world, 0, sizeof(world));
	log_text[0] = told_text[0] = last_request[0] = '\0';
	left = false;
	fake_net_reset();
	wheel_init(&wheel, now);
	cfg = cfg_new();
	ck_assert_int_eq(net_new(&net, NULL, &nc, recv_h, error_h, NULL, why), 0);
	ck_assert_int_eq(txn_layer_new(&txn, net, &wheel, NULL, &handlers, NULL), 0);
	ck_assert_int_eq(binding_store_new(&bindings, &wheel, NULL, NULL), 0);
	ck_assert_int_eq(guard_new(&guard, &gc, cfg, bindings), 0);
	ck_assert_int_eq(digest_new(&digest), 0);
	rc.net = net;
	rc.txn = txn;
	rc.guard = guard;
	rc.digest = digest;
	ck_assert_int_eq(registrant_new(&registrant, &rc), 0);
}

static void teardown(void)
{
	registrant_free(registrant);
	txn_layer_free(txn);
	digest_free(digest);
	guard_free(guard);
	binding_store_free(bindings);
	net_free(net);
	cfg_free(cfg);
	fake_net_reset();
}

static bool source_is_gateway(const char *ip)
{
	union net_addr a;
	uint8_t octets[16];

	ck_assert_int_eq(net_addr_parse(&a, str_of(ip), 5060), 0);
	net_addr_octets(&a, octets);
	return registrant_gateway(registrant, octets) != NULL;
}

START_TEST(a_challenge_is_answered_and_the_nonce_used_again_for_the_refresh)
{
	registrar_is(MAIN, CHALLENGES, 0, "");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "60", "2"));
	logged("0 1 60; 0 1 60 auth");
	told("trying 198.51.100.1 0; registered 198.51.100.1 200");
	ck_assert(source_is_gateway(MAIN));
	ck_assert(!source_is_gateway(SECOND));
	pass(60000);
	ck_assert_ptr_nonnull(strstr(log_text, " 1 60 auth again"));
	ck_assert_int_lt(atoi(log_text), 30001);
	ck_assert_int_gt(atoi(log_text), 20000);
	told("registered 198.51.100.1 200; registered 198.51.100.1 200");
}
END_TEST

START_TEST(a_stale_nonce_is_replaced)
{
	registrar_is(MAIN, CHALLENGES, 0, "");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "60", "2"));
	logged("0 1 60; 0 1 60 auth");
	registrar_is(MAIN, CHALLENGES, 0, ""); /* a new nonce */
	pass(35000);
	ck_assert_ptr_nonnull(strstr(log_text, " 1 60 wrong; "));
	ck_assert_ptr_nonnull(strstr(log_text, " 1 60 auth"));
}
END_TEST

START_TEST(wrong_credentials_are_not_tried_in_a_loop)
{
	registrar_is(MAIN, REFUSES, 401,
		"WWW-Authenticate: Digest realm=\"x\",nonce=\"y\",qop=\"auth\"\r\n");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", FAILOVER "|5060|udp", "60", "2"));
	logged("0 1 60; 0 1 60 wrong");
	told("trying 198.51.100.1 0; refused 198.51.100.1 401");
	pass(14000);
	logged("");
	pass(40000);
	ck_assert_ptr_nonnull(strstr(log_text, " 1 60 wrong"));
}
END_TEST

START_TEST(silence_leads_to_the_failover_registrar)
{
	registrar_is(MAIN, SILENT, 0, "");
	registrar_is(FAILOVER, ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", FAILOVER "|5060|udp", "3600", "2"));
	logged("0 1 3600");
	pass(1999);
	logged("");
	pass(1);
	logged("2000 9 3600");
	told("trying 198.51.100.1 0; registered 198.51.100.9 200");
	ck_assert(source_is_gateway(FAILOVER));
}
END_TEST

START_TEST(with_a_failover_registrar_other_addresses_of_the_name_are_passed_by)
{
	registrar_is(MAIN, SILENT, 0, "");
	registrar_is(SECOND, ACCEPTS, 0, "");
	registrar_is(FAILOVER, ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", "two.example||udp", FAILOVER "|5060|udp", "3600", "2"));
	pass(2000);
	logged("0 1 3600; 2000 9 3600");
}
END_TEST

START_TEST(without_one_the_next_address_of_dns_follows_at_once)
{
	registrar_is(MAIN, SILENT, 0, "");
	registrar_is(SECOND, ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", "two.example||udp", NUL, "3600", "3"));
	pass(3000);
	logged("0 1 3600; 3000 2 3600");
	told("trying two.example 0; registered two.example 200");
}
END_TEST

START_TEST(a_5xx_and_a_broken_network_do_not_wait)
{
	registrar_is(MAIN, REFUSES, 503, "");
	registrar_is(SECOND, ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", "two.example||udp", NUL, "3600", "3"));
	logged("0 1 3600; 0 2 3600");
	registrar_is(MAIN, BROKEN, 0, "");
	feed(cfg, REGISTERING(GW2, "t", "two.example||udp", NUL, "3600", "3"));
	registrant_reload(registrant, cfg);
	pass(0);
	logged("0 1 3600; 0 2 3600");
}
END_TEST

START_TEST(it_returns_to_the_main_registrar)
{
	registrar_is(MAIN, SILENT, 0, "");
	registrar_is(FAILOVER, ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", FAILOVER "|5060|udp", "3600", "2"));
	pass(2000);
	logged("0 1 3600; 2000 9 3600");
	told("trying 198.51.100.1 0; registered 198.51.100.9 200");
	/* It is asked again and again, beside what holds. */
	pass(13000);
	ck_assert_ptr_nonnull(strstr(took(log_text), " 1 3600"));
	told("");
	ck_assert(source_is_gateway(FAILOVER));
	registrar_is(MAIN, ACCEPTS, 0, "");
	pass(16000);
	told("registered 198.51.100.1 200");
	ck_assert(source_is_gateway(MAIN) && !source_is_gateway(FAILOVER));
	took(log_text);
	pass(600000);
	logged("");
}
END_TEST

START_TEST(nobody_answers_and_it_is_tried_more_and_more_seldom)
{
	unsigned rounds = 0;

	registrar_is(MAIN, SILENT, 0, "");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "3600", "1"));
	pass(1000);
	told("trying 198.51.100.1 0; unreachable 198.51.100.1 0");
	took(log_text);
	pass(1800 * 1000);
	for (const char *p = log_text; (p = strstr(p, " 1 3600")); p++)
		rounds++;
	ck_assert_uint_ge(rounds, 8);
	ck_assert_uint_le(rounds, 25);
	registrar_is(MAIN, ACCEPTS, 0, "");
	pass(500 * 1000);
	ck_assert_ptr_nonnull(strstr(told_text, "registered 198.51.100.1 200"));
}
END_TEST

START_TEST(retry_after_is_respected)
{
	registrar_is(MAIN, REFUSES, 503, "Retry-After: 600\r\n");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "3600", "1"));
	logged("0 1 3600");
	pass(599000);
	logged("");
	pass(1000);
	logged("600000 1 3600");
}
END_TEST

START_TEST(min_expires_is_obeyed)
{
	registrar_is(MAIN, REFUSES, 423, "Min-Expires: 1800\r\n");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "600", "1"));
	logged("0 1 600; 0 1 1800");
	told("trying 198.51.100.1 0; refused 198.51.100.1 423");
}
END_TEST

START_TEST(the_registrar_says_how_long_it_lasts)
{
	static const struct {
		const char *extra;
		int from, to; /* when the refresh comes, in ms */
	} row[] = {
		{"Contact: <sip:line1@192.0.2.1:5060>;expires=100\r\n", 60000, 68000},
		{"Expires: 200\r\n", 160000, 168000},
		{"Contact: <sip:line1@192.0.2.1:5060>\r\nExpires: 40\r\n", 15000, 20000},
		{"Contact: <sip:other@192.0.2.99:5060>;expires=20, "
		 "<sip:line1@192.0.2.1:5060>;expires=100\r\n",
			60000, 68000},
		{"", 3150000, 3240000},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		registrar_is(MAIN, ACCEPTS, 0, row[i].extra);
		begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "3600", "1"));
		logged("0 1 3600");
		pass(row[i].to + 1);
		ck_assert_msg(atoi(log_text) >= row[i].from && atoi(log_text) <= row[i].to,
			"%s: %s", row[i].extra, log_text);
		teardown();
		setup();
	}
}
END_TEST

START_TEST(one_that_is_lost_counts_until_it_expires)
{
	registrar_is(MAIN, ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "60", "1"));
	told("trying 198.51.100.1 0; registered 198.51.100.1 200");
	registrar_is(MAIN, SILENT, 0, "");
	pass(59000);
	ck_assert(source_is_gateway(MAIN));
	ck_assert_ptr_null(strstr(told_text, "unreachable"));
	pass(1000);
	ck_assert(!source_is_gateway(MAIN));
	ck_assert_ptr_nonnull(strstr(told_text, "unreachable 198.51.100.1 0"));
}
END_TEST

START_TEST(it_unregisters_when_the_gateway_goes)
{
	static const char *const ends[] = {"-G\t" GW1 "\n", PLAIN_GATEWAY(GW1),
		REGISTERING(GW1, "f", MAIN "|5060|udp", NUL, "60", "1")};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		registrar_is(MAIN, CHALLENGES, 0, "");
		begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "60", "1"));
		took(log_text);
		took(told_text);
		feed(cfg, ends[i]);
		registrant_reload(registrant, cfg);
		pass(0);
		logged("0 1 0 auth again");
		told("gone");
		ck_assert(!source_is_gateway(MAIN));
		pass(100000);
		logged("");
		teardown();
		setup();
	}
}
END_TEST

START_TEST(another_password_begins_anew_and_the_same_record_does_not)
{
	registrar_is(MAIN, ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "60", "1"));
	logged("0 1 60");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "60", "1"));
	logged("");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "120", "1"));
	logged("0 1 120; 0 1 0");
}
END_TEST

START_TEST(without_a_registrar_it_is_the_gateways_address)
{
	registrar_is("203.0.113.1", ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", NUL, NUL, "60", "1"));
	logged("0 1 60");
	ck_assert_ptr_nonnull(strstr(last_request, "REGISTER sip:203.0.113.1:5060 SIP/2.0\r\n"));
	ck_assert_ptr_nonnull(strstr(last_request, "\r\nTo: <sip:line1@203.0.113.1>\r\n"));
	ck_assert_uint_eq(last_cseq, 1);
}
END_TEST

static void done_h(void *arg)
{
	(void)arg;
	left = true;
}

START_TEST(the_worker_ends_when_all_have_answered)
{
	char first[64];

	registrar_is(MAIN, ACCEPTS, 0, "");
	registrar_is(THIRD, ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "60", "1")
			REGISTERING(GW2, "t", THIRD "|5060|udp", NUL, "60", "1"));
	strcpy(first, call_id);
	took(log_text);
	registrant_leave(registrant, done_h, NULL);
	ck_assert(!left);
	pass(0);
	ck_assert(left);
	ck_assert_ptr_nonnull(strstr(log_text, "0 1 0"));
	ck_assert_ptr_nonnull(strstr(log_text, "0 3 0"));
	registrant_reload(registrant, cfg);
	took(log_text);
	pass(100000);
	logged("");
}
END_TEST

START_TEST(or_after_two_seconds)
{
	registrar_is(MAIN, ACCEPTS, 0, "");
	begin(REGISTERING(GW1, "t", MAIN "|5060|udp", NUL, "60", "10"));
	registrar_is(MAIN, SILENT, 0, "");
	registrant_leave(registrant, done_h, NULL);
	pass(1999);
	ck_assert(!left);
	pass(1);
	ck_assert(left);
}
END_TEST

START_TEST(with_nothing_to_leave_it_ends_at_once)
{
	registrant_leave(registrant, done_h, NULL);
	ck_assert(left);
}
END_TEST

START_TEST(a_name_without_an_address_is_unreachable)
{
	begin(REGISTERING(GW1, "t", "none.example||udp", NUL, "60", "10"));
	logged("");
	told("trying none.example 0; unreachable none.example 0");
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("registrant", setup, teardown,
		a_challenge_is_answered_and_the_nonce_used_again_for_the_refresh,
		a_stale_nonce_is_replaced, wrong_credentials_are_not_tried_in_a_loop,
		silence_leads_to_the_failover_registrar,
		with_a_failover_registrar_other_addresses_of_the_name_are_passed_by,
		without_one_the_next_address_of_dns_follows_at_once,
		a_5xx_and_a_broken_network_do_not_wait, it_returns_to_the_main_registrar,
		nobody_answers_and_it_is_tried_more_and_more_seldom, retry_after_is_respected,
		min_expires_is_obeyed, the_registrar_says_how_long_it_lasts,
		one_that_is_lost_counts_until_it_expires, it_unregisters_when_the_gateway_goes,
		another_password_begins_anew_and_the_same_record_does_not,
		without_a_registrar_it_is_the_gateways_address,
		the_worker_ends_when_all_have_answered, or_after_two_seconds,
		with_nothing_to_leave_it_ends_at_once, a_name_without_an_address_is_unreachable);
}
