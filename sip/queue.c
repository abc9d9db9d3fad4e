#include "sip/queue.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int queue_init(struct queue *q, size_t max)
{
	atomic_init(&q->head, NULL);
	atomic_init(&q->count, 0);
	q->max = max;
	q->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return q->fd < 0 ? errno : 0;
}

void queue_fini(struct queue *q)
{
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
}

int queue_push(struct queue *q, struct queue_node *node)
{
	struct queue_node *head;

	if (atomic_fetch_add(&q->count, 1) >= q->max) {
		atomic_fetch_sub(&q->count, 1);
		return EAGAIN;
	}
	head = atomic_load(&q->head);
	do
		node->next = head;
	while (!atomic_compare_exchange_weak(&q->head, &head, node));
	/* Only the first node of a batch needs to wake the consumer: who pushes behind it is
	 * taken together with it. The write cannot block: the counter would have to be full. */
	if (!head)
		(void)eventfd_write(q->fd, 1);
	return 0;
}

struct queue_node *queue_take(struct queue *q)
{
	struct queue_node *node, *next, *list = NULL;
	eventfd_t ignored;
	size_t n = 0;

	/* The wake-up is cleared before the stack is taken, so that a push in between sets it
	 * again and none is ever missed. */
	(void)eventfd_read(q->fd, &ignored);
	for (node = atomic_exchange(&q->head, NULL); node; node = next) {
		next = node->next;
		node->next = list;
		list = node;
		n++;
	}
	atomic_fetch_sub(&q->count, n);
	return list;
}

void queue_wait(struct queue *q, int timeout_ms)
{
	struct pollfd p = {.fd = q->fd, .events = POLLIN};

	(void)poll(&p, 1, timeout_ms);
}

int queue_fd(const struct queue *q)
{
	return q->fd;
}
