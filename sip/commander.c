#include "sip/commander.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "db/command.h"

enum {
	WAITING_MAX = 1024, /* not taken by the SIP thread yet */
	POLL_MS = 1000,
	COLLECT_MS = 60 * 1000,
	BACKOFF_FIRST_MS = 100,
	BACKOFF_MAX_MS = 2000,
	STATEMENT_TIMEOUT_MS = 5000,
};

struct commander {
	pthread_t thread;
	char *url, *worker;
	struct queue asked; /* to the SIP thread */
	struct queue answered; /* from it; its descriptor wakes this thread up */
	atomic_bool stop;

	/* The thread's own. */
	struct db *db;
	int64_t collected_ms;
};

static struct log_kind away = LOG_KIND("commands", LOG_LEVEL_WARN);

static struct command *command_new(const char *id, const char *kind, const char *argument)
{
	size_t kind_size = strlen(kind) + 1, argument_size = strlen(argument) + 1;
	struct command *c = mem_alloc(sizeof(*c) + kind_size + argument_size);

	if (!c)
		return NULL;
	snprintf(c->id, sizeof(c->id), "%s", id);
	c->kind = memcpy(c->text, kind, kind_size);
	c->argument = memcpy(c->text + kind_size, argument, argument_size);
	c->result[0] = '\0';
	return c;
}

static int hand_over(struct commander *o, const struct pg_result *result, int row)
{
	const char *id = db_text(result, row, 0);
	struct command *c = command_new(id, db_text(result, row, 1), db_text(result, row, 2));

	if (c && queue_push(&o->asked, &c->node) == 0)
		return 0;
	mem_free(c);
	return db_command_done(o->db, id, "busy");
}

static int take(struct commander *o)
{
	struct pg_result *result;
	int err = db_command_take(o->db, o->worker, &result);

	if (err)
		return err;
	for (int i = 0; i < db_rows(result) && !err; i++)
		err = hand_over(o, result, i);
	db_clear(result);
	return err;
}

/* A result that does not reach PostgreSQL is lost: who asked is told that nobody answered. */
static int report(struct commander *o)
{
	int err = 0;

	for (struct queue_node *node = queue_take(&o->answered), *next; node; node = next) {
		struct command *c = (struct command *)(void *)node;

		next = node->next;
		if (!err)
			err = db_command_done(o->db, c->id, c->result);
		mem_free(c);
	}
	return err;
}

static int collect(struct commander *o)
{
	int64_t now_ms = clock_ms();

	if (now_ms - o->collected_ms < COLLECT_MS)
		return 0;
	o->collected_ms = now_ms;
	return db_command_collect(o->db);
}

static int session(struct commander *o)
{
	int err = db_command_listen(o->db);

	while (!err && !atomic_load(&o->stop)) {
		unsigned ignored;

		err = take(o);
		if (!err)
			err = report(o);
		if (!err)
			err = collect(o);
		if (!err)
			err = db_wait(o->db, queue_fd(&o->answered), POLL_MS, &ignored);
	}
	return err;
}

static void drop_results(struct commander *o)
{
	for (struct queue_node *node = queue_take(&o->answered), *next; node; node = next) {
		next = node->next;
		mem_free(node);
	}
}

static void *commander_main(void *arg)
{
	/* Results may be lost in a crash of PostgreSQL: so may who asked. */
	static const struct db_options options = {.application_name = "trunkguard-sip commands",
		.statement_timeout_ms = STATEMENT_TIMEOUT_MS,
		.async_commit = true};
	struct commander *o = arg;
	int backoff_ms = BACKOFF_FIRST_MS;

	while (!atomic_load(&o->stop)) {
		struct db_error why = {0};
		int err = db_open(&o->db, o->url, &options, &why);

		if (!err) {
			backoff_ms = BACKOFF_FIRST_MS;
			err = session(o);
			why = *db_error(o->db);
			db_close(o->db);
			o->db = NULL;
		}
		if (!err)
			break;
		log_limited(&away, "no commands until PostgreSQL is back: %s",
			why.message[0] ? why.message : strerror(err));
		queue_wait(&o->answered, backoff_ms);
		drop_results(o);
		backoff_ms = backoff_ms * 2 < BACKOFF_MAX_MS ? backoff_ms * 2 : BACKOFF_MAX_MS;
	}
	return NULL;
}

static void commander_free(struct commander *o)
{
	for (struct queue_node *node = queue_take(&o->asked), *next; node; node = next) {
		next = node->next;
		mem_free(node);
	}
	drop_results(o);
	queue_fini(&o->asked);
	queue_fini(&o->answered);
	free(o->url);
	free(o->worker);
	mem_free(o);
}

int commander_start(struct commander **commander, const char *url, const char *worker)
{
	struct commander *o = mem_zalloc(1, sizeof(*o));
	int err;

	if (!o)
		return ENOMEM;
	o->answered.fd = -1;
	o->url = strdup(url);
	o->worker = strdup(worker);
	err = queue_init(&o->asked, WAITING_MAX);
	if (!err)
		err = queue_init(&o->answered, WAITING_MAX * 2);
	if (!err && (!o->url || !o->worker))
		err = ENOMEM;
	if (!err)
		err = pthread_create(&o->thread, NULL, commander_main, o);
	if (err) {
		commander_free(o);
		return err;
	}
	*commander = o;
	return 0;
}

void commander_stop(struct commander *o)
{
	if (!o)
		return;
	atomic_store(&o->stop, true);
	(void)eventfd_write(queue_fd(&o->answered), 1);
	pthread_join(o->thread, NULL);
	commander_free(o);
}

int commander_fd(const struct commander *o)
{
	return queue_fd(&o->asked);
}

struct queue_node *commander_take(struct commander *o)
{
	return queue_take(&o->asked);
}

void commander_done(struct commander *o, struct command *command, const char *result)
{
	snprintf(command->result, sizeof(command->result), "%s", result);
	if (queue_push(&o->answered, &command->node))
		mem_free(command);
}
