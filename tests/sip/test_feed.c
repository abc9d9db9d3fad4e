/* The feed against a real PostgreSQL: first load, increments, restarts, bad objects, disk. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sip/feed_rig.h"

static struct testdb t;
static struct db *db;
static char dir[64];

static void setup(void)
{
	testdb_new(&t);
	db = testdb_open(t.url);
	strcpy(dir, "/tmp/trunkguard-feed-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	static const char *const files[] = {
		"config.snapshot", "config.snapshot.1", "config.snapshot.new"};
	char path[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
	db_close(db);
	testdb_drop(&t);
}

static struct feed_health health_of(struct feed *feed)
{
	struct feed_health h;

	feed_health(feed, &h);
	return h;
}

static const struct cfg_did *did(struct feed *feed, e164_t number)
{
	return cfg_did(feed_cfg(feed), number);
}

START_TEST(first_load)
{
	struct feed *feed;
	struct feed_health h;

	rig_provision(db, 3, 5);
	feed = rig_start(t.url, "w1", NULL);
	ck_assert_ptr_null(feed_cfg(feed));
	ck_assert_str_eq(feed_revision(feed), "");
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	h = health_of(feed);
	ck_assert_int_eq(h.source, FEED_DATABASE);
	ck_assert(h.connected);
	ck_assert_uint_eq(h.counts.dids, 15);
	ck_assert_uint_eq(h.full_loads, 1);
	ck_assert_uint_eq(h.rejected, 0);
	ck_assert_int_ge(h.age_ms, 0);
	ck_assert_int_eq(revision_check(feed_revision(feed)), 0);
	ck_assert_str_eq(testdb_ask(db, "SELECT config_counts->>'dids' FROM worker"), "15");
	feed_stop(feed);
	ck_assert_str_eq(testdb_ask(db, "SELECT stopped_at IS NOT NULL FROM worker"), "t");
}
END_TEST

START_TEST(every_kind_of_change)
{
	static const char *const changes[] = {
		"UPDATE account SET failover_number = 14155550100, enabled = false",
		"UPDATE account SET failover_backup_pbxs ="
		" '[{\"host\": \"pbx.example.com\", \"port\": null, \"transport\": \"tcp\"},"
		"   {\"host\": \"2001:db8::1\", \"port\": 5070, \"transport\": \"udp\"}]'",
		"UPDATE account SET failover_calling_party_display = 'fixed',"
		" failover_calling_party_number = 14155550199, timezone = 'America/New_York'",
		"UPDATE trunk SET max_concurrent_calls = 7, failover_triggers = '{busy,no_answer}',"
		" caller_id = E'\"A\\\\B\" <sip:x@y>', did_delivery = 'to'",
		"UPDATE trunk SET failover_triggers = '{}'",
		"UPDATE sip_account SET auth_mode = 'ip', username = NULL,"
		" ip_addresses = '{192.0.2.0/24,2001:db8::/32,198.51.100.7/32}',"
		" address = '{\"host\": \"192.0.2.9\", \"port\": 5060, \"transport\": \"udp\"}'",
		"INSERT INTO sip_account (account_id, trunk_id, role, username)"
		" SELECT account_id, id, 'secondary', 'second-' || id FROM trunk",
		"UPDATE trunk SET ha_mode = 'auto_failover'",
		"UPDATE did SET failover_number = number + 1000, incoming_action = "
		"'ring_then_forward',"
		" ring_seconds = 300, triggers = '{busy}'",
		"UPDATE did SET failover_number = NULL, triggers = '{}', ring_seconds = NULL,"
		" failover_calling_party_display = 'called_number', failover_backup_pbxs ="
		" '[{\"host\": \"127.0.0.4\", \"port\": 5080, \"transport\": \"udp\"}]'",
		"UPDATE did SET failover_backup_pbxs = '[]', failover_calling_party_display = NULL,"
		" triggers = NULL, trunk_id = NULL WHERE number % 2 = 0",
		"INSERT INTO dial_plan (account_id, name, internal_number, steps) SELECT id,"
		" 'plan ' || n, n, '[{\"app\": \"reject\", \"code\": 486, \"reason\": \"a b\","
		" \"active_times\": null}]' FROM account, unnest(ARRAY['100', '200']) n",
		"UPDATE dial_plan SET steps = '[{\"app\": \"ring\", \"targets\": [{\"internal\": "
		"\"200\"},"
		" {\"external\": \"+442079460123\"}], \"strategy\": \"simultaneous\", "
		"\"ring_seconds\": 9,"
		" \"active_times\": [{\"days\": [\"mon\"], \"from\": \"22:00\", \"to\": "
		"\"06:00\"}]}]'"
		" WHERE internal_number = '100'",
		"UPDATE did d SET trunk_id = NULL, dial_plan_id = p.id FROM dial_plan p WHERE"
		" p.account_id = d.account_id AND p.internal_number = '100' AND number % 2 = 1",
		"UPDATE did SET forwardings = '[{\"designation\": \"x y\", \"target\": "
		"{\"internal\":"
		" \"200\"}, \"ring_seconds\": 15, \"calling_party_display\": null,"
		" \"calling_party_number\": null, \"active_times\": null, \"enabled\": true}]'",
		"UPDATE trunk t SET failover_enabled = true, failover_dial_plan_id = p.id FROM"
		" dial_plan p WHERE p.account_id = t.account_id AND p.internal_number = '200'",
		"UPDATE did SET dial_plan_id = NULL; UPDATE dial_plan SET internal_number = '101',"
		" steps = '[]' WHERE internal_number = '100'",
		"DELETE FROM dial_plan WHERE internal_number = '101'",
		"UPDATE gateway SET failover_address ="
		" '{\"host\": \"gw2.example.com\", \"port\": null, \"transport\": \"tls\"}',"
		" prefixes = '{}', priority = 5, public_trunk = true, name = E'tab\\\\here'",
		"UPDATE gateway SET enabled = false",
		"DELETE FROM did WHERE number % 3 = 0",
		"DELETE FROM sip_account WHERE role = 'primary'",
		"DELETE FROM gateway",
		"DELETE FROM did; DELETE FROM trunk; DELETE FROM dial_plan; DELETE FROM account",
		"INSERT INTO account (name) VALUES ('again')",
	};
	struct feed *feed;

	rig_provision(db, 3, 5);
	feed = rig_start(t.url, "w1", NULL);
	rig_catch_up(feed, db);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		testdb_run(db, changes[i]);
		rig_catch_up(feed, db);
		rig_assert_equal(feed, db);
		ck_assert_msg(health_of(feed).rejected == 0, "%s: %s", changes[i],
			health_of(feed).reject_reason);
	}
	ck_assert_uint_eq(health_of(feed).full_loads, 1);
	feed_stop(feed);
}
END_TEST

/* Names change hands inside one transaction. */
START_TEST(swaps)
{
	struct feed *feed;

	rig_provision(db, 2, 2);
	feed = rig_start(t.url, "w1", NULL);
	rig_catch_up(feed, db);
	testdb_run(db,
		"BEGIN;"
		"UPDATE sip_account SET username = username || '-x';"
		"UPDATE sip_account s SET username = (SELECT regexp_replace(o.username, '-x$', '')"
		" FROM sip_account o WHERE o.id <> s.id);"
		"COMMIT");
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	testdb_run(db, "BEGIN;"
		       "CREATE TEMP TABLE old ON COMMIT DROP AS SELECT * FROM sip_account;"
		       "DELETE FROM sip_account;"
		       "INSERT INTO sip_account (account_id, trunk_id, role, username)"
		       " SELECT account_id, trunk_id, role, username FROM old;"
		       "COMMIT");
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	testdb_run(db, "TRUNCATE did, gateway");
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	ck_assert_uint_eq(health_of(feed).full_loads, 2);
	feed_stop(feed);
}
END_TEST

