/* REGISTER from challenge to binding: digest and its replays, answers, intervals, Path, NAT. */
#include <errno.h>

#include "tests/core/suite.h"
#include "tests/sip/registrar_rig.h"

static void registered(void)
{
	CHALLENGE();
	ck_assert_uint_eq(ASK(), 200);
	ck_assert_str_eq(contacts(SIP1), "sip:pbx1@192.0.2.1:5060");
}

START_TEST(a_pbx_is_challenged_and_registers)
{
	CHALLENGE();
	ck_assert_str_eq(stale, "");
	ck_assert_str_eq(contacts(SIP1), "");
	ck_assert_uint_eq(ASK(), 200);
	ck_assert_ptr_nonnull(
		strstr(reply_text, "\r\nContact: <sip:pbx1@192.0.2.1:5060>;expires=3600\r\n"));
	ck_assert_str_eq(events(), "added sip:pbx1@192.0.2.1:5060");
	ck_assert_uint_eq(registrar_stats(registrar)->registered, 1);
}
END_TEST

START_TEST(both_algorithms_are_offered_and_accepted)
{
	const char *md5, *sha256;

	CHALLENGE();
	md5 = strstr(reply_text, "WWW-Authenticate: Digest realm=\"trunkguard\",nonce=");
	sha256 = strstr(reply_text, "algorithm=SHA-256");
	ck_assert(md5 && sha256 && md5 < sha256);
	ck_assert_uint_eq(ASK(.algorithm = DIGEST_SHA256), 200);
	/* Who proved himself by SHA-256 is offered that first. */
	CHALLENGE();
	md5 = strstr(strstr(reply_text, "WWW-Authenticate:") + 1, "WWW-Authenticate:");
	ck_assert(strstr(reply_text, "algorithm=SHA-256") < md5);
	ck_assert_uint_eq(ASK(.algorithm = DIGEST_MD5), 200);
}
END_TEST

static unsigned offered(void)
{
	unsigned n = 0;

	for (const char *p = reply_text; (p = strstr(p, "WWW-Authenticate:")); p++)
		n++;
	return n;
}

START_TEST(a_client_that_gives_up_over_two_challenges_gets_one)
{
	CHALLENGE(.call_id = "first");
	ck_assert_uint_eq(offered(), 2);
	CHALLENGE(.call_id = "first", .cseq = 1); /* a retransmission is no second try */
	ck_assert_uint_eq(offered(), 2);
	pass(30000);
	CHALLENGE(.call_id = "again");
	ck_assert_uint_eq(offered(), 1);
	ck_assert_ptr_null(strstr(reply_text, "SHA-256"));
	ck_assert_uint_eq(ASK(), 200);
	pass(3000000);
	CHALLENGE();
	ck_assert_uint_eq(offered(), 1);
	CHALLENGE(.source = "192.0.2.200"); /* another one */
	ck_assert_uint_eq(offered(), 2);
	CHALLENGE(.source = "192.0.2.201",
		.extra = "User-Agent: baresip v1.0.0 (x86_64/linux)\r\n");
	ck_assert_uint_eq(offered(), 1);
}
END_TEST

START_TEST(who_copes_with_two_challenges_keeps_getting_them)
{
	for (int i = 0; i < 3; i++) {
		CHALLENGE(.call_id = "x", .cseq = 100 + i);
		ck_assert_uint_eq(offered(), 2);
		ck_assert_uint_eq(ASK(.pass = "wrong"), 401);
		ck_assert_uint_eq(offered(), 1); /* what it used */
		ck_assert_uint_eq(ASK(), 200);
	}
}
END_TEST

