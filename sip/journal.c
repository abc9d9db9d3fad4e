#include "sip/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"
#include "sip/file_io.h"
#include "sip/journal_record.h"
#include "sip/journal_set.h"

static const char MAGIC[8] = "TGJRNL1\n";

enum {
	READ_CHUNK = 1 << 18, /* holds the longest record */
	PENDING_MAX = 16 << 20, /* more is cheaper to write anew from the live set */
	COMPACT_MIN = 1 << 20, /* dead bytes that are not worth a new file */
	RETRY_MS = 1000,
	COMPACT_RETRY_MS = 60000,
};

struct journal {
	char *path;
	char *path_new;
	int fd; /* locked; -1: never opened */
	struct journal_set *set;
	uint64_t good; /* octets of the file that hold whole records */
	uint32_t chain; /* CRC of the last record, pending ones too */
	uint8_t *pending; /* encoded records that are not in the file yet */
	size_t pending_len, pending_cap;
	bool unsynced; /* written since the last good fsync */
	bool broken; /* the file cannot be trusted to go on: write a new one */
	int error;
	int64_t retry_at, compact_at;
	uint64_t cut, failures;
};

static struct log_kind journal_failed = LOG_KIND("journal_failed", LOG_LEVEL_ERROR);
static struct log_kind journal_not_compacted = LOG_KIND("journal_not_compacted", LOG_LEVEL_WARN);

static int sync_dir_of(const char *path)
{
	char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int fd, err = 0;

	if (!dir)
		return ENOMEM;
	if (slash)
		slash[slash == dir ? 1 : 0] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return errno;
	if (fsync(fd))
		err = errno;
	close(fd);
	return err;
}

/* Opens and locks; a file that was renamed away between the two is opened again. */
static int open_locked(const char *path, int *fdp)
{
	for (;;) {
		struct stat mine, now;
		int err, fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		if (fd < 0)
			return errno;
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			err = errno == EWOULDBLOCK ? EBUSY : errno;
			close(fd);
			return err;
		}
		if (!fstat(fd, &mine) && !stat(path, &now) && mine.st_ino == now.st_ino &&
			mine.st_dev == now.st_dev) {
			*fdp = fd;
			return 0;
		}
		close(fd);
	}
}

static int record_load(struct journal *j, const struct journal_record *r)
{
	if (r->op == JOURNAL_PUT)
		return journal_set_put(j->set, r->kind, r->key, r->key_len, r->value, r->value_len);
	(void)journal_set_delete(j->set, r->kind, r->key, r->key_len);
	return 0;
}

/* Takes whole records off buf; what is left over is moved to its front. *damaged: stop reading. */
static int records_load(struct journal *j, uint8_t *buf, size_t *len, bool *damaged)
{
	size_t at = 0;
	int err = 0;

	while (!err) {
		struct journal_record r;
		size_t size;

		err = journal_record_read(&r, &j->chain, buf + at, *len - at, &size);
		if (!err)
			err = record_load(j, &r);
		if (!err) {
			at += size;
			j->good += size;
		}
	}
	*len -= at;
	memmove(buf, buf + at, *len);
	*damaged = err == EBADMSG;
	return err == EAGAIN || err == EBADMSG ? 0 : err;
}

static int journal_read(struct journal *j)
{
	uint8_t *buf = malloc(READ_CHUNK);
	bool damaged = false;
	size_t len = 0;
	ssize_t n;
	int err = 0;

	if (!buf)
		return ENOMEM;
	while (!err && !damaged) {
		n = pread(j->fd, buf + len, READ_CHUNK - len, (off_t)(j->good + len));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n < 0 ? errno : 0;
			break;
		}
		len += (size_t)n;
		err = records_load(j, buf, &len, &damaged);
	}
	free(buf);
	return err;
}

/* A file that is not ours, or whose first octets are damaged, is kept for whoever looks into it. */
static int set_aside(struct journal *j)
{
	size_t size = strlen(j->path) + sizeof(".damaged");
	char *aside = malloc(size);
	int err = 0;

	if (!aside)
		return ENOMEM;
	snprintf(aside, size, "%s.damaged", j->path);
	if (rename(j->path, aside))
		err = errno;
	else
		log_error("journal", "%s is not a journal; kept as %s", j->path, aside);
	free(aside);
	if (err)
		return err;
	close(j->fd);
	j->fd = -1;
	return open_locked(j->path, &j->fd);
}

