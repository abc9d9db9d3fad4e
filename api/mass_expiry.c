#include "api/mass_expiry.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/app.h"
#include "core/clock.h"
#include "core/log.h"
#include "db/fire_drill.h"
#include "db/idempotency.h"
#include "db/mass.h"

enum { POLL_MS = 1000, STEP_MS = 50, FORGET_MS = 3600000 };

struct mass_expiry {
	struct app *app;
	pthread_t thread;
	atomic_bool stop;
};

static struct log_kind failed = LOG_KIND("mass_operation", LOG_LEVEL_WARN);

/* All that are due. */
static int revert_due(struct mass_expiry *e, struct db *db)
{
	bool found = true;
	int err = 0;

	while (found && err == 0 && !e->stop)
		err = mass_expire(db, &found);
	return err;
}

/* Fire drills that are due, of all accounts. */
static int begin_drills(struct mass_expiry *e, struct db *db)
{
	bool found = true;
	int err = 0;

	while (found && err == 0 && !e->stop)
		err = fire_drill_schedule(db, &found);
	return err;
}

static void turn(struct mass_expiry *e, int64_t *forget_ms)
{
	struct db_error why = {0};
	struct db *db;
	int err = db_pool_get(e->app->mass_pool, 0, &db, &why);

	/* Both connections in use: it is the next turn's then. */
	if (err) {
		if (err != EAGAIN)
			log_limited(&failed, "expiry waits: %s", why.message);
		return;
	}
	err = revert_due(e, db);
	if (!err)
		err = begin_drills(e, db);
	if (!err && clock_ms() >= *forget_ms) {
		err = mass_forget(db);
		if (!err)
			err = fire_drill_forget(db);
		if (!err)
			err = idempotency_forget(db);
		*forget_ms = clock_ms() + FORGET_MS;
	}
	if (err)
		log_limited(&failed, "an expired operation is not reverted yet: %s",
			db_error(db)->message[0] ? db_error(db)->message : strerror(err));
	db_pool_put(e->app->mass_pool, db);
}

static void *run(void *arg)
{
	struct mass_expiry *e = arg;
	int64_t forget_ms = 0;

	while (!e->stop) {
		if (e->app->migrated)
			turn(e, &forget_ms);
		for (int i = 0; i < POLL_MS / STEP_MS && !e->stop; i++)
			usleep(STEP_MS * 1000);
	}
	return NULL;
}

int mass_expiry_start(struct mass_expiry **expiry, struct app *app)
{
	struct mass_expiry *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return ENOMEM;
	e->app = app;
	err = pthread_create(&e->thread, NULL, run, e);
	if (err) {
		free(e);
		return err;
	}
	*expiry = e;
	return 0;
}

void mass_expiry_stop(struct mass_expiry *expiry)
{
	if (!expiry)
		return;
	expiry->stop = true;
	pthread_join(expiry->thread, NULL);
	free(expiry);
}
