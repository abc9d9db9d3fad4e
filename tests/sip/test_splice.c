/* Messages forwarded: what is edited, what stays, in which order, and what cannot be done. */
#include <errno.h>

#include "tests/sip/scan_rig.h"

static const char invite[] =
	"INVITE sip:+41445001234@192.0.2.10 SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;rport, SIP/2.0/TCP b.example\r\n"
	"v: SIP/2.0/UDP c.example\r\n"
	"Route: <sip:192.0.2.10;lr>,\r\n"
	"  <sip:192.0.2.11;lr>\r\n"
	"Max-Forwards: 70\r\n"
	"To: <sip:+41445001234@192.0.2.10>\r\n"
	"f: \"A\" <sip:alice@atlanta.example>;tag=1\r\n"
	"Call-ID: a84b4c76e66710\r\n"
	"CSeq: 314159 INVITE\r\n"
	"P-Asserted-Identity: <sip:x@y.example>\r\n"
	"p-asserted-identity: <tel:+1>\r\n"
	"Contact: <sip:alice@10.0.0.1>\r\n"
	"Content-Type: application/sdp\r\n"
	"Content-Length: 9\r\n"
	"\r\n"
	"v=0\r\n o=x";

static struct rig r;
static struct sip_splice s;
static char out[RIG_ROOM];
static size_t len;

static void setup(void)
{
	rig_scan(&r, str_of(invite));
	ck_assert_str_eq(r.v.word, "ok");
	sip_splice_init(&s, &r.m);
}

static void teardown(void)
{
	rig_free(&r);
}

static void rescan(const char *text)
{
	rig_free(&r);
	rig_scan(&r, str_of(text));
	ck_assert_str_eq(r.v.word, "ok");
	sip_splice_init(&s, &r.m);
}

static void written(void)
{
	ck_assert_int_eq(sip_splice_write(&s, out, sizeof(out) - 1, &len), 0);
	out[len] = '\0';
}

static bool has(const char *text)
{
	return strstr(out, text) != NULL;
}

START_TEST(a_request_goes_through_a_proxy)
{
	sip_splice_max_forwards(&s, 70);
	sip_splice_received(&s, str_lit("192.0.2.99"), 1024);
	sip_splice_replace(&s, r.m.ruri.all, str_lit("sip:pbx@198.51.100.1:5060"));
	sip_splice_prepend(&s, str_lit("Via: SIP/2.0/UDP us;branch=z9hG4bKx\r\n"));
	sip_splice_prepend(&s, str_lit("Record-Route: <sip:us;lr>\r\n"));
	sip_splice_delete_first_value(&s, r.m.first[SIP_HDR_ROUTE]);
	sip_splice_delete_all(&s, SIP_HDR_P_ASSERTED_IDENTITY);
	sip_splice_append(&s, str_lit("X-Last: 1\r\n"));
	written();
	ck_assert_str_eq(out,
		"INVITE sip:pbx@198.51.100.1:5060 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP us;branch=z9hG4bKx\r\n"
		"Record-Route: <sip:us;lr>\r\n"
		"Via: SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bKa;rport=1024;received=192.0.2.99, "
		"SIP/2.0/TCP b.example\r\n"
		"v: SIP/2.0/UDP c.example\r\n"
		"Route: <sip:192.0.2.11;lr>\r\n"
		"Max-Forwards: 69\r\n"
		"To: <sip:+41445001234@192.0.2.10>\r\n"
		"f: \"A\" <sip:alice@atlanta.example>;tag=1\r\n"
		"Call-ID: a84b4c76e66710\r\n"
		"CSeq: 314159 INVITE\r\n"
		"Contact: <sip:alice@10.0.0.1>\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 9\r\n"
		"X-Last: 1\r\n"
		"\r\n"
		"v=0\r\n o=x");
}
END_TEST

START_TEST(without_edits_only_folds_change)
{
	const char *fold;

	written();
	ck_assert_uint_eq(len, strlen(invite));
	fold = strstr(invite, ",\r\n  <");
	ck_assert_mem_eq(out, invite, (size_t)(fold - invite));
	ck_assert(has("Route: <sip:192.0.2.10;lr>,    <sip:192.0.2.11;lr>\r\n"));
	ck_assert_ptr_null(strstr(out, "\r\n <"));
	ck_assert(has("\r\n\r\nv=0\r\n o=x")); /* that is the body, and no fold */
}
END_TEST

