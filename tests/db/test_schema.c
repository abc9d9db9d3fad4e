/* The schema's own net: what it refuses, whatever the API let through, and what its triggers log. */
#include <errno.h>

#include "db/feed.h"
#include "tests/db/testdb.h"

static struct testdb testdb;
static struct db *db;

static void setup(void)
{
	testdb_new(&testdb);
	db = testdb_open(testdb.url);
	testdb_run(db, "INSERT INTO account (id, name) VALUES"
		       " ('00000000-0000-4000-8000-0000000000a1', 'one'),"
		       " ('00000000-0000-4000-8000-0000000000a2', 'two')");
	testdb_run(db, "INSERT INTO trunk (id, account_id, name) VALUES"
		       " ('00000000-0000-4000-8000-0000000000b1',"
		       "  '00000000-0000-4000-8000-0000000000a1', 'of one'),"
		       " ('00000000-0000-4000-8000-0000000000b2',"
		       "  '00000000-0000-4000-8000-0000000000a2', 'of two')");
	testdb_run(db, "INSERT INTO sip_account (account_id, trunk_id, role, username)"
		       " SELECT account_id, id, 'primary', name || '-pbx' FROM"
		       " (SELECT account_id, id, replace(name, ' ', '-') AS name FROM trunk) t");
	testdb_run(db,
		"INSERT INTO did (number, account_id, trunk_id) VALUES (14155550100,"
		" '00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000b1')");
	testdb_run(db, "INSERT INTO gateway (name, address) VALUES ('carrier',"
		       " '{\"host\": \"127.0.0.2\", \"port\": 5060, \"transport\": \"udp\"}')");
}

static void teardown(void)
{
	db_close(db);
	testdb_drop(&testdb);
}

/* A value for a column, and whether it is taken. */
struct value {
	const char *table, *column, *value;
	bool good;
};

static void try_value(const struct value *v)
{
	char sql[256];
	int err;

	snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %s", v->table, v->column, v->value);
	err = db_exec(db, sql);
	ck_assert_msg(err == (v->good ? 0 : EINVAL), "%s: %d %s", sql, err, db_error(db)->message);
	if (!v->good && db_error(db)->constraint[0])
		ck_assert_msg(
			strstr(db_error(db)->constraint, v->table) == db_error(db)->constraint,
			"%s: %s", sql, db_error(db)->constraint);
}

