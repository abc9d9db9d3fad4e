/*
 * Registration hijack, shape by shape: user "pbx1" knows his password and wants the calls of "pbx2", or
 * more than he may. Each row is one REGISTER with a good nonce; whatever the answer, no binding may
 * appear that is not his own.
 */
#include "tests/core/suite.h"
#include "tests/sip/registrar_rig.h"

#define ANOTHER                                                                                    \
	"Authorization: Digest username=\"pbx1\",realm=\"elsewhere\",nonce=\"n\",uri=\"sip:x\","   \
	"response=\"00000000000000000000000000000000\",cnonce=\"c\",qop=auth,nc=00000001\r\n"

struct row {
	const char *name;
	unsigned code; /* 0: silence */
	struct req req; /* 200: binds the usual contact, and only that */
};

static const struct row rows[] = {
	/* what is right, for comparison */
	{"plain", 200, {.uri = NULL}},
	{"to with display and tag-less parameters", 200,
		{.to = "\"pbx2\" <sip:pbx1@trunk.example;user=phone>;x=y"}},
	{"to escaped once", 200, {.to = "<sip:%70%62x1@trunk.example>"}},
	{"to in another domain", 200, {.to = "<sip:pbx1@elsewhere.example>"}},
	{"to as sips", 200, {.to = "<sips:pbx1@trunk.example>"}},
	{"credentials for another realm beside ours", 200, {.extra = ANOTHER}},

	/* whose address of record */
	{"to names the other", 403, {.to = "<sip:pbx2@trunk.example>"}},
	{"to without user", 403, {.to = "<sip:trunk.example>"}},
	{"to in capitals", 403, {.to = "<sip:PBX1@trunk.example>"}},
	{"to with a trailing dot", 403, {.to = "<sip:pbx1.@trunk.example>"}},
	{"to with a plus", 403, {.to = "<sip:+pbx1@trunk.example>"}},
	{"to with %00", 400, {.to = "<sip:pbx1%00evil@trunk.example>"}},
	{"to with %00 alone", 400, {.to = "<sip:pbx1%00@trunk.example>"}},
	{"to with a bad escape", 400, {.to = "<sip:pbx1%zz@trunk.example>"}},
	{"to escaped twice", 403, {.to = "<sip:%2570bx1@trunk.example>"}},
	{"to with an escaped space", 403, {.to = "<sip:pbx1%20@trunk.example>"}},
	{"to with an escaped at sign", 403, {.to = "<sip:pbx1%40pbx2@trunk.example>"}},
	{"to in full-width digits", 400, {.to = "<sip:pbx\xef\xbc\x91@trunk.example>"}},
	{"to in full-width digits, escaped", 403, {.to = "<sip:pbx%EF%BC%91@trunk.example>"}},
	{"to with a combining letter, escaped", 403, {.to = "<sip:pbx1%CC%81@trunk.example>"}},
	{"to as tel", 400, {.to = "<tel:+14155550100>"}},
	{"to of an unknown scheme", 400, {.to = "<urn:pbx1>"}},
	{"to with a second to", 400, {.extra = "To: <sip:pbx2@trunk.example>\r\n"}},
	{"to with a second to, short", 400, {.extra = "t: <sip:pbx2@trunk.example>\r\n"}},

	/* whose credentials */
	{"the other's name, own password hash", 401, {.user = "pbx2", .pass = "mine"}},
	{"own name in capitals", 401, {.user = "PBX1"}},
	{"name with a backslash", 400, {.user = "pbx\\1"}},
	{"empty name", 400, {.user = ""}},
	{"wrong password", 401, {.pass = "guess"}},
	{"wrong password, SHA-256", 401, {.pass = "guess", .algorithm = DIGEST_SHA256}},
	{"another realm", 401, {.realm = "elsewhere"}},
	{"computed for INVITE", 401, {.method = "INVITE"}},
	{"computed for another uri", 400, {.digest_uri = "sip:elsewhere.example"}},
	{"computed for a user's uri", 400, {.digest_uri = "sip:pbx2@trunk.example"}},
	{"no nonce of ours", 401, {.nonce = "AAAAAAAAAAAAAAAAAAAAAAAA"}},
	{"nc far ahead", 401, {.nc = 1001}},
	{"username twice", 400, {.tail = ",username=\"pbx2\""}},
	{"uri twice", 400, {.tail = ",uri=\"sip:trunk.example\""}},
	{"two for our realm", 400,
		{.extra = "Authorization: Digest "
			  "username=\"pbx2\",realm=\"trunkguard\",nonce=\"n\","
			  "uri=\"sip:x\",response=\"00000000000000000000000000000000\",cnonce="
			  "\"c\","
			  "qop=auth,nc=00000001\r\n"}},
	{"no qop", 401,
		{.raw = "Authorization: Digest username=\"pbx1\",realm=\"trunkguard\",nonce=\"n\","
			"uri=\"sip:trunk.example\",response="
			"\"00000000000000000000000000000000\"\r\n"}},
	{"unknown scheme", 401, {.raw = "Authorization: NoOneKnows a=b\r\n"}},
	{"Basic", 401, {.raw = "Authorization: Basic cGJ4MTpUcjBtYm9uZSE=\r\n"}},
	{"Proxy-Authorization only", 401,
		{.raw = "Proxy-Authorization: Digest username=\"pbx1\",realm=\"trunkguard\"\r\n"}},
	{"response empty", 400,
		{.raw = "Authorization: Digest username=\"pbx1\",realm=\"trunkguard\",nonce=\"n\","
			"uri=\"sip:trunk.example\",response=\"\",cnonce=\"c\",qop=auth,"
			"nc=00000001\r\n"}},

	/* contacts */
	{"contact as tel", 400, {.contact = "Contact: <tel:+14155550100>\r\n"}},
	{"contact as sips", 400, {.contact = "Contact: <sips:pbx1@192.0.2.1>\r\n"}},
	{"contact as mailto", 400, {.contact = "Contact: <mailto:a@b>\r\n"}},
	{"contact with ? and no brackets", 400,
		{.contact = "Contact: sip:pbx1@192.0.2.1?Route=%3Csip:x%3E\r\n"}},
	{"contact with %00", 400, {.contact = "Contact: <sip:pbx1%00@192.0.2.1>\r\n"}},
	{"contact with an escaped line end", 400,
		{.contact = "Contact: <sip:pbx1%0d%0aRoute:x@192.0.2.1>\r\n"}},
	{"contact with a control octet", 400, {.contact = "Contact: <sip:pbx1\x01@192.0.2.1>\r\n"}},
	{"contact with port 70000", 400, {.contact = "Contact: <sip:pbx1@192.0.2.1:70000>\r\n"}},
	{"contact with bare IPv6", 400, {.contact = "Contact: <sip:pbx1@2001:db8::1>\r\n"}},
	{"contact without host", 400, {.contact = "Contact: <sip:pbx1@>\r\n"}},
	{"contact empty", 400, {.contact = "Contact: \r\n"}},
	{"contact with q of 2", 400, {.contact = "Contact: <sip:pbx1@192.0.2.1>;q=2\r\n"}},
	{"contact with q of 1.5", 400, {.contact = "Contact: <sip:pbx1@192.0.2.1>;q=1.5\r\n"}},
	{"contact with q in words", 400, {.contact = "Contact: <sip:pbx1@192.0.2.1>;q=high\r\n"}},
	{"star without expires", 400, {.contact = "Contact: *\r\n"}},
	{"star with expires 60", 400, {.contact = "Contact: *\r\n", .extra = "Expires: 60\r\n"}},
	{"star with expires as parameter", 400, {.contact = "Contact: *;expires=0\r\n"}},
	{"star beside a contact", 400,
		{.contact = "Contact: *\r\nContact: <sip:pbx1@192.0.2.1>\r\n",
			.extra = "Expires: 0\r\n"}},
	{"star and more", 400, {.contact = "Contact: *evil\r\n", .extra = "Expires: 0\r\n"}},
	{"expires twice", 400, {.extra = "Expires: 60\r\nExpires: 0\r\n"}},
	{"path to nowhere", 400, {.extra = "Path: <tel:+1415>\r\nSupported: path\r\n"}},
	{"path with headers", 400, {.extra = "Path: <sip:x;lr?Route=y>\r\nSupported: path\r\n"}},
};

