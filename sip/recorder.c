/* The recorder thread: takes what the SIP thread left in the queue, in its order, and writes it to files, at
 * once, so that a kill of the process loses nothing that was left a moment before. One sync covers all
 * that was written since the last one. The uploader brings it to PostgreSQL from there. */
#include "sip/recorder.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "core/clock.h"
#include "core/json_out.h"
#include "core/log.h"
#include "core/mem.h"
#include "sip/mirror.h"
#include "sip/queue.h"
#include "sip/record_json.h"
#include "sip/recorded.h"
#include "sip/recorder_item.h"
#include "sip/spool.h"
#include "sip/uploader.h"

enum {
	QUEUE_MAX = 65536,
	MEMORY_MAX = 64 << 20,
	PACE_MS = 20, /* between syncs: what comes meanwhile shares the next one */
	NAP_MS = 2, /* between writes */
	IDLE_MS = 1000, /* a sync that failed is tried again */
	PATH_SIZE = 4096,
};

struct recorder {
	pthread_t thread;
	struct queue queue;
	atomic_bool stop;
	struct journal *journal;
	struct spool *spool;
	struct mirror *mirror;
	struct uploader *uploader;
	struct json_out json;
	struct queue_node *held, **held_last; /* deletes that wait for a sync of records */
	bool records_unsynced;
	_Atomic uint64_t records, lost;
	atomic_int journal_error;
	int last_error; /* what the log was told of */
	uint64_t entries_lost; /* as of the last sync */
	atomic_bool ask_again;
};

static struct log_kind not_recorded = LOG_KIND("not_recorded", LOG_LEVEL_ERROR);

/* The thread. */

/* The text of what was just written; NULL without memory. */
static const char *json_text(struct recorder *r, size_t *len)
{
	const char *text;

	return json_out_text(&r->json, &text, len) ? NULL : text;
}

static void do_entry(struct recorder *r, const struct recorder_item *item)
{
	const char *key = item->text;
	int err;

	if (item->kind == ITEM_DELETE)
		err = journal_delete(r->journal, item->entry.kind, key, item->entry.key_len);
	else
		err = journal_put(r->journal, item->entry.kind, key, item->entry.key_len,
			key + item->entry.key_len, item->entry.value_len);
	if (err)
		log_limited(&not_recorded, "a journal entry of kind %u: %s", item->entry.kind,
			strerror(err));
}

static void do_cdr(struct recorder *r, const struct cdr *cdr)
{
	const char *text;
	size_t len;

	json_out_reset(&r->json);
	cdr_json(&r->json, cdr);
	text = json_text(r, &len);
	if (!text || spool_put(r->spool, text, len)) {
		if (!text)
			atomic_fetch_add(&r->lost, 1);
		return;
	}
	r->records_unsynced = true;
	atomic_fetch_add(&r->records, 1);
}

static void do_event(struct recorder *r, const struct worker_event *event)
{
	const char *text;
	size_t len;

	event_json(&r->json, event);
	text = json_text(r, &len);
	if (!text)
		atomic_fetch_add(&r->lost, 1);
	else
		(void)spool_put(r->spool, text, len);
}

static size_t binding_key(const struct observed_binding *b, char *key, size_t size)
{
	size_t len = b->contact ? strlen(b->contact) : 0;

	if (len > size - sizeof(b->sip_account_id))
		len = size - sizeof(b->sip_account_id);
	memcpy(key, &b->sip_account_id, sizeof(b->sip_account_id));
	if (len)
		memcpy(key + sizeof(b->sip_account_id), b->contact, len);
	return sizeof(b->sip_account_id) + len;
}

static int do_binding(struct recorder *r, const struct recorder_item *item)
{
	const struct observed_binding *b = &item->binding;
	char key[1024];
	size_t key_len = binding_key(b, key, sizeof(key)), len;
	const char *text;

	binding_json(&r->json, b);
	text = json_text(r, &len);
	if (!text)
		return ENOMEM;
	if (item->kind == ITEM_BINDING_GONE)
		return mirror_forget(r->mirror, DB_OBSERVED_BINDING, key, key_len, text);
	/* A refresh matters as much as a new one: it moves the expiry. */
	return mirror_set(r->mirror, DB_OBSERVED_BINDING, key, key_len, text, text, false);
}