START_TEST(ranges_and_words)
{
	static const struct value values[] = {
		{"account", "name", "repeat('x', 200)", true},
		{"account", "name", "repeat('x', 201)", false},
		{"account", "name", "E'a\\nb'", false},
		{"account", "name", "''", false},
		{"account", "external_id", "NULL", true},
		{"account", "default_country", "'US'", true},
		{"account", "default_country", "'us'", false},
		{"account", "default_country", "'USA'", false},
		{"account", "timezone", "'America/Argentina/Buenos_Aires'", true},
		{"account", "timezone", "'no zone'", false},
		{"account", "failover_number", "1000000", true},
		{"account", "failover_number", "999999999999999", true},
		{"account", "failover_number", "999999", false},
		{"account", "failover_number", "1000000000000000", false},
		{"account", "failover_number", "-14155550100", false},
		{"account", "failover_number", "NULL", true},
		{"account", "failover_calling_party_display", "'called_number'", true},
		{"account", "failover_calling_party_display", "'nobody'", false},
		{"account", "failover_calling_party_display", "'fixed'",
			false}, /* without a number */
		{"account", "failover_calling_party_display", "NULL", false},
		{"trunk", "max_concurrent_calls", "0", true},
		{"trunk", "max_concurrent_calls", "100000", true},
		{"trunk", "max_concurrent_calls", "-1", false},
		{"trunk", "max_concurrent_calls", "100001", false},
		{"trunk", "first_response_seconds", "1", true},
		{"trunk", "first_response_seconds", "60", true},
		{"trunk", "first_response_seconds", "0", false},
		{"trunk", "first_response_seconds", "61", false},
		{"trunk", "ring_seconds", "0", false},
		{"trunk", "ring_seconds", "3601", false},
		{"trunk", "max_call_seconds", "0", false},
		{"trunk", "max_call_seconds", "604801", false},
		{"trunk", "did_delivery", "'to'", true},
		{"trunk", "did_delivery", "'pigeon'", false},
		{"trunk", "ha_mode", "'only_primary'", true}, /* the others: test_ha.c */
		{"trunk", "failover_triggers", "'{}'", true},
		{"trunk", "failover_triggers", "'{busy,no_answer}'", true},
		{"trunk", "failover_triggers", "'{busy,bored}'", false},
		{"trunk", "failover_triggers", "'{NULL}'", false},
		{"trunk", "failover_triggers", "NULL", false},
		{"sip_account", "username", "'no spaces'", false},
		{"sip_account", "username", "''", false},
		{"sip_account", "username", "NULL", false}, /* in registration mode */
		{"sip_account", "auth_mode", "'trust'", false},
		{"sip_account", "ha1_md5", "repeat('a', 32)", true},
		{"sip_account", "ha1_md5", "repeat('A', 32)", false},
		{"sip_account", "ha1_md5", "repeat('a', 31)", false},
		{"sip_account", "ha1_sha256", "repeat('0', 64)", true},
		{"sip_account", "ha1_sha256", "repeat('0', 63)", false},
		{"sip_account", "ip_addresses", "'{192.0.2.0/24,2001:db8::/32}'", true},
		{"sip_account", "ip_addresses", "'{192.0.2.1/24}'", false}, /* host bits */
		{"sip_account", "ip_addresses", "'{NULL}'", false},
		{"sip_account", "ip_addresses",
			"(SELECT array_agg(('10.0.0.' || i)::cidr) FROM generate_series(1, 101) i)",
			false},
		{"did", "forwardings", "'[]'", true},
		{"did", "forwardings", "NULL", false},
		{"did", "forwardings", "'{}'", false},
		{"did", "forwardings", "'[1]'", false},
		{"did", "forwardings", "'[{\"target\": {\"external\": \"+14155550190\"}}]'", false},
		{"trunk", "failover_enabled", "true", false}, /* to nowhere */
		{"did", "incoming_action", "'ring_then_forward'", true},
		{"did", "incoming_action", "'sing'", false},
		{"did", "ring_seconds", "NULL", true},
		{"did", "ring_seconds", "0", false},
		{"did", "triggers", "NULL", true},
		{"did", "triggers", "'{}'", true},
		{"did", "triggers", "'{sunshine}'", false},
		{"did", "failover_number", "14155550100", false}, /* itself */
		{"did", "failover_number", "14155550101", true},
		{"did", "failover_calling_party_display", "'fixed'", false},
		{"did", "failover_calling_party_display", "'caller'", true},
		{"gateway", "failover_seconds", "61", false},
		{"gateway", "priority", "65536", false},
		{"gateway", "prefixes", "'{1,44,\"\"}'", true},
		{"gateway", "prefixes", "'{+1}'", false},
		{"gateway", "prefixes", "'{1234567890123456}'", false},
		{"gateway", "prefixes", "'{\"1,2\"}'", true}, /* as good as two */
		{"gateway", "prefixes", "'{NULL}'", false},
		{"gateway", "registration", "'[]'", false},
		{"gateway", "inbound_ip_addresses", "'{127.0.0.2}'", true},
		{"gateway", "address", "NULL", false},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		try_value(&values[i]);
}
END_TEST

START_TEST(addresses)
{
	static const struct {
		const char *list;
		bool good;
	} lists[] = {
		{"[]", true},
		{"[{\"host\":\"pbx.example.com\",\"port\":5060,\"transport\":\"udp\"}]", true},
		{"[{\"host\":\"2001:db8::1\",\"port\":null,\"transport\":\"tls\"},"
		 "{\"host\":\"192.0.2.1\",\"port\":65535,\"transport\":\"tcp\"}]",
			true},
		{"[{\"host\":\"a\",\"port\":65536,\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"a\",\"port\":0,\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"a\",\"port\":-1,\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"a\",\"port\":5060.5,\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"a\",\"port\":\"5060\",\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"\",\"port\":5060,\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"a b\",\"port\":5060,\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"a\\tb\",\"port\":5060,\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"a|5|udp,b\",\"port\":6,\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"a\",\"port\":5060,\"transport\":\"sctp\"}]", false},
		{"[{\"host\":\"a\",\"port\":5060}]", false},
		{"[{\"host\":\"a\",\"transport\":\"udp\"}]", false},
		{"[{\"host\":null,\"port\":5060,\"transport\":\"udp\"}]", false},
		{"[{\"host\":\"a\",\"port\":5060,\"transport\":\"udp\",\"weight\":1}]", false},
		{"{\"host\":\"a\",\"port\":5060,\"transport\":\"udp\"}", false},
		{"[null]", false},
		{"[[]]", false},
		{"[\"a|5060|udp\"]", false},
		{"null", false},
		{"\"\"", false},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *values[] = {lists[i].list};
		int err = db_query(
			db, "UPDATE did SET failover_backup_pbxs = $1::jsonb", 1, values, NULL);

		ck_assert_msg(err == (lists[i].good ? 0 : EINVAL), "%s: %d", lists[i].list, err);
		if (lists[i].list[0] != '[' || !lists[i].list[1] || lists[i].list[1] == ']')
			continue;
		/* Its first element by itself is judged the same. */
		err = db_query(db, "UPDATE gateway SET failover_address = $1::jsonb -> 0", 1,
			values, NULL);
		ck_assert_msg(
			err == (lists[i].good ? 0 : EINVAL), "first of %s: %d", lists[i].list, err);
	}
	ck_assert_str_eq(
		testdb_ask(db, "SELECT addresses_text('[{\"host\":\"2001:db8::1\",\"port\":null,"
			       "\"transport\":\"tls\"},{\"host\":\"b\",\"port\":1,\"transport\":"
			       "\"udp\"}]')"),
		"2001:db8::1||tls,b|1|udp");
}
END_TEST

/* Nothing of one account can point to another's. */
START_TEST(tenants_stay_apart)
{
	static const char *const crossings[] = {
		"UPDATE did SET trunk_id = '00000000-0000-4000-8000-0000000000b2'",
		"UPDATE did SET account_id = '00000000-0000-4000-8000-0000000000a2'",
		"UPDATE sip_account SET account_id = '00000000-0000-4000-8000-0000000000a2'"
		" WHERE username = 'of-one-pbx'",
		"INSERT INTO sip_account (account_id, trunk_id, role, username) VALUES"
		" ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000b2',"
		" 'secondary', 'x')",
		"INSERT INTO did (number, account_id, trunk_id) VALUES (14155550101,"
		" '00000000-0000-4000-8000-0000000000a2', '00000000-0000-4000-8000-0000000000b1')",
		"UPDATE trunk SET account_id = '00000000-0000-4000-8000-0000000000a2'"
		" WHERE name = 'of one'",
	};

	for (size_t i = 0; i < sizeof(crossings) / sizeof(crossings[0]); i++)
		ck_assert_msg(db_exec(db, crossings[i]) == ENOENT, "%s: %s", crossings[i],
			db_error(db)->message);
}
END_TEST

START_TEST(names_are_unique_and_keys_stay)
{
	ck_assert_int_eq(db_exec(db, "UPDATE sip_account SET username = 'same'"), EEXIST);
	ck_assert_str_eq(db_error(db)->constraint, "sip_account_username_key");
	ck_assert_int_eq(
		db_exec(db, "INSERT INTO did (number, account_id) SELECT number, account_id"
			    " FROM did"),
		EEXIST);
	ck_assert_int_eq(
		db_exec(db, "INSERT INTO sip_account (account_id, trunk_id, role, username)"
			    " SELECT account_id, trunk_id, role, 'x' FROM sip_account LIMIT 1"),
		EEXIST);
	ck_assert_int_eq(db_exec(db, "UPDATE did SET number = number + 1"), EINVAL);
	ck_assert_str_eq(db_error(db)->constraint, "did_key");
	ck_assert_int_eq(db_exec(db, "UPDATE trunk SET id = uuid7()"), EINVAL);
	ck_assert_int_eq(db_exec(db, "UPDATE sip_account SET role = 'secondary'"), EINVAL);
	ck_assert_int_eq(db_exec(db, "UPDATE gateway SET id = uuid7()"), EINVAL);
	/* To say what it is already is no change. */
	testdb_run(db, "UPDATE did SET number = number");
}
END_TEST

START_TEST(versions_move)
{
	testdb_run(db, "UPDATE did SET label = 'x', updated_at = '2000-01-01'");
	ck_assert_str_eq(testdb_ask(db, "SELECT version FROM did"), "2");
	ck_assert_str_eq(testdb_ask(db, "SELECT updated_at > '2020-01-01' FROM did"), "t");
	/* A statement that moves it itself moves it once. */
	testdb_run(db, "UPDATE did SET version = version + 1, updated_at = now()");
	ck_assert_str_eq(testdb_ask(db, "SELECT version FROM did"), "3");
	testdb_run(db, "UPDATE account SET name = 'x'; UPDATE trunk SET name = 'x';"
		       "UPDATE sip_account SET label = 'x'; UPDATE gateway SET name = 'x'");
	ck_assert_str_eq(
		testdb_ask(db, "SELECT min(v) FROM (SELECT version FROM account UNION ALL SELECT"
			       " version FROM trunk UNION ALL SELECT version FROM sip_account"
			       " UNION ALL SELECT version FROM gateway) x (v)"),
		"2");
}
END_TEST

START_TEST(deleting)
{
	ck_assert_int_eq(db_exec(db, "DELETE FROM trunk"), ENOENT); /* still used */
	ck_assert_int_eq(db_exec(db, "DELETE FROM account"), ENOENT);
	testdb_run(db, "DELETE FROM did");
	testdb_run(db, "DELETE FROM trunk");
	ck_assert_str_eq(testdb_ask(db, "SELECT count(*) FROM sip_account"), "0");
	testdb_run(db, "INSERT INTO api_key (account_id, name, scopes, secret_hash)"
		       " SELECT id, 'k', '{read}', sha256(name::bytea) FROM account");
	testdb_run(db, "DELETE FROM account");
	ck_assert_str_eq(testdb_ask(db, "SELECT count(*) FROM api_key"), "0");
}
END_TEST

START_TEST(api_keys)
{
	static const struct value values[] = {
		{"api_key", "scopes", "'{read,write}'", true},
		{"api_key", "scopes", "'{}'", false},
		{"api_key", "scopes", "'{admin}'", false},
		{"api_key", "scopes", "'{NULL}'", false},
		{"api_key", "secret_hash", "'short'", false},
		{"api_key", "name", "''", false},
	};

	testdb_run(db, "INSERT INTO api_key (name, scopes, secret_hash) VALUES ('op', '{read}',"
		       " sha256('x'))");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		try_value(&values[i]);
	ck_assert_int_eq(db_exec(db, "INSERT INTO api_key (name, scopes, secret_hash) VALUES"
				     " ('again', '{read}', sha256('x'))"),
		EEXIST);
}
END_TEST

START_TEST(uuids_sort_by_time)
{
	ck_assert_str_eq(
		testdb_ask(db, "SELECT uuid7()::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-"
			       "[89ab][0-9a-f]{3}-[0-9a-f]{12}$'"),
		"t");
	ck_assert_str_eq(
		testdb_ask(db, "SELECT ('x' || left(replace(uuid7()::text, '-', ''), 12))::bit(48)"
			       "::bigint BETWEEN extract(epoch FROM now()) * 1000 - 1000"
			       " AND extract(epoch FROM now()) * 1000 + 60000"),
		"t");
	ck_assert_str_eq(
		testdb_ask(db, "SELECT count(DISTINCT uuid7()) FROM generate_series(1, 1000)"),
		"1000");
}
END_TEST

/* The change log. */

#define LOGGED                                                                                     \
	"SELECT string_agg(kind::text || coalesce(cardinality(ids), cardinality(numbers), 0), ' '" \
	" ORDER BY at) FROM change_log"

START_TEST(statements_are_logged)
{
	static const struct {
		const char *sql, *logged;
	} rows[] = {
		{"UPDATE account SET name = 'x'", "A2"},
		{"UPDATE account SET name = 'x' WHERE false", ""},
		{"UPDATE trunk SET name = 'x'", "T2"},
		{"UPDATE sip_account SET label = 'x'", "S2"},
		{"UPDATE gateway SET name = 'x'", "G1"},
		{"UPDATE did SET label = 'x'", "D1"},
		{"INSERT INTO did (number, account_id) SELECT 14155550200 + i, (SELECT id FROM "
		 "account LIMIT 1)"
		 " FROM generate_series(1, 1000) i",
			"D1000"},
		{"DELETE FROM did", "d1001"},
		{"DELETE FROM trunk WHERE name = 'x'", "t2 s2"},
		{"TRUNCATE did", "*0"},
		{"INSERT INTO did (number, account_id) SELECT 14155550100, id FROM account LIMIT 1"
		 " ON CONFLICT DO NOTHING",
			"D1"},
		{"INSERT INTO did (number, account_id) SELECT 14155550100, id FROM account LIMIT 1"
		 " ON CONFLICT DO NOTHING",
			""},
		{"INSERT INTO api_key (name, scopes, secret_hash) VALUES ('op', '{read}', "
		 "sha256('x'))",
			""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		testdb_run(db, "DELETE FROM change_log");
		testdb_run(db, rows[i].sql);
		ck_assert_msg(!strcmp(testdb_ask(db, LOGGED), rows[i].logged), "%s: %s",
			rows[i].sql, testdb_ask(db, LOGGED));
	}
}
END_TEST

/* Under the whole transaction's id also from a savepoint, and not at all when it is undone. */
START_TEST(savepoints_are_logged_as_one)
{
	testdb_run(db, "DELETE FROM change_log");
	testdb_run(db,
		"BEGIN; UPDATE did SET label = 'a'; SAVEPOINT s; UPDATE did SET label = 'b';"
		" RELEASE s; SAVEPOINT s; UPDATE did SET label = 'c'; ROLLBACK TO s; COMMIT");
	ck_assert_str_eq(testdb_ask(db, LOGGED), "D1 D1");
	ck_assert_str_eq(testdb_ask(db, "SELECT count(DISTINCT xid) FROM change_log"), "1");
	testdb_run(db, "BEGIN; UPDATE did SET label = 'a'; ROLLBACK");
	ck_assert_str_eq(testdb_ask(db, LOGGED), "D1 D1");
}
END_TEST

/* By whoever, under whatever search_path. */
START_TEST(by_hand)
{
	testdb_run(db, "DELETE FROM change_log");
	testdb_run(db, "SET search_path = pg_catalog; UPDATE trunkguard.did SET label = 'by hand';"
		       " INSERT INTO trunkguard.account (name) VALUES ('by hand');"
		       " SET search_path = trunkguard");
	ck_assert_str_eq(testdb_ask(db, LOGGED), "D1 A1");
}
END_TEST

/* Records as core/cfg_record.h has them. */

struct text {
	char text[4096];
};

static int add_line(const char *line, size_t len, void *arg)
{
	struct text *t = arg;

	snprintf(t->text + strlen(t->text), sizeof(t->text) - strlen(t->text), "%.*s\n", (int)len,
		line);
	return 0;
}

START_TEST(records)
{
	struct db_feed_reading reading;
	struct text t = {""};

	testdb_run(db,
		"DELETE FROM did; DELETE FROM sip_account; DELETE FROM trunk; DELETE FROM gateway;"
		"DELETE FROM account");
	testdb_run(db,
		"INSERT INTO account (id, name, default_country, ha_addon, failover_number,"
		" failover_backup_pbxs) VALUES ('00000000-0000-4000-8000-0000000000a1', 'n', 'US',"
		" true, 14155550199,"
		" '[{\"host\":\"b\",\"port\":null,\"transport\":\"tcp\"}]')");
	testdb_run(db,
		"INSERT INTO trunk (id, account_id, name, caller_id, failover_triggers) VALUES"
		" ('00000000-0000-4000-8000-0000000000b1',"
		"  '00000000-0000-4000-8000-0000000000a1', 'n', E'back\\\\slash', "
		"'{busy,rejected}')");
	testdb_run(db,
		"INSERT INTO sip_account (id, account_id, trunk_id, role, auth_mode, ip_addresses,"
		" address) VALUES ('00000000-0000-4000-8000-0000000000c1',"
		" '00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000b1',"
		" 'primary', 'ip', '{192.0.2.1,2001:db8::/32}',"
		" '{\"host\":\"192.0.2.1\",\"port\":5060,\"transport\":\"udp\"}')");
	testdb_run(db,
		"INSERT INTO gateway (id, name, address, prefixes, registration) VALUES"
		" ('00000000-0000-4000-8000-0000000000d1', 'g',"
		" '{\"host\":\"gw\",\"port\":null,\"transport\":\"tls\"}', '{1,44}',"
		" '{\"username\":\"u\",\"password\":\"p|\\\\\",\"registrar\":"
		"{\"host\":\"r\",\"port\":5070,\"transport\":\"udp\"},\"failover_registrar\":null,"
		"\"expires_seconds\":600,\"register_failover_seconds\":5}')");
	testdb_run(db,
		"INSERT INTO dial_plan (id, account_id, name, internal_number, steps) VALUES"
		" ('00000000-0000-4000-8000-0000000000e1', '00000000-0000-4000-8000-0000000000a1',"
		" 'Night', '*70', '[{\"app\": \"ring\", \"strategy\": \"simultaneous\","
		" \"ring_seconds\": 9, \"active_times\": [{\"days\": [\"sun\", \"mon\"], \"from\":"
		" \"22:00\", \"to\": \"00:00\"}], \"targets\": [{\"external\": \"+14155550190\"},"
		" {\"trunk_id\": \"trk_00000000-0000-4000-8000-0000000000b1\"}, {\"sip_uri\":"
		" \"sip:a@[::1]:5070;transport=tcp\"}]}, {\"app\": \"schedule\", \"active_times\":"
		" [{\"days\": [\"sat\"], \"from\": \"00:00\", \"to\": \"24:00\"}], \"then\": "
		"[{\"app\":"
		" \"reject\", \"code\": 486, \"reason\": \"so (100%)\", \"active_times\": null}],"
		" \"else\": []}]')");
	testdb_run(db,
		"INSERT INTO did (number, account_id, trunk_id, triggers, ring_seconds,"
		" failover_number) VALUES (14155550100, '00000000-0000-4000-8000-0000000000a1',"
		" '00000000-0000-4000-8000-0000000000b1', '{}', 20, 14155550101),"
		" (14155550102, '00000000-0000-4000-8000-0000000000a1', NULL, NULL, NULL, NULL)");
	testdb_run(db, "UPDATE trunk SET failover_enabled = true, failover_dial_plan_id ="
		       " '00000000-0000-4000-8000-0000000000e1' WHERE id ="
		       " '00000000-0000-4000-8000-0000000000b1'");
	testdb_run(db,
		"UPDATE did SET dial_plan_id = '00000000-0000-4000-8000-0000000000e1', forwardings "
		"="
		" '[{\"designation\": \"a b\", \"target\": {\"internal\": \"+14155550100\"},"
		" \"ring_seconds\": 15, \"calling_party_display\": \"fixed\", "
		"\"calling_party_number\":"
		" \"+14155550100\", \"active_times\": null, \"enabled\": false}]' WHERE number ="
		" 14155550102");
	ck_assert_int_eq(db_feed_begin(db, NULL, &reading), 0);
	ck_assert(reading.full);
	ck_assert_int_eq(db_feed_lines(db, &reading, add_line, &t), 0);
	ck_assert_int_eq(db_feed_end(db), 0);
	db_position_fini(&reading.now);
	ck_assert_str_eq(t.text,
		"A\t00000000-0000-4000-8000-0000000000a1\tt\tUS\tUTC\tt\t14155550199\tb||"
		"tcp\tcaller\t\\N\t\\N\n"
		"T\t00000000-0000-4000-8000-0000000000b1\t00000000-0000-4000-8000-"
		"0000000000a1\tt\t30\t15\t180"
		"\t14400\tback\\\\slash\trequest_uri\tonly_primary\tt\t00000000-0000-4000-8000-"
		"0000000000e1\tbusy,rejected\tf\n"
		"P\t00000000-0000-4000-8000-0000000000e1\t00000000-0000-4000-8000-"
		"0000000000a1\tNight"
		"\t*70\t(ring 65:1320-1440 simultaneous 9 e14155550190 "
		"t00000000-0000-4000-8000-0000000000b1 ssip:a@[::1]:5070;transport=tcp)(schedule "
		"32:0-1440 {(reject - 486 so%20%28100%25%29)} {})\n"
		"S\t00000000-0000-4000-8000-0000000000c1\t00000000-0000-4000-8000-"
		"0000000000b1\tprimary\t\\N"
		"\tip\t\\N\t\\N\t\\N\t192.0.2.1/32,2001:db8::/32\t192.0.2.1|5060|udp\n"
		"G\t00000000-0000-4000-8000-0000000000d1\tg\tt\tgw||tls\t\\N\t15\t1,"
		"44\t100\tf\t\tu\tp|"
		"\\\\\tr|5070|udp\t\\N\t600\t5\n"
		"D\t14155550100\t00000000-0000-4000-8000-0000000000a1\t00000000-0000-4000-8000-"
		"0000000000b1"
		"\t\\N\tt\tring\t20\t\t14155550101\t\t\\N\t\\N\t\n"
		"D\t14155550102\t00000000-0000-4000-8000-"
		"0000000000a1\t\\N\t00000000-0000-4000-8000-0000000000e1\tt\tring\t\\N\t\\N"
		"\t\\N\t\t\\N\t\\N\t(f - 15 fixed 14155550100 i+14155550100 a%20b)\n");
}
END_TEST

START_TEST(increments_have_only_what_changed)
{
	struct db_feed_reading first, second;
	struct text t = {""};

	ck_assert_int_eq(db_feed_begin(db, NULL, &first), 0);
	ck_assert_int_eq(db_feed_end(db), 0);
	testdb_run(db, "UPDATE did SET label = 'x'; UPDATE did SET label = 'y'");
	testdb_run(
		db, "INSERT INTO did (number, account_id) SELECT 14155550102, account_id FROM did");
	testdb_run(db, "DELETE FROM did WHERE number = 14155550102");
	testdb_run(db, "DELETE FROM gateway");
	ck_assert_int_eq(db_feed_begin(db, &first.now, &second), 0);
	ck_assert(!second.full);
	ck_assert_str_eq(second.kinds, "Ddg");
	ck_assert_int_eq(db_feed_lines(db, &second, add_line, &t), 0);
	ck_assert_int_eq(db_feed_end(db), 0);
	ck_assert_ptr_eq(strstr(t.text, "D\t14155550100\t"), t.text);
	ck_assert_ptr_nonnull(strstr(t.text, "\n-D\t14155550102\n-G\t"));
	ck_assert_uint_eq(strcspn(strchr(t.text, '\n') + 1, "D"), 1); /* each key once */
	db_position_fini(&first.now);
	/* And nothing after that. */
	ck_assert_int_eq(db_feed_begin(db, &second.now, &first), 0);
	ck_assert(!first.full);
	ck_assert_str_eq(first.kinds, "");
	ck_assert_int_eq(db_feed_end(db), 0);
	db_position_fini(&first.now);
	db_position_fini(&second.now);
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("schema", setup, teardown, ranges_and_words, addresses,
		tenants_stay_apart, names_are_unique_and_keys_stay, versions_move, deleting,
		api_keys, uuids_sort_by_time, statements_are_logged, savepoints_are_logged_as_one,
		by_hand, records, increments_have_only_what_changed);
}
