/* Responses: exact text, bad requests, and libosip2 as the reader of all of them. */
#include <errno.h>
#include <osipparser2/osip_parser.h>

#include "sip/sip_build.h"
#include "tests/sip/scan_rig.h"

static const char invite[] = "INVITE sip:bob@192.0.2.10 SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;rport\r\n"
			     "Max-Forwards: 70\r\n"
			     "Record-Route: <sip:p1.example;lr>\r\n"
			     "v: SIP/2.0/UDP b.example\r\n"
			     "Timestamp: 54\r\n"
			     "t: <sip:bob@192.0.2.10>\r\n"
			     "From: Alice\r\n\t<sip:alice@a.example>;tag=1\r\n"
			     "Call-ID: a84b4c76e66710\r\n"
			     "CSeq: 314159 INVITE\r\n"
			     "User-Agent: x\r\n"
			     "\r\n";

static struct rig r;
static struct sip_reply reply;
static char out[RIG_ROOM];
static size_t len;

static void setup(void)
{
	rig_scan(&r, str_of(invite));
	ck_assert_str_eq(r.v.word, "ok");
	reply = (struct sip_reply){
		.code = 486,
		.reason = str_lit("Busy Here"),
		.to_tag = str_lit("tg-1"),
		.source_ip = str_lit("192.0.2.7"),
		.source_port = 5066,
	};
}

static void teardown(void)
{
	rig_free(&r);
}

static void rescan(struct str text)
{
	rig_free(&r);
	rig_scan(&r, text);
}

static int write_reply(void)
{
	int err = sip_reply_write(&r.m, &reply, out, sizeof(out) - 1, &len);

	out[err ? 0 : len] = '\0';
	return err;
}

START_TEST(a_final_response)
{
	ck_assert_int_eq(write_reply(), 0);
	ck_assert_str_eq(out,
		"SIP/2.0 486 Busy Here\r\n"
		"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;rport=5066;received=192.0.2.7\r\n"
		"v: SIP/2.0/UDP b.example\r\n"
		"t: <sip:bob@192.0.2.10>;tag=tg-1\r\n"
		"From: Alice  \t<sip:alice@a.example>;tag=1\r\n"
		"Call-ID: a84b4c76e66710\r\n"
		"CSeq: 314159 INVITE\r\n"
		"Content-Length: 0\r\n"
		"\r\n");
}
END_TEST

START_TEST(a_tight_one_says_the_same_in_fewer_octets)
{
	reply.tight = true;
	ck_assert_int_eq(write_reply(), 0);
	ck_assert_str_eq(out, "SIP/2.0 486 \r\n"
			      "v:SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;rport=5066\r\n"
			      "v:SIP/2.0/UDP b.example\r\n"
			      "t:<sip:bob@192.0.2.10>;tag=tg-1\r\n"
			      "f:Alice  \t<sip:alice@a.example>;tag=1\r\n"
			      "i:a84b4c76e66710\r\n"
			      "CSeq:314159 INVITE\r\n"
			      "\r\n");
}
END_TEST

START_TEST(trying_has_a_timestamp_and_no_tag)
{
	reply.code = 100;
	reply.reason = str_lit("Trying");
	reply.to_tag = (struct str){NULL, 0};
	ck_assert_int_eq(write_reply(), 0);
	ck_assert_ptr_nonnull(strstr(out, "\r\nTimestamp: 54\r\n"));
	ck_assert_ptr_nonnull(strstr(out, "\r\nt: <sip:bob@192.0.2.10>\r\n"));
	ck_assert_ptr_null(strstr(out, "Record-Route"));
}
END_TEST

START_TEST(a_dialog_is_made_with_record_route_and_extra_lines)
{
	reply.record_route = true;
	reply.extra = str_lit("Contact: <sip:us>\r\nRetry-After: 5\r\n");
	ck_assert_int_eq(write_reply(), 0);
	ck_assert_ptr_nonnull(strstr(out, "\r\nRecord-Route: <sip:p1.example;lr>\r\n"));
	ck_assert_ptr_nonnull(strstr(
		out, "\r\nContact: <sip:us>\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"));
}
END_TEST

