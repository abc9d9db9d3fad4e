/* TLS on real sockets, in a clock that the test moves: handshakes, names, and what peers may try. */
#include "tests/sip/tls_rig.h"
#include "tests/fakes/mem.c"

#include <signal.h>

#define MESSAGE(id)                                                                                \
	"OPTIONS sip:a@example.com SIP/2.0\r\nCall-ID: " id "\r\nContent-Length: 4\r\n\r\nbody"

static int call_in(const char *ip)
{
	union net_addr here = rig_listener(0), peer;
	int fd = rig_peer(SOCK_STREAM, ip, &peer);

	ck_assert_int_eq(connect(fd, &here.sa, net_addr_len(&here)), 0);
	return fd;
}

static struct tls_peer tls_call_in(const char *certificate, int version)
{
	return tls_peer_of(tls_peer_context(certificate, version), call_in("127.0.0.2"), false);
}

static int send_text(struct flow *to, const char *text)
{
	return net_send(rig.net, to, text, strlen(text));
}

START_TEST(in_and_back)
{
	struct tls_peer peer;
	struct flow to;

	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	peer = tls_call_in(NULL, 0);
	ck_assert(tls_peer_handshake(&peer));
	tls_peer_write(&peer, MESSAGE("1"), strlen(MESSAGE("1")));
	RIG_UNTIL(rig.received == 1);
	ck_assert_str_eq(rig.text, MESSAGE("1"));
	ck_assert_uint_eq(rig.from.transport, TRANSPORT_TLS);
	to = rig.from;
	ck_assert_int_eq(send_text(&to, "answer"), 0);
	ck_assert_str_eq(tls_peer_read(&peer), "answer");
	ck_assert_uint_eq(net_stats(rig.net)->tls_in, 1);
	ck_assert_uint_eq(net_stats(rig.net)->tls_out, 1);
	ck_assert_uint_eq(net_stats(rig.net)->tcp_in, 0);
	ck_assert_uint_eq(net_stats(rig.net)->tls_handshakes, 1);
	tls_peer_close(&peer);
	RIG_UNTIL(rig.errors == 1);
	ck_assert_int_eq(rig.err, ECONNRESET);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 0);
	rig_close();
}
END_TEST

/* A record of 16 kB with many messages, then one message in many records. */
START_TEST(records_are_not_messages)
{
	char many[16000];
	size_t len = 0;
	struct tls_peer peer;
	unsigned count = 0;

	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	peer = tls_call_in(NULL, 0);
	ck_assert(tls_peer_handshake(&peer));
	while (len + strlen(MESSAGE("1")) < sizeof(many)) {
		memcpy(many + len, MESSAGE("1"), strlen(MESSAGE("1")));
		len += strlen(MESSAGE("1"));
		count++;
	}
	tls_peer_write(&peer, many, len);
	RIG_UNTIL(rig.received == count);
	for (size_t i = 0; i < strlen(MESSAGE("2")); i++) {
		tls_peer_write(&peer, &MESSAGE("2")[i], 1);
		rig_turn();
	}
	RIG_UNTIL(rig.received == count + 1);
	ck_assert_str_eq(rig.text, MESSAGE("2"));
	tls_peer_close(&peer);
	rig_close();
}
END_TEST

START_TEST(a_keepalive_is_answered)
{
	struct tls_peer peer;

	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	peer = tls_call_in(NULL, 0);
	ck_assert(tls_peer_handshake(&peer));
	tls_peer_write(&peer, "\r\n\r\n", 4);
	ck_assert_str_eq(tls_peer_read(&peer), "\r\n");
	tls_peer_close(&peer);
	rig_close();
}
END_TEST

/* ---- out ----------------------------------------------------------------------------------- */

struct out {
	int listener;
	struct flow to;
	struct tls_peer peer;
};

