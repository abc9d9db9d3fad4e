/* Brings call records and observed state to PostgreSQL: a thread with a connection of its own. */
#ifndef TRUNKGUARD_SIP_UPLOADER_H
#define TRUNKGUARD_SIP_UPLOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "sip/mirror.h"
#include "sip/spool.h"

struct uploader;

struct uploader_config {
	const char *url, *worker;
	const char *refused_path; /* where records go that PostgreSQL will never take */
};

struct uploader_stats {
	uint64_t uploaded, refused;
	bool connected;
};

/* Spool and mirror are borrowed; texts are copied. ENOMEM, errno of eventfd() or pthread_create(). */
int uploader_start(struct uploader **uploader, const struct uploader_config *config,
	struct spool *spool, struct mirror *mirror);
/* Tries once more to bring what is left, then ends. */
void uploader_stop(struct uploader *uploader);

/* There are new records. Any thread. */
void uploader_wake(struct uploader *uploader);
void uploader_stat(struct uploader *uploader, struct uploader_stats *stats);

#endif
