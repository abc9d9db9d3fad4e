/* Call records on their way to PostgreSQL: on disk until they are there, whatever happens to either.
 *
 * Records wait in memory until spool_sync() has them on disk; the uploader reads them from disk, oldest
 * first, and consumes what PostgreSQL has committed. When the disk refuses, they stay in memory, from
 * where the uploader takes them too; beyond memory_max the oldest are lost and counted. A record
 * may come up again after a crash: the receiver must not mind (the ids are unique).
 *
 * Segments are files cdr.00000001 and on, each record length, CRC32C, octets. A damaged record ends its
 * segment; nothing after it is trusted.
 *
 * Threads: one that puts and syncs, one that peeks and consumes. */
#ifndef TRUNKGUARD_SIP_SPOOL_H
#define TRUNKGUARD_SIP_SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct spool;

enum { SPOOL_RECORD_MAX = 1 << 20 };

struct spool_slice {
	const char *p;
	size_t len;
};

/* Makes dir if it is not there; it stays the caller's. Counts what an earlier run left. */
int spool_open(struct spool **spool, const char *dir, size_t memory_max);
/* What is not on disk yet gets a last chance. */
void spool_close(struct spool *spool);

/* What an earlier run left, once more than was uploaded perhaps; on disk before h has it. For the thread that
 * opens. */
typedef void spool_record_h(const struct spool_slice *record, void *arg);
int spool_each(const struct spool *spool, spool_record_h *h, void *arg);

/* ENOMEM or EMSGSIZE: this record is lost, and counted. */
int spool_put(struct spool *spool, const void *record, size_t len);
/* Writes what was put without waiting for the disk: a kill of the process takes nothing away of it. */
int spool_flush(struct spool *spool, int64_t now_ms);
/* One write and fsync for all that was put. After an error it tries again at most once a second of
 * now_ms (monotonic) and gives the last error in between. */
int spool_sync(struct spool *spool, int64_t now_ms);

/* The next records, at most max and about bytes octets (one at least). Valid until consumed or given
 * back, which must follow. 0 records: there are none. */
struct spool_batch {
	struct spool_slice *record;
	size_t count;
	/* The spool's own. */
	char *data;
	uint64_t end;
	int from_memory;
};
int spool_peek(struct spool *spool, size_t max, size_t bytes, struct spool_batch *batch);
/* They are safe elsewhere. */
void spool_consume(struct spool *spool, struct spool_batch *batch);
void spool_give_back(struct spool *spool, struct spool_batch *batch);

struct spool_stats {
	uint64_t waiting; /* records, on disk or in memory */
	uint64_t lost;
	int error; /* of the last sync, 0: good */
};
void spool_stat(struct spool *spool, struct spool_stats *stats);

#endif
