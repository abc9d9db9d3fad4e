/* A High Availability mode and the secondary SIP account that it needs keep one another, whoever
 * writes first. */
#include <errno.h>

#include "db/resource_ha.h"
#include "tests/db/testdb.h"

static struct testdb t;
static struct db *one, *two;
static char trunk[40], account[40];

#define SET_MODE "UPDATE trunk SET ha_mode = 'auto_failover'"
#define DELETE_SECONDARY "DELETE FROM sip_account WHERE role = 'secondary'"

static void add_secondary(void)
{
	testdb_run(one, "INSERT INTO sip_account (account_id, trunk_id, role, username) "
			"SELECT account_id, id, 'secondary', 'branch' FROM trunk");
}

static void setup(void)
{
	testdb_new(&t);
	one = testdb_open(t.url);
	two = testdb_open(t.url);
	/* The lock timeout is under test: on a busy machine the other one must not come first. */
	testdb_run(one, "SET idle_in_transaction_session_timeout = 0");
	testdb_run(two, "SET idle_in_transaction_session_timeout = 0");
	testdb_run(one, "INSERT INTO account (name) VALUES ('a'); INSERT INTO trunk (account_id, "
			"name) SELECT id, 't' FROM account");
	snprintf(trunk, sizeof(trunk), "%s", testdb_ask(one, "SELECT id FROM trunk"));
	snprintf(account, sizeof(account), "%s", testdb_ask(one, "SELECT id FROM account"));
}

static void teardown(void)
{
	db_close(one);
	db_close(two);
	testdb_drop(&t);
}

static void refused(struct db *db, const char *sql, int err, const char *constraint)
{
	ck_assert_int_eq(db_exec(db, sql), err);
	ck_assert_str_eq(db_error(db)->constraint, constraint);
}

START_TEST(a_mode_needs_the_account_and_keeps_it)
{
	refused(one, SET_MODE, EINVAL, "trunk_ha_secondary");
	add_secondary();
	testdb_run(one, SET_MODE);
	refused(one, DELETE_SECONDARY, ENOENT, "sip_account_ha_mode");
	testdb_run(one, "UPDATE trunk SET ha_mode = 'load_balancing_healthy'");
	refused(one, "UPDATE trunk SET ha_mode = 'best_effort'", EINVAL, "trunk_ha_mode_check");
	testdb_run(one, "UPDATE trunk SET ha_mode = 'load_balancing'");
	refused(one, DELETE_SECONDARY, ENOENT, "sip_account_ha_mode");
	testdb_run(one, "UPDATE trunk SET ha_mode = 'only_primary'");
	testdb_run(one, DELETE_SECONDARY);
}
END_TEST

START_TEST(a_trunk_is_deleted_with_mode_and_account)
{
	add_secondary();
	testdb_run(one, SET_MODE);
	testdb_run(one, "DELETE FROM trunk");
	ck_assert_str_eq(testdb_ask(one, "SELECT count(*) FROM sip_account"), "0");
}
END_TEST

/* Neither order of two writes that overlap leaves a mode without its account. */
START_TEST(two_writers_at_once)
{
	add_secondary();
	ck_assert_int_eq(db_begin(one), 0);
	testdb_run(one, SET_MODE);
	ck_assert_int_eq(db_exec(two, DELETE_SECONDARY), EBUSY);
	ck_assert_int_eq(db_commit(one), 0);
	refused(two, DELETE_SECONDARY, ENOENT, "sip_account_ha_mode");
	testdb_run(one, "UPDATE trunk SET ha_mode = 'only_primary'");
	ck_assert_int_eq(db_begin(two), 0);
	testdb_run(two, DELETE_SECONDARY);
	ck_assert_int_eq(db_exec(one, SET_MODE), EBUSY);
	ck_assert_int_eq(db_commit(two), 0);
	refused(one, SET_MODE, EINVAL, "trunk_ha_secondary");
}
END_TEST

START_TEST(standing_is_the_trunks_and_nobody_elses)
{
	static const char stranger[] = "0190163d-8694-739b-aea5-966c26f8ad91";
	struct ha_standing s = {true, true};

	ck_assert_int_eq(ha_standing(one, trunk, NULL, &s), 0);
	ck_assert(!s.addon && !s.secondary);
	testdb_run(one, "UPDATE account SET ha_addon = true");
	add_secondary();
	ck_assert_int_eq(ha_standing(one, trunk, account, &s), 0);
	ck_assert(s.addon && s.secondary);
	ck_assert_int_eq(ha_standing(one, trunk, stranger, &s), ESRCH);
	ck_assert_int_eq(ha_standing(one, stranger, NULL, &s), ESRCH);
}
END_TEST

int main(void)
{
	return TESTDB_SUITE("ha", setup, teardown, a_mode_needs_the_account_and_keeps_it,
		a_trunk_is_deleted_with_mode_and_account, two_writers_at_once,
		standing_is_the_trunks_and_nobody_elses);
}
