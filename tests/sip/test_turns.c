/* Turns: exact for each trunk, forgotten with it, harmless without memory. */
#include <check.h>

#include "sip/turns.h"
#include "tests/core/feed.h"
#include "tests/core/suite.h"
#include "tests/fakes/mem.h"

#include "tests/fakes/mem.c"

static const uint8_t key[16] = {1};
static struct turns *turns;
static struct cfg *cfg;

static void setup(void)
{
	turns = turns_new(key);
	cfg = cfg_new();
	ck_assert(turns && cfg);
}

static void teardown(void)
{
	turns_free(turns);
	cfg_free(cfg);
	ck_assert_uint_eq(fake_mem_held(), 0);
}

START_TEST(each_trunk_counts_its_own)
{
	struct uuid one = id_of(TRK1), two = id_of(TRK2);

	ck_assert_uint_eq(turns_now(turns, &one), 0);
	for (unsigned i = 0; i < 5; i++)
		turns_take(turns, &one, cfg);
	turns_take(turns, &two, cfg);
	ck_assert_uint_eq(turns_now(turns, &one), 5);
	ck_assert_uint_eq(turns_now(turns, &two), 1);
}
END_TEST

START_TEST(trunks_that_are_gone_are_forgotten)
{
	struct uuid stays = id_of(TRK1);
	size_t most = 0;

	feed(cfg, ACCOUNT_RECORD(ACC1, "t", NUL, "") TRUNK_RECORD(TRK1, ACC1, "t", "30", DEFAULTS));
	turns_take(turns, &stays, cfg);
	for (uint32_t i = 1; i <= 20000; i++) {
		struct uuid gone = {{0}};

		memcpy(gone.b, &i, sizeof(i));
		turns_take(turns, &gone, cfg);
		if (fake_mem_held() > most)
			most = fake_mem_held();
	}
	ck_assert_uint_lt(most, 100000);
	ck_assert_uint_eq(turns_now(turns, &stays), 1);
}
END_TEST

START_TEST(without_memory)
{
	struct uuid trunk = id_of(TRK1);

	for (unsigned n = 1; n <= 2; n++) {
		fake_mem_fail_at(n);
		ck_assert_ptr_null(turns_new(key));
	}
	fake_mem_fail_at(1);
	turns_take(turns, &trunk, cfg);
	ck_assert_uint_eq(turns_now(turns, &trunk), 0);
	fake_mem_fail_at(0);
	turns_take(turns, &trunk, cfg);
	ck_assert_uint_eq(turns_now(turns, &trunk), 1);
	turns_free(NULL);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("turns", setup, teardown, each_trunk_counts_its_own,
		trunks_that_are_gone_are_forgotten, without_memory);
}
