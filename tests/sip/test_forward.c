/* A request and a response on their way through, byte by byte. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "message.h"
#include "sip/forward.h"
#include "sip/net.h"

/* The network of these tests: one address for UDP, another one for TCP. */
struct str net_advertise(const struct net *net, const struct flow *flow)
{
	(void)net;
	return flow->transport == TRANSPORT_TCP ? str_lit("192.0.2.1:5061")
						: str_lit("192.0.2.1:5060");
}

bool net_is_own(const struct net *net, struct str host, uint16_t port)
{
	(void)net;
	return str_eq(host, str_lit("192.0.2.1")) && (port == 0 || port == 5060 || port == 5061);
}

static struct flow flow_of(enum transport transport, const char *ip, uint16_t port)
{
	struct flow f = {.transport = transport};

	ck_assert_int_eq(net_addr_parse(&f.peer, str_of(ip), port), 0);
	return f;
}

static char out[4096];

static const char *request(const char *text, enum transport to_transport, const struct forward *f)
{
	struct flow from = flow_of(TRANSPORT_UDP, "198.51.100.7", 40000);
	struct flow to = flow_of(to_transport, "203.0.113.9", 5060);
	struct sip_msg m;
	size_t len;

	message_scan(&m, text);
	ck_assert_int_eq(forward_request(NULL, &m, &from, &to, f, out, sizeof(out) - 1, &len), 0);
	out[len] = '\0';
	message_scan(&m, out); /* what goes out would be let in */
	return out;
}

START_TEST(an_invite_is_forwarded_with_the_edits_of_a_proxy)
{
	struct forward f = {.branch = STR("z9hG4bKtg1"),
		.ruri = STR("sip:+14155550100@203.0.113.9:5060"),
		.record_route = true,
		.top = STR("Diversion: <sip:1@a>\r\n"),
		.end = STR("Session-Expires: 1800\r\n")};

	ck_assert_str_eq(
		request(INVITE_HEAD "X-Any: kept as it is\r\nContent-Type: application/sdp\r\n"
				    "Content-Length: 5\r\n\r\nv=0\r\n",
			TRANSPORT_UDP, &f),
		"INVITE sip:+14155550100@203.0.113.9:5060 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKtg1;rport\r\n"
		"Record-Route: <sip:192.0.2.1:5060;lr>\r\n"
		"Diversion: <sip:1@a>\r\n"
		"Via: SIP/2.0/UDP "
		"198.51.100.7:5060;branch=z9hG4bKcarrier;rport=40000;received=198.51."
		"100.7\r\n"
		"Max-Forwards: 67\r\n"
		"From: \"Alice\" <sip:+12125550111@198.51.100.7>;tag=a1\r\n"
		"To: <sip:+14155550100@192.0.2.1>\r\n"
		"Call-ID: c1@198.51.100.7\r\n"
		"CSeq: 7 INVITE\r\n"
		"Contact: <sip:198.51.100.7:5060>\r\n"
		"X-Any: kept as it is\r\nContent-Type: application/sdp\r\n"
		"Content-Length: 5\r\n"
		"Session-Expires: 1800\r\n"
		"\r\nv=0\r\n");
}
END_TEST

/* UDP may go without a length, the next hop may be a stream. */
START_TEST(a_datagram_without_a_length_gets_one)
{
	static const char text[] = INVITE_HEAD "Content-Type: application/sdp\r\n\r\nv=0\r\n";
	struct flow from = flow_of(TRANSPORT_UDP, "198.51.100.7", 40000);
	struct flow to = flow_of(TRANSPORT_TCP, "203.0.113.9", 5060);
	struct forward f = {.branch = STR("z9hG4bKtg1")};
	struct sip_verdict v;
	struct sip_msg m;
	size_t len;

	sip_scan_kept(&m, text, sizeof(text) - 1, &v);
	ck_assert_int_eq(v.kind, SIP_SCAN_OK);
	ck_assert_int_eq(forward_request(NULL, &m, &from, &to, &f, out, sizeof(out) - 1, &len), 0);
	out[len] = '\0';
	message_scan(&m, out);
	ck_assert_ptr_nonnull(strstr(out, "\r\nContent-Length: 5\r\n\r\nv=0\r\n"));
}
END_TEST

START_TEST(two_transports_are_recorded_twice)
{
	struct forward f = {.branch = STR("z9hG4bKtg1"), .record_route = true};
	const char *got = request(INVITE_HEAD "Content-Length: 0\r\n\r\n", TRANSPORT_TCP, &f);

	ck_assert_ptr_nonnull(
		strstr(got, "Via: SIP/2.0/TCP 192.0.2.1:5061;branch=z9hG4bKtg1;rport\r\n"
			    "Record-Route: <sip:192.0.2.1:5061;transport=tcp;lr>\r\n"
			    "Record-Route: <sip:192.0.2.1:5060;lr>\r\n"));
}
END_TEST

