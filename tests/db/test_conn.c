/* A connection against a real PostgreSQL, and against what only looks like one. */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/clock.h"
#include "tests/db/testdb.h"

static struct testdb t;
static struct db *db;

static void setup(void)
{
	testdb_new(&t);
	ck_assert_int_eq(db_open(&db, t.url, NULL, NULL), 0);
}

static void teardown(void)
{
	db_close(db);
	testdb_drop(&t);
}

static int query(struct db *c, const char *sql, const char *value)
{
	return db_query(c, sql, value ? 1 : 0, &value, NULL);
}

START_TEST(errors_become_errno)
{
	static const struct {
		int err;
		const char *sql, *constraint;
	} rows[] = {
		{EEXIST,
			"INSERT INTO trunk (id, account_id, name) SELECT id, account_id, 'x' FROM "
			"trunk",
			"trunk_pkey"},
		{ENOENT, "INSERT INTO trunk (account_id, name) VALUES (uuid7(), 'x')",
			"trunk_account_id_fkey"},
		{ENOENT, "DELETE FROM account", "trunk_account_id_fkey"},
		{EINVAL, "INSERT INTO account (name) VALUES ('')", "account_name_check"},
		{EINVAL, "INSERT INTO account (name) VALUES (NULL)", ""},
		{EINVAL, "SELECT 'x'::uuid", ""},
		{EINVAL, "SELECT 10000000000::integer", ""},
		{EINVAL, "UPDATE account SET id = uuid7()", "account_key"},
		{ETIMEDOUT, "SELECT pg_sleep(10)", ""},
		{EPROTO, "SELECT * FROM nothing_of_this_name", ""},
		{EPROTO, "SELEKT", ""},
		{EBUSY, "DO $$ BEGIN RAISE deadlock_detected; END $$", ""},
		{EBUSY, "DO $$ BEGIN RAISE serialization_failure; END $$", ""},
		{EAGAIN, "DO $$ BEGIN RAISE too_many_connections; END $$", ""},
		{ENOSPC, "DO $$ BEGIN RAISE disk_full; END $$", ""},
		{EIO, "DO $$ BEGIN RAISE internal_error; END $$", ""},
	};
	const struct db_options options = {.statement_timeout_ms = 200};
	struct db *c;

	testdb_run(db, "INSERT INTO account (name) VALUES ('a')");
	testdb_run(db, "INSERT INTO trunk (account_id, name) SELECT id, 't' FROM account");
	ck_assert_int_eq(db_open(&c, t.url, &options, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(query(c, rows[i].sql, NULL) == rows[i].err, "%s: %d %s", rows[i].sql,
			db_error(c)->err, db_error(c)->message);
		ck_assert_str_eq(db_error(c)->constraint, rows[i].constraint);
		ck_assert_str_ne(db_error(c)->message, "");
		ck_assert_uint_eq(strlen(db_error(c)->sqlstate), 5);
		ck_assert(!db_broken(c));
		ck_assert(!db_in_transaction(c));
	}
	ck_assert_int_eq(query(c, "SELECT 1", NULL), 0);
	db_close(c);
}
END_TEST

START_TEST(error_names_table_and_column)
{
	ck_assert_int_eq(query(db, "INSERT INTO account (name) VALUES (NULL)", NULL), EINVAL);
	ck_assert_str_eq(db_error(db)->table, "account");
	ck_assert_str_eq(db_error(db)->column, "name");
}
END_TEST

START_TEST(parameters_are_only_parameters)
{
	struct pg_result *result;
	const char *values[] = {"'; DROP TABLE account; --", NULL, "12"};

	ck_assert_int_eq(
		db_query(db, "SELECT $1::text, $2::text, $3::bigint, true", 3, values, &result), 0);
	ck_assert_int_eq(db_rows(result), 1);
	ck_assert_str_eq(db_text(result, 0, 0), values[0]);
	ck_assert_ptr_null(db_text(result, 0, 1));
	ck_assert_int_eq(db_int(result, 0, 2), 12);
	ck_assert(db_bool(result, 0, 3));
	ck_assert_int_eq(db_int(result, 0, 1), 0);
	ck_assert(!db_bool(result, 0, 1));
	db_clear(result);
	ck_assert_int_eq(
		db_query(db, "UPDATE account SET name = $1 WHERE false", 1, values, &result), 0);
	ck_assert_int_eq(db_affected(result), 0);
	db_clear(result);
}
END_TEST

/* More texts than are kept, so that the book of prepared statements turns over. */
START_TEST(many_statements)
{
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 500; i++) {
			struct pg_result *result;
			char sql[64];

			snprintf(sql, sizeof(sql), "SELECT %d + $1::int", i);
			ck_assert_int_eq(
				db_query(db, sql, 1, (const char *const[]){"1"}, &result), 0);
			ck_assert_int_eq(db_int(result, 0, 0), i + 1);
			db_clear(result);
		}
	}
	ck_assert_int_le(atoi(testdb_ask(db, "SELECT count(*) FROM pg_prepared_statements")), 256);
}
END_TEST

