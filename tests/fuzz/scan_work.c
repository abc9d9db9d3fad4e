/*
 * The work for hostile shapes grows with their length and no faster. Work is counted in basic
 * blocks that the compiler reports and in octets that memchr() looks at, so the result
 * is the same on a busy machine.
 */
#include "sip/scan.h"
#include "tests/core/suite.h"

static unsigned long work;

void __sanitizer_cov_trace_pc(void);
void *__real_memchr(const void *s, int c, size_t n);
void *__wrap_memchr(const void *s, int c, size_t n);

void __sanitizer_cov_trace_pc(void)
{
	work++;
}

void *__wrap_memchr(const void *s, int c, size_t n)
{
	const char *found = __real_memchr(s, c, n);

	work += (found ? (size_t)(found - (const char *)s) : n) / 16;
	return (void *)(uintptr_t)found;
}

#define HEAD "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
#define TAIL "\r\nTo: <sip:h>\r\nFrom: <sip:h>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"

struct shape {
	const char *start, *unit, *end;
};

static const struct shape shapes[] = {
	{"", "a", ""},
	{"", "\r\n", ""},
	{"", "a:b\r\n", ""},
	{HEAD, "a:b\r\n", TAIL},
	{HEAD, "Via: SIP/2.0/UDP h\r\n", TAIL},
	{HEAD, "v:SIP/2.0/UDP h,SIP/2.0/UDP h\r\n", TAIL},
	{HEAD "Via: SIP/2.0/UDP h", ",SIP/2.0/UDP h", TAIL},
	{HEAD "Via: SIP/2.0/UDP h", ";a", TAIL},
	{HEAD "Via: SIP/2.0/UDP h", ";", TAIL},
	{HEAD "Via: SIP/2.0/UDP ", "[", TAIL},
	{HEAD "Via: SIP/2.0/UDP ", "1.", TAIL},
	{HEAD "Via: SIP/2.0/UDP ", "a.", TAIL},
	{HEAD, "m:<sip:h>\r\n", TAIL},
	{HEAD "Contact: <sip:h>", ",<sip:h>", TAIL},
	{HEAD "Contact: ", "<", TAIL},
	{HEAD "Contact: ", "\"\\", TAIL},
	{HEAD "Contact: ", "\"", TAIL},
	{HEAD "Contact: ", "a ", TAIL},
	{HEAD "Contact: <sip:h", ";a=b", ">" TAIL},
	{HEAD "Contact: <sip:h?a=b", "&a=b", ">" TAIL},
	{HEAD "Contact: <sip:", "%41", "@h>" TAIL},
	{HEAD "Contact: <sip:", "@", ">" TAIL},
	{HEAD "Contact: <sip:", "a:", "@h>" TAIL},
	{HEAD "Route: <sip:h>", ",<sip:h>", TAIL},
	{HEAD "Route: <sip:h>", ",\r\n <sip:h>", TAIL},
	{HEAD "From: <sip:h>", ";aa", TAIL},
	{HEAD "From: <sip:h>", ";a=\"b\"", TAIL},
	{HEAD "Accept: a", ",a", TAIL},
	{HEAD "X: ", "\r\n ", TAIL},
	{HEAD "X: a", "\r\n a", TAIL},
	{HEAD "X: ", "\t", TAIL},
	{HEAD "X: ", "\r", TAIL},
	{HEAD "X: ", "\n", TAIL},
	{HEAD "X: ", "\001", TAIL},
	{HEAD "X: ", "\\\001", TAIL},
	{HEAD "X ", ":", TAIL},
	{HEAD "X", " ", ": a" TAIL},
	{HEAD, " a\r\n", TAIL},
	{HEAD, ":\r\n", TAIL},
	{HEAD, "\r", TAIL},
};

static size_t fill(char *buf, size_t len, const struct shape *shape)
{
	size_t at = strlen(shape->start), unit = strlen(shape->unit), end = strlen(shape->end);

	memcpy(buf, shape->start, at);
	for (; at + unit + end <= len; at += unit)
		memcpy(buf + at, shape->unit, unit);
	memcpy(buf + at, shape->end, end);
	return at + end;
}

static unsigned long scan_cost(char *buf, size_t len)
{
	struct sip_verdict v;
	struct sip_msg m;

	work = 0;
	sip_scan_stream(&m, buf, len, &v);
	return work;
}

static unsigned long frame_cost(char *buf, size_t len)
{
	const char *word;
	size_t msg_len;

	work = 0;
	(void)sip_frame(buf, len, &msg_len, &word);
	return work;
}

/* Sanitizers add blocks of their own; a shape that costs the square of its length is far above. */
#define BLOCKS_PER_OCTET 32
#define BLOCKS_AT_LEAST 500

static void cost_check(unsigned long (*cost)(char *buf, size_t len), const struct shape *shape)
{
	static char buf[SIP_STREAM_MAX];

	for (size_t len = 1024; len <= sizeof(buf); len *= 2) {
		size_t used = fill(buf, len, shape);
		unsigned long blocks = cost(buf, used);

		ck_assert_msg(blocks <= BLOCKS_AT_LEAST + BLOCKS_PER_OCTET * used,
			"%lu blocks for %zu octets of \"%s\"", blocks, used, shape->unit);
	}
}

START_TEST(the_counter_counts)
{
	char short_one[] = HEAD TAIL, long_one[] = HEAD "X: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" TAIL;
	unsigned long small = scan_cost(short_one, sizeof(short_one) - 1);

	ck_assert_uint_gt(small, 100);
	ck_assert_uint_gt(scan_cost(long_one, sizeof(long_one) - 1), small);
}
END_TEST

START_TEST(a_scan_is_linear)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		cost_check(scan_cost, &shapes[i]);
}
END_TEST

START_TEST(framing_is_linear)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		cost_check(frame_cost, &shapes[i]);
}
END_TEST

int main(void)
{
	return SUITE_RUN(
		"scan_work", NULL, the_counter_counts, a_scan_is_linear, framing_is_linear);
}
