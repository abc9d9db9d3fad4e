#include "db/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "db/event.h"

enum { BACKOFF_FIRST_MS = 50, BACKOFF_MAX_MS = 1000 };

struct db_pool {
	pthread_mutex_t lock;
	pthread_cond_t given_back;
	char *url;
	struct db_options options;
	unsigned size, in_use, idle_count;
	struct db **idle; /* a stack: the warmest connection first */
	/* While away: who may try to connect, and from when. */
	bool away, trying;
	int backoff_ms;
	int64_t next_try_ms;
	struct db_error why_away;
};

int db_pool_new(
	struct db_pool **poolp, const char *url, unsigned size, const struct db_options *options)
{
	struct db_pool *pool = mem_zalloc(1, sizeof(*pool));
	pthread_condattr_t attr;

	*poolp = NULL;
	if (!pool)
		return ENOMEM;
	pool->idle = mem_zalloc(size, sizeof(struct db *));
	pool->url = strdup(url);
	if (!pool->idle || !pool->url) {
		mem_free(pool->idle);
		free(pool->url);
		mem_free(pool);
		return ENOMEM;
	}
	pool->size = size;
	if (options)
		pool->options = *options;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->given_back, &attr);
	pthread_condattr_destroy(&attr);
	*poolp = pool;
	return 0;
}

void db_pool_free(struct db_pool *pool)
{
	if (!pool)
		return;
	while (pool->idle_count)
		db_close(pool->idle[--pool->idle_count]);
	pthread_cond_destroy(&pool->given_back);
	pthread_mutex_destroy(&pool->lock);
	mem_free(pool->idle);
	free(pool->url);
	mem_free(pool);
}

/* A place among the in_use ones; EAGAIN when there is none in time. Called with the lock held. */
static int take_place(struct db_pool *pool, int wait_ms)
{
	int64_t deadline = clock_ms() + wait_ms;
	struct timespec until = {deadline / 1000, deadline % 1000 * 1000000};

	while (pool->in_use >= pool->size)
		if (pthread_cond_timedwait(&pool->given_back, &pool->lock, &until) == ETIMEDOUT &&
			pool->in_use >= pool->size)
			return EAGAIN;
	pool->in_use++;
	return 0;
}

static void release_place(struct db_pool *pool)
{
	pool->in_use--;
	pthread_cond_signal(&pool->given_back);
}

static void connected(struct db_pool *pool, int err, const struct db_error *why)
{
	pool->trying = false;
	if (!err) {
		if (pool->away)
			log_info("database", "PostgreSQL is back");
		pool->away = false;
		return;
	}
	if (!pool->away) {
		log_warn("database", "PostgreSQL is away: %s", why->message);
		pool->backoff_ms = BACKOFF_FIRST_MS;
	} else if (pool->backoff_ms * 2 <= BACKOFF_MAX_MS) {
		pool->backoff_ms *= 2;
	}
	pool->away = true;
	pool->why_away = *why;
	pool->next_try_ms = clock_ms() + pool->backoff_ms;
}

/* Called with the lock held, which is let go while connecting. */
static int connect_new(struct db_pool *pool, struct db **db, struct db_error *why)
{
	int err;

	if (pool->away && (pool->trying || clock_ms() < pool->next_try_ms)) {
		*why = pool->why_away;
		return ECONNRESET;
	}
	pool->trying = true;
	pthread_mutex_unlock(&pool->lock);
	err = db_open(db, pool->url, &pool->options, why);
	pthread_mutex_lock(&pool->lock);
	connected(pool, err, why);
	return err;
}

int db_pool_get(struct db_pool *pool, int wait_ms, struct db **db, struct db_error *whyp)
{
	struct db_error why = {0};
	int err;

	*db = NULL;
	pthread_mutex_lock(&pool->lock);
	err = take_place(pool, wait_ms);
	if (err) {
		pthread_mutex_unlock(&pool->lock);
		if (whyp)
			*whyp = why;
		return err;
	}
	/* After a restart of PostgreSQL every idle connection is dead: drop them, not one per request. */
	while (pool->idle_count) {
		*db = pool->idle[--pool->idle_count];
		if (db_alive(*db))
			break;
		db_close(*db);
		*db = NULL;
	}
	if (!*db)
		err = connect_new(pool, db, &why);
	if (err)
		release_place(pool);
	pthread_mutex_unlock(&pool->lock);
	if (whyp)
		*whyp = why;
	return err;
}

void db_pool_put(struct db_pool *pool, struct db *db)
{
	static const struct event_actor nobody;

	if (!db)
		return;
	db_enclosed_abort(db);
	event_actor_set(db, &nobody);
	if (db_broken(db)) {
		db_close(db);
		db = NULL;
	}
	pthread_mutex_lock(&pool->lock);
	if (db)
		pool->idle[pool->idle_count++] = db;
	release_place(pool);
	pthread_mutex_unlock(&pool->lock);
}

void db_pool_state(struct db_pool *pool, struct db_pool_state *state)
{
	pthread_mutex_lock(&pool->lock);
	state->size = pool->size;
	state->in_use = pool->in_use;
	state->idle = pool->idle_count;
	state->away = pool->away;
	pthread_mutex_unlock(&pool->lock);
}
