/* No commit is ever missed. Writers with transactions of all lengths, rollbacks, savepoints and deletes, while
 * connections are cut and the feed is started again; in between and at the end it is asked:
 *
 *   - is what is reported as applied really in force, for every revision?
 *   - does every revision become applied?
 *   - is the configuration at the end the one that a fresh load gives, in memory and on disk?
 *
 * TRUNKGUARD_STRESS=n makes it n times as long. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/sip/feed_rig.h"

enum {
	WRITERS = 10,
	COMMITS = 30, /* of each writer, times TRUNKGUARD_STRESS */
	SHARED = 40, /* numbers that all writers fight for */
};
/* The number that only writer i writes, and what its n-th commit puts there. */
#define OWN_NUMBER(i) (INT64_C(14155550000) + (i))
#define STAMP(n) (INT64_C(18000000000) + (n))

struct commit {
	char token[REVISION_SIZE];
	int writer, stamp;
};

static struct testdb t;
static char dir[64];
static int commits_each;
/* What was committed, by whom; the reader goes behind the writers. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct commit *commits;
static int committed;
static atomic_int finished;

static int any(unsigned *seed, int n)
{
	return (int)(rand_r(seed) % (unsigned)n);
}

/* Something that other writers do too; may fail by their doing, which is a rollback. */
static int disturb(struct db *db, unsigned *seed)
{
	static const char *const statements[] = {
		"UPDATE did SET ring_seconds = 1 + (random() * 100)::int WHERE number = "
		"14150000000 + $1::int",
		"UPDATE did SET failover_number = 14159990000 + $1::int WHERE number % 5 = 2"
		" AND number < 14155000000",
		"DELETE FROM did WHERE number = 14150000000 + $1::int",
		"INSERT INTO did (number, account_id, trunk_id)"
		" SELECT 14150000000 + $1::int, account_id, id FROM trunk ORDER BY random() LIMIT 1"
		" ON CONFLICT DO NOTHING",
		"UPDATE trunk SET max_concurrent_calls = $1::int WHERE id = (SELECT id FROM trunk"
		" ORDER BY random() LIMIT 1)",
		"UPDATE account SET failover_number = 14158880000 + $1::int WHERE id = (SELECT id "
		"FROM "
		"account"
		" ORDER BY random() LIMIT 1)",
		"WITH gone AS (DELETE FROM sip_account WHERE id = (SELECT id FROM sip_account"
		" ORDER BY random() LIMIT 1) RETURNING *) INSERT INTO sip_account"
		" (account_id, trunk_id, role, username) SELECT account_id, trunk_id, 'secondary',"
		" 'u' || $1 || gen_random_uuid() FROM gone WHERE role = 'primary'"
		" ON CONFLICT DO NOTHING",
		"INSERT INTO sip_account (account_id, trunk_id, role, username) SELECT account_id, "
		"id,"
		" 'primary', 'v' || $1 || gen_random_uuid() FROM trunk ON CONFLICT DO NOTHING",
		"UPDATE gateway SET priority = $1::int",
		"UPDATE did SET trunk_id = NULL WHERE number = 14150000000 + $1::int",
	};
	char number[12];
	int err;

	snprintf(number, sizeof(number), "%d", any(seed, SHARED));
	err = db_query(db, statements[any(seed, 10)], 1, (const char *const[]){number}, NULL);
	/* Others in the way are fine, a statement that never works is not. */
	ck_assert_msg(!err || err == EBUSY || err == EEXIST || err == ENOENT || err == ETIMEDOUT,
		"%s", db_error(db)->message);
	return err;
}

/* Work in a subtransaction that may be undone. */
static int disturb_in_savepoint(struct db *db, unsigned *seed)
{
	int err = db_exec(db, "SAVEPOINT s");

	if (!err)
		err = disturb(db, seed);
	if (err || any(seed, 2))
		return db_exec(db, "ROLLBACK TO s");
	return db_exec(db, "RELEASE s");
}

static int transaction(struct db *db, int writer, int stamp, unsigned *seed, char *token)
{
	char sql[160];
	int err = db_begin(db);
	int steps = 1 + any(seed, 4);

	/* The own number is written somewhere in the middle, the token taken at the end. */
	snprintf(sql, sizeof(sql), "UPDATE did SET failover_number = %lld WHERE number = %lld",
		(long long)STAMP(stamp), (long long)OWN_NUMBER(writer));
	for (int i = 0; i < steps && !err; i++) {
		if (i == steps / 2)
			err = db_exec(db, sql);
		if (!err)
			err = any(seed, 3) ? disturb(db, seed) : disturb_in_savepoint(db, seed);
		if (!err && any(seed, 3) == 0)
			usleep((useconds_t)any(seed, writer == 0 ? 150000 : 8000));
	}
	if (!err)
		err = revision_token(db, token);
	if (!err && any(seed, 8) == 0)
		err = ECANCELED; /* a change of mind */
	return err ? err : db_commit(db);
}

