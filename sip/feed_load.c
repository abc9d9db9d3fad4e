/* Reading everything, from PostgreSQL or from disk, into a configuration that nobody else sees yet.
 *
 * A malformed record must not make its object vanish: the object keeps its last good state, which is on
 * disk. Which objects that concerns is known after a first pass; the few last good lines are then
 * looked up, and a second pass, over the same snapshot of PostgreSQL, puts them in place. */
#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "sip/feed_private.h"

enum { LAST_GOOD_MAX = 10000 };

struct load {
	struct feed *feed;
	struct cfg *cfg;
	size_t malformed;
};

static struct log_kind refused = LOG_KIND("refused_object", LOG_LEVEL_ERROR);

static void accept(struct load *l, const char *line, size_t len)
{
	if (l->feed->disk)
		snapshot_line(l->feed->disk, line, len);
}

static void refuse(struct load *l, struct feed_reject *known, const char *line, size_t len, int err,
	const char *reason)
{
	bool malformed = err != ENOENT;
	struct cfg_reject ignored;

	if (known && known->last_good &&
		!cfg_record_apply(l->cfg, known->last_good, known->last_good_len, &ignored))
		accept(l, known->last_good, known->last_good_len);
	l->malformed += malformed;
	feed_rejects_note(&l->feed->rejects, line, len, malformed, reason);
}

static int load_line(const char *line, size_t len, void *arg)
{
	struct load *l = arg;
	struct cfg_reject reject = {""};
	int err = cfg_record_apply(l->cfg, line, len, &reject);

	if (err == ENOMEM || atomic_load_explicit(&l->feed->stop, memory_order_relaxed))
		return err ? err : ECANCELED;
	if (err)
		refuse(l, feed_rejects_find(&l->feed->rejects, line, len), line, len, err,
			reject.reason);
	else
		accept(l, line, len);
	return 0;
}

/* The last good line of each object whose record is malformed; a deletion is none. */
static int last_good_line(const char *line, size_t len, void *arg)
{
	struct feed_reject *r = feed_rejects_find(arg, line, len);
	char *copy = NULL;

	if (!r || !r->malformed)
		return 0;
	if (line[0] != '-') {
		copy = mem_alloc(len);
		if (!copy)
			return ENOMEM;
		memcpy(copy, line, len);
	}
	mem_free(r->last_good);
	r->last_good = copy;
	r->last_good_len = copy ? len : 0;
	return 0;
}

static void last_good_forget(struct feed_rejects *rejects)
{
	for (struct feed_reject *r = rejects->newest; r; r = r->older) {
		mem_free(r->last_good);
		r->last_good = NULL;
	}
}

static int load_pass(struct load *l, const struct db_feed_reading *reading)
{
	l->malformed = 0;
	l->cfg = cfg_new();
	if (!l->cfg)
		return ENOMEM;
	/* Its errors come back from the commit. */
	if (l->feed->disk)
		(void)!snapshot_begin(l->feed->disk, true);
	return db_feed_lines(l->feed->db, reading, load_line, l);
}

static int load_passes(struct load *l, const struct db_feed_reading *reading)
{
	struct feed *f = l->feed;
	int err;

	feed_rejects_clear(&f->rejects);
	err = load_pass(l, reading);
	if (err || !l->malformed || l->malformed > LAST_GOOD_MAX || !f->disk)
		return err;
	err = snapshot_each(f->disk, last_good_line, &f->rejects);
	if (err == ENOMEM)
		return err;
	cfg_free(l->cfg);
	return load_pass(l, reading);
}

int feed_load(struct feed *f, const struct db_feed_reading *reading, struct feed_batch **batch)
{
	struct load l = {.feed = f};
	int err = load_passes(&l, reading);

	last_good_forget(&f->rejects);
	*batch = err ? NULL : feed_batch_new();
	if (!*batch) {
		if (l.cfg)
			cfg_free(l.cfg);
		if (f->disk)
			snapshot_abort(f->disk);
		return err ? err : ENOMEM;
	}
	(*batch)->cfg = l.cfg;
	if (feed_rejects_count(&f->rejects))
		log_limited(&refused, "%zu objects of the configuration are refused, one is %s: %s",
			feed_rejects_count(&f->rejects), f->rejects.newest->name,
			f->rejects.newest->reason);
	return 0;
}

static int disk_line(const char *line, size_t len, void *arg)
{
	struct load *l = arg;
	struct cfg_reject reject = {""};
	int err = cfg_record_apply(l->cfg, line, len, &reject);

	if (err && err != ENOMEM) {
		log_limited(&refused, "a record on disk is refused: %s", reject.reason);
		err = 0;
	}
	return err;
}

int feed_load_disk(struct feed *f, struct feed_batch **batch, struct db_position *position,
	int64_t *confirmed_wall_ms)
{
	struct load l = {.feed = f, .cfg = cfg_new()};
	char why[SNAPSHOT_WHY_MAX] = "";
	int err;

	*batch = feed_batch_new();
	err = l.cfg && *batch
		      ? snapshot_load(f->disk, disk_line, &l, position, confirmed_wall_ms, why)
		      : ENOMEM;
	if (why[0]) {
		log_error("snapshot", "%s", why);
		feed_health_disk(f, why);
	}
	if (err) {
		feed_batch_free(*batch);
		*batch = NULL;
		if (l.cfg)
			cfg_free(l.cfg);
		return err;
	}
	(*batch)->cfg = l.cfg;
	return 0;
}
