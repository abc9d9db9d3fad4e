/* Which trunks are down, as this worker sees them: bindings, probes and calls as evidence,
 * core/trunk_health.h for patience. Its changes are the events trunk.down and trunk.up. States are in the
 * journal, so that a restart neither repeats nor forgets one. All of it is the SIP thread's. */
#ifndef SIP_TRUNK_WATCH_H
#define SIP_TRUNK_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cfg_sip_account;
struct trunk_watch;
struct uuid;
struct worker;

int trunk_watch_new(struct trunk_watch **watch, struct worker *w);
void trunk_watch_free(struct trunk_watch *watch);

/* A record of kind JOURNAL_TRUNK. EBADMSG: unreadable. */
int trunk_watch_restore(struct trunk_watch *watch, const void *key, size_t key_len,
	const void *value, size_t value_len);

/* Bindings of the account came, went or were refreshed: it is there (again), or not. */
void trunk_watch_binding(struct trunk_watch *watch, const struct uuid *sip_account_id, bool there);
/* What a call saw of a registered account: any response but 408 and 503 is good. */
void trunk_watch_call(struct trunk_watch *watch, const struct uuid *sip_account_id, bool good);
/* The configuration changed, or the health of an address: soon all trunks are looked at. */
void trunk_watch_all(struct trunk_watch *watch);

/* Each second. */
void trunk_watch_tick(struct trunk_watch *watch, int64_t now_ms);

#endif
