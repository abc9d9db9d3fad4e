/* Migrations against a real PostgreSQL. */
#include <errno.h>
#include <pthread.h>

#include "db/migrations.h"
#include "tests/core/suite.h"
#include "tests/db/testdb.h"

START_TEST(each_file_once)
{
	struct testdb t;
	char why[DB_MIGRATE_WHY_MAX];
	struct db *db;
	int applied;

	testdb_new_empty(&t);
	ck_assert_int_eq(db_migrate(t.url, &applied, why), 0);
	ck_assert_int_eq(applied, migrations_count);
	ck_assert_int_eq(db_migrate(t.url, &applied, why), 0);
	ck_assert_int_eq(applied, 0);
	db = testdb_open(t.url);
	ck_assert_int_eq(db_migrate_check(db), 0);
	ck_assert_int_eq(atoi(testdb_ask(db, "SELECT count(*) FROM migration")), migrations_count);
	db_close(db);
	testdb_drop(&t);
}
END_TEST

static void *starter(void *arg)
{
	struct testdb *t = arg;
	char why[DB_MIGRATE_WHY_MAX];
	int applied;
	int err = db_migrate(t->url, &applied, why);

	return (void *)(intptr_t)(err ? -1 : applied);
}

START_TEST(several_starters)
{
	enum { STARTERS = 4 };
	struct testdb t;
	pthread_t thread[STARTERS];
	intptr_t sum = 0;

	testdb_new_empty(&t);
	for (int i = 0; i < STARTERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, starter, &t), 0);
	for (int i = 0; i < STARTERS; i++) {
		void *applied;

		pthread_join(thread[i], &applied);
		ck_assert_int_ge((intptr_t)applied, 0);
		sum += (intptr_t)applied;
	}
	ck_assert_int_eq(sum, migrations_count);
	testdb_drop(&t);
}
END_TEST

START_TEST(newer_database_is_left_alone)
{
	struct testdb t;
	char why[DB_MIGRATE_WHY_MAX];
	struct db *db;

	testdb_new(&t);
	db = testdb_open(t.url);
	testdb_runf(db, "INSERT INTO migration VALUES (%d, '9999_of_the_future')",
		migrations_count + 1);
	ck_assert_int_eq(db_migrate_check(db), ENOTSUP);
	ck_assert_int_eq(db_migrate(t.url, NULL, why), ENOTSUP);
	ck_assert_ptr_nonnull(strstr(why, "newer than this program"));
	ck_assert_ptr_nonnull(strstr(why, "9999_of_the_future"));
	testdb_run(db, "DELETE FROM migration WHERE name LIKE '9999%'");
	testdb_run(db, "UPDATE migration SET name = '0002_another' WHERE version = 2");
	ck_assert_int_eq(db_migrate(t.url, NULL, why), ENOTSUP);
	ck_assert_ptr_nonnull(strstr(why, "0002_another"));
	db_close(db);
	testdb_drop(&t);
}
END_TEST

START_TEST(older_database_is_told)
{
	struct testdb t;
	struct db *db;

	testdb_new(&t);
	db = testdb_open(t.url);
	testdb_runf(db, "DELETE FROM migration WHERE version = %d", migrations_count);
	ck_assert_int_eq(db_migrate_check(db), EPROTO);
	testdb_run(db, "DROP TABLE migration");
	ck_assert_int_eq(db_migrate_check(db), EPROTO);
	db_close(db);
	testdb_drop(&t);
}
END_TEST

START_TEST(failing_file_leaves_nothing)
{
	struct testdb t;
	char why[DB_MIGRATE_WHY_MAX];
	struct db *db;

	/* The third file is in the way of a function of the same name and arguments. */
	testdb_new_empty(&t);
	db = testdb_open(t.url);
	testdb_run(db, "CREATE SCHEMA trunkguard");
	testdb_run(db, "CREATE FUNCTION revision_state(text) RETURNS text LANGUAGE sql "
		       "RETURN NULL");
	ck_assert_int_eq(db_migrate(t.url, NULL, why), EPROTO);
	ck_assert_ptr_nonnull(strstr(why, "0003_feed"));
	ck_assert_str_eq(testdb_ask(db, "SELECT max(version) FROM migration"), "2");
	ck_assert_str_eq(testdb_ask(db, "SELECT to_regclass('change_log') IS NULL"), "t");
	testdb_run(db, "DROP FUNCTION revision_state(text)");
	ck_assert_int_eq(db_migrate(t.url, NULL, why), 0);
	db_close(db);
	testdb_drop(&t);
}
END_TEST

START_TEST(no_server)
{
	char why[DB_MIGRATE_WHY_MAX];

	ck_assert_int_eq(db_migrate("host=/nonexistent dbname=x", NULL, why), ECONNRESET);
	ck_assert_ptr_nonnull(strstr(why, "no connection to PostgreSQL"));
	ck_assert_int_eq(db_migrate("host=/tmp nonsense=1", NULL, why), ECONNRESET);
	ck_assert_ptr_nonnull(strstr(why, "nonsense"));
}
END_TEST

int main(void)
{
	return SUITE_RUN("migrate", NULL, each_file_once, several_starters,
		newer_database_is_left_alone, older_database_is_told, failing_file_leaves_nothing,
		no_server);
}
