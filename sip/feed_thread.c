/* The feed thread: disk first, then PostgreSQL for ever.
 *
 * LISTEN comes before the first reading, so nothing falls between the two. After that each turn asks
 * what the applied snapshot could not see; a NOTIFY only makes the turn come sooner than POLL_MS. A lost
 * connection loses nothing: the next one asks the same question. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/worker.h"
#include "sip/feed_private.h"

enum {
	POLL_MS = 1000,
	PACE_MS = 5, /* between increments: writes in a burst share a turn */
	HEARTBEAT_MS = 1000,
	COLLECT_MS = 60 * 1000,
	COMPLAIN_MS = 60 * 1000,
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 2000,
	READ_ALL_PAUSE_MS = 10 * 1000,
	FULL_LOAD_TIMEOUT_MS = 120 * 1000,
};

static struct log_kind refused = LOG_KIND("refused_object", LOG_LEVEL_ERROR);

static bool stopping(struct feed *f)
{
	return atomic_load(&f->stop);
}

static void drain(int fd)
{
	eventfd_t ignored;

	(void)eventfd_read(fd, &ignored);
}

/* Until the other thread or the stop wakes it up, or the time is over. */
static void sleep_ms(struct feed *f, int ms)
{
	struct pollfd fd = {.fd = f->wake_fd, .events = POLLIN};

	(void)poll(&fd, 1, ms);
	drain(f->wake_fd);
}

int feed_hand_over(struct feed *f, struct feed_batch *batch)
{
	atomic_store(&f->inbox, batch);
	(void)eventfd_write(f->fd, 1);
	while (!atomic_exchange(&f->outbox, NULL)) {
		if (stopping(f))
			return ECANCELED;
		sleep_ms(f, HEARTBEAT_MS);
		/* The SIP thread may be long in coming; the worker lives all the same. What goes wrong
		 * here shows again at the next use. */
		if (f->db && !db_broken(f->db) && clock_ms() - f->reported_ms >= HEARTBEAT_MS)
			(void)!feed_report(f, false);
	}
	return 0;
}

/* The records that came back refused or accepted, in the book of refused ones. */
static void settle(struct feed *f, const struct feed_batch *batch)
{
	size_t settled = 0;

	for (size_t i = 0; i < batch->count; i++) {
		const struct feed_record *r = &batch->record[i];
		const char *line = batch->text + r->at;

		if (!r->refused) {
			settled += feed_rejects_settle(&f->rejects, line, r->len);
			continue;
		}
		feed_rejects_note(
			&f->rejects, line, r->len, r->malformed, feed_batch_reason(batch, i));
	}
	if (batch->refused) {
		const struct feed_record *r = &batch->record[batch->reason[0].record];
		char name[FEED_NAME_SIZE];

		cfg_record_name(batch->text + r->at, r->len, name, sizeof(name));
		log_limited(&refused, "%s: %s", name, batch->reason[0].reject.reason);
	}
	/* What was refused because of an object that is good now deserves another look. */
	if ((settled && feed_rejects_count(&f->rejects)) || batch->starved) {
		f->read_all = true;
		f->read_all_after_ms = batch->starved ? clock_ms() + READ_ALL_PAUSE_MS : 0;
	}
}

static int batch_line(const char *line, size_t len, void *arg)
{
	return feed_batch_add(arg, line, len);
}

static int read_changes(
	struct feed *f, const struct db_feed_reading *reading, struct feed_batch **batch)
{
	int err;

	*batch = feed_batch_new();
	if (!*batch)
		return ENOMEM;
	err = db_feed_lines(f->db, reading, batch_line, *batch);
	if (err) {
		feed_batch_free(*batch);
		*batch = NULL;
	}
	return err;
}

/* In the snapshot of the reading, so that it is in force before that is reported. */
static int read_draining(struct feed *f)
{
	bool draining = false;
	int err = db_worker_draining(f->db, f->worker, &draining);

	if (!err && atomic_exchange(&f->draining, draining) != draining)
		(void)eventfd_write(f->fd, 1);
	return err;
}

/* One reading; *batch NULL: nothing changed. */
static int read_database(struct feed *f, struct db_feed_reading *reading, struct feed_batch **batch)
{
	int64_t now_ms = clock_ms();
	bool all =
		(f->read_all && now_ms >= f->read_all_after_ms) || feed_disk_wants_all(f, now_ms);
	int err = db_feed_begin(f->db, all ? NULL : &f->applied, reading);

	*batch = NULL;
	if (err)
		return err;
	if (reading->full)
		err = feed_load(f, reading, batch);
	else if (reading->kinds[0])
		err = read_changes(f, reading, batch);
	if (!err)
		err = read_draining(f);
	if (!err)
		err = db_feed_end(f->db);
	if (!err && *batch)
		memcpy((*batch)->revision, reading->now.revision, sizeof((*batch)->revision));
	if (err) {
		db_rollback(f->db);
		feed_batch_free(*batch);
		*batch = NULL;
		db_position_fini(&reading->now);
		if (f->disk)
			snapshot_abort(f->disk);
	}
	return err;
}

/* Once when it goes, then once a minute, and once when it is back. */
static void database_is_away(struct feed *f, const char *why)
{
	int64_t now_ms = clock_ms();

	feed_health_database(f, false, why);
	if (f->complained_ms && now_ms - f->complained_ms < COMPLAIN_MS)
		return;
	f->complained_ms = now_ms;
	log_warn("database", "PostgreSQL is away, routing goes on with what is known: %s", why);
}

