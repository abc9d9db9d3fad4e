#include "sip/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mem.h"
#include "sip/snapshot_block.h"

#define CURRENT "config.snapshot"
#define PREVIOUS "config.snapshot.1"
#define ASIDE "config.snapshot.new"

enum {
	BLOCK_TARGET = 64 << 10, /* a damaged octet costs no more reading than needed */
	BLOAT_MIN = 4 << 20, /* smaller files are not worth a new generation */
	LINE_MAX_LEN = SNAPSHOT_BLOCK_MAX - 1,
};

struct snapshot {
	int dir;
	/* The present generation. */
	struct snapshot_cursor good; /* where the next increment goes; fd -1: none */
	uint64_t base; /* where the full load ended */
	bool current_rotten; /* the file of that name is not worth keeping */
	/* What is being written. */
	struct snapshot_cursor out;
	bool writing, full;
	int err;
	char *buf; /* lines of the next block */
	size_t len, size;
};

int snapshot_open(struct snapshot **sp, const char *dir)
{
	struct snapshot *s = mem_zalloc(1, sizeof(*s));

	if (!s)
		return ENOMEM;
	s->good.fd = s->out.fd = -1;
	s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0) {
		int err = errno;

		mem_free(s);
		return err;
	}
	*sp = s;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void snapshot_close(struct snapshot *s)
{
	if (!s)
		return;
	snapshot_abort(s);
	close_fd(&s->good.fd);
	close(s->dir);
	mem_free(s->buf);
	mem_free(s);
}

/* Reading. */

/* What a file holds up to its last whole position. */
struct extent {
	struct snapshot_cursor end; /* behind that position; at 0: there is none */
	uint64_t base; /* behind the first one */
	struct db_position position;
	int64_t confirmed_wall_ms;
	int damage; /* 0, or what ended the reading */
};

static int position_read(const struct snapshot_block *block, struct extent *e)
{
	struct db_position p = {0};
	char text[128];
	const char *snapshot;
	size_t head;

	snapshot = memchr(block->payload, '\n', block->len);
	if (!snapshot || block->payload[block->len - 1] != '\n')
		return EBADMSG;
	head = (size_t)(snapshot - block->payload);
	if (head >= sizeof(text))
		return EBADMSG;
	memcpy(text, block->payload, head);
	text[head] = '\0';
	if (sscanf(text, "%15s %31s %" SCNd64, p.epoch, p.revision, &e->confirmed_wall_ms) != 3)
		return EBADMSG;
	p.snapshot = strndup(snapshot + 1, block->len - head - 2);
	if (!p.snapshot)
		return ENOMEM;
	db_position_fini(&e->position);
	e->position = p;
	return 0;
}

/* First pass: how much of the file is good. */
static int extent_read(int fd, struct extent *e)
{
	struct snapshot_block block = {0};
	struct snapshot_cursor cursor;
	int err = snapshot_magic_read(&cursor, fd);

	memset(e, 0, sizeof(*e));
	while (!err) {
		err = snapshot_block_read(&cursor, &block);
		if (err || block.type != SNAPSHOT_POSITION)
			continue;
		err = position_read(&block, e);
		if (err)
			continue;
		e->end = cursor;
		if (!e->base)
			e->base = cursor.at;
	}
	snapshot_block_fini(&block);
	e->damage = err == ENODATA ? 0 : err;
	return err == ENOMEM ? ENOMEM : 0;
}

static int lines_hand_over(const struct snapshot_block *block, snapshot_line_h *h, void *arg)
{
	const char *at = block->payload, *end = block->payload + block->len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		int err;

		if (!newline)
			return EBADMSG;
		err = h(at, (size_t)(newline - at), arg);
		if (err)
			return err;
		at = newline + 1;
	}
	return 0;
}

/* Second pass: the lines, up to what the first one found good. */
static int lines_read(const struct snapshot_cursor *end, snapshot_line_h *h, void *arg)
{
	struct snapshot_block block = {0};
	struct snapshot_cursor cursor;
	int err = snapshot_magic_read(&cursor, end->fd);

	while (!err && cursor.at < end->at) {
		err = snapshot_block_read(&cursor, &block);
		if (!err && block.type == SNAPSHOT_RECORDS)
			err = lines_hand_over(&block, h, arg);
	}
	snapshot_block_fini(&block);
	return err;
}

static void why_add(char *why, const char *name, const char *what)
{
	size_t len = strlen(why);

	snprintf(why + len, SNAPSHOT_WHY_MAX - len, "%s%s: %s", len ? "; " : "", name, what);
}

/* ENOENT, EBADMSG: this file is of no use, try the next. */
static int file_examine(struct snapshot *s, const char *name, struct extent *e, char *why)
{
	int fd = openat(s->dir, name, O_RDWR | O_CLOEXEC);
	int err;

	memset(e, 0, sizeof(*e));
	if (fd < 0) {
		if (errno != ENOENT)
			why_add(why, name, strerror(errno));
		return errno == ENOENT ? ENOENT : EBADMSG;
	}
	err = extent_read(fd, e);
	if (e->damage)
		why_add(why, name,
			e->end.at ? "damaged, the good beginning is used" : "damaged or unknown");
	else if (!e->end.at)
		why_add(why, name, "incomplete");
	if (!err && !e->end.at)
		err = EBADMSG;
	if (err) {
		close(fd);
		db_position_fini(&e->position);
		return err;
	}
	e->end.fd = fd;
	return 0;
}

