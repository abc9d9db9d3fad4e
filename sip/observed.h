/* What the SIP thread tells the recorder, and what the recorder's journal gives back at the start. */
#ifndef SIP_OBSERVED_H
#define SIP_OBSERVED_H

#include "sip/binding_record.h"
#include "sip/prober.h"
#include "sip/registrant.h"

struct worker;

/* Kinds of journal records; kept on disk, so numbers stay. */
enum journal_kind {
	JOURNAL_BINDING = BINDING_JOURNAL_KIND,
	JOURNAL_CALL = 'c',
	JOURNAL_TRUNK = 't',
	JOURNAL_DRAINING = 'd'
};

/* Starts recorder and feed; bindings and calls of the journal are back afterwards. errno, logged. */
int observed_open(struct worker *w);
/* Ends both: what is queued goes to disk. */
void observed_close(struct worker *w);

/* binding_event_h, prober_event_h and registrant_event_h; arg is the worker. */
void observed_binding(enum binding_event ev, const struct binding *b, void *arg);
void observed_health(const struct probe_target *t, enum probe_state before, void *arg);
void observed_registration(const struct registrant_row *row, void *arg);

#endif
