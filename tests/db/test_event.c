/* Events are append only, each is a link of its account's chain, and whoever changes one past the
 * triggers is found. */
#include <errno.h>

#include "db/observed.h"
#include "tests/db/testdb.h"

static struct testdb t;
static struct db *one, *two;

#define ACCOUNT "'018f0000-0000-7000-8000-000000000001'"
#define SEAL "SELECT event_seal(event_take(1000))"
#define PROBLEMS                                                                                   \
	"SELECT string_agg(concat_ws(':', seq, problem), ', ' ORDER BY seq, problem) FROM "        \
	"event_verify()"

static void add(struct db *db, const char *account, const char *subject)
{
	testdb_runf(db,
		"INSERT INTO event (account_id, type, subject) VALUES (%s, 'did.updated', '%s')",
		account, subject);
}

static void setup(void)
{
	testdb_new(&t);
	one = testdb_open(t.url);
	two = testdb_open(t.url);
	testdb_run(one, "SET idle_in_transaction_session_timeout = 0");
	for (int i = 0; i < 3; i++) {
		char subject[16];

		snprintf(subject, sizeof(subject), "dids/+%d", i);
		add(one, ACCOUNT, subject);
		add(one, "NULL", subject);
	}
}

static void teardown(void)
{
	db_close(one);
	db_close(two);
	testdb_drop(&t);
}

static void problems_are(const char *wanted)
{
	ck_assert_str_eq(testdb_ask(one, PROBLEMS), wanted);
}

/* As somebody who owns the tables can. */
static void forge(const char *table, const char *sql)
{
	testdb_runf(one,
		"ALTER TABLE %s DISABLE TRIGGER USER; %s; ALTER TABLE %s ENABLE TRIGGER USER",
		table, sql, table);
}

START_TEST(each_account_has_a_chain)
{
	ck_assert_str_eq(testdb_ask(one, "SELECT count(*) FROM event_queue"), "6");
	testdb_run(one, SEAL);
	testdb_run(one, SEAL);
	ck_assert_str_eq(
		testdb_ask(one, "SELECT string_agg(seq::text, ' ') FROM event_chain_head"), "3 3");
	problems_are("");
	add(one, ACCOUNT, "dids/+9");
	problems_are("");
	testdb_run(one, SEAL);
	ck_assert_str_eq(testdb_ask(one, "SELECT max(seq) FROM event_chain"), "4");
	problems_are("");
}
END_TEST

START_TEST(nothing_is_changed_or_deleted)
{
	static const char *const refused[] = {
		"UPDATE event SET type = 'did.deleted'",
		"UPDATE event SET type = type WHERE false",
		"DELETE FROM event",
		"TRUNCATE event",
		"TRUNCATE event, event_chain",
		"UPDATE event_chain SET seq = seq + 10",
		"DELETE FROM event_chain",
	};

	testdb_run(one, SEAL);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		ck_assert_msg(db_exec(one, refused[i]) == EACCES, "%s", refused[i]);
		ck_assert_str_eq(db_error(one)->sqlstate, "42501");
	}
	ck_assert_str_eq(testdb_ask(one, "SELECT count(*) FROM event"), "6");
}
END_TEST

START_TEST(a_forger_is_found)
{
	testdb_run(one, SEAL);
	forge("event",
		"UPDATE event SET after = '{}' WHERE subject = 'dids/+1' AND account_id IS NULL");
	problems_are("2:the event was changed");
	forge("event",
		"UPDATE event SET after = NULL WHERE subject = 'dids/+1' AND account_id IS NULL");
	problems_are("");
	forge("event", "DELETE FROM event WHERE subject = 'dids/+0' AND account_id IS NULL");
	problems_are("1:the event is gone");
	forge("event_chain",
		"DELETE FROM event_chain WHERE event_id NOT IN (SELECT id FROM event)");
	problems_are("2:links before this one are gone");
	forge("event_chain",
		"DELETE FROM event_chain WHERE seq = 3 AND chain <> event_chain_of(NULL)");
	problems_are("2:links before this one are gone, 2:the newest links are gone, the event is "
		     "in no chain");
}
END_TEST

START_TEST(an_event_belongs_to_its_account)
{
	testdb_run(one, SEAL);
	forge("event",
		"UPDATE event SET account_id = NULL WHERE subject = 'dids/+2' AND account_id IS "
		"NOT NULL");
	problems_are("3:the event was changed");
}
END_TEST