START_TEST(folds_split_by_an_edit_are_undone_too)
{
	struct str route = sip_msg_get(&r.m, SIP_HDR_ROUTE);

	/* The text before and after each of the fold's octets. */
	for (size_t cut = 0; cut <= route.len; cut++) {
		sip_splice_init(&s, &r.m);
		sip_splice_replace(&s, (struct str){route.p + cut, 0}, str_lit("|"));
		written();
		ck_assert_uint_eq(len, strlen(invite) + 1);
		ck_assert_ptr_null(strstr(out, "\n  <"));
		ck_assert_ptr_null(strstr(out, "\r|"));
	}
}
END_TEST

START_TEST(a_response_loses_its_top_via)
{
	rescan("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP us;branch=z9hG4bKx ,  SIP/2.0/UDP them\r\n"
	       "To: <sip:a>;tag=1\r\nFrom: <sip:b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n\r\n");
	sip_splice_delete_first_value(&s, r.m.first[SIP_HDR_VIA]);
	written();
	ck_assert_str_eq(out,
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP them\r\n"
		"To: <sip:a>;tag=1\r\nFrom: <sip:b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n\r\n");

	rescan("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP us;x=\",\"\r\nVia: SIP/2.0/UDP them\r\n"
	       "To: <sip:a>;tag=1\r\nFrom: <sip:b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n\r\n");
	sip_splice_delete_first_value(&s, r.m.first[SIP_HDR_VIA]);
	written();
	ck_assert_str_eq(out,
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP them\r\n"
		"To: <sip:a>;tag=1\r\nFrom: <sip:b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n\r\n");
}
END_TEST

#define AFTER_VIA "\r\nTo: <sip:a>\r\nFrom: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n"

START_TEST(the_source_of_a_request_is_stamped)
{
	static const struct {
		const char *via, *stamped;
	} rows[] = {
		{"192.0.2.9:5060", "192.0.2.9:5060"},
		{"192.0.2.8", "192.0.2.8;received=192.0.2.9"},
		{"h.example;branch=1", "h.example;branch=1;received=192.0.2.9"},
		{"192.0.2.9;rport;branch=1", "192.0.2.9;rport=77;branch=1;received=192.0.2.9"},
		{"192.0.2.9;branch=1;rport", "192.0.2.9;branch=1;rport=77;received=192.0.2.9"},
		{"192.0.2.8;received=10.0.0.1;x", "192.0.2.8;received=192.0.2.9;x"},
		{"192.0.2.8;rport=5060;received=10.0.0.1", "192.0.2.8;rport=77;received=192.0.2.9"},
		{"[2001:db8::1]", "[2001:db8::1];received=192.0.2.9"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512], expected[512];

		snprintf(text, sizeof(text),
			"BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP %s" AFTER_VIA "\r\n", rows[i].via);
		snprintf(expected, sizeof(expected),
			"BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP %s" AFTER_VIA "\r\n", rows[i].stamped);
		rescan(text);
		sip_splice_received(&s, str_lit("192.0.2.9"), 77);
		written();
		ck_assert_str_eq(out, expected);
	}
	rescan("BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP [2001:DB8:0::1]" AFTER_VIA "\r\n");
	sip_splice_received(&s, str_lit("2001:db8::1"), 77);
	written();
	ck_assert(!has("received"));
}
END_TEST

START_TEST(hops_are_counted_down)
{
	static const struct {
		const char *line, *becomes;
		int err;
	} rows[] = {
		{"Max-Forwards: 70\r\n", "Max-Forwards: 69\r\n\r\n", 0},
		{"Max-Forwards:  0010\r\n", "Max-Forwards:  9\r\n\r\n", 0},
		{"Max-Forwards: 1\r\n", "Max-Forwards: 0\r\n\r\n", 0},
		{"", "Max-Forwards: 70\r\n\r\n", 0},
		{"Max-Forwards: 0\r\n", "", EINVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			"BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP h" AFTER_VIA "%s\r\n", rows[i].line);
		rescan(text);
		sip_splice_max_forwards(&s, 70);
		ck_assert_int_eq(sip_splice_write(&s, out, sizeof(out) - 1, &len), rows[i].err);
		if (rows[i].err)
			continue;
		out[len] = '\0';
		ck_assert(has(rows[i].becomes));
	}
}
END_TEST

START_TEST(a_binary_body_is_not_touched)
{
	rig_free(&r);
	rig_scan(&r, rig_load("rfc4475/mpart01.dat"));
	sip_splice_init(&s, &r.m);
	sip_splice_append(&s, str_lit("X: 1\r\n"));
	written();
	ck_assert_uint_eq(r.m.body.len, 553);
	ck_assert_uint_eq(len, r.m.len + 6);
	ck_assert_mem_eq(out + len - r.m.body.len, r.m.body.p, r.m.body.len);
}
END_TEST

