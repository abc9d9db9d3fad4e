/* Answered calls on disk: after a restart of the worker their BYEs are known, their slots are held
 * and their records will be whole. */
#ifndef SIP_CALL_JOURNAL_H
#define SIP_CALL_JOURNAL_H

#include "sip/call.h"

/* The call is up, or its target or session was refreshed. */
void call_journal_put(const struct call *call);
void call_journal_delete(const struct call *call);

/* Makes a call again from its record and watches it. EBADMSG: not one of ours; ESTALE: its longest
 * time is over; EEXIST; ENOMEM. */
int call_journal_restore(
	struct worker *w, const void *key, size_t key_len, const void *value, size_t value_len);

#endif