START_TEST(lost_connection_loses_nothing)
{
	struct feed *feed;

	rig_provision(db, 2, 50);
	feed = rig_start(t.url, "w1", NULL);
	rig_catch_up(feed, db);
	for (int i = 0; i < 5; i++) {
		testdb_run(db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
			       " WHERE application_name = 'trunkguard-sip feed'"
			       " AND datname = current_database()");
		testdb_runf(
			db, "UPDATE did SET ring_seconds = %d WHERE number %% 5 = %d", i + 1, i);
		RIG_UNTIL(feed,
			!health_of(feed).connected || did(feed, 14150000000 + i)->ring_seconds);
		rig_catch_up(feed, db);
		rig_assert_equal(feed, db);
	}
	/* By the snapshot, not by reading everything. */
	ck_assert_uint_eq(health_of(feed).full_loads, 1);
	feed_stop(feed);
}
END_TEST

START_TEST(another_history_is_read_anew)
{
	struct feed *feed;
	char before[REVISION_SIZE];

	rig_provision(db, 2, 5);
	feed = rig_start(t.url, "w1", NULL);
	rig_catch_up(feed, db);
	strcpy(before, feed_revision(feed));
	/* As after a crash: what was logged is gone, and so is the row that says so. */
	testdb_run(db, "UPDATE did SET ring_seconds = 77; DELETE FROM change_log; DELETE FROM "
		       "incarnation");
	RIG_UNTIL(feed, did(feed, 14150000000)->ring_seconds == 77);
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	ck_assert_int_ne(strncmp(before, feed_revision(feed), 8), 0);
	ck_assert_uint_eq(health_of(feed).full_loads, 2);
	/* As after a restore from elsewhere: the row is there, but of another cluster. */
	testdb_run(db, "UPDATE did SET ring_seconds = 78; DELETE FROM change_log;"
		       " UPDATE incarnation SET cluster = 'another/00000001/5/6'");
	RIG_UNTIL(feed, did(feed, 14150000000)->ring_seconds == 78);
	RIG_UNTIL(feed, health_of(feed).full_loads == 3);
	feed_stop(feed);
}
END_TEST