START_TEST(a_wrong_password_and_an_unknown_user_look_the_same)
{
	char wrong[sizeof(reply_text)];

	CHALLENGE();
	ck_assert_uint_eq(ASK(.pass = "guess", .cseq = 7), 401);
	memcpy(strstr(reply_text, nonce), "NNNNNNNNNNNNNNNNNNNNNNNN", 24);
	memcpy(strstr(reply_text, "z9hG4bK"), "bbbbbbbb", 8);
	strcpy(wrong, reply_text);
	CHALLENGE();
	ck_assert_uint_eq(ASK(.user = "nobd", .cseq = 7), 401);
	memcpy(strstr(reply_text, nonce), "NNNNNNNNNNNNNNNNNNNNNNNN", 24);
	memcpy(strstr(reply_text, "z9hG4bK"), "bbbbbbbb", 8);
	ck_assert_str_eq(reply_text, wrong);
	ck_assert_uint_eq(auth_stats(auth)->failed, 2);
}
END_TEST

START_TEST(nothing_replayed_is_accepted)
{
	registered();
	(void)events();
	/* The same count, lower, far higher, another count without another response. */
	ck_assert_uint_eq(ASK(.nc = 1), 401);
	ck_assert_str_eq(stale, "true");
	ck_assert_str_eq(events(), "");
}
END_TEST

START_TEST(the_count_must_rise_a_little)
{
	char good[sizeof(nonce)];

	CHALLENGE();
	strcpy(good, nonce);
	ck_assert_uint_eq(ASK(.nonce = good, .nc = 1), 200);
	ck_assert_uint_eq(ASK(.nonce = good, .nc = 2), 200);
	ck_assert_uint_eq(ASK(.nonce = good, .nc = 2), 401);
	ck_assert_uint_eq(ASK(.nonce = good, .nc = 1), 401);
	ck_assert_uint_eq(ASK(.nonce = good, .nc = 1002), 401);
	ck_assert_str_eq(stale, "true");
	ck_assert_uint_eq(ASK(.nonce = good, .nc = 4), 200);
	pass(61000);
	ck_assert_uint_eq(ASK(.nonce = good, .nc = 5), 401);
	ck_assert_str_eq(stale, "true");
	ck_assert_uint_eq(ASK(), 200); /* with the nonce that came with it */
}
END_TEST

START_TEST(a_nonce_is_no_good_from_elsewhere_or_after_a_restart)
{
	char good[sizeof(nonce)];

	CHALLENGE();
	strcpy(good, nonce);
	ck_assert_uint_eq(ASK(.nonce = good, .source = "192.0.2.2"), 401);
	ck_assert_str_eq(stale, "true");
	registrar_free(registrar);
	auth_free(auth);
	ck_assert_int_eq(auth_new(&auth, str_lit(REALM)), 0);
	ck_assert_int_eq(registrar_new(&registrar, NULL, auth, store), 0);
	ck_assert_uint_eq(ASK(.nonce = good), 401);
	ck_assert_str_eq(stale, "true");
	ck_assert_uint_eq(ASK(), 200);
}
END_TEST

START_TEST(a_clock_that_jumps_leaves_nonces_alone)
{
	CHALLENGE();
	wall += 315360000000;
	ck_assert_uint_eq(ASK(), 200);
	CHALLENGE();
	wall -= 2 * 315360000000;
	ck_assert_uint_eq(ASK(), 200);
}
END_TEST

START_TEST(brute_force_is_met_with_silence)
{
	for (int i = 0; i < 100; i++) {
		CHALLENGE();
		ck_assert_uint_eq(ASK(.pass = "guess"), i < 4 ? 401 : i == 4 ? 403 : 0);
	}
	CHALLENGE();
	ck_assert_uint_eq(ASK(), 0);
	ck_assert_uint_eq(auth_stats(auth)->failed, 5);
	pass(300000);
	CHALLENGE();
	ck_assert_uint_eq(ASK(), 200);
}
END_TEST