static int magic_check(struct journal *j)
{
	char magic[sizeof(MAGIC)];
	ssize_t n = pread(j->fd, magic, sizeof(magic), 0);
	int err = 0;

	if (n < 0)
		return errno;
	if (n == sizeof(magic) && !memcmp(magic, MAGIC, sizeof(MAGIC)))
		goto out;
	/* The beginning of the magic is a file whose creation was interrupted. */
	if (memcmp(magic, MAGIC, (size_t)n))
		err = set_aside(j);
	if (!err)
		err = file_write(j->fd, MAGIC, sizeof(MAGIC), 0);
	if (!err)
		err = sync_dir_of(j->path);
out:
	j->good = sizeof(MAGIC);
	return err;
}

/* Cuts off what follows the last whole record and makes that durable before anything is added. */
static int tail_cut(struct journal *j)
{
	struct stat st;

	if (fstat(j->fd, &st))
		return errno;
	if ((uint64_t)st.st_size <= j->good)
		return 0;
	j->cut = (uint64_t)st.st_size - j->good;
	log_warn("journal", "%s: %llu octets after the last whole record cut off", j->path,
		(unsigned long long)j->cut);
	if (ftruncate(j->fd, (off_t)j->good) || fsync(j->fd))
		return errno;
	return 0;
}

int journal_open(struct journal **jp, const char *path)
{
	struct journal *j = calloc(1, sizeof(*j));
	size_t size = strlen(path) + sizeof(".new");
	int err = ENOMEM;

	if (!j)
		return ENOMEM;
	j->fd = -1;
	j->path = strdup(path);
	j->path_new = malloc(size);
	if (!j->path || !j->path_new)
		goto out;
	snprintf(j->path_new, size, "%s.new", path);
	err = journal_set_new(&j->set);
	if (!err)
		err = open_locked(path, &j->fd);
	if (!err)
		err = magic_check(j);
	if (!err)
		err = journal_read(j);
	if (!err)
		err = tail_cut(j);
out:
	if (err)
		journal_close(j);
	else
		*jp = j;
	return err;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0) {
		j->retry_at = 0;
		(void)journal_sync(j, 0);
	}
	if (j->fd >= 0)
		close(j->fd);
	journal_set_free(j->set);
	free(j->pending);
	free(j->path);
	free(j->path_new);
	free(j);
}

void journal_each(const struct journal *j, journal_load_h *h, void *arg)
{
	journal_set_each(j->set, h, arg);
}

static int pending_reserve(struct journal *j, size_t size)
{
	size_t cap = j->pending_cap ? j->pending_cap : 4096;
	uint8_t *p;

	while (cap < j->pending_len + size)
		cap *= 2;
	if (cap == j->pending_cap)
		return 0;
	p = realloc(j->pending, cap);
	if (!p)
		return ENOMEM;
	j->pending = p;
	j->pending_cap = cap;
	return 0;
}

static void pending_drop(struct journal *j)
{
	j->pending_len = 0;
	j->broken = true;
}

/* The set has it already, so not finding room only means that the file is written anew. */
static void pending_add(struct journal *j, const struct journal_record *r)
{
	size_t size = journal_record_size(r->key_len, r->value_len);

	if (j->broken)
		return;
	if (j->pending_len + size > PENDING_MAX || pending_reserve(j, size)) {
		pending_drop(j);
		return;
	}
	journal_record_write(r, &j->chain, j->pending + j->pending_len);
	j->pending_len += size;
}

int journal_put(struct journal *j, uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len)
{
	struct journal_record r = {JOURNAL_PUT, kind, key, key_len, value, value_len};
	int err;

	if (!key_len || key_len > JOURNAL_KEY_MAX || value_len > JOURNAL_VALUE_MAX)
		return EINVAL;
	err = journal_set_put(j->set, kind, key, key_len, value, value_len);
	if (!err)
		pending_add(j, &r);
	return err;
}

int journal_delete(struct journal *j, uint8_t kind, const void *key, size_t key_len)
{
	struct journal_record r = {JOURNAL_DELETE, kind, key, key_len, NULL, 0};

	if (!key_len || key_len > JOURNAL_KEY_MAX)
		return EINVAL;
	if (!journal_set_delete(j->set, kind, key, key_len))
		pending_add(j, &r);
	return 0;
}

struct rewrite {
	int fd;
	int err;
	uint64_t at;
	uint32_t chain;
	size_t len;
	uint8_t *buf; /* READ_CHUNK octets */
};

