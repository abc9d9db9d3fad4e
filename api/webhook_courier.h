/* Carries letters to webhooks, many at a time and none for long: one libcurl multi handle, used by one
 * thread. Redirects are not followed, proxies not asked; every address is looked at when it is about
 * to be connected to, after each resolution, so a name that changes its mind gains nothing. */
#ifndef TRUNKGUARD_API_WEBHOOK_COURIER_H
#define TRUNKGUARD_API_WEBHOOK_COURIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cidr.h"
#include "core/uuid.h"

enum {
	WEBHOOK_IN_FLIGHT = 64,
	WEBHOOK_CONNECT_MS = 3000,
	WEBHOOK_TOTAL_MS = 10000, /* below WEBHOOK_LEASE_S */
	WEBHOOK_ANSWER_MAX = 64 * 1024, /* octets that are read of an answer */
};

struct webhook_courier;

/* allow must stay valid. ENOMEM. */
int webhook_courier_new(struct webhook_courier **courier, const struct cidr_list *allow);
void webhook_courier_free(struct webhook_courier *courier);

struct webhook_letter {
	const char *delivery; /* bare UUID */
	int64_t attempt;
	const char *url;
	const char *secret, *previous; /* previous: NULL, or signs as well */
	const char *id; /* webhook-id */
	const char *body;
	int64_t now_s; /* webhook-timestamp */
};
/* All is copied. 0, or why it was not even sent: a sentence in *why; ENOMEM. */
int webhook_courier_send(
	struct webhook_courier *courier, const struct webhook_letter *letter, const char **why);
unsigned webhook_courier_in_flight(const struct webhook_courier *courier);

struct webhook_receipt {
	const char *delivery;
	int64_t attempt;
	long status; /* 0: no answer */
	const char *error; /* NULL: none */
	int64_t duration_ms;
	int64_t retry_after_s;
};
typedef void webhook_receipt_h(const struct webhook_receipt *receipt, void *arg);

/* Waits until something happens, at most so long. */
void webhook_courier_wait(struct webhook_courier *courier, int timeout_ms);
/* Ends the wait; from any thread. */
void webhook_courier_wake(struct webhook_courier *courier);
/* Moves all letters on, and hands over the receipts of those that are through. */
void webhook_courier_collect(struct webhook_courier *courier, webhook_receipt_h *h, void *arg);
/* Gives up all that are under way; h hears of each, status and error are 0. */
void webhook_courier_recall(struct webhook_courier *courier, webhook_receipt_h *h, void *arg);

#endif
