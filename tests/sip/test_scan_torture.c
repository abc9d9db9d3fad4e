/* The messages of RFC 4475 and RFC 5118, each with its verdict; index.tsv beside them says why. */
#include "tests/sip/scan_rig.h"

static const struct {
	const char *name, *word;
	enum sip_verdict_kind kind;
	unsigned code;
} verdicts[] = {
	{"wsinv", "ok", SIP_SCAN_OK, 0},
	{"intmeth", "ok", SIP_SCAN_OK, 0},
	{"esc01", "ok", SIP_SCAN_OK, 0},
	{"escnull", "to", SIP_SCAN_REPLY, 400},
	{"esc02", "ok", SIP_SCAN_OK, 0},
	{"lwsdisp", "ok", SIP_SCAN_OK, 0},
	{"longreq", "ok", SIP_SCAN_OK, 0},
	{"dblreq", "ok", SIP_SCAN_OK, 0},
	{"semiuri", "ok", SIP_SCAN_OK, 0},
	{"transports", "ok", SIP_SCAN_OK, 0},
	{"mpart01", "ok", SIP_SCAN_OK, 0},
	{"unreason", "ok", SIP_SCAN_OK, 0},
	{"noreason", "ok", SIP_SCAN_OK, 0},
	{"badinv01", "via", SIP_SCAN_REPLY, 400},
	{"clerr", "content_length", SIP_SCAN_REPLY, 400},
	{"ncl", "content_length", SIP_SCAN_REPLY, 400},
	{"scalar02", "cseq", SIP_SCAN_REPLY, 400},
	{"scalarlg", "cseq", SIP_SCAN_DROP, 0},
	{"quotbal", "to", SIP_SCAN_REPLY, 400},
	{"ltgtruri", "request_uri", SIP_SCAN_REPLY, 400},
	{"lwsruri", "start_line", SIP_SCAN_REPLY, 400},
	{"lwsstart", "start_line", SIP_SCAN_REPLY, 400},
	{"trws", "start_line", SIP_SCAN_REPLY, 400},
	{"escruri", "request_uri", SIP_SCAN_REPLY, 400},
	{"baddate", "ok", SIP_SCAN_OK, 0},
	{"regbadct", "contact", SIP_SCAN_REPLY, 400},
	{"badaspec", "to", SIP_SCAN_REPLY, 400},
	{"baddn", "from", SIP_SCAN_REPLY, 400},
	{"baddn_terminated", "from", SIP_SCAN_REPLY, 400},
	{"badvers", "version", SIP_SCAN_REPLY, 505},
	{"mismatch01", "cseq_mismatch", SIP_SCAN_REPLY, 400},
	{"mismatch02", "cseq_mismatch", SIP_SCAN_REPLY, 400},
	{"bigcode", "status_line", SIP_SCAN_DROP, 0},
	{"badbranch", "branch", SIP_SCAN_REPLY, 400},
	{"insuf", "missing_header", SIP_SCAN_REPLY, 400},
	{"unkscm", "scheme", SIP_SCAN_REPLY, 416},
	{"novelsc", "scheme", SIP_SCAN_REPLY, 416},
	{"unksm2", "ok", SIP_SCAN_OK, 0},
	{"bext01", "ok", SIP_SCAN_OK, 0},
	{"invut", "ok", SIP_SCAN_OK, 0},
	{"regaut01", "ok", SIP_SCAN_OK, 0},
	{"multi01", "duplicate_header", SIP_SCAN_REPLY, 400},
	{"mcl01", "duplicate_header", SIP_SCAN_REPLY, 400},
	{"bcast", "via_address", SIP_SCAN_DROP, 0},
	{"zeromf", "ok", SIP_SCAN_OK, 0},
	{"cparam01", "ok", SIP_SCAN_OK, 0},
	{"cparam02", "ok", SIP_SCAN_OK, 0},
	{"regescrt", "ok", SIP_SCAN_OK, 0},
	{"sdp01", "ok", SIP_SCAN_OK, 0},
	{"inv2543", "ok", SIP_SCAN_OK, 0},
	{"test", "start_line", SIP_SCAN_DROP, 0},
	{"ipv6-good", "ok", SIP_SCAN_OK, 0},
	{"ipv6-bad", "request_uri", SIP_SCAN_REPLY, 400},
	{"port-ambiguous", "ok", SIP_SCAN_OK, 0},
	{"port-unambiguous", "ok", SIP_SCAN_OK, 0},
	{"via-received-param-with-delim", "ok", SIP_SCAN_OK, 0},
	{"via-received-param-no-delim", "ok", SIP_SCAN_OK, 0},
	{"ipv6-in-sdp", "ok", SIP_SCAN_OK, 0},
	{"mult-ip-in-header", "ok", SIP_SCAN_OK, 0},
	{"mult-ip-in-sdp", "ok", SIP_SCAN_OK, 0},
	{"ipv4-mapped-ipv6", "ok", SIP_SCAN_OK, 0},
	{"ipv6-bug-abnf-3-colons", "ok", SIP_SCAN_OK, 0},
	{"ipv6-correct-abnf-2-colons", "ok", SIP_SCAN_OK, 0},
};