START_TEST(a_challenge_fits_its_request)
{
	static const struct {
		const char *source;
		unsigned padding, offered;
	} row[] = {{"192.0.2.1", 120, 1}, {"192.0.2.2", 400, 2}};
	char extra[600];

	for (size_t i = 0; i < 2; i++) {
		struct req r = {.anonymous = true, .extra = extra, .source = row[i].source};

		memset(extra, 0, sizeof(extra));
		strcpy(extra, "User-Agent: ");
		memset(extra + 12, 'x', row[i].padding);
		strcat(extra, "\r\n");
		ck_assert(scan(&r));
		ck_assert_uint_eq(ask(&r, strlen(text)), 401);
		ck_assert_uint_eq(offered(), row[i].offered);
		ck_assert_uint_le(reply_len, strlen(text));
	}
}
END_TEST

START_TEST(all_bindings_are_listed_with_what_is_left)
{
	CHALLENGE();
	ck_assert_uint_eq(ASK(.contact = "Contact: <sip:a@192.0.2.1>;q=0.25;expires=120, "
					 "<sip:b@192.0.2.1>;expires=600\r\n"),
		200);
	pass(10500);
	ck_assert_uint_eq(ASK(.contact = "", .nc = 2), 200);
	ck_assert_ptr_nonnull(
		strstr(reply_text, "Contact: <sip:b@192.0.2.1>;expires=590\r\n"
				   "Contact: <sip:a@192.0.2.1>;expires=110;q=0.250\r\n"));
	ck_assert_uint_eq(
		ASK(.contact = "Contact: *\r\n", .extra = "Expires: 0\r\n", .nc = 3), 200);
	ck_assert_ptr_null(strstr(reply_text, "Contact:"));
	ck_assert_uint_eq(registrar_stats(registrar)->unregistered, 1);
}
END_TEST