/* A transaction of any database of the cluster may hold the horizon back for a while. */
static void collect_all(const char *age)
{
	for (int i = 0; i < 300; i++) {
		testdb_runf(db, "SELECT feed_collect('%s')", age);
		if (strcmp(testdb_ask(db, "SELECT count(*) FROM change_log"), "0") == 0)
			return;
		usleep(100000);
	}
	ck_abort_msg("the change log does not get empty");
}

START_TEST(passed_horizon_is_read_anew)
{
	struct feed *feed;

	rig_provision(db, 1, 5);
	feed = rig_start(t.url, "w1", dir);
	rig_catch_up(feed, db);
	feed_stop(feed);
	testdb_run(db, "UPDATE did SET ring_seconds = 5");
	testdb_run(db, "UPDATE change_log SET at = at - interval '11 minutes'");
	collect_all("10 minutes");
	feed = rig_start(t.url, "w1", dir);
	RIG_UNTIL(feed, feed_cfg(feed) && did(feed, 14150000000)->ring_seconds == 5);
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	ck_assert_uint_eq(health_of(feed).full_loads, 1);
	feed_stop(feed);
}
END_TEST

/* The worker's snapshot is past all that is logged. While somebody else's transaction is under way (that of another
 * suite in the same cluster, or of autovacuum) it is not, and then collecting everything may cost a full load. */
static bool is_past_the_log(void)
{
	return strcmp(testdb_ask(db, "SELECT NOT EXISTS (SELECT FROM change_log c, worker w"
				     " WHERE c.xid >= pg_snapshot_xmin(w.applied_snapshot))"),
		       "t") == 0;
}

