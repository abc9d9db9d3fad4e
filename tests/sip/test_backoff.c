/* Brute force: silence where it is due, and only there. */
#include <stdio.h>

#include "sip/backoff.h"
#include "tests/core/suite.h"

#define RIGHT "0123456789abcdef0123456789abcdef"

static struct backoff *b;

static void setup(void)
{
	ck_assert_int_eq(backoff_new(&b, 1024), 0);
}

static void teardown(void)
{
	backoff_free(b);
}

static struct backoff_try try_of(unsigned source, const char *username, const char *ha1)
{
	static uint8_t octets[16];

	octets[14] = (uint8_t)(source >> 8);
	octets[15] = (uint8_t)source;
	octets[10] = octets[11] = 0xff;
	return (struct backoff_try){octets, str_of(username), ha1};
}

static bool wrong(unsigned source, const char *username, int64_t now_ms)
{
	struct backoff_try t = try_of(source, username, RIGHT);

	return backoff_failed(b, &t, now_ms);
}

static void prove(unsigned source, const char *username, int64_t now_ms)
{
	struct backoff_try t = try_of(source, username, RIGHT);

	backoff_proved(b, &t, now_ms);
}

static bool silent(unsigned source, const char *username, int64_t now_ms)
{
	struct backoff_try t = try_of(source, username, RIGHT);

	return backoff_silent(b, &t, now_ms);
}

START_TEST(five_failures_in_a_minute_silence_a_source_for_five_minutes)
{
	for (int i = 0; i < 4; i++)
		ck_assert(!wrong(1, "alice", 1000 + i));
	ck_assert(!silent(1, "alice", 2000));
	ck_assert(wrong(1, "alice", 2000));
	ck_assert(silent(1, "alice", 2000));
	ck_assert(silent(1, "alice", 2000 + BACKOFF_SILENCE_MS - 1));
	ck_assert(!silent(1, "alice", 2000 + BACKOFF_SILENCE_MS));
	ck_assert(!silent(2, "alice", 3000));
	ck_assert(!silent(1, "bob", 3000));
}
END_TEST

START_TEST(failures_far_apart_do_not_add_up)
{
	for (int i = 0; i < 50; i++) {
		wrong(1, "alice", i * 16000LL);
		ck_assert_msg(!silent(1, "alice", i * 16000LL), "failure %d", i);
	}
}
END_TEST

START_TEST(a_username_is_tried_ten_times_a_minute_from_wherever)
{
	unsigned checked = 0;

	for (unsigned i = 0; i < 1000; i++) {
		if (silent(i, "alice", 1000))
			continue;
		checked++;
		wrong(i, "alice", 1000);
	}
	ck_assert_uint_eq(checked, BACKOFF_USER_FAILURES);
	ck_assert(silent(5000, "alice", 1000 + BACKOFF_WINDOW_MS - 1));
	ck_assert(!silent(5000, "alice", 1000 + BACKOFF_WINDOW_MS));
	ck_assert(!silent(5000, "bob", 1000));
}
END_TEST

START_TEST(who_proved_himself_is_not_locked_out_by_others)
{
	prove(7, "alice", 0);
	for (unsigned i = 100; i < 200; i++)
		wrong(i, "alice", 1000);
	ck_assert(!silent(7, "alice", 1000));
	ck_assert(silent(8, "alice", 1000));
	for (unsigned i = 0; i < 20; i++)
		wrong(100 + i, "alice", BACKOFF_KNOWN_MS);
	ck_assert(silent(7, "alice", BACKOFF_KNOWN_MS)); /* a day later he is one of many */
}
END_TEST

START_TEST(success_forgives_earlier_failures)
{
	for (int i = 0; i < 4; i++)
		wrong(1, "alice", 1000);
	prove(1, "alice", 1000);
	for (int i = 0; i < 4; i++)
		wrong(1, "alice", 1000);
	ck_assert(!silent(1, "alice", 1000));
}
END_TEST

START_TEST(a_new_password_starts_from_zero)
{
	struct backoff_try changed = try_of(1, "alice", "fedcba9876543210fedcba9876543210");

	for (int i = 0; i < 5; i++)
		wrong(1, "alice", 1000);
	ck_assert(silent(1, "alice", 1000));
	ck_assert(!backoff_silent(b, &changed, 1000));
}
END_TEST

START_TEST(a_flood_of_names_does_not_free_the_silenced)
{
	char name[16];
	unsigned still = 0;

	for (unsigned i = 0; i < 100; i++) {
		for (int k = 0; k < 5; k++)
			wrong(i, "victim", i * BACKOFF_WINDOW_MS);
	}
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		wrong(9999, name, 100LL * BACKOFF_WINDOW_MS);
	}
	for (unsigned i = 97; i < 100; i++)
		still += silent(i, "victim", 100LL * BACKOFF_WINDOW_MS);
	ck_assert_uint_eq(still, 3);
}
END_TEST

int main(void)
{
	return SUITE_RUN_BOTH("backoff", setup, teardown,
		five_failures_in_a_minute_silence_a_source_for_five_minutes,
		failures_far_apart_do_not_add_up,
		a_username_is_tried_ten_times_a_minute_from_wherever,
		who_proved_himself_is_not_locked_out_by_others, success_forgives_earlier_failures,
		a_new_password_starts_from_zero, a_flood_of_names_does_not_free_the_silenced);
}
