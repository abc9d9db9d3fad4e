/*
 * A bounded queue from many threads to one, with an eventfd that becomes readable when there is
 * something to take. Nodes are part of what is queued; nothing is allocated; no thread ever waits
 * for another one's lock: producers push onto a stack with one compare-and-swap, the consumer
 * takes the whole stack and turns it round.
 */
#ifndef SIP_QUEUE_H
#define SIP_QUEUE_H

#include <stdatomic.h>
#include <stddef.h>

struct queue_node {
	struct queue_node *next;
};

struct queue {
	_Atomic(struct queue_node *) head; /* newest first */
	atomic_size_t count;
	size_t max;
	int fd;
};

/* Not more than max nodes at a time: 0 or the errno of eventfd(). */
int queue_init(struct queue *q, size_t max);
/* Nodes still queued stay their owners': take them before. */
void queue_fini(struct queue *q);

/* Any thread. EAGAIN: full, the node was not taken. */
int queue_push(struct queue *q, struct queue_node *node);
/* The consumer's thread: all nodes, oldest first, linked by next; NULL: none. */
struct queue_node *queue_take(struct queue *q);
/* For a consumer without a loop: waits until there is something to take or timeout_ms (-1: for
 * ever) has passed. */
void queue_wait(struct queue *q, int timeout_ms);
/* Readable when there is something to take: for loop_add(). */
int queue_fd(const struct queue *q);

#endif