/* Collecting must not make a worker that is up to date read everything again. */
START_TEST(collecting_disturbs_nobody)
{
	struct feed *feed;

	rig_provision(db, 1, 5);
	feed = rig_start(t.url, "w1", NULL);
	rig_catch_up(feed, db);
	for (int i = 1; i <= 5; i++) {
		testdb_runf(db, "UPDATE did SET ring_seconds = %d", i);
		rig_catch_up(feed, db);
		RIG_UNTIL(feed, is_past_the_log());
		testdb_run(db, "SELECT feed_collect('0')");
		rig_catch_up(feed, db);
	}
	RIG_UNTIL(feed, is_past_the_log());
	collect_all("0");
	rig_assert_equal(feed, db);
	ck_assert_uint_eq(health_of(feed).full_loads, 1);
	feed_stop(feed);
}
END_TEST

/* Bad objects, put in by hand past every check. */

static void drop_checks(void)
{
	testdb_run(db,
		"DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass AS t, conname"
		" FROM pg_constraint WHERE contype = 'c' AND connamespace = "
		"'trunkguard'::regnamespace"
		" LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname);"
		" END LOOP; END $$");
}

START_TEST(bad_object_keeps_its_last_good_state)
{
	struct feed *feed;
	struct feed_health h;

	rig_provision(db, 1, 3);
	testdb_run(db, "UPDATE did SET failover_number = 14155550100");
	drop_checks();
	feed = rig_start(t.url, "w1", dir);
	rig_catch_up(feed, db);
	testdb_run(db, "UPDATE did SET failover_number = 14155550199,"
		       " triggers = CASE WHEN number = 14150000001 THEN '{nonsense}'::text[] END");
	rig_catch_up(feed, db);
	/* The rest is applied, this one stays, and is named. */
	ck_assert_uint_eq(did(feed, 14150000000)->failover->number, 14155550199);
	ck_assert_uint_eq(did(feed, 14150000001)->failover->number, 14155550100);
	ck_assert_uint_eq(did(feed, 14150000002)->failover->number, 14155550199);
	h = health_of(feed);
	ck_assert_uint_eq(h.rejected, 1);
	ck_assert_str_eq(h.reject_name, "D +14150000001");
	ck_assert_ptr_nonnull(strstr(h.reject_reason, "trigger"));
	ck_assert_str_eq(
		testdb_ask(db, "SELECT rejects->0->>'object' FROM worker"), "D +14150000001");
	feed_stop(feed);

	/* Also over a restart, from disk and by a full load. */
	feed = rig_start(t.url, "w1", dir);
	RIG_UNTIL(feed, feed_cfg(feed));
	ck_assert_uint_eq(did(feed, 14150000001)->failover->number, 14155550100);
	testdb_run(db, "DELETE FROM incarnation");
	RIG_UNTIL(feed, health_of(feed).full_loads == 1);
	ck_assert_uint_eq(did(feed, 14150000001)->failover->number, 14155550100);
	ck_assert_uint_eq(did(feed, 14150000002)->failover->number, 14155550199);
	ck_assert_uint_eq(health_of(feed).rejected, 1);

	testdb_run(db, "UPDATE did SET triggers = '{busy}'");
	rig_catch_up(feed, db);
	ck_assert_uint_eq(health_of(feed).rejected, 0);
	ck_assert_str_eq(testdb_ask(db, "SELECT rejects FROM worker"), "[]");
	rig_assert_equal(feed, db);
	feed_stop(feed);
}
END_TEST

