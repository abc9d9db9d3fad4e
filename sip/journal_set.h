/* The live set of a journal in memory: kind and key to value. */
#ifndef SIP_JOURNAL_SET_H
#define SIP_JOURNAL_SET_H

#include "sip/journal.h"

struct journal_set;

int journal_set_new(struct journal_set **set);
void journal_set_free(struct journal_set *set);

/* ENOMEM leaves the set as it was. */
int journal_set_put(struct journal_set *set, uint8_t kind, const void *key, size_t key_len,
	const void *value, size_t value_len);
/* ENOENT: was not there. */
int journal_set_delete(struct journal_set *set, uint8_t kind, const void *key, size_t key_len);

void journal_set_each(const struct journal_set *set, journal_load_h *h, void *arg);

size_t journal_set_count(const struct journal_set *set);
/* The octets that the set's records take in a file. */
uint64_t journal_set_bytes(const struct journal_set *set);

#endif
