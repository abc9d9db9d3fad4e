/* A database of its own for a test, in the cluster that tests/suites.cmake or
 * tests/db/with_postgres.sh started. */
#ifndef TESTS_DB_TESTDB_H
#define TESTS_DB_TESTDB_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/conn.h"
#include "db/migrate.h"

enum { TESTDB_URL_MAX = 512 };

struct testdb {
	char name[48];
	char url[TESTDB_URL_MAX];
};

/* The cluster, as keyword=value: what is appended to it wins. */
static inline const char *testdb_server(void)
{
	const char *url = getenv("TRUNKGUARD_TEST_DATABASE_URL");

	if (url && !strstr(url, "://"))
		return url;
	if (!url && getenv("PGHOST"))
		return "";
	ck_abort_msg("no PostgreSQL: run this under tests/db/with_postgres.sh or ctest "
		     "(TRUNKGUARD_TEST_DATABASE_URL in the form \"host=... user=...\")");
	return "";
}

/* With time enough for a busy machine. */
static inline struct db *testdb_open(const char *url)
{
	const struct db_options options = {
		.statement_timeout_ms = 60000, .reply_timeout_ms = 60000, .lock_timeout_ms = 5000};
	struct db_error why;
	struct db *db;

	ck_assert_msg(db_open(&db, url, &options, &why) == 0, "%s", why.message);
	return db;
}

/* Runs one statement that must work. */
static inline void testdb_run(struct db *db, const char *sql)
{
	int err = db_exec(db, sql);

	ck_assert_msg(err == 0, "%s: %s", sql, db_error(db)->message);
}

static inline void __attribute__((format(printf, 2, 3)))
testdb_runf(struct db *db, const char *fmt, ...)
{
	char sql[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sql, sizeof(sql), fmt, ap);
	va_end(ap);
	testdb_run(db, sql);
}

static inline void testdb_admin(const char *before, const char *name, const char *after)
{
	const struct db_options patient = {
		.statement_timeout_ms = 60000, .reply_timeout_ms = 60000, .lock_timeout_ms = 60000};
	struct db_error why;
	char sql[160];
	struct db *db;

	ck_assert_msg(db_open(&db, testdb_server(), &patient, &why) == 0, "%s", why.message);
	snprintf(sql, sizeof(sql), "%s %s %s", before, name, after);
	testdb_run(db, sql);
	db_close(db);
}

/* An empty database; testdb_new() also brings it to the schema. */
static inline void testdb_new_empty(struct testdb *t)
{
	static int count;

	snprintf(t->name, sizeof(t->name), "test_%d_%d", (int)getpid(), count++);
	testdb_admin("CREATE DATABASE", t->name, "");
	snprintf(t->url, sizeof(t->url), "%s dbname=%s", testdb_server(), t->name);
}

static inline void testdb_new(struct testdb *t)
{
	char why[DB_MIGRATE_WHY_MAX];

	testdb_new_empty(t);
	ck_assert_msg(db_migrate(t->url, NULL, why) == 0, "%s", why);
}

static inline void testdb_drop(struct testdb *t)
{
	if (t->name[0])
		testdb_admin("DROP DATABASE", t->name, "WITH (FORCE)");
	t->name[0] = '\0';
}

/* The first column of the first row, "" for null or none; the next call overwrites it. */
static inline const char *testdb_ask(struct db *db, const char *sql)
{
	static char answer[4096];
	struct pg_result *result;
	int err = db_query(db, sql, 0, NULL, &result);

	ck_assert_msg(err == 0, "%s: %s", sql, db_error(db)->message);
	answer[0] = '\0';
	if (db_rows(result) && db_text(result, 0, 0))
		snprintf(answer, sizeof(answer), "%s", db_text(result, 0, 0));
	db_clear(result);
	return answer;
}

static inline int testdb_suite(
	const char *name, SFun setup, SFun teardown, const TTest *const *test, size_t count)
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 110);
	tcase_add_checked_fixture(tc, setup, teardown);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tc, test[i]);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Every test between setup and teardown. */
#define TESTDB_SUITE(name, setup, teardown, ...)                                                   \
	testdb_suite((name), (setup), (teardown), (const TTest *const[]){__VA_ARGS__},             \
		sizeof((const TTest *const[]){__VA_ARGS__}) / sizeof(const TTest *))

#endif
