/* Calls that left their record before a kill, while their journal entry was still to be deleted: that waits
 * for a sync of the record. They are over. */
#ifndef TRUNKGUARD_SIP_RECORDED_H
#define TRUNKGUARD_SIP_RECORDED_H

#include "sip/journal.h"
#include "sip/spool.h"

/* Deletes the entries of calls that the spool has a record of. */
int recorded_drop(struct journal *journal, const struct spool *spool);

#endif
