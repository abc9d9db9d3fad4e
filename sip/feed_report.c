/* What the feed tells others: PostgreSQL in the worker's row, and the health page. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/log.h"
#include "db/worker.h"
#include "sip/feed_private.h"

enum { RIVAL_MS = 5000 };

static struct log_kind rival_seen = LOG_KIND("worker_name", LOG_LEVEL_ERROR);

static void counts_json(const struct cfg_counts *c, char *out, size_t size)
{
	snprintf(out, size,
		"{\"accounts\": %zu, \"trunks\": %zu, \"sip_accounts\": %zu, \"dids\": %zu, "
		"\"dial_plans\": %zu, \"gateways\": %zu, \"bytes\": %zu}",
		c->accounts, c->trunks, c->sip_accounts, c->dids, c->dial_plans, c->gateways,
		c->bytes);
}

int feed_report(struct feed *f, bool changed)
{
	int64_t now_ms = clock_ms();
	char counts[256];
	char *rejects = feed_rejects_json(&f->rejects);
	struct db_worker w = {.name = f->worker,
		.instance = f->instance,
		.version = TRUNKGUARD_VERSION,
		.uptime_ms = now_ms - f->started_ms,
		.applied = &f->applied,
		.changed = changed,
		.applied_age_ms = now_ms - f->applied_ms,
		.counts = counts,
		.rejects = rejects ? rejects : "[]"};
	bool rival = false;
	int err;

	/* Only this thread writes them. */
	counts_json(&f->health.counts, counts, sizeof(counts));
	err = db_worker_report(f->db, &w, &rival);
	free(rejects);
	if (!err)
		f->reported_ms = now_ms;
	/* At first it is most likely our own former process, killed a moment ago. */
	if (rival && w.uptime_ms > RIVAL_MS)
		log_limited(&rival_seen,
			"another worker reports under the name %s: give each its own "
			"TRUNKGUARD_WORKER_NAME",
			f->worker);
	return err;
}

void feed_health_confirm(struct feed *f, enum feed_source source, int64_t age_ms)
{
	int64_t now_ms = clock_ms();

	pthread_mutex_lock(&f->health_lock);
	f->health.source = source;
	f->confirmed_ms = now_ms - age_ms;
	f->confirmed = true;
	if (source == FEED_DATABASE)
		f->health.connected = true;
	pthread_mutex_unlock(&f->health_lock);
}

void feed_health_applied(struct feed *f, const struct feed_batch *batch, bool full)
{
	pthread_mutex_lock(&f->health_lock);
	f->health.counts = batch->counts;
	f->health.full_loads += full;
	f->health.changes += batch->count - batch->refused;
	snprintf(f->health.revision, sizeof(f->health.revision), "%s", batch->revision);
	pthread_mutex_unlock(&f->health_lock);
}

void feed_health_database(struct feed *f, bool connected, const char *why)
{
	pthread_mutex_lock(&f->health_lock);
	f->health.connected = connected;
	snprintf(f->health.why, sizeof(f->health.why), "%s", why);
	pthread_mutex_unlock(&f->health_lock);
}

void feed_health_disk(struct feed *f, const char *why)
{
	pthread_mutex_lock(&f->health_lock);
	snprintf(f->health.disk_why, sizeof(f->health.disk_why), "%s", why);
	pthread_mutex_unlock(&f->health_lock);
}

void feed_health_rejects(struct feed *f)
{
	const struct feed_reject *newest = f->rejects.newest;

	pthread_mutex_lock(&f->health_lock);
	f->health.rejected = feed_rejects_count(&f->rejects);
	snprintf(f->health.reject_name, sizeof(f->health.reject_name), "%s",
		newest ? newest->name : "");
	snprintf(f->health.reject_reason, sizeof(f->health.reject_reason), "%s",
		newest ? newest->reason : "");
	pthread_mutex_unlock(&f->health_lock);
}