START_TEST(our_routes_are_taken_off)
{
	struct forward f = {.branch = STR("z9hG4bKtg1")};
	static const struct {
		const char *before, *after;
	} row[] = {
		{"Route: <sip:192.0.2.1;lr>\r\n", ""},
		{"Route: <sip:192.0.2.1:5060;lr>, <sip:192.0.2.1:5061;transport=tcp;lr>\r\n", ""},
		{"Route: <sip:192.0.2.1;lr>,<sip:edge.example;lr>\r\n",
			"Route: <sip:edge.example;lr>\r\n"},
		{"Route: <sip:192.0.2.1;lr>\r\nRoute: <sip:edge.example;lr>\r\n",
			"Route: <sip:edge.example;lr>\r\n"},
		{"Route: <sip:edge.example;lr>, <sip:192.0.2.1;lr>\r\n",
			"Route: <sip:edge.example;lr>, <sip:192.0.2.1;lr>\r\n"},
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char text[2048];
		snprintf(text, sizeof(text), "%s%sContent-Length: 0\r\n\r\n", INVITE_HEAD,
			row[i].before);
		const char *got = request(text, TRANSPORT_UDP, &f);
		const char *route = strstr(got, "Route:");
		size_t n = strlen(row[i].after);
		if (n == 0)
			ck_assert_ptr_null(route);
		else
			ck_assert_msg(route && strncmp(route, row[i].after, n) == 0 &&
					      !strstr(route + n, "Route:"),
				"row %zu: %s", i, got);
	}
}
END_TEST

START_TEST(the_next_route_is_the_one_behind_ours)
{
	struct sip_addr a;
	struct sip_msg m;

	message_scan(&m, INVITE_HEAD "Route: <sip:192.0.2.1;lr>, <sip:edge.example:5080;lr>\r\n"
				     "Content-Length: 0\r\n\r\n");
	ck_assert_uint_eq(forward_own_routes(NULL, &m), 1);
	ck_assert_int_eq(forward_next_route(NULL, &m, &a), 0);
	ck_assert(str_eq(a.uri.host, str_lit("edge.example")));
	message_scan(&m, INVITE_HEAD "Route: <sip:192.0.2.1;lr>\r\nContent-Length: 0\r\n\r\n");
	ck_assert_int_eq(forward_next_route(NULL, &m, &a), ENOENT);
	message_scan(&m, INVITE_HEAD "Content-Length: 0\r\n\r\n");
	ck_assert_int_eq(forward_next_route(NULL, &m, &a), ENOENT);
}
END_TEST

START_TEST(masked_parties_keep_their_tags)
{
	static const enum sip_hdr drop[] = {SIP_HDR_CONTACT, SIP_HDR_COUNT};
	struct forward f = {.branch = STR("z9hG4bKtg1"),
		.from = STR("<sip:+1999@192.0.2.1>"),
		.to = STR("<sip:+1888@192.0.2.1>"),
		.drop = drop};
	const char *got = request(INVITE_HEAD "Content-Length: 0\r\n\r\n", TRANSPORT_UDP, &f);

	ck_assert_ptr_nonnull(strstr(got, "From: <sip:+1999@192.0.2.1>;tag=a1\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "To: <sip:+1888@192.0.2.1>\r\n"));
	ck_assert_ptr_null(strstr(got, "Contact:"));
}
END_TEST

START_TEST(a_response_loses_our_via_only)
{
	struct forward f = {.end = STR("Require: timer\r\n")};
	struct sip_msg m;
	size_t len;

	message_scan(&m,
		"SIP/2.0 180 Ringing\r\n"
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKtg1, SIP/2.0/UDP "
		"a;branch=z9hG4bKa\r\n"
		"Via: SIP/2.0/UDP b;branch=z9hG4bKb\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\n"
		"Content-Length: 0\r\n\r\n");
	ck_assert_int_eq(forward_response(&m, &f, out, sizeof(out) - 1, &len), 0);
	out[len] = '\0';
	ck_assert_str_eq(out,
		"SIP/2.0 180 Ringing\r\n"
		"Via: SIP/2.0/UDP a;branch=z9hG4bKa\r\n"
		"Via: SIP/2.0/UDP b;branch=z9hG4bKb\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\n"
		"Content-Length: 0\r\nRequire: timer\r\n\r\n");
}
END_TEST

START_TEST(the_last_hop_goes_no_further)
{
	struct flow from = flow_of(TRANSPORT_UDP, "198.51.100.7", 5060);
	struct forward f = {.branch = STR("z9hG4bKtg1")};
	struct sip_msg m;
	size_t len;

	message_scan(&m, "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\n"
			 "Max-Forwards: 0\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
			 "Call-ID: x\r\nCSeq: 7 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	ck_assert_int_eq(
		forward_request(NULL, &m, &from, &from, &f, out, sizeof(out), &len), EINVAL);
	message_scan(&m, INVITE_HEAD "Content-Length: 0\r\n\r\n");
	ck_assert_int_eq(forward_request(NULL, &m, &from, &from, &f, out, 100, &len), ENOBUFS);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("forward");
	TCase *t = tcase_create("bytes");
	tcase_add_test(t, an_invite_is_forwarded_with_the_edits_of_a_proxy);
	tcase_add_test(t, a_datagram_without_a_length_gets_one);
	tcase_add_test(t, two_transports_are_recorded_twice);
	tcase_add_test(t, our_routes_are_taken_off);
	tcase_add_test(t, the_next_route_is_the_one_behind_ours);
	tcase_add_test(t, masked_parties_keep_their_tags);
	tcase_add_test(t, a_response_loses_our_via_only);
	tcase_add_test(t, the_last_hop_goes_no_further);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
