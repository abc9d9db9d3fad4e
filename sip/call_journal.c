#include "sip/call_journal.h"

#include <errno.h>
#include <stdlib.h>

#include "sip/call_record.h"
#include "sip/loop.h"
#include "sip/mask.h"
#include "sip/net.h"
#include "sip/observed.h"
#include "sip/recorder.h"
#include "sip/watch.h"
#include "sip/worker.h"

enum { CALL_JOURNAL_VERSION = 4, CALL_TEXTS = 17, CALL_TEXT_NAMES = 14, CALL_TEXT_CALLED = 16 };

/* The fixed part; the texts follow, each with its NUL, then the record. All on one machine, so
 * the layout is the compiler's; size and version tell a record of another build. */
struct call_image {
	uint32_t version, size;
	struct uuid account_id, trunk_id;
	uint8_t direction;
	struct call_origin origin;
	int32_t cseq_add;
	e164_t did;
	int64_t started_wall_ms, answered_wall_ms;
	int64_t session_wall_ms; /* 0: no session timer */
	uint32_t max_call_seconds;
	uint32_t cseq[LEG_COUNT];
	struct flow flow[LEG_COUNT];
	bool bound[LEG_COUNT];
	e164_t failover_leg; /* 0: none */
	bool holds_slot;
	struct uuid slot; /* its trunk */
	uint32_t record_size;
};

/* All texts of a call in the order in which they are written. */
static void texts_of(const struct call *call, const char *text[CALL_TEXTS])
{
	unsigned n = 0;

	text[n++] = call->call_id;
	text[n++] = call->caller ? call->caller : "";
	for (int i = 0; i < LEG_COUNT; i++) {
		text[n++] = call->leg[i].tag;
		text[n++] = call->leg[i].address;
		text[n++] = call->leg[i].contact;
		text[n++] = call->leg[i].route;
	}
	text[n++] = call->mask && call->mask->from_in ? call->mask->from_in : "";
	text[n++] = call->mask && call->mask->from_out ? call->mask->from_out : "";
	text[n++] = call->mask && call->mask->to_in ? call->mask->to_in : "";
	text[n++] = call->mask && call->mask->to_out ? call->mask->to_out : "";
	for (int i = 0; i < LEG_COUNT; i++)
		text[n++] = net_name(call->w->net, &call->leg[i].flow);
	text[n] = call->called ? call->called : "";
}

static void image_of(const struct call *call, struct call_image *image)
{
	int64_t now = loop_now(call->w->loop), wall = loop_wall_ms(call->w->loop);

	memset(image, 0, sizeof(*image));
	image->version = CALL_JOURNAL_VERSION;
	image->size = sizeof(*image);
	image->account_id = call->account_id;
	image->trunk_id = call->trunk_id;
	image->direction = call->direction;
	image->origin = call->origin;
	image->cseq_add = call->mask ? call->mask->cseq_add : 0;
	image->did = call->did;
	image->started_wall_ms = call->started_wall_ms;
	image->answered_wall_ms = call->answered_wall_ms;
	if (call->session_at != INT64_MAX)
		image->session_wall_ms = wall + (call->session_at - now);
	image->max_call_seconds = call->max_call_seconds;
	image->failover_leg = call->failover_leg;
	/* An answered call is with one trunk at most. */
	image->holds_slot = call->slots > 0;
	if (image->holds_slot)
		image->slot = call->slot;
	image->record_size = call->record ? call->record->size : 0;
	for (int i = 0; i < LEG_COUNT; i++) {
		image->cseq[i] = call->leg[i].cseq;
		image->flow[i] = call->leg[i].flow;
		image->bound[i] = call->leg[i].bound;
	}
}

void call_journal_put(const struct call *call)
{
	const char *text[CALL_TEXTS];
	struct call_image image;
	char *value, *at;
	size_t size;

	texts_of(call, text);
	image_of(call, &image);
	size = sizeof(image) + image.record_size;
	for (unsigned i = 0; i < CALL_TEXTS; i++)
		size += strlen(text[i]) + 1;
	value = size <= JOURNAL_VALUE_MAX ? malloc(size) : NULL;
	if (!value)
		return;
	memcpy(value, &image, sizeof(image));
	at = value + sizeof(image);
	for (unsigned i = 0; i < CALL_TEXTS; i++) {
		size_t n = strlen(text[i]) + 1;
		memcpy(at, text[i], n);
		at += n;
	}
	if (call->record)
		memcpy(at, call->record, image.record_size);
	/* A full queue costs this call its life across a restart, not now. */
	(void)recorder_put(
		call->w->recorder, JOURNAL_CALL, call->id.b, sizeof(call->id.b), value, size);
	free(value);
}

void call_journal_delete(const struct call *call)
{
	(void)recorder_delete(call->w->recorder, JOURNAL_CALL, call->id.b, sizeof(call->id.b));
}

