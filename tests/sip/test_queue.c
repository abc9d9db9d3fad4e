#include "tests/core/suite.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#include "sip/queue.h"

struct item {
	struct queue_node node;
	unsigned producer, number;
};

static struct queue queue;

static bool readable(void)
{
	struct pollfd p = {.fd = queue_fd(&queue), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

START_TEST(in_order_and_bounded)
{
	struct queue_node n[4], *list;

	ck_assert_int_eq(queue_init(&queue, 3), 0);
	ck_assert(!readable());
	ck_assert_ptr_null(queue_take(&queue));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(queue_push(&queue, &n[i]), 0);
	ck_assert_int_eq(queue_push(&queue, &n[3]), EAGAIN);
	ck_assert(readable());
	list = queue_take(&queue);
	ck_assert(!readable());
	ck_assert_ptr_eq(list, &n[0]);
	ck_assert_ptr_eq(list->next, &n[1]);
	ck_assert_ptr_eq(list->next->next, &n[2]);
	ck_assert_ptr_null(list->next->next->next);
	ck_assert_int_eq(queue_push(&queue, &n[3]), 0);
	ck_assert(readable());
	queue_wait(&queue, -1); /* does not wait: there is something */
	ck_assert_ptr_eq(queue_take(&queue), &n[3]);
	queue_wait(&queue, 1);
	queue_fini(&queue);
}
END_TEST

enum { PRODUCERS = 3, ITEMS = 20000 };

static void *produce(void *arg)
{
	struct item *item = arg;

	for (unsigned i = 0; i < ITEMS; i++)
		while (queue_push(&queue, &item[i].node))
			sched_yield();
	return NULL;
}

/* Several producers, a small queue, a consumer that sleeps: nothing lost, each one's order kept. */
START_TEST(threads)
{
	static struct item item[PRODUCERS][ITEMS];
	unsigned next[PRODUCERS] = {0}, total = 0;
	pthread_t thread[PRODUCERS];

	ck_assert_int_eq(queue_init(&queue, 64), 0);
	for (unsigned p = 0; p < PRODUCERS; p++) {
		for (unsigned i = 0; i < ITEMS; i++)
			item[p][i] = (struct item){.producer = p, .number = i};
		ck_assert_int_eq(pthread_create(&thread[p], NULL, produce, item[p]), 0);
	}
	while (total < PRODUCERS * ITEMS) {
		struct queue_node *n;

		queue_wait(&queue, -1);
		for (n = queue_take(&queue); n; total++) {
			struct item *it = (struct item *)n;

			/* From here on its producer may not touch it, but we may. */
			n = n->next;
			ck_assert_uint_eq(it->number, next[it->producer]);
			next[it->producer]++;
		}
	}
	for (unsigned p = 0; p < PRODUCERS; p++)
		ck_assert_int_eq(pthread_join(thread[p], NULL), 0);
	ck_assert_ptr_null(queue_take(&queue));
	queue_fini(&queue);
}
END_TEST

int main(void)
{
	return SUITE_RUN("queue", NULL, in_order_and_bounded, threads);
}
