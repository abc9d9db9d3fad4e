/* The newest observed state, until PostgreSQL has it, and the rows it has, for the case that it lost them.
 * Calls in progress are the exception: they are many, and the SIP thread, which has them all, tells of them
 * again when it is asked to. Of them nothing is kept that PostgreSQL has.
 *
 * Rows are JSON objects whose keys are column names. A row that changes several times between two uploads
 * is uploaded once. Safe from two threads: the recorder's, which sets, and the uploader's. */
#ifndef TRUNKGUARD_SIP_MIRROR_H
#define TRUNKGUARD_SIP_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/observed.h"
#include "sip/json_rows.h"

struct mirror;

enum { MIRROR_LAZY_MS = 60 * 1000 };

int mirror_new(struct mirror **mirror);
void mirror_free(struct mirror *mirror);

/* key: what the row is of. facts: what makes a change urgent; a row whose facts are the same as those last
 * uploaded waits for MIRROR_LAZY_MS. The json is copied. told: of a call, that it was set before, so that
 * PostgreSQL may have a row of it. ENOMEM. */
int mirror_set(struct mirror *mirror, enum db_observed kind, const void *key, size_t key_len,
	const char *facts, const char *json, bool told);
/* The row is to go; json holds its key columns. One that was never uploaded is forgotten at once. */
int mirror_forget(struct mirror *mirror, enum db_observed kind, const void *key, size_t key_len,
	const char *json);

/* Adds up to max rows that are due; they then count as uploaded. False: none is due. */
bool mirror_take(struct mirror *mirror, enum db_observed kind, int64_t now_ms, size_t max,
	struct json_rows *puts, struct json_rows *deletes);
/* PostgreSQL has no rows of ours: all are due again, and calls are to be set again. */
void mirror_all_due(struct mirror *mirror);
/* Are they? Asked by any thread; true once. */
bool mirror_calls_lost(struct mirror *mirror);
size_t mirror_count(struct mirror *mirror);

#endif
