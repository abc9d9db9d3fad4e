/* The recorder against a real PostgreSQL, with and without it, over kills and full disks. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/clock.h"
#include "sip/observed.h"
#include "sip/recorder.h"
#include "tests/db/testdb.h"

enum { PATIENCE_MS = 60000 };

static struct testdb t;
static struct db *db;
static char dir[64];

static void setup(void)
{
	testdb_new(&t);
	db = testdb_open(t.url);
	strcpy(dir, "/tmp/trunkguard-recorder-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void remove_all(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char sub[600];

	while (d && (e = readdir(d)) != NULL) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		if (unlink(sub))
			remove_all(sub);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static void teardown(void)
{
	remove_all(dir);
	db_close(db);
	testdb_drop(&t);
}

static void no_entry(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg)
{
	(void)key;
	(void)key_len;
	(void)value;
	(void)value_len;
	(void)arg;
	ck_abort_msg("the journal holds an entry of kind %u", kind);
}

static struct recorder *start_at(const char *url, journal_load_h *h, void *arg)
{
	const struct recorder_config config = {.url = url, .worker = "w1", .data_dir = dir};
	struct recorder *r;

	ck_assert_int_eq(recorder_start(&r, &config, h, arg), 0);
	return r;
}

static struct recorder_stats stats_of(struct recorder *r)
{
	struct recorder_stats stats;

	recorder_stats(r, &stats);
	return stats;
}

#define UNTIL(condition)                                                                           \
	do {                                                                                       \
		int64_t deadline_ = clock_ms() + PATIENCE_MS;                                      \
                                                                                                   \
		while (!(condition)) {                                                             \
			ck_assert_msg(clock_ms() < deadline_, "never: %s", #condition);            \
			usleep(5000);                                                              \
		}                                                                                  \
	} while (0)

static bool database_says(const char *sql, const char *expected)
{
	return !strcmp(testdb_ask(db, sql), expected);
}

static struct uuid id_of(int n)
{
	struct uuid id = {{0x01, 0x90, 0, 0, 0, 0, 0x70, 0, 0x80}};

	for (int i = 0; i < 4; i++)
		id.b[12 + i] = (uint8_t)((unsigned)n >> (24 - 8 * i));
	return id;
}

static struct cdr cdr_of(int n)
{
	static const struct cdr_attempt attempts[] = {
		{.kind = "delivery",
			.target = "primary",
			.rule = "only_primary",
			.started_ms = 1700000000100,
			.duration_ms = 15,
			.status = 503,
			.trigger = "server_error",
			.disposition = "CONGESTION",
			.cause = "FAREND_RESPONSE"},
		{.kind = "backup_pbx",
			.target = "127.0.0.4|5060|udp",
			.rule = "the account's",
			.started_ms = 1700000000115,
			.duration_ms = 3000,
			.status = 200,
			.disposition = "ANSWERED",
			.cause = "NORMAL"},
		{.kind = "number", .target = "+14155550100", .rule = "never reached"},
	};

	return (struct cdr){.id = id_of(n),
		.account_id = id_of(1000000),
		.trunk_id = id_of(2000000),
		.did = 14155550100,
		.caller = "\"Bob \xff\" <sip:bob@example.com>",
		.called = "+14155550100",
		.sip_call_id = "abc@192.0.2.1",
		.started_ms = 1700000000000,
		.answered_ms = 1700000001000,
		.ended_ms = 1700000002500,
		.duration_ms = 1500,
		.disposition = "ANSWERED",
		.cause = "NORMAL",
		.status = 200,
		.failed_over = true,
		.answered_by = 1,
		.ended_by = "caller",
		.revision = "0123abcd-77",
		.attempts = 3,
		.attempt = attempts};
}

START_TEST(a_record_arrives_whole)
{
	struct recorder *r = start_at(t.url, no_entry, NULL);
	struct cdr cdr = cdr_of(1), bare = {.id = id_of(2),
					    .answered_by = -1,
					    .attempts = 0,
					    .started_ms = 1700000000000,
					    .ended_ms = 1700000000001,
					    .disposition = "REJECTED",
					    .cause = "FAREND_REJECTED"};

	ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
	ck_assert_int_eq(recorder_cdr(r, &bare), 0);
	UNTIL(database_says("SELECT count(*) FROM cdr", "2"));
	ck_assert_str_eq(
		testdb_ask(db, "SELECT concat_ws('|', account_id, trunk_id, did, caller, called, "
			       "sip_call_id, worker,"
			       " started_at, answered_at, ended_at, duration_ms, disposition, "
			       "cause, status,"
			       " failed_over, ended_by, revision) FROM cdr ORDER BY id LIMIT 1"),
		"01900000-0000-7000-8000-0000000f4240|01900000-0000-7000-8000-0000001e8480|"
		"14155550100|\"Bob \xef\xbf\xbd\" "
		"<sip:bob@example.com>|+14155550100|abc@192.0.2.1|w1|"
		"2023-11-14 22:13:20+00|2023-11-14 22:13:21+00|2023-11-14 "
		"22:13:22.5+00|1500|ANSWERED|"
		"NORMAL|200|t|caller|0123abcd-77");
	ck_assert_str_eq(testdb_ask(db, "SELECT answered_by FROM cdr ORDER BY id LIMIT 1"),
		"{\"kind\": \"backup_pbx\", \"target\": \"127.0.0.4|5060|udp\", \"position\": 2}");
	ck_assert_str_eq(
		testdb_ask(db, "SELECT string_agg(concat_ws(' ', a->>'position', a->>'kind',"
			       " a->>'response_code', a->>'trigger', a->>'milliseconds',"
			       " a->>'started_at'), ', ')"
			       " FROM cdr, jsonb_array_elements(attempts) a"),
		"1 delivery 503 server_error 15 2023-11-14T22:13:20.100Z, "
		"2 backup_pbx 200 3000 2023-11-14T22:13:20.115Z, 3 number 0");
	ck_assert_str_eq(
		testdb_ask(db,
			"SELECT concat_ws('|', account_id IS NULL, did IS NULL, status IS NULL,"
			" answered_at IS NULL, answered_by IS NULL, caller, attempts)"
			" FROM cdr ORDER BY id DESC LIMIT 1"),
		"t|t|t|t|t||[]");
	UNTIL(stats_of(r).uploaded == 2 && stats_of(r).waiting == 0);
	ck_assert_uint_eq(stats_of(r).records, 2);
	recorder_stop(r);
}
END_TEST

START_TEST(twice_is_once)
{
	struct recorder *r = start_at(t.url, no_entry, NULL);
	struct cdr cdr = cdr_of(1);

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
	cdr = cdr_of(2);
	ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
	UNTIL(database_says("SELECT count(*) FROM cdr", "2"));
	recorder_stop(r);
	ck_assert_str_eq(testdb_ask(db, "SELECT count(*) FROM cdr"), "2");
}
END_TEST

START_TEST(waits_for_postgresql)
{
	struct recorder *r = start_at("host=/nonexistent", no_entry, NULL);

	for (int i = 0; i < 3000; i++) {
		struct cdr cdr = cdr_of(i);

		ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
	}
	UNTIL(stats_of(r).waiting == 3000);
	ck_assert(!stats_of(r).connected);
	recorder_stop(r);
	/* The next run brings them, and its own. */
	r = start_at(t.url, no_entry, NULL);
	for (int i = 3000; i < 3100; i++) {
		struct cdr cdr = cdr_of(i);

		ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
	}
	UNTIL(database_says("SELECT count(*) FROM cdr", "3100"));
	recorder_stop(r);
	r = start_at(t.url, no_entry, NULL);
	UNTIL(stats_of(r).connected);
	ck_assert_uint_eq(stats_of(r).uploaded, 0);
	recorder_stop(r);
}
END_TEST