static void *writer_main(void *arg)
{
	int writer = (int)(intptr_t)arg;
	unsigned seed = 4711u + (unsigned)writer;
	struct db *db = testdb_open(t.url);

	for (int stamp = 1; stamp <= commits_each;) {
		struct commit c = {.writer = writer, .stamp = stamp};

		if (transaction(db, writer, stamp, &seed, c.token)) {
			db_rollback(db);
			ck_assert_msg(!db_broken(db), "%s", db_error(db)->message);
			continue;
		}
		pthread_mutex_lock(&lock);
		commits[committed++] = c;
		pthread_mutex_unlock(&lock);
		stamp++;
	}
	db_close(db);
	atomic_fetch_add(&finished, 1);
	return NULL;
}

static int commits_so_far(struct commit *from, int seen)
{
	int n;

	pthread_mutex_lock(&lock);
	n = committed;
	memcpy(from + seen, commits + seen, (size_t)(n - seen) * sizeof(*from));
	pthread_mutex_unlock(&lock);
	return n;
}

/* True when PostgreSQL says that the revision is applied; it must then be in force here and now. */
static bool applied_and_true(struct db *db, struct feed *feed, const struct commit *c)
{
	const struct cfg_did *own;
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT applied FROM revision_status('%s')", c->token);
	if (strcmp(testdb_ask(db, sql), "t"))
		return false;
	own = cfg_did(feed_cfg(feed), (e164_t)OWN_NUMBER(c->writer));
	ck_assert_ptr_nonnull(own);
	ck_assert_ptr_nonnull(own->failover);
	ck_assert_msg(own->failover->number >= (e164_t)STAMP(c->stamp),
		"%s is reported as applied, but number %d still has stamp %lld instead of %d",
		c->token, c->writer, (long long)own->failover->number - STAMP(0), c->stamp);
	return true;
}

static void provision(struct db *db)
{
	rig_provision(db, 4, SHARED / 4);
	testdb_runf(db,
		"INSERT INTO did (number, account_id, failover_number) SELECT %lld + i,"
		" (SELECT id FROM account LIMIT 1), %lld FROM generate_series(0, %d) i",
		(long long)OWN_NUMBER(0), (long long)STAMP(0), WRITERS - 1);
}

static void cut_connection(struct db *db)
{
	testdb_run(db,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
		" WHERE application_name = 'trunkguard-sip feed' AND datname = current_database()");
}

/* The test's thread is the SIP thread; every now and then it cuts, restarts, collects. */
static struct feed *watch(struct feed *feed, struct db *db)
{
	struct commit *seen = calloc((size_t)(WRITERS * commits_each), sizeof(*seen));
	unsigned seed = 1;
	int known = 0, sure = 0; /* all before it are known to be applied */

	while (atomic_load(&finished) < WRITERS || sure < known || known < committed) {
		rig_poll(feed, 2);
		switch (any(&seed, 60)) {
		case 0:
			cut_connection(db);
			break;
		case 1:
			feed_stop(feed);
			feed = rig_start(t.url, "w1", any(&seed, 3) ? dir : NULL);
			RIG_UNTIL(feed, feed_cfg(feed));
			break;
		case 2:
			testdb_run(db, "SELECT feed_collect('2 seconds')");
			break;
		default:
			break;
		}
		known = commits_so_far(seen, known);
		if (sure < known && applied_and_true(db, feed, &seen[sure]))
			sure++;
		/* And one at random, which may be in force long before its elders. */
		if (sure < known)
			applied_and_true(db, feed, &seen[sure + any(&seed, known - sure)]);
	}
	ck_assert_int_eq(sure, WRITERS * commits_each);
	free(seen);
	return feed;
}

static void assert_disk_equal(struct db *db)
{
	struct feed *feed = rig_start("host=/nonexistent", "w1", dir);

	RIG_UNTIL(feed, feed_cfg(feed));
	rig_assert_equal(feed, db);
	feed_stop(feed);
}

static void remove_files(void)
{
	static const char *const files[] = {
		"config.snapshot", "config.snapshot.1", "config.snapshot.new"};
	char path[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

START_TEST(no_commit_is_missed)
{
	const char *times = getenv("TRUNKGUARD_STRESS");
	pthread_t writer[WRITERS];
	struct feed *feed;
	struct db *db;

	commits_each = COMMITS * (times ? atoi(times) : 1);
	commits = calloc((size_t)(WRITERS * commits_each), sizeof(*commits));
	testdb_new(&t);
	db = testdb_open(t.url);
	strcpy(dir, "/tmp/trunkguard-stress-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	provision(db);
	feed = rig_start(t.url, "w1", dir);
	rig_catch_up(feed, db);
	for (int i = 0; i < WRITERS; i++)
		ck_assert_int_eq(
			pthread_create(&writer[i], NULL, writer_main, (void *)(intptr_t)i), 0);
	feed = watch(feed, db);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writer[i], NULL);
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	feed_stop(feed);

	/* Once more with the disk, which must hold the same in the end. */
	feed = rig_start(t.url, "w1", dir);
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	feed_stop(feed);
	assert_disk_equal(db);
	remove_files();
	free(commits);
	db_close(db);
	testdb_drop(&t);
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("feed_stress", NULL, NULL, no_commit_is_missed);
}
