/* Each limit of the scanner: the last that passes and the first that does not. */
#include <errno.h>
#include <stdarg.h>

#include "tests/sip/scan_rig.h"

/* A message under construction: the start, then whatever the test adds. */
static struct {
	char text[2 * SIP_STREAM_MAX];
	size_t len;
} b;

static struct rig r;

static void teardown(void)
{
	rig_free(&r);
}

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	b.len += (size_t)vsnprintf(b.text + b.len, sizeof(b.text) - b.len, format, args);
	va_end(args);
	ck_assert_uint_lt(b.len, sizeof(b.text));
}

static void fill(char c, size_t count)
{
	memset(b.text + b.len, c, count);
	b.len += count;
}

/* Six header lines, one of them a Via. */
static void begin(void)
{
	b.len = 0;
	add("OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nTo: <sip:h>\r\n"
	    "From: <sip:h>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n");
}

static const char *word_of(const char *text, size_t len, bool stream)
{
	rig_free(&r);
	rig_copy(&r, (struct str){text, len});
	if (stream)
		sip_scan_stream(&r.m, r.buf, r.len, &r.v);
	else
		sip_scan(&r.m, r.buf, r.len, &r.v);
	return r.v.word;
}

static const char *end(void)
{
	add("\r\n");
	return word_of(b.text, b.len, false);
}

static const char *lines(unsigned count, const char *line)
{
	begin();
	for (unsigned i = 0; i < count; i++)
		add("%s\r\n", line);
	return end();
}

START_TEST(header_lines)
{
	ck_assert_str_eq(lines(SIP_HEADERS_MAX - 6, "Q: y"), "ok");
	ck_assert_uint_eq(r.m.header_count, SIP_HEADERS_MAX);
	ck_assert_str_eq(lines(SIP_HEADERS_MAX - 5, "Q: y"), "too_many_headers");
	ck_assert_int_eq(r.v.kind, SIP_SCAN_REPLY);
}
END_TEST

static const char *line_of(size_t len, const char *name)
{
	begin();
	add("%s: ", name);
	fill('a', len - strlen(name) - 4);
	add("\r\n");
	return end();
}

START_TEST(the_length_of_a_line)
{
	ck_assert_str_eq(line_of(SIP_LINE_MAX, "X-Long"), "ok");
	ck_assert_str_eq(line_of(SIP_LINE_MAX + 1, "X-Long"), "line_too_long");
	ck_assert_str_eq(line_of(SIP_IDENTITY_MAX + 1, "X-Long"), "line_too_long");
	ck_assert_str_eq(line_of(SIP_IDENTITY_MAX, "Identity"), "ok");
	ck_assert_str_eq(line_of(SIP_IDENTITY_MAX, "y"), "ok");
	ck_assert_str_eq(line_of(SIP_IDENTITY_MAX + 1, "Identity"), "line_too_long");
}
END_TEST

START_TEST(the_length_of_a_folded_line)
{
	begin();
	add("Q: ");
	for (int i = 0; i < 40; i++) {
		fill('a', 50);
		add("\r\n ");
	}
	add("a\r\n");
	ck_assert_str_eq(end(), "line_too_long");
}
END_TEST

START_TEST(the_length_of_the_start_line)
{
	b.len = 0;
	add("OPTIONS sip:");
	fill('a', SIP_LINE_MAX);
	add("@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n");
	ck_assert_str_eq(end(), "line_too_long");
}
END_TEST

/* A message of exactly len octets. */
static const char *message_of(size_t len, bool stream)
{
	size_t body;

	begin();
	add("Content-Type: a/b\r\nContent-Length: ");
	body = len - b.len - strlen("00000\r\n\r\n");
	add("%05zu\r\n\r\n", body);
	fill('b', body);
	return word_of(b.text, b.len, stream);
}

START_TEST(the_length_of_a_message)
{
	ck_assert_str_eq(message_of(SIP_DATAGRAM_MAX, false), "ok");
	ck_assert_str_eq(message_of(SIP_DATAGRAM_MAX + 1, false), "too_long");
	ck_assert_uint_eq(r.v.code, 513);
	ck_assert_str_eq(message_of(SIP_STREAM_MAX, true), "ok");
	ck_assert_str_eq(message_of(SIP_STREAM_MAX + 1, true), "too_long");
	ck_assert_int_eq(r.v.kind, SIP_SCAN_DROP);
}
END_TEST

static const char *values(const char *name, const char *value, unsigned count)
{
	begin();
	add("%s: %s", name, value);
	for (unsigned i = 1; i < count; i++)
		add(",%s", value);
	add("\r\n");
	return end();
}

START_TEST(values_of_lists)
{
	const char *via = "SIP/2.0/UDP h", *contact = "<sip:h>";

	ck_assert_str_eq(values("Via", via, SIP_VIAS_MAX - 1), "ok");
	ck_assert_uint_eq(r.m.via_count, SIP_VIAS_MAX);
	ck_assert_str_eq(values("Via", via, SIP_VIAS_MAX), "too_many_values");
	ck_assert_str_eq(values("Contact", contact, SIP_CONTACTS_MAX), "ok");
	ck_assert_str_eq(values("Contact", contact, SIP_CONTACTS_MAX + 1), "too_many_values");
	ck_assert_str_eq(values("Route", contact, SIP_VIAS_MAX), "ok");
	ck_assert_str_eq(values("Route", contact, SIP_VIAS_MAX + 1), "too_many_values");
	ck_assert_str_eq(values("Record-Route", contact, SIP_VIAS_MAX), "ok");
	ck_assert_str_eq(values("Record-Route", contact, SIP_VIAS_MAX + 1), "too_many_values");
	ck_assert_str_eq(values("Path", contact, SIP_VIAS_MAX), "ok");
	ck_assert_str_eq(values("Path", contact, SIP_VIAS_MAX + 1), "too_many_values");
}
END_TEST

/* The Via line has one semicolon already. */
static const char *separators(char c, unsigned count)
{
	begin();
	add("Q: ");
	fill(c, count);
	add("\r\n");
	return end();
}

START_TEST(separators_in_all)
{
	ck_assert_str_eq(separators(',', SIP_COMMAS_MAX), "ok");
	ck_assert_str_eq(separators(',', SIP_COMMAS_MAX + 1), "too_many_values");
	ck_assert_str_eq(separators(';', SIP_SEMICOLONS_MAX - 1), "ok");
	ck_assert_str_eq(separators(';', SIP_SEMICOLONS_MAX), "too_many_values");
	/* More of one than a lane of the count can hold. */
	ck_assert_str_eq(separators(',', SIP_LINE_MAX - 5), "too_many_values");
	begin();
	for (int i = 0; i < 3; i++) {
		add("Q: ");
		fill('a', SIP_LINE_MAX - 5 - 43);
		fill(',', 43);
		add("\r\n");
	}
	ck_assert_str_eq(end(), "too_many_values");
}
END_TEST

START_TEST(separators_in_the_body_do_not_count)
{
	begin();
	add("Content-Type: a/b\r\nContent-Length: 300\r\n\r\n");
	fill(',', 300);
	ck_assert_str_eq(word_of(b.text, b.len, false), "ok");
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("scan_limits", NULL, teardown, header_lines, the_length_of_a_line,
		the_length_of_a_folded_line, the_length_of_the_start_line, the_length_of_a_message,
		values_of_lists, separators_in_all, separators_in_the_body_do_not_count);
}
