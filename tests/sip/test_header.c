/* Names of headers and methods, faults and their words: each table against itself. */
#include <ctype.h>

#include "sip/header.h"
#include "sip/method.h"
#include "sip/verdict.h"
#include "tests/core/suite.h"

/* clang-format off */
static const char *const names[SIP_HDR_COUNT] = {
	[SIP_HDR_ACCEPT_CONTACT] = "Accept-Contact",
	[SIP_HDR_ALLOW] = "Allow",
	[SIP_HDR_ALLOW_EVENTS] = "Allow-Events",
	[SIP_HDR_AUTHORIZATION] = "Authorization",
	[SIP_HDR_CALL_ID] = "Call-ID",
	[SIP_HDR_CONTACT] = "Contact",
	[SIP_HDR_CONTENT_ENCODING] = "Content-Encoding",
	[SIP_HDR_CONTENT_LENGTH] = "Content-Length",
	[SIP_HDR_CONTENT_TYPE] = "Content-Type",
	[SIP_HDR_CSEQ] = "CSeq",
	[SIP_HDR_DIVERSION] = "Diversion",
	[SIP_HDR_EVENT] = "Event",
	[SIP_HDR_EXPIRES] = "Expires",
	[SIP_HDR_FROM] = "From",
	[SIP_HDR_HISTORY_INFO] = "History-Info",
	[SIP_HDR_IDENTITY] = "Identity",
	[SIP_HDR_IDENTITY_INFO] = "Identity-Info",
	[SIP_HDR_MAX_BREADTH] = "Max-Breadth",
	[SIP_HDR_MAX_FORWARDS] = "Max-Forwards",
	[SIP_HDR_MIN_EXPIRES] = "Min-Expires",
	[SIP_HDR_MIN_SE] = "Min-SE",
	[SIP_HDR_PATH] = "Path",
	[SIP_HDR_PRIVACY] = "Privacy",
	[SIP_HDR_PROXY_AUTHENTICATE] = "Proxy-Authenticate",
	[SIP_HDR_PROXY_AUTHORIZATION] = "Proxy-Authorization",
	[SIP_HDR_PROXY_REQUIRE] = "Proxy-Require",
	[SIP_HDR_P_ASSERTED_IDENTITY] = "P-Asserted-Identity",
	[SIP_HDR_P_PREFERRED_IDENTITY] = "P-Preferred-Identity",
	[SIP_HDR_RACK] = "RAck",
	[SIP_HDR_REASON] = "Reason",
	[SIP_HDR_RECORD_ROUTE] = "Record-Route",
	[SIP_HDR_REFERRED_BY] = "Referred-By",
	[SIP_HDR_REFER_TO] = "Refer-To",
	[SIP_HDR_REJECT_CONTACT] = "Reject-Contact",
	[SIP_HDR_REMOTE_PARTY_ID] = "Remote-Party-ID",
	[SIP_HDR_REPLACES] = "Replaces",
	[SIP_HDR_REQUEST_DISPOSITION] = "Request-Disposition",
	[SIP_HDR_REQUIRE] = "Require",
	[SIP_HDR_RETRY_AFTER] = "Retry-After",
	[SIP_HDR_ROUTE] = "Route",
	[SIP_HDR_RSEQ] = "RSeq",
	[SIP_HDR_SERVER] = "Server",
	[SIP_HDR_SERVICE_ROUTE] = "Service-Route",
	[SIP_HDR_SESSION_EXPIRES] = "Session-Expires",
	[SIP_HDR_SUBJECT] = "Subject",
	[SIP_HDR_SUPPORTED] = "Supported",
	[SIP_HDR_TIMESTAMP] = "Timestamp",
	[SIP_HDR_TO] = "To",
	[SIP_HDR_UNSUPPORTED] = "Unsupported",
	[SIP_HDR_USER_AGENT] = "User-Agent",
	[SIP_HDR_VIA] = "Via",
	[SIP_HDR_WARNING] = "Warning",
	[SIP_HDR_WWW_AUTHENTICATE] = "WWW-Authenticate",
};
/* clang-format on */

START_TEST(every_name_is_found_in_any_case)
{
	for (int id = SIP_HDR_OTHER + 1; id < SIP_HDR_COUNT; id++) {
		struct str name = str_of(names[id]);
		char text[64];

		ck_assert_uint_gt(name.len, 1);
		ck_assert_int_eq(sip_hdr_of(name), id);
		for (size_t i = 0; i < name.len; i++)
			text[i] = (char)toupper(name.p[i]);
		ck_assert_int_eq(sip_hdr_of((struct str){text, name.len}), id);
		for (size_t i = 0; i < name.len; i++)
			text[i] = (char)tolower(name.p[i]);
		ck_assert_int_eq(sip_hdr_of((struct str){text, name.len}), id);
	}
}
END_TEST

