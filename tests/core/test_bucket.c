/* Token buckets: rate and burst exactly, keys apart, and memory that does not grow. */
#include <string.h>

#include "core/bucket.h"
#include "tests/core/suite.h"

static const uint8_t key[SIPHASH_KEY_LEN] = "buckets";

/* How many of n single tokens are given at that time. */
static unsigned take(struct bucket *b, const struct bucket_limit *l, unsigned n, int64_t now_ms)
{
	unsigned given = 0;

	while (n--)
		given += bucket_take(b, l, 1, now_ms);
	return given;
}

START_TEST(the_burst_at_once_then_the_rate)
{
	static const struct bucket_limit l = {.rate = 10, .burst = 5};
	struct bucket b = {0};

	ck_assert_uint_eq(take(&b, &l, 100, 1000), 5);
	ck_assert_uint_eq(take(&b, &l, 100, 1099), 0);
	ck_assert_uint_eq(take(&b, &l, 100, 1100), 1);
	ck_assert_uint_eq(take(&b, &l, 100, 1400), 3);
	/* Never more than the burst, however long it was quiet. */
	ck_assert_uint_eq(take(&b, &l, 100, 9000000), 5);
}
END_TEST

START_TEST(a_steady_rate_passes_and_the_double_gets_half)
{
	static const struct bucket_limit l = {.rate = 1000, .burst = 10};
	struct bucket steady = {0}, twice = {0};
	unsigned given = 0;

	for (int64_t now_ms = 1; now_ms <= 10000; now_ms++) {
		ck_assert(bucket_take(&steady, &l, 1, now_ms));
		given += take(&twice, &l, 2, now_ms);
	}
	ck_assert_uint_ge(given, 10000);
	ck_assert_uint_le(given, 10000 + 10);
}
END_TEST

START_TEST(amounts_are_all_or_nothing)
{
	static const struct bucket_limit l = {.rate = 100, .burst = 500};
	struct bucket b = {0};

	ck_assert(!bucket_take(&b, &l, 501, 1000));
	ck_assert(bucket_take(&b, &l, 400, 1000));
	ck_assert(!bucket_take(&b, &l, 101, 1000));
	ck_assert(bucket_take(&b, &l, 100, 1000));
	ck_assert(!bucket_take(&b, &l, 1, 1000));
	ck_assert(!bucket_take(&b, &l, UINT32_MAX, 1000));
	ck_assert(bucket_take(&b, &l, 0, 1000));
}
END_TEST

START_TEST(each_key_has_its_own)
{
	static const struct bucket_limit l = {.rate = 1, .burst = 2};
	struct bucket_set *set;

	ck_assert_int_eq(bucket_set_new(&set, 1000, &l, key), 0);
	for (unsigned k = 0; k < 100; k++) {
		ck_assert(bucket_set_take(set, &k, sizeof(k), 1, 1000));
		ck_assert(bucket_set_take(set, &k, sizeof(k), 1, 1000));
	}
	for (unsigned k = 0; k < 100; k++)
		ck_assert(!bucket_set_take(set, &k, sizeof(k), 1, 1000));
	for (unsigned k = 0; k < 100; k++)
		ck_assert(bucket_set_take(set, &k, sizeof(k), 1, 2000));
	bucket_set_free(set);
}
END_TEST

/* A hundred thousand keys through 64 places: every new key has its chance, and one that
 * keeps pushing stays limited. */
START_TEST(more_keys_than_places_limit_the_one_that_pushes)
{
	static const struct bucket_limit l = {.rate = 1, .burst = 100};
	struct bucket_set *set;
	unsigned pushed = 0, refused = 0;

	ck_assert_int_eq(bucket_set_new(&set, 64, &l, key), 0);
	for (unsigned k = 1; k <= 100000; k++) {
		unsigned pusher = 0;

		refused += !bucket_set_take(set, &k, sizeof(k), 1, 1000);
		pushed += bucket_set_take(set, &pusher, sizeof(pusher), 1, 1000);
	}
	ck_assert_uint_eq(refused, 0);
	ck_assert_uint_eq(pushed, 100);
	bucket_set_free(set);
}
END_TEST

START_TEST(what_is_left_is_told)
{
	static const struct bucket_limit l = {.rate = 10, .burst = 5};
	struct bucket b = {0};
	struct bucket_state s;

	bucket_look(&b, &l, 1000, &s);
	ck_assert(s.left == 5 && s.next_ms == 0 && s.full_ms == 0);
	ck_assert_uint_eq(take(&b, &l, 2, 1000), 2);
	bucket_look(&b, &l, 1000, &s);
	ck_assert(s.left == 3 && s.next_ms == 0 && s.full_ms == 200);
	ck_assert_uint_eq(take(&b, &l, 9, 1000), 3);
	bucket_look(&b, &l, 1000, &s);
	ck_assert(s.left == 0 && s.next_ms == 100 && s.full_ms == 500);
	bucket_look(&b, &l, 1040, &s);
	ck_assert(s.left == 0 && s.next_ms == 60 && s.full_ms == 460);
	/* What is told holds: one is there then, and not a millisecond before. */
	ck_assert(!bucket_take(&b, &l, 1, 1099));
	ck_assert(bucket_take(&b, &l, 1, 1100));
	bucket_look(&b, &l, 9000000, &s);
	ck_assert(s.left == 5 && s.next_ms == 0 && s.full_ms == 0);
}
END_TEST

START_TEST(what_is_left_of_a_key_is_told)
{
	static const struct bucket_limit l = {.rate = 1, .burst = 2};
	struct bucket_set *set;
	struct bucket_state s;

	ck_assert_int_eq(bucket_set_new(&set, 16, &l, key), 0);
	bucket_set_look(set, "a", 1, 1000, &s);
	ck_assert_uint_eq(s.left, 2);
	ck_assert(bucket_set_take(set, "a", 1, 1, 1000));
	bucket_set_look(set, "a", 1, 1000, &s);
	ck_assert_uint_eq(s.left, 1);
	bucket_set_look(set, "b", 1, 1000, &s);
	ck_assert_uint_eq(s.left, 2);
	bucket_set_free(set);
}
END_TEST

START_TEST(a_set_that_is_too_large_is_refused)
{
	static const struct bucket_limit l = {.rate = 1, .burst = 1};
	struct bucket_set *set = NULL;

	ck_assert_int_ne(bucket_set_new(&set, SIZE_MAX, &l, key), 0);
	ck_assert_ptr_null(set);
}
END_TEST

int main(void)
{
	return SUITE_RUN("bucket", NULL, the_burst_at_once_then_the_rate,
		a_steady_rate_passes_and_the_double_gets_half, amounts_are_all_or_nothing,
		each_key_has_its_own, more_keys_than_places_limit_the_one_that_pushes,
		what_is_left_is_told, what_is_left_of_a_key_is_told,
		a_set_that_is_too_large_is_refused);
}