START_TEST(intervals_are_clamped)
{
	static const struct {
		const char *contact, *extra;
		unsigned code;
		const char *in;
	} row[] = {
		{"Contact: <sip:a@h>\r\n", "", 200, "expires=3600\r\n"},
		{"Contact: <sip:a@h>\r\n", "Expires: 300\r\n", 200, "expires=300\r\n"},
		{"Contact: <sip:a@h>;expires=200\r\n", "Expires: 300\r\n", 200, "expires=200\r\n"},
		{"Contact: <sip:a@h>\r\n", "Expires: 86400\r\n", 200, "expires=7200\r\n"},
		{"Contact: <sip:a@h>;expires=99999999999\r\n", "", 200, "expires=7200\r\n"},
		{"Contact: <sip:a@h>;expires=soon\r\n", "", 200, "expires=3600\r\n"},
		{"Contact: <sip:a@h>;expires=60\r\n", "", 200, "expires=60\r\n"},
		{"Contact: <sip:a@h>;expires=59\r\n", "", 423, "Min-Expires: 60\r\n"},
		{"Contact: <sip:a@h>\r\n", "Expires: 1\r\n", 423, "Min-Expires: 60\r\n"},
		{"Contact: <sip:a@h>;expires=3600,<sip:b@h>;expires=1\r\n", "", 423, "Min-"},
		{"Contact: <sip:a@h>;expires=0\r\n", "", 200, "OK"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		unsigned code;

		CHALLENGE();
		code = ASK(.contact = row[i].contact, .extra = row[i].extra);
		ck_assert_msg(code == row[i].code && strstr(reply_text, row[i].in), "%s: %s",
			row[i].contact, reply_text);
		ck_assert_ptr_null(strstr(contacts(SIP1), "sip:b@h"));
	}
	ck_assert_str_eq(contacts(SIP1), "");
}
END_TEST

static int flow_h(const struct binding *b, void *arg)
{
	char ip[FLOW_IP_TEXT_MAX];

	sprintf(arg, "%s %u %u %u", net_addr_ip(&b->flow.peer, ip).p, net_addr_port(&b->flow.peer),
		b->flow.conn, b->flow.return_port);
	return 1;
}

START_TEST(calls_are_sent_where_the_sender_can_be)
{
	static const struct {
		const char *contact, *via, *extra;
		enum transport transport;
		const char *flow; /* address, port, connection, return port */
	} row[] = {
		/* its own address, another port */
		{"Contact: <sip:a@192.0.2.1:5070>\r\n", NULL, "", TRANSPORT_UDP,
			"192.0.2.1 5070 0 0"},
		{"Contact: <sip:a@192.0.2.1>\r\n", NULL, "", TRANSPORT_UDP, "192.0.2.1 5060 0 0"},
		/* another public one */
		{"Contact: <sip:a@198.51.100.9:5080>\r\n", NULL, "", TRANSPORT_UDP,
			"198.51.100.9 5080 0 0"},
		/* allowed by private targets, or not */
		{"Contact: <sip:a@10.1.2.3:5080>\r\n", NULL, "", TRANSPORT_UDP,
			"10.1.2.3 5080 0 0"},
		{"Contact: <sip:a@192.168.1.1:5080>\r\n", NULL, "", TRANSPORT_UDP,
			"192.0.2.1 1024 0 0"},
		{"Contact: <sip:a@127.0.0.1:5080>\r\n", NULL, "", TRANSPORT_UDP,
			"192.0.2.1 1024 0 0"},
		{"Contact: <sip:a@169.254.169.254:80>\r\n", NULL, "", TRANSPORT_UDP,
			"192.0.2.1 1024 0 0"},
		/* NAT: the Via does not know the source */
		{"Contact: <sip:a@192.0.2.1:5070>\r\n", "192.168.1.1:5060", "", TRANSPORT_UDP,
			"192.0.2.1 1024 0 0"},
		{"Contact: <sip:a@198.51.100.9>\r\n", "192.168.1.1:5060", "", TRANSPORT_UDP,
			"192.0.2.1 1024 0 0"},
		{"Contact: <sip:a@192.0.2.1:5070>\r\n", "pbx.example:5060", "", TRANSPORT_UDP,
			"192.0.2.1 1024 0 0"},
		/* no name is resolved, no maddr, no other family */
		{"Contact: <sip:a@pbx.example>\r\n", NULL, "", TRANSPORT_UDP, "192.0.2.1 1024 0 0"},
		{"Contact: <sip:a@pbx.example;maddr=198.51.100.9>\r\n", NULL, "", TRANSPORT_UDP,
			"192.0.2.1 1024 0 0"},
		{"Contact: <sip:a@[2001:db8::1]>\r\n", NULL, "", TRANSPORT_UDP,
			"192.0.2.1 1024 0 0"},
		/* behind a Path it is the edge */
		{"Contact: <sip:a@198.51.100.9>\r\n", NULL,
			"Path: <sip:edge.example;lr>\r\nSupported: path\r\n", TRANSPORT_UDP,
			"192.0.2.1 1024 0 0"},
		/* streams: the connection, and a way back where there is one */
		{"Contact: <sip:a@192.0.2.1:5070;transport=tcp>\r\n", NULL, "", TRANSPORT_TCP,
			"192.0.2.1 1024 3 5070"},
		{"Contact: <sip:a@192.168.1.1:5070;transport=tcp>\r\n", "192.168.1.1:5060", "",
			TRANSPORT_TCP, "192.0.2.1 1024 3 0"},
		{"Contact: <sip:a@198.51.100.9;transport=tcp>\r\n", NULL, "", TRANSPORT_TCP,
			"198.51.100.9 5060 0 5060"},
	};
	struct cidr allowed;
	struct registrar_config config = {.private_targets = {&allowed, 1}};
	char flow[64];

	ck_assert_int_eq(cidr_parse("10.0.0.0/8", 10, &allowed), 0);
	registrar_free(registrar);
	ck_assert_int_eq(registrar_new(&registrar, &config, auth, store), 0);
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		CHALLENGE();
		ck_assert_uint_eq(
			ASK(.contact = row[i].contact, .via = row[i].via, .extra = row[i].extra,
				.transport = row[i].transport, .port = 1024),
			200);
		ck_assert_int_eq(binding_all(store, flow_h, flow), 1);
		ck_assert_msg(!strcmp(flow, row[i].flow), "%s: %s", row[i].contact, flow);
		ck_assert_uint_eq(
			ASK(.contact = "Contact: *\r\n", .extra = "Expires: 0\r\n", .nc = 2), 200);
	}
}
END_TEST