/* Sends to a peer with that certificate, provisioned under `name`. The handshake's result. */
static bool call_out(struct out *o, const char *certificate, const char *name)
{
	union net_addr addr;
	struct pollfd waiting;
	int fd;

	o->listener = rig_peer(SOCK_STREAM, "127.0.0.3", &addr);
	ck_assert_int_eq(listen(o->listener, 16), 0);
	o->to = rig_flow(TRANSPORT_TLS, &addr);
	net_set_name(rig.net, &o->to, str_of(name));
	ck_assert_int_eq(send_text(&o->to, "request"), 0);
	waiting = (struct pollfd){.fd = o->listener, .events = POLLIN};
	RIG_UNTIL(poll(&waiting, 1, 0) == 1);
	fd = accept4(o->listener, NULL, NULL, SOCK_NONBLOCK);
	o->peer = tls_peer_of(tls_peer_context(certificate, 0), fd, true);
	return tls_peer_handshake(&o->peer);
}

static void out_close(struct out *o)
{
	tls_peer_close(&o->peer);
	close(o->listener);
}

static void name_taken(const char *certificate, const char *name)
{
	struct out o;

	ck_assert(call_out(&o, certificate, name));
	ck_assert_msg(
		strcmp(tls_peer_read(&o.peer), "request") == 0, "%s as %s", certificate, name);
	ck_assert_str_eq(net_name(rig.net, &o.to), name);
	ck_assert_uint_eq(rig.errors, 0);
	out_close(&o);
	RIG_UNTIL(rig.errors == 1);
	rig.errors = 0;
}

static void name_refused(const char *certificate, const char *name)
{
	struct out o;

	call_out(&o, certificate, name);
	RIG_UNTIL(rig.errors == 1);
	ck_assert_msg(*tls_peer_read(&o.peer) == '\0', "%s as %s", certificate, name);
	ck_assert_int_eq(rig.err, EPROTO);
	ck_assert_uint_eq(rig.error_peer.conn, o.to.conn);
	out_close(&o);
	rig.errors = 0;
}

static void issue_all(void)
{
	EVP_PKEY *key, *own_key;
	X509 *x;

	tls_issue("dns", "nobody", "DNS:pbx.example");
	tls_issue("uri", "nobody", "URI:sip:pbx.example");
	tls_issue("user", "nobody", "URI:sip:a@pbx.example,URI:sips:pbx.example");
	tls_issue("cn", "pbx.example", NULL);
	tls_issue("star", "nobody", "DNS:*.pbx.example");
	tls_issue("ip", "nobody", "IP:127.0.0.3");
	x = tls_make("pbx.example", "DNS:pbx.example", NULL, NULL, &own_key);
	tls_write_certificate("self.pem", x);
	tls_write_key("self.key", own_key, NULL);
	X509_free(x);
	EVP_PKEY_free(own_key);
	x = tls_make("pbx.example", "DNS:pbx.example", tls_ca, tls_ca_key, &key);
	X509_gmtime_adj(X509_getm_notAfter(x), -60);
	ck_assert_int_gt(X509_sign(x, tls_ca_key, EVP_sha256()), 0);
	tls_write_certificate("old.pem", x);
	tls_write_key("old.key", key, NULL);
	X509_free(x);
	EVP_PKEY_free(key);
}

START_TEST(names_by_rfc5922)
{
	issue_all();
	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	name_taken("dns", "pbx.example");
	name_taken("dns", "PBX.Example");
	name_taken("uri", "pbx.example");
	name_taken("cn", "pbx.example");
	name_taken("ip", "127.0.0.3");
	name_taken("ip", "");
	name_refused("dns", "other.example");
	name_refused("dns", "127.0.0.3");
	name_refused("dns", "");
	name_refused("user", "pbx.example");
	name_refused("star", "a.pbx.example");
	name_refused("ip", "127.0.0.4");
	name_refused("self", "pbx.example");
	name_refused("old", "pbx.example");
	rig_close();
}
END_TEST

START_TEST(less_may_be_asked)
{
	struct tls_settings s = tls_rig_settings();

	issue_all();
	s.verify = TLS_VERIFY_WILDCARD;
	tls_rig_open(s, (struct net_config){0});
	name_taken("star", "a.pbx.example");
	name_refused("star", "b.a.pbx.example");
	name_refused("dns", "other.example");
	rig_close();
	s.verify = TLS_VERIFY_CHAIN;
	tls_rig_open(s, (struct net_config){0});
	name_taken("dns", "other.example");
	name_refused("self", "pbx.example");
	rig_close();
	s.verify = TLS_VERIFY_NONE;
	tls_rig_open(s, (struct net_config){0});
	name_taken("self", "other.example");
	name_taken("old", "other.example");
	rig_close();
}
END_TEST

