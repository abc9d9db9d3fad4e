/* Commands from PostgreSQL to the SIP thread and their results back: a thread with a connection of its
 * own, so that neither a long reading of the feed nor a backlog of records holds up somebody who
 * waits. The SIP thread takes commands from a queue and never waits for anything. */
#ifndef TRUNKGUARD_SIP_COMMANDER_H
#define TRUNKGUARD_SIP_COMMANDER_H

#include "core/uuid.h"
#include "sip/queue.h"

enum { COMMAND_RESULT_MAX = 2048 };

struct command {
	struct queue_node node; /* first, so that a node is its command */
	char id[UUID_TEXT_SIZE];
	const char *kind, *argument; /* in text */
	char result[COMMAND_RESULT_MAX];
	char text[];
};

struct commander;

/* Texts are copied. ENOMEM and the errno of eventfd() or pthread_create(). */
int commander_start(struct commander **commander, const char *url, const char *worker);
/* Commands that the SIP thread still holds are its own to free, by mem_free(). NULL is fine. */
void commander_stop(struct commander *commander);

/* The SIP thread: */

/* Readable when there are commands: for loop_add(). */
int commander_fd(const struct commander *commander);
/* All that have come, oldest first: nodes of struct command; NULL: none. Each is answered by one
 * commander_done(), now or later. */
struct queue_node *commander_take(struct commander *commander);
/* The command is not the caller's any more. The result is a word or JSON, cut at
 * COMMAND_RESULT_MAX. */
void commander_done(struct commander *commander, struct command *command, const char *result);

#endif
