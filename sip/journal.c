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
	RECORD_MAX = JOURNAL_RECORD_HEAD + JOURNAL_KEY_MAX + JOURNAL_VALUE_MAX,
	PENDING_MAX = 16 << 20, /* more is cheaper to write anew from the live set */
	PENDING_KEPT = 1 << 20, /* a larger buffer is given back when it is empty */
	COMPACT_MIN = 1 << 20, /* dead bytes that are not worth a new file */
	RETRY_MS = 1000,
	COMPACT_RETRY_MS = 60000,
};

struct journal {
	char *path;
	char *path_new;
	int fd; /* locked; -1: never opened */
	struct journal_set *set;
	uint8_t resting; /* the kind whose values are in the file and in pending only */
	uint8_t *record; /* RECORD_MAX octets, to read one into */
	uint64_t good; /* octets of the file that hold whole records */
	uint64_t base; /* octets of the file that are synced */
	uint32_t chain; /* CRC of the last record, pending ones too */
	/* Encoded records that are not known to be on disk: from base on, those up to good are in the file. */
	uint8_t *pending;
	size_t pending_len, pending_cap, pending_max;
	bool unsynced; /* written since the last good fsync */
	bool broken; /* the file cannot be trusted to go on: write a new one */
	int error;
	int64_t retry_at, compact_at;
	uint64_t cut, failures, lost;
};

static struct log_kind journal_failed = LOG_KIND("journal_failed", LOG_LEVEL_ERROR);
static struct log_kind journal_lost = LOG_KIND("journal_lost", LOG_LEVEL_ERROR);
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

static bool rests(const struct journal *j, uint8_t kind)
{
	return j->resting && kind == j->resting;
}

/* A value that rests is not given to the set, only its place. */
static int set_put(struct journal *j, const struct journal_record *r, uint64_t at, uint32_t chain)
{
	const struct journal_item item = {.kind = r->kind,
		.key = r->key,
		.value = rests(j, r->kind) ? NULL : r->value,
		.key_len = r->key_len,
		.value_len = r->value_len,
		.place = {at, chain}};

	return journal_set_put(j->set, &item);
}

static int record_load(struct journal *j, const struct journal_record *r, uint32_t chain)
{
	if (r->op == JOURNAL_PUT)
		return set_put(j, r, j->good, chain);
	(void)journal_set_delete(j->set, r->kind, r->key, r->key_len);
	return 0;
}