START_TEST(lost_connections)
{
	struct recorder *r = start_at(t.url, no_entry, NULL);

	for (int i = 0; i < 2000; i++) {
		struct cdr cdr = cdr_of(i);

		ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
		if (i % 200 == 0)
			testdb_run(db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
				       " WHERE application_name = 'trunkguard-sip records'"
				       " AND datname = current_database()");
	}
	UNTIL(database_says("SELECT count(*) FROM cdr", "2000"));
	UNTIL(stats_of(r).waiting == 0);
	ck_assert_uint_eq(stats_of(r).lost, 0);
	recorder_stop(r);
}
END_TEST

/* One that PostgreSQL never takes must not hold up the others. */
START_TEST(poison)
{
	struct recorder *r;
	char path[160];
	struct stat st;

	testdb_run(db, "ALTER TABLE cdr ADD CHECK (caller <> 'poison')");
	r = start_at(t.url, no_entry, NULL);
	for (int i = 0; i < 50; i++) {
		struct cdr cdr = cdr_of(i);

		if (i == 20)
			cdr.caller = "poison";
		ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
	}
	UNTIL(database_says("SELECT count(*) FROM cdr", "49"));
	UNTIL(stats_of(r).refused == 1 && stats_of(r).waiting == 0);
	recorder_stop(r);
	snprintf(path, sizeof(path), "%s/spool/refused", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_gt(st.st_size, 100);
}
END_TEST

START_TEST(queue_is_bounded)
{
	const struct recorder_config config = {
		.url = "host=/nonexistent", .worker = "w1", .data_dir = dir, .queue_max = 10};
	struct recorder *r;
	struct cdr cdr = cdr_of(1);
	uint64_t refused = 0;

	ck_assert_int_eq(recorder_start(&r, &config, no_entry, NULL), 0);
	while (!refused) {
		int err = recorder_cdr(r, &cdr);

		ck_assert(err == 0 || err == EAGAIN);
		refused += err == EAGAIN;
	}
	ck_assert_uint_eq(stats_of(r).lost, refused);
	recorder_stop(r);
}
END_TEST

/* The journal. */

static void collect(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg)
{
	snprintf((char *)arg + strlen(arg), 200 - strlen(arg), "%u:%.*s=%.*s ", kind, (int)key_len,
		(const char *)key, (int)value_len, (const char *)value);
}

static void count_kinds(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg)
{
	unsigned *there = arg; /* calls, all else */

	(void)key, (void)key_len, (void)value_len;
	there[kind != JOURNAL_CALL]++;
	ck_assert_int_ne(memcmp(value, "1", 1), 0);
}

/* The deletion of a journal entry waits for a sync of the record; a kill may come in between. */
START_TEST(a_call_with_a_record_is_over)
{
	struct uuid over = id_of(1), up = id_of(2);
	struct recorder *r = start_at("host=/nonexistent", no_entry, NULL);
	struct cdr cdr = cdr_of(1);
	unsigned there[2] = {0, 0};

	ck_assert_int_eq(recorder_put(r, JOURNAL_CALL, over.b, sizeof(over.b), "1", 1), 0);
	ck_assert_int_eq(recorder_put(r, JOURNAL_CALL, up.b, sizeof(up.b), "2", 1), 0);
	ck_assert_int_eq(recorder_put(r, JOURNAL_BINDING, over.b, sizeof(over.b), "3", 1), 0);
	ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
	recorder_stop(r);
	for (int start = 0; start < 2; start++) {
		memset(there, 0, sizeof(there));
		r = start_at("host=/nonexistent", count_kinds, there);
		ck_assert_uint_eq(there[0], 1);
		ck_assert_uint_eq(there[1], 1);
		recorder_stop(r);
	}
}
END_TEST

START_TEST(journal_survives)
{
	struct recorder *r = start_at(t.url, no_entry, NULL);
	char found[200] = "";

	ck_assert_int_eq(recorder_put(r, 1, "a", 1, "one", 3), 0);
	ck_assert_int_eq(recorder_put(r, 1, "b", 1, "two", 3), 0);
	ck_assert_int_eq(recorder_put(r, 1, "b", 1, "three", 5), 0);
	ck_assert_int_eq(recorder_delete(r, 1, "a", 1), 0);
	recorder_stop(r);
	r = start_at(t.url, collect, found);
	ck_assert_str_eq(found, "1:b=three ");
	/* Nobody else may have the directory meanwhile. */
	const struct recorder_config config = {.url = t.url, .worker = "w2", .data_dir = dir};
	struct recorder *second;

	ck_assert_int_eq(recorder_start(&second, &config, no_entry, NULL), EBUSY);
	recorder_stop(r);
}
END_TEST

/* kill -9 at any moment. The child begins call n (a journal entry), ends it (its record), forgets it; so each
 * call that was begun is in the journal or its record is kept, up to where the child came. */

static void mark_call(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg)
{
	int n;

	(void)kind;
	(void)key;
	(void)key_len;
	ck_assert_uint_eq(value_len, sizeof(n));
	memcpy(&n, value, sizeof(n));
	ck_assert_int_lt(n, 100000);
	((bool *)arg)[n] = true;
}

static void run_calls(int first, const char *url)
{
	struct recorder *r;
	const struct recorder_config config = {.url = url, .worker = "w1", .data_dir = dir};

	if (recorder_start(&r, &config, mark_call, (bool[100000]){false}))
		_exit(1);
	for (int n = first;; n++) {
		struct uuid id = id_of(n);
		struct cdr cdr = cdr_of(n);

		if (recorder_put(r, 1, &id, sizeof(id), &n, sizeof(n)) || recorder_cdr(r, &cdr) ||
			recorder_delete(r, 1, &id, sizeof(id)))
			_exit(1);
		usleep(200);
	}
}

START_TEST(killed_in_calls)
{
	static bool begun[100000];
	int first = 0;

	for (int round = 0; round < 12; round++) {
		pid_t child = fork();
		struct recorder *r;
		struct pg_result *result;
		int last = first;

		/* Half of the time PostgreSQL is away while they are made. */
		if (child == 0)
			run_calls(first, round % 2 ? t.url : "host=/nonexistent");
		usleep(60000 + 7000 * (useconds_t)round);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		r = start_at(t.url, mark_call, begun);
		UNTIL(stats_of(r).connected && stats_of(r).waiting == 0);
		ck_assert_int_eq(
			db_query(db, "SELECT ('x' || right(id::text, 8))::bit(32)::int FROM cdr", 0,
				NULL, &result),
			0);
		for (int i = 0; i < db_rows(result); i++)
			begun[db_int(result, i, 0)] = true;
		db_clear(result);
		while (begun[last])
			last++;
		/* No hole: nothing that came later was kept when this one was not. */
		for (int n = last; n < 100000; n++)
			ck_assert_msg(!begun[n], "call %d is lost, %d is not", last, n);
		first = last;
		recorder_stop(r);
	}
	ck_assert_int_gt(first, 100);
}
END_TEST

static void mark_entry(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg)
{
	(void)kind, (void)value, (void)value_len;
	if (key_len == sizeof(int)) {
		int n;

		memcpy(&n, key, sizeof(n));
		((bool *)arg)[n] = true;
	}
}

/* The disk is slow, but what a kill of the process takes away is only what came this very moment. */
START_TEST(a_kill_loses_nothing_that_was_left_a_moment_before)
{
	for (int round = 0; round < 5; round++) {
		bool found[3] = {false};
		struct recorder *r;
		pid_t child = fork();

		if (child == 0) {
			r = start_at("host=/nonexistent", no_entry, NULL);
			for (int n = 0; n < 3; n++) {
				(void)recorder_put(r, 'c', &n, sizeof(n), "x", 1);
				usleep(300);
			}
			/* A few milliseconds: less than a group of syncs, more than a write. */
			usleep(12000);
			kill(getpid(), SIGKILL);
		}
		waitpid(child, NULL, 0);
		r = start_at("host=/nonexistent", mark_entry, found);
		ck_assert(found[0] && found[1] && found[2]);
		for (int n = 0; n < 3; n++)
			(void)recorder_delete(r, 'c', &n, sizeof(n));
		recorder_stop(r);
	}
}
END_TEST

/* Observed state. */

static struct observed_binding binding_of(int n, const char *contact)
{
	return (struct observed_binding){.sip_account_id = id_of(n),
		.contact = contact,
		.source = "192.0.2.1:5060",
		.path = NULL,
		.user_agent = "PBX/1 \x01\xfe",
		.call_id = "call-1",
		.transport = TRANSPORT_TCP,
		.cseq = 4294967295u,
		.registered_ms = 1700000000000,
		.expires_ms = 4000000000000};
}

#define BINDINGS                                                                                   \
	"SELECT coalesce(string_agg(concat_ws(' ', right(sip_account_id::text, 2), contact, "      \
	"source,"                                                                                  \
	" transport, cseq, worker), ', ' ORDER BY sip_account_id, contact), 'none') FROM binding"

START_TEST(bindings)
{
	struct recorder *r;
	struct observed_binding b = binding_of(1, "sip:a@192.0.2.1");

	/* What an earlier run of this worker left is not true any more; another's is not ours. */
	testdb_run(db,
		"INSERT INTO binding (worker, sip_account_id, contact, registered_at, expires_at)"
		" VALUES ('w1', uuid7(), 'old', now(), now()), ('w2', uuid7(), 'other', now(), "
		"now())");
	r = start_at(t.url, no_entry, NULL);
	UNTIL(database_says("SELECT string_agg(contact, ' ') FROM binding", "other"));
	testdb_run(db, "DELETE FROM binding");
	ck_assert_int_eq(recorder_binding(r, &b), 0);
	b = binding_of(1, "sip:b@192.0.2.1");
	ck_assert_int_eq(recorder_binding(r, &b), 0);
	UNTIL(database_says(BINDINGS, "01 sip:a@192.0.2.1 192.0.2.1:5060 tcp 4294967295 w1, "
				      "01 sip:b@192.0.2.1 192.0.2.1:5060 tcp 4294967295 w1"));
	b.source = "192.0.2.2:5070";
	b.cseq = 2;
	ck_assert_int_eq(recorder_binding(r, &b), 0);
	ck_assert_int_eq(recorder_binding_gone(r, &b.sip_account_id, "sip:a@192.0.2.1"), 0);
	UNTIL(database_says(BINDINGS, "01 sip:b@192.0.2.1 192.0.2.2:5070 tcp 2 w1"));
	ck_assert_int_eq(recorder_binding_gone(r, &b.sip_account_id, "sip:b@192.0.2.1"), 0);
	ck_assert_int_eq(recorder_binding_gone(r, &b.sip_account_id, "sip:never@was"), 0);
	UNTIL(database_says(BINDINGS, "none"));
	recorder_stop(r);
}
END_TEST

START_TEST(bindings_come_back_after_a_lost_database)
{
	struct recorder *r = start_at(t.url, no_entry, NULL);
	enum { COUNT = 2500 };

	for (int i = 0; i < COUNT; i++) {
		struct observed_binding b = binding_of(i, "sip:a@192.0.2.1");

		ck_assert_int_eq(recorder_binding(r, &b), 0);
	}
	UNTIL(database_says("SELECT count(*) FROM binding", "2500"));
	testdb_run(db, "DELETE FROM binding");
	testdb_run(db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
		       " WHERE application_name = 'trunkguard-sip records' AND datname = "
		       "current_database()");
	UNTIL(database_says("SELECT count(*) FROM binding", "2500"));
	recorder_stop(r);
	/* They outlive the worker: it will restore them. */
	ck_assert_str_eq(testdb_ask(db, "SELECT count(*) FROM binding"), "2500");
}
END_TEST

START_TEST(health_and_calls)
{
	struct recorder *r = start_at(t.url, no_entry, NULL);
	struct observed_health h = {.kind = "backup_pbx",
		.target = "127.0.0.4|5060|udp",
		.state = "up",
		.status = 200,
		.rtt_ms = 3,
		.since_ms = 1700000000000,
		.checked_ms = 1700000001000};
	struct uuid trunk = id_of(7);

	ck_assert_int_eq(recorder_health(r, &h), 0);
	for (uint32_t i = 0; i <= 1000; i++)
		ck_assert_int_eq(recorder_trunk_calls(r, &trunk, i), 0);
	UNTIL(database_says("SELECT concat_ws(' ', worker, kind, target, state, status, rtt_ms)"
			    " FROM target_health",
		"w1 backup_pbx 127.0.0.4|5060|udp up 200 3"));
	UNTIL(database_says("SELECT calls_up FROM trunk_calls", "1000"));
	/* Only another time: not worth a row at once. A change of state is. */
	h.rtt_ms = 9;
	ck_assert_int_eq(recorder_health(r, &h), 0);
	ck_assert_int_eq(recorder_trunk_calls(r, &trunk, 5), 0);
	UNTIL(database_says("SELECT calls_up FROM trunk_calls", "5"));
	ck_assert_str_eq(testdb_ask(db, "SELECT rtt_ms FROM target_health"), "3");
	h.state = "down";
	h.status = 0;
	h.rtt_ms = 0;
	ck_assert_int_eq(recorder_health(r, &h), 0);
	UNTIL(database_says(
		"SELECT concat_ws(' ', state, status IS NULL, rtt_ms IS NULL) FROM target_health",
		"down t t"));
	h.state = NULL;
	ck_assert_int_eq(recorder_health(r, &h), 0);
	UNTIL(database_says("SELECT count(*) FROM target_health", "0"));
	recorder_stop(r);
	/* No calls without a worker. */
	ck_assert_str_eq(testdb_ask(db, "SELECT count(*) FROM trunk_calls"), "0");
}
END_TEST

START_TEST(calls_in_progress)
{
	struct recorder *r = start_at(t.url, no_entry, NULL);
	struct observed_call c = {.id = id_of(1),
		.account_id = id_of(2),
		.did = 14155550100,
		.caller = "+14155550111",
		.called = "+14155550100",
		.sip_call_id = "abc@192.0.2.1",
		.caller_tag = "t1",
		.started_ms = 1700000000000};
	struct observed_call brief = c;

	/* It is over before anybody was told: no statement at all is made of it. */
	testdb_run(db,
		"CREATE TABLE told (id uuid); CREATE FUNCTION tell() RETURNS trigger LANGUAGE "
		"plpgsql AS $$ BEGIN INSERT INTO told VALUES (NEW.id); RETURN NEW; END $$;"
		"CREATE TRIGGER tell BEFORE INSERT ON live_call FOR EACH ROW EXECUTE FUNCTION "
		"tell()");
	UNTIL(stats_of(r).connected);
	brief.id = id_of(3);
	ck_assert_int_eq(recorder_call(r, &brief), 0);
	ck_assert_int_eq(recorder_call_gone(r, &brief.id), 0);
	ck_assert_int_eq(recorder_call(r, &c), 0);
	UNTIL(database_says(
		"SELECT concat_ws(' ', worker, direction, state, trunk_id IS NULL, did,"
		" caller, called, sip_call_id, caller_tag, attempt IS NULL, answered_at)"
		" FROM live_call",
		"w1 inbound ringing t 14155550100 +14155550111 +14155550100 abc@192.0.2.1 t1 t"));
	c.attempt_position = 2;
	c.attempt_kind = "number";
	c.attempt_target = "+442079460123";
	c.answered_ms = 1700000001000;
	ck_assert_int_eq(recorder_call(r, &c), 0);
	UNTIL(database_says("SELECT concat_ws(' ', state, attempt->>'position', attempt->>'kind',"
			    " attempt->>'target', answered_at) FROM live_call",
		"answered 2 number +442079460123 2023-11-14 22:13:21+00"));
	ck_assert_int_eq(recorder_call_gone(r, &c.id), 0);
	UNTIL(database_says("SELECT count(*) FROM live_call", "0"));
	ck_assert_str_eq(testdb_ask(db, "SELECT count(DISTINCT id) FROM told"), "1");
	/* What an earlier run left is cleared at the start, what this one has at the end. */
	ck_assert_int_eq(recorder_call(r, &c), 0);
	UNTIL(database_says("SELECT count(*) FROM live_call", "1"));
	recorder_stop(r);
	ck_assert_str_eq(testdb_ask(db, "SELECT count(*) FROM live_call"), "0");
	testdb_run(db, "INSERT INTO live_call (id, worker, direction, state, started_at) VALUES"
		       " (uuid7(), 'w1', 'inbound', 'ringing', now()),"
		       " (uuid7(), 'w2', 'inbound', 'ringing', now())");
	r = start_at(t.url, no_entry, NULL);
	UNTIL(database_says("SELECT string_agg(worker, ',') FROM live_call", "w2"));
	recorder_stop(r);
}
END_TEST

/* Of calls no copies are kept: whoever has them is asked, and what was set before is not taken for new. */
START_TEST(calls_are_asked_for_after_a_lost_database)
{
	struct recorder *r = start_at(t.url, no_entry, NULL);
	struct observed_call c = {.id = id_of(1), .started_ms = 1700000000000};
	struct observed_call other = {.id = id_of(2), .started_ms = 1700000000000};

	UNTIL(recorder_calls_lost(r));
	ck_assert(!recorder_calls_lost(r));
	ck_assert_int_eq(recorder_call(r, &c), 0);
	ck_assert_int_eq(recorder_call(r, &other), 0);
	UNTIL(database_says("SELECT count(*) FROM live_call", "2"));
	/* It changes, and ends before that was uploaded: its row is there all the same, and goes. */
	other.told = true;
	ck_assert_int_eq(recorder_call(r, &other), 0);
	ck_assert_int_eq(recorder_call_gone(r, &other.id), 0);
	UNTIL(database_says("SELECT count(*) FROM live_call", "1"));
	testdb_run(db, "DELETE FROM live_call");
	testdb_run(db, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
		       " WHERE application_name = 'trunkguard-sip records' AND datname = "
		       "current_database()");
	UNTIL(recorder_calls_lost(r));
	c.told = true;
	ck_assert_int_eq(recorder_call(r, &c), 0);
	UNTIL(database_says("SELECT count(*) FROM live_call", "1"));
	ck_assert_int_eq(recorder_call_gone(r, &c.id), 0);
	UNTIL(database_says("SELECT count(*) FROM live_call", "0"));
	recorder_stop(r);
}
END_TEST

START_TEST(bad_observed_state_is_passed_over)
{
	struct recorder *r;
	struct observed_health h = {
		.kind = "gateway", .target = "poison", .state = "up", .since_ms = 1700000000000};

	testdb_run(db, "ALTER TABLE target_health ADD CHECK (target <> 'poison')");
	r = start_at(t.url, no_entry, NULL);
	ck_assert_int_eq(recorder_health(r, &h), 0);
	UNTIL(stats_of(r).connected);
	h.target = "good";
	for (int i = 0; !database_says("SELECT target FROM target_health", "good"); i++) {
		struct cdr cdr = cdr_of(i);

		ck_assert_int_lt(i, 1000);
		ck_assert_int_eq(recorder_health(r, &h), 0);
		ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
		h.status = (unsigned)i;
		usleep(50000);
	}
	recorder_stop(r);
}
END_TEST

START_TEST(full_disk)
{
	struct recorder *r = start_at("host=/nonexistent", no_entry, NULL);
	struct rlimit limit = {1, 1 << 30};

	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 100; i++) {
		struct cdr cdr = cdr_of(i);

		ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
		ck_assert_int_eq(recorder_put(r, 1, &i, sizeof(i), &i, sizeof(i)), 0);
	}
	UNTIL(stats_of(r).disk_error == EFBIG);
	ck_assert_uint_eq(stats_of(r).lost, 0);
	/* There is room again, and nobody has anything to say: it is tried all the same. */
	limit.rlim_cur = 1 << 30;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	UNTIL(stats_of(r).disk_error == 0);
	ck_assert_uint_eq(stats_of(r).waiting, 100);
	recorder_stop(r);
	bool begun[100000] = {false};

	r = start_at(t.url, mark_call, begun);
	UNTIL(database_says("SELECT count(*) FROM cdr", "100"));
	recorder_stop(r);
}
END_TEST

