/* A thread that reverts mass operations whose time has come, and drops old ones. Nothing is kept in
 * memory, so a restart loses none; several processes share the work by row locks. */
#ifndef TRUNKGUARD_API_MASS_EXPIRY_H
#define TRUNKGUARD_API_MASS_EXPIRY_H

struct app;
struct mass_expiry;

/* ENOMEM, EAGAIN. */
int mass_expiry_start(struct mass_expiry **expiry, struct app *app);
/* Waits for what is under way; NULL is fine. */
void mass_expiry_stop(struct mass_expiry *expiry);

#endif