/* What is proved for one name is not for another one at the same address. */
START_TEST(a_connection_serves_its_name_only)
{
	struct flow other;
	struct out o;

	issue_all();
	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	ck_assert(call_out(&o, "dns", "pbx.example"));
	ck_assert_str_eq(tls_peer_read(&o.peer), "request");
	other = o.to;
	other.conn = 0;
	ck_assert_int_eq(send_text(&other, "same"), 0);
	ck_assert_uint_eq(other.conn, o.to.conn);
	ck_assert_str_eq(tls_peer_read(&o.peer), "same");
	net_set_name(rig.net, &other, str_lit("other.example"));
	ck_assert_uint_ne(other.name, o.to.name);
	other.conn = 0;
	ck_assert_int_eq(send_text(&other, "another"), 0);
	ck_assert_uint_ne(other.conn, o.to.conn);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 2);
	out_close(&o);
	rig_close();
}
END_TEST

START_TEST(names_are_for_tls_only)
{
	union net_addr peer = rig_addr("127.0.0.3", 5060);
	struct flow udp, one, two;
	struct net_config cfg = {.tls = tls_rig_context(tls_rig_settings())};

	rig_open_config("udp:127.0.0.1:0,tls:127.0.0.1:0", cfg);
	udp = rig_flow(TRANSPORT_UDP, &peer);
	net_set_name(rig.net, &udp, str_lit("pbx.example"));
	ck_assert_uint_eq(udp.name, 0);
	ck_assert_str_eq(net_name(rig.net, &udp), "");
	for (int i = 0; i < 200; i++) {
		char name[32];

		snprintf(name, sizeof(name), "pbx%d.example", i);
		one = two = rig_flow(TRANSPORT_TLS, &peer);
		net_set_name(rig.net, &one, str_of(name));
		net_set_name(rig.net, &two, str_of(name));
		ck_assert_uint_eq(one.name, two.name);
		ck_assert_str_eq(net_name(rig.net, &one), name);
	}
	rig_close();
}
END_TEST

static void advertises(const char *list, const char *expected)
{
	struct net_config cfg = {.advertise = list};
	char with_port[64];
	struct flow f = {.listener = 0};
	struct str text;

	tls_rig_open(tls_rig_settings(), cfg);
	text = net_advertise(rig.net, &f);
	snprintf(with_port, sizeof(with_port), strchr(expected, ':') ? "%s" : "%s:", expected);
	ck_assert_msg(strncmp(text.p, with_port, strlen(with_port)) == 0, "%s", text.p);
	rig_close();
}

/* The port of UDP and TCP is not that of TLS. */
START_TEST(advertised)
{
	advertises("tls:192.0.2.1:5071,192.0.2.1:5060", "192.0.2.1:5071");
	advertises("192.0.2.1:5060,tls:sip.example:5071", "sip.example:5071");
	advertises("192.0.2.1", "192.0.2.1");
	tls_rig_open(tls_rig_settings(), (struct net_config){.advertise = "192.0.2.1:5060"});
	ck_assert(!net_is_own(rig.net, str_lit("192.0.2.1"), 5060));
	ck_assert(!net_is_own(rig.net, str_lit("192.0.2.1"), 0));
	rig_close();
}
END_TEST

/* ---- time and abuse ------------------------------------------------------------------------ */

START_TEST(a_handshake_has_its_time)
{
	struct net_config cfg = {.handshake_ms = 4000, .message_ms = 10000};
	int idle, half;

	tls_rig_open(tls_rig_settings(), cfg);
	idle = call_in("127.0.0.2");
	half = call_in("127.0.0.2");
	RIG_UNTIL(net_stats(rig.net)->accepted == 2);
	rig_write(half, "\x16\x03\x01");
	rig_settle();
	rig_pass(3900);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 2);
	rig_pass(200);
	ck_assert_uint_eq(net_stats(rig.net)->connections, 0);
	ck_assert_uint_eq(net_stats(rig.net)->tls_failed, 2);
	ck_assert_uint_eq(rig.received, 0);
	close(idle);
	close(half);
	rig_close();
}
END_TEST

