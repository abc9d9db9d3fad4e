#include "api/route.h"

#include <string.h>

#include "tests/api/suite.h"

#define UUID "0190163d-8694-739b-aea5-966c26f8ad91"

static const struct {
	const char *path;
	const char *pattern; /* NULL: not found */
} rows[] = {
	{"/v1/accounts", "v1/accounts"},
	{"/v1/accounts/acc_" UUID, "v1/accounts/{acc}"},
	{"/v1/accounts/acc_" UUID "/api-keys/key_" UUID, "v1/accounts/{acc}/api-keys/{key}"},
	{"/v1/trunks/trk_" UUID "/sip-accounts/primary", "v1/trunks/{trk}/sip-accounts/primary"},
	{"/v1/dids/+14155550100", "v1/dids/{number}"},
	{"/v1/dids/14155550100/route", "v1/dids/{number}/route"},
	{"/v1/sync/33fbc874-754", "v1/sync/{word}"},
	{"/healthz", "healthz"},
	{"/openapi.yaml", "openapi.yaml"},
	{"/", NULL},
	{"/v1", NULL},
	{"/v1/", NULL},
	{"/v1/accounts/", NULL},
	{"/v1/accountsx", NULL},
	{"/V1/accounts", NULL},
	{"/v1/accounts/trk_" UUID, NULL},
	{"/v1/accounts/" UUID, NULL},
	{"/v1/accounts/acc_" UUID "0", NULL},
	{"/v1/accounts/acc_" UUID "/failover/x", NULL},
	{"/v1/dids/0155550100", NULL},
	{"/v1/dids/++14155550100", NULL},
	{"/v1/dids/14155550100x", NULL},
	{"/v1/dids/141555501001234567", NULL},
	{"/v1/trunks/trk_" UUID "/sip-accounts/tertiary", NULL},
	{"/a/b/c/d/e/f/g/h/i/j", NULL},
};

START_TEST(test_find)
{
	struct route_args args;
	const struct route *route;
	struct target t;
	const char *why;

	ck_assert_int_eq(target_parse(rows[_i].path, &t, &why), 0);
	route = route_find(&t, &args);
	if (!rows[_i].pattern)
		ck_assert_msg(!route, "%s", rows[_i].path);
	else
		ck_assert_str_eq(route->pattern, rows[_i].pattern);
}
END_TEST

START_TEST(test_variables)
{
	struct route_args args;
	struct target t;
	const char *why;
	struct uuid id;

	ck_assert_int_eq(uuid_parse(UUID, strlen(UUID), &id), 0);
	ck_assert_int_eq(target_parse("/v1/dids/%2B14155550100", &t, &why), 0);
	ck_assert_ptr_nonnull(route_find(&t, &args));
	ck_assert_uint_eq(args.number, 14155550100);
	ck_assert_int_eq(target_parse("/v1/accounts/acc_" UUID "/api-keys/key_" UUID, &t, &why), 0);
	ck_assert_ptr_nonnull(route_find(&t, &args));
	ck_assert(uuid_equal(&args.id, &id));
	ck_assert(uuid_equal(&args.sub_id, &id));
	ck_assert_uint_eq(args.number, 0);
}
END_TEST

/* Metrics count by index. */
START_TEST(test_indexes)
{
	for (unsigned i = 0; i < route_count(); i++)
		ck_assert_uint_eq(route_index(route_at(i)), i);
	ck_assert_uint_lt(route_count(), 64);
}
END_TEST

SUITE_MAIN("route", tcase_add_loop_test(tc, test_find, 0, ROWS(rows));
	   tcase_add_test(tc, test_variables); tcase_add_test(tc, test_indexes))