START_TEST(old_events_go_and_the_chain_goes_on)
{
	testdb_run(one, SEAL);
	ck_assert_str_eq(testdb_ask(one, "SELECT event_forget('1 hour')"), "0");
	ck_assert_str_eq(testdb_ask(one, "SELECT event_forget('0 s')"), "6");
	problems_are("");
	testdb_run(one, SEAL);
	ck_assert_str_eq(
		testdb_ask(one,
			"SELECT string_agg(type || (data ->> 'events') || seq, ' ') FROM event e "
			"JOIN event_chain c ON c.event_id = e.id"),
		"audit.pruned34 audit.pruned34");
	problems_are("");
	ck_assert_int_eq(db_exec(one, "DELETE FROM event"), EACCES);
	/* Cutting more than was said shows. */
	add(one, ACCOUNT, "dids/+9");
	testdb_run(one, SEAL);
	testdb_run(one, "UPDATE event_chain_head SET anchor_seq = 4 WHERE seq = 5; DELETE FROM "
			"event e USING "
			"event_chain c WHERE c.event_id = e.id AND c.seq = 4 AND c.chain <> "
			"event_chain_of(NULL)");
	problems_are("5:the event was changed");
}
END_TEST

/* What another one writes is neither missed nor waited for, whichever commits first. */
START_TEST(writers_do_not_wait)
{
	testdb_run(one, SEAL);
	ck_assert_int_eq(db_begin(one), 0);
	add(one, ACCOUNT, "dids/+7");
	add(two, ACCOUNT, "dids/+8");
	testdb_run(two, SEAL);
	ck_assert_int_eq(db_commit(one), 0);
	ck_assert_str_eq(testdb_ask(one, "SELECT count(*) FROM event_queue"), "1");
	testdb_run(one, SEAL);
	ck_assert_str_eq(
		testdb_ask(one, "SELECT string_agg(subject, ' ' ORDER BY seq) FROM event e JOIN "
				"event_chain c ON c.event_id = e.id WHERE seq > 3"),
		"dids/+8 dids/+7");
	problems_are("");
}
END_TEST

START_TEST(what_is_no_event_is_refused)
{
	static const char *const refused[] = {
		"('Trunk.down', 'trunks/x', 'worker')",
		"('trunk', 'trunks/x', 'worker')",
		"('trunk.down', '', 'worker')",
		"('trunk.down', 'trunks/x', 'god')",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char sql[160];

		snprintf(sql, sizeof(sql),
			"INSERT INTO event (type, subject, actor_kind) VALUES %s", refused[i]);
		ck_assert_msg(db_exec(one, sql) == EINVAL, "%s", sql);
	}
}
END_TEST

/* A worker's events come with their data as an object, or as its text from an earlier release's spool. */
START_TEST(workers_bring_data_in_either_form)
{
	static const char rows[] =
		"[{\"type\":\"trunk.up\",\"id\":\"018f0000-0000-7000-8000-00000000000a\","
		"\"subject\":\"trunks/"
		"a\",\"data\":{\"reason\":\"q\\\"uote\"},\"at\":\"2026-11-30T00:00:00Z\"},"
		"{\"type\":\"trunk.up\",\"id\":\"018f0000-0000-7000-8000-00000000000b\","
		"\"subject\":\"trunks/"
		"b\",\"data\":\"{\\\"reason\\\":\\\"old\\\"}\",\"at\":\"2026-11-30T00:00:00Z\"}]";

	for (int again = 0; again < 2; again++)
		ck_assert_int_eq(db_worker_event_insert(one, "w1", rows), 0);
	ck_assert_str_eq(
		testdb_ask(one,
			"SELECT string_agg(subject || ' ' || (data ->> 'reason') || ' ' || worker,"
			" ', ' ORDER BY subject) FROM event WHERE type = 'trunk.up'"),
		"trunks/a q\"uote w1, trunks/b old w1");
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("event", setup, teardown, each_account_has_a_chain,
		nothing_is_changed_or_deleted, a_forger_is_found, an_event_belongs_to_its_account,
		old_events_go_and_the_chain_goes_on, writers_do_not_wait,
		workers_bring_data_in_either_form, what_is_no_event_is_refused);
}