#define VERDICTS (sizeof(verdicts) / sizeof(verdicts[0]))

static struct rig r;

static void teardown(void)
{
	rig_free(&r);
}

static void load(const char *file)
{
	rig_free(&r);
	rig_scan(&r, rig_load(file));
}

static bool eq(struct str s, const char *text)
{
	return str_eq(s, str_of(text));
}

static unsigned verdict_row(const char *name)
{
	for (unsigned i = 0; i < VERDICTS; i++) {
		if (strcmp(verdicts[i].name, name) == 0)
			return i;
	}
	ck_abort_msg("%s of index.tsv has no verdict here", name);
}

START_TEST(every_message_of_the_index_gets_its_verdict)
{
	FILE *f = fopen(TORTURE "index.tsv", "r");
	char line[1024];
	unsigned count = 0;

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f)) {
		char *rest = line, *name = strsep(&rest, "\t"), *file = strsep(&rest, "\t");
		unsigned i = verdict_row(name);

		load(file);
		ck_assert_msg(r.v.kind == verdicts[i].kind && r.v.code == verdicts[i].code &&
				      strcmp(r.v.word, verdicts[i].word) == 0,
			"%s: kind %d, %u, %s", name, r.v.kind, r.v.code, r.v.word);
		count++;
	}
	fclose(f);
	ck_assert_uint_eq(count, VERDICTS);
}
END_TEST

START_TEST(white_space_and_folds_are_seen_through)
{
	load("rfc4475/wsinv.dat");
	ck_assert(r.m.folded);
	ck_assert_uint_eq(r.m.cseq, 9);
	ck_assert_int_eq(r.m.max_forwards, 68);
	ck_assert(eq(r.m.from.tag, "98asjd8"));
	ck_assert(eq(r.m.to.tag, "1918181833n"));
	ck_assert(eq(r.m.from.display, "\"J Rosenberg \\\\\\\"\""));
	ck_assert(eq(r.m.via.host, "192.0.2.2"));
	ck_assert(eq(r.m.via.branch, "390skdjuw"));
	ck_assert_uint_eq(r.m.via_count, 3);
	ck_assert_uint_eq(r.m.route_count, 1);
	ck_assert_uint_eq(r.m.body.len, 150);
}
END_TEST

