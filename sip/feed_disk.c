/* Keeping the copy on disk: never a reason to stop routing or reading. */
#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "sip/feed_private.h"

enum {
	DISK_BACKOFF_MS = 30 * 1000,
	DISK_BACKOFF_MAX_MS = 600 * 1000,
	DISK_POSITION_MS = 60 * 1000, /* how much older than the truth a quiet file may seem */
};

static void disk_failed(struct feed *f, int err)
{
	log_error("snapshot", "the configuration cannot be kept on disk: %s", strerror(err));
	f->disk_backoff_ms = f->disk_backoff_ms ? f->disk_backoff_ms * 2 : DISK_BACKOFF_MS;
	if (f->disk_backoff_ms > DISK_BACKOFF_MAX_MS)
		f->disk_backoff_ms = DISK_BACKOFF_MAX_MS;
	f->disk_retry_ms = clock_ms() + f->disk_backoff_ms;
	feed_health_disk(f, strerror(err));
}

static void disk_commit(struct feed *f)
{
	int err = snapshot_commit(f->disk, &f->applied, clock_wall_ms());

	if (err) {
		disk_failed(f, err);
		return;
	}
	if (f->disk_backoff_ms)
		log_info("snapshot", "the configuration is kept on disk again");
	f->disk_backoff_ms = 0;
	feed_health_disk(f, "");
	f->disk_position_ms = clock_ms();
}

void feed_disk_full(struct feed *f)
{
	if (f->disk)
		disk_commit(f);
}

void feed_disk_add(struct feed *f, const struct feed_batch *batch)
{
	if (!f->disk || !snapshot_appendable(f->disk) || snapshot_begin(f->disk, false))
		return;
	for (size_t i = 0; i < batch->count; i++)
		if (!batch->record[i].refused)
			snapshot_line(
				f->disk, batch->text + batch->record[i].at, batch->record[i].len);
	disk_commit(f);
}

void feed_disk_idle(struct feed *f, int64_t now_ms)
{
	if (!f->disk || now_ms - f->disk_position_ms < DISK_POSITION_MS ||
		!snapshot_appendable(f->disk) || snapshot_begin(f->disk, false))
		return;
	disk_commit(f);
}

bool feed_disk_wants_all(const struct feed *f, int64_t now_ms)
{
	if (!f->disk || now_ms < f->disk_retry_ms)
		return false;
	return !snapshot_appendable(f->disk) || snapshot_bloated(f->disk);
}