/* The peer takes the connection and says nothing: the request has failed. */
START_TEST(an_outgoing_handshake_has_its_time)
{
	union net_addr addr;
	int fd = rig_peer(SOCK_STREAM, "127.0.0.3", &addr);
	struct flow to;

	tls_rig_open(tls_rig_settings(), (struct net_config){.handshake_ms = 4000});
	ck_assert_int_eq(listen(fd, 16), 0);
	to = rig_flow(TRANSPORT_TLS, &addr);
	ck_assert_int_eq(send_text(&to, "request"), 0);
	rig_settle();
	rig_pass(4100);
	RIG_UNTIL(rig.errors == 1);
	ck_assert_int_eq(rig.err, ETIMEDOUT);
	ck_assert_uint_eq(rig.error_peer.conn, to.conn);
	close(fd);
	rig_close();
}
END_TEST

START_TEST(rubbish_is_no_handshake)
{
	static const char *const rubbish[] = {MESSAGE("1"), "GET / HTTP/1.0\r\n\r\n",
		"\x16\x03\x01\xff\xff\x01\xff\xff\xff\xff\xff", "\xff\xff\xff\xff\xff\xff\xff\xff"};
	int fd;

	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	for (unsigned i = 0; i < sizeof(rubbish) / sizeof(*rubbish); i++) {
		fd = call_in("127.0.0.2");
		rig_write(fd, rubbish[i]);
		RIG_UNTIL(rig.errors == i + 1);
		ck_assert_uint_eq(net_stats(rig.net)->connections, 0);
		close(fd);
	}
	ck_assert_uint_eq(rig.received, 0);
	rig_close();
}
END_TEST

START_TEST(versions)
{
	static const struct {
		int version;
		bool taken;
	} row[] = {{TLS1_VERSION, false}, {TLS1_1_VERSION, false}, {TLS1_2_VERSION, true},
		{TLS1_3_VERSION, true}};
	struct tls_peer peer;

	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	peer = tls_call_in(NULL, row[_i].version);
	ck_assert(tls_peer_handshake(&peer) == row[_i].taken);
	tls_peer_close(&peer);
	rig_close();
}
END_TEST

/* The peer asks for a second handshake; the connection goes on with the first. */
START_TEST(no_renegotiation)
{
	struct tls_peer peer;

	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	peer = tls_call_in(NULL, TLS1_2_VERSION);
	ck_assert(tls_peer_handshake(&peer));
	ck_assert_int_eq(SSL_renegotiate(peer.ssl), 1);
	(void)SSL_do_handshake(peer.ssl);
	rig_settle();
	ck_assert_uint_eq(net_stats(rig.net)->tls_handshakes, 1);
	tls_peer_close(&peer);
	rig_close();
}
END_TEST

START_TEST(a_source_has_so_many_handshakes)
{
	struct net_config cfg = {.handshake_rate = 1, .handshake_burst = 3};
	int fd[5];

	tls_rig_open(tls_rig_settings(), cfg);
	for (int i = 0; i < 5; i++)
		fd[i] = call_in("127.0.0.2");
	RIG_UNTIL(net_stats(rig.net)->refused_handshakes == 2);
	ck_assert_uint_eq(net_stats(rig.net)->accepted, 3);
	close(call_in("127.0.0.3"));
	RIG_UNTIL(net_stats(rig.net)->accepted == 4);
	for (int i = 0; i < 5; i++)
		close(fd[i]);
	rig_close();
}
END_TEST

