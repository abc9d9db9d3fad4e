/* What the feed thread hands to the SIP thread and gets back: parsed changes, or a whole new
 * configuration. */
#ifndef TRUNKGUARD_SIP_FEED_BATCH_H
#define TRUNKGUARD_SIP_FEED_BATCH_H

#include "core/cfg_record.h"
#include "db/revision.h"

enum {
	FEED_SLICE = 4096, /* changes applied in one turn of the SIP thread: a few milliseconds */
	FEED_REASONS = 64,
};

struct feed_record {
	struct cfg_change *change; /* NULL once applied */
	size_t at, len; /* of its line in the batch's text */
	bool refused;
	bool malformed; /* refused by the parser already */
};

struct feed_batch {
	struct cfg *cfg; /* full: the new one, and when it comes back the old one; else NULL */
	struct feed_record *record;
	size_t count, size, applied;
	char *text;
	size_t text_len, text_size;
	/* Why the first few were refused, the index of the record with it. */
	struct {
		size_t record;
		struct cfg_reject reject;
	} reason[FEED_REASONS];
	size_t refused;
	bool starved; /* something found no memory: read all again later */
	struct cfg_counts counts; /* after it was applied */
	char revision[REVISION_SIZE];
};

struct feed_batch *feed_batch_new(void);
/* With everything in it, the configuration too. NULL is fine. */
void feed_batch_free(struct feed_batch *batch);

/* Parses a line and takes both. A record that is malformed is taken as refused. ENOMEM. */
int feed_batch_add(struct feed_batch *batch, const char *line, size_t len);
/* Applies up to FEED_SLICE changes, or swaps the configurations. True when it is through. */
bool feed_batch_apply(struct feed_batch *batch, struct cfg **cfg);
/* Why the record was refused. */
const char *feed_batch_reason(const struct feed_batch *batch, size_t record);

#endif
