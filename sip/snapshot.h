/* The last good configuration on disk: what the worker starts from when PostgreSQL is away, and where
 * its first increment begins when it is not.
 *
 * A generation is a file: all records of a full load, closed by a position, then the records of each
 * increment, closed by a position. Only what a position closes counts. Every block carries its
 * number and a CRC32C; reading stops at the first that is wrong. A new generation is written aside,
 * synced and renamed; the one before is kept for the case that the new one rots.
 *
 * Everything here waits for the disk: the feed thread's, never the SIP thread's. */
#ifndef TRUNKGUARD_SIP_SNAPSHOT_H
#define TRUNKGUARD_SIP_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/feed.h"

struct snapshot;

enum { SNAPSHOT_WHY_MAX = 200 };

/* dir must exist and outlive it. Reads nothing. ENOMEM. */
int snapshot_open(struct snapshot **snapshot, const char *dir);
void snapshot_close(struct snapshot *snapshot);

/* The newest good state: each record line in order, deletes too, then its position and the wall clock
 * time at which PostgreSQL confirmed it. Goes back to the generation before when there is no other way.
 * why (SNAPSHOT_WHY_MAX) says what was wrong even when something could be loaded, "" nothing.
 * ENOENT: there is none; EBADMSG: none that is whole; a handler's result; ENOMEM, EIO. */
typedef int snapshot_line_h(const char *line, size_t len, void *arg);
int snapshot_load(struct snapshot *snapshot, snapshot_line_h *h, void *arg,
	struct db_position *position, int64_t *confirmed_wall_ms, char *why);

/* The lines of the present generation once more, as far as they are good; none when there is none. */
int snapshot_each(struct snapshot *snapshot, snapshot_line_h *h, void *arg);

/* Writing: begin, lines, commit; an error shows in commit and leaves the last good state as it was.
 * full: a new generation; else an increment of the present one. */
int snapshot_begin(struct snapshot *snapshot, bool full);
void snapshot_line(struct snapshot *snapshot, const char *line, size_t len);
int snapshot_commit(
	struct snapshot *snapshot, const struct db_position *position, int64_t confirmed_wall_ms);
void snapshot_abort(struct snapshot *snapshot);

/* False: an increment cannot be added, a full load must come first (nothing was written yet, or a write
 * failed half-way). */
bool snapshot_appendable(const struct snapshot *snapshot);
/* The increments have outgrown the full load: write a new generation. */
bool snapshot_bloated(const struct snapshot *snapshot);

#endif
