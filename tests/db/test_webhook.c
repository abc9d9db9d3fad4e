/* Deliveries: who gets which in hand, and what comes of an attempt. */
#include "db/webhook.h"

#include <errno.h>

#include "tests/db/testdb.h"

static struct testdb t;
static struct db *one, *two;

static void add_webhook(const char *url)
{
	testdb_runf(one, "INSERT INTO webhook (url, signing_secret) VALUES ('%s', 'whsec_%s')", url,
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

static void add_events(int count)
{
	int64_t settled;

	testdb_runf(one,
		"INSERT INTO event (type, subject) SELECT 'trunk.down', 'trunks/' || n FROM "
		"generate_series(1, %d) n",
		count);
	ck_assert_int_eq(event_settle(one, &settled), 0);
	ck_assert_int_eq(settled, count);
}

static void setup(void)
{
	testdb_new(&t);
	one = testdb_open(t.url);
	two = testdb_open(t.url);
	testdb_run(one, "SET idle_in_transaction_session_timeout = 0");
	add_webhook("https://one.example/");
}

static void teardown(void)
{
	db_close(one);
	db_close(two);
	testdb_drop(&t);
}

static int claim(struct db *db, unsigned most)
{
	struct pg_result *jobs;
	int count;

	ck_assert_msg(webhook_claim(db, most, &jobs) == 0, "%s", db_error(db)->message);
	count = db_rows(jobs);
	for (int i = 0; i < count; i++)
		ck_assert_ptr_nonnull(db_text(jobs, i, WEBHOOK_JOB_BODY));
	db_clear(jobs);
	return count;
}

static const char *ask(const char *sql)
{
	return testdb_ask(one, sql);
}

static void note(const char *delivery, int64_t attempt, long status)
{
	struct webhook_outcome o = {.attempt = attempt, .status = status};

	ck_assert_msg(webhook_note(one, delivery, &o) == 0, "%s", db_error(one)->message);
}

static void first_delivery(char id[40])
{
	snprintf(id, 40, "%s", ask("SELECT id FROM webhook_delivery ORDER BY id LIMIT 1"));
}

START_TEST(four_of_a_webhook_at_a_time)
{
	add_events(10);
	ck_assert_int_eq(claim(one, 64), 4);
	ck_assert_int_eq(claim(two, 64), 0);
	testdb_run(one,
		"UPDATE webhook_delivery SET leased_until = now(), next_attempt_at = now() WHERE "
		"leased_until IS NOT NULL");
	ck_assert_int_eq(claim(two, 3), 3);
	ck_assert_int_eq(claim(one, 64), 1);
}
END_TEST

START_TEST(one_of_a_webhook_that_fails)
{
	add_events(10);
	testdb_run(one, "UPDATE webhook SET failing_since = now()");
	ck_assert_int_eq(claim(one, 64), 1);
	ck_assert_int_eq(claim(one, 64), 0);
	add_webhook("https://two.example/");
	add_events(2);
	ck_assert_int_eq(claim(one, 64), 2);
}
END_TEST

/* What another process has in hand in a transaction that is not over is neither waited for nor taken. */
START_TEST(two_processes_never_take_the_same)
{
	add_events(4);
	ck_assert_int_eq(db_begin(one), 0);
	ck_assert_int_eq(claim(one, 2), 2);
	ck_assert_int_eq(claim(two, 64), 2);
	ck_assert_int_eq(db_commit(one), 0);
	ck_assert_str_eq(
		ask("SELECT string_agg(DISTINCT attempts::text, ',') FROM webhook_delivery"), "1");
}
END_TEST

START_TEST(a_late_note_of_a_lost_lease_counts_for_nothing)
{
	char id[40];

	add_events(1);
	first_delivery(id);
	ck_assert_int_eq(claim(one, 1), 1);
	testdb_run(
		one, "UPDATE webhook_delivery SET next_attempt_at = now(), leased_until = now()");
	ck_assert_int_eq(claim(two, 1), 1);
	note(id, 1, 500);
	ck_assert_str_eq(
		ask("SELECT state || attempts || (leased_until IS NULL) FROM webhook_delivery"),
		"pending2false");
	note(id, 2, 200);
	ck_assert_str_eq(ask("SELECT state FROM webhook_delivery"), "delivered");
	note(id, 2, 500);
	ck_assert_str_eq(ask("SELECT state FROM webhook_delivery"), "delivered");
}
END_TEST

START_TEST(settled_once)
{
	int64_t count;

	add_events(3);
	ck_assert_int_eq(event_settle(one, &count), 0);
	ck_assert_int_eq(count, 0);
	ck_assert_str_eq(ask("SELECT count(*) FROM webhook_delivery"), "3");
	ck_assert_str_eq(ask("SELECT count(*) FROM event_chain"), "3");
	/* one at a time */
	ck_assert_int_eq(db_begin(one), 0);
	testdb_run(one, "INSERT INTO event (type, subject) VALUES ('trunk.up', 'trunks/x')");
	ck_assert_int_eq(event_settle(one, &count), 0);
	ck_assert_int_eq(count, 1);
	testdb_run(two, "INSERT INTO event (type, subject) VALUES ('trunk.up', 'trunks/y')");
	ck_assert_int_eq(event_settle(two, &count), 0);
	ck_assert_int_eq(count, 0);
	ck_assert_int_eq(db_commit(one), 0);
	ck_assert_int_eq(event_settle(two, &count), 0);
	ck_assert_int_eq(count, 1);
	ck_assert_str_eq(ask("SELECT count(*) FROM event_verify()"), "0");
}
END_TEST

START_TEST(released_at_once)
{
	char id[40];

	add_events(1);
	first_delivery(id);
	ck_assert_int_eq(claim(one, 1), 1);
	ck_assert_int_eq(webhook_release(one, id, 1), 0);
	ck_assert_str_eq(ask("SELECT attempts FROM webhook_delivery"), "0");
	ck_assert_int_eq(claim(two, 1), 1);
}
END_TEST

START_TEST(what_is_over_is_forgotten)
{
	add_events(4);
	testdb_run(one,
		"WITH d AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM webhook_delivery) "
		"UPDATE "
		"webhook_delivery w SET state = CASE WHEN n < 3 THEN 'delivered' ELSE 'dead' END, "
		"next_attempt_at = NULL, ended_at = now() - CASE n WHEN 1 THEN interval '8 days' "
		"WHEN 2 "
		"THEN interval '6 days' WHEN 3 THEN interval '8 days' ELSE interval '31 days' END "
		"FROM d "
		"WHERE d.id = w.id");
	ck_assert_int_eq(webhook_forget(one), 0);
	ck_assert_str_eq(ask("SELECT string_agg(state, ',' ORDER BY state) FROM webhook_delivery"),
		"dead,delivered");
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("webhook", setup, teardown, four_of_a_webhook_at_a_time,
		one_of_a_webhook_that_fails, two_processes_never_take_the_same,
		a_late_note_of_a_lost_lease_counts_for_nothing, settled_once, released_at_once,
		what_is_over_is_forgotten);
}