static int read_texts(const char *at, size_t len, const char *text[CALL_TEXTS], size_t *used)
{
	const char *end = at + len, *start = at;

	for (unsigned i = 0; i < CALL_TEXTS; i++) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		if (!nul)
			return EBADMSG;
		text[i] = at;
		at = nul + 1;
	}
	*used = (size_t)(at - start);
	return 0;
}

static int restore_mask(struct call *call, const char *const text[CALL_TEXTS], int32_t cseq_add)
{
	const char *from_in = text[10], *from_out = text[11], *to_in = text[12], *to_out = text[13];
	struct sip_msg m = {.from.all = str_of(from_in), .to.all = str_of(to_in)};

	if (!*from_out && !*to_out && !cseq_add)
		return 0;
	return mask_new(&call->mask, &m, str_of(from_out), str_of(to_out), cseq_add);
}

static int restore_legs(
	struct call *call, const struct call_image *image, const char *const text[CALL_TEXTS])
{
	for (int i = 0; i < LEG_COUNT; i++) {
		const char *const *t = text + 2 + 4 * i;
		struct leg *leg = &call->leg[i];
		if (leg_set(leg, str_of(t[0]), str_of(t[1]), str_of(t[2]), str_of(t[3])))
			return ENOMEM;
		leg->cseq = image->cseq[i];
		leg->flow = image->flow[i];
		leg->flow.conn = 0; /* connections died with the process */
		net_set_name(call->w->net, &leg->flow, str_of(text[CALL_TEXT_NAMES + i]));
		leg->bound = image->bound[i];
	}
	return 0;
}

static int restore_rest(struct call *call, const struct call_image *image,
	const char *const text[CALL_TEXTS], const void *record)
{
	int64_t now = loop_now(call->w->loop), wall = loop_wall_ms(call->w->loop);

	call->account_id = image->account_id;
	call->trunk_id = image->trunk_id;
	call->direction = image->direction;
	call->origin = image->origin;
	call->origin.holds_slot = false;
	call->did = image->did;
	call->max_call_seconds = image->max_call_seconds;
	call->started_wall_ms = image->started_wall_ms;
	call->answered_wall_ms = image->answered_wall_ms;
	call->started_ms = now - (wall - image->started_wall_ms);
	call->answered_ms = now - (wall - image->answered_wall_ms);
	call->caller = strdup(text[1]);
	call->called = *text[CALL_TEXT_CALLED] ? strdup(text[CALL_TEXT_CALLED]) : NULL;
	call->record = malloc(image->record_size);
	if (!call->caller || !call->record || (*text[CALL_TEXT_CALLED] && !call->called))
		return ENOMEM;
	memcpy(call->record, record, image->record_size);
	return restore_mask(call, text, image->cseq_add);
}

/* Seconds of a timer that went on while the process was away. */
static uint32_t seconds_left(int64_t until_wall_ms, int64_t wall_ms)
{
	return until_wall_ms > wall_ms ? (uint32_t)((until_wall_ms - wall_ms) / 1000) + 1 : 1;
}

static void resume(struct call *call, const struct call_image *image)
{
	int64_t wall = loop_wall_ms(call->w->loop);

	/* The call is up, whatever the limit is by now. */
	if (image->holds_slot)
		(void)call_take_slot(call, &image->slot, UINT32_MAX);
	failover_leg_restore(call, image->failover_leg);
	if (image->origin.holds_slot)
		call_take_caller_slot(call);
	watch_start(call, image->session_wall_ms ? seconds_left(image->session_wall_ms, wall) : 0);
	if (call->max_call_seconds)
		watch_limit(call, seconds_left(call->answered_wall_ms +
						       (int64_t)call->max_call_seconds * 1000,
					  wall));
}

int call_journal_restore(
	struct worker *w, const void *key, size_t key_len, const void *value, size_t value_len)
{
	const char *text[CALL_TEXTS];
	struct call_image image;
	struct call *call;
	size_t used;
	int err;

	if (key_len != sizeof(call->id.b) || value_len < sizeof(image))
		return EBADMSG;
	memcpy(&image, value, sizeof(image));
	const char *at = (const char *)value + sizeof(image);
	if (image.version != CALL_JOURNAL_VERSION || image.size != sizeof(image) ||
		read_texts(at, value_len - sizeof(image), text, &used))
		return EBADMSG;
	/* Copied, because the journal promises no alignment. */
	struct call_record *record = malloc(image.record_size ? image.record_size : 1);
	if (!record)
		return ENOMEM;
	err = value_len - sizeof(image) - used == image.record_size ? 0 : EBADMSG;
	if (!err) {
		memcpy(record, at + used, image.record_size);
		err = call_record_valid(record, image.record_size) ? 0 : EBADMSG;
	}
	if (!err && call_find(w, str_of(text[0]), str_of(text[2])))
		err = EEXIST;
	if (!err)
		err = call_new(&call, w, str_of(text[0]), str_of(text[2]));
	if (!err) {
		memcpy(call->id.b, key, key_len);
		err = restore_legs(call, &image, text);
		if (!err)
			err = restore_rest(call, &image, text, record);
		if (err)
			call_free(call);
		else
			resume(call, &image);
	}
	free(record);
	return err;
}
