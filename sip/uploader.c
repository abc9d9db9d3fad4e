#include "sip/uploader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"

enum {
	RECORDS_MAX = 500, /* in one statement */
	RECORDS_BYTES = 1 << 20,
	ROWS_MAX = 1000,
	OBSERVED_MS = 1000,
	GATHER_MS = 100, /* what comes meanwhile shares the next statement and its sync */
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 2000,
	STATEMENT_TIMEOUT_MS = 5000,
};

struct uploader {
	pthread_t thread;
	char *url, *worker, *refused_path;
	struct spool *spool;
	struct mirror *mirror;
	int wake_fd;
	atomic_bool stop;
	atomic_bool connected;
	_Atomic uint64_t uploaded, refused;

	/* The thread's own. */
	struct db *db;
	struct json_rows puts, deletes, events;
	int64_t observed_ms; /* when observed state was last uploaded */
};

static struct log_kind row_refused = LOG_KIND("row_refused", LOG_LEVEL_ERROR);
static struct log_kind record_refused = LOG_KIND("record_refused", LOG_LEVEL_ERROR);

/* A record that PostgreSQL will never take must not hold up the others. It is kept for whoever finds out
 * why; when even that fails, the log has it. */
static void set_aside(struct uploader *u, const struct spool_slice *record)
{
	int fd = open(u->refused_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bool kept = fd >= 0 && write(fd, record->p, record->len) == (ssize_t)record->len &&
		    write(fd, "\n", 1) == 1;

	if (fd >= 0)
		close(fd);
	atomic_fetch_add(&u->refused, 1);
	log_limited(&record_refused, "PostgreSQL refuses a record, %s: %s: %.*s",
		kept ? "it is kept in spool/refused" : "and it could not be kept",
		db_error(u->db)->message, record->len > 400 ? 400 : (int)record->len, record->p);
}

/* Both come out of one spool; see event_json(). */
static bool is_event(const struct spool_slice *record)
{
	static const char begin[] = "{\"type\":";

	return record->len >= sizeof(begin) - 1 && memcmp(record->p, begin, sizeof(begin) - 1) == 0;
}

/* What is there already stays as it is, so that half of it done is none the worse. */
static int insert(struct uploader *u, const struct spool_slice *record, size_t count)
{
	int64_t inserted = 0;
	int err = 0;

	json_rows_reset(&u->puts);
	json_rows_reset(&u->events);
	for (size_t i = 0; i < count && !err; i++)
		err = json_rows_add(
			is_event(&record[i]) ? &u->events : &u->puts, record[i].p, record[i].len);
	if (!err && u->puts.count)
		err = db_cdr_insert(u->db, u->worker, json_rows_text(&u->puts), &inserted);
	if (!err)
		atomic_fetch_add(&u->uploaded, (uint64_t)inserted);
	if (!err && u->events.count)
		err = db_worker_event_insert(u->db, u->worker, json_rows_text(&u->events));
	return err;
}

/* All at once; when one of them is bad, each for itself. */
static int insert_batch(struct uploader *u, const struct spool_batch *b)
{
	int err = insert(u, b->record, b->count);

	if (err != EINVAL)
		return err;
	for (size_t i = 0; i < b->count; i++) {
		err = insert(u, &b->record[i], 1);
		if (err == EINVAL)
			set_aside(u, &b->record[i]);
		else if (err)
			return err;
	}
	return 0;
}

static int upload_records(struct uploader *u)
{
	for (;;) {
		struct spool_batch b;
		int err = spool_peek(u->spool, RECORDS_MAX, RECORDS_BYTES, &b);

		if (err || !b.count)
			return err;
		err = insert_batch(u, &b);
		if (err) {
			spool_give_back(u->spool, &b);
			return err;
		}
		spool_consume(u->spool, &b);
	}
}

/* Rows that PostgreSQL refuses are only forgotten: the next change brings better ones. */
static int tolerate(struct uploader *u, int err)
{
	if (err != EINVAL)
		return err;
	log_limited(
		&row_refused, "PostgreSQL refuses observed state: %s", db_error(u->db)->message);
	return 0;
}

static int upload_rows(struct uploader *u, enum db_observed kind, int64_t now_ms)
{
	int err = 0;

	json_rows_reset(&u->puts);
	json_rows_reset(&u->deletes);
	while (!err && mirror_take(u->mirror, kind, now_ms, ROWS_MAX, &u->puts, &u->deletes)) {
		if (u->deletes.count)
			err = tolerate(u, db_observed_delete(u->db, kind, u->worker,
						  json_rows_text(&u->deletes)));
		if (!err && u->puts.count)
			err = tolerate(u,
				db_observed_put(u->db, kind, u->worker, json_rows_text(&u->puts)));
		json_rows_reset(&u->puts);
		json_rows_reset(&u->deletes);
	}
	return err;
}

static int upload_observed(struct uploader *u, int64_t now_ms)
{
	int err = 0;

	u->observed_ms = now_ms;
	for (int kind = 0; kind < DB_OBSERVED_COUNT && !err; kind++)
		err = upload_rows(u, (enum db_observed)kind, now_ms);
	return err;
}

/* What PostgreSQL holds of us may be of an earlier run, or lack what was taken and then not written. */
static int begin_anew(struct uploader *u)
{
	int err = 0;

	for (int kind = 0; kind < DB_OBSERVED_COUNT && !err; kind++)
		err = db_observed_clear(u->db, (enum db_observed)kind, u->worker);
	if (!err)
		mirror_all_due(u->mirror);
	return err ? err : upload_observed(u, clock_ms());
}

/* Nothing is up any more with a worker that has ended, whatever it comes back with. */
static int clear_calls(struct uploader *u)
{
	int err = db_observed_clear(u->db, DB_OBSERVED_CALLS, u->worker);

	return err ? err : db_observed_clear(u->db, DB_OBSERVED_CALL, u->worker);
}

static void sleep_ms(struct uploader *u, int ms)
{
	struct pollfd fd = {.fd = u->wake_fd, .events = POLLIN};
	eventfd_t ignored;

	(void)poll(&fd, 1, ms);
	(void)eventfd_read(u->wake_fd, &ignored);
}

static void wait_for_records(struct uploader *u)
{
	struct timespec gather = {0, GATHER_MS * 1000000L};

	sleep_ms(u, OBSERVED_MS);
	if (!atomic_load(&u->stop))
		(void)nanosleep(&gather, NULL);
}

static int session(struct uploader *u)
{
	int err = upload_records(u);

	if (!err)
		err = begin_anew(u);
	while (!err) {
		bool stop = atomic_load(&u->stop);
		int64_t now_ms = clock_ms();

		/* One that died in silence: what PostgreSQL then holds of us is anybody's guess. */
		if (!db_alive(u->db))
			return ECONNRESET;
		atomic_store(&u->connected, true);
		err = upload_records(u);
		if (!err && (stop || now_ms - u->observed_ms >= OBSERVED_MS))
			err = upload_observed(u, now_ms);
		if (!err && stop)
			return clear_calls(u);
		if (!err)
			wait_for_records(u);
	}
	return err;
}

static void *uploader_main(void *arg)
{
	static const struct db_options options = {.application_name = "trunkguard-sip records",
		.statement_timeout_ms = STATEMENT_TIMEOUT_MS};
	struct uploader *u = arg;
	int backoff_ms = BACKOFF_FIRST_MS;
	bool complained = false;

	for (;;) {
		struct db_error why = {0};
		int err = db_open(&u->db, u->url, &options, &why);

		if (!err) {
			err = session(u);
			why = *db_error(u->db);
			db_close(u->db);
			u->db = NULL;
		}
		if (atomic_exchange(&u->connected, false) || !err) {
			backoff_ms = BACKOFF_FIRST_MS;
			complained = false;
		}
		if (!err || atomic_load(&u->stop))
			return NULL;
		if (!complained)
			log_warn("records", "call records wait for PostgreSQL: %s",
				why.message[0] ? why.message : strerror(err));
		complained = true;
		sleep_ms(u, backoff_ms);
		backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
	}
}

static void uploader_free(struct uploader *u)
{
	if (u->wake_fd >= 0)
		close(u->wake_fd);
	json_rows_fini(&u->puts);
	json_rows_fini(&u->deletes);
	json_rows_fini(&u->events);
	free(u->url);
	free(u->worker);
	free(u->refused_path);
	mem_free(u);
}

int uploader_start(struct uploader **up, const struct uploader_config *config, struct spool *spool,
	struct mirror *mirror)
{
	struct uploader *u = mem_zalloc(1, sizeof(*u));
	int err = 0;

	if (!u)
		return ENOMEM;
	u->spool = spool;
	u->mirror = mirror;
	u->url = strdup(config->url);
	u->worker = strdup(config->worker);
	u->refused_path = strdup(config->refused_path);
	u->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (u->wake_fd < 0)
		err = errno;
	else if (!u->url || !u->worker || !u->refused_path)
		err = ENOMEM;
	else
		err = pthread_create(&u->thread, NULL, uploader_main, u);
	if (err) {
		uploader_free(u);
		return err;
	}
	*up = u;
	return 0;
}

void uploader_stop(struct uploader *u)
{
	if (!u)
		return;
	atomic_store(&u->stop, true);
	uploader_wake(u);
	pthread_join(u->thread, NULL);
	uploader_free(u);
}

void uploader_wake(struct uploader *u)
{
	(void)eventfd_write(u->wake_fd, 1);
}

void uploader_stat(struct uploader *u, struct uploader_stats *stats)
{
	stats->uploaded = atomic_load(&u->uploaded);
	stats->refused = atomic_load(&u->refused);
	stats->connected = atomic_load(&u->connected);
}