/* Takes whole records off buf; what is left over is moved to its front. *damaged: stop reading. */
static int records_load(struct journal *j, uint8_t *buf, size_t *len, bool *damaged)
{
	size_t at = 0;
	int err = 0;

	while (!err) {
		uint32_t chain = j->chain;
		struct journal_record r;
		size_t size;

		err = journal_record_read(&r, &j->chain, buf + at, *len - at, &size);
		if (!err)
			err = record_load(j, &r, chain);
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

int journal_open(struct journal **jp, const char *path, uint8_t resting)
{
	struct journal *j = calloc(1, sizeof(*j));
	size_t size = strlen(path) + sizeof(".new");
	int err = ENOMEM;

	if (!j)
		return ENOMEM;
	j->fd = -1;
	j->resting = resting;
	j->pending_max = PENDING_MAX;
	j->path = strdup(path);
	j->path_new = malloc(size);
	j->record = malloc(RECORD_MAX);
	if (!j->path || !j->path_new || !j->record)
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
	j->base = j->good;
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
	free(j->record);
	free(j->path);
	free(j->path_new);
	free(j);
}

/* The record of an item; one that rests is looked up and checked. EIO, EBADMSG: it cannot be had any more. */
static int record_of(
	const struct journal *j, const struct journal_item *item, struct journal_record *r)
{
	size_t size = journal_record_size(item->key_len, item->value_len), got = size;
	uint32_t chain = item->place.chain;
	const uint8_t *p = j->record;
	int err = 0;

	*r = (struct journal_record){
		JOURNAL_PUT, item->kind, item->key, item->key_len, item->value, item->value_len};
	if (item->value)
		return 0;
	if (item->place.at >= j->base)
		p = j->pending + (item->place.at - j->base);
	else
		err = file_read(j->fd, j->record, size, item->place.at, &got);
	if (!err && got < size)
		err = EIO;
	return err ? err : journal_record_read(r, &chain, p, size, &got);
}

struct each {
	struct journal *j;
	journal_load_h *h;
	void *arg;
};

static bool each_h(const struct journal_item *item, void *arg)
{
	const struct each *e = arg;
	struct journal_record r;

	if (record_of(e->j, item, &r) == 0)
		e->h(r.kind, r.key, r.key_len, r.value, r.value_len, e->arg);
	return false;
}

void journal_each(struct journal *j, journal_load_h *h, void *arg)
{
	struct each e = {j, h, arg};

	journal_set_each(j->set, each_h, &e);
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

/* The disk takes nothing for long: only live values that rest here stay, and the file is to be written anew. */
static void pending_squeeze(struct journal *j)
{
	size_t at = 0, to = 0;

	j->broken = true;
	while (at < j->pending_len) {
		struct journal_record r;
		size_t size = journal_record_parse(&r, j->pending + at);

		if (r.op == JOURNAL_PUT &&
			journal_set_move(j->set, &r, j->base + at, j->base + to)) {
			memmove(j->pending + to, j->pending + at, size);
			to += size;
		}
		at += size;
	}
	j->pending_len = to;
	/* Twice that before the next time, so that it costs each record a bounded number of looks. */
	j->pending_max = to > PENDING_MAX / 2 ? 2 * to : PENDING_MAX;
}

static int pending_room(struct journal *j, size_t size)
{
	if (j->pending_len + size > j->pending_max)
		pending_squeeze(j);
	return pending_reserve(j, size);
}

/* There is room. */
static void pending_add(struct journal *j, const struct journal_record *r)
{
	journal_record_write(r, &j->chain, j->pending + j->pending_len);
	j->pending_len += journal_record_size(r->key_len, r->value_len);
}

/* All of it is on disk. */
static void pending_clear(struct journal *j)
{
	j->base = j->good;
	j->pending_len = 0;
	j->pending_max = PENDING_MAX;
	if (j->pending_cap <= PENDING_KEPT)
		return;
	free(j->pending);
	j->pending = NULL;
	j->pending_cap = 0;
}

int journal_put(struct journal *j, uint8_t kind, const void *key, size_t key_len, const void *value,
	size_t value_len)
{
	struct journal_record r = {JOURNAL_PUT, kind, key, key_len, value, value_len};
	int err;

	if (!key_len || key_len > JOURNAL_KEY_MAX || value_len > JOURNAL_VALUE_MAX)
		return EINVAL;
	if (!value)
		r.value = (const uint8_t *)"";
	err = pending_room(j, journal_record_size(key_len, value_len));
	if (err && rests(j, kind))
		return err;
	/* What the set has needs no room here: without it the file is written anew. */
	j->broken |= err != 0;
	err = set_put(j, &r, j->base + j->pending_len, j->chain);
	if (!err && (!j->broken || rests(j, kind)))
		pending_add(j, &r);
	return err;
}

int journal_delete(struct journal *j, uint8_t kind, const void *key, size_t key_len)
{
	struct journal_record r = {JOURNAL_DELETE, kind, key, key_len, NULL, 0};

	if (!key_len || key_len > JOURNAL_KEY_MAX)
		return EINVAL;
	if (journal_set_delete(j->set, kind, key, key_len) || j->broken)
		return 0;
	if (pending_room(j, journal_record_size(key_len, 0)))
		j->broken = true;
	else
		pending_add(j, &r);
	return 0;
}

struct rewrite {
	struct journal *j;
	int fd;
	int err;
	uint64_t at;
	uint32_t chain;
	size_t len;
	uint8_t *buf; /* READ_CHUNK octets */
	uint32_t *chains; /* before each record */
	size_t count;
};

static void rewrite_flush(struct rewrite *w)
{
	if (!w->err)
		w->err = file_write(w->fd, w->buf, w->len, w->at);
	w->at += w->len;
	w->len = 0;
}

static bool rewrite_h(const struct journal_item *item, void *arg)
{
	size_t size = journal_record_size(item->key_len, item->value_len);
	struct rewrite *w = arg;
	struct journal_record r;
	int err;

	if (w->err)
		return false;
	err = record_of(w->j, item, &r);
	if (err) {
		w->j->lost++;
		log_limited(&journal_lost, "%s: a record cannot be read again: %s", w->j->path,
			strerror(err));
		return true;
	}
	if (w->len + size > READ_CHUNK)
		rewrite_flush(w);
	w->chains[w->count++] = w->chain;
	journal_record_write(&r, &w->chain, w->buf + w->len);
	w->len += size;
	return false;
}

static int rewrite_file(struct journal *j, struct rewrite *w)
{
	w->fd = open(j->path_new, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return errno;
	/* Locked before it takes the name, so that nobody can come in between. */
	if (flock(w->fd, LOCK_EX | LOCK_NB))
		return errno;
	/* Records are read one by one, in no order of the disk. */
	(void)posix_fadvise(j->fd, 0, 0, POSIX_FADV_WILLNEED);
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
	struct rewrite w = {.j = j,
		.fd = -1,
		.buf = malloc(READ_CHUNK),
		.chains = malloc((journal_set_count(j->set) + 1) * sizeof(*w.chains))};
	int err = w.buf && w.chains ? rewrite_file(j, &w) : ENOMEM;

	if (!err)
		journal_set_settle(j->set, sizeof(MAGIC), w.chains);
	free(w.buf);
	free(w.chains);
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
	pending_clear(j);
	/* Until the directory is synced a crash may bring back the old file: not durable yet. */
	err = sync_dir_of(j->path);
	j->broken = err != 0;
	j->unsynced = false;
	return err;
}

static int pending_write(struct journal *j)
{
	size_t written = (size_t)(j->good - j->base), len = j->pending_len - written;
	int err;

	if (!len)
		return 0;
	err = file_write(j->fd, j->pending + written, len, j->good);
	if (err) {
		/* What was written in part must not stand before what is tried next. */
		if (ftruncate(j->fd, (off_t)j->good))
			j->broken = true;
		return err;
	}
	j->good += len;
	j->unsynced = true;
	return 0;
}

static int journal_append(struct journal *j)
{
	int err = pending_write(j);

	if (err || !j->unsynced)
		return err;
	if (fdatasync(j->fd)) {
		err = errno;
		j->broken = true;
		return err;
	}
	j->unsynced = false;
	pending_clear(j);
	return 0;
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
	stats->lost = j->lost;
	stats->error = j->error;
}
