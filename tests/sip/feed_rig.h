/* A feed with a test for its SIP thread, and writers beside it. */
#ifndef TESTS_SIP_FEED_RIG_H
#define TESTS_SIP_FEED_RIG_H

#include <poll.h>

#include "core/cfg_record.h"
#include "core/clock.h"
#include "db/feed.h"
#include "db/revision.h"
#include "sip/feed.h"
#include "tests/db/testdb.h"
#include "tests/sip/cfg_dump.h"

enum { PATIENCE_MS = 60000 };

/* Lets the feed work for up to wait_ms. True when the configuration changed. */
static inline bool rig_poll(struct feed *feed, int wait_ms)
{
	struct pollfd fd = {.fd = feed_fd(feed), .events = POLLIN};

	return poll(&fd, 1, wait_ms) > 0 && feed_poll(feed);
}

static inline struct feed *rig_start(const char *url, const char *worker, const char *data_dir)
{
	const struct feed_config config = {.url = url, .worker = worker, .data_dir = data_dir};
	struct feed *feed;

	ck_assert_int_eq(feed_start(&feed, &config), 0);
	return feed;
}

/* Works until the worker says, to PostgreSQL, that the revision is applied. */
static inline void rig_wait_applied(struct feed *feed, struct db *db, const char *token)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT applied FROM revision_status('%s')", token);
	while (strcmp(testdb_ask(db, sql), "t")) {
		ck_assert_msg(clock_ms() < deadline, "%s is never applied", token);
		rig_poll(feed, 10);
	}
}

/* Works until all that is committed now is applied. */
static inline void rig_catch_up(struct feed *feed, struct db *db)
{
	char token[REVISION_SIZE];

	ck_assert_int_eq(db_begin(db), 0);
	ck_assert_int_eq(revision_token(db, token), 0);
	ck_assert_int_eq(db_commit(db), 0);
	rig_wait_applied(feed, db, token);
}

#define RIG_UNTIL(feed, condition)                                                                 \
	do {                                                                                       \
		int64_t rig_deadline_ = clock_ms() + PATIENCE_MS;                                  \
                                                                                                   \
		while (!(condition)) {                                                             \
			ck_assert_msg(clock_ms() < rig_deadline_, "never: %s", #condition);        \
			rig_poll((feed), 10);                                                      \
		}                                                                                  \
	} while (0)

static inline int rig_line(const char *line, size_t len, void *arg)
{
	struct cfg_reject reject;
	int err = cfg_record_apply(arg, line, len, &reject);

	ck_assert_msg(err == 0, "%.*s: %s", (int)len, line, reject.reason);
	return 0;
}

/* What PostgreSQL holds, read afresh. */
static inline struct cfg *rig_fresh(struct db *db)
{
	struct db_feed_reading reading;
	struct cfg *cfg = cfg_new();

	ck_assert_int_eq(db_feed_begin(db, NULL, &reading), 0);
	ck_assert(reading.full);
	ck_assert_int_eq(db_feed_lines(db, &reading, rig_line, cfg), 0);
	ck_assert_int_eq(db_feed_end(db), 0);
	db_position_fini(&reading.now);
	return cfg;
}

static inline void rig_assert_equal(struct feed *feed, struct db *db)
{
	struct cfg *fresh = rig_fresh(db);
	const char *difference = cfg_difference(feed_cfg(feed), fresh);

	ck_assert_msg(!difference[0], "%s", difference);
	cfg_free(fresh);
}

/* Accounts, a trunk each, its SIP account, dids numbers each from first on, a gateway. */
static inline void rig_provision(struct db *db, int accounts, int dids)
{
	testdb_runf(db,
		"INSERT INTO account (name, default_country) SELECT 'account ' || i, 'US'"
		" FROM generate_series(1, %d) i",
		accounts);
	testdb_run(db,
		"INSERT INTO trunk (account_id, name) SELECT id, 'trunk of ' || name FROM account");
	testdb_run(db, "INSERT INTO sip_account (account_id, trunk_id, role, username, ha1_md5)"
		       " SELECT account_id, id, 'primary', 'user-' || id, md5(name) FROM trunk");
	testdb_runf(db,
		"INSERT INTO did (number, account_id, trunk_id)"
		" SELECT 14150000000 + i, t.account_id, t.id FROM generate_series(0, %d) i"
		" JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n FROM trunk) t ON t.n = "
		"i %% %d",
		accounts * dids - 1, accounts);
	testdb_run(db, "INSERT INTO gateway (name, address, prefixes, inbound_ip_addresses) VALUES "
		       "('carrier',"
		       " '{\"host\": \"127.0.0.2\", \"port\": 5060, \"transport\": \"udp\"}',"
		       " '{1,44}', '{127.0.0.2/32}')");
}

#endif
