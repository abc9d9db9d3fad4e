/* Waiting for revisions: one thread and one connection for all waiters. It LISTENs to the workers'
 * reports, reads what the live ones have applied when somebody waits, and each waiter decides for
 * itself. */
#include "db/revision.h"

#include <errno.h>
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
#include "db/pg_snapshot.h"

enum {
	IDLE_MS = 5000, /* without waiters */
	REFRESH_MS = 500, /* with waiters: a worker that dies sends no notification */
	BACKOFF_MS = 500,
	WORKERS_MAX = 256
};

struct seen_worker {
	bool current; /* it reads the epoch that is current */
	char *snapshot;
};

struct revision_listener {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t news;
	char *url;
	int wake_fd;
	bool stop;
	atomic_bool wake; /* the workers are to be woken up */
	unsigned waiters;
	uint64_t generation; /* of what follows; 0: nothing read yet */
	char epoch[16];
	struct seen_worker worker[WORKERS_MAX];
	int workers;
};

/* With the lock held. */
static void forget(struct revision_listener *l)
{
	for (int i = 0; i < l->workers; i++)
		free(l->worker[i].snapshot);
	l->workers = 0;
}

/* Takes over what the live workers have applied. An allocation that fails makes that worker one that
 * has applied nothing: the waiter then waits, which is the safe side. */
static void take_workers(struct revision_listener *l, const struct pg_result *result)
{
	int rows = db_rows(result);

	pthread_mutex_lock(&l->lock);
	forget(l);
	l->epoch[0] = '\0';
	for (int i = 0; i < rows && i < WORKERS_MAX; i++) {
		const char *epoch = db_text(result, i, 0), *snapshot = db_text(result, i, 2);

		if (epoch && strlen(epoch) < sizeof(l->epoch))
			strcpy(l->epoch, epoch);
		l->worker[i].current = db_bool(result, i, 1);
		l->worker[i].snapshot = snapshot ? strdup(snapshot) : NULL;
		l->workers = i + 1;
	}
	l->generation++;
	pthread_cond_broadcast(&l->news);
	pthread_mutex_unlock(&l->lock);
}

static int refresh(struct revision_listener *l, struct db *db)
{
	struct pg_result *result;
	int err = db_query(db,
		"SELECT epoch_current(), epoch_is_current, applied_snapshot FROM worker_status"
		" WHERE live",
		0, NULL, &result);

	if (err)
		return err;
	take_workers(l, result);
	db_clear(result);
	return 0;
}

static int wake_workers(struct revision_listener *l, struct db *db)
{
	if (!atomic_exchange(&l->wake, false))
		return 0;
	return db_query(db, "SELECT pg_notify('trunkguard_change', '')", 0, NULL, NULL);
}

static bool stopping(struct revision_listener *l, unsigned *waiters)
{
	bool stop;

	pthread_mutex_lock(&l->lock);
	stop = l->stop;
	*waiters = l->waiters;
	pthread_mutex_unlock(&l->lock);
	return stop;
}

static int listen_until_trouble(struct revision_listener *l, struct db *db)
{
	unsigned waiters, notified;
	int err = db_exec(db, "LISTEN trunkguard_applied");

	while (!err) {
		eventfd_t ignored;

		/* Before the flags are looked at: what is set after that shows here again. */
		(void)eventfd_read(l->wake_fd, &ignored);
		err = wake_workers(l, db);
		if (!err && stopping(l, &waiters))
			break;
		if (!err && waiters)
			err = refresh(l, db);
		if (!err)
			err = db_wait(db, l->wake_fd, waiters ? REFRESH_MS : IDLE_MS, &notified);
	}
	return err;
}

static void *listener_main(void *arg)
{
	/* It writes nothing but notifications. */
	static const struct db_options options = {
		.application_name = "trunkguard-api revisions", .async_commit = true};
	struct log_kind trouble = LOG_KIND("revision_listener", LOG_LEVEL_WARN);
	struct revision_listener *l = arg;
	unsigned waiters;

	while (!stopping(l, &waiters)) {
		struct db_error why = {0};
		struct db *db;
		int err = db_open(&db, l->url, &options, &why);

		if (!err) {
			err = listen_until_trouble(l, db);
			if (err)
				why = *db_error(db);
			db_close(db);
		}
		if (err) {
			struct timespec pause = {0, BACKOFF_MS * 1000000L};

			log_limited(&trouble, "no word from the workers: %s", why.message);
			nanosleep(&pause, NULL);
		}
	}
	return NULL;
}

int revision_listener_new(struct revision_listener **listener, const char *url)
{
	struct revision_listener *l = mem_zalloc(1, sizeof(*l));
	pthread_condattr_t attr;
	int err;

	*listener = NULL;
	if (!l)
		return ENOMEM;
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = l->wake_fd < 0 ? errno : 0;
	l->url = strdup(url);
	if (!err && !l->url)
		err = ENOMEM;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->news, &attr);
	pthread_condattr_destroy(&attr);
	if (!err)
		err = pthread_create(&l->thread, NULL, listener_main, l);
	if (err) {
		if (l->wake_fd >= 0)
			close(l->wake_fd);
		free(l->url);
		mem_free(l);
		return err;
	}
	*listener = l;
	return 0;
}

void revision_wake(struct revision_listener *l)
{
	if (!atomic_exchange(&l->wake, true))
		(void)eventfd_write(l->wake_fd, 1);
}

void revision_listener_stop(struct revision_listener *l)
{
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_broadcast(&l->news);
	pthread_mutex_unlock(&l->lock);
	(void)eventfd_write(l->wake_fd, 1);
}

void revision_listener_free(struct revision_listener *l)
{
	if (!l)
		return;
	revision_listener_stop(l);
	pthread_join(l->thread, NULL);
	forget(l);
	close(l->wake_fd);
	pthread_cond_destroy(&l->news);
	pthread_mutex_destroy(&l->lock);
	free(l->url);
	mem_free(l);
}

/* With the lock held. A token of another epoch is an older one: it was handed out before the last
 * change of epoch, after which every worker reads all again. */
static bool all_have(const struct revision_listener *l, const char *token)
{
	bool same_epoch = !strncmp(token, l->epoch, 8);
	uint64_t xid = strtoull(token + 9, NULL, 10);

	for (int i = 0; i < l->workers; i++) {
		const struct seen_worker *w = &l->worker[i];

		if (!w->current || !w->snapshot)
			return false;
		if (same_epoch && !pg_snapshot_sees(w->snapshot, xid))
			return false;
	}
	return l->workers > 0;
}

int revision_wait(struct revision_listener *l, const char *token, int timeout_ms, bool *applied)
{
	int64_t deadline = clock_ms() + timeout_ms;
	struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};
	uint64_t asked;
	int late = 0, err = 0;

	*applied = false;
	if (revision_check(token))
		return EINVAL;
	pthread_mutex_lock(&l->lock);
	l->waiters++;
	/* What was read before this moment may be older than the write. */
	asked = l->generation;
	(void)eventfd_write(l->wake_fd, 1);
	for (;;) {
		if (l->stop)
			err = ECANCELED;
		else if (l->generation > asked)
			*applied = all_have(l, token);
		if (err || *applied || late)
			break;
		late = pthread_cond_timedwait(&l->news, &l->lock, &until) == ETIMEDOUT;
	}
	l->waiters--;
	pthread_mutex_unlock(&l->lock);
	return err;
}
