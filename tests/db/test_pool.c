/* The pool: bounded, mended by itself, and quick to say no while PostgreSQL is away. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/clock.h"
#include "db/pool.h"
#include "tests/db/testdb.h"

static struct testdb t;

static void setup(void)
{
	testdb_new(&t);
}

static void teardown(void)
{
	testdb_drop(&t);
}

static struct db_pool *pool_at(const char *url, unsigned size)
{
	const struct db_options options = {.application_name = "pool under test"};
	struct db_pool *pool;

	ck_assert_int_eq(db_pool_new(&pool, url, size, &options), 0);
	return pool;
}

static struct db *get(struct db_pool *pool)
{
	struct db_error why;
	struct db *db;

	ck_assert_msg(db_pool_get(pool, 10000, &db, &why) == 0, "%s", why.message);
	return db;
}

static struct db_pool_state state_of(struct db_pool *pool)
{
	struct db_pool_state state;

	db_pool_state(pool, &state);
	return state;
}

START_TEST(bounded)
{
	struct db_pool *pool = pool_at(t.url, 2);
	struct db *a = get(pool), *b = get(pool), *c;

	ck_assert_ptr_ne(a, b);
	ck_assert_int_eq(db_pool_get(pool, 50, &c, NULL), EAGAIN);
	ck_assert_ptr_null(c);
	ck_assert_uint_eq(state_of(pool).in_use, 2);
	db_pool_put(pool, a);
	c = get(pool);
	ck_assert_ptr_eq(c, a);
	db_pool_put(pool, b);
	db_pool_put(pool, c);
	db_pool_put(pool, NULL);
	ck_assert_uint_eq(state_of(pool).idle, 2);
	ck_assert_uint_eq(state_of(pool).in_use, 0);
	db_pool_free(pool);
}
END_TEST

START_TEST(open_transactions_end)
{
	struct db_pool *pool = pool_at(t.url, 1);
	struct db *db = get(pool);

	ck_assert_int_eq(db_begin(db), 0);
	testdb_run(db, "INSERT INTO account (name) VALUES ('never')");
	db_pool_put(pool, db);
	db = get(pool);
	ck_assert(!db_in_transaction(db));
	ck_assert_str_eq(testdb_ask(db, "SELECT count(*) FROM account"), "0");
	db_pool_put(pool, db);
	db_pool_free(pool);
}
END_TEST

START_TEST(dead_connections_are_replaced)
{
	struct db_pool *pool = pool_at(t.url, 3);
	struct db *held[3], *admin = testdb_open(t.url);

	for (int i = 0; i < 3; i++)
		held[i] = get(pool);
	for (int i = 0; i < 3; i++)
		db_pool_put(pool, held[i]);
	testdb_run(admin, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
			  " WHERE application_name = 'pool under test'"
			  " AND datname = current_database()");
	/* Nobody gets to see that. */
	for (int i = 0; i < 3; i++) {
		held[i] = get(pool);
		ck_assert_str_eq(testdb_ask(held[i], "SELECT 1"), "1");
	}
	/* One that dies in use is not taken back. */
	testdb_run(admin, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
			  " WHERE application_name = 'pool under test'"
			  " AND datname = current_database()");
	ck_assert_int_eq(db_exec(held[0], "SELECT 1"), ECONNRESET);
	for (int i = 0; i < 3; i++)
		db_pool_put(pool, held[i]);
	held[0] = get(pool);
	ck_assert_str_eq(testdb_ask(held[0], "SELECT 1"), "1");
	db_pool_put(pool, held[0]);
	db_pool_free(pool);
	db_close(admin);
}
END_TEST

START_TEST(away_is_said_at_once)
{
	struct db_pool *pool = pool_at("host=/nonexistent", 4);
	int64_t began_ms = clock_ms();
	struct db_error why;
	struct db *db;

	for (int i = 0; i < 200; i++) {
		ck_assert_int_eq(db_pool_get(pool, 10000, &db, &why), ECONNRESET);
		ck_assert_ptr_nonnull(strstr(why.message, "/nonexistent"));
	}
	ck_assert_int_lt(clock_ms() - began_ms, 10000);
	ck_assert(state_of(pool).away);
	ck_assert_uint_eq(state_of(pool).in_use, 0);
	db_pool_free(pool);
}
END_TEST

/* A database that is not there yet stands in for a server that comes back. */
START_TEST(back_again)
{
	struct testdb late;
	struct db_pool *pool;
	char name[sizeof(late.name)];
	int64_t deadline = clock_ms() + 60000;
	struct db *db;

	testdb_new_empty(&late);
	snprintf(name, sizeof(name), "%s", late.name);
	pool = pool_at(late.url, 2);
	testdb_drop(&late);
	ck_assert_int_eq(db_pool_get(pool, 100, &db, NULL), ECONNRESET);
	testdb_admin("CREATE DATABASE", name, "");
	while (db_pool_get(pool, 100, &db, NULL)) {
		ck_assert_int_lt(clock_ms(), deadline);
		usleep(20000);
	}
	ck_assert(!state_of(pool).away);
	db_pool_put(pool, db);
	db_pool_free(pool);
	testdb_admin("DROP DATABASE", name, "WITH (FORCE)");
}
END_TEST

static atomic_int holders, most, served;

static void *worker_main(void *arg)
{
	struct db_pool *pool = arg;

	for (int i = 0; i < 100; i++) {
		struct db *db;
		int now, seen;

		if (db_pool_get(pool, 10000, &db, NULL))
			continue;
		now = atomic_fetch_add(&holders, 1) + 1;
		seen = atomic_load(&most);
		while (seen < now && !atomic_compare_exchange_weak(&most, &seen, now))
			;
		if (!db_exec(db,
			    i % 10 ? "SELECT 1" : "SELECT pg_terminate_backend(pg_backend_pid())"))
			atomic_fetch_add(&served, 1);
		atomic_fetch_sub(&holders, 1);
		db_pool_put(pool, db);
	}
	return NULL;
}

START_TEST(many_threads)
{
	enum { THREADS = 12 };
	struct db_pool *pool = pool_at(t.url, 4);
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, worker_main, pool), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_int_le(atomic_load(&most), 4);
	ck_assert_int_ge(atomic_load(&served), THREADS * 90);
	ck_assert_uint_eq(state_of(pool).in_use, 0);
	db_pool_free(pool);
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("pool", setup, teardown, bounded, open_transactions_end,
		dead_connections_are_replaced, away_is_said_at_once, back_again, many_threads);
}
