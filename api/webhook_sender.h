/* A thread that settles events (their chain, their deliveries) and tells the webhooks. Nothing is kept in
 * memory that a restart would lose; several processes share the work by leases. */
#ifndef TRUNKGUARD_API_WEBHOOK_SENDER_H
#define TRUNKGUARD_API_WEBHOOK_SENDER_H

struct app;
struct webhook_sender;

/* ENOMEM, EAGAIN. */
int webhook_sender_start(struct webhook_sender **sender, struct app *app, const char *database_url);
/* What is under way is given up, to be sent again; NULL is fine. */
void webhook_sender_stop(struct webhook_sender *sender);
/* Something was written; from any thread. */
void webhook_sender_wake(struct webhook_sender *sender);

#endif