START_TEST(what_follows_the_message_is_left_behind)
{
	rig_free(&r);
	rig_scan(&r, rig_load("rfc4475/dblreq.dat"));
	sip_splice_init(&s, &r.m);
	written();
	ck_assert_uint_eq(len, r.m.len);
	ck_assert_ptr_null(strstr(out, "INVITE"));
}
END_TEST

START_TEST(no_room_is_an_error_at_every_size)
{
	char *small;
	size_t full;

	sip_splice_prepend(&s, str_lit("Via: SIP/2.0/UDP us;branch=z9hG4bKx\r\n"));
	sip_splice_append(&s, str_lit("X: 1\r\n"));
	written();
	full = len;
	for (size_t cap = 0; cap < full; cap++) {
		small = malloc(cap ? cap : 1);
		ck_assert_int_eq(sip_splice_write(&s, small, cap, &len), ENOBUFS);
		free(small);
	}
	small = malloc(full);
	ck_assert_int_eq(sip_splice_write(&s, small, full, &len), 0);
	ck_assert_mem_eq(small, out, full);
	free(small);
}
END_TEST

static int write_err(void)
{
	int err = sip_splice_write(&s, out, sizeof(out), &len);

	sip_splice_init(&s, &r.m);
	return err;
}

START_TEST(impossible_edits_are_refused)
{
	struct str ruri = r.m.ruri.all, beyond = {r.m.buf + r.m.len - 1, 2};

	sip_splice_replace(&s, ruri, str_lit("sip:x"));
	sip_splice_replace(&s, (struct str){ruri.p + 1, 1}, str_lit("y"));
	ck_assert_int_eq(write_err(), EINVAL);
	sip_splice_delete(&s, 3);
	sip_splice_delete(&s, 3);
	ck_assert_int_eq(write_err(), EINVAL);
	sip_splice_replace(&s, beyond, str_lit("y"));
	ck_assert_int_eq(write_err(), EINVAL);
	sip_splice_replace(&s, str_lit("elsewhere"), str_lit("y"));
	ck_assert_int_eq(write_err(), EINVAL);
	sip_splice_replace(&s, (struct str){NULL, 0}, str_lit("y"));
	ck_assert_int_eq(write_err(), EINVAL);
	sip_splice_delete(&s, -1);
	ck_assert_int_eq(write_err(), EINVAL);
	sip_splice_delete(&s, (int)r.m.header_count);
	ck_assert_int_eq(write_err(), EINVAL);
	sip_splice_delete_first_value(&s, -1);
	ck_assert_int_eq(write_err(), EINVAL);
	for (int i = 0; i <= SIP_EDITS_MAX; i++)
		sip_splice_append(&s, str_lit("X: 1\r\n"));
	ck_assert_int_eq(write_err(), E2BIG);
	for (int i = 0; i < SIP_EDITS_MAX; i++)
		sip_splice_append(&s, str_lit("X: 1\r\n"));
	ck_assert_int_eq(write_err(), 0);
}
END_TEST

START_TEST(an_address_too_long_is_refused)
{
	char ip[SIP_SPLICE_SCRATCH];

	memset(ip, '1', sizeof(ip));
	sip_splice_received(&s, (struct str){ip, sizeof(ip)}, 1);
	ck_assert_int_eq(write_err(), ENOBUFS);
}
END_TEST

START_TEST(a_via_that_cannot_be_read_is_not_stamped)
{
	rig_free(&r);
	rig_scan(&r, rig_load("rfc4475/badinv01.dat"));
	ck_assert_int_eq(r.v.kind, SIP_SCAN_REPLY);
	sip_splice_init(&s, &r.m);
	sip_splice_received(&s, str_lit("192.0.2.9"), 1);
	ck_assert_int_eq(write_err(), EINVAL);
}
END_TEST

START_TEST(deleting_all_of_none_is_nothing)
{
	sip_splice_delete_all(&s, SIP_HDR_DIVERSION);
	written();
	ck_assert_uint_eq(len, strlen(invite));
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("splice", setup, teardown, a_request_goes_through_a_proxy,
		without_edits_only_folds_change, folds_split_by_an_edit_are_undone_too,
		a_response_loses_its_top_via, the_source_of_a_request_is_stamped,
		hops_are_counted_down, a_binary_body_is_not_touched,
		what_follows_the_message_is_left_behind, no_room_is_an_error_at_every_size,
		impossible_edits_are_refused, an_address_too_long_is_refused,
		a_via_that_cannot_be_read_is_not_stamped, deleting_all_of_none_is_nothing);
}