static int path_h(const struct binding *b, void *arg)
{
	strcpy(arg, b->path);
	return 1;
}

START_TEST(path_is_kept_and_echoed_when_the_client_knows_it)
{
	char path[BINDING_PATH_MAX];

	CHALLENGE();
	ck_assert_uint_eq(ASK(.extra = "Path: \"E\" <sip:edge.example;lr>;x=\"y\"\r\n"
				       "Path: <sip:u@[2001:db8::1]:5070;lr>\r\n"
				       "Supported: timer, path\r\n"),
		200);
	ck_assert_int_eq(binding_all(store, path_h, path), 1);
	ck_assert_str_eq(path, "<sip:edge.example;lr>,<sip:u@[2001:db8::1]:5070;lr>");
	ck_assert_ptr_nonnull(strstr(
		reply_text, "Path: <sip:edge.example;lr>,<sip:u@[2001:db8::1]:5070;lr>\r\n"));
	ck_assert_uint_eq(ASK(.nc = 2, .extra = "Path: <sip:edge.example;lr>\r\n"), 420);
	ck_assert_ptr_nonnull(strstr(reply_text, "Unsupported: path\r\n"));
	ck_assert_uint_eq(ASK(.nc = 3, .extra = "Path: <sip:e;lr>\r\nRequire: path\r\n"), 200);
	ck_assert_uint_eq(
		ASK(.nc = 4, .extra = "Path: <sip:e>\r\nSupported: path\r\n"), 400); /* strict */
}
END_TEST

START_TEST(unknown_extensions_are_refused_by_name)
{
	CHALLENGE();
	ck_assert_uint_eq(ASK(.extra = "Require: foo, path\r\nRequire: outbound, gin\r\n"), 420);
	ck_assert_ptr_nonnull(strstr(reply_text, "Unsupported: foo, outbound\r\n"));
	ck_assert_uint_eq(ASK(.nc = 2, .extra = "Require: a b\r\n"), 400);
	ck_assert_uint_eq(ASK(.nc = 3, .extra = "Require: \r\n"), 400);
	ck_assert_str_eq(contacts(SIP1), "");
}
END_TEST

START_TEST(all_numbers_at_once)
{
	CHALLENGE();
	ck_assert_uint_eq(ASK(.contact = "Contact: <sip:192.0.2.1:5070;bnc>\r\n",
				  .extra = "Require: gin\r\nProxy-Require: gin\r\n"),
		200);
	ck_assert_ptr_nonnull(strstr(reply_text, "Contact: <sip:192.0.2.1:5070;bnc>;expires="));
	ck_assert_str_eq(contacts(SIP1), "sip:192.0.2.1:5070;bnc");
	/* RFC 6140 5.2: not of one user, and not by chance. */
	ck_assert_uint_eq(ASK(.nc = 2, .contact = "Contact: <sip:pbx1@192.0.2.1;bnc>\r\n",
				  .extra = "Require: gin\r\n"),
		400);
	ck_assert_uint_eq(ASK(.nc = 3, .contact = "Contact: <sip:192.0.2.1;bnc>\r\n"), 421);
	ck_assert_ptr_nonnull(strstr(reply_text, "Require: gin\r\n"));
	/* One for all beside one of the usual kind are two. */
	ck_assert_uint_eq(ASK(.nc = 4, .contact = "Contact: <sip:192.0.2.1:5070>\r\n"), 200);
	ck_assert_uint_eq(binding_total(store), 2);
	ck_assert_uint_eq(ASK(.nc = 5, .contact = "Contact: <sip:192.0.2.1:5070;bnc>;expires=0\r\n",
				  .extra = "Require: gin\r\n"),
		200);
	ck_assert_str_eq(contacts(SIP1), "sip:192.0.2.1:5070");
}
END_TEST