START_TEST(transactions)
{
	ck_assert_int_eq(db_begin(db), 0);
	ck_assert(db_in_transaction(db));
	testdb_run(db, "INSERT INTO account (name) VALUES ('a')");
	db_rollback(db);
	ck_assert(!db_in_transaction(db));
	ck_assert_str_eq(testdb_ask(db, "SELECT count(*) FROM account"), "0");
	db_rollback(db);
	/* The COMMIT of a transaction that failed is no success. */
	ck_assert_int_eq(db_begin(db), 0);
	ck_assert_int_eq(query(db, "INSERT INTO account (name) VALUES ('')", NULL), EINVAL);
	ck_assert_int_eq(db_commit(db), EINVAL);
	ck_assert(!db_in_transaction(db));
	ck_assert_int_eq(db_begin_read(db), 0);
	ck_assert_int_eq(query(db, "INSERT INTO account (name) VALUES ('a')", NULL), ECONNRESET);
}
END_TEST

START_TEST(session_is_as_it_should_be)
{
	ck_assert_str_eq(testdb_ask(db, "SHOW search_path"), "trunkguard,pg_temp");
	ck_assert_str_eq(testdb_ask(db, "SHOW statement_timeout"), "2s");
	ck_assert_str_eq(testdb_ask(db, "SHOW lock_timeout"), "1s");
	ck_assert_str_eq(testdb_ask(db, "SHOW idle_in_transaction_session_timeout"), "5s");
	ck_assert_str_eq(testdb_ask(db, "SHOW synchronous_commit"), "on");
	ck_assert_str_eq(testdb_ask(db, "SHOW client_encoding"), "UTF8");
	ck_assert_str_eq(testdb_ask(db, "SHOW timezone"), "UTC");
}
END_TEST

START_TEST(a_locked_row_does_not_hold_anybody_long)
{
	struct db *other = testdb_open(t.url);

	testdb_run(db, "INSERT INTO account (name) VALUES ('a')");
	ck_assert_int_eq(db_begin(other), 0);
	testdb_run(other, "UPDATE account SET name = 'b'");
	ck_assert_int_eq(query(db, "UPDATE account SET name = 'c'", NULL), EBUSY);
	db_rollback(other);
	ck_assert_int_eq(query(db, "UPDATE account SET name = 'c'", NULL), 0);
	db_close(other);
}
END_TEST

static void cut(struct db *victim)
{
	char pid[16], sql[64];
	struct db *admin = testdb_open(t.url);

	snprintf(pid, sizeof(pid), "%s", testdb_ask(victim, "SELECT pg_backend_pid()"));
	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%s, 5000)", pid);
	testdb_run(admin, sql);
	db_close(admin);
}

START_TEST(a_lost_connection_is_broken_for_good)
{
	unsigned notified;

	cut(db);
	ck_assert(!db_alive(db));
	ck_assert(db_broken(db));
	ck_assert_int_eq(query(db, "SELECT 1", NULL), ECONNRESET);
	ck_assert_int_eq(db_begin(db), ECONNRESET);
	ck_assert_int_eq(db_commit(db), ECONNRESET);
	ck_assert_int_eq(db_wait(db, -1, 0, &notified), ECONNRESET);
	ck_assert_int_eq(db_copy_out(db, "COPY account TO STDOUT", NULL, NULL), ECONNRESET);
	db_rollback(db);
	db_close(db);
	db = testdb_open(t.url);
	ck_assert(db_alive(db));
	ck_assert_int_eq(db_begin(db), 0);
	cut(db);
	ck_assert_int_eq(query(db, "SELECT 1", NULL), ECONNRESET);
	db_rollback(db);
	ck_assert(db_broken(db));
}
END_TEST

START_TEST(silence_is_not_waited_for)
{
	const struct db_options options = {
		.statement_timeout_ms = DB_NOT_LIMITED, .reply_timeout_ms = 200};
	struct db *c;

	ck_assert_int_eq(db_open(&c, t.url, &options, NULL), 0);
	ck_assert_int_eq(query(c, "SELECT pg_sleep(30)", NULL), ETIMEDOUT);
	ck_assert(db_broken(c));
	db_close(c);
}
END_TEST