START_TEST(clients_may_have_to_show_a_certificate)
{
	static const struct {
		enum tls_client_verify verify;
		const char *certificate;
		bool taken;
	} row[] = {
		{TLS_CLIENT_NONE, NULL, true},
		{TLS_CLIENT_NONE, "self", true},
		{TLS_CLIENT_OPTIONAL, NULL, true},
		{TLS_CLIENT_OPTIONAL, "dns", true},
		{TLS_CLIENT_OPTIONAL, "self", false},
		{TLS_CLIENT_REQUIRED, NULL, false},
		{TLS_CLIENT_REQUIRED, "dns", true},
		{TLS_CLIENT_REQUIRED, "self", false},
	};

	issue_all();
	for (unsigned i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct tls_settings s = tls_rig_settings();
		struct tls_peer peer;

		s.client_verify = row[i].verify;
		tls_rig_open(s, (struct net_config){0});
		peer = tls_call_in(row[i].certificate, 0);
		/* In TLS 1.3 the client is done before it is judged. */
		if (tls_peer_handshake(&peer))
			tls_peer_write(&peer, MESSAGE("1"), strlen(MESSAGE("1")));
		RIG_UNTIL(rig.received || rig.errors);
		ck_assert_msg(rig.received == row[i].taken, "row %u", i);
		tls_peer_close(&peer);
		rig_close();
	}
}
END_TEST

/* A peer that reads nothing gets its buffer filled and is let go in the end. */
START_TEST(a_peer_that_does_not_read)
{
	static char big[15000];
	struct tls_peer peer;
	struct flow to;
	int err = 0;

	memset(big, 'x', sizeof(big) - 1);
	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	peer = tls_call_in(NULL, 0);
	ck_assert(tls_peer_handshake(&peer));
	tls_peer_write(&peer, MESSAGE("1"), strlen(MESSAGE("1")));
	RIG_UNTIL(rig.received == 1);
	to = rig.from;
	for (int i = 0; i < 2000 && !err; i++)
		err = send_text(&to, big);
	ck_assert_int_eq(err, ENOBUFS);
	ck_assert_uint_eq(net_stats(rig.net)->overflow_closed, 1);
	RIG_UNTIL(rig.errors == 1);
	tls_peer_close(&peer);
	rig_close();
}
END_TEST

/* What was kept back comes out whole and in order. */
START_TEST(a_peer_that_reads_slowly)
{
	static char big[15000];
	struct tls_peer peer;
	struct flow to;
	size_t sent = 0, got = 0;

	memset(big, 'x', sizeof(big) - 1);
	tls_rig_open(tls_rig_settings(), (struct net_config){0});
	peer = tls_call_in(NULL, 0);
	ck_assert(tls_peer_handshake(&peer));
	tls_peer_write(&peer, MESSAGE("1"), strlen(MESSAGE("1")));
	RIG_UNTIL(rig.received == 1);
	to = rig.from;
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 8; i++) {
			ck_assert_int_eq(send_text(&to, big), 0);
			sent += strlen(big);
		}
		while (sent - got > 60000)
			got += strlen(tls_peer_read(&peer));
	}
	while (got < sent)
		got += strlen(tls_peer_read(&peer));
	ck_assert_uint_eq(got, sent);
	tls_peer_close(&peer);
	rig_close();
}
END_TEST

/* ---- certificates -------------------------------------------------------------------------- */

static const char *shown(void)
{
	static char text[64];
	struct tls_peer peer = tls_call_in(NULL, 0);
	X509 *x;

	ck_assert(tls_peer_handshake(&peer));
	x = SSL_get1_peer_certificate(peer.ssl);
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, text, sizeof(text));
	X509_free(x);
	tls_peer_close(&peer);
	return text;
}

START_TEST(another_certificate_for_new_connections)
{
	struct tls_settings s = tls_rig_settings();
	struct tls_peer old;

	tls_issue("next", "next.example", "DNS:next.example");
	tls_rig_open(s, (struct net_config){0});
	old = tls_call_in(NULL, 0);
	ck_assert(tls_peer_handshake(&old));
	ck_assert_str_eq(shown(), "sip.example");
	s.certificate = tls_path("next.pem");
	s.key = tls_path("next.key");
	net_set_tls(rig.net, tls_rig_context(s));
	ck_assert_str_eq(shown(), "next.example");
	tls_peer_write(&old, MESSAGE("1"), strlen(MESSAGE("1")));
	RIG_UNTIL(rig.received == 1);
	ck_assert_int_gt(tls_context_expires(net_tls(rig.net)), 1700000000);
	tls_peer_close(&old);
	rig_close();
}
END_TEST