static void database_is_there(struct feed *f)
{
	if (f->complained_ms)
		log_info("database", "PostgreSQL is back");
	if (f->complained_ms || f->health.why[0])
		feed_health_database(f, true, "");
	f->complained_ms = 0;
}

static void move_on(struct feed *f, struct db_position *now)
{
	db_position_fini(&f->applied);
	f->applied = *now;
	*now = (struct db_position){0};
	f->applied_ms = clock_ms();
}

/* The batch is in force: tell PostgreSQL first, that is what others wait for; the disk has time. */
static int after_batch(struct feed *f, struct feed_batch *batch, bool full, int64_t began_ms)
{
	int err;

	feed_health_applied(f, batch, full);
	if (full) {
		f->read_all = false;
		log_info("feed",
			"configuration read: %zu accounts, %zu trunks, %zu DIDs in %lld ms",
			batch->counts.accounts, batch->counts.trunks, batch->counts.dids,
			(long long)(clock_ms() - began_ms));
	}
	settle(f, batch);
	feed_health_rejects(f);
	err = feed_report(f, true);
	if (full)
		feed_disk_full(f);
	else
		feed_disk_add(f, batch);
	return err;
}

/* asked: somebody may be waiting for a revision, one that changed nothing too. *changed: something was
 * applied, so there may be more already. */
static int turn(struct feed *f, bool asked, bool *changed)
{
	struct db_feed_reading reading;
	struct feed_batch *batch;
	int64_t began_ms = clock_ms();
	int err = read_database(f, &reading, &batch);

	*changed = batch != NULL;
	if (err)
		return err;
	if (batch)
		err = feed_hand_over(f, batch);
	if (err) {
		db_position_fini(&reading.now);
		return err;
	}
	move_on(f, &reading.now);
	feed_health_confirm(f, FEED_DATABASE, clock_ms() - began_ms);
	database_is_there(f);
	if (batch) {
		err = after_batch(f, batch, reading.full, began_ms);
		feed_batch_free(batch);
		return err;
	}
	feed_disk_idle(f, began_ms);
	if (asked || began_ms - f->reported_ms >= HEARTBEAT_MS - PACE_MS)
		err = feed_report(f, false);
	return err;
}

static int collect(struct feed *f)
{
	int64_t now_ms = clock_ms();

	if (now_ms - f->collected_ms < COLLECT_MS)
		return 0;
	f->collected_ms = now_ms;
	return db_feed_collect(f->db);
}

static int session(struct feed *f)
{
	int err = db_feed_listen(f->db);
	unsigned notified = 1;

	while (!err && !stopping(f)) {
		bool changed;

		err = turn(f, notified > 0, &changed);
		notified = 0;
		if (!err)
			err = collect(f);
		if (!err && changed)
			sleep_ms(f, PACE_MS);
		else if (!err)
			err = db_wait(f->db, f->wake_fd, POLL_MS, &notified);
		drain(f->wake_fd);
	}
	if (stopping(f) && !db_broken(f->db))
		(void)!db_worker_stop(f->db, f->worker, f->instance);
	return err;
}

static int connect_database(struct feed *f, struct db_error *why)
{
	/* Reports may be lost in a crash of PostgreSQL: they are made again every second. */
	const struct db_options options = {.application_name = "trunkguard-sip feed",
		.statement_timeout_ms = FULL_LOAD_TIMEOUT_MS,
		.async_commit = true};

	return db_open(&f->db, f->url, &options, why);
}

static void from_disk(struct feed *f)
{
	struct db_position position;
	struct feed_batch *batch;
	int64_t confirmed_wall_ms, age_ms;
	int err;

	err = snapshot_open(&f->disk, f->data_dir);
	if (err) {
		log_error(
			"snapshot", "%s: %s; nothing is kept on disk", f->data_dir, strerror(err));
		feed_health_disk(f, strerror(err));
		f->disk = NULL;
		return;
	}
	if (feed_load_disk(f, &batch, &position, &confirmed_wall_ms))
		return;
	age_ms = clock_wall_ms() - confirmed_wall_ms;
	memcpy(batch->revision, position.revision, sizeof(batch->revision));
	if (feed_hand_over(f, batch)) {
		db_position_fini(&position);
		return;
	}
	move_on(f, &position);
	f->disk_position_ms = clock_ms();
	feed_health_applied(f, batch, false);
	feed_health_confirm(f, FEED_DISK, age_ms > 0 ? age_ms : 0);
	log_info("feed", "started from disk: %zu trunks and %zu DIDs, %lld s old",
		batch->counts.trunks, batch->counts.dids, (long long)(age_ms / 1000));
	feed_batch_free(batch);
}

void *feed_main(void *arg)
{
	struct feed *f = arg;
	int backoff_ms = BACKOFF_FIRST_MS;

	if (f->data_dir)
		from_disk(f);
	while (!stopping(f)) {
		struct db_error why = {0};
		int64_t began_ms = clock_ms();
		int err = connect_database(f, &why);

		if (!err) {
			err = session(f);
			if (clock_ms() - began_ms > BACKOFF_MAX_MS)
				backoff_ms = BACKOFF_FIRST_MS;
			why = *db_error(f->db);
			db_close(f->db);
			f->db = NULL;
		}
		if (err && !stopping(f)) {
			database_is_away(f, why.message[0] ? why.message : strerror(err));
			sleep_ms(f, backoff_ms);
			backoff_ms =
				backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
		}
	}
	snapshot_close(f->disk);
	return NULL;
}
