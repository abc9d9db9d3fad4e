#include "sip/feed_batch.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"

struct feed_batch *feed_batch_new(void)
{
	return mem_zalloc(1, sizeof(struct feed_batch));
}

void feed_batch_free(struct feed_batch *batch)
{
	if (!batch)
		return;
	for (size_t i = batch->applied; i < batch->count; i++)
		cfg_change_free(batch->record[i].change);
	if (batch->cfg)
		cfg_free(batch->cfg);
	mem_free(batch->record);
	mem_free(batch->text);
	mem_free(batch);
}

static int grow(void **p, size_t *size, size_t wanted, size_t element)
{
	size_t n = *size ? *size : 64;
	void *bigger;

	if (wanted <= *size)
		return 0;
	while (n < wanted)
		n *= 2;
	bigger = mem_realloc(*p, n * element);
	if (!bigger)
		return ENOMEM;
	*p = bigger;
	*size = n;
	return 0;
}

static void note_reason(struct feed_batch *batch, size_t record, const struct cfg_reject *reject)
{
	batch->record[record].refused = true;
	if (batch->refused < FEED_REASONS) {
		batch->reason[batch->refused].record = record;
		batch->reason[batch->refused].reject = *reject;
	}
	batch->refused++;
}

int feed_batch_add(struct feed_batch *batch, const char *line, size_t len)
{
	struct cfg_reject reject = {""};
	struct cfg_change *change = NULL;
	struct feed_record *r;
	int err = grow((void **)&batch->text, &batch->text_size, batch->text_len + len, 1);

	if (!err)
		err = grow((void **)&batch->record, &batch->size, batch->count + 1, sizeof(*r));
	if (err)
		return err;
	err = cfg_change_parse(line, len, &change, &reject);
	if (err == ENOMEM)
		return err;
	r = &batch->record[batch->count];
	*r = (struct feed_record){.change = err ? NULL : change,
		.at = batch->text_len,
		.len = len,
		.malformed = err != 0};
	if (len)
		memcpy(batch->text + batch->text_len, line, len);
	batch->text_len += len;
	if (err)
		note_reason(batch, batch->count, &reject);
	batch->count++;
	return 0;
}

bool feed_batch_apply(struct feed_batch *batch, struct cfg **cfg)
{
	size_t end = batch->applied + FEED_SLICE;

	if (batch->cfg) {
		struct cfg *old = *cfg;

		*cfg = batch->cfg;
		batch->cfg = old;
	}
	for (; batch->applied < batch->count && batch->applied < end; batch->applied++) {
		struct feed_record *r = &batch->record[batch->applied];
		struct cfg_reject reject = {""};

		int err = r->change ? cfg_change_apply(*cfg, r->change, &reject) : 0;

		r->change = NULL;
		if (err)
			note_reason(batch, batch->applied, &reject);
		if (err == ENOMEM)
			batch->starved = true;
	}
	if (batch->applied < batch->count)
		return false;
	cfg_count(*cfg, &batch->counts);
	return true;
}

const char *feed_batch_reason(const struct feed_batch *batch, size_t record)
{
	for (size_t i = 0; i < batch->refused && i < FEED_REASONS; i++)
		if (batch->reason[i].record == record)
			return batch->reason[i].reject.reason;
	return "one of many refused at once";
}
