#include "db/feed.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a record points to comes first, and goes last. */
static const struct {
	char kind;
	const char *all, *changed, *gone;
} kinds[] = {
	{'A', "COPY (SELECT * FROM feed_account) TO STDOUT",
		"COPY (SELECT f.* FROM feed_ids('A') c JOIN feed_account f ON f.id = c.id) TO "
		"STDOUT",
		"COPY (SELECT '-A', c.id FROM feed_ids('a') c"
		" WHERE NOT EXISTS (SELECT FROM account o WHERE o.id = c.id)) TO STDOUT"},
	{'T', "COPY (SELECT * FROM feed_trunk) TO STDOUT",
		"COPY (SELECT f.* FROM feed_ids('T') c JOIN feed_trunk f ON f.id = c.id) TO STDOUT",
		"COPY (SELECT '-T', c.id FROM feed_ids('t') c"
		" WHERE NOT EXISTS (SELECT FROM trunk o WHERE o.id = c.id)) TO STDOUT"},
	{'P', "COPY (SELECT * FROM feed_dial_plan) TO STDOUT",
		"COPY (SELECT f.* FROM feed_ids('P') c JOIN feed_dial_plan f ON f.id = c.id) TO "
		"STDOUT",
		"COPY (SELECT '-P', c.id FROM feed_ids('p') c"
		" WHERE NOT EXISTS (SELECT FROM dial_plan o WHERE o.id = c.id)) TO STDOUT"},
	{'S', "COPY (SELECT * FROM feed_sip_account) TO STDOUT",
		"COPY (SELECT f.* FROM feed_ids('S') c JOIN feed_sip_account f ON f.id = c.id) TO "
		"STDOUT",
		"COPY (SELECT '-S', c.id FROM feed_ids('s') c"
		" WHERE NOT EXISTS (SELECT FROM sip_account o WHERE o.id = c.id)) TO STDOUT"},
	{'G', "COPY (SELECT * FROM feed_gateway) TO STDOUT",
		"COPY (SELECT f.* FROM feed_ids('G') c JOIN feed_gateway f ON f.id = c.id) TO "
		"STDOUT",
		"COPY (SELECT '-G', c.id FROM feed_ids('g') c"
		" WHERE NOT EXISTS (SELECT FROM gateway o WHERE o.id = c.id)) TO STDOUT"},
	{'D', "COPY (SELECT * FROM feed_did) TO STDOUT",
		"COPY (SELECT f.* FROM feed_numbers('D') c JOIN feed_did f ON f.number = c.number) "
		"TO "
		"STDOUT",
		"COPY (SELECT '-D', c.number FROM feed_numbers('d') c"
		" WHERE NOT EXISTS (SELECT FROM did o WHERE o.number = c.number)) TO STDOUT"},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

int db_position_copy(struct db_position *to, const struct db_position *from)
{
	char *snapshot = NULL;

	if (from->snapshot) {
		snapshot = strdup(from->snapshot);
		if (!snapshot)
			return ENOMEM;
	}
	free(to->snapshot);
	*to = *from;
	to->snapshot = snapshot;
	return 0;
}

void db_position_fini(struct db_position *position)
{
	free(position->snapshot);
	memset(position, 0, sizeof(*position));
}

int db_feed_listen(struct db *db)
{
	return db_exec(db, "LISTEN trunkguard_change");
}

/* EAGAIN: there is no epoch yet. */
static int look(struct db *db, const struct db_position *known, struct db_feed_reading *reading)
{
	const char *const values[] = {
		known && known->snapshot ? known->epoch : NULL, known ? known->snapshot : NULL};
	struct pg_result *result;
	int err = db_query(db,
		"SELECT epoch, snapshot, revision, \"full\", kinds FROM feed_look($1, $2)", 2,
		values, &result);

	if (err)
		return err;
	if (!db_text(result, 0, 0)) {
		err = EAGAIN;
	} else {
		struct db_position *now = &reading->now;

		snprintf(now->epoch, sizeof(now->epoch), "%s", db_text(result, 0, 0));
		snprintf(now->revision, sizeof(now->revision), "%s", db_text(result, 0, 2));
		now->snapshot = strdup(db_text(result, 0, 1));
		reading->full = db_bool(result, 0, 3);
		snprintf(reading->kinds, sizeof(reading->kinds), "%s", db_text(result, 0, 4));
		err = now->snapshot ? 0 : ENOMEM;
	}
	db_clear(result);
	return err;
}

static int look_in_transaction(
	struct db *db, const struct db_position *known, struct db_feed_reading *reading)
{
	int err = db_begin_read(db);

	if (!err)
		err = look(db, known, reading);
	if (!err && !reading->full)
		err = db_query(db, "SELECT set_config('trunkguard.since', $1, true)", 1,
			(const char *const[]){known->snapshot}, NULL);
	if (err) {
		db_position_fini(&reading->now);
		db_rollback(db);
	}
	return err;
}

int db_feed_begin(struct db *db, const struct db_position *known, struct db_feed_reading *reading)
{
	int err;

	memset(reading, 0, sizeof(*reading));
	err = look_in_transaction(db, known, reading);
	if (err != EAGAIN || db_broken(db))
		return err;
	/* The first one here after a crash, a promotion or a restore. */
	err = db_query(db, "SELECT epoch_ensure()", 0, NULL, NULL);
	return err ? err : look_in_transaction(db, known, reading);
}

int db_feed_lines(struct db *db, const struct db_feed_reading *reading, db_line_h *h, void *arg)
{
	int err = 0;

	for (int i = 0; i < KINDS && !err; i++) {
		if (reading->full)
			err = db_copy_out(db, kinds[i].all, h, arg);
		else if (strchr(reading->kinds, kinds[i].kind))
			err = db_copy_out(db, kinds[i].changed, h, arg);
	}
	for (int i = KINDS - 1; i >= 0 && !err && !reading->full; i--)
		if (strchr(reading->kinds, tolower(kinds[i].kind)))
			err = db_copy_out(db, kinds[i].gone, h, arg);
	return err;
}

int db_feed_end(struct db *db)
{
	return db_commit(db);
}

int db_feed_collect(struct db *db)
{
	return db_query(db, "SELECT feed_collect('10 minutes')", 0, NULL, NULL);
}