int snapshot_load(struct snapshot *s, snapshot_line_h *h, void *arg, struct db_position *position,
	int64_t *confirmed_wall_ms, char *why)
{
	struct extent e;
	bool from_previous = false;
	int err;

	memset(position, 0, sizeof(*position));
	why[0] = '\0';
	err = file_examine(s, CURRENT, &e, why);
	if (err == EBADMSG || err == ENOENT) {
		int current = err;

		s->current_rotten = current == EBADMSG;
		from_previous = true;
		err = file_examine(s, PREVIOUS, &e, why);
		if (err == ENOENT)
			err = current;
	}
	if (err)
		return err;
	err = lines_read(&e.end, h, arg);
	if (err || from_previous) {
		close(e.end.fd);
	} else {
		/* What is behind the last position is cut off, so that the next block follows it. */
		if (!ftruncate(e.end.fd, (off_t)e.end.at)) {
			s->good = e.end;
			s->base = e.base;
		} else {
			close(e.end.fd);
		}
	}
	if (err) {
		db_position_fini(&e.position);
		return err;
	}
	*position = e.position;
	*confirmed_wall_ms = e.confirmed_wall_ms;
	return 0;
}

int snapshot_each(struct snapshot *s, snapshot_line_h *h, void *arg)
{
	return s->good.fd < 0 ? 0 : lines_read(&s->good, h, arg);
}

/* Writing. */

bool snapshot_appendable(const struct snapshot *s)
{
	return s->good.fd >= 0;
}

bool snapshot_bloated(const struct snapshot *s)
{
	uint64_t added = s->good.at - s->base;

	return s->good.fd >= 0 && added > BLOAT_MIN && added > s->base;
}

int snapshot_begin(struct snapshot *s, bool full)
{
	snapshot_abort(s);
	s->err = 0;
	s->len = 0;
	s->full = full;
	if (!full) {
		s->out = s->good;
		s->writing = s->good.fd >= 0;
		return s->writing ? 0 : EINVAL;
	}
	s->out.fd = openat(s->dir, ASIDE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (s->out.fd < 0)
		return s->err = errno;
	s->writing = true;
	s->err = snapshot_magic_write(&s->out, s->out.fd);
	return 0;
}

static void block_flush(struct snapshot *s)
{
	if (s->len && !s->err)
		s->err = snapshot_block_write(&s->out, SNAPSHOT_RECORDS, s->buf, s->len);
	s->len = 0;
}

static int buf_reserve(struct snapshot *s, size_t len)
{
	char *p;

	if (s->size >= len)
		return 0;
	len = len < 2 * BLOCK_TARGET ? 2 * BLOCK_TARGET : len;
	p = mem_realloc(s->buf, len);
	if (!p)
		return ENOMEM;
	s->buf = p;
	s->size = len;
	return 0;
}

void snapshot_line(struct snapshot *s, const char *line, size_t len)
{
	if (!s->writing || s->err)
		return;
	if (s->len && s->len + len + 1 > BLOCK_TARGET)
		block_flush(s);
	if (!s->err)
		s->err = len > LINE_MAX_LEN ? EINVAL : buf_reserve(s, s->len + len + 1);
	if (s->err)
		return;
	memcpy(s->buf + s->len, line, len);
	s->buf[s->len + len] = '\n';
	s->len += len + 1;
}

static int position_write(
	struct snapshot *s, const struct db_position *position, int64_t confirmed_wall_ms)
{
	size_t size = strlen(position->snapshot) + 128;
	char *text = mem_alloc(size);
	int n, err;

	if (!text)
		return ENOMEM;
	n = snprintf(text, size, "%s %s %" PRId64 "\n%s\n", position->epoch, position->revision,
		confirmed_wall_ms, position->snapshot);
	err = snapshot_block_write(&s->out, SNAPSHOT_POSITION, text, (size_t)n);
	mem_free(text);
	return err;
}

/* The new generation takes its name; a good one before it is kept, a rotten one is not worth the place
 * of the one that may have saved us. */
static int generation_publish(struct snapshot *s)
{
	if (fsync(s->out.fd))
		return errno;
	if (!s->current_rotten && renameat(s->dir, CURRENT, s->dir, PREVIOUS) && errno != ENOENT)
		return errno;
	if (renameat(s->dir, ASIDE, s->dir, CURRENT) || fsync(s->dir))
		return errno;
	return 0;
}

int snapshot_commit(
	struct snapshot *s, const struct db_position *position, int64_t confirmed_wall_ms)
{
	int err;

	if (!s->writing)
		return s->err ? s->err : EINVAL;
	block_flush(s);
	err = s->err ? s->err : position_write(s, position, confirmed_wall_ms);
	if (!err && s->full)
		err = generation_publish(s);
	if (err) {
		snapshot_abort(s);
		return err;
	}
	if (s->full) {
		close_fd(&s->good.fd);
		s->base = s->out.at;
		s->current_rotten = false;
	}
	s->good = s->out;
	s->out.fd = -1;
	s->writing = false;
	return 0;
}

void snapshot_abort(struct snapshot *s)
{
	if (!s->writing)
		return;
	s->writing = false;
	if (s->full) {
		close_fd(&s->out.fd);
		(void)unlinkat(s->dir, ASIDE, 0);
		return;
	}
	s->out.fd = -1;
	/* The next increment must not leave a gap: this generation ends here. */
	(void)!ftruncate(s->good.fd, (off_t)s->good.at);
	close_fd(&s->good.fd);
}