START_TEST(full_disk_but_postgresql_is_there)
{
	struct recorder *r = start_at(t.url, no_entry, NULL);
	struct rlimit limit = {1, 1 << 30};

	signal(SIGXFSZ, SIG_IGN);
	UNTIL(stats_of(r).connected);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 100; i++) {
		struct cdr cdr = cdr_of(i);

		ck_assert_int_eq(recorder_cdr(r, &cdr), 0);
	}
	UNTIL(database_says("SELECT count(*) FROM cdr", "100"));
	ck_assert_uint_eq(stats_of(r).lost, 0);
	limit.rlim_cur = 1 << 30;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	recorder_stop(r);
}
END_TEST

START_TEST(no_directory)
{
	const struct recorder_config config = {
		.url = t.url, .worker = "w1", .data_dir = "/nonexistent"};
	struct recorder *r;

	ck_assert_int_eq(recorder_start(&r, &config, no_entry, NULL), ENOENT);
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("recorder", setup, teardown, a_record_arrives_whole, twice_is_once,
		waits_for_postgresql, lost_connections, poison, queue_is_bounded, journal_survives,
		a_call_with_a_record_is_over, killed_in_calls,
		a_kill_loses_nothing_that_was_left_a_moment_before, bindings,
		bindings_come_back_after_a_lost_database, health_and_calls, calls_in_progress,
		calls_are_asked_for_after_a_lost_database, bad_observed_state_is_passed_over,
		full_disk, full_disk_but_postgresql_is_there, no_directory);
}