static void context_refused(struct tls_settings s, int err, const char *says)
{
	struct tls_context *ctx = NULL;
	char why[TLS_WHY_MAX] = "";

	ck_assert_int_eq(tls_context_new(&ctx, &s, why), err);
	ck_assert_msg(strstr(why, says), "%s", why);
	ck_assert_ptr_null(ctx);
}

START_TEST(files_that_are_no_use)
{
	struct tls_settings s = tls_rig_settings(), other;
	FILE *f = fopen(tls_path("rubbish"), "w");
	EVP_PKEY *key = EVP_EC_gen("P-256");

	fputs("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n", f);
	fclose(f);
	tls_write_key("other.key", key, NULL);
	tls_write_key("locked.key", key, "secret");
	EVP_PKEY_free(key);
	other = s;
	other.certificate = "";
	context_refused(other, EINVAL, "TRUNKGUARD_TLS_CERTIFICATE is not set");
	other.certificate = tls_path("missing");
	context_refused(other, ENOENT, "missing: No such file");
	other.certificate = tls_path("rubbish");
	context_refused(other, EINVAL, "rubbish: ");
	other = s;
	other.key = tls_path("other.key");
	context_refused(other, EINVAL, "other.key: ");
	other.key = tls_path("locked.key");
	context_refused(other, EINVAL, "locked.key: ");
	other.key = "";
	context_refused(other, EINVAL, "server.pem: ");
	other = s;
	other.ca = tls_path("rubbish");
	context_refused(other, EINVAL, "rubbish: ");
	other.ca = tls_path("missing");
	context_refused(other, ENOENT, "missing: ");
}
END_TEST

/* No memory for one block after the other: never a crash or a leak, and it works when there is some. */
START_TEST(without_memory)
{
	for (unsigned n = 1; n < 12; n++) {
		struct tls_peer peer;

		tls_rig_open(tls_rig_settings(), (struct net_config){0});
		fake_mem_fail_at(n);
		peer = tls_call_in(NULL, 0);
		if (tls_peer_handshake(&peer))
			tls_peer_write(&peer, MESSAGE("1"), strlen(MESSAGE("1")));
		rig_settle();
		fake_mem_fail_at(0);
		tls_peer_close(&peer);
		ck_assert_str_eq(shown(), "sip.example");
		rig_close();
		ck_assert_uint_eq(fake_mem_held(), 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net_tls");
	TCase *tc = tcase_create("net_tls");
	SRunner *r = srunner_create(s);
	int failed;

	signal(SIGPIPE, SIG_IGN);
	tcase_set_timeout(tc, 60);
	/* The certificates are made once, before the tests fork. */
	tcase_add_unchecked_fixture(tc, tls_rig_setup, tls_rig_teardown);
	tcase_add_test(tc, in_and_back);
	tcase_add_test(tc, records_are_not_messages);
	tcase_add_test(tc, a_keepalive_is_answered);
	tcase_add_test(tc, names_by_rfc5922);
	tcase_add_test(tc, less_may_be_asked);
	tcase_add_test(tc, a_connection_serves_its_name_only);
	tcase_add_test(tc, names_are_for_tls_only);
	tcase_add_test(tc, advertised);
	tcase_add_test(tc, a_handshake_has_its_time);
	tcase_add_test(tc, an_outgoing_handshake_has_its_time);
	tcase_add_test(tc, rubbish_is_no_handshake);
	tcase_add_loop_test(tc, versions, 0, 4);
	tcase_add_test(tc, no_renegotiation);
	tcase_add_test(tc, a_source_has_so_many_handshakes);
	tcase_add_test(tc, clients_may_have_to_show_a_certificate);
	tcase_add_test(tc, a_peer_that_does_not_read);
	tcase_add_test(tc, a_peer_that_reads_slowly);
	tcase_add_test(tc, another_certificate_for_new_connections);
	tcase_add_test(tc, files_that_are_no_use);
	tcase_add_test(tc, without_memory);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
