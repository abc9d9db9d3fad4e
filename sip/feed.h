/* The configuration feed of the worker: a thread that keeps the SIP thread's configuration equal to
 * what PostgreSQL holds, and a copy of it on disk. See docs/feed.md.
 *
 * The SIP thread never waits: it is handed batches that are parsed already, or a whole new
 * configuration, through one atomic pointer and an eventfd, and hands back what came of it. */
#ifndef TRUNKGUARD_SIP_FEED_H
#define TRUNKGUARD_SIP_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cfg.h"

enum { FEED_REVISION_SIZE = 32, FEED_NAME_SIZE = 64, FEED_REASON_SIZE = 160 };

struct feed_config {
	const char *url; /* of PostgreSQL */
	const char *worker; /* this worker's name in /v1/sync */
	const char *data_dir; /* an existing directory; NULL: nothing is kept on disk */
};

struct feed;

/* Starts the thread; texts are copied. The configuration on disk, if there is one, comes first, then
 * what PostgreSQL says. ENOMEM and the errno of eventfd() or pthread_create(). */
int feed_start(struct feed **feed, const struct feed_config *config);
/* Tells PostgreSQL that the worker stops, ends the thread, frees all, the configuration too. Takes a few
 * seconds at most. */
void feed_stop(struct feed *feed);

/* Readable when feed_poll() has something to do: for loop_add(). */
int feed_fd(const struct feed *feed);
/* The SIP thread, when feed_fd() is readable: takes what has come. True when the configuration
 * changed. A very large batch is applied over several calls, feed_fd() stays readable until its
 * end; each object changes as a whole. */
bool feed_poll(struct feed *feed);

/* The SIP thread: the configuration in force until the next feed_poll(), NULL before the first. */
const struct cfg *feed_cfg(const struct feed *feed);
/* The SIP thread: the revision that is in force, "" before the first; goes into call records. */
const char *feed_revision(const struct feed *feed);

/* The SIP thread: shall it take no new calls? -1: PostgreSQL has not said so since the start. Part of the
 * configuration: what is reported as applied is in force. feed_fd() is readable when it changes. */
int feed_draining(const struct feed *feed);

enum feed_source {
	FEED_NOTHING, /* no configuration yet: refuse calls with 503 */
	FEED_DISK, /* from disk, PostgreSQL not read since the start */
	FEED_DATABASE
};

/* Any thread; never waits for the disk or PostgreSQL. */
struct feed_health {
	enum feed_source source;
	bool connected; /* PostgreSQL answered at the last try */
	int64_t age_ms; /* how old the configuration may be: since PostgreSQL last confirmed it. -1: unknown */
	char revision[FEED_REVISION_SIZE]; /* applied */
	char why[FEED_REASON_SIZE]; /* what is wrong with PostgreSQL, "" nothing */
	char disk_why[FEED_REASON_SIZE]; /* what is wrong with the copy on disk, "" nothing */
	uint64_t changes; /* records applied, without full loads */
	uint64_t full_loads;
	uint64_t rejected; /* objects that are refused now; they keep their last good state */
	char reject_name[FEED_NAME_SIZE]; /* one of them, "D +14155550100" */
	char reject_reason[FEED_REASON_SIZE];
	struct cfg_counts counts;
};
void feed_health(struct feed *feed, struct feed_health *health);

#endif
