/* Messages cut from a stream: at every split, several in a row, and what ends a connection. */
#include <errno.h>

#include "tests/sip/scan_rig.h"

#define START "OPTIONS sip:h SIP/2.0\r\n"

static const char whole[] = START "Via: SIP/2.0/TCP h;branch=z9hG4bK1\r\nTo: <sip:h>\r\n"
				  "From: <sip:h>;tag=1\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
				  "Content-Type: a/b\r\nContent-Length: 6\r\n\r\nabc\r\nd";

/* In a block of exactly len octets. */
static int frame(const char *text, size_t len, size_t *msg_len, const char **word)
{
	char *buf = malloc(len ? len : 1);
	int err;

	memcpy(buf, text, len);
	err = sip_frame(buf, len, msg_len, word);
	free(buf);
	return err;
}

START_TEST(a_message_is_whole_at_its_last_octet)
{
	const char *word = NULL;
	size_t len;

	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		ck_assert_int_eq(frame(whole, i, &len, &word), 0);
		ck_assert_msg(len == 0, "at %zu", i);
	}
	ck_assert_int_eq(frame(whole, sizeof(whole) - 1, &len, &word), 0);
	ck_assert_uint_eq(len, sizeof(whole) - 1);
}
END_TEST

START_TEST(what_is_cut_is_scanned)
{
	struct sip_verdict v;
	struct sip_msg m;

	sip_scan_stream(&m, whole, sizeof(whole) - 1, &v);
	ck_assert_str_eq(v.word, "ok");
	ck_assert_uint_eq(m.body.len, 6);
	/* One octet more or less is not what the frame said. */
	sip_scan_stream(&m, whole, sizeof(whole), &v);
	ck_assert_str_eq(v.word, "content_length");
	sip_scan_stream(&m, whole, sizeof(whole) - 2, &v);
	ck_assert_str_eq(v.word, "content_length");
}
END_TEST

START_TEST(a_hundred_in_a_row_are_cut_apart)
{
	size_t one = sizeof(whole) - 1, len, at = 0;
	static char text[100 * sizeof(whole)];
	const char *word = NULL;

	for (int i = 0; i < 100; i++)
		memcpy(text + (size_t)i * one, whole, one);
	for (int i = 0; i < 100; i++, at += len) {
		ck_assert_int_eq(sip_frame(text + at, 100 * one - at, &len, &word), 0);
		ck_assert_uint_eq(len, one);
	}
}
END_TEST

START_TEST(line_ends_between_messages_are_cut_off)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{"\r\n\r\n", 4},
		{"\r\n", 2},
		{"\r\n\r\n" START, 4},
		{"\r", 1},
		{"", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *word = NULL;
		struct sip_verdict v;
		struct sip_msg m;
		size_t len;

		ck_assert_int_eq(frame(rows[i].text, strlen(rows[i].text), &len, &word), 0);
		ck_assert_uint_eq(len, rows[i].len);
		if (!len)
			continue;
		sip_scan_stream(&m, rows[i].text, len, &v);
		ck_assert_int_eq(v.kind, SIP_SCAN_KEEPALIVE);
	}
}
END_TEST

START_TEST(a_body_length_is_found_however_it_is_written)
{
	static const struct {
		const char *headers;
		size_t body;
	} rows[] = {
		{"Content-Length: 3\r\n", 3},
		{"l:3\r\n", 3},
		{"L  :  3  \r\n", 3},
		{"CONTENT-LENGTH:\r\n 3\r\n", 3},
		{"Content-Length: 003\r\n", 3},
		{"X: Content-Length: 9\r\nl: 3\r\n", 3},
		{"X: 1\r\n Content-Length: 9\r\nl: 3\r\n", 3},
		{"Content-Length: 0\r\n", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *word = NULL;
		char text[256];
		size_t len, n = (size_t)snprintf(
				    text, sizeof(text), START "%s\r\nabcdef", rows[i].headers);

		ck_assert_int_eq(frame(text, n, &len, &word), 0);
		ck_assert_msg(len == n - 6 + rows[i].body, "%s", rows[i].headers);
	}
}
END_TEST

START_TEST(framing_that_cannot_be_trusted_ends_the_connection)
{
	static const struct {
		struct str text;
		const char *word;
	} rows[] = {
		{STR(START "\r\n"), "content_length"},
		{STR(START "Content-Length: -1\r\n\r\n"), "content_length"},
		{STR(START "Content-Length: +1\r\n\r\n"), "content_length"},
		{STR(START "Content-Length: five\r\n\r\n"), "content_length"},
		{STR(START "Content-Length:\r\n\r\n"), "content_length"},
		{STR(START "Content-Length: 5, 5\r\n\r\n"), "content_length"},
		{STR(START "Content-Length: 4294967301\r\n\r\n"), "content_length"},
		{STR(START "Content-Length: 1\r\nl: 1\r\n\r\n"), "content_length"},
		{STR(START "Content-Length: 16384\r\n\r\n"), "too_long"},
		{STR(START "Via: x\n\r\n"), "line_end"},
		{STR("OPTIONS sip:h SIP/2.0\nVia: x\r\n"), "line_end"},
		{STR("\x16\3\1\2"), "binary"},
		{STR("\0"), "binary"},
		{STR(" \r\n"), "binary"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *word = "";
		size_t len;

		ck_assert_msg(frame(rows[i].text.p, rows[i].text.len, &len, &word) == EBADMSG,
			"row %zu", i);
		ck_assert_str_eq(word, rows[i].word);
	}
}
END_TEST

START_TEST(a_message_without_an_end_is_given_up)
{
	static char text[SIP_STREAM_MAX];
	const char *word = "";
	size_t len;

	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(sip_frame(text, sizeof(text) - 1, &len, &word), 0);
	ck_assert_int_eq(sip_frame(text, sizeof(text), &len, &word), EBADMSG);
	ck_assert_str_eq(word, "too_long");
	for (size_t i = 0; i + 2 < sizeof(text); i += 3)
		memcpy(text + i, "a\r\n", 3);
	ck_assert_int_eq(sip_frame(text, sizeof(text) - 1, &len, &word), EBADMSG);
	ck_assert_str_eq(word, "too_many_headers");
}
END_TEST

int main(void)
{
	return SUITE_RUN("frame", NULL, a_message_is_whole_at_its_last_octet,
		what_is_cut_is_scanned, a_hundred_in_a_row_are_cut_apart,
		line_ends_between_messages_are_cut_off,
		a_body_length_is_found_however_it_is_written,
		framing_that_cannot_be_trusted_ends_the_connection,
		a_message_without_an_end_is_given_up);
}