START_TEST(no_foreign_binding)
{
	const struct row *row = &rows[_i];
	unsigned code;

	CHALLENGE();
	code = ask(&row->req, 0);
	ck_assert_msg(code == row->code, "%s: %u %s", row->name, code, reply_text);
	ck_assert_str_eq(contacts(SIP2), "");
	ck_assert_str_eq(contacts(SIP1), row->code == 200 ? "sip:pbx1@192.0.2.1:5060" : "");
}
END_TEST

START_TEST(escaped_headers_of_a_contact_are_left_out)
{
	CHALLENGE();
	ck_assert_uint_eq(
		ASK(.contact = "Contact: <sip:pbx1@192.0.2.1?Route=%3Csip:evil.example%3E>\r\n"),
		200);
	ck_assert_str_eq(contacts(SIP1), "sip:pbx1@192.0.2.1");
}
END_TEST

START_TEST(lengths_have_limits)
{
	char contact[800], call_id[400], path[1400];

	memset(contact, 0, sizeof(contact));
	strcpy(contact, "Contact: <sip:");
	memset(contact + strlen(contact), 'a', BINDING_CONTACT_MAX - 3);
	strcat(contact, "@192.0.2.1>\r\n");
	CHALLENGE();
	ck_assert_uint_eq(ASK(.contact = contact), 400);
	memset(call_id, 'c', sizeof(call_id));
	call_id[BINDING_CALL_ID_MAX + 1] = '\0';
	ck_assert_uint_eq(ASK(.call_id = call_id, .nc = 2), 400);
	memset(path, 0, sizeof(path));
	strcpy(path, "Supported: path\r\nPath: <sip:");
	memset(path + strlen(path), 'p', BINDING_PATH_MAX);
	strcat(path, "@edge.example;lr>\r\n");
	ck_assert_uint_eq(ASK(.extra = path, .nc = 3), 400);
	ck_assert_str_eq(contacts(SIP1), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("registrar_matrix");
	TCase *tc = tcase_create("shapes");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(tc, registrar_setup, registrar_teardown);
	tcase_add_loop_test(tc, no_foreign_binding, 0, sizeof(rows) / sizeof(*rows));
	tcase_add_test(tc, escaped_headers_of_a_contact_are_left_out);
	tcase_add_test(tc, lengths_have_limits);
	suite_add_tcase(s, tc);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