static int do_health(struct recorder *r, const struct observed_health *h)
{
	char key[512], facts[128];
	const char *text;
	size_t len;
	int n = snprintf(
		key, sizeof(key), "%s %s", h->kind ? h->kind : "", h->target ? h->target : "");

	if (n >= (int)sizeof(key))
		return ENAMETOOLONG;
	health_json(&r->json, h);
	text = json_text(r, &len);
	if (!text)
		return ENOMEM;
	if (!h->state)
		return mirror_forget(r->mirror, DB_OBSERVED_HEALTH, key, (size_t)n, text);
	snprintf(facts, sizeof(facts), "%s %u", h->state, h->status);
	return mirror_set(r->mirror, DB_OBSERVED_HEALTH, key, (size_t)n, facts, text, false);
}

static int do_registration(struct recorder *r, const struct observed_registration *g)
{
	const char *text;
	size_t len;

	registration_json(&r->json, g);
	text = json_text(r, &len);
	if (!text)
		return ENOMEM;
	if (!g->state)
		return mirror_forget(r->mirror, DB_OBSERVED_GATEWAY_REGISTRATION, &g->gateway_id,
			sizeof(g->gateway_id), text);
	/* A refresh matters as much as a change: it moves the expiry. */
	return mirror_set(r->mirror, DB_OBSERVED_GATEWAY_REGISTRATION, &g->gateway_id,
		sizeof(g->gateway_id), text, text, false);
}

static int do_calls(struct recorder *r, const struct uuid *trunk_id, uint32_t calls_up)
{
	const char *text;
	size_t len;

	calls_json(&r->json, trunk_id, calls_up);
	text = json_text(r, &len);
	return text ? mirror_set(r->mirror, DB_OBSERVED_CALLS, trunk_id, sizeof(*trunk_id), text,
			      text, false)
		    : ENOMEM;
}

static int do_call(struct recorder *r, const struct recorder_item *item)
{
	const struct observed_call *c = &item->call;
	char facts[32];
	const char *text;
	size_t len;

	call_json(&r->json, c);
	text = json_text(r, &len);
	if (!text)
		return ENOMEM;
	if (item->kind == ITEM_CALL_GONE)
		return mirror_forget(r->mirror, DB_OBSERVED_CALL, &c->id, sizeof(c->id), text);
	snprintf(facts, sizeof(facts), "%u %d", c->attempt_position, c->answered_ms != 0);
	return mirror_set(r->mirror, DB_OBSERVED_CALL, &c->id, sizeof(c->id), facts, text, c->told);
}

static void do_item(struct recorder *r, const struct recorder_item *item)
{
	int err = 0;

	json_out_reset(&r->json);
	switch (item->kind) {
	case ITEM_PUT:
	case ITEM_DELETE:
		do_entry(r, item);
		break;
	case ITEM_CDR:
		do_cdr(r, &item->cdr);
		break;
	case ITEM_EVENT:
		do_event(r, &item->event);
		break;
	case ITEM_BINDING:
	case ITEM_BINDING_GONE:
		err = do_binding(r, item);
		break;
	case ITEM_HEALTH:
		err = do_health(r, &item->health);
		break;
	case ITEM_REGISTRATION:
		err = do_registration(r, &item->registration);
		break;
	case ITEM_CALLS:
		err = do_calls(r, &item->calls.trunk_id, item->calls.calls_up);
		break;
	case ITEM_CALL:
	case ITEM_CALL_GONE:
		err = do_call(r, item);
		break;
	}
	if (err)
		log_limited(&not_recorded, "observed state: %s", strerror(err));
}

/* A call's record must be on disk before its journal entry is gone: while records are not synced, deletes
 * are held back, but not longer than one turn of a disk that refuses. */
static void release_held(struct recorder *r)
{
	struct queue_node *node = r->held;

	r->held = NULL;
	r->held_last = &r->held;
	while (node) {
		struct recorder_item *item = (struct recorder_item *)(void *)node;

		node = node->next;
		do_entry(r, item);
		mem_free(item);
	}
}

static bool is_held(const struct recorder *r, const struct recorder_item *put)
{
	for (const struct queue_node *node = r->held; node; node = node->next) {
		const struct recorder_item *item = (const struct recorder_item *)(const void *)node;

		if (item->entry.kind == put->entry.kind &&
			item->entry.key_len == put->entry.key_len &&
			!memcmp(item->text, put->text, put->entry.key_len))
			return true;
	}
	return false;
}