START_TEST(children_of_a_bad_parent_come_back)
{
	struct feed *feed;

	rig_provision(db, 1, 3);
	drop_checks();
	testdb_run(db, "UPDATE trunk SET did_delivery = 'by pigeon'");
	feed = rig_start(t.url, "w1", NULL);
	rig_catch_up(feed, db);
	/* Trunk, SIP account, three DIDs. */
	ck_assert_uint_eq(health_of(feed).rejected, 5);
	ck_assert_ptr_null(did(feed, 14150000000));
	testdb_run(db, "UPDATE trunk SET did_delivery = 'to'");
	RIG_UNTIL(feed, health_of(feed).rejected == 0);
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	feed_stop(feed);
}
END_TEST

START_TEST(huge_value)
{
	struct feed *feed;

	rig_provision(db, 1, 3);
	drop_checks();
	feed = rig_start(t.url, "w1", dir);
	rig_catch_up(feed, db);
	testdb_run(db, "UPDATE account SET timezone = repeat('x', 2000000)");
	testdb_run(db, "UPDATE trunk SET max_concurrent_calls = 3");
	rig_catch_up(feed, db);
	ck_assert_uint_eq(did(feed, 14150000000)->trunk->max_concurrent_calls, 3);
	ck_assert_str_eq(did(feed, 14150000000)->account->timezone, "UTC");
	ck_assert_uint_eq(health_of(feed).rejected, 1);
	feed_stop(feed);
}
END_TEST

/* Without PostgreSQL. */

START_TEST(from_disk_while_away)
{
	struct feed *feed = rig_start(t.url, "w1", dir);
	struct feed_health h;
	char revision[REVISION_SIZE];

	rig_provision(db, 2, 500);
	rig_catch_up(feed, db);
	testdb_run(db, "UPDATE did SET ring_seconds = 9 WHERE number = 14150000003");
	rig_catch_up(feed, db);
	strcpy(revision, feed_revision(feed));
	feed_stop(feed);

	feed = rig_start("host=/nonexistent", "w1", dir);
	RIG_UNTIL(feed, feed_cfg(feed) && health_of(feed).source == FEED_DISK);
	rig_assert_equal(feed, db);
	ck_assert_str_eq(feed_revision(feed), revision);
	RIG_UNTIL(feed, health_of(feed).why[0]);
	h = health_of(feed);
	ck_assert(!h.connected);
	ck_assert_int_ge(h.age_ms, 0);
	ck_assert_str_eq(h.revision, revision);
	feed_stop(feed);
}
END_TEST

START_TEST(from_disk_then_only_what_changed)
{
	struct feed *feed = rig_start(t.url, "w1", dir);

	rig_provision(db, 2, 500);
	rig_catch_up(feed, db);
	feed_stop(feed);
	testdb_run(db, "UPDATE did SET ring_seconds = 9 WHERE number % 2 = 1");
	testdb_run(db, "DELETE FROM did WHERE number % 10 = 4");
	feed = rig_start(t.url, "w1", dir);
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	ck_assert_uint_eq(health_of(feed).full_loads, 0);
	ck_assert_uint_eq(health_of(feed).changes, 600);
	feed_stop(feed);
}
END_TEST

START_TEST(rotten_disk_is_said_and_mended)
{
	struct feed *feed = rig_start(t.url, "w1", dir);
	char path[128];
	FILE *f;

	rig_provision(db, 1, 10);
	rig_catch_up(feed, db);
	feed_stop(feed);
	snprintf(path, sizeof(path), "%s/config.snapshot", dir);
	f = fopen(path, "wb");
	fputs("rotten", f);
	fclose(f);

	feed = rig_start("host=/nonexistent", "w1", dir);
	RIG_UNTIL(feed, strstr(health_of(feed).disk_why, "damaged"));
	ck_assert_int_eq(health_of(feed).source, FEED_NOTHING);
	ck_assert_ptr_null(feed_cfg(feed));
	feed_stop(feed);

	feed = rig_start(t.url, "w1", dir);
	rig_catch_up(feed, db);
	feed_stop(feed);
	feed = rig_start("host=/nonexistent", "w1", dir);
	RIG_UNTIL(feed, feed_cfg(feed));
	rig_assert_equal(feed, db);
	feed_stop(feed);
}
END_TEST

