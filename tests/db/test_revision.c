/* Revisions: tokens, what workers have applied, and waiting for it. */
#include <errno.h>
#include <pthread.h>

#include "core/clock.h"
#include "db/revision.h"
#include "db/pg_snapshot.h"
#include "db/worker.h"
#include "tests/db/testdb.h"

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

/* A write of its own transaction; its token. */
static void write_account(const char *name, char token[REVISION_SIZE])
{
	ck_assert_int_eq(db_begin(db), 0);
	testdb_runf(db, "INSERT INTO account (name) VALUES ('%s')", name);
	ck_assert_int_eq(revision_token(db, token), 0);
	ck_assert_int_eq(db_commit(db), 0);
}

/* A worker reads all there is and says that it routes by it. */
static void worker_reads(const char *name, bool changed)
{
	struct db_feed_reading reading;
	struct db_worker w = {.name = name,
		.instance = "00000000-0000-4000-8000-000000000001",
		.version = "1",
		.changed = changed,
		.counts = "{}",
		.rejects = "[]"};
	bool rival;

	ck_assert_int_eq(db_feed_begin(db, NULL, &reading), 0);
	ck_assert_int_eq(db_feed_end(db), 0);
	w.applied = &reading.now;
	ck_assert_int_eq(db_worker_report(db, &w, &rival), 0);
	ck_assert(!rival);
	db_position_fini(&reading.now);
}

static const char *status(const char *token)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
		"SELECT concat_ws(' ', state, applied, applied_at IS NOT NULL) "
		"FROM revision_status('%s')",
		token);
	return testdb_ask(db, sql);
}

START_TEST(snapshots_see)
{
	ck_assert(pg_snapshot_sees("10:10:", 9));
	ck_assert(!pg_snapshot_sees("10:10:", 10));
	ck_assert(!pg_snapshot_sees("10:20:10,15", 10));
	ck_assert(pg_snapshot_sees("10:20:10,15", 14));
	ck_assert(!pg_snapshot_sees("10:20:10,15", 15));
	ck_assert(pg_snapshot_sees("10:20:10,15", 16));
	ck_assert(!pg_snapshot_sees("10:20:10,15", 20));
	ck_assert(!pg_snapshot_sees("", 1));
	ck_assert(!pg_snapshot_sees("10:20", 1));
	ck_assert(!pg_snapshot_sees("10:20:11,x", 12));
	ck_assert(!pg_snapshot_sees("10:20:-11", 12));
	ck_assert(!pg_snapshot_sees("99999999999999999999:20:", 1));
}
END_TEST

/* Ours and PostgreSQL's own must not differ. */
START_TEST(snapshots_agree_with_postgresql)
{
	static const char *const snapshots[] = {
		"100:100:", "100:110:100", "100:110:100,104,109", "100:101:100"};

	for (size_t i = 0; i < sizeof(snapshots) / sizeof(snapshots[0]); i++) {
		for (int xid = 98; xid < 113; xid++) {
			char sql[128];

			snprintf(sql, sizeof(sql), "SELECT pg_visible_in_snapshot('%d', '%s')", xid,
				snapshots[i]);
			ck_assert_msg(pg_snapshot_sees(snapshots[i], (uint64_t)xid) ==
					      !strcmp(testdb_ask(db, sql), "t"),
				"%d in %s", xid, snapshots[i]);
		}
	}
}
END_TEST