/* True: the item is kept for later. */
static bool hold_back(struct recorder *r, struct recorder_item *item)
{
	if (item->kind == ITEM_PUT && is_held(r, item))
		release_held(r);
	if (item->kind != ITEM_DELETE || !r->records_unsynced)
		return false;
	item->node.next = NULL;
	*r->held_last = &item->node;
	r->held_last = &item->node.next;
	return true;
}

static void flush_disk(struct recorder *r)
{
	int64_t now_ms = clock_ms();

	/* Errors show again at the sync, which deals with them. */
	(void)!spool_flush(r->spool, now_ms);
	(void)!journal_flush(r->journal, now_ms);
}

static void look_for_lost(struct recorder *r)
{
	struct journal_stats stats;

	journal_stat(r->journal, &stats);
	if (stats.lost != r->entries_lost)
		atomic_store(&r->ask_again, true);
	r->entries_lost = stats.lost;
}

static void sync_disk(struct recorder *r)
{
	int64_t now_ms = clock_ms();
	int err = spool_sync(r->spool, now_ms);
	int journal_err;

	r->records_unsynced = false;
	release_held(r);
	journal_err = journal_sync(r->journal, now_ms);
	look_for_lost(r);
	atomic_store(&r->journal_error, journal_err);
	if (!err)
		err = journal_err;
	if (err && err != r->last_error)
		log_error("recorder", "what the worker records does not reach the disk: %s",
			strerror(err));
	else if (!err && r->last_error)
		log_info("recorder", "what the worker records reaches the disk again");
	r->last_error = err;
}

static bool take_all(struct recorder *r)
{
	struct queue_node *node = queue_take(&r->queue);
	bool any = node != NULL;

	while (node) {
		struct recorder_item *item = (struct recorder_item *)(void *)node;

		node = node->next;
		if (hold_back(r, item))
			continue;
		do_item(r, item);
		mem_free(item);
	}
	return any;
}

static void pause_ms(int ms)
{
	struct timespec t = {0, ms * 1000000L};

	nanosleep(&t, NULL);
}

static void *recorder_main(void *arg)
{
	struct recorder *r = arg;
	bool stop = false, unsynced = false;
	int64_t synced_ms = 0;

	while (!stop) {
		bool any;

		queue_wait(&r->queue, unsynced ? PACE_MS : IDLE_MS);
		stop = atomic_load(&r->stop);
		any = take_all(r);
		unsynced |= any;
		if ((unsynced || r->last_error) && (stop || clock_ms() - synced_ms >= PACE_MS)) {
			sync_disk(r);
			unsynced = false;
			synced_ms = clock_ms();
			uploader_wake(r->uploader);
		} else if (any) {
			flush_disk(r);
		}
		if (any && !stop)
			pause_ms(NAP_MS);
	}
	return NULL;
}

/* Starting and stopping. */

static void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	uploader_stop(r->uploader);
	journal_close(r->journal);
	spool_close(r->spool);
	mirror_free(r->mirror);
	for (struct queue_node *node = queue_take(&r->queue), *next; node; node = next) {
		next = node->next;
		mem_free(node);
	}
	queue_fini(&r->queue);
	json_out_fini(&r->json);
	mem_free(r);
}

static int path_in(char path[PATH_SIZE], const char *dir, const char *name)
{
	return snprintf(path, PATH_SIZE, "%s/%s", dir, name) < PATH_SIZE ? 0 : ENAMETOOLONG;
}

static int open_files(struct recorder *r, const struct recorder_config *config)
{
	char path[PATH_SIZE];
	int err = path_in(path, config->data_dir, "journal");

	if (!err)
		err = journal_open(&r->journal, path, config->resting);
	if (!err)
		err = path_in(path, config->data_dir, "spool");
	if (!err)
		err = spool_open(
			&r->spool, path, config->memory_max ? config->memory_max : MEMORY_MAX);
	return err;
}

static int start_threads(struct recorder *r, const struct recorder_config *config)
{
	char path[PATH_SIZE];
	struct uploader_config uploader = {
		.url = config->url, .worker = config->worker, .refused_path = path};
	int err = path_in(path, config->data_dir, "spool/refused");

	if (!err)
		err = uploader_start(&r->uploader, &uploader, r->spool, r->mirror);
	if (!err)
		err = pthread_create(&r->thread, NULL, recorder_main, r);
	return err;
}

