/* Nonces: bound to source, realm, time and run; each count accepted once, in rising order, also when
 * the table is too small. */
#include <string.h>

#include "sip/nonce.h"
#include "tests/core/suite.h"

enum { SLOTS = 64 };

static const uint8_t home[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
static const uint8_t away[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2};
static struct nonce_mint *mint;
static char text[NONCE_TEXT_LEN];

static void setup(void)
{
	ck_assert_int_eq(nonce_mint_new(&mint, str_lit("trunkguard"), SLOTS), 0);
}

static void teardown(void)
{
	nonce_mint_free(mint);
}

static struct str make(int64_t now_ms)
{
	nonce_make(mint, home, now_ms, text);
	return (struct str){text, sizeof(text)};
}

START_TEST(a_count_is_accepted_once_and_in_rising_order)
{
	struct str n = make(1000);

	ck_assert(nonce_look(mint, n, 1, home, 1000));
	ck_assert(nonce_look(mint, n, 1, home, 1000)); /* looking uses nothing up */
	ck_assert(nonce_use(mint, n, 1, home, 1000));
	ck_assert(!nonce_look(mint, n, 1, home, 1000));
	ck_assert(!nonce_use(mint, n, 1, home, 1000));
	ck_assert(nonce_use(mint, n, 2, home, 1000));
	ck_assert(nonce_use(mint, n, 5, home, 1000)); /* 3 and 4 got lost on the way */
	ck_assert(!nonce_use(mint, n, 4, home, 1000));
	ck_assert(!nonce_use(mint, n, 0, home, 1000));
	ck_assert(!nonce_use(mint, n, 5 + NONCE_COUNT_JUMP + 1, home, 1000));
	ck_assert(nonce_use(mint, n, 5 + NONCE_COUNT_JUMP, home, 1000));
	ck_assert(!nonce_use(mint, n, UINT32_MAX, home, 1000));
}
END_TEST

START_TEST(burnt_it_is_worth_nothing)
{
	struct str n = make(1000);

	nonce_burn(mint, n, home); /* unused: nothing is known of it yet */
	ck_assert(nonce_use(mint, n, 1, home, 1000));
	nonce_burn(mint, n, away); /* somebody else's is not ours to burn */
	ck_assert(nonce_look(mint, n, 2, home, 1000));
	nonce_burn(mint, n, home);
	for (uint32_t count = 0; count < 200; count++)
		ck_assert(!nonce_use(mint, n, count, home, 1000));
	ck_assert(!nonce_use(mint, n, UINT32_MAX, home, 1000));
}
END_TEST

START_TEST(it_lives_sixty_seconds)
{
	struct str n = make(1000);

	ck_assert(nonce_use(mint, n, 1, home, 1000 + NONCE_VALID_MS));
	ck_assert(!nonce_use(mint, n, 2, home, 1001 + NONCE_VALID_MS));
	ck_assert(!nonce_use(mint, n, 2, home, 999)); /* from the future */
}
END_TEST

START_TEST(it_is_bound_to_source_realm_and_run)
{
	struct str n = make(1000);
	struct nonce_mint *other;

	ck_assert(!nonce_look(mint, n, 1, away, 1000));
	ck_assert_int_eq(nonce_mint_new(&other, str_lit("trunkguard"), SLOTS), 0);
	ck_assert(!nonce_look(other, n, 1, home, 1000));
	nonce_mint_free(other);
	ck_assert(nonce_look(mint, n, 1, home, 1000));
}
END_TEST

START_TEST(every_changed_character_is_noticed)
{
	struct str n = make(1000);
	unsigned accepted = 0;

	for (size_t i = 0; i < NONCE_TEXT_LEN; i++) {
		char was = text[i];

		for (int c = 0; c < 256; c++) {
			text[i] = (char)c;
			accepted += text[i] != was && nonce_look(mint, n, 1, home, 1000);
		}
		text[i] = was;
	}
	ck_assert_uint_eq(accepted, 0);
	ck_assert(!nonce_look(mint, (struct str){text, NONCE_TEXT_LEN - 1}, 1, home, 1000));
	ck_assert(!nonce_look(mint, (struct str){NULL, 0}, 1, home, 1000));
	ck_assert(nonce_look(mint, n, 1, home, 1000));
}
END_TEST

START_TEST(no_two_are_the_same)
{
	char first[NONCE_TEXT_LEN];

	make(1000);
	memcpy(first, text, sizeof(first));
	make(1000);
	ck_assert_mem_ne(first, text, sizeof(first));
}
END_TEST

START_TEST(a_full_table_forgets_on_the_safe_side)
{
	enum { MANY = 8 * SLOTS };
	static char many[MANY][NONCE_TEXT_LEN];
	unsigned again = 0, refused = 0;

	for (int i = 0; i < MANY; i++) {
		nonce_make(mint, home, 1000 + i, many[i]);
		ck_assert(
			nonce_use(mint, (struct str){many[i], NONCE_TEXT_LEN}, 1, home, 1000 + i));
	}
	for (int i = 0; i < MANY; i++) {
		struct str n = {many[i], NONCE_TEXT_LEN};

		again += nonce_look(mint, n, 1, home, 2000);
		refused += !nonce_look(mint, n, 2, home, 2000);
	}
	ck_assert_uint_eq(again, 0); /* nothing twice */
	ck_assert_uint_eq(
		refused, MANY - SLOTS); /* what was forgotten is stale, no more than that */
}
END_TEST

START_TEST(one_used_late_is_not_taken_for_forgotten)
{
	static char many[2 * SLOTS][NONCE_TEXT_LEN];
	struct str late = {many[0], NONCE_TEXT_LEN};

	for (int i = 0; i < 2 * SLOTS; i++)
		nonce_make(mint, home, 1000 + i, many[i]);
	for (int i = 1; i < SLOTS; i++)
		ck_assert(nonce_use(mint, (struct str){many[i], NONCE_TEXT_LEN}, 1, home, 2000));
	ck_assert(nonce_use(mint, late, 1, home, 2000));
	ck_assert(nonce_use(mint, late, 2, home, 2000));
	/* Now the row is full and the late one the oldest in it. */
	for (int i = SLOTS; i < 2 * SLOTS; i++)
		ck_assert(nonce_use(mint, (struct str){many[i], NONCE_TEXT_LEN}, 1, home, 2000));
	ck_assert(!nonce_use(mint, late, 2, home, 2000));
	ck_assert(!nonce_use(mint, late, 3, home, 2000));
}
END_TEST

START_TEST(unused_ones_take_no_room)
{
	char first[NONCE_TEXT_LEN];
	struct str n = {first, sizeof(first)};

	nonce_make(mint, home, 1000, first);
	ck_assert(nonce_use(mint, n, 1, home, 1000));
	for (int i = 0; i < 100 * SLOTS; i++)
		make(1000);
	ck_assert(nonce_use(mint, n, 2, home, 1000));
}
END_TEST

START_TEST(a_realm_too_long_is_refused)
{
	static char realm[256];
	struct nonce_mint *m;

	memset(realm, 'r', sizeof(realm));
	ck_assert_int_ne(nonce_mint_new(&m, (struct str){realm, sizeof(realm)}, SLOTS), 0);
	ck_assert_int_eq(nonce_mint_new(&m, (struct str){realm, 255}, SLOTS), 0);
	nonce_mint_free(m);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("nonce", setup, teardown,
		a_count_is_accepted_once_and_in_rising_order, burnt_it_is_worth_nothing,
		it_lives_sixty_seconds, it_is_bound_to_source_realm_and_run,
		every_changed_character_is_noticed, no_two_are_the_same,
		a_full_table_forgets_on_the_safe_side, one_used_late_is_not_taken_for_forgotten,
		unused_ones_take_no_room, a_realm_too_long_is_refused);
}
