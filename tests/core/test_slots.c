/* Slots are a set: exact whatever is taken or released twice. */
#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/slots.h"

static const uint8_t key[16] = {1};

static struct uuid id(unsigned n)
{
	struct uuid u = {{0}};

	memcpy(u.b, &n, sizeof(n));
	return u;
}

START_TEST(a_thousand_at_once_on_thirty)
{
	struct slots *s = slots_new(key);
	struct uuid trunk = id(1);
	unsigned admitted = 0, busy = 0;

	for (unsigned i = 0; i < 1000; i++) {
		struct uuid call = id(100 + i);
		int err = slots_take(s, &trunk, &call, 30);
		admitted += err == 0;
		busy += err == EBUSY;
	}
	ck_assert_uint_eq(admitted, 30);
	ck_assert_uint_eq(busy, 970);
	ck_assert_uint_eq(slots_count(s, &trunk), 30);
	slots_free(s);
}
END_TEST

START_TEST(twice_is_once)
{
	struct slots *s = slots_new(key);
	struct uuid trunk = id(1), other = id(2), call = id(3);

	ck_assert_int_eq(slots_take(s, &trunk, &call, 1), 0);
	ck_assert_int_eq(slots_take(s, &trunk, &call, 1), 0);
	ck_assert_uint_eq(slots_count(s, &trunk), 1);
	ck_assert_int_eq(slots_take(s, &other, &call, 1), 0);
	slots_release(s, &trunk, &call);
	slots_release(s, &trunk, &call);
	ck_assert_uint_eq(slots_count(s, &trunk), 0);
	ck_assert_uint_eq(slots_count(s, &other), 1);
	slots_free(s);
}
END_TEST

static void add_up(const struct uuid *trunk, uint32_t count, void *arg)
{
	(void)trunk;
	*(unsigned *)arg += count;
}

START_TEST(random_taking_and_releasing_never_drifts)
{
	struct slots *s = slots_new(key);
	bool held[4][50] = {{false}};
	unsigned total = 0, sum = 0;

	srandom(7);
	for (unsigned i = 0; i < 100000; i++) {
		unsigned t = (unsigned)random() % 4, c = (unsigned)random() % 50;
		struct uuid trunk = id(t + 1), call = id(c + 100);
		if (random() % 2) {
			int err = slots_take(s, &trunk, &call, 20);
			uint32_t count = slots_count(s, &trunk);
			ck_assert_uint_le(count, 20);
			ck_assert(err == 0 || (err == EBUSY && count == 20 && !held[t][c]));
			held[t][c] = err == 0;
		} else {
			slots_release(s, &trunk, &call);
			held[t][c] = false;
		}
	}
	for (unsigned i = 0; i < 200; i++)
		total += held[i / 50][i % 50];
	slots_each(s, add_up, &sum);
	ck_assert_uint_eq(sum, total);
	slots_free(s);
}
END_TEST

START_TEST(a_limit_of_zero_admits_none)
{
	struct slots *s = slots_new(key);
	struct uuid trunk = id(1), call = id(2);

	ck_assert_int_eq(slots_take(s, &trunk, &call, 0), EBUSY);
	ck_assert_uint_eq(slots_count(s, &trunk), 0);
	slots_free(s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("slots");
	TCase *t = tcase_create("set");
	tcase_add_test(t, a_thousand_at_once_on_thirty);
	tcase_add_test(t, twice_is_once);
	tcase_add_test(t, random_taking_and_releasing_never_drifts);
	tcase_add_test(t, a_limit_of_zero_admits_none);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