START_TEST(nobody_there)
{
	static const char *const urls[] = {"host=/nonexistent", "host=127.0.0.1 port=1",
		"host=127.0.0.1 port=99999", "nonsense", "nonsense=1", "postgresql://%%%"};

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct db_error why;
		struct db *c = (struct db *)1;

		ck_assert_int_eq(db_open(&c, urls[i], NULL, &why), ECONNRESET);
		ck_assert_ptr_null(c);
		ck_assert_str_ne(why.message, "");
	}
}
END_TEST

/* A server that takes the connection and then says nothing: stopped, or behind a dead network. */
START_TEST(a_dumb_server)
{
	char dir[] = "/tmp/trunkguard-dumb-XXXXXX", url[128];
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int64_t began_ms = clock_ms();
	struct db *c;
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/.s.PGSQL.5432", dir);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	snprintf(url, sizeof(url), "host=%s", dir);
	ck_assert_int_eq(db_open(&c, url, NULL, NULL), ECONNRESET);
	ck_assert_int_lt(clock_ms() - began_ms, 30000);
	close(fd);
	unlink(a.sun_path);
	rmdir(dir);
}
END_TEST

/* COPY. */

struct lines {
	size_t count, octets;
	size_t stop_at;
};

static int count_line(const char *line, size_t len, void *arg)
{
	struct lines *l = arg;

	ck_assert_ptr_null(memchr(line, '\n', len));
	l->octets += len;
	return ++l->count == l->stop_at ? ECANCELED : 0;
}

START_TEST(copy_out)
{
	struct lines l = {0};

	ck_assert_int_eq(db_copy_out(db,
				 "COPY (SELECT i, E'a\\tb\\nc\\\\', NULL FROM"
				 " generate_series(10000, 29999) i) TO STDOUT",
				 count_line, &l),
		0);
	ck_assert_uint_eq(l.count, 20000);
	ck_assert_uint_eq(l.octets, 20000 * strlen("10000\ta\\tb\\nc\\\\\t\\N"));
	l = (struct lines){0};
	ck_assert_int_eq(
		db_copy_out(db, "COPY (SELECT 1 WHERE false) TO STDOUT", count_line, &l), 0);
	ck_assert_uint_eq(l.count, 0);
}
END_TEST

START_TEST(copy_out_goes_wrong)
{
	struct lines l = {.stop_at = 10};

	/* The handler has enough: the connection is still good. */
	ck_assert_int_eq(db_copy_out(db, "COPY (SELECT generate_series(1, 100000)) TO STDOUT",
				 count_line, &l),
		ECANCELED);
	ck_assert_uint_eq(l.count, 10);
	l = (struct lines){0};
	ck_assert_int_eq(
		db_copy_out(db, "COPY nothing_of_this_name TO STDOUT", count_line, &l), EPROTO);
	ck_assert_int_eq(db_copy_out(db,
				 "COPY (SELECT 1000 / (500 - i) FROM generate_series(1, 1000) i)"
				 " TO STDOUT",
				 count_line, &l),
		EINVAL);
	/* No COPY at all. */
	ck_assert_int_ne(db_copy_out(db, "SELECT 1", count_line, &l), 0);
	ck_assert(!db_broken(db));
	ck_assert_str_eq(testdb_ask(db, "SELECT 1"), "1");
}
END_TEST

START_TEST(notifications)
{
	struct db *other = testdb_open(t.url);
	int fds[2];
	unsigned notified;

	testdb_run(db, "LISTEN trunkguard_change");
	ck_assert_int_eq(db_wait(db, -1, 0, &notified), 0);
	ck_assert_uint_eq(notified, 0);
	testdb_run(other, "INSERT INTO account (name) VALUES ('a')");
	ck_assert_int_eq(db_wait(db, -1, 30000, &notified), 0);
	ck_assert_uint_eq(notified, 1);
	/* Those that came while something else was asked are not forgotten. */
	testdb_run(other, "UPDATE account SET name = 'b'");
	while (strcmp(testdb_ask(db, "SELECT name FROM account"), "b"))
		;
	testdb_run(db, "SELECT 1");
	ck_assert_int_eq(db_wait(db, -1, 30000, &notified), 0);
	ck_assert_uint_eq(notified, 1);
	/* The other descriptor ends the wait too. */
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(db_wait(db, fds[0], 30000, &notified), 0);
	ck_assert_uint_eq(notified, 0);
	close(fds[0]);
	close(fds[1]);
	db_close(other);
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("conn", setup, teardown, errors_become_errno,
		error_names_table_and_column, parameters_are_only_parameters, many_statements,
		transactions, session_is_as_it_should_be, a_locked_row_does_not_hold_anybody_long,
		a_lost_connection_is_broken_for_good, silence_is_not_waited_for, nobody_there,
		a_dumb_server, copy_out, copy_out_goes_wrong, notifications);
}