START_TEST(odd_but_legal_characters_stay_where_they_are)
{
	load("rfc4475/intmeth.dat");
	ck_assert_int_eq(r.m.method, SIP_METHOD_OTHER);
	ck_assert(eq(r.m.ruri.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
	ck_assert(eq(r.m.ruri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"));
	ck_assert(memchr(r.m.to.display.p, '\0', r.m.to.display.len) != NULL);
	ck_assert(eq(r.m.from.tag, "_token~1'+`*%!-."));

	load("rfc4475/semiuri.dat");
	ck_assert(eq(r.m.ruri.user, "user;par=u%40example.net"));
	ck_assert(eq(r.m.ruri.host, "example.com"));
}
END_TEST

START_TEST(names_are_compared_without_unescaping)
{
	load("rfc4475/esc02.dat");
	ck_assert_uint_eq(r.m.contact_count, 2);
	ck_assert(eq(r.m.method_name, "RE%47IST%45R"));
	ck_assert_int_eq(r.m.method, SIP_METHOD_OTHER);
}
END_TEST

START_TEST(octets_behind_the_message_are_not_part_of_it)
{
	load("rfc4475/dblreq.dat");
	ck_assert_int_eq(r.m.method, SIP_REGISTER);
	ck_assert_uint_lt(r.m.len, r.len);
	ck_assert_uint_eq(r.m.body.len, 0);
	ck_assert_mem_eq(r.m.buf + r.m.len - 4, "\r\n\r\n", 4);
}
END_TEST

START_TEST(parameters_belong_where_they_stand)
{
	struct str value;
	struct sip_param p;

	load("rfc4475/cparam01.dat");
	ck_assert(sip_param_get(r.m.contact.params, str_lit("unknownparam"), &p));
	ck_assert(str_empty(r.m.contact.uri.params));
	load("rfc4475/cparam02.dat");
	ck_assert(sip_uri_param(&r.m.contact.uri, str_lit("unknownparam"), &value));
	ck_assert(str_empty(r.m.contact.params));
	load("rfc4475/regescrt.dat");
	ck_assert(eq(r.m.contact.uri.headers, "Route=%3Csip:sip.example.com%3E"));
}
END_TEST

START_TEST(rfc2543_leaves_out_branch_and_tag)
{
	load("rfc4475/inv2543.dat");
	ck_assert(str_empty(r.m.via.branch));
	ck_assert(!sip_via_is_rfc3261(&r.m.via));
	ck_assert(str_empty(r.m.from.tag));
	ck_assert_int_eq(r.m.max_forwards, -1);
	ck_assert(!r.m.from.uri.host_ipv6);
	ck_assert(eq(r.m.from.uri.params, ";user=phone"));
	/* Without brackets the parameter is the header's. */
	ck_assert(str_empty(r.m.to.uri.params));
	ck_assert(eq(r.m.to.params, ";user=phone"));
	ck_assert_uint_gt(r.m.body.len, 100);
}
END_TEST

START_TEST(ipv6_is_read_in_brackets_only)
{
	load("rfc5118/port-ambiguous.dat");
	ck_assert(r.m.ruri.host_ipv6);
	ck_assert(eq(r.m.ruri.host, "2001:db8::10:5070"));
	ck_assert_uint_eq(r.m.ruri.port, 0);
	load("rfc5118/port-unambiguous.dat");
	ck_assert(eq(r.m.ruri.host, "2001:db8::10"));
	ck_assert_uint_eq(r.m.ruri.port, 5070);
	load("rfc5118/via-received-param-with-delim.dat");
	ck_assert(eq(r.m.via.received, "[2001:db8::9:255]"));
	load("rfc5118/via-received-param-no-delim.dat");
	ck_assert(eq(r.m.via.received, "2001:db8::9:255"));
	load("rfc5118/mult-ip-in-header.dat");
	ck_assert_uint_eq(r.m.via_count, 3);
}
END_TEST

START_TEST(a_long_request_fits)
{
	load("rfc4475/longreq.dat");
	ck_assert_uint_eq(r.m.via_count, 34);
	ck_assert(eq(r.m.via.host, "sip33.example.com"));
	ck_assert_uint_eq(r.m.body.len, 150);
}
END_TEST

START_TEST(other_schemes_are_told_apart)
{
	load("rfc4475/unksm2.dat");
	ck_assert_int_eq(r.m.to.uri.scheme, SIP_SCHEME_OTHER);
	ck_assert(eq(r.m.to.uri.all, "isbn:2983792873"));
	ck_assert(eq(r.m.contact.uri.all, "name:John_Smith"));
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("scan_torture", NULL, teardown,
		every_message_of_the_index_gets_its_verdict, white_space_and_folds_are_seen_through,
		odd_but_legal_characters_stay_where_they_are, names_are_compared_without_unescaping,
		octets_behind_the_message_are_not_part_of_it, parameters_belong_where_they_stand,
		rfc2543_leaves_out_branch_and_tag, ipv6_is_read_in_brackets_only,
		a_long_request_fits, other_schemes_are_told_apart);
}