START_TEST(no_directory_is_no_reason_to_stop)
{
	struct feed *feed = rig_start(t.url, "w1", "/nonexistent");

	rig_provision(db, 1, 10);
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	feed_stop(feed);
}
END_TEST

START_TEST(not_migrated_yet)
{
	struct testdb empty;
	struct feed *feed;
	char why[DB_MIGRATE_WHY_MAX];

	testdb_new_empty(&empty);
	feed = rig_start(empty.url, "w1", NULL);
	RIG_UNTIL(feed, health_of(feed).why[0]);
	ck_assert_int_eq(db_migrate(empty.url, NULL, why), 0);
	RIG_UNTIL(feed, health_of(feed).source == FEED_DATABASE);
	ck_assert_ptr_nonnull(feed_cfg(feed));
	feed_stop(feed);
	testdb_drop(&empty);
}
END_TEST

/* More than one slice: the SIP thread gets on in between. */
START_TEST(large_batch_in_slices)
{
	struct feed *feed;
	unsigned turns = 0;
	int64_t deadline = clock_ms() + PATIENCE_MS;

	rig_provision(db, 2, 20000);
	feed = rig_start(t.url, "w1", NULL);
	rig_catch_up(feed, db);
	testdb_run(db, "UPDATE did SET failover_number = 14155550100");
	while (!did(feed, 14150000000)->failover || !did(feed, 14150039999)->failover) {
		ck_assert_int_lt(clock_ms(), deadline);
		turns += rig_poll(feed, 10);
	}
	ck_assert_uint_ge(turns, 3);
	rig_catch_up(feed, db);
	rig_assert_equal(feed, db);
	feed_stop(feed);
}
END_TEST

/* A SIP thread that does not come must not look like a dead worker. */
START_TEST(slow_sip_thread)
{
	struct feed *feed;
	char seen[64];

	rig_provision(db, 1, 5);
	feed = rig_start(t.url, "w1", NULL);
	rig_catch_up(feed, db);
	testdb_run(db, "UPDATE did SET ring_seconds = 7");
	RIG_UNTIL(feed, poll(&(struct pollfd){.fd = feed_fd(feed), .events = POLLIN}, 1, 100) > 0);
	snprintf(seen, sizeof(seen), "%s", testdb_ask(db, "SELECT last_seen FROM worker"));
	for (int64_t deadline = clock_ms() + PATIENCE_MS;
		!strcmp(seen, testdb_ask(db, "SELECT last_seen FROM worker")); usleep(50000))
		ck_assert_int_lt(clock_ms(), deadline);
	ck_assert_str_eq(testdb_ask(db, "SELECT lag_ms > 0 FROM worker_status"), "t");
	rig_catch_up(feed, db);
	ck_assert_uint_eq(did(feed, 14150000000)->ring_seconds, 7);
	feed_stop(feed);
}
END_TEST

START_TEST(stopped_at_any_time)
{
	rig_provision(db, 2, 1000);
	for (int i = 0; i < 20; i++) {
		struct feed *feed = rig_start(i % 3 ? t.url : "host=/nonexistent", "w1", dir);

		for (int polls = 0; polls < i; polls++)
			rig_poll(feed, i % 4);
		feed_stop(feed);
	}
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("feed", setup, teardown, first_load, every_kind_of_change, swaps,
		lost_connection_loses_nothing, another_history_is_read_anew,
		passed_horizon_is_read_anew, collecting_disturbs_nobody,
		bad_object_keeps_its_last_good_state, children_of_a_bad_parent_come_back,
		huge_value, from_disk_while_away, from_disk_then_only_what_changed,
		rotten_disk_is_said_and_mended, no_directory_is_no_reason_to_stop, not_migrated_yet,
		large_batch_in_slices, slow_sip_thread, stopped_at_any_time);
}
