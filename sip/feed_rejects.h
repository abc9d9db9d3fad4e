/* The objects of the configuration that are refused now, by name, with the reason: what health, the log
 * and the worker's row show. Belongs to the feed thread. */
#ifndef TRUNKGUARD_SIP_FEED_REJECTS_H
#define TRUNKGUARD_SIP_FEED_REJECTS_H

#include "core/cfg_record.h"
#include "core/hash.h"

enum { FEED_REJECT_NAME_SIZE = 64, FEED_REJECTS_SHOWN = 100 };

struct feed_reject {
	struct hash_link link;
	struct feed_reject *newer, *older;
	char name[FEED_REJECT_NAME_SIZE]; /* "D +14155550100", for a refused deletion too */
	char reason[sizeof(((struct cfg_reject *)0)->reason)];
	char *last_good; /* line to use instead, while a full load looks for one; owned */
	size_t last_good_len;
	bool malformed; /* the record itself, not what it points to */
};

struct feed_rejects {
	struct hash by_name;
	struct feed_reject *newest;
};

int feed_rejects_init(struct feed_rejects *rejects);
void feed_rejects_fini(struct feed_rejects *rejects);
void feed_rejects_clear(struct feed_rejects *rejects);

/* Notes or renews. The entry, NULL without memory: it is then only logged. */
struct feed_reject *feed_rejects_note(struct feed_rejects *rejects, const char *line, size_t len,
	bool malformed, const char *reason);
struct feed_reject *feed_rejects_find(
	const struct feed_rejects *rejects, const char *line, size_t len);
/* The object was accepted: true when it had been refused. */
bool feed_rejects_settle(struct feed_rejects *rejects, const char *line, size_t len);

static inline size_t feed_rejects_count(const struct feed_rejects *rejects)
{
	return rejects->by_name.count;
}

/* [{"object": "D +14155550100", "reason": "..."}, ...], the newest FEED_REJECTS_SHOWN. Freed by the
 * caller with free(); NULL without memory. */
char *feed_rejects_json(const struct feed_rejects *rejects);

#endif