START_TEST(sips_contacts_come_over_tls)
{
	CHALLENGE();
	ck_assert_uint_eq(ASK(.contact = "Contact: <sips:pbx1@192.0.2.1>\r\n"), 400);
	CHALLENGE(.transport = TRANSPORT_TLS);
	ck_assert_uint_eq(
		ASK(.contact = "Contact: <sips:pbx1@192.0.2.1>\r\n", .transport = TRANSPORT_TLS),
		200);
	ck_assert_str_eq(contacts(SIP1), "sips:pbx1@192.0.2.1");
}
END_TEST

START_TEST(a_disabled_trunk_registers_nobody)
{
	feed(cfg, TRUNK_RECORD(TRK1, ACC1, "f", "10", DEFAULTS));
	CHALLENGE();
	ck_assert_uint_eq(ASK(), 403);
	ck_assert_uint_eq(ASK(.pass = "guess"), 401); /* told only to who knows the password */
	feed(cfg, TRUNK_RECORD(TRK1, ACC1, "t", "10", DEFAULTS) ACCOUNT_RECORD(ACC1, "f", NUL, ""));
	CHALLENGE();
	ck_assert_uint_eq(ASK(), 403);
	ck_assert_str_eq(contacts(SIP1), "");
}
END_TEST

START_TEST(an_account_without_a_password_lets_nobody_in)
{
	feed(cfg, REGISTERING(SIP1, TRK1, USER, "", ""));
	CHALLENGE();
	ck_assert_uint_eq(ASK(.pass = ""), 401);
	feed(cfg, IP_RECORD(SIP1, TRK1, "192.0.2.1", "192.0.2.1|5060|udp"));
	CHALLENGE();
	ck_assert_uint_eq(ASK(), 401);
}
END_TEST

START_TEST(the_limit_is_told)
{
	struct registrar_config config = {.bindings_max = 2};

	registrar_free(registrar);
	ck_assert_int_eq(registrar_new(&registrar, &config, auth, store), 0);
	CHALLENGE();
	ck_assert_uint_eq(ASK(.contact = "Contact: <sip:a@h>,<sip:b@h>,<sip:c@h>\r\n"), 403);
	ck_assert_uint_eq(ASK(.nc = 2, .contact = "Contact: <sip:a@h>,<sip:b@h>\r\n"), 200);
	ck_assert_uint_eq(registrar_stats(registrar)->refused, 1);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("registrar", registrar_setup, registrar_teardown,
		a_pbx_is_challenged_and_registers, both_algorithms_are_offered_and_accepted,
		a_client_that_gives_up_over_two_challenges_gets_one,
		who_copes_with_two_challenges_keeps_getting_them,
		a_wrong_password_and_an_unknown_user_look_the_same, nothing_replayed_is_accepted,
		the_count_must_rise_a_little, a_nonce_is_no_good_from_elsewhere_or_after_a_restart,
		a_clock_that_jumps_leaves_nonces_alone, brute_force_is_met_with_silence,
		a_challenge_fits_its_request, all_bindings_are_listed_with_what_is_left,
		intervals_are_clamped, calls_are_sent_where_the_sender_can_be,
		path_is_kept_and_echoed_when_the_client_knows_it,
		unknown_extensions_are_refused_by_name, all_numbers_at_once,
		sips_contacts_come_over_tls, a_disabled_trunk_registers_nobody,
		an_account_without_a_password_lets_nobody_in, the_limit_is_told);
}
