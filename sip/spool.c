#include "sip/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"
#include "sip/file_io.h"
#include "sip/spool_segment.h"

enum {
	SEGMENT_MAX = 16 << 20, /* then the next one begins */
	RETRY_MS = 1000,
	TRUNCATE_MIN = 256 << 10, /* consumed octets that are not worth a system call */
};

/* In memory: not on disk yet. */
struct pending {
	struct pending *next;
	size_t len;
	char data[];
};

struct spool {
	pthread_mutex_t lock;
	int dir;
	size_t memory_max;
	/* On disk: segments read_segment to write_segment, each record in good order up to the end. */
	uint64_t read_segment, read_at;
	uint64_t write_segment, write_at;
	uint64_t on_disk; /* records from read_at on */
	int write_fd; /* -1: the next sync opens a new segment */
	/* In memory, oldest first. lent: the uploader holds those up to lent_last. */
	struct pending *first, **last;
	size_t memory, count;
	/* The first of those in memory are in the file, too, behind write_at, but not synced. */
	size_t written;
	uint64_t written_len;
	bool lent;
	uint64_t lost;
	int error; /* of the last sync */
	int64_t retry_ms;
};

static struct log_kind records_lost = LOG_KIND("records_lost", LOG_LEVEL_ERROR);
static struct log_kind spool_damaged = LOG_KIND("spool", LOG_LEVEL_ERROR);

static int segment_open(const struct spool *s, uint64_t number, int flags)
{
	char name[32];

	spool_segment_name(number, name);
	return openat(s->dir, name, flags | O_CLOEXEC, 0600);
}

static void segment_unlink(struct spool *s, uint64_t number)
{
	char name[32];

	spool_segment_name(number, name);
	(void)unlinkat(s->dir, name, 0);
}

static void count_one(const struct spool_slice *record, void *arg)
{
	uint64_t *count = arg;

	(void)record;
	++*count;
}

/* Opening: how many whole records a segment holds; none when it is not there. */
static int segment_count(struct spool *s, uint64_t number, uint64_t *count)
{
	int fd = segment_open(s, number, O_RDONLY);
	int err;

	*count = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : errno;
	err = spool_segment_each(fd, count_one, count);
	close(fd);
	if (err != EBADMSG)
		return err;
	log_limited(&spool_damaged, "segment %" PRIu64 ": damaged after %" PRIu64 " records",
		number, *count);
	return 0;
}

/* Finds the range of segments; a hole in it is a segment without records. */
static int segments_find(struct spool *s)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	uint64_t number;

	if (!d) {
		int err = errno;

		if (fd >= 0)
			close(fd);
		return err;
	}
	while ((entry = readdir(d)) != NULL) {
		if (spool_segment_number(entry->d_name, &number))
			continue;
		if (!s->read_segment || number < s->read_segment)
			s->read_segment = number;
		if (number > s->write_segment)
			s->write_segment = number;
	}
	closedir(d);
	return 0;
}

/* A new run writes a new segment: what an earlier one left is only read. */
static int segments_take_over(struct spool *s)
{
	int err = segments_find(s);

	if (err)
		return err;
	if (!s->read_segment)
		s->read_segment = 1;
	for (uint64_t n = s->read_segment; n <= s->write_segment && !err; n++) {
		uint64_t count;

		err = segment_count(s, n, &count);
		s->on_disk += count;
	}
	s->write_segment++;
	return err;
}

int spool_open(struct spool **sp, const char *dir, size_t memory_max)
{
	struct spool *s = mem_zalloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	s->memory_max = memory_max;
	s->last = &s->first;
	s->write_fd = -1;
	s->dir = -1;
	err = mkdir(dir, 0700) && errno != EEXIST ? errno : 0;
	if (!err) {
		s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		err = s->dir < 0 ? errno : segments_take_over(s);
	}
	if (err) {
		spool_close(s);
		return err;
	}
	if (s->on_disk)
		log_info("spool", "%" PRIu64 " call records of an earlier run wait", s->on_disk);
	*sp = s;
	return 0;
}

static int segment_each(const struct spool *s, uint64_t number, spool_record_h *h, void *arg)
{
	int fd = segment_open(s, number, O_RDONLY);
	int err;

	if (fd < 0)
		return errno == ENOENT ? 0 : errno;
	err = fdatasync(fd) ? errno : spool_segment_each(fd, h, arg);
	close(fd);
	return err == EBADMSG ? 0 : err; /* the log has it from the opening */
}

int spool_each(const struct spool *s, spool_record_h *h, void *arg)
{
	int err = 0;

	for (uint64_t n = s->read_segment; n < s->write_segment && !err; n++)
		err = segment_each(s, n, h, arg);
	return err;
}

static struct pending *memory_pop(struct spool *s)
{
	struct pending *p = s->first;