int recorder_start(struct recorder **recorder, const struct recorder_config *config,
	journal_load_h *h, void *arg)
{
	struct recorder *r = mem_zalloc(1, sizeof(*r));
	int err;

	if (!r)
		return ENOMEM;
	json_out_init(&r->json);
	r->held_last = &r->held;
	err = queue_init(&r->queue, config->queue_max ? config->queue_max : QUEUE_MAX);
	if (err) {
		mem_free(r);
		return err;
	}
	err = mirror_new(&r->mirror);
	if (!err)
		err = open_files(r, config);
	if (!err)
		err = recorded_drop(r->journal, r->spool);
	if (!err) {
		journal_each(r->journal, h, arg);
		err = start_threads(r, config);
	}
	if (err) {
		recorder_free(r);
		return err;
	}
	*recorder = r;
	return 0;
}

void recorder_stop(struct recorder *r)
{
	if (!r)
		return;
	atomic_store(&r->stop, true);
	(void)eventfd_write(queue_fd(&r->queue), 1);
	pthread_join(r->thread, NULL);
	recorder_free(r);
}

/* The SIP thread's side. */

static int push(struct recorder *r, struct recorder_item *item)
{
	int err = item ? queue_push(&r->queue, &item->node) : ENOMEM;

	if (err) {
		atomic_fetch_add(&r->lost, 1);
		mem_free(item);
		log_limited(&not_recorded, "the recorder cannot keep up: %s", strerror(err));
	}
	return err;
}

int recorder_put(struct recorder *r, uint8_t kind, const void *key, size_t key_len,
	const void *value, size_t value_len)
{
	return push(r, recorder_item_entry(ITEM_PUT, kind, key, key_len, value, value_len));
}

int recorder_delete(struct recorder *r, uint8_t kind, const void *key, size_t key_len)
{
	return push(r, recorder_item_entry(ITEM_DELETE, kind, key, key_len, NULL, 0));
}

int recorder_cdr(struct recorder *r, const struct cdr *cdr)
{
	return push(r, recorder_item_cdr(cdr));
}

int recorder_event(struct recorder *r, const struct worker_event *event)
{
	return push(r, recorder_item_event(event));
}

int recorder_binding(struct recorder *r, const struct observed_binding *binding)
{
	return push(r, recorder_item_binding(ITEM_BINDING, binding));
}

int recorder_binding_gone(
	struct recorder *r, const struct uuid *sip_account_id, const char *contact)
{
	struct observed_binding b = {.sip_account_id = *sip_account_id, .contact = contact};

	return push(r, recorder_item_binding(ITEM_BINDING_GONE, &b));
}

int recorder_health(struct recorder *r, const struct observed_health *health)
{
	return push(r, recorder_item_health(health));
}

int recorder_registration(struct recorder *r, const struct observed_registration *registration)
{
	return push(r, recorder_item_registration(registration));
}

int recorder_trunk_calls(struct recorder *r, const struct uuid *trunk_id, uint32_t calls_up)
{
	return push(r, recorder_item_calls(trunk_id, calls_up));
}

int recorder_call(struct recorder *r, const struct observed_call *call)
{
	return push(r, recorder_item_call(ITEM_CALL, call));
}

int recorder_call_gone(struct recorder *r, const struct uuid *id)
{
	struct observed_call c = {.id = *id};

	return push(r, recorder_item_call(ITEM_CALL_GONE, &c));
}

bool recorder_entries_lost(struct recorder *r)
{
	return atomic_exchange(&r->ask_again, false);
}

bool recorder_calls_lost(struct recorder *r)
{
	return mirror_calls_lost(r->mirror);
}

void recorder_stats(struct recorder *r, struct recorder_stats *stats)
{
	struct spool_stats spool;
	struct uploader_stats uploader;

	spool_stat(r->spool, &spool);
	uploader_stat(r->uploader, &uploader);
	stats->records = atomic_load(&r->records);
	stats->uploaded = uploader.uploaded;
	stats->waiting = spool.waiting;
	stats->lost = atomic_load(&r->lost) + spool.lost;
	stats->refused = uploader.refused;
	stats->connected = uploader.connected;
	stats->disk_error = spool.error ? spool.error : atomic_load(&r->journal_error);
}