START_TEST(a_tag_that_is_there_is_kept)
{
	rescan(str_lit(
		"BYE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: sip:a;tag=x\r\n"
		"From: sip:b;tag=y\r\nCall-ID: 1\r\nCSeq: 1 BYE\r\n\r\n"));
	ck_assert_int_eq(write_reply(), 0);
	ck_assert_ptr_nonnull(strstr(out, "\r\nTo: sip:a;tag=x\r\n"));
	ck_assert_ptr_null(strstr(out, "tg-1"));
}
END_TEST

START_TEST(a_bad_request_is_answered_with_what_it_has)
{
	rescan(str_lit("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		       "no colon\r\nTo: \"x <sip:a>\r\nTo: <sip:b>\r\nX: a\1b\r\nFrom: "
		       "a\1b\r\nCSeq: 1 BYE\r\n"
		       "Call-ID: 1\r\nCall-ID: 2\r\nVia"));
	ck_assert_int_eq(r.v.kind, SIP_SCAN_REPLY);
	ck_assert_int_eq(write_reply(), 0);
	ck_assert_str_eq(out, "SIP/2.0 486 Busy Here\r\n"
			      "Via: SIP/2.0/UDP h;branch=z9hG4bK1;received=192.0.2.7\r\n"
			      "To: \"x <sip:a>\r\n"
			      "CSeq: 1 BYE\r\n"
			      "Call-ID: 1\r\n"
			      "Content-Length: 0\r\n"
			      "\r\n");
}
END_TEST

START_TEST(what_cannot_be_answered)
{
	rescan(str_lit("OPTIONS sip:a SIP/2.0\r\nTo: <sip:a>\r\nFrom: <sip:b>\r\nCall-ID: 1\r\n"
		       "CSeq: 1 OPTIONS\r\n\r\n"));
	ck_assert_int_eq(r.v.kind, SIP_SCAN_DROP);
	ck_assert_int_eq(write_reply(), ENOENT);
	rescan(str_lit("ACK sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:a>\r\n"
		       "From: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 ACK\r\n\r\n"));
	ck_assert_str_eq(r.v.word, "ok");
	ck_assert_int_eq(write_reply(), EINVAL);
	rescan(rig_load("rfc4475/unreason.dat"));
	ck_assert_str_eq(r.v.word, "ok");
	ck_assert_int_eq(write_reply(), EINVAL);
	rescan(str_lit("\r\n"));
	ck_assert_int_eq(write_reply(), EINVAL);
}
END_TEST

