/* Commands through a real PostgreSQL: taken once, answered once, over in time. */
#include <errno.h>
#include <poll.h>

#include "core/clock.h"
#include "core/mem.h"
#include "db/command.h"
#include "sip/commander.h"
#include "tests/db/testdb.h"

enum { PATIENCE_MS = 60000, LONG_MS = 60000 };

static struct testdb t;
static struct db *db;

static void setup(void)
{
	testdb_new(&t);
	db = testdb_open(t.url);
}

static void teardown(void)
{
	db_close(db);
	testdb_drop(&t);
}

static struct commander *start(const char *worker)
{
	struct commander *c;

	ck_assert_int_eq(commander_start(&c, t.url, worker), 0);
	return c;
}

/* Waits for the SIP thread's turn. */
static struct command *taken(struct commander *c)
{
	struct pollfd fd = {.fd = commander_fd(c), .events = POLLIN};
	struct queue_node *node = NULL;

	while (!node) {
		ck_assert_int_gt(poll(&fd, 1, PATIENCE_MS), 0);
		node = commander_take(c);
	}
	return (struct command *)(void *)node;
}

static void ask(const char *worker, const char *argument, int timeout_ms, char id[UUID_TEXT_SIZE])
{
	ck_assert_int_eq(db_command_ask(db, worker, "hang_up", argument, timeout_ms, id), 0);
}

static void expect_result(const char *id, const char *expected)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	char *result = NULL;
	int err;

	while ((err = db_command_result(db, id, &result)) == EAGAIN) {
		ck_assert_int_lt(clock_ms(), deadline);
		poll(NULL, 0, 2);
	}
	ck_assert_int_eq(err, 0);
	ck_assert_str_eq(result, expected);
	free(result);
}

START_TEST(a_command_comes_and_its_result_goes_back)
{
	struct commander *c = start("w1");
	char id[UUID_TEXT_SIZE], *none;
	struct command *asked;

	ask("w1", "one\ntwo", LONG_MS, id);
	asked = taken(c);
	ck_assert_str_eq(asked->id, id);
	ck_assert_str_eq(asked->kind, "hang_up");
	ck_assert_str_eq(asked->argument, "one\ntwo");
	ck_assert_int_eq(db_command_result(db, id, &none), EAGAIN);
	commander_done(c, asked, "hung_up");
	expect_result(id, "hung_up");
	ck_assert_ptr_null(commander_take(c));
	commander_stop(c);
}
END_TEST

START_TEST(what_came_before_the_start_is_taken_if_it_is_not_over)
{
	char fresh[UUID_TEXT_SIZE], old[UUID_TEXT_SIZE], elsewhere[UUID_TEXT_SIZE], *none;
	struct commander *c;
	struct command *asked;

	ask("w1", "old", -1, old);
	ask("w2", "elsewhere", LONG_MS, elsewhere);
	ask("w1", "fresh", LONG_MS, fresh);
	c = start("w1");
	asked = taken(c);
	ck_assert_str_eq(asked->argument, "fresh");
	ck_assert_ptr_null(asked->node.next);
	commander_done(c, asked, "x");
	expect_result(fresh, "x");
	commander_stop(c);
	ck_assert_int_eq(db_command_result(db, old, &none), EAGAIN);
	ck_assert_int_eq(db_command_result(db, elsewhere, &none), EAGAIN);
	/* One that was taken is never taken again. */
	c = start("w1");
	ask("w1", "next", LONG_MS, fresh);
	asked = taken(c);
	ck_assert_str_eq(asked->argument, "next");
	mem_free(asked);
	commander_stop(c);
}
END_TEST

START_TEST(many_results_and_a_long_one)
{
	static char longest[COMMAND_RESULT_MAX + 10];
	static char id[50][UUID_TEXT_SIZE];
	struct commander *c = start("w1");
	unsigned done = 0;

	memset(longest, 'x', sizeof(longest) - 1);
	for (int i = 0; i < 50; i++)
		ask("w1", "", LONG_MS, id[i]);
	while (done < 50) {
		for (struct queue_node *node = &taken(c)->node, *next; node; node = next) {
			next = node->next;
			commander_done(c, (struct command *)(void *)node, longest);
			done++;
		}
	}
	longest[COMMAND_RESULT_MAX - 1] = '\0';
	for (int i = 0; i < 50; i++)
		expect_result(id[i], longest);
	commander_stop(c);
}
END_TEST

START_TEST(a_lost_connection_loses_no_command)
{
	struct commander *c = start("w1");
	char id[UUID_TEXT_SIZE];
	struct command *asked;

	ask("w1", "before", LONG_MS, id);
	mem_free(taken(c));
	testdb_run(db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
		       " WHERE application_name = 'trunkguard-sip commands'");
	ask("w1", "after", LONG_MS, id);
	asked = taken(c);
	ck_assert_str_eq(asked->argument, "after");
	commander_done(c, asked, "done");
	expect_result(id, "done");
	commander_stop(c);
}
END_TEST

START_TEST(what_is_over_is_dropped)
{
	char id[UUID_TEXT_SIZE], *none;

	ask("w1", "", LONG_MS, id);
	testdb_run(db, "INSERT INTO live_call (id, worker, direction, state, started_at)"
		       " SELECT uuid7(), w, 'inbound', 'ringing', now()"
		       " FROM unnest(ARRAY['gone', 'quiet', 'w1']) w");
	testdb_run(db, "INSERT INTO worker (name, instance, version, started_at, last_seen)"
		       " VALUES ('w1', gen_random_uuid(), '0', now(), now()),"
		       " ('quiet', gen_random_uuid(), '0', now(), now() - interval '11 minutes')");
	ck_assert_int_eq(db_command_collect(db), 0);
	ck_assert_str_eq(testdb_ask(db, "SELECT string_agg(worker, ',') FROM live_call"), "w1");
	ck_assert_int_eq(db_command_result(db, id, &none), EAGAIN);
	testdb_run(db, "UPDATE worker_command SET expires_at = now() - interval '2 minutes'");
	ck_assert_int_eq(db_command_collect(db), 0);
	ck_assert_int_eq(db_command_result(db, id, &none), ESRCH);
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("commander", setup, teardown, a_command_comes_and_its_result_goes_back,
		what_came_before_the_start_is_taken_if_it_is_not_over, many_results_and_a_long_one,
		a_lost_connection_loses_no_command, what_is_over_is_dropped);
}
