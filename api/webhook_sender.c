#include "api/webhook_sender.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/webhook_courier.h"
#include "core/clock.h"
#include "core/log.h"
#include "db/webhook.h"

/* Writes that come close together are settled together. What others write (workers, other processes) is
 * found by looking. */
enum { LOOK_MS = 500, GATHER_MS = 30, FORGET_MS = 3600000, SETTLE_LIMIT = 1000 };

struct webhook_sender {
	struct app *app;
	struct db_pool *pool; /* of one connection */
	struct webhook_courier *courier;
	pthread_t thread;
	atomic_bool stop, woken;
	int64_t look_ms, forget_ms; /* when to look into the database again, and to tidy up */
};

static struct log_kind failed = LOG_KIND("webhook", LOG_LEVEL_WARN);

static void complain(struct db *db, int err, const char *what)
{
	log_limited(&failed, "%s: %s", what,
		db_error(db)->message[0] ? db_error(db)->message : strerror(err));
}

static int settle(struct webhook_sender *s, struct db *db)
{
	int64_t count = SETTLE_LIMIT;
	int err = 0;

	while (!err && count >= SETTLE_LIMIT && !s->stop)
		err = event_settle(db, &count);
	return err;
}

/* A letter that cannot even be sent has failed like one that was. */
static int send_one(struct webhook_sender *s, struct db *db, const struct pg_result *jobs, int i)
{
	struct webhook_letter letter = {.delivery = db_text(jobs, i, WEBHOOK_JOB_ID),
		.attempt = db_int(jobs, i, WEBHOOK_JOB_ATTEMPT),
		.url = db_text(jobs, i, WEBHOOK_JOB_URL),
		.secret = db_text(jobs, i, WEBHOOK_JOB_SECRET),
		.previous = db_text(jobs, i, WEBHOOK_JOB_PREVIOUS),
		.id = db_text(jobs, i, WEBHOOK_JOB_EVENT),
		.body = db_text(jobs, i, WEBHOOK_JOB_BODY),
		.now_s = clock_wall_ms() / 1000};
	struct webhook_outcome outcome = {
		.attempt = letter.attempt, .error = "the event is not kept any more"};

	if (letter.body && webhook_courier_send(s->courier, &letter, &outcome.error) == 0)
		return 0;
	return webhook_note(db, letter.delivery, &outcome);
}

static int claim(struct webhook_sender *s, struct db *db)
{
	unsigned room = WEBHOOK_IN_FLIGHT - webhook_courier_in_flight(s->courier);
	struct pg_result *jobs;
	int err;

	if (room == 0)
		return 0;
	err = webhook_claim(db, room, &jobs);
	if (err)
		return err;
	for (int i = 0; i < db_rows(jobs) && !err; i++)
		err = send_one(s, db, jobs, i);
	db_clear(jobs);
	return err;
}

static struct db *connection(struct webhook_sender *s)
{
	struct db_error why = {0};
	struct db *db = NULL;
	int err = db_pool_get(s->pool, 0, &db, &why);

	if (err)
		log_limited(&failed, "events and webhooks wait: %s", why.message);
	return err ? NULL : db;
}

static void look(struct webhook_sender *s)
{
	struct db *db = connection(s);
	int err;

	s->look_ms = clock_ms() + LOOK_MS;
	if (!db)
		return;
	err = settle(s, db);
	if (!err)
		err = claim(s, db);
	if (!err && clock_ms() >= s->forget_ms) {
		err = webhook_forget(db);
		s->forget_ms = clock_ms() + FORGET_MS;
	}
	if (err)
		complain(db, err, "events are not settled yet");
	db_pool_put(s->pool, db);
}

/* What cannot be noted is sent again when its lease is over. */
static void on_receipt(const struct webhook_receipt *r, void *arg)
{
	struct webhook_outcome outcome = {
		r->attempt, r->status, r->error, r->duration_ms, r->retry_after_s};
	struct webhook_sender *s = arg;
	struct db *db = connection(s);
	int err;

	/* the next one of this webhook may be waiting */
	s->woken = true;
	if (!db)
		return;
	err = webhook_note(db, r->delivery, &outcome);
	if (err)
		complain(db, err, "what came of a delivery is not noted");
	db_pool_put(s->pool, db);
}

static void on_recall(const struct webhook_receipt *r, void *arg)
{
	struct webhook_sender *s = arg;
	struct db *db = connection(s);

	if (!db)
		return;
	(void)!webhook_release(db, r->delivery, r->attempt);
	db_pool_put(s->pool, db);
}

static void turn(struct webhook_sender *s)
{
	int64_t now = clock_ms(), left;

	if (atomic_exchange(&s->woken, false) && s->look_ms > now + GATHER_MS)
		s->look_ms = now + GATHER_MS;
	if (now >= s->look_ms && s->app->migrated)
		look(s);
	webhook_courier_collect(s->courier, on_receipt, s);
	left = s->look_ms - clock_ms();
	if (!s->stop && !s->woken)
		webhook_courier_wait(
			s->courier, left > LOOK_MS || left < 0 ? GATHER_MS : (int)left);
}

static void *run(void *arg)
{
	struct webhook_sender *s = arg;

	while (!s->stop)
		turn(s);
	webhook_courier_recall(s->courier, on_recall, s);
	return NULL;
}

static void sender_free(struct webhook_sender *s)
{
	webhook_courier_free(s->courier);
	if (s->pool)
		db_pool_free(s->pool);
	free(s);
}

int webhook_sender_start(struct webhook_sender **sender, struct app *app, const char *database_url)
{
	/* Losing the last moments in a crash means to do them again, which is all right. */
	static const struct db_options options = {
		.application_name = "trunkguard-api webhooks", .quiet = true, .async_commit = true};
	struct webhook_sender *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;
	s->app = app;
	err = webhook_courier_new(&s->courier, &app->private_targets);
	if (!err)
		err = db_pool_new(&s->pool, database_url, 1, &options);
	if (!err)
		err = pthread_create(&s->thread, NULL, run, s);
	if (err) {
		sender_free(s);
		return err;
	}
	*sender = s;
	return 0;
}

void webhook_sender_stop(struct webhook_sender *sender)
{
	if (!sender)
		return;
	sender->stop = true;
	webhook_courier_wake(sender->courier);
	pthread_join(sender->thread, NULL);
	sender_free(sender);
}

void webhook_sender_wake(struct webhook_sender *sender)
{
	if (sender && !atomic_exchange(&sender->woken, true))
		webhook_courier_wake(sender->courier);
}