START_TEST(no_other_letter_is_taken_for_a_name)
{
	for (int id = SIP_HDR_OTHER + 1; id < SIP_HDR_COUNT; id++) {
		struct str name = str_of(names[id]);
		char text[64];

		for (size_t i = 0; i < name.len; i++) {
			for (int c = 0; c < 256; c++) {
				memcpy(text, name.p, name.len);
				text[i] = (char)c;
				/* CR is kept off by the caller, see header.h. */
				if (c == '\r' || tolower(c) == tolower(name.p[i]))
					continue;
				ck_assert_int_ne(sip_hdr_of((struct str){text, name.len}), id);
			}
		}
		if (name.len > 2) /* "T" is "To" in short */
			ck_assert_int_ne(sip_hdr_of((struct str){name.p, name.len - 1}), id);
	}
}
END_TEST

START_TEST(compact_forms)
{
	static const struct {
		char letter;
		enum sip_hdr id;
	} rows[] = {{'a', SIP_HDR_ACCEPT_CONTACT}, {'b', SIP_HDR_REFERRED_BY},
		{'c', SIP_HDR_CONTENT_TYPE}, {'d', SIP_HDR_REQUEST_DISPOSITION},
		{'e', SIP_HDR_CONTENT_ENCODING}, {'f', SIP_HDR_FROM}, {'g', SIP_HDR_OTHER},
		{'h', SIP_HDR_OTHER}, {'i', SIP_HDR_CALL_ID}, {'j', SIP_HDR_REJECT_CONTACT},
		{'k', SIP_HDR_SUPPORTED}, {'l', SIP_HDR_CONTENT_LENGTH}, {'m', SIP_HDR_CONTACT},
		{'n', SIP_HDR_IDENTITY_INFO}, {'o', SIP_HDR_EVENT}, {'p', SIP_HDR_OTHER},
		{'q', SIP_HDR_OTHER}, {'r', SIP_HDR_REFER_TO}, {'s', SIP_HDR_SUBJECT},
		{'t', SIP_HDR_TO}, {'u', SIP_HDR_ALLOW_EVENTS}, {'v', SIP_HDR_VIA},
		{'w', SIP_HDR_OTHER}, {'x', SIP_HDR_SESSION_EXPIRES}, {'y', SIP_HDR_IDENTITY},
		{'z', SIP_HDR_OTHER}, {'0', SIP_HDR_OTHER}, {'@', SIP_HDR_OTHER},
		{'~', SIP_HDR_OTHER}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char upper = (char)toupper(rows[i].letter);

		ck_assert_int_eq(sip_hdr_of((struct str){&rows[i].letter, 1}), rows[i].id);
		ck_assert_int_eq(sip_hdr_of((struct str){&upper, 1}), rows[i].id);
	}
	ck_assert_int_eq(sip_hdr_of(str_lit("")), SIP_HDR_OTHER);
	ck_assert_int_eq(sip_hdr_of(str_lit("X-Unknown")), SIP_HDR_OTHER);
	ck_assert_int_eq(sip_hdr_of(str_lit("C%6Fntact")), SIP_HDR_OTHER);
}
END_TEST

START_TEST(methods)
{
	for (int i = 0; i < SIP_METHOD_OTHER; i++) {
		struct str name = sip_method_name((enum sip_method)i);

		ck_assert_uint_gt(name.len, 2);
		ck_assert_int_eq(sip_method_of(name), i);
	}
	ck_assert_int_eq(sip_method_of(str_lit("invite")), SIP_METHOD_OTHER);
	ck_assert_int_eq(sip_method_of(str_lit("INVITES")), SIP_METHOD_OTHER);
	ck_assert_int_eq(sip_method_of(str_lit("")), SIP_METHOD_OTHER);
	ck_assert(str_empty(sip_method_name(SIP_METHOD_OTHER)));
}
END_TEST

START_TEST(words_of_faults_are_labels_and_differ)
{
	for (int i = 0; i < SIP_FAULT_COUNT; i++) {
		const char *word = sip_fault_word((enum sip_fault)i);
		struct sip_verdict v = sip_verdict_of((enum sip_fault)i);

		ck_assert_uint_eq(strspn(word, "abcdefghijklmnopqrstuvwxyz_"), strlen(word));
		ck_assert_uint_gt(strlen(word), 1);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(word, sip_fault_word((enum sip_fault)j));
		ck_assert_int_eq(v.fault, i);
		ck_assert_str_eq(v.word, word);
		ck_assert(v.kind == SIP_SCAN_REPLY ? v.code >= 400 && v.reason[0] : v.code == 0);
	}
}
END_TEST

int main(void)
{
	return SUITE_RUN("header", NULL, every_name_is_found_in_any_case,
		no_other_letter_is_taken_for_a_name, compact_forms, methods,
		words_of_faults_are_labels_and_differ);
}