static void rewrite_flush(struct rewrite *w)
{
	if (!w->err)
		w->err = file_write(w->fd, w->buf, w->len, w->at);
	w->at += w->len;
	w->len = 0;
}

static void rewrite_h(uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len, void *arg)
{
	struct journal_record r = {JOURNAL_PUT, kind, key, key_len, value, value_len};
	size_t size = journal_record_size(key_len, value_len);
	struct rewrite *w = arg;

	if (w->err)
		return;
	if (w->len + size > READ_CHUNK)
		rewrite_flush(w);
	journal_record_write(&r, &w->chain, w->buf + w->len);
	w->len += size;
}

static int rewrite_file(struct journal *j, struct rewrite *w)
{
	w->fd = open(j->path_new, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return errno;
	/* Locked before it takes the name, so that nobody can come in between. */
	if (flock(w->fd, LOCK_EX | LOCK_NB))
		return errno;
	memcpy(w->buf, MAGIC, sizeof(MAGIC));
	w->len = sizeof(MAGIC);
	journal_set_each(j->set, rewrite_h, w);
	rewrite_flush(w);
	if (w->err)
		return w->err;
	if (fsync(w->fd) || rename(j->path_new, j->path))
		return errno;
	return 0;
}

/* The live set into a new file that takes the old one's place. */
static int journal_rewrite(struct journal *j)
{
	struct rewrite w = {.fd = -1, .buf = malloc(READ_CHUNK)};
	int err = w.buf ? rewrite_file(j, &w) : ENOMEM;

	free(w.buf);
	if (err) {
		if (w.fd >= 0) {
			close(w.fd);
			(void)unlink(j->path_new);
		}
		return err;
	}
	close(j->fd);
	j->fd = w.fd;
	j->good = w.at;
	j->chain = w.chain;
	j->pending_len = 0;
	/* Until the directory is synced a crash may bring back the old file: not durable yet. */
	err = sync_dir_of(j->path);
	j->broken = err != 0;
	j->unsynced = false;
	return err;
}

static int pending_write(struct journal *j)
{
	int err;

	if (!j->pending_len)
		return 0;
	err = file_write(j->fd, j->pending, j->pending_len, j->good);
	if (err) {
		/* What was written in part must not stand before what is tried next. */
		if (ftruncate(j->fd, (off_t)j->good))
			pending_drop(j);
		return err;
	}
	j->good += j->pending_len;
	j->pending_len = 0;
	j->unsynced = true;
	return 0;
}

static int journal_append(struct journal *j)
{
	int err = pending_write(j);

	if (!err && j->unsynced) {
		if (fdatasync(j->fd)) {
			err = errno;
			pending_drop(j);
			return err;
		}
		j->unsynced = false;
	}
	return err;
}

static int failed(struct journal *j, int err, int64_t now_ms)
{
	j->error = err;
	j->failures++;
	j->retry_at = now_ms + RETRY_MS;
	log_limited(&journal_failed, "%s: %s", j->path, strerror(err));
	return err;
}

int journal_flush(struct journal *j, int64_t now_ms)
{
	int err;

	if (j->error || j->broken)
		return j->error; /* journal_sync() sees to it */
	err = pending_write(j);
	return err ? failed(j, err, now_ms) : 0;
}

static void journal_compact(struct journal *j, int64_t now_ms)
{
	uint64_t live = journal_set_bytes(j->set) + sizeof(MAGIC);
	uint64_t dead = j->good > live ? j->good - live : 0;
	int err;

	if (dead <= live || dead < COMPACT_MIN || now_ms < j->compact_at)
		return;
	err = journal_rewrite(j);
	if (!err)
		return;
	/* The old file is whole and synced: nothing is lost but room. */
	j->compact_at = now_ms + COMPACT_RETRY_MS;
	log_limited(&journal_not_compacted, "%s: %s", j->path, strerror(err));
}

int journal_sync(struct journal *j, int64_t now_ms)
{
	int err;

	if (j->error && now_ms < j->retry_at)
		return j->error;
	err = j->broken ? journal_rewrite(j) : journal_append(j);
	if (err)
		return failed(j, err, now_ms);
	j->error = 0;
	journal_compact(j, now_ms);
	return 0;
}

void journal_stat(const struct journal *j, struct journal_stats *stats)
{
	stats->records = journal_set_count(j->set);
	stats->live_bytes = journal_set_bytes(j->set) + sizeof(MAGIC);
	stats->file_bytes = j->good;
	stats->cut_bytes = j->cut;
	stats->failures = j->failures;
	stats->error = j->error;
}
