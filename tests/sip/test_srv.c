/* SRV records by themselves: their octets, and the order that RFC 2782 asks for. */
#include "tests/core/suite.h"

#include <errno.h>

#include "sip/resolve_impl.h"

struct parse_row {
	const char *name;
	size_t len;
	const char *rdata;
	int err;
	const char *target;
};

#define ROW(name, rdata, err, target)                                                              \
	{                                                                                          \
		name, sizeof(rdata) - 1, rdata, err, target                                        \
	}

static const struct parse_row rows[] = {
	ROW("a name", "\0\1\0\2\x13\xc4\3PBX\7example\3com\0", 0, "pbx.example.com"),
	ROW("with _", "\0\1\0\2\x13\xc4\3a_b\7example\3com\0", EINVAL, NULL),
	ROW("the root", "\0\1\0\2\x13\xc4\0", 0, ""),
	ROW("too short", "\0\1\0\2\x13\xc4", EINVAL, NULL),
	ROW("nothing", "", EINVAL, NULL),
	ROW("no end", "\0\1\0\2\x13\xc4\3pbx", EINVAL, NULL),
	ROW("label too long for the record", "\0\1\0\2\x13\xc4\11pbx\0", EINVAL, NULL),
	ROW("a compression pointer", "\0\1\0\2\x13\xc4\xc0\x0c", EINVAL, NULL),
	ROW("something behind", "\0\1\0\2\x13\xc4\3pbx\0x", EINVAL, NULL),
	ROW("a space", "\0\1\0\2\x13\xc4\3p x\0", EINVAL, NULL),
	ROW("a NUL", "\0\1\0\2\x13\xc4\3p\0x\0", EINVAL, NULL),
	ROW("an address", "\0\1\0\2\x13\xc4\3192\1\60\1\62\1\61\0", EINVAL, NULL),
};

START_TEST(parse)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct parse_row *row = &rows[i];
		struct srv srv;
		int err = srv_parse(&srv, (const uint8_t *)row->rdata, row->len);

		ck_assert_msg(err == row->err, "%s: %d", row->name, err);
		if (err)
			continue;
		ck_assert_str_eq(srv.target, row->target);
		ck_assert_uint_eq(srv.priority, 1);
		ck_assert_uint_eq(srv.weight, 2);
		ck_assert_uint_eq(srv.port, 5060);
	}
}
END_TEST

START_TEST(parse_longest)
{
	uint8_t rdata[6 + 256] = {0};
	struct srv srv;

	for (int i = 0; i < 4; i++) {
		rdata[6 + i * 63] = 62;
		memset(rdata + 7 + i * 63, 'a', 62);
	}
	ck_assert_int_eq(srv_parse(&srv, rdata, 6 + 252 + 1), 0);
	ck_assert_uint_eq(strlen(srv.target), 251);
	rdata[6 + 252] = 2;
	memset(rdata + 6 + 253, 'b', 2);
	ck_assert_int_eq(srv_parse(&srv, rdata, 6 + 255 + 1), EINVAL);
}
END_TEST

static uint32_t seed;

static uint32_t next_random(void *arg)
{
	(void)arg;
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* Over many draws each of a priority comes first as often as its weight says; priorities never mix. */
START_TEST(order)
{
	static const struct srv_choice given[] = {
		{1, 60, 0}, {1, 30, 1}, {1, 10, 2}, {1, 0, 3}, {2, 0, 4}, {2, 0, 5}};
	enum { N = sizeof(given) / sizeof(given[0]), DRAWS = 20000 };
	unsigned first[N] = {0}, fifth[N] = {0};

	for (int k = 0; k < DRAWS; k++) {
		struct srv_choice c[N];
		unsigned seen = 0;

		memcpy(c, given, sizeof(c));
		srv_order(c, N, next_random, NULL);
		for (unsigned i = 0; i < N; i++) {
			seen |= 1u << c[i].index;
			ck_assert_uint_eq(c[i].priority, i < 4 ? 1 : 2);
		}
		ck_assert_uint_eq(seen, (1u << N) - 1);
		first[c[0].index]++;
		fifth[c[4].index]++;
	}
	ck_assert_uint_gt(first[0], DRAWS * 57 / 100);
	ck_assert_uint_lt(first[0], DRAWS * 62 / 100);
	ck_assert_uint_gt(first[1], DRAWS * 27 / 100);
	ck_assert_uint_lt(first[1], DRAWS * 32 / 100);
	ck_assert_uint_gt(first[2], DRAWS * 8 / 100);
	ck_assert_uint_gt(first[3], 0); /* about one in a hundred */
	ck_assert_uint_lt(first[3], DRAWS * 2 / 100);
	ck_assert_uint_gt(fifth[4], DRAWS * 45 / 100);
	ck_assert_uint_gt(fifth[5], DRAWS * 45 / 100);
}
END_TEST

START_TEST(order_of_few)
{
	struct srv_choice one = {1, 5, 7};

	srv_order(NULL, 0, next_random, NULL);
	srv_order(&one, 1, next_random, NULL);
	ck_assert_uint_eq(one.index, 7);
}
END_TEST

int main(void)
{
	return SUITE_RUN("srv", NULL, parse, parse_longest, order, order_of_few);
}