START_TEST(tokens_are_checked)
{
	static const char *const bad[] = {"", "abc", "0123abcd", "0123abcd-", "0123abcd-0",
		"0123abcd-01", "0123abcd-x", "0123abcd-1 ", "0123ABCD-1", "0123abcde-1",
		"0123abcd-1234567890123456789"};

	ck_assert_int_eq(revision_check("0123abcd-123456789012345678"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char sql[160];

		ck_assert_msg(revision_check(bad[i]) == EINVAL, "%s", bad[i]);
		snprintf(sql, sizeof(sql), "SELECT revision_state('%s') IS NULL", bad[i]);
		ck_assert_msg(!strcmp(testdb_ask(db, sql), "t"), "%s", bad[i]);
	}
}
END_TEST

START_TEST(states)
{
	char token[REVISION_SIZE], sql[160];
	struct db *other = testdb_open(t.url);

	write_account("a", token);
	ck_assert_str_eq(status(token), "committed f f");
	ck_assert_str_eq(status("00000000-5"), "unknown f f");
	snprintf(sql, sizeof(sql), "%.8s-999999999999", token);
	ck_assert_str_eq(status(sql), "unknown f f");

	ck_assert_int_eq(db_begin(other), 0);
	ck_assert_int_eq(revision_token(other, token), 0);
	ck_assert_str_eq(status(token), "in_progress f f");
	db_rollback(other);
	ck_assert_str_eq(status(token), "aborted f f");
	db_close(other);
}
END_TEST

START_TEST(applied_by_every_live_worker)
{
	char first[REVISION_SIZE], second[REVISION_SIZE];

	write_account("a", first);
	worker_reads("w1", true);
	ck_assert_str_eq(status(first), "committed t t");
	write_account("b", second);
	ck_assert_str_eq(status(second), "committed f f");
	ck_assert_str_eq(status(first), "committed t t");
	worker_reads("w2", true);
	ck_assert_str_eq(status(second), "committed f f");
	worker_reads("w1", true);
	ck_assert_str_eq(status(second), "committed t t");
	/* One that is not there is not waited for. */
	testdb_run(db,
		"UPDATE worker SET applied_snapshot = '3:3:', last_seen = now() - interval '6 s'"
		" WHERE name = 'w2'");
	ck_assert_str_eq(status(second), "committed t t");
	testdb_run(db, "UPDATE worker SET last_seen = now()");
	ck_assert_str_eq(status(second), "committed f f");
	ck_assert_int_eq(db_worker_stop(db, "w2", "00000000-0000-4000-8000-000000000001"), 0);
	ck_assert_str_eq(status(second), "committed t t");
	/* And none at all is no success. */
	ck_assert_int_eq(db_worker_stop(db, "w1", "00000000-0000-4000-8000-000000000001"), 0);
	ck_assert_str_eq(status(second), "committed f f");
}
END_TEST

START_TEST(applied_at_is_the_first_time)
{
	char token[REVISION_SIZE], sql[256], when[64];

	write_account("a", token);
	worker_reads("w1", true);
	snprintf(sql, sizeof(sql), "SELECT applied_at FROM revision_workers('%s')", token);
	snprintf(when, sizeof(when), "%s", testdb_ask(db, sql));
	ck_assert_str_ne(when, "");
	for (int i = 0; i < 3; i++) {
		char later[REVISION_SIZE];

		write_account("b", later);
		worker_reads("w1", true);
	}
	ck_assert_str_eq(testdb_ask(db, sql), when);
}
END_TEST

START_TEST(older_epoch_counts_after_reading_all_again)
{
	char token[REVISION_SIZE], current[REVISION_SIZE];

	write_account("a", token);
	worker_reads("w1", true);
	testdb_run(db, "DELETE FROM incarnation"); /* as a crash does */
	ck_assert_str_eq(status(token), "committed f f");
	ck_assert_int_eq(revision_current(db, current), 0);
	ck_assert_int_ne(strncmp(current, token, 8), 0);
	ck_assert_str_eq(status(token), "committed f f");
	worker_reads("w1", true);
	ck_assert_str_eq(status(token), "committed t t");
}
END_TEST

START_TEST(rival_of_the_same_name)
{
	struct db_worker w = {.name = "w1",
		.instance = "00000000-0000-4000-8000-00000000000a",
		.version = "1",
		.counts = "{\"dids\": 3}",
		.rejects = "[]"};
	bool rival = true;

	ck_assert_int_eq(db_worker_report(db, &w, &rival), 0);
	ck_assert(!rival);
	ck_assert_int_eq(db_worker_report(db, &w, &rival), 0);
	ck_assert(!rival);
	w.instance = "00000000-0000-4000-8000-00000000000b";
	ck_assert_int_eq(db_worker_report(db, &w, &rival), 0);
	ck_assert(rival);
	ck_assert_str_eq(testdb_ask(db, "SELECT config_counts->>'dids' FROM worker"), "3");
	ck_assert_str_eq(testdb_ask(db, "SELECT live AND lag_ms > 0 FROM worker_status"), "t");
}
END_TEST

START_TEST(lag_is_of_the_oldest_unseen_change)
{
	char token[REVISION_SIZE];

	worker_reads("w1", true);
	ck_assert_str_eq(testdb_ask(db, "SELECT lag_ms FROM worker_status"), "0");
	write_account("a", token);
	testdb_run(db, "UPDATE change_log SET at = at - interval '90 s'");
	write_account("b", token);
	ck_assert_str_eq(
		testdb_ask(db, "SELECT lag_ms BETWEEN 90000 AND 150000 FROM worker_status"), "t");
	worker_reads("w1", true);
	ck_assert_str_eq(testdb_ask(db, "SELECT lag_ms FROM worker_status"), "0");
}
END_TEST

/* Waiting. */

struct waiting {
	struct revision_listener *listener;
	char token[REVISION_SIZE];
	int timeout_ms;
	int err;
	bool applied;
	pthread_t thread;
};

static void *wait_main(void *arg)
{
	struct waiting *w = arg;

	w->err = revision_wait(w->listener, w->token, w->timeout_ms, &w->applied);
	return NULL;
}

static void wait_start(struct waiting *w)
{
	ck_assert_int_eq(pthread_create(&w->thread, NULL, wait_main, w), 0);
}

START_TEST(waiters_wake_up)
{
	enum { WAITERS = 8 };
	struct waiting w[WAITERS] = {0};
	struct revision_listener *listener;

	worker_reads("w1", true);
	ck_assert_int_eq(revision_listener_new(&listener, t.url), 0);
	for (int i = 0; i < WAITERS; i++) {
		w[i].listener = listener;
		w[i].timeout_ms = 30000;
		write_account("a", w[i].token);
		wait_start(&w[i]);
	}
	worker_reads("w1", true);
	for (int i = 0; i < WAITERS; i++) {
		pthread_join(w[i].thread, NULL);
		ck_assert_int_eq(w[i].err, 0);
		ck_assert(w[i].applied);
	}
	revision_listener_free(listener);
}
END_TEST

START_TEST(waiting_ends_without_an_answer)
{
	struct waiting w = {.timeout_ms = 300};
	struct revision_listener *listener;

	ck_assert_int_eq(revision_listener_new(&listener, t.url), 0);
	w.listener = listener;
	/* No worker at all. */
	write_account("a", w.token);
	wait_main(&w);
	ck_assert_int_eq(w.err, 0);
	ck_assert(!w.applied);
	/* One that does not come on. */
	worker_reads("w1", true);
	write_account("b", w.token);
	wait_main(&w);
	ck_assert_int_eq(w.err, 0);
	ck_assert(!w.applied);
	ck_assert_int_eq(revision_wait(listener, "nonsense", 10, &w.applied), EINVAL);
	/* Stopped while waiting. */
	w.timeout_ms = 60000;
	wait_start(&w);
	revision_listener_stop(listener);
	pthread_join(w.thread, NULL);
	ck_assert_int_eq(w.err, ECANCELED);
	revision_listener_free(listener);
}
END_TEST

START_TEST(waiting_survives_a_lost_connection)
{
	struct waiting w = {.timeout_ms = 60000};
	struct revision_listener *listener;

	worker_reads("w1", true);
	ck_assert_int_eq(revision_listener_new(&listener, t.url), 0);
	w.listener = listener;
	write_account("a", w.token);
	wait_start(&w);
	while (strcmp(
		testdb_ask(db, "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity"
			       " WHERE datname = current_database()"
			       " AND application_name = 'trunkguard-api revisions'"),
		"t"))
		usleep(10000);
	worker_reads("w1", true);
	pthread_join(w.thread, NULL);
	ck_assert_int_eq(w.err, 0);
	ck_assert(w.applied);
	revision_listener_free(listener);
}
END_TEST

static unsigned notified_within(struct db *reader, int ms)
{
	int64_t deadline = clock_ms() + ms;
	unsigned notified = 0;

	while (!notified && clock_ms() < deadline)
		ck_assert_int_eq(db_wait(reader, -1, 20, &notified), 0);
	return notified;
}

START_TEST(quiet_commits_are_woken_up_for)
{
	const struct db_options options = {.quiet = true};
	struct revision_listener *listener;
	struct db *reader = testdb_open(t.url), *quiet;
	char token[REVISION_SIZE];

	ck_assert_int_eq(db_feed_listen(reader), 0);
	ck_assert_int_eq(db_open(&quiet, t.url, &options, NULL), 0);
	ck_assert_int_eq(revision_listener_new(&listener, t.url), 0);
	ck_assert_int_eq(db_begin(quiet), 0);
	testdb_run(quiet, "INSERT INTO account (name) VALUES ('a')");
	ck_assert_int_eq(revision_token(quiet, token), 0);
	ck_assert_int_eq(db_commit(quiet), 0);
	ck_assert_uint_eq(notified_within(reader, 200), 0);
	revision_wake(listener);
	ck_assert_uint_gt(notified_within(reader, 30000), 0);
	/* A session that does not know of this needs nothing. */
	testdb_run(db, "UPDATE account SET name = 'b'");
	ck_assert_uint_gt(notified_within(reader, 30000), 0);
	revision_listener_free(listener);
	db_close(quiet);
	db_close(reader);
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("revision", setup, teardown, snapshots_see,
		snapshots_agree_with_postgresql, tokens_are_checked, states,
		applied_by_every_live_worker, applied_at_is_the_first_time,
		older_epoch_counts_after_reading_all_again, rival_of_the_same_name,
		lag_is_of_the_oldest_unseen_change, waiters_wake_up, waiting_ends_without_an_answer,
		waiting_survives_a_lost_connection, quiet_commits_are_woken_up_for);
}