	s->first = p->next;
	if (!s->first)
		s->last = &s->first;
	s->memory -= p->len;
	s->count--;
	return p;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	if (s->dir >= 0)
		(void)spool_sync(s, INT64_MAX);
	if (s->count)
		log_error("records_lost", "%zu call records are on no disk", s->count);
	while (s->first)
		mem_free(memory_pop(s));
	if (s->write_fd >= 0)
		close(s->write_fd);
	if (s->dir >= 0)
		close(s->dir);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

static int lose(struct spool *s, int err)
{
	s->lost++;
	log_limited(&records_lost, "a call record is lost: %s", strerror(err));
	return err;
}

int spool_put(struct spool *s, const void *record, size_t len)
{
	struct pending *p = NULL;
	int err = 0;

	if (len && len <= SPOOL_RECORD_MAX)
		p = mem_alloc(sizeof(*p) + len);
	else
		err = EMSGSIZE;
	pthread_mutex_lock(&s->lock);
	if (!p) {
		err = lose(s, err ? err : ENOMEM);
	} else {
		p->next = NULL;
		p->len = len;
		memcpy(p->data, record, len);
		*s->last = p;
		s->last = &p->next;
		s->memory += len;
		s->count++;
		/* The oldest go first, but not those that the uploader is holding. */
		while (s->memory > s->memory_max && s->count > 1 && !s->lent) {
			mem_free(memory_pop(s));
			s->written = s->written_len = 0; /* all are written once more */
			(void)lose(s, s->error ? s->error : ENOSPC);
		}
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

/* Syncing. Only the thread that puts comes here, so the write_ fields and the order in memory are its own;
 * the uploader may only take from the front, which `lent` excludes for the time of a sync. */

/* The place for what comes next, as the uploader sees it too. */
static void segment_set(struct spool *s, uint64_t number, int fd, uint64_t at)
{
	pthread_mutex_lock(&s->lock);
	s->write_segment = number;
	s->write_fd = fd;
	s->write_at = at;
	s->written = s->written_len = 0;
	pthread_mutex_unlock(&s->lock);
}

static int segment_begin(struct spool *s)
{
	uint64_t number = s->write_segment + (s->write_fd >= 0);
	int fd;

	if (s->write_fd >= 0 && s->write_at < SEGMENT_MAX)
		return 0;
	fd = segment_open(s, number, O_RDWR | O_CREAT | O_TRUNC);
	if (fd < 0)
		return errno;
	if (s->write_fd >= 0)
		close(s->write_fd);
	segment_set(s, number, fd, 0);
	return fsync(s->dir) ? errno : 0;
}

/* After an error the file's pages cannot be trusted any more: the next sync writes another one. */
static void segment_give_up(struct spool *s)
{
	bool empty = !s->write_at;

	(void)!ftruncate(s->write_fd, (off_t)s->write_at);
	close(s->write_fd);
	if (empty)
		segment_unlink(s, s->write_segment);
	segment_set(s, s->write_segment + !empty, -1, 0);
}

/* What is in memory and not in the file as octets for it. */
static char *pending_encode(struct spool *s, size_t *len)
{
	char *buf = mem_alloc(s->memory + s->count * SPOOL_HEAD + 1), *at = buf;
	size_t n = 0;

	if (!buf)
		return NULL;
	for (struct pending *p = s->first; p; p = p->next) {
		if (n++ < s->written)
			continue;
		spool_record_head(at, p->data, p->len);
		memcpy(at + SPOOL_HEAD, p->data, p->len);
		at += SPOOL_HEAD + p->len;
	}
	*len = (size_t)(at - buf);
	return buf;
}

static int pending_write(struct spool *s, const char *buf, size_t len, bool sync)
{
	int err = segment_begin(s);

	if (!err)
		err = file_write(s->write_fd, buf, len, s->write_at + s->written_len);
	if (!err && sync && fdatasync(s->write_fd))
		err = errno;
	if (err && s->write_fd >= 0)
		segment_give_up(s);
	return err;
}

/* Synced, they leave the memory. */
static void synced(struct spool *s, size_t count, size_t len)
{
	s->write_at += s->written_len + len;
	s->on_disk += count;
	s->written = s->written_len = 0;
	while (count--)
		mem_free(memory_pop(s));
}

static int to_disk(struct spool *s, int64_t now_ms, bool sync)
{
	size_t count, len = 0;
	char *buf;
	int err;

	pthread_mutex_lock(&s->lock);
	if (!s->count || s->lent || (s->error && now_ms < s->retry_ms) ||
		(!sync && s->written == s->count)) {
		err = s->count ? s->error : 0;
		pthread_mutex_unlock(&s->lock);
		return err;
	}
	s->lent = true; /* to the disk */
	count = s->count;
	buf = pending_encode(s, &len);
	pthread_mutex_unlock(&s->lock);

	err = buf ? pending_write(s, buf, len, sync) : ENOMEM;
	mem_free(buf);

	pthread_mutex_lock(&s->lock);
	s->lent = false;
	s->error = err;
	s->retry_ms = now_ms < INT64_MAX ? now_ms + RETRY_MS : now_ms;
	if (!err && sync) {
		synced(s, count, len);
	} else if (!err) {
		s->written = count;
		s->written_len += len;
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

int spool_flush(struct spool *s, int64_t now_ms)
{
	return to_disk(s, now_ms, false);
}

int spool_sync(struct spool *s, int64_t now_ms)
{
	return to_disk(s, now_ms, true);
}

/* Uploading. */

static int batch_slice(struct spool_batch *b, size_t max)
{
	b->record = mem_alloc(max * sizeof(*b->record));
	return b->record ? 0 : ENOMEM;
}

static void batch_fini(struct spool_batch *b)
{
	mem_free(b->record);
	mem_free(b->data);
	memset(b, 0, sizeof(*b));
}

static int peek_memory(struct spool *s, size_t max, size_t bytes, struct spool_batch *b)
{
	size_t taken = 0;

	if (!s->count || s->lent)
		return 0;
	for (struct pending *p = s->first; p && b->count < max && (!taken || taken < bytes);
		p = p->next) {
		b->record[b->count].p = p->data;
		b->record[b->count++].len = p->len;
		taken += p->len;
	}
	b->from_memory = 1;
	s->lent = true;
	return 0;
}

/* Moves on to the next segment; what is left of this one is of no use. */
static void segment_done(struct spool *s)
{
	segment_unlink(s, s->read_segment);
	s->read_segment++;
	s->read_at = 0;
}

/* The end of what may be read of the segment that is being read. */
static uint64_t read_limit(const struct spool *s)
{
	return s->read_segment < s->write_segment ? UINT64_MAX : s->write_fd >= 0 ? s->write_at : 0;
}

static int peek_segment(struct spool *s, size_t max, size_t bytes, struct spool_batch *b)
{
	uint64_t limit = read_limit(s);
	int fd = segment_open(s, s->read_segment, O_RDONLY);
	size_t got, at = 0;
	ssize_t n = 0;
	int err;

	if (fd < 0)
		return errno == ENOENT ? 0 : errno;
	if (limit - s->read_at < bytes)
		bytes = (size_t)(limit - s->read_at);
	err = file_read(fd, b->data, bytes, s->read_at, &got);
	close(fd);
	while (!err && b->count < max &&
		(n = spool_record_at(b->data + at, got - at, &b->record[b->count])) > 0) {
		at += (size_t)n;
		b->count++;
	}
	b->end = s->read_at + at;
	return err;
}

static int peek_disk(struct spool *s, size_t max, size_t bytes, struct spool_batch *b)
{
	size_t room = bytes > SPOOL_RECORD_MAX + SPOOL_HEAD ? bytes : SPOOL_RECORD_MAX + SPOOL_HEAD;

	b->data = mem_alloc(room);
	if (!b->data)
		return ENOMEM;
	while (s->on_disk) {
		int err = peek_segment(s, max, room, b);

		if (err || b->count)
			return err;
		if (s->read_segment >= s->write_segment) {
			/* Fewer records than were counted: what is missing is damaged by now. */
			s->lost += s->on_disk;
			s->on_disk = 0;
			log_limited(&records_lost, "call records on disk are damaged");
			break;
		}
		segment_done(s);
	}
	return 0;
}

int spool_peek(struct spool *s, size_t max, size_t bytes, struct spool_batch *b)
{
	int err;

	memset(b, 0, sizeof(*b));
	err = batch_slice(b, max);
	if (err)
		return err;
	pthread_mutex_lock(&s->lock);
	if (s->on_disk)
		err = peek_disk(s, max, bytes, b);
	/* Otherwise the disk will have them in a moment. */
	if (!err && !b->count && s->error)
		err = peek_memory(s, max, bytes, b);
	pthread_mutex_unlock(&s->lock);
	if (err || !b->count)
		batch_fini(b);
	return err;
}

static void consume_disk(struct spool *s, const struct spool_batch *b)
{
	s->read_at = b->end;
	s->on_disk -= b->count < s->on_disk ? b->count : s->on_disk;
	if (s->on_disk)
		return;
	/* Nothing waits: everything before the present segment can go, and it can start again. */
	while (s->read_segment < s->write_segment)
		segment_done(s);
	if (s->write_fd >= 0 && s->write_at >= TRUNCATE_MIN && s->read_at == s->write_at &&
		!s->lent && !s->written && !ftruncate(s->write_fd, 0))
		s->read_at = s->write_at = 0;
}

void spool_consume(struct spool *s, struct spool_batch *b)
{
	pthread_mutex_lock(&s->lock);
	if (b->from_memory) {
		for (size_t i = 0; i < b->count; i++)
			mem_free(memory_pop(s));
		s->lent = false;
	} else if (b->count) {
		consume_disk(s, b);
	}
	pthread_mutex_unlock(&s->lock);
	batch_fini(b);
}

void spool_give_back(struct spool *s, struct spool_batch *b)
{
	pthread_mutex_lock(&s->lock);
	if (b->from_memory)
		s->lent = false;
	pthread_mutex_unlock(&s->lock);
	batch_fini(b);
}

void spool_stat(struct spool *s, struct spool_stats *stats)
{
	pthread_mutex_lock(&s->lock);
	stats->waiting = s->on_disk + s->count;
	stats->lost = s->lost;
	stats->error = s->error;
	pthread_mutex_unlock(&s->lock);
}
