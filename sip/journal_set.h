/* The live set of a journal in memory: kind and key to value, or to where the value rests. */
#ifndef SIP_JOURNAL_SET_H
#define SIP_JOURNAL_SET_H

#include <stdbool.h>

#include "sip/journal.h"
#include "sip/journal_record.h"

struct journal_set;

int journal_set_new(struct journal_set **set);
void journal_set_free(struct journal_set *set);

/* The place of a record in the file. */
struct journal_place {
	uint64_t at;
	uint32_t chain; /* the CRC that its own goes on from */
};

struct journal_item {
	uint8_t kind;
	const uint8_t *key;
	const uint8_t *value; /* NULL: it rests in the file */
	size_t key_len, value_len;
	struct journal_place place; /* of a value that rests */
};

/* Copies. ENOMEM leaves the set as it was. */
int journal_set_put(struct journal_set *set, const struct journal_item *item);
/* ENOENT: was not there. */
int journal_set_delete(struct journal_set *set, uint8_t kind, const void *key, size_t key_len);

/* In an order that stays while the set does. True: the item is to be dropped. */
typedef bool journal_item_h(const struct journal_item *item, void *arg);
void journal_set_each(struct journal_set *set, journal_item_h *h, void *arg);

/* The record at `from` stands at `to` now. False: the set does not need it. */
bool journal_set_move(
	struct journal_set *set, const struct journal_record *r, uint64_t from, uint64_t to);
/* All records stand in a new file, from `at` on, in the order of journal_set_each(); chain: of each. */
void journal_set_settle(struct journal_set *set, uint64_t at, const uint32_t *chain);

size_t journal_set_count(const struct journal_set *set);
/* The octets that the set's records take in a file. */
uint64_t journal_set_bytes(const struct journal_set *set);

#endif