START_TEST(what_would_break_a_response_is_refused)
{
	static const struct {
		unsigned code;
		struct str reason, tag;
	} rows[] = {
		{99, STR("Low"), STR("t")},
		{700, STR("High"), STR("t")},
		{200, STR("OK\r\nX: 1"), STR("t")},
		{200, STR("OK\0"), STR("t")},
		{200, STR("OK"), STR("t\r\n")},
		{200, STR("OK"), STR("t;x")},
		{200, STR("OK"), STR("t t")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reply.code = rows[i].code;
		reply.reason = rows[i].reason;
		reply.to_tag = rows[i].tag;
		ck_assert_int_eq(write_reply(), EINVAL);
	}
}
END_TEST

START_TEST(no_room_is_an_error_at_every_size)
{
	char longest[200];
	size_t full;

	ck_assert_int_eq(write_reply(), 0);
	full = len;
	for (size_t cap = 0; cap < full; cap++) {
		char *small = malloc(cap ? cap : 1);

		ck_assert_int_eq(sip_reply_write(&r.m, &reply, small, cap, &len), ENOBUFS);
		free(small);
	}
	memset(longest, 'a', sizeof(longest));
	reply.to_tag = (struct str){longest, sizeof(longest)};
	ck_assert_int_eq(write_reply(), ENOBUFS);
	reply.to_tag = str_lit("t");
	reply.reason = (struct str){longest, sizeof(longest)};
	ck_assert_int_eq(write_reply(), ENOBUFS);
}
END_TEST

static void quiet(
	const char *file_name, int line, osip_trace_level_t level, const char *format, va_list args)
{
	(void)file_name;
	(void)line;
	(void)level;
	(void)format;
	(void)args;
}

static void osip_reads_the_reply_to(const char *name)
{
	osip_message_t *msg;

	rescan(rig_load(name));
	if (r.v.kind == SIP_SCAN_DROP || !r.m.request)
		return;
	reply.code = r.v.code ? r.v.code : 200;
	ck_assert_msg(write_reply() == 0, "%s", name);
	ck_assert_int_eq(osip_message_init(&msg), 0);
	/* A To that libosip2 could not read in the request it cannot read in the response; one NUL
	 * is legal and beyond it. */
	if (!strstr(name, "quotbal") && !strstr(name, "badaspec") && !strstr(name, "baddn") &&
		!strstr(name, "badinv01") && !strstr(name, "intmeth")) {
		ck_assert_msg(osip_message_parse(msg, out, len) == 0, "%s\n%s", name, out);
		ck_assert_uint_eq((unsigned)msg->status_code, reply.code);
		if (r.v.kind == SIP_SCAN_OK) {
			ck_assert_int_eq(osip_list_size(&msg->vias), (int)r.m.via_count);
			ck_assert(str_eq(str_of(msg->cseq->method), r.m.method_name));
		}
		ck_assert_int_eq(osip_list_size(&msg->bodies), 0);
	}
	osip_message_free(msg);
}

START_TEST(libosip2_reads_the_reply_to_every_torture_message)
{
	osip_trace_initialize_func(TRACE_LEVEL0, quiet);
	parser_init();
	rig_each_file(osip_reads_the_reply_to);
}
END_TEST

START_TEST(text_is_built_and_checked_once)
{
	struct sip_build b;
	char text[40];

	sip_build_init(&b, text, sizeof(text));
	sip_build_u32(&b, 0);
	sip_build_lit(&b, " ");
	sip_build_u32(&b, UINT32_MAX);
	sip_build_header(&b, str_lit("X"), str_lit("y"));
	ck_assert_int_eq(b.err, 0);
	ck_assert(str_eq(sip_build_since(&b, 0), str_lit("0 4294967295X: y\r\n")));
	ck_assert(str_eq(sip_build_since(&b, 12), str_lit("X: y\r\n")));
	sip_build_header(&b, str_lit("Longer"), str_lit("than what is left"));
	ck_assert_int_eq(b.err, ENOBUFS);
	ck_assert(str_empty(sip_build_since(&b, 0)));
	sip_build_lit(&b, "");
	ck_assert_int_eq(b.err, ENOBUFS);
}
END_TEST

START_TEST(a_value_cannot_break_its_line)
{
	static const struct str bad[] = {STR("a\r"), STR("a\n"), STR("a\0"), STR("\r\nX: 1")};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sip_build b;
		char text[64];

		sip_build_init(&b, text, sizeof(text));
		sip_build_header(&b, str_lit("X"), bad[i]);
		ck_assert_int_eq(b.err, EINVAL);
		sip_build_init(&b, text, sizeof(text));
		sip_build_header(&b, bad[i], str_lit("x"));
		ck_assert_int_eq(b.err, EINVAL);
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("reply", setup, teardown, a_final_response,
		a_tight_one_says_the_same_in_fewer_octets, trying_has_a_timestamp_and_no_tag,
		a_dialog_is_made_with_record_route_and_extra_lines, a_tag_that_is_there_is_kept,
		a_bad_request_is_answered_with_what_it_has, what_cannot_be_answered,
		what_would_break_a_response_is_refused, no_room_is_an_error_at_every_size,
		libosip2_reads_the_reply_to_every_torture_message, text_is_built_and_checked_once,
		a_value_cannot_break_its_line);
}
