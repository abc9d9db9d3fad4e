/* What the files of the feed share: feed.c (the SIP thread's side, starting and stopping), feed_thread.c
 * (the thread), feed_load.c (reading everything), feed_report.c (telling PostgreSQL and health). */
#ifndef TRUNKGUARD_SIP_FEED_PRIVATE_H
#define TRUNKGUARD_SIP_FEED_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/uuid.h"
#include "db/feed.h"
#include "sip/feed.h"
#include "sip/feed_batch.h"
#include "sip/feed_rejects.h"
#include "sip/snapshot.h"

struct feed {
	/* Set before the thread starts. */
	char *url, *worker, *data_dir;
	char instance[UUID_TEXT_SIZE];
	int64_t started_ms;
	pthread_t thread;

	/* Between the threads: at most one batch is under way, in one of the two or in the SIP thread's
	 * hands. fd wakes the SIP thread up, wake_fd the feed thread. */
	_Atomic(struct feed_batch *) inbox, outbox;
	atomic_bool stop;
	atomic_int draining; /* feed_draining() */
	int fd, wake_fd;

	/* The SIP thread's. */
	struct cfg *cfg;
	struct feed_batch *current;
	char revision[REVISION_SIZE];

	/* The feed thread's. */
	struct db *db; /* NULL: not connected */
	struct snapshot *disk; /* NULL: nothing is kept */
	int64_t disk_retry_ms; /* after a failed write: when to try a new generation */
	int disk_backoff_ms;
	int64_t disk_position_ms; /* when the position on disk was last renewed */
	struct db_position applied; /* what the SIP thread routes by */
	int64_t applied_ms;
	struct feed_rejects rejects;
	bool read_all; /* the next reading must be full */
	int64_t read_all_after_ms; /* but not before */
	int64_t reported_ms, collected_ms;
	int64_t complained_ms; /* when PostgreSQL's absence was last logged; 0: it is there */

	/* For everybody. */
	pthread_mutex_t health_lock; /* never held across a system call */
	struct feed_health health;
	int64_t confirmed_ms; /* monotonic time of the last word from PostgreSQL, or of what is on disk */
	bool confirmed;
};

/* feed_thread.c */
void *feed_main(void *arg);
/* Gives the batch to the SIP thread and waits until it comes back; ECANCELED when the worker stops. The
 * batch is the caller's again afterwards, except when cancelled. */
int feed_hand_over(struct feed *feed, struct feed_batch *batch);

/* feed_load.c */
/* Everything of the reading that was begun, as a batch with a new configuration; a new generation on
 * disk is begun with it. An object whose record is malformed keeps its last good one. */
int feed_load(struct feed *feed, const struct db_feed_reading *reading, struct feed_batch **batch);
/* What is on disk. ENOENT, EBADMSG: nothing of use. */
int feed_load_disk(struct feed *feed, struct feed_batch **batch, struct db_position *position,
	int64_t *confirmed_wall_ms);

/* feed_disk.c: none of these ever fails for the caller; trouble goes to log and health. */
void feed_disk_full(struct feed *feed); /* closes the generation that feed_load() began */
void feed_disk_add(struct feed *feed, const struct feed_batch *batch);
void feed_disk_idle(struct feed *feed, int64_t now_ms);
/* A new generation is due: the next reading should be full. */
bool feed_disk_wants_all(const struct feed *feed, int64_t now_ms);

/* feed_report.c */
/* Heartbeat, or with changed the news that something was applied. */
int feed_report(struct feed *feed, bool changed);
void feed_health_confirm(struct feed *feed, enum feed_source source, int64_t age_ms);
void feed_health_applied(struct feed *feed, const struct feed_batch *batch, bool full);
/* why "": all is well again. */
void feed_health_database(struct feed *feed, bool connected, const char *why);
void feed_health_disk(struct feed *feed, const char *why);
void feed_health_rejects(struct feed *feed);

#endif
